//! Where a request's path leads: cleaned, decoded and encoded again the way Go's server does it, since
//! functions see the result.

use std::borrow::Cow;

/// What a path asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target<'a> {
    /// `/function/{name}{rest}`; `rest` is what the function sees and begins with a slash.
    Function { name: &'a str, rest: Cow<'a, str> },
    /// The same place under its clean name.
    Moved(String),
    /// Anything else.
    Other,
    /// A `%` that two hexadecimal digits do not follow.
    Malformed,
}

/// Reads the path of a request line (without its query).
pub(super) fn target(path: &str) -> Target<'_> {
    if is_plain(path) {
        return match split(path) {
            Some((name, rest)) => Target::Function { name, rest: Cow::Borrowed(rest) },
            None => Target::Other,
        };
    }
    let Some(decoded) = decode(path) else { return Target::Malformed };
    let cleaned = clean(&decoded);
    if cleaned != decoded {
        return Target::Moved(encode(&cleaned));
    }
    // The name has a narrow alphabet, so it stands in the raw path as it does in the decoded one, or not at all.
    match split(path) {
        Some((name, rest)) => match decode(rest) {
            Some(rest) => Target::Function { name, rest: Cow::Owned(encode(&rest)) },
            None => Target::Malformed,
        },
        None => Target::Other,
    }
}

fn split(path: &str) -> Option<(&str, &str)> {
    let after = path.strip_prefix("/function/")?;
    let end = after.find('/').unwrap_or(after.len());
    let (name, rest) = after.split_at(end);
    let valid = !name.is_empty() && name.bytes().all(is_name_byte);
    valid.then_some((name, if rest.is_empty() { "/" } else { rest }))
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

/// What Go leaves as it is when it writes a path.
fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@".contains(&byte)
}

/// Nothing in it to decode, to encode or to clean.
fn is_plain(path: &str) -> bool {
    let mut previous = 0;
    for byte in path.bytes() {
        if !is_path_byte(byte) || (previous == b'/' && (byte == b'/' || byte == b'.')) {
            return false;
        }
        previous = byte;
    }
    true
}

fn decode(path: &str) -> Option<Vec<u8>> {
    let mut bytes = path.bytes();
    let mut decoded = Vec::with_capacity(path.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                (digit()? * 16 + digit()?) as u8
            }
            plain => plain,
        });
    }
    Some(decoded)
}

fn encode(path: &[u8]) -> String {
    let mut encoded = String::with_capacity(path.len() + 8);
    for &byte in path {
        if is_path_byte(byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Without empty, `.` and `..` segments; a slash at the end stays.
fn clean(path: &[u8]) -> Vec<u8> {
    let mut kept: Vec<&[u8]> = Vec::new();
    for segment in path.split(|&b| b == b'/') {
        match segment {
            b"" | b"." => {}
            b".." => drop(kept.pop()),
            _ => kept.push(segment),
        }
    }
    let mut cleaned = vec![b'/'];
    cleaned.extend(kept.join(&b'/'));
    if path.ends_with(b"/") && cleaned.len() > 1 {
        cleaned.push(b'/');
    }
    cleaned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_found_and_see_their_part_of_the_path() {
        for (path, name, rest) in [
            ("/function/echo", "echo", "/"),
            ("/function/echo/", "echo", "/"),
            ("/function/echo/a/b", "echo", "/a/b"),
            ("/function/echo.openfaas-fn/a", "echo.openfaas-fn", "/a"),
            ("/function/echo/a%2Fb", "echo", "/a/b"),
            ("/function/echo/a%20b", "echo", "/a%20b"),
            ("/function/echo/%41%c3%a4", "echo", "/A%C3%A4"),
            ("/function/echo/a!b", "echo", "/a%21b"),
            ("/function/echo/.well-known/x", "echo", "/.well-known/x"),
            ("/function/a..b/x", "a..b", "/x"),
        ] {
            assert_eq!(target(path), Target::Function { name, rest: rest.into() }, "{path}");
        }
    }

    #[test]
    fn other_paths() {
        for path in
            ["/", "/function/", "/function", "/function/bad!name", "/function/b%61d", "/system/info", "*"]
        {
            assert!(matches!(target(path), Target::Other | Target::Moved(_)), "{path}: {:?}", target(path));
        }
        assert_eq!(target("/function/"), Target::Other);
        assert_eq!(target("/function/bad!name"), Target::Other);
        assert_eq!(target("/function/x/%zz"), Target::Malformed);
        assert_eq!(target("/function/x/%4"), Target::Malformed);
    }

    #[test]
    fn unclean_paths_move() {
        for (path, clean) in [
            ("//function/echo", "/function/echo"),
            ("/function/echo//a/", "/function/echo/a/"),
            ("/function/./echo", "/function/echo"),
            ("/function/echo/../x", "/function/x"),
            ("/function/echo/%2e%2e/x", "/function/x"),
            ("/function/echo/a%2F%2Fb c%20", "/function/echo/a/b%20c%20"),
            ("/../..", "/"),
        ] {
            assert_eq!(target(path), Target::Moved(clean.into()), "{path}");
        }
    }
}
