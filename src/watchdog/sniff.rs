//! A content type guessed from the first bytes, for replies whose function and caller named none: the common
//! part of the WHATWG sniffing rules that Go's HTTP server applies.

/// The content type of `body`; `None` when it is empty.
pub(super) fn content_type(body: &[u8]) -> Option<&'static str> {
    const MAGIC: [(&[u8], &str); 12] = [
        (b"%PDF-", "application/pdf"),
        (b"%!PS-Adobe-", "application/postscript"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"GIF87a", "image/gif"),
        (b"GIF89a", "image/gif"),
        (b"BM", "image/bmp"),
        (b"\x1f\x8b\x08", "application/x-gzip"),
        (b"PK\x03\x04", "application/zip"),
        (b"\0asm", "application/wasm"),
        (b"OggS\0", "application/ogg"),
        (b"\xef\xbb\xbf", "text/plain; charset=utf-8"),
    ];
    const TAGS: [&str; 17] = [
        "<!DOCTYPE HTML",
        "<HTML",
        "<HEAD",
        "<SCRIPT",
        "<IFRAME",
        "<H1",
        "<DIV",
        "<FONT",
        "<TABLE",
        "<A",
        "<STYLE",
        "<TITLE",
        "<B",
        "<BODY",
        "<BR",
        "<P",
        "<!--",
    ];
    if body.is_empty() {
        return None;
    }
    let head = &body[..body.len().min(512)];
    let text = head.trim_ascii_start();
    if TAGS.iter().any(|tag| starts_with_tag(text, tag)) {
        return Some("text/html; charset=utf-8");
    }
    if text.starts_with(b"<?xml") {
        return Some("text/xml; charset=utf-8");
    }
    if let Some((_, kind)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Some(kind);
    }
    let binary = |b: &u8| matches!(b, 0..=8 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f);
    Some(if head.iter().any(binary) { "application/octet-stream" } else { "text/plain; charset=utf-8" })
}

/// A tag in any case, and after it a space or the bracket's end.
fn starts_with_tag(text: &[u8], tag: &str) -> bool {
    let Some((start, rest)) = text.split_at_checked(tag.len()) else { return false };
    start.eq_ignore_ascii_case(tag.as_bytes()) && (tag == "<!--" || matches!(rest.first(), Some(b' ' | b'>')))
}

#[cfg(test)]
mod tests {
    use super::content_type;

    #[test]
    fn common_kinds_are_told_apart() {
        for (body, want) in [
            (&b""[..], None),
            (b"hello", Some("text/plain; charset=utf-8")),
            (b"{\"a\":1}", Some("text/plain; charset=utf-8")),
            (b"  <!doctype html>", Some("text/html; charset=utf-8")),
            (b"<abc>", Some("text/plain; charset=utf-8")),
            (b"<?xml version=\"1.0\"?>", Some("text/xml; charset=utf-8")),
            (b"\x89PNG\r\n\x1a\n...", Some("image/png")),
            (b"a\0b", Some("application/octet-stream")),
        ] {
            assert_eq!(content_type(body), want);
        }
    }
}
