//! The watchdog as a program of its own: each mode, told by its environment.

use crate::wire::Wire;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A watchdog that runs by itself.
pub struct Watchdog {
    pub child: Child,
    pub wire: Wire,
    pub folder: tempfile::TempDir,
    lines: BufReader<std::process::ChildStderr>,
}

/// The program as a watchdog, with its temporary folder in `folder` and free ports.
pub fn command(folder: &Path, vars: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_faasim"));
    command.arg("watchdog").env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin");
    command.env("TMPDIR", folder).env("port", "0").env("FAASIM_BIND", "127.0.0.1");
    command.env("FAASIM_METRICS_PORT", "0").envs(vars.iter().copied());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Watchdog {
    pub fn start(vars: &[(&str, &str)]) -> Watchdog {
        let mut watchdog = Watchdog::starting(vars);
        // Healthy once the lock file is there.
        watchdog.line_with("Writing lock-file to");
        let deadline = Instant::now() + Duration::from_secs(30);
        while watchdog.wire.get("/_/health").status != 200 {
            assert!(Instant::now() < deadline, "never healthy");
        }
        watchdog
    }

    /// One whose log was read up to the port that it listens on.
    pub fn starting(vars: &[(&str, &str)]) -> Watchdog {
        let folder = tempfile::tempdir().unwrap();
        let mut child = command(folder.path(), vars).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap());
        let mut watchdog = Watchdog { child, wire: Wire::to("127.0.0.1:0"), folder, lines };
        let line = watchdog.line_with("Listening on port: ");
        watchdog.wire = Wire::to(&format!("127.0.0.1:{}", line.rsplit(' ').next().unwrap()));
        watchdog
    }

    /// The next line of its log.
    pub fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        (self.lines.read_line(&mut line).unwrap() > 0).then(|| line.trim_end().to_owned())
    }

    /// The next line of its log that holds `text`.
    pub fn line_with(&mut self, text: &str) -> String {
        loop {
            let line = self.line().unwrap_or_else(|| panic!("it ended without saying {text:?}"));
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Where its metrics are.
    pub fn metrics(&mut self) -> Wire {
        let line = self.line_with("Metrics listening on port: ");
        Wire::to(&format!("127.0.0.1:{}", line.rsplit(' ').next().unwrap()))
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal).unwrap();
    }

    /// Its exit code, once it ends.
    pub fn ended(mut self) -> Option<i32> {
        // A pipe that nobody reads would hold it up.
        while self.line().is_some() {}
        self.child.wait().unwrap().code()
    }

    /// Status, head in lower case, and body.
    fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> (u16, String, String) {
        let reply = self.wire.ask(method, path, headers, body);
        (reply.status, reply.head.to_lowercase(), reply.text())
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A shell script as a function.
pub fn script(folder: &Path, text: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join("function.sh");
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

#[test]
fn check_097_streaming_replies_200_with_what_came_before_a_failure() {
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
    let mut reply = BufReader::new(w.wire.send("GET", "/", "", b""));
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
fn check_098_serializing_replies_500_with_the_reason_only() {
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
fn check_095_ready_answers_in_of_watchdogs_modes_only() {
    for (mode, status) in [("streaming", 200), ("serializing", 200)] {
        let w = Watchdog::start(&[("mode", mode), ("fprocess", "cat")]);
        assert_eq!(w.ask("GET", "/_/ready", "", "").0, status, "{mode}");
        assert_eq!(w.ask("POST", "/_/ready", "", "").0, 405, "{mode}");
    }
    // The classic one takes it for a request.
    let w = Watchdog::start(&[("fprocess", "cat")]);
    assert_eq!(w.ask("POST", "/_/ready", "", "body").2, "body");
}
