//! Whether what was printed is what the page shows.
//!
//! `…` stands for any text of a line, and alone for any lines. Runs of spaces are alike. In a block marked `roughly`
//! a number stands for any number, a duration for any duration, a pod's name for any of the same function.

use regex::Regex;

/// One line of a page, ready to be compared.
enum Shown {
    AnyLines,
    Line(Regex),
}

/// What a number may look like in another run: a duration, or digits with parts.
const NUMBER: &str = r"(?:(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h|d))+\b|-?\d+(?:[.,:]\d+)*(?:(?:Mi|Gi|Ki)\b)?)";

fn pattern(line: &str, roughly: bool) -> Regex {
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let alike = Regex::new(&format!(
        r"(?P<pod>\b[a-z0-9-]+?-[bcdfghjklmnpqrstvwxz2456789]{{6,10}}-[bcdfghjklmnpqrstvwxz2456789]{{5}}\b)|(?P<id>\b[0-9a-f]{{8}}-[0-9a-f-]{{27}}\b)|(?P<number>{NUMBER})"
    ))
    .unwrap();
    let mut out = String::from("^");
    for (i, part) in line.split('…').enumerate() {
        if i > 0 {
            out += ".*";
        }
        if !roughly {
            out += &regex::escape(part);
            continue;
        }
        let mut done = 0;
        for found in alike.captures_iter(part) {
            let whole = found.get(0).unwrap();
            out += &regex::escape(&part[done..whole.start()]);
            done = whole.end();
            if found.name("pod").is_some() {
                let function = whole.as_str().rsplitn(3, '-').last().unwrap();
                out += &format!("{}-[a-z0-9]+-[a-z0-9]+", regex::escape(function));
            } else if found.name("id").is_some() {
                out += "[0-9a-f-]{36}";
            } else {
                out += NUMBER;
            }
        }
        out += &regex::escape(&part[done..]);
    }
    // With nothing at the end of a line, no space is left before it.
    if let Some(short) = out.strip_suffix(" .*") {
        out = format!("{short}(?: .*)?");
    }
    Regex::new(&(out + "$")).unwrap()
}

fn tidy(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether the lines of `printed` are those shown; `whole` says that nothing may follow.
pub fn fits(shown: &[String], printed: &str, roughly: bool, whole: bool) -> bool {
    let shown: Vec<Shown> = shown
        .iter()
        .map(|line| match line.trim() {
            "…" => Shown::AnyLines,
            line => Shown::Line(pattern(line, roughly)),
        })
        .collect();
    // `faasim ready` says how far it is only where somebody has to wait.
    let waiting = |line: &&str| line.starts_with("Waiting: `");
    let printed: Vec<String> = printed.trim_end().lines().filter(|l| !waiting(l)).map(tidy).collect();
    // Which numbers of printed lines may have been used up so far.
    let mut at = vec![false; printed.len() + 1];
    at[0] = true;
    for line in &shown {
        let mut next = vec![false; printed.len() + 1];
        match line {
            Shown::AnyLines => {
                let first = at.iter().position(|here| *here).unwrap_or(next.len());
                next[first..].fill(true);
            }
            Shown::Line(regex) => {
                for i in (0..printed.len()).filter(|i| at[*i]) {
                    next[i + 1] = regex.is_match(&printed[i]);
                }
            }
        }
        at = next;
    }
    if whole { at[printed.len()] } else { at.contains(&true) }
}

/// Whether each line is somewhere in the text, in this order: for a screen.
pub fn found_in_order(shown: &[String], screen: &str, roughly: bool) -> bool {
    let mut lines = screen.lines().map(tidy);
    shown.iter().filter(|line| !matches!(line.trim(), "…" | "")).all(|line| {
        let pattern = pattern(line, roughly);
        lines.any(|line| pattern.is_match(&line))
    })
}

#[test]
fn what_is_shown_must_be_what_is_printed() {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    for (shown, printed, roughly, good) in [
        ("a b", "a   b\n", false, true),
        ("a b", "a c\n", false, false),
        ("a", "a\nb\n", false, false),
        ("a\n…", "a\nb\nc\n", false, true),
        ("…\nc", "a\nb\nc\n", false, true),
        ("…\nd", "a\nb\nc\n", false, false),
        ("a … d", "a b c d\n", false, true),
        ("a … d", "a b c e\n", false, false),
        ("a …", "a\n", false, true),
        ("a …", "a b\n", false, true),
        ("a …", "ab\n", false, false),
        ("12 pods in 1.5s", "3 pods in 340ms\n", true, true),
        ("12 pods in 1.5s", "3 pods in 340ms\n", false, false),
        ("12 pods", "some pods\n", true, false),
        ("12 pods", "3 nodes\n", true, false),
        ("mltest-946fbcf5d-nh5kp 1/1", "mltest-946fbcf5d-xk2qd 1/1\n", true, true),
        ("mltest-946fbcf5d-nh5kp 1/1", "knn-946fbcf5d-xk2qd 1/1\n", true, false),
        ("2026-11-25T23:03:57Z x", "2027-01-02T03:04:05Z x\n", true, true),
        ("age 1m5s, 30Mi", "age 59s, 4Mi\n", true, true),
        ("age 1m5s, 30Mi", "age old, 4Mi\n", true, false),
        ("(a+b)*", "(a+b)*\n", false, true),
        ("Ready.", "Waiting: `a` has 0 of 1 pods ready\nReady.\n", false, true),
        ("", "", false, true),
    ] {
        assert_eq!(fits(&lines(shown), printed, roughly, true), good, "{shown:?} against {printed:?}");
    }
    assert!(fits(&lines("a"), "a\nb\n", false, false));
    assert!(!fits(&lines("b"), "a\nb\n", false, false));
    assert!(found_in_order(&lines("a …\n…\nc"), "x\n a 1\nb\nc\n", false));
    assert!(!found_in_order(&lines("c\na"), "a\nb\nc\n", false));
}
