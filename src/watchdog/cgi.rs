//! A request as the environment variables that the function sees.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// The `Http_` variables of a request: a variable for each header (its first value), then the request itself.
///
/// Later pairs win over earlier ones of the same name.
pub(super) fn variables(head: &http::request::Parts, length: Option<u64>) -> Vec<(String, OsString)> {
    let mut vars = Vec::with_capacity(head.headers.len() + 6);
    for name in head.headers.keys() {
        // Both are part of the request, not headers, in the original.
        if name == http::header::HOST || name == http::header::TRANSFER_ENCODING {
            continue;
        }
        if let Some(value) = head.headers.get(name) {
            let key = format!("Http_{}", canonical(name.as_str()).replace('-', "_"));
            vars.push((key, OsStr::from_bytes(value.as_bytes()).to_owned()));
        }
    }
    let mut push = |key: &str, value: OsString| vars.push((key.to_owned(), value));
    push("Http_Method", head.method.as_str().into());
    let length = length.map_or_else(|| "-1".to_owned(), |n| n.to_string());
    push("Http_ContentLength", (&length).into());
    push("Http_Content_Length", length.into());
    if let Some(encoding) = head.headers.get(http::header::TRANSFER_ENCODING) {
        push("Http_Transfer_Encoding", OsStr::from_bytes(encoding.as_bytes()).to_owned());
    }
    if let Some(query) = head.uri.query().filter(|q| !q.is_empty()) {
        push("Http_Query", query.into());
    }
    if !head.uri.path().is_empty() {
        push("Http_Path", OsString::from_vec(percent_decoded(head.uri.path())));
    }
    let host = head.uri.authority().map(|a| a.as_str().as_bytes());
    if let Some(host) = host.or_else(|| head.headers.get(http::header::HOST).map(|h| h.as_bytes())) {
        push("Http_Host", OsStr::from_bytes(host).to_owned());
    }
    vars
}

/// A header name as Go writes it: `x-call-id` is `X-Call-Id`.
pub(super) fn canonical(name: &str) -> String {
    let mut upper = true;
    name.chars()
        .map(|c| {
            let c = if upper { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
            upper = c == '-';
            c
        })
        .collect()
}

/// Undoes `%2F` and the like; what is no escape stays as it is.
pub(super) fn percent_decoded(path: &str) -> Vec<u8> {
    let bytes = path.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = bytes
            .get(at + 1..at + 3)
            .filter(|hex| bytes[at] == b'%' && hex.iter().all(u8::is_ascii_hexdigit));
        let value = escape
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        decoded.push(value.unwrap_or(bytes[at]));
        at += if value.is_some() { 3 } else { 1 };
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_becomes_variables_in_the_originals_order() {
        let request = http::Request::builder()
            .method("POST")
            .uri("/a%20b/%zz?x=1&y=%20")
            .header("host", "example.org:8080")
            .header("x-call-id", "first")
            .header("x-call-id", "second")
            .header("content-type", "text/plain")
            .body(())
            .unwrap();
        let vars = variables(&request.into_parts().0, Some(5));
        let got: Vec<_> = vars.iter().map(|(k, v)| format!("{k}={}", v.to_string_lossy())).collect();
        assert_eq!(
            got,
            [
                "Http_X_Call_Id=first",
                "Http_Content_Type=text/plain",
                "Http_Method=POST",
                "Http_ContentLength=5",
                "Http_Content_Length=5",
                "Http_Query=x=1&y=%20",
                "Http_Path=/a b/%zz",
                "Http_Host=example.org:8080",
            ]
        );
    }

    #[test]
    fn a_body_of_unknown_length_is_chunked_and_minus_one() {
        let request =
            http::Request::builder().uri("/").header("transfer-encoding", "chunked").body(()).unwrap();
        let vars = variables(&request.into_parts().0, None);
        let get =
            |key: &str| vars.iter().find(|(k, _)| k == key).map(|(_, v)| v.to_string_lossy().into_owned());
        assert_eq!(get("Http_Content_Length").as_deref(), Some("-1"));
        assert_eq!(get("Http_Transfer_Encoding").as_deref(), Some("chunked"));
    }
}
