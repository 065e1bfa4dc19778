//! Something that is done to the cluster, in a line of words.
//!
//! ```text
//! invoke mltest 50                     one request with this body
//! scale mltest 3
//! delete pod of mltest                 the oldest
//! autoscale mltest 20% min 2 max 6     an HPA, or a change of the one that is there
//! delete hpa of mltest
//! load mltest 4 users body 50          until it is stopped
//! load mltest 20/s
//! stop load of mltest
//! label mltest com.openfaas.scale.max=5
//! show why                             another part of the screen
//! wait 30s                             nothing, for a while
//! ```

use crate::cluster::command::Command;
use crate::cluster::function::FunctionName;
use crate::cluster::go_duration;
use crate::cluster::scaling::hpa::HpaSpec;
use crate::cluster::snapshot::Snapshot;
use crate::dashboard::tui::app::Pane;
use crate::mistake::unknown;
use serde::Deserialize;
use std::fmt;
use std::time::Duration;

/// One of them.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub struct Act {
    text: String,
    /// What it is.
    pub what: What,
}

/// What is done.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// Send one request.
    Invoke {
        /// To which function.
        function: String,
        /// Its body.
        body: String,
    },
    /// Set the replicas.
    Scale(String, u32),
    /// Delete the oldest pod.
    DeletePod(String),
    /// Give it an HPA: CPU in percent, fewest and most pods.
    Autoscale(String, u32, u32, u32),
    /// Remove its HPA.
    DeleteHpa(String),
    /// Start a load.
    Load {
        /// On which function.
        function: String,
        /// Users, or requests per second.
        shape: Shape,
        /// The body of each request.
        body: String,
    },
    /// Stop it.
    StopLoad(String),
    /// Deploy again with one more label.
    Label(String, String, String),
    /// Look at another part of the screen.
    Show(Pane),
    /// Let time pass.
    Wait(Duration),
}

/// When the requests of a load are sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// Users that wait for their answers.
    Users(u32),
    /// Requests per second.
    Rate(f64),
}

const WORDS: [&str; 10] =
    ["invoke", "scale", "delete", "autoscale", "load", "stop", "label", "show", "wait", "delete pod of"];

impl TryFrom<String> for Act {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let what = parse(&text).map_err(|why| format!("`{text}`: {why}"))?;
        Ok(Act { text, what })
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn whole(text: &str) -> Result<u32, String> {
    text.trim_end_matches('%').parse().map_err(|_| format!("`{text}` is no whole number"))
}

fn parse(text: &str) -> Result<What, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let own = |s: &&str| (**s).to_owned();
    Ok(match words.as_slice() {
        ["invoke", function, body @ ..] => What::Invoke { function: own(function), body: body.join(" ") },
        ["scale", function, n] => What::Scale(own(function), whole(n)?),
        ["delete", "pod", "of", function] => What::DeletePod(own(function)),
        ["delete", "hpa", "of", function] => What::DeleteHpa(own(function)),
        ["autoscale", function, percent, "min", min, "max", max] => {
            let (percent, min, max) = (whole(percent)?, whole(min)?, whole(max)?);
            if percent == 0 || min == 0 || max < min {
                return Err("the percentage and min must be at least 1, and max at least min".into());
            }
            What::Autoscale(own(function), percent, min, max)
        }
        ["load", function, n, "users" | "user", rest @ ..] => {
            What::Load { function: own(function), shape: Shape::Users(whole(n)?.max(1)), body: body(rest)? }
        }
        ["load", function, rate, rest @ ..] => {
            let number = rate.strip_suffix("/s").and_then(|n| n.parse::<f64>().ok());
            let rate = number.filter(|n| *n > 0.0 && *n <= 100_000.0);
            let rate = rate.ok_or("write `4 users` or `20/s` after the function")?;
            What::Load { function: own(function), shape: Shape::Rate(rate), body: body(rest)? }
        }
        ["stop", "load", "of", function] => What::StopLoad(own(function)),
        ["label", function, label] => {
            let (key, value) = label.split_once('=').ok_or("write the label as name=value")?;
            What::Label(own(function), key.into(), value.into())
        }
        ["show", pane] => What::Show(Pane::parse(pane)?),
        ["wait", time] => {
            let time = go_duration::parse(time).ok_or_else(|| format!("`{time}` is no time: write 30s"))?;
            What::Wait(time)
        }
        ["autoscale", ..] => return Err("write `autoscale F 20% min 2 max 6`".into()),
        ["scale", ..] => return Err("write `scale F 3`".into()),
        ["delete", ..] => return Err("write `delete pod of F` or `delete hpa of F`".into()),
        ["load", ..] => return Err("write `load F 4 users` or `load F 20/s`".into()),
        ["stop", ..] => return Err("write `stop load of F`".into()),
        ["label", ..] => return Err("write `label F name=value`".into()),
        ["invoke"] => return Err("write `invoke F` and, where it wants one, a body".into()),
        ["show" | "wait", ..] => return Err("one word follows".into()),
        [word, ..] => return Err(unknown("beginning", word, WORDS)),
        [] => return Err("it is empty".into()),
    })
}

fn body(words: &[&str]) -> Result<String, String> {
    match words {
        [] => Ok(String::new()),
        ["body", rest @ ..] => Ok(rest.join(" ")),
        [word, ..] => Err(format!("`{word}`: only `body …` may follow")),
    }
}

impl Act {
    /// The function that it is done to.
    pub fn function(&self) -> Option<&str> {
        match &self.what {
            What::Invoke { function, .. }
            | What::Scale(function, _)
            | What::DeletePod(function)
            | What::Autoscale(function, ..)
            | What::DeleteHpa(function)
            | What::Load { function, .. }
            | What::StopLoad(function)
            | What::Label(function, ..) => Some(function),
            What::Show(_) | What::Wait(_) => None,
        }
    }

    /// The wish that it is, where it is one.
    ///
    /// # Errors
    /// There is nothing that it could be done to.
    pub fn command(&self, snapshot: &Snapshot) -> Result<Option<Command>, String> {
        let name = |function: &String| FunctionName::parse(function);
        Ok(Some(match &self.what {
            What::Scale(function, replicas) => {
                Command::Scale { function: name(function), replicas: *replicas }
            }
            What::DeletePod(function) => {
                let f = snapshot.function(&name(function));
                let oldest = f.and_then(|f| snapshot.pods_of(f.id).find(|p| p.deleting.is_none() && p.ready));
                let oldest = oldest.ok_or_else(|| format!("`{function}` has no pod that is ready"))?;
                Command::DeletePod { name: oldest.name.clone() }
            }
            What::Autoscale(function, percent, min, max) => Command::Autoscale {
                function: name(function),
                spec: HpaSpec::cpu(*percent, Some(*min), *max),
                replace: true,
            },
            What::DeleteHpa(function) => Command::DeleteHpa(name(function)),
            What::Label(function, key, value) => {
                let f = snapshot.function(&name(function));
                let f = f.ok_or_else(|| format!("there is no function `{function}`"))?;
                let mut spec = (*f.spec).clone();
                spec.labels.insert(key.clone(), value.clone());
                Command::Update(spec)
            }
            What::Invoke { .. } | What::Load { .. } | What::StopLoad(_) | What::Show(_) | What::Wait(_) => {
                return Ok(None);
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_read_and_a_wrong_one_says_what_to_write() {
        for (text, what) in [
            ("invoke mltest 50", What::Invoke { function: "mltest".into(), body: "50".into() }),
            ("delete pod of f", What::DeletePod("f".into())),
            ("autoscale f 20% min 2 max 6", What::Autoscale("f".into(), 20, 2, 6)),
            (
                "load f 4 users body a b",
                What::Load { function: "f".into(), shape: Shape::Users(4), body: "a b".into() },
            ),
            (
                "load f 2.5/s",
                What::Load { function: "f".into(), shape: Shape::Rate(2.5), body: String::new() },
            ),
            ("label f a=b=c", What::Label("f".into(), "a".into(), "b=c".into())),
            ("wait 1m", What::Wait(Duration::from_secs(60))),
        ] {
            assert_eq!(Act::try_from(text.to_owned()).unwrap().what, what, "{text}");
        }
        for (text, words) in [
            ("invok f", "did you mean `invoke`"),
            ("scale f", "write `scale f 3`"),
            ("scale f many", "`many` is no whole number"),
            ("load f fast", "4 users"),
            ("show whi", "did you mean `why`"),
            ("autoscale f 20% min 6 max 2", "max at least min"),
        ] {
            let why = Act::try_from(text.to_owned()).unwrap_err();
            assert!(why.to_lowercase().contains(words), "{text}: {why}");
        }
    }
}
