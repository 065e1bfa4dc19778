//! The images that a Dockerfile of a person's own stands on, where build arguments name them.

use std::collections::BTreeMap;

/// The Dockerfile with the build arguments of its FROM lines filled in: `ARG BASE=alpine` and `FROM ${BASE}` become
/// `FROM alpine`. So that an image that is not on this machine can be named before the engine looks for it.
pub(super) fn filled(dockerfile: &str, given: &BTreeMap<String, String>) -> String {
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    let mut global = true;
    let mut out = String::with_capacity(dockerfile.len());
    for line in dockerfile.split_inclusive('\n') {
        let (word, rest) = line.trim().split_once(char::is_whitespace).unwrap_or((line.trim(), ""));
        // Only what stands before the first FROM counts for FROM lines.
        if global && word.eq_ignore_ascii_case("arg") {
            for part in rest.split_whitespace() {
                let (name, default) = part.split_once('=').unwrap_or((part, ""));
                let value = given.get(name).map_or(default.trim_matches(['"', '\'']), String::as_str);
                known.insert(name.to_owned(), value.to_owned());
            }
        }
        if word.eq_ignore_ascii_case("from") {
            global = false;
            out += &substituted(line, &known).unwrap_or_else(|| line.to_owned());
        } else {
            out += line;
        }
    }
    out
}

/// Nothing where a variable is not known: the engine's own words are better then.
fn substituted(line: &str, known: &BTreeMap<String, String>) -> Option<String> {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('$') {
        out += before;
        let (name, default, left) = match after.strip_prefix('{') {
            Some(inner) => {
                let (inside, left) = inner.split_once('}')?;
                let (name, default) = inside.split_once(":-").unwrap_or((inside, ""));
                (name, default, left)
            }
            None => {
                let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
                (&after[..end], "", &after[end..])
            }
        };
        let value = known.get(name).map(String::as_str).filter(|value| !value.is_empty()).unwrap_or(default);
        if value.is_empty() {
            return None;
        }
        out += value;
        rest = left;
    }
    Some(out + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_before_the_first_from_are_filled_into_from_lines() {
        let given = BTreeMap::from([("TAG".to_owned(), "3".to_owned())]);
        for (text, filled_in) in [
            (
                "ARG BASE=alpine\nFROM ${BASE}\nRUN echo $BASE\n",
                "ARG BASE=alpine\nFROM alpine\nRUN echo $BASE\n",
            ),
            ("ARG TAG=2 B=\"x\"\nfrom $B:$TAG AS y\nFROM y", "ARG TAG=2 B=\"x\"\nfrom x:3 AS y\nFROM y"),
            ("FROM ${NONE:-busybox}", "FROM busybox"),
            ("FROM $NONE\nARG NONE=later\nFROM $NONE", "FROM $NONE\nARG NONE=later\nFROM $NONE"),
            ("FROM scratch", "FROM scratch"),
        ] {
            assert_eq!(filled(text, &given), filled_in);
        }
    }
}
