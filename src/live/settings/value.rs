//! How each kind of setting is read and written.

use crate::cluster::go_duration;
use crate::cluster::quantity::Bytes;
use crate::cluster::routing::RoutingPolicy;
use crate::cluster::scaling::hpa::Dialect;
use crate::cluster::scaling::openfaas::Edition;
use crate::live::asynchronous::Backoff;
use crate::live::provider::PullPolicy;
use crate::live::settings::ProviderChoice;
use std::path::PathBuf;
use std::time::Duration;

/// A value as it was given: typed by TOML, or plain text from a variable or a flag.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    /// Text: from TOML in quotes.
    Text(String),
    /// Text of a variable or a flag, which may stand for any kind.
    Plain(String),
    /// A whole number of TOML.
    Whole(i64),
    /// Any other number of TOML.
    Decimal(f64),
    /// `true` or `false` of TOML.
    Flag(bool),
    /// An array of texts of TOML.
    List(Vec<String>),
    /// Something that no setting is, with TOML's name for it.
    Other(&'static str),
}

impl Given {
    /// As a message shows it.
    pub fn shown(&self) -> String {
        match self {
            Given::Text(text) => format!("`\"{text}\"`"),
            Given::Plain(text) => format!("`{text}`"),
            Given::Whole(n) => format!("`{n}`"),
            Given::Decimal(n) => format!("`{n}`"),
            Given::Flag(flag) => format!("`{flag}`"),
            Given::List(_) => "a list".into(),
            Given::Other(kind) => format!("a {kind}"),
        }
    }

    fn text(&self) -> Option<&str> {
        match self {
            Given::Text(text) | Given::Plain(text) => Some(text),
            _ => None,
        }
    }

    /// As text, where a number without quotes will do too (`interval = 5`).
    fn word(&self) -> Option<String> {
        match self {
            Given::Whole(n) => Some(n.to_string()),
            _ => self.text().map(str::to_owned),
        }
    }

    fn whole(&self) -> Option<i64> {
        match self {
            Given::Whole(n) => Some(*n),
            Given::Plain(text) => text.parse().ok(),
            _ => None,
        }
    }
}

/// A kind of setting.
pub trait Kind: Sized {
    /// Reads it; `None` when it is of another kind.
    fn read(given: &Given) -> Option<Self>;
    /// What may be written, for messages.
    fn allowed() -> String;
    /// As TOML writes it.
    fn toml(&self) -> String;
}

impl Kind for Duration {
    fn read(given: &Given) -> Option<Self> {
        go_duration::parse(&given.word()?)
    }
    fn allowed() -> String {
        format!("a duration: {}", go_duration::EXAMPLES)
    }
    fn toml(&self) -> String {
        quoted(&go_duration::print(*self))
    }
}

impl Kind for f64 {
    fn read(given: &Given) -> Option<Self> {
        let number = match given {
            Given::Whole(n) => *n as f64,
            Given::Decimal(n) => *n,
            Given::Plain(text) => text.parse().ok()?,
            _ => return None,
        };
        number.is_finite().then_some(number)
    }
    fn allowed() -> String {
        "a number".into()
    }
    fn toml(&self) -> String {
        format!("{self:?}")
    }
}

macro_rules! whole_number {
    ($($type:ty),*) => {$(
        impl Kind for $type {
            fn read(given: &Given) -> Option<Self> {
                given.whole()?.try_into().ok()
            }
            fn allowed() -> String {
                format!("a whole number from 0 to {}", <$type>::MAX)
            }
            fn toml(&self) -> String {
                self.to_string()
            }
        }
    )*};
}
whole_number!(u16, u32);

impl Kind for bool {
    fn read(given: &Given) -> Option<Self> {
        match given {
            Given::Flag(flag) => Some(*flag),
            Given::Plain(text) => text.parse().ok(),
            _ => None,
        }
    }
    fn allowed() -> String {
        "`true` or `false`".into()
    }
    fn toml(&self) -> String {
        self.to_string()
    }
}

impl Kind for Bytes {
    fn read(given: &Given) -> Option<Self> {
        given.word()?.parse().ok()
    }
    fn allowed() -> String {
        "a size: `64Mi`, `1Gi`, or a number of bytes".into()
    }
    fn toml(&self) -> String {
        quoted(&self.to_string())
    }
}

impl Kind for Option<PathBuf> {
    fn read(given: &Given) -> Option<Self> {
        let text = given.text()?;
        Some((!text.is_empty()).then(|| text.into()))
    }
    fn allowed() -> String {
        "a path".into()
    }
    fn toml(&self) -> String {
        quoted(&self.as_ref().map(|p| p.display().to_string()).unwrap_or_default())
    }
}

impl Kind for Vec<String> {
    fn read(given: &Given) -> Option<Self> {
        match given {
            Given::List(items) => Some(items.clone()),
            Given::Plain(text) => {
                Some(text.split(',').map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned).collect())
            }
            _ => None,
        }
    }
    fn allowed() -> String {
        "a list of texts: `[\"a\", \"b\"]` in a file, `a,b` elsewhere".into()
    }
    fn toml(&self) -> String {
        let items: Vec<String> = self.iter().map(|item| quoted(item)).collect();
        format!("[{}]", items.join(", "))
    }
}

impl Kind for Vec<u16> {
    fn read(given: &Given) -> Option<Self> {
        let items = Vec::<String>::read(given)?;
        items.iter().map(|item| item.trim().parse().ok()).collect()
    }
    fn allowed() -> String {
        "a list of numbers as texts: `[\"429\", \"503\"]` in a file, `429,503` elsewhere".into()
    }
    fn toml(&self) -> String {
        self.iter().map(ToString::to_string).collect::<Vec<_>>().toml()
    }
}

/// A setting with a handful of names.
macro_rules! choice {
    ($type:ty: $($name:literal => $value:path),* $(,)?) => {
        impl Kind for $type {
            fn read(given: &Given) -> Option<Self> {
                match given.text()? {
                    $($name => Some($value),)*
                    _ => None,
                }
            }
            fn allowed() -> String {
                format!("one of {}", [$(concat!("`", $name, "`")),*].join(", "))
            }
            fn toml(&self) -> String {
                match self { $($value => quoted($name),)* }
            }
        }
    };
}
choice!(RoutingPolicy:
    "least-inflight" => RoutingPolicy::LeastInflight,
    "round-robin" => RoutingPolicy::RoundRobin,
    "random" => RoutingPolicy::Random,
    "most-recently-used" => RoutingPolicy::MostRecentlyUsed,
    "least-recently-used" => RoutingPolicy::LeastRecentlyUsed,
);
choice!(Edition: "pro" => Edition::Pro, "ce" => Edition::Ce);
choice!(Dialect: "current" => Dialect::Current, "legacy" => Dialect::Legacy);
choice!(PullPolicy:
    "IfNotPresent" => PullPolicy::IfNotPresent,
    "Never" => PullPolicy::Never,
    "Always" => PullPolicy::Always,
);
choice!(Backoff:
    "exponential" => Backoff::Exponential,
    "full" => Backoff::Full,
    "equal" => Backoff::Equal,
);
choice!(ProviderChoice:
    "auto" => ProviderChoice::Auto,
    "docker" => ProviderChoice::Docker,
    "process" => ProviderChoice::Process,
);

/// TOML's basic string.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
