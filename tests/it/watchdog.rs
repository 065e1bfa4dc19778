//! The watchdog as a program of its own: each mode, told by its environment.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

struct Watchdog {
    child: Child,
    port: u16,
    lines: BufReader<std::process::ChildStderr>,
    _tmp: tempfile::TempDir,
}

impl Watchdog {
    fn start(vars: &[(&str, &str)]) -> Watchdog {
        let tmp = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_faasim"));
        command.arg("watchdog").env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin");
        command.env("TMPDIR", tmp.path()).env("port", "0").env("FAASIM_BIND", "127.0.0.1");
        command.env("FAASIM_METRICS_PORT", "0").envs(vars.iter().copied());
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap());
        let mut watchdog = Watchdog { child, port: 0, lines, _tmp: tmp };
        let line = watchdog.line_with("Listening on port: ");
        watchdog.port = line.rsplit(' ').next().unwrap().parse().unwrap();
        // Healthy once the lock file is there.
        watchdog.line_with("Writing lock-file to");
        let deadline = Instant::now() + Duration::from_secs(5);
        while watchdog.ask("GET", "/_/health", "", "").0 != 200 {
            assert!(Instant::now() < deadline, "never healthy");
        }
        watchdog
    }

    /// The next log line that holds `text`.
    fn line_with(&mut self, text: &str) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(self.lines.read_line(&mut line).unwrap(), 0, "ended without saying {text:?}");
            if line.contains(text) {
                return line.trim_end().to_owned();
            }
        }
    }

    fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let length = body.len();
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: f\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}")
            .unwrap();
        stream
    }

    /// Status, head and body as they came.
    fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> (u16, String, String) {
        let mut reply = Vec::new();
        // A reply that is cut off is an empty one here.
        let _ = self.send(method, path, headers, body).read_to_end(&mut reply);
        let reply = String::from_utf8_lossy(&reply).into_owned();
        let status = reply.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
        let (head, body) = reply.split_once("\r\n\r\n").unwrap_or_default();
        (status, head.to_lowercase(), body.to_owned())
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn script(folder: &Path, text: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join("function.sh");
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

#[test]
fn spec_97_streaming_replies_200_with_what_came_before_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let process = script(folder.path(), "cat; echo oops >&2; exit 1");
    let mut w = Watchdog::start(&[("mode", "streaming"), ("fprocess", &process)]);
    let (status, head, body) = w.ask("POST", "/a", "", "hello");
    assert_eq!(status, 200);
    assert!(head.contains("content-type: application/octet-stream"), "{head}");
    assert!(body.contains("hello") && !body.contains("oops"), "{body}");
    // The two come by different ways, in either order.
    w.line_with("POST /a - 500 - ContentLength: 5B");
}

#[test]
fn streaming_hands_on_the_first_bytes_before_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let process = script(folder.path(), "echo first; read wait < \"$PIPE\"; echo last");
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let pipe_name = pipe.display().to_string();
    let w = Watchdog::start(&[("mode", "streaming"), ("fprocess", &process), ("PIPE", &pipe_name)]);
    let mut reply = BufReader::new(w.send("GET", "/", "", ""));
    let mut line = String::new();
    while line.trim_end() != "first" {
        line.clear();
        assert_ne!(reply.read_line(&mut line).unwrap(), 0);
    }
    // Only now is the function let go on.
    std::fs::write(&pipe, "go\n").unwrap();
    let mut rest = String::new();
    reply.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("last"), "{rest}");
}

#[test]
fn spec_98_serializing_replies_500_with_the_reason_only() {
    let folder = tempfile::tempdir().unwrap();
    let process = script(folder.path(), "cat; exit 1");
    let w = Watchdog::start(&[("mode", "serializing"), ("fprocess", &process)]);
    let (status, head, body) = w.ask("POST", "/", "", "hello");
    assert_eq!((status, body.as_str()), (500, "exit status 1"));
    assert!(head.contains("x-duration-seconds: "), "{head}");
}

#[test]
fn serializing_replies_with_the_output_and_knows_no_contentlength_variable() {
    let w = Watchdog::start(&[("mode", "serializing"), ("fprocess", "env")]);
    let (status, _, body) = w.ask("POST", "/x?y=1", "X-Colour: red\r\n", "hello");
    assert_eq!(status, 200);
    for line in ["Http_Path=/x", "Http_Query=y=1", "Http_X_Colour=red", "Http_Content_Length=5"] {
        assert!(body.lines().any(|l| l == line), "{line} is not in\n{body}");
    }
    assert!(!body.contains("Http_ContentLength") && !body.contains("Http_Host"), "{body}");
}

#[test]
fn exec_timeout_kills_the_whole_group_in_time_in_each_forking_mode() {
    let folder = tempfile::tempdir().unwrap();
    // The shell's child holds the output open.
    let process = script(folder.path(), "echo begun; sleep 30; echo done");
    for (mode, status, want) in [
        ("classic", 408, "Killed process.\n"),
        ("serializing", 500, "signal: killed"),
        ("streaming", 200, "begun\n"),
    ] {
        let w = Watchdog::start(&[("mode", mode), ("fprocess", &process), ("exec_timeout", "300ms")]);
        let started = Instant::now();
        let (got, _, body) = w.ask("POST", "/", "", "");
        assert_eq!(got, status, "{mode}");
        assert!(body.contains(want) && !body.contains("done"), "{mode}: {body}");
        assert!(started.elapsed() < Duration::from_secs(5), "{mode}: {:?}", started.elapsed());
    }
}

#[test]
fn static_serves_the_files_below_its_folder_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("public/sub")).unwrap();
    std::fs::write(folder.path().join("public/index.html"), "<p>home</p>").unwrap();
    std::fs::write(folder.path().join("public/sub/a.txt"), "text").unwrap();
    std::fs::write(folder.path().join("secret"), "hidden").unwrap();
    let root = folder.path().join("public").display().to_string();
    let w = Watchdog::start(&[("mode", "static"), ("static_path", &root)]);
    let (status, head, body) = w.ask("GET", "/", "", "");
    assert_eq!((status, body.as_str()), (200, "<p>home</p>"));
    assert!(head.contains("content-type: text/html"), "{head}");
    assert_eq!(w.ask("GET", "/sub/a.txt", "", "").2, "text");
    assert_eq!(w.ask("GET", "/sub", "", "").0, 301);
    for path in ["/nope", "/../secret", "/%2e%2e/secret"] {
        let (status, _, body) = w.ask("GET", path, "", "");
        assert_eq!((status, body.as_str()), (404, "404 page not found\n"), "{path}");
    }
}

#[test]
fn spec_95_ready_answers_in_of_watchdogs_modes_only() {
    for (mode, status) in [("streaming", 200), ("serializing", 200)] {
        let w = Watchdog::start(&[("mode", mode), ("fprocess", "cat")]);
        assert_eq!(w.ask("GET", "/_/ready", "", "").0, status, "{mode}");
        assert_eq!(w.ask("POST", "/_/ready", "", "").0, 405, "{mode}");
    }
    // The classic one takes it for a request.
    let w = Watchdog::start(&[("fprocess", "cat")]);
    assert_eq!(w.ask("POST", "/_/ready", "", "body").2, "body");
}
