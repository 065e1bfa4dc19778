//! Checks 76 to 89, and the rows of the classic watchdog beside them.

use crate::cluster::until;
use crate::watchdog::{Watchdog, command, script};
use crate::wire;
use rustix::process::Signal;
use std::process::Command;

fn with(process: &str, more: &[(&str, &str)]) -> Watchdog {
    Watchdog::start(&[&[("fprocess", process)], more].concat())
}

#[test]
fn check_076_cat_gives_the_body_back_and_both_lines_are_logged() {
    let mut w = with("cat", &[]);
    let reply = w.wire.post("/", "hello");
    assert_eq!((reply.status, reply.text().as_str()), (200, "hello"));
    let (whole, decimals) = reply.header("X-Duration-Seconds").unwrap().split_once('.').unwrap();
    assert!(whole.parse::<u64>().is_ok() && decimals.len() == 6, "{reply:?}");
    // Behind the date: `2006/01/02 15:04:05 Forking fprocess.`
    let line = w.line_with("Forking fprocess.");
    assert_eq!((line.len(), &line[4..5], &line[10..11], &line[13..14]), (37, "/", " ", ":"), "{line}");
    let line = w.line_with("Wrote 5 Bytes - Duration: ");
    assert!(line.ends_with('s') && line.rsplit('.').next().unwrap().len() == 7, "{line}");
}

#[test]
fn check_077_the_replys_type_is_the_requests() {
    let w = with("cat", &[]);
    let asked = |headers: &str, body: &str| {
        w.wire.ask("POST", "/", headers, body).header("Content-Type").map(str::to_owned)
    };
    assert_eq!(asked("Content-Type: text/x-own\r\n", "a").as_deref(), Some("text/x-own"));
    assert_eq!(asked("", "<html>").as_deref(), Some("text/html; charset=utf-8"), "guessed");
    let w = with("cat", &[("content_type", "application/x-set")]);
    assert_eq!(
        w.wire.ask("POST", "/", "Content-Type: text/x-own\r\n", "a").header("Content-Type"),
        Some("application/x-set")
    );
}

#[test]
fn check_079_a_failure_is_500_with_its_end_in_the_first_line() {
    let folder = tempfile::tempdir().unwrap();
    let process = script(folder.path(), "echo out; echo err >&2; exit 1");
    let reply = with(&process, &[]).wire.post("/", "");
    assert_eq!((reply.status, reply.text().as_str()), (500, "exit status 1\nout\nerr\n"));
    assert_eq!(reply.header("X-Duration-Seconds"), None);
    for (process, text) in [
        ("/nonexistent", "fork/exec /nonexistent: no such file or directory\n"),
        (&*script(folder.path(), "kill -9 $$"), "signal: killed\n"),
    ] {
        let reply = with(process, &[]).wire.post("/", "");
        assert_eq!((reply.status, reply.text().as_str()), (500, text));
    }
}

#[test]
fn check_080_stderr_is_joined_or_logged() {
    let folder = tempfile::tempdir().unwrap();
    let process = script(folder.path(), "echo out; echo err >&2");
    assert_eq!(with(&process, &[]).wire.post("/", "").text(), "out\nerr\n");
    let mut w = with(&process, &[("combine_output", "false")]);
    assert_eq!(w.wire.post("/", "").text(), "out\n");
    assert!(w.line_with("stderr: ").ends_with("stderr: err"));
    let process = script(folder.path(), "echo out; echo err >&2; exit 1");
    let reply = with(&process, &[("combine_output", "false")]).wire.post("/", "");
    assert_eq!((reply.status, reply.text().as_str()), (500, "exit status 1\nout\n"));
}

#[test]
fn check_082_head_and_options_are_405_and_the_others_run() {
    let w = with("cat", &[]);
    for method in ["HEAD", "OPTIONS", "TRACE"] {
        assert_eq!(w.wire.ask(method, "/", "", "").status, 405, "{method}");
    }
    for method in ["POST", "PUT", "PATCH", "DELETE", "GET"] {
        assert_eq!(w.wire.ask(method, "/", "", "x").text(), "x", "{method}");
    }
}

#[test]
fn check_083_more_than_max_inflight_is_429() {
    let folder = tempfile::tempdir().unwrap();
    let process = script(folder.path(), "echo in > \"$TMPDIR/in\"; read go < \"$TMPDIR/go\"; echo done");
    let w = with(&process, &[("max_inflight", "1")]);
    let made = Command::new("mkfifo").arg(w.folder.path().join("go")).status().unwrap();
    assert!(made.success());
    let first = w.wire.send("POST", "/", "", b"");
    until("the first runs", || w.folder.path().join("in").exists().then_some(()));
    let reply = w.wire.post("/", "");
    assert_eq!((reply.status, reply.header("Content-Type")), (429, Some("text/plain")));
    assert_eq!(reply.text(), "Concurrent request limit exceeded. Max concurrent requests: 1\n");
    assert_eq!(reply.header("X-Openfaas-Internal"), Some("faas-middleware"));
    assert_eq!(w.wire.get("/_/health").status, 200);
    std::fs::write(w.folder.path().join("go"), "go\n").unwrap();
    assert_eq!(wire::read(first, false).unwrap().text(), "done\n");
}

#[test]
fn check_085_a_body_that_stalls_is_400_at_read_timeout() {
    let w = with("cat", &[("read_timeout", "200ms")]);
    let stream = w.wire.raw(b"POST / HTTP/1.1\r\nHost: f\r\nContent-Length: 10\r\n\r\nhalf");
    let reply = wire::read(stream, false).unwrap();
    let text = reply.text();
    assert!(
        reply.status == 400 && text.starts_with("read tcp ") && text.ends_with(": i/o timeout\n"),
        "{reply:?}"
    );
}

#[test]
fn check_086_past_write_timeout_the_connection_is_closed_and_the_process_lives() {
    let folder = tempfile::tempdir().unwrap();
    let process = script(folder.path(), "sleep 0.5; echo done > \"$TMPDIR/done\"");
    let mut w = with(&process, &[("write_timeout", "200ms")]);
    assert!(w.wire.reply("POST", "/", "", b"").is_none());
    assert!(w.folder.path().join("done").exists(), "only when the process has ended");
    w.line_with("Wrote 0 Bytes");
}

#[test]
fn check_088_sigterm_lets_calls_end_those_too_that_come_in_the_delay() {
    let folder = tempfile::tempdir().unwrap();
    let process = script(folder.path(), "echo in >> \"$TMPDIR/in\"; sleep 0.4; echo done");
    let mut w = with(&process, &[("healthcheck_interval", "2s")]);
    let before = w.wire.send("POST", "/", "", b"");
    until("it runs", || w.folder.path().join("in").exists().then_some(()));
    w.signal(Signal::TERM);
    w.line_with("SIGTERM: no new connections in 2s");
    w.line_with("Removing lock-file : ");
    let reply = w.wire.get("/_/health");
    assert_eq!((reply.status, reply.text().as_str()), (503, ""));
    let in_delay = w.wire.send("POST", "/", "", b"");
    w.line_with("No new connections allowed, draining: ");
    for stream in [before, in_delay] {
        assert_eq!(wire::read(stream, false).unwrap().text(), "done\n");
    }
    w.line_with("Exiting. Active connections: 0");
    assert_eq!(w.ended(), Some(0));
}

#[test]
fn check_089_without_fprocess_it_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let done = command(folder.path(), &[]).output().unwrap();
    assert!(!done.status.success());
    assert!(String::from_utf8_lossy(&done.stderr).contains("fprocess"));
}

#[test]
fn it_says_how_it_starts_in_the_originals_words() {
    let folder = tempfile::tempdir().unwrap();
    let vars =
        [("fprocess", "cat"), ("read_timeout", "5s"), ("write_timeout", "8"), ("exec_timeout", "1m30s")];
    let mut child = command(folder.path(), &vars).spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stderr.take().unwrap()));
    let lock = format!("Writing lock-file to: {}/.lock", folder.path().display());
    for expected in [
        "Version: ",
        "Timeouts: read: 5s write: 8s hard: 1m30s health: 8s.",
        "Listening on port: ",
        &lock,
        "Metrics listening on port: ",
    ] {
        let line = lines.next().unwrap().unwrap();
        assert!(line[20..].starts_with(expected), "{expected}: {line}");
    }
    let _ = (child.kill(), child.wait());
}

#[test]
fn the_function_sees_the_request_as_variables() {
    let w = with("env", &[]);
    let text = w.wire.ask("POST", "/a%20b?x=1&y=%20", "X-Call-Id: one\r\nx-call-id: two\r\n", "hello").text();
    for line in [
        "Http_X_Call_Id=one",
        "Http_Method=POST",
        "Http_ContentLength=5",
        "Http_Content_Length=5",
        "Http_Query=x=1&y=%20",
        "Http_Path=/a b",
    ] {
        assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
    }
    assert!(text.contains("Http_Host=127.0.0.1:"), "{text}");
    let text = with("env", &[("cgi_headers", "false")]).wire.post("/", "").text();
    assert!(!text.contains("Http_"), "{text}");
    let text = with("cat", &[("marshal_request", "true")]).wire.post("/", "hi").text();
    let seen: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&seen["body"]["raw"], &seen["header"]["Content-Length"]),
        (&"aGk=".into(), &serde_json::json!(["2"]))
    );
}

#[test]
fn suppress_lock_keeps_it_unhealthy_and_health_is_a_get() {
    let mut w = Watchdog::starting(&[("fprocess", "cat"), ("suppress_lock", "true")]);
    w.metrics();
    let reply = w.wire.get("/_/health");
    assert_eq!((reply.status, reply.text().as_str()), (503, ""));
    let w = with("cat", &[]);
    assert_eq!(w.wire.get("/_/health").text(), "OK");
    assert_eq!(w.wire.post("/_/health", "").status, 405);
    let lock = w.folder.path().join(".lock");
    use std::os::unix::fs::PermissionsExt;
    // 0660, less what the umask takes away.
    assert_eq!(std::fs::metadata(&lock).unwrap().permissions().mode() & 0o717, 0o600);
    let check = || command(w.folder.path(), &[]).arg("-run-healthcheck").output().unwrap();
    assert_eq!(check().status.code(), Some(0));
    std::fs::remove_file(&lock).unwrap();
    let done = check();
    assert_eq!(done.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&done.stderr), "unable to find lock file.\n");
    assert_eq!(w.wire.get("/_/health").status, 503);
    let version = command(w.folder.path(), &[]).arg("-version").output().unwrap();
    assert_eq!(String::from_utf8_lossy(&version.stdout).lines().count(), 1);
}

#[test]
fn a_taken_metrics_port_is_moved() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    // Better: the original panics.
    let mut w = with("cat", &[("FAASIM_METRICS_PORT", &port)]);
    let metrics = w.metrics();
    assert!(!metrics.address.ends_with(&format!(":{port}")));
    assert_eq!(metrics.get("/metrics").status, 200);
}

#[test]
fn check_104_the_watchdog_counts_calls_by_code_and_method() {
    let mut w = with("cat", &[]);
    let metrics = w.metrics();
    assert_eq!(w.wire.post("/", "x").status, 200);
    assert_eq!(w.wire.ask("HEAD", "/", "", "").status, 405);
    let text = metrics.get("/metrics").text();
    for line in [
        "http_requests_total{code=\"200\",method=\"post\"} 1",
        "http_requests_total{code=\"405\",method=\"head\"} 1",
        "http_request_duration_seconds_count{code=\"200\",method=\"post\"} 1",
        "http_requests_in_flight 0",
    ] {
        assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("method=\"get\""), "health checks are not counted: {text}");
    assert_eq!(metrics.get("/nope").status, 404);
}

#[test]
fn a_function_with_a_thousand_children_is_stopped_with_all_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().display().to_string();
    // In its group, in sessions of their own, and orphaned.
    let text = "i=0; while [ $i -lt 250 ]; do sleep 600 & setsid sleep 600 & (sleep 600 & sleep 600 &) ; i=$((i+1)); done\n\
                echo all > \"$TMPDIR/all\"; wait";
    let process = script(folder.path(), text);
    let w = with(&process, &[("healthcheck_interval", "1ms"), ("write_timeout", "1ms"), ("MARK", &mark)]);
    let call = w.wire.send("POST", "/", "", b"");
    let alive = || {
        let all = procfs::process::all_processes().unwrap().flatten();
        all.filter(|p| {
            p.environ().is_ok_and(|e| e.get(std::ffi::OsStr::new("MARK")).is_some_and(|m| **m == *mark))
        })
        .filter(|p| p.stat().is_ok_and(|s| s.comm == "sleep" && s.state != 'Z'))
        .count()
    };
    until("all are there", || w.folder.path().join("all").exists().then_some(()));
    until("a thousand", || (alive() == 1000).then_some(()));
    w.signal(Signal::TERM);
    drop(call);
    assert_eq!(w.ended(), Some(0));
    // All have been killed; the last of them may still be on their way out.
    until("none is left", || (alive() == 0).then_some(()));
}
