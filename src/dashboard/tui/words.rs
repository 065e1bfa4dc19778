//! Numbers and texts as they fit into cells.

use std::time::Duration;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// A latency in three or four letters and its unit: `420µs`, `4.2ms`, `123ms`, `1.23s`, `75s`; `–` for none.
pub fn latency(d: Duration) -> String {
    let ms = d.as_secs_f64() * 1e3;
    match ms {
        0.0 => "–".into(),
        ms if ms < 1.0 => format!("{:.0}µs", ms * 1e3),
        ms if ms < 9.95 => format!("{ms:.1}ms"),
        ms if ms < 999.5 => format!("{ms:.0}ms"),
        ms if ms < 9_995.0 => format!("{:.2}s", ms / 1e3),
        ms if ms < 99_950.0 => format!("{:.1}s", ms / 1e3),
        ms => format!("{:.0}s", ms / 1e3),
    }
}

/// A number of things per second: `0`, `3.4`, `120`, `12.3k`.
pub fn rate(per_second: f64) -> String {
    match per_second {
        r if r <= 0.0 => "0".into(),
        r if r < 9.95 => format!("{r:.1}"),
        r if r < 9_999.5 => format!("{r:.0}"),
        r => format!("{:.1}k", r / 1e3),
    }
}

/// A count: `950`, `12.3k`, `4.5M`.
pub fn count(n: u64) -> String {
    match n {
        0..10_000 => n.to_string(),
        10_000..1_000_000 => format!("{:.1}k", n as f64 / 1e3),
        _ => format!("{:.1}M", n as f64 / 1e6),
    }
}

/// A number on an axis: no more digits than it needs.
pub fn axis(value: f64) -> String {
    match value {
        v if v >= 1e6 => format!("{}M", trimmed(v / 1e6)),
        v if v >= 1e4 => format!("{}k", trimmed(v / 1e3)),
        v => trimmed(v),
    }
}

fn trimmed(v: f64) -> String {
    let text = format!("{v:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `1 pod`, `2 pods`.
pub fn plural(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// Columns that a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// The beginning of a text that fits, with an ellipsis where something was cut.
pub fn fit(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let (mut out, mut used) = (String::new(), 0);
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used + 1 > columns {
            break;
        }
        out.push(c);
    }
    if columns > 0 {
        out.push('…');
    }
    out
}

/// The first of several wordings that fits, the longest first; the shortest is cut where even that one does not.
pub fn fitting(wordings: &[&str], columns: usize) -> String {
    let fits = wordings.iter().find(|words| width(words) <= columns);
    fits.or(wordings.last()).map_or(String::new(), |words| fit(words, columns))
}

/// The same, but both ends are kept: pods of one function differ at their end.
pub fn fit_middle(text: &str, columns: usize) -> String {
    if width(text) <= columns || columns < 8 {
        return fit(text, columns);
    }
    let tail = (columns - 1) / 2;
    let letters: Vec<char> = text.chars().collect();
    let end: String = letters[letters.len().saturating_sub(tail)..].iter().collect();
    let start = fit(text, columns - width(&end));
    format!("{start}{end}")
}

/// A text from outside without what would disturb the screen: escape sequences and control characters go, a
/// tab becomes spaces.
pub fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' if rest.peek() == Some(&'[') => {
                // A control sequence ends with a letter or one of `@` to `~`.
                rest.next();
                let _ = rest.by_ref().find(|c| ('\u{40}'..='\u{7e}').contains(c));
            }
            '\t' => out.push_str("    "),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// Breaks a text at spaces into lines of at most so many columns; a word that is longer is cut. Lines after the
/// first are indented by `indent`.
pub fn wrap(text: &str, columns: usize, indent: usize) -> Vec<String> {
    let columns = columns.max(indent + 4);
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let mut word = word.to_owned();
        loop {
            let gap = usize::from(!line.trim().is_empty());
            if width(&line) + gap + width(&word) <= columns {
                if gap == 1 {
                    line.push(' ');
                }
                line.push_str(&word);
                break;
            }
            if line.trim().is_empty() {
                let head: String = word.chars().take(columns.saturating_sub(width(&line)).max(1)).collect();
                word = word.chars().skip(head.chars().count()).collect();
                line.push_str(&head);
            }
            lines.push(std::mem::replace(&mut line, " ".repeat(indent)));
        }
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let ms = |ms: f64| latency(Duration::from_secs_f64(ms / 1e3));
        let all: Vec<String> = [0.0, 0.42, 4.23, 123.4, 999.6, 1234.0, 75_000.0, 200_000.0].map(ms).into();
        assert_eq!(all, ["–", "420µs", "4.2ms", "123ms", "1.00s", "1.23s", "75.0s", "200s"]);
        assert_eq!([0.0, 3.42, 120.4, 12_345.0].map(rate), ["0", "3.4", "120", "12.3k"]);
        assert_eq!([0.5, 20.0, 2500.0, 50_000.0].map(axis), ["0.5", "20", "2500", "50k"]);
        assert_eq!([950, 12_345, 4_500_000].map(count), ["950", "12.3k", "4.5M"]);
    }

    #[test]
    fn texts_are_cut_where_it_hurts_least() {
        assert_eq!(fit("mltest", 6), "mltest");
        assert_eq!(fit("mltest-long", 6), "mltes…");
        assert_eq!(fit("日本語です", 5), "日本…");
        assert_eq!(fit_middle("a-very-long-name-946fbcf5d-nh5kp", 16), "a-very-l…d-nh5kp");
        assert_eq!(clean("\u{1b}[31mred\u{1b}[0m\tand\r \u{7}plain"), "red    and plain");
        assert_eq!(wrap("one two three", 8, 2), ["one two", "  three"]);
        assert_eq!(wrap("abcdefghij", 6, 2), ["abcdef", "  ghij"]);
        assert_eq!(wrap("", 6, 0), [""]);
    }
}
