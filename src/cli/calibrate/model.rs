//! What was measured of a function, and the model that comes of it.

use super::predict::{Seen, predicted};
use crate::cli::failure::Failure;
use crate::cluster::function::{FunctionName, FunctionSpec};
use crate::cluster::quantity::Bytes;
use crate::sim::calibrate::{Fit, fit};
use crate::sim::{Law, Model, Startup};
use std::fmt::Write;

/// Response times under one load.
pub struct Under {
    /// Users at once.
    pub users: u32,
    /// In seconds.
    pub times: Vec<f64>,
    /// The most memory that was seen meanwhile, in bytes; 0 when none was.
    pub peak: u64,
}

/// All that was measured; times and CPU in seconds.
pub struct Measured {
    /// From a request that finds no pod until there is one.
    pub starts: Vec<f64>,
    /// What that request then took.
    pub firsts: Vec<f64>,
    /// CPU of a pod that has just started.
    pub start_cpu: Option<f64>,
    /// CPU of a request.
    pub request_cpu: Option<f64>,
    /// Memory of a pod that does nothing, in bytes.
    pub memory: u64,
    /// One user.
    pub alone: Under,
    /// More of them.
    pub crowds: Vec<Under>,
    /// Of this machine.
    pub cores: u32,
}

impl Measured {
    /// The model as a scenario takes it, below what it was made from and how well it fits.
    pub fn text(&self, name: &FunctionName, spec: &FunctionSpec) -> Result<String, Failure> {
        let service = fit(&self.alone.times).ok_or_else(|| Failure::failed("nothing was measured"))?;
        let start = fit(&self.starts);
        let model = self.model(&service, start.as_ref());
        let table = toml::to_string(&model).map_err(|e| Failure::failed(format_args!("{e}")))?;
        let mut text = String::new();
        // Writing into a String cannot fail.
        let (cold, warm) = (self.starts.len(), self.alone.times.len());
        let _ =
            writeln!(text, "# {name}, measured: {cold} cold starts, {warm} warm requests under each load.");
        let _ = writeln!(text, "# service: {}", said(&service));
        if let Some(start) = &start {
            let _ = writeln!(text, "# start-up: {}", said(start));
        }
        if let Some(cpu) = self.request_cpu {
            let _ = writeln!(text, "# CPU of a request: {:.1} ms", cpu * 1e3);
        }
        if !self.firsts.is_empty() {
            let first = self.firsts.iter().sum::<f64>() / self.firsts.len() as f64;
            let _ = writeln!(text, "# first request of a pod: {:.1} ms", first * 1e3);
        }
        let _ = writeln!(
            text,
            "# under load, on {} cores, what was measured and what this model says:",
            self.cores
        );
        let mut worst: f64 = 0.0;
        for load in std::iter::once(&self.alone).chain(&self.crowds) {
            let seen = Seen::of(&load.times);
            let says = predicted(&model, spec, self.cores, load.users, load.times.len() as u64);
            let off = says.mean / seen.mean - 1.0;
            worst = worst.max(off.abs());
            let _ = writeln!(
                text,
                "#   {:>2} user{}  mean {:.1} ms, p95 {:.1} ms; the model {:.1} ms, {:.1} ms ({:+.0} %)",
                load.users,
                if load.users == 1 { " " } else { "s" },
                seen.mean * 1e3,
                seen.p95 * 1e3,
                says.mean * 1e3,
                says.p95 * 1e3,
                // A small loss rounds to minus nothing.
                (off * 100.0).round() + 0.0
            );
        }
        let verdict = match worst {
            w if w <= 0.10 => "a good model: no mean is off by more than 10 %",
            w if w <= 0.25 => "a usable model: no mean is off by more than 25 %",
            _ => "a rough model: measure again on a quiet machine, with more --requests",
        };
        let _ = writeln!(text, "# {verdict}\n[function.model]");
        // The tables of the model are tables of the function's.
        for line in table.lines() {
            let _ = match line.strip_prefix('[') {
                Some(rest) => writeln!(text, "[function.model.{rest}"),
                None => writeln!(text, "{line}"),
            };
        }
        Ok(text)
    }

    fn model(&self, service: &Fit, start: Option<&Fit>) -> Model {
        let thousandths = |x: f64| (x * 1000.0).round() / 1000.0;
        let share = |cpu: Option<f64>, of: f64| match cpu {
            Some(cpu) if of > 0.0 => thousandths((cpu / of).clamp(0.0, 1.0)),
            _ => 1.0,
        };
        let law = start.map_or_else(Law::default, |s| s.law.clone());
        let per_request = self.crowds.iter().map(|c| c.peak.saturating_sub(self.memory) / u64::from(c.users));
        Model {
            startup: Startup { cpu: share(self.start_cpu, law.mean()), function: law, ..Startup::default() },
            service: service.law.clone(),
            cpu: share(self.request_cpu, service.law.mean()),
            memory: Bytes(self.memory),
            request_memory: Bytes(per_request.max().unwrap_or(0)),
            ..Model::default()
        }
    }
}

fn said(fit: &Fit) -> String {
    let name = match &fit.law {
        Law::Constant { .. } => "constant",
        Law::Exponential { .. } => "exponential",
        Law::Lognormal { .. } => "lognormal",
        Law::Gamma { .. } => "gamma",
        Law::Empirical { .. } => {
            return format!("mean {:.1} ms, no law fits: the times themselves", fit.law.mean() * 1e3);
        }
        _ => "mixed",
    };
    let good = if fit.is_good() { "good" } else { "rough" };
    format!(
        "mean {:.1} ms, {name}; a {good} fit (distance {:.3}, {:.3} is good for so many)",
        fit.law.mean() * 1e3,
        fit.distance,
        fit.critical
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_measured_becomes_a_model_that_a_scenario_takes() {
        // 10 ms of a core's work: two users on two cores do not disturb each other, four do.
        let under = |users: u32, mean: f64, peak| Under { users, times: vec![mean; 40], peak };
        let measured = Measured {
            starts: vec![0.5; 5],
            firsts: vec![0.02; 5],
            start_cpu: Some(0.25),
            request_cpu: Some(0.01),
            memory: 10 << 20,
            alone: under(1, 0.01, 12 << 20),
            crowds: vec![under(2, 0.01, 14 << 20), under(4, 0.02, 22 << 20)],
            cores: 2,
        };
        let text = measured.text(&FunctionName::parse("f"), &FunctionSpec::new("f", "f")).unwrap();
        assert!(
            text.contains("4 users  mean 20.0 ms, p95 20.0 ms; the model 20.0 ms, 20.0 ms (+0 %)"),
            "{text}"
        );
        assert!(text.contains("a good model"), "{text}");
        let table: toml::Table = toml::from_str(&text).unwrap();
        let model: Model = table["function"]["model"].clone().try_into().unwrap();
        assert_eq!((model.cpu, model.startup.cpu, model.request_memory), (1.0, 0.5, Bytes(3 << 20)));
        assert_eq!((model.service, model.startup.function), (Law::constant(0.01), Law::constant(0.5)));
        let wrong = Measured { crowds: vec![under(4, 0.01, 0)], ..measured };
        let text = wrong.text(&FunctionName::parse("f"), &FunctionSpec::new("f", "f")).unwrap();
        assert!(text.contains("(+100 %)") && text.contains("a rough model"), "{text}");
    }
}
