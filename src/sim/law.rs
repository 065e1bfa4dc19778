//! Laws that times are drawn from: of service, of starting, of thinking.

use super::random::Stream;
use crate::cluster::go_duration;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A length of time in seconds, written as a number of seconds or as a duration (`1.5`, `"250ms"`, `"1m30s"`).
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Seconds(pub f64);

impl Seconds {
    /// To whole nanoseconds; what is below zero counts as zero.
    pub fn duration(self) -> Duration {
        // A float that is too large saturates, one below zero gives zero.
        Duration::from_nanos((self.0 * 1e9 + 0.5) as u64)
    }
}

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_f64(self.0)
    }
}

impl JsonSchema for Seconds {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Seconds".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A length of time: a number of seconds, or text such as `250ms` and `1m30s`",
            "anyOf": [
                { "type": "number", "minimum": 0 },
                { "type": "string", "pattern": "^([0-9]+(\\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$|^0$" }
            ]
        })
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "a number of seconds or a duration such as \"250ms\"")]
        enum Given {
            Whole(i64),
            Number(f64),
            Text(String),
        }
        let seconds = match Given::deserialize(d)? {
            Given::Whole(seconds) => seconds as f64,
            Given::Number(seconds) => seconds,
            Given::Text(text) => match go_duration::parse(&text) {
                Some(duration) => duration.as_secs_f64(),
                None => {
                    return Err(D::Error::custom(format!("`{text}` is no duration: write 250ms or 1m30s")));
                }
            },
        };
        if seconds.is_finite() && seconds >= 0.0 {
            Ok(Seconds(seconds))
        } else {
            Err(D::Error::custom(format!("`{seconds}` is no length of time: it must be 0 or more")))
        }
    }
}

/// A law of a time that is never negative.
///
/// `scv` is the squared coefficient of variation: variance ÷ mean².
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "law", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Law {
    /// Always the same.
    Constant {
        /// The time.
        value: Seconds,
    },
    /// Memoryless: density e^(−t/m)/m.
    Exponential {
        /// Its mean m.
        mean: Seconds,
    },
    /// e^(μ + σN) with σ² = ln(1 + scv) and μ = ln(mean) − σ²/2.
    Lognormal {
        /// Its mean.
        mean: Seconds,
        /// Variance ÷ mean².
        scv: f64,
    },
    /// Shape 1/scv, scale mean·scv.
    Gamma {
        /// Its mean.
        mean: Seconds,
        /// Variance ÷ mean².
        scv: f64,
    },
    /// Exponential with `mean1` with probability `p`, else with `mean2`.
    Hyperexponential {
        /// Probability of the first.
        p: f64,
        /// Mean of the first.
        mean1: Seconds,
        /// Mean of the second.
        mean2: Seconds,
    },
    /// `value1` with probability `p`, else `value2`.
    TwoPoint {
        /// Probability of the first.
        p: f64,
        /// The first.
        value1: Seconds,
        /// The second.
        value2: Seconds,
    },
    /// One of these, each as likely: measured times.
    Empirical {
        /// The times.
        values: Vec<Seconds>,
    },
    /// Measured times in a column of a CSV file; [`Law::read`] makes it `Empirical`, and it draws nothing before.
    Csv {
        /// The file, which has a header.
        file: PathBuf,
        /// Which column.
        #[serde(default = "seconds")]
        column: String,
        /// What its numbers are multiplied with to be seconds: 0.001 for milliseconds.
        #[serde(default = "one")]
        scale: f64,
    },
}

fn seconds() -> String {
    "seconds".into()
}

fn one() -> f64 {
    1.0
}

impl Default for Law {
    /// No time at all.
    fn default() -> Self {
        Law::constant(0.0)
    }
}

impl Law {
    /// Always `seconds`.
    pub fn constant(seconds: f64) -> Self {
        Law::Constant { value: Seconds(seconds) }
    }

    /// Exponential with this mean, in seconds.
    pub fn exponential(mean: f64) -> Self {
        Law::Exponential { mean: Seconds(mean) }
    }

    /// Lognormal with this mean in seconds and variance ÷ mean².
    pub fn lognormal(mean: f64, scv: f64) -> Self {
        Law::Lognormal { mean: Seconds(mean), scv }
    }

    /// Puts the times of its file in place of a law that names one; `beside` is the folder that its path counts from.
    ///
    /// # Errors
    /// The file, and what is wrong with it.
    pub fn read(&mut self, beside: &Path) -> Result<(), String> {
        let Law::Csv { file, column, scale } = self else { return Ok(()) };
        let path = beside.join(file);
        let open = File::open(&path).map_err(|e| format!("{} cannot be read: {e}", path.display()))?;
        let law = Law::from_csv(BufReader::new(open), column, *scale);
        *self = law.map_err(|why| format!("{}: {why}", path.display()))?;
        Ok(())
    }

    /// Reads measured times from a column of a CSV file with a header; `scale` makes seconds of its numbers.
    ///
    /// # Errors
    /// What cannot be read, with its line; a column that is not there, with those that are; no value at all.
    pub fn from_csv(reader: impl std::io::Read, column: &str, scale: f64) -> Result<Self, String> {
        let mut csv = csv::Reader::from_reader(reader);
        let headers = csv.headers().map_err(|e| e.to_string())?.clone();
        let Some(index) = headers.iter().position(|h| h.trim() == column) else {
            let there: Vec<&str> = headers.iter().collect();
            return Err(format!("no column `{column}`; there are {}", there.join(", ")));
        };
        let mut values = Vec::new();
        for row in csv.records() {
            let row = row.map_err(|e| e.to_string())?;
            let text = row.get(index).unwrap_or_default().trim();
            match text.parse::<f64>().map(|value| value * scale) {
                Ok(value) if value.is_finite() && value >= 0.0 => values.push(Seconds(value)),
                _ => {
                    let line = row.position().map_or(0, csv::Position::line);
                    return Err(format!("line {line}: `{text}` is no time in seconds"));
                }
            }
        }
        if values.is_empty() { Err("no value in it".into()) } else { Ok(Law::Empirical { values }) }
    }

    /// Checks what a type cannot.
    ///
    /// # Errors
    /// The field, what was found, and what is allowed.
    pub fn validate(&self) -> Result<(), String> {
        let share = |name: &str, p: f64| {
            if (0.0..=1.0).contains(&p) {
                Ok(())
            } else {
                Err(format!("{name}: `{p}` is not between 0 and 1"))
            }
        };
        match self {
            Law::Lognormal { mean, scv } | Law::Gamma { mean, scv } => {
                if mean.0 <= 0.0 {
                    return Err("mean: it must be more than 0".into());
                }
                if *scv > 0.0 && scv.is_finite() {
                    Ok(())
                } else {
                    Err(format!("scv: `{scv}` is not more than 0 (variance ÷ mean²)"))
                }
            }
            Law::Hyperexponential { p, .. } | Law::TwoPoint { p, .. } => share("p", *p),
            Law::Empirical { values } if values.is_empty() => Err("values: there is none".into()),
            Law::Csv { file, .. } => Err(format!("file: {} has not been read", file.display())),
            _ => Ok(()),
        }
    }

    /// Whether it is no time at all, always.
    pub fn is_nothing(&self) -> bool {
        *self == Law::default()
    }

    /// The mean, in seconds.
    pub fn mean(&self) -> f64 {
        match self {
            Law::Constant { value } => value.0,
            Law::Exponential { mean } | Law::Lognormal { mean, .. } | Law::Gamma { mean, .. } => mean.0,
            Law::Hyperexponential { p, mean1, mean2 } => p * mean1.0 + (1.0 - p) * mean2.0,
            Law::TwoPoint { p, value1, value2 } => p * value1.0 + (1.0 - p) * value2.0,
            Law::Empirical { values } => {
                values.iter().map(|v| v.0).sum::<f64>() / (values.len().max(1)) as f64
            }
            Law::Csv { .. } => 0.0,
        }
    }

    /// The law made ready for drawing: what does not change from draw to draw is computed once.
    pub fn sampler(&self) -> Sampler {
        match self {
            Law::Constant { value } => Sampler::Constant(value.0),
            Law::Exponential { mean } => Sampler::Exponential(mean.0),
            Law::Lognormal { mean, scv } => {
                let variance = libm::log1p(*scv);
                Sampler::Lognormal { mu: libm::log(mean.0) - variance / 2.0, sigma: libm::sqrt(variance) }
            }
            Law::Gamma { mean, scv } => Sampler::Gamma { shape: 1.0 / scv, scale: mean.0 * scv },
            Law::Hyperexponential { p, mean1, mean2 } => Sampler::Hyperexponential(*p, mean1.0, mean2.0),
            Law::TwoPoint { p, value1, value2 } => Sampler::TwoPoint(*p, value1.0, value2.0),
            Law::Empirical { values } => Sampler::Empirical(values.iter().map(|v| v.0).collect()),
            Law::Csv { .. } => Sampler::Empirical(Box::default()),
        }
    }
}

/// A [`Law`] ready for drawing.
#[derive(Clone, Debug)]
pub enum Sampler {
    #[doc(hidden)]
    Constant(f64),
    #[doc(hidden)]
    Exponential(f64),
    #[doc(hidden)]
    Lognormal { mu: f64, sigma: f64 },
    #[doc(hidden)]
    Gamma { shape: f64, scale: f64 },
    #[doc(hidden)]
    Hyperexponential(f64, f64, f64),
    #[doc(hidden)]
    TwoPoint(f64, f64, f64),
    #[doc(hidden)]
    Empirical(Box<[f64]>),
}

impl Sampler {
    /// A time, in seconds.
    pub fn draw(&self, stream: &mut Stream) -> f64 {
        match self {
            Sampler::Constant(value) => *value,
            Sampler::Exponential(mean) => mean * stream.exponential(),
            Sampler::Lognormal { mu, sigma } => libm::exp(mu + sigma * stream.normal()),
            Sampler::Gamma { shape, scale } => scale * gamma(*shape, stream),
            Sampler::Hyperexponential(p, mean1, mean2) => {
                let mean = if stream.uniform() < *p { mean1 } else { mean2 };
                mean * stream.exponential()
            }
            Sampler::TwoPoint(p, value1, value2) => {
                if stream.uniform() < *p {
                    *value1
                } else {
                    *value2
                }
            }
            Sampler::Empirical(values) => {
                values.get(stream.below(values.len() as u32) as usize).copied().unwrap_or(0.0)
            }
        }
    }

    /// Whether it always gives zero.
    pub fn is_zero(&self) -> bool {
        matches!(self, Sampler::Constant(value) if *value == 0.0)
    }
}

/// Gamma with scale 1: squeeze and rejection after Marsaglia and Tsang (2000), section 4; for a shape below 1
/// their remark at the end: γ(a) = γ(a + 1)·U^(1/a).
fn gamma(shape: f64, stream: &mut Stream) -> f64 {
    if shape < 1.0 {
        let power = libm::pow(1.0 - stream.uniform(), 1.0 / shape);
        return gamma(shape + 1.0, stream) * power;
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / libm::sqrt(9.0 * d);
    loop {
        let x = stream.normal();
        let v = 1.0 + c * x;
        if v <= 0.0 {
            continue;
        }
        let v = v * v * v;
        let u = 1.0 - stream.uniform();
        if libm::log(u) < 0.5 * x * x + d - d * v + d * libm::log(v) {
            return d * v;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_the_mean_and_the_spread_of_their_law() {
        let s = Seconds;
        let cases = [
            (Law::constant(2.0), 0.0),
            (Law::exponential(0.5), 1.0),
            (Law::lognormal(0.2, 2.0), 2.0),
            (Law::Gamma { mean: s(3.0), scv: 0.25 }, 0.25),
            (Law::Gamma { mean: s(0.1), scv: 2.0 }, 2.0),
            // E[X²] = 2(0.8·0.01 + 0.2·4.41) = 1.78, mean 0.5.
            (Law::Hyperexponential { p: 0.8, mean1: s(0.1), mean2: s(2.1) }, 6.12),
            // E[X²] = 0.9·0.0001 + 0.1·0.2601, mean 0.06.
            (Law::TwoPoint { p: 0.9, value1: s(0.01), value2: s(0.51) }, 6.25),
            (Law::Empirical { values: vec![s(1.0), s(3.0)] }, 0.25),
        ];
        for (law, scv) in cases {
            let (sampler, mut stream) = (law.sampler(), Stream::new(1, "law"));
            let n = 400_000;
            let (mut sum, mut squares) = (0.0, 0.0);
            for _ in 0..n {
                let x = sampler.draw(&mut stream);
                (sum, squares) = (sum + x, squares + x * x);
            }
            let mean = sum / f64::from(n);
            let seen = (squares / f64::from(n) - mean * mean) / (mean * mean);
            assert!((mean / law.mean() - 1.0).abs() < 0.02, "{law:?}: mean {mean}");
            assert!((seen - scv).abs() < 0.06 * scv + 1e-9, "{law:?}: scv {seen}");
        }
    }

    #[test]
    fn a_law_is_written_as_people_write() {
        let law: Law = toml::from_str("law = \"exponential\"\nmean = \"250ms\"").unwrap();
        assert_eq!(law, Law::exponential(0.25));
        let law: Law = toml::from_str("law = \"lognormal\"\nmean = 2\nscv = 0.5").unwrap();
        assert_eq!(law, Law::lognormal(2.0, 0.5));
        for bad in
            ["law = \"constant\"\nvalue = \"soon\"", "law = \"constant\"\nvalue = -1", "law = \"magic\""]
        {
            assert!(toml::from_str::<Law>(bad).is_err(), "{bad}");
        }
        assert!(Law::lognormal(1.0, -1.0).validate().unwrap_err().starts_with("scv"));
    }

    #[test]
    fn measured_times_come_from_a_column() {
        let law = Law::from_csv("a,seconds\n1,0.5\n2,1.5\n".as_bytes(), "seconds", 1.0).unwrap();
        assert_eq!(law.mean(), 1.0);
        let thousandths = Law::from_csv("elapsed\n500\n1500\n".as_bytes(), "elapsed", 0.001).unwrap();
        assert_eq!(thousandths, law);
        let missing = Law::from_csv("a,b\n1,2\n".as_bytes(), "seconds", 1.0).unwrap_err();
        assert!(missing.contains("there are a, b"), "{missing}");
        let bad = Law::from_csv("seconds\nx\n".as_bytes(), "seconds", 1.0).unwrap_err();
        assert!(bad.contains("line 2") && bad.contains("`x`"), "{bad}");
    }
}
