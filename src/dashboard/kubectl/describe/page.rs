//! Text in two columns, as kubectl's `describe` lays it out.

use super::super::rows::{kind, seen};
use crate::cluster::function::FunctionSpec;
use crate::cluster::scaling::hpa::columns::aligned;
use crate::cluster::snapshot::Happening;
use crate::cluster::time::Time;
use std::fmt::Write;

/// What kubectl writes where there is nothing.
pub(in crate::dashboard::kubectl) const NONE: &str = "<none>";

/// Lines of a title and what it says; a title's further lines stand below the first.
#[derive(Default)]
pub(in crate::dashboard::kubectl) struct Page(String);

impl Page {
    pub(in crate::dashboard::kubectl) fn put(&mut self, title: &str, text: impl std::fmt::Display) {
        // Writing into a String cannot fail.
        let _ = writeln!(self.0, "{title}:\t{text}");
    }

    pub(in crate::dashboard::kubectl) fn map<'a>(
        &mut self,
        title: &str,
        entries: impl IntoIterator<Item = (&'a String, &'a String)>,
    ) {
        let mut title = format!("{title}:");
        let mut empty = true;
        for (key, value) in entries {
            let _ = writeln!(self.0, "{title}\t{key}={value}");
            title.clear();
            empty = false;
        }
        if empty {
            let _ = writeln!(self.0, "{title}\t{NONE}");
        }
    }

    pub(in crate::dashboard::kubectl) fn line(&mut self, text: impl std::fmt::Display) {
        let _ = writeln!(self.0, "{text}");
    }

    pub(in crate::dashboard::kubectl) fn resources(&mut self, indent: &str, spec: &FunctionSpec) {
        for (title, resources) in [("Limits", &spec.limits), ("Requests", &spec.requests)] {
            if resources.is_empty() {
                continue;
            }
            self.line(format_args!("{indent}{title}:"));
            if let Some(cpu) = resources.cpu {
                self.put(&format!("{indent}  cpu"), cpu);
            }
            if let Some(memory) = resources.memory {
                self.put(&format!("{indent}  memory"), memory);
            }
        }
    }

    pub(in crate::dashboard::kubectl) fn environment(&mut self, indent: &str, spec: &FunctionSpec) {
        let process = spec.env_process.iter().map(|p| ("fprocess", p.as_str()));
        let all: Vec<(&str, &str)> =
            process.chain(spec.env_vars.iter().map(|(k, v)| (k.as_str(), v.as_str()))).collect();
        if all.is_empty() {
            return self.put(&format!("{indent}Environment"), NONE);
        }
        self.line(format_args!("{indent}Environment:"));
        for (key, value) in all {
            self.put(&format!("{indent}  {key}"), value);
        }
    }

    pub(in crate::dashboard::kubectl) fn events<'a>(
        &mut self,
        events: impl Iterator<Item = &'a Happening>,
        now: Time,
        from: &str,
    ) {
        let mut events = events.peekable();
        if events.peek().is_none() {
            return self.put("Events", NONE);
        }
        self.line("Events:");
        self.line("  Type\tReason\tAge\tFrom\tMessage");
        self.line("  ----\t------\t----\t----\t-------");
        for e in events {
            self.line(format_args!("  {}\t{}\t{}\t{from}\t{}", kind(e), e.reason, seen(e, now), e.message));
        }
    }

    pub(in crate::dashboard::kubectl) fn finish(self) -> String {
        aligned(&self.0)
    }
}
