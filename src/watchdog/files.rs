//! of-watchdog's `static` mode: the files below a folder.

use super::pod::{InFlight, Pod};
use super::reply::{self, Body};
use super::{cgi, gofmt};
use futures_util::TryStreamExt;
use http::{HeaderValue, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Component, Path, PathBuf};
use std::time::Instant;
use tokio_util::io::ReaderStream;

/// Replies with the file that the path names, `index.html` for a folder.
pub(super) async fn answer(root: &Path, uri: &Uri, pod: &Pod, in_flight: InFlight) -> Response<Body> {
    let started = Instant::now();
    let response = find(root, uri, in_flight).await;
    let (status, seconds) = (response.status(), started.elapsed().as_secs_f64());
    let length = response.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse().ok());
    pod.log.say(format!(
        "GET {} - {} - ContentLength: {} ({seconds:.4}s)",
        uri.path(),
        status.as_u16(),
        gofmt::size(length)
    ));
    response
}

async fn find(root: &Path, uri: &Uri, in_flight: InFlight) -> Response<Body> {
    let Some(mut file) = below(root, uri.path()) else { return missing() };
    if file.is_dir() {
        if !uri.path().ends_with('/') {
            let mut response = reply::empty(StatusCode::MOVED_PERMANENTLY);
            // Relative, as the original's: the function does not know under which path it is reached.
            let last = uri.path().rsplit('/').next().unwrap_or_default();
            if let Ok(place) = HeaderValue::from_str(&format!("{last}/")) {
                response.headers_mut().insert(header::LOCATION, place);
            }
            return response;
        }
        file.push("index.html");
    }
    let Ok(open) = tokio::fs::File::open(&file).await else { return missing() };
    let Ok(about) = open.metadata().await else { return missing() };
    if !about.is_file() {
        return missing();
    }
    let frames = ReaderStream::with_capacity(open, 64 * 1024).map_ok(move |chunk| {
        // In flight until the last of it has been read.
        let _until_then = &in_flight;
        Frame::data(chunk)
    });
    let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, about.len().into());
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind(&file)));
    response
}

fn missing() -> Response<Body> {
    let mut response = reply::text(StatusCode::NOT_FOUND, "404 page not found\n");
    response.headers_mut().insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    response
}

/// The file of a path, if the path stays below `root`.
fn below(root: &Path, path: &str) -> Option<PathBuf> {
    let path = PathBuf::from(OsString::from_vec(cgi::percent_decoded(path)));
    let mut file = root.to_owned();
    for part in path.components() {
        match part {
            Component::Normal(name) => file.push(name),
            Component::RootDir | Component::CurDir => {}
            Component::ParentDir | Component::Prefix(_) => return None,
        }
    }
    Some(file)
}

fn kind(file: &Path) -> &'static str {
    match file.extension().and_then(|e| e.to_str()).unwrap_or_default() {
        "html" | "htm" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "txt" | "md" => "text/plain; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "wasm" => "application/wasm",
        "pdf" => "application/pdf",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::below;
    use std::path::Path;

    #[test]
    fn no_path_leads_out_of_the_folder() {
        let root = Path::new("/srv");
        assert_eq!(below(root, "/a/b%20c.txt").as_deref(), Some(Path::new("/srv/a/b c.txt")));
        for path in ["/../etc/passwd", "/a/../../x", "/%2e%2e/x", "/a/..%2f..%2fx"] {
            assert_eq!(below(root, path), None, "{path}");
        }
    }
}
