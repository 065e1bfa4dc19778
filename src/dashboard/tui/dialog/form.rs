//! Something to fill in: what it asks for, and what is wrong with what was written.

use crate::cluster::command::Command;
use crate::cluster::function::FunctionName;
use crate::cluster::go_duration;
use crate::cluster::scaling::hpa::spec::{MetricSpec, Resource, ResourceTarget};
use crate::cluster::scaling::hpa::{Hpa, HpaSpec};
use crate::dashboard::tui::link::{Invocation, Load, Shape};

/// The most users of one load: each holds a connection.
const MAX_USERS: u32 = 1000;
/// The highest rate of one load, per second.
const MAX_RATE: f64 = 100_000.0;

/// What a form is for.
#[derive(Clone, Debug, PartialEq)]
pub enum Purpose {
    /// One request.
    Invoke {
        /// How the last one was answered.
        answer: Option<Result<Invocation, String>>,
        /// One is on its way.
        busy: bool,
    },
    /// A load.
    Load,
    /// An autoscaler.
    Hpa {
        /// There is one already.
        exists: bool,
    },
}

/// One line of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// What it is.
    pub label: &'static str,
    /// What may be written there.
    pub hint: &'static str,
    /// What is written there.
    pub value: String,
    /// It stands there from the beginning: the first letter that is written replaces it.
    pub fresh: bool,
}

/// Something to fill in.
#[derive(Clone, Debug, PartialEq)]
pub struct Form {
    /// For what.
    pub purpose: Purpose,
    /// About which function.
    pub function: FunctionName,
    /// Its lines.
    pub fields: Vec<Field>,
    /// The line that letters go to.
    pub at: usize,
    /// What is wrong with it.
    pub error: Option<String>,
}

/// A form that was filled in well.
#[derive(Clone, Debug, PartialEq)]
pub enum Filled {
    /// Send a request with this body.
    Invoke(FunctionName, String),
    /// Start this load.
    Load(Load),
    /// Carry this out.
    Command(Command),
}

fn field(label: &'static str, hint: &'static str, value: impl Into<String>) -> Field {
    let value: String = value.into();
    Field { label, hint, fresh: !value.is_empty(), value }
}

/// The number of the line that is wrong, and why.
type Wrong = (usize, String);

impl Form {
    fn new(purpose: Purpose, function: FunctionName, fields: Vec<Field>) -> Self {
        Form { purpose, function, fields, at: 0, error: None }
    }

    /// One request; `body` is what was sent last, and `hint` says what may be.
    pub fn invoke(function: FunctionName, body: &str, hint: &'static str) -> Self {
        let fields = vec![field("Body", hint, body)];
        Form::new(Purpose::Invoke { answer: None, busy: false }, function, fields)
    }

    /// A load; `body` is what was sent last, and `hint` says what may be.
    pub fn load(function: FunctionName, body: &str, hint: &'static str) -> Self {
        let fields = vec![
            field("Users", "a number: each waits for its answer; or a rate: 20/s", "4"),
            field("Body", hint, body),
            field("For", "30s, 2m, …; empty: until you press l again", ""),
        ];
        Form::new(Purpose::Load, function, fields)
    }

    /// An autoscaler, beginning with what the present one says.
    pub fn hpa(function: FunctionName, hpa: Option<&Hpa>) -> Self {
        let percent = hpa.map_or("50".into(), |h| {
            let of_cpu = h.spec.metrics.iter().find_map(|m| match m {
                MetricSpec::Resource { name: Resource::Cpu, target: ResourceTarget::Utilization(p) } => {
                    Some(p)
                }
                _ => None,
            });
            of_cpu.map_or(String::new(), u32::to_string)
        });
        let (min, max) = hpa.map_or((1, 5), |h| (h.spec.min(), h.spec.max_replicas));
        let hint = match hpa {
            Some(_) => "aim at this % of the CPU request; empty: remove the HPA",
            None => "aim at this % of each pod's CPU request",
        };
        let fields = vec![
            field("CPU %", hint, percent),
            field("Min", "never fewer pods than this", min.to_string()),
            field("Max", "never more pods than this", max.to_string()),
        ];
        Form::new(Purpose::Hpa { exists: hpa.is_some() }, function, fields)
    }

    /// Its title.
    pub fn title(&self) -> String {
        let name = &self.function.name;
        match &self.purpose {
            Purpose::Invoke { .. } => format!("Invoke {name}"),
            Purpose::Load => format!("Start a load on {name}"),
            Purpose::Hpa { exists: true } => format!("Change the HPA of {name}"),
            Purpose::Hpa { exists: false } => format!("Give {name} a Horizontal Pod Autoscaler"),
        }
    }

    /// What its keys do: pairs of a key and a word.
    pub fn keys(&self) -> &'static [(&'static str, &'static str)] {
        match &self.purpose {
            Purpose::Invoke { .. } => &[("Enter", "send"), ("Ctrl-U", "empty"), ("Esc", "close")],
            Purpose::Load => &[("Enter", "start"), ("Tab", "next line"), ("Esc", "cancel")],
            Purpose::Hpa { .. } => &[("Enter", "set"), ("Tab", "next line"), ("Esc", "cancel")],
        }
    }

    /// Takes a letter.
    pub fn write(&mut self, c: char) {
        self.error = None;
        if let Some(field) = self.fields.get_mut(self.at) {
            if std::mem::take(&mut field.fresh) {
                field.value.clear();
            }
            field.value.push(c);
        }
    }

    /// Takes the last letter away, or all of them.
    pub fn erase(&mut self, all: bool) {
        self.error = None;
        if let Some(field) = self.fields.get_mut(self.at) {
            field.fresh = false;
            if all {
                field.value.clear();
            } else {
                field.value.pop();
            }
        }
    }

    /// What is written stays, and more can be added.
    pub fn keep(&mut self) {
        if let Some(field) = self.fields.get_mut(self.at) {
            field.fresh = false;
        }
    }

    /// Goes to the next line, or to the one before.
    pub fn step(&mut self, forward: bool) {
        let n = self.fields.len();
        self.at = if forward { self.at + 1 } else { self.at + n - 1 } % n;
    }

    /// What it asks for; when something is wrong with it, says so in the form and goes to that line.
    pub fn submit(&mut self) -> Option<Filled> {
        match self.filled() {
            Ok(filled) => Some(filled),
            Err((at, error)) => {
                (self.at, self.error) = (at, Some(error));
                None
            }
        }
    }

    /// A request was answered; false when this form did not send it.
    pub fn answered(&mut self, function: &FunctionName, result: &Result<Invocation, String>) -> bool {
        let Purpose::Invoke { answer, busy } = &mut self.purpose else { return false };
        if !*busy || self.function != *function {
            return false;
        }
        (*answer, *busy) = (Some(result.clone()), false);
        true
    }

    fn text(&self, n: usize) -> &str {
        self.fields.get(n).map_or("", |f| f.value.as_str())
    }

    fn number(&self, n: usize, from: u32, to: u32) -> Result<u32, Wrong> {
        let (text, label) = (self.text(n).trim(), self.fields.get(n).map_or("", |f| f.label));
        match text.trim_end_matches('%').trim_end().parse() {
            Ok(value) if (from..=to).contains(&value) => Ok(value),
            _ => Err((n, format!("{label}: `{text}` is not a whole number from {from} to {to}"))),
        }
    }

    fn shape(&self) -> Result<Shape, Wrong> {
        let text = self.text(0).trim();
        let Some(rate) = text.strip_suffix("/s") else {
            return self.number(0, 1, MAX_USERS).map(Shape::Users);
        };
        match rate.trim().parse() {
            Ok(rate) if rate > 0.0 && rate <= MAX_RATE => Ok(Shape::Rate(rate)),
            _ => Err((0, format!("`{text}` is not a rate: write 20/s, at most {MAX_RATE}/s"))),
        }
    }

    fn filled(&self) -> Result<Filled, Wrong> {
        let function = self.function.clone();
        match self.purpose {
            Purpose::Invoke { .. } => Ok(Filled::Invoke(function, self.text(0).into())),
            Purpose::Load => {
                let shape = self.shape()?;
                let duration = match self.text(2).trim() {
                    "" => None,
                    text => match go_duration::parse(text) {
                        Some(d) if !d.is_zero() => Some(d),
                        _ => return Err((2, format!("For: `{text}` is not a duration: write 30s or 2m"))),
                    },
                };
                Ok(Filled::Load(Load { function, shape, body: self.text(1).into(), duration }))
            }
            Purpose::Hpa { exists } => {
                if exists && self.text(0).trim().is_empty() {
                    return Ok(Filled::Command(Command::DeleteHpa(function)));
                }
                let percent = self.number(0, 1, 100_000)?;
                let min = self.number(1, 1, 1000)?;
                let max = self.number(2, 1, 1000)?;
                if max < min {
                    return Err((2, format!("Max: {max} is less than Min, which is {min}")));
                }
                let spec = HpaSpec::cpu(percent, Some(min), max);
                Ok(Filled::Command(Command::Autoscale { function, spec, replace: exists }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn name() -> FunctionName {
        FunctionName::parse("mltest")
    }

    fn write(form: &mut Form, text: &str) {
        form.erase(true);
        text.chars().for_each(|c| form.write(c));
    }

    #[test]
    fn a_form_says_what_is_wrong_and_where() {
        let mut form = Form::load(name(), "50", "epochs");
        write(&mut form, "");
        assert_eq!(form.submit(), None);
        assert_eq!(form.error.as_deref(), Some("Users: `` is not a whole number from 1 to 1000"));
        form.write('8');
        assert_eq!(form.error, None);
        let load = Load { function: name(), shape: Shape::Users(8), body: "50".into(), duration: None };
        assert_eq!(form.submit(), Some(Filled::Load(load.clone())));
        write(&mut form, "2.5/s");
        form.step(false);
        write(&mut form, "soon");
        assert_eq!(form.submit(), None);
        assert_eq!((form.at, form.error.is_some()), (2, true));
        write(&mut form, "90s");
        let duration = Some(Duration::from_secs(90));
        assert_eq!(form.submit(), Some(Filled::Load(Load { shape: Shape::Rate(2.5), duration, ..load })));

        let mut form = Form::hpa(name(), None);
        form.step(true);
        "10".chars().for_each(|c| form.write(c));
        assert_eq!(form.submit(), None);
        assert_eq!((form.at, form.error.as_deref()), (2, Some("Max: 5 is less than Min, which is 10")));
    }

    #[test]
    fn an_empty_percentage_removes_an_hpa_that_is_there() {
        let hpa = Hpa::new(HpaSpec::cpu(20, Some(2), 6), crate::cluster::time::Time::ZERO);
        let mut form = Form::hpa(name(), Some(&hpa));
        let texts: Vec<_> = form.fields.iter().map(|f| f.value.as_str()).collect();
        assert_eq!(texts, ["20", "2", "6"]);
        form.erase(true);
        assert_eq!(form.submit(), Some(Filled::Command(Command::DeleteHpa(name()))));
        let mut fresh = Form::hpa(name(), None);
        fresh.erase(true);
        assert_eq!(fresh.submit(), None);
    }
}
