//! Kubernetes quantities: CPU in thousandths of a core, memory in bytes.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// CPU in thousandths of a core: `100m`, `0.5`, `2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct MilliCpu(pub u64);

/// Memory in bytes: `128Mi`, `1G`, `1048576`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Bytes(pub u64);

/// A text that is not a quantity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a {what}: write {examples}")]
pub struct QuantityError {
    text: String,
    what: &'static str,
    examples: &'static str,
}

/// Parses a decimal number with a suffix into thousandths of its unit, rounding up as Kubernetes does.
fn parse_milli(text: &str, suffixes: &[(&str, u128)]) -> Option<u128> {
    let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, suffix) = text.split_at(split);
    let (_, scale) = suffixes.iter().find(|(s, _)| *s == suffix)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || whole.len() > 15 || fraction.len() > 12 {
        return None;
    }
    let digits: u128 = format!("{whole}{fraction}").parse().ok()?;
    let shift = 10u128.pow(u32::try_from(fraction.len()).ok()?);
    Some((digits * scale).div_ceil(shift))
}

const CPU_SUFFIXES: &[(&str, u128)] = &[("", 1000), ("m", 1), ("k", 1_000_000)];

const MEMORY_SUFFIXES: &[(&str, u128)] = &[
    ("", 1000),
    ("m", 1),
    ("k", 1000 * 1000),
    ("M", 1000 * 1000u128.pow(2)),
    ("G", 1000 * 1000u128.pow(3)),
    ("T", 1000 * 1000u128.pow(4)),
    ("Ki", 1000 * 1024),
    ("Mi", 1000 * 1024u128.pow(2)),
    ("Gi", 1000 * 1024u128.pow(3)),
    ("Ti", 1000 * 1024u128.pow(4)),
];

/// A decimal quantity with any of Kubernetes' suffixes (`1500m`, `2`, `3k`, `128Mi`, `1e3`) in thousandths.
///
/// # Errors
/// When it is none, or too large for 64 bits.
pub fn thousandths(text: &str) -> Result<i64, QuantityError> {
    let wrong = || QuantityError { text: text.into(), what: "quantity", examples: "`10`, `500m` or `128Mi`" };
    let text = text.trim();
    let exponent = |(number, power): (&str, &str)| {
        let power: u32 = power.parse().ok().filter(|p| *p <= 18)?;
        parse_milli(number, CPU_SUFFIXES)?.checked_mul(10u128.checked_pow(power)?)
    };
    let milli = parse_milli(text, MEMORY_SUFFIXES).or_else(|| text.split_once(['e', 'E']).and_then(exponent));
    milli.and_then(|m| i64::try_from(m).ok()).ok_or_else(wrong)
}

impl FromStr for MilliCpu {
    type Err = QuantityError;
    fn from_str(text: &str) -> Result<Self, QuantityError> {
        parse_milli(text.trim(), CPU_SUFFIXES).and_then(|m| u64::try_from(m).ok()).map(MilliCpu).ok_or_else(
            || QuantityError {
                text: text.into(),
                what: "CPU quantity",
                examples: "`100m` (a tenth of a core), `0.5` or `2`",
            },
        )
    }
}

impl FromStr for Bytes {
    type Err = QuantityError;
    fn from_str(text: &str) -> Result<Self, QuantityError> {
        parse_milli(text.trim(), MEMORY_SUFFIXES)
            .and_then(|m| u64::try_from(m.div_ceil(1000)).ok())
            .map(Bytes)
            .ok_or_else(|| QuantityError {
                text: text.into(),
                what: "memory quantity",
                examples: "`128Mi`, `1Gi`, `500M` or a number of bytes",
            })
    }
}

impl fmt::Display for MilliCpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_multiple_of(1000) { write!(f, "{}", self.0 / 1000) } else { write!(f, "{}m", self.0) }
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (suffix, scale) in [("Gi", 1u64 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)] {
            if self.0 != 0 && self.0.is_multiple_of(scale) {
                return write!(f, "{}{suffix}", self.0 / scale);
            }
        }
        write!(f, "{}", self.0)
    }
}

impl MilliCpu {
    /// As `kubectl top` prints it: always in millicores (`1m`, `1200m`).
    pub fn in_milli(self) -> String {
        format!("{}m", self.0)
    }
}

impl Bytes {
    /// As `kubectl top` prints it: whole mebibytes, rounded down (`91Mi`).
    pub fn in_mebi(self) -> String {
        format!("{}Mi", self.0 >> 20)
    }
}

macro_rules! as_text {
    ($type:ty) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                /// YAML writes `cpu: 1` as a number; JSON clients send text.
                #[derive(Deserialize)]
                #[serde(untagged)]
                enum TextOrNumber {
                    Text(String),
                    Whole(u64),
                    Decimal(f64),
                }
                let text = match TextOrNumber::deserialize(d)? {
                    TextOrNumber::Text(t) => t,
                    TextOrNumber::Whole(n) => n.to_string(),
                    TextOrNumber::Decimal(n) => n.to_string(),
                };
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
as_text!(MilliCpu);
as_text!(Bytes);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_reads_and_prints_as_kubernetes_does() {
        for (text, milli, printed) in [
            ("100m", 100, "100m"),
            ("0.5", 500, "500m"),
            ("2", 2000, "2"),
            ("1.5", 1500, "1500m"),
            ("0.0001", 1, "1m"),
            (".25", 250, "250m"),
            ("0", 0, "0"),
        ] {
            let cpu: MilliCpu = text.parse().unwrap();
            assert_eq!((cpu.0, cpu.to_string().as_str()), (milli, printed), "{text}");
        }
        for bad in ["", "m", "ten", "-1", "1 core", "1.2.3", "10Mi"] {
            assert!(bad.parse::<MilliCpu>().is_err(), "{bad}");
        }
    }

    #[test]
    fn any_quantity_is_read_in_thousandths() {
        for (text, milli) in [
            ("10", 10_000),
            ("1500m", 1500),
            ("0.5", 500),
            ("3k", 3_000_000),
            ("1e3", 1_000_000),
            ("1Ki", 1_024_000),
        ] {
            assert_eq!(thousandths(text).unwrap(), milli, "{text}");
        }
        for bad in ["", "ten", "-1", "1e", "e3", "1e99", "99999999999999999"] {
            assert!(thousandths(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn memory_reads_and_prints_as_kubernetes_does() {
        for (text, bytes, printed) in [
            ("128Mi", 128 << 20, "128Mi"),
            ("1Gi", 1 << 30, "1Gi"),
            ("1.5Gi", 3 << 29, "1536Mi"),
            ("1M", 1_000_000, "1000000"),
            ("1000", 1000, "1000"),
            ("64Ki", 65536, "64Ki"),
        ] {
            let memory: Bytes = text.parse().unwrap();
            assert_eq!((memory.0, memory.to_string().as_str()), (bytes, printed), "{text}");
        }
        for bad in ["", "Mi", "128MB", "-1Mi", "1e3Q", "99999999999999999Gi"] {
            assert!(bad.parse::<Bytes>().is_err(), "{bad}");
        }
    }
}
