//! Prometheus' text format, version 0.0.4.
//!
//! Its successor, OpenMetrics, which the usual crate writes, wants `_total` after every counter's name;
//! `gateway_function_invocation_started` has none.

use std::fmt::{Display, Write};

/// A sample's labels, in the order in which they are written.
pub(super) type Labels<'a> = Vec<(&'static str, &'a dyn Display)>;

/// What is written so far.
#[derive(Default)]
pub(super) struct Text {
    out: String,
}

impl Text {
    /// Begins a family.
    pub(super) fn family(&mut self, name: &str, kind: &str, help: &str) {
        self.line(format_args!("# HELP {name} {help}"));
        self.line(format_args!("# TYPE {name} {kind}"));
    }

    /// One value with its labels.
    pub(super) fn sample(&mut self, name: &str, labels: &[(&str, &dyn Display)], value: impl Display) {
        self.out.push_str(name);
        let mut before = '{';
        for (label, text) in labels {
            self.out.push(before);
            before = ',';
            let text = text.to_string().replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            self.out.push_str(label);
            self.out.push_str("=\"");
            self.out.push_str(&text);
            self.out.push('"');
        }
        if !labels.is_empty() {
            self.out.push('}');
        }
        self.line(format_args!(" {value}"));
    }

    pub(super) fn finish(self) -> String {
        self.out
    }

    fn line(&mut self, text: std::fmt::Arguments<'_>) {
        // A String takes all that fits into memory.
        let _ = writeln!(self.out, "{text}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_as_prometheus_reads_them() {
        let mut text = Text::default();
        text.family("a_total", "counter", "How many.");
        text.sample("a_total", &[("code", &200), ("name", &"x\"y\\z\n")], 2);
        text.sample("b", &[], 0.5);
        let expected = "# HELP a_total How many.\n# TYPE a_total counter\na_total{code=\"200\",name=\"x\\\"y\\\\z\\n\"} 2\nb 0.5\n";
        assert_eq!(text.finish(), expected);
    }
}
