//! Checks 91 to 100, and the rows of of-watchdog beside them. The forking modes are in `watchdog.rs`.

use super::stage::{free_port, server_py};
use crate::watchdog::Watchdog;
use crate::wire;
use rustix::process::Signal;
use std::io::BufReader;

/// One in http mode that takes requests.
fn web(more: &[(&str, &str)]) -> Watchdog {
    let mut w = starting(more);
    w.line_with("stderr: serving");
    w
}

fn starting(more: &[(&str, &str)]) -> Watchdog {
    let port = free_port().to_string();
    let (upstream, process) = (format!("http://127.0.0.1:{port}"), format!("python3 {}", server_py()));
    let vars = [("fprocess", &*process), ("mode", "http"), ("upstream_url", &upstream), ("PORT", &port)];
    Watchdog::starting(&[&vars[..], more].concat())
}

#[test]
fn check_091_past_exec_timeout_it_is_504_and_the_work_goes_on() {
    let mut w = web(&[("exec_timeout", "200ms")]);
    let reply = w.wire.post("/sleep?0.6", "");
    assert_eq!((reply.status, reply.text().as_str()), (504, ""));
    assert_eq!(reply.header("X-Openfaas-Internal"), Some("of-watchdog"));
    assert!(reply.header("X-Duration-Seconds").is_some());
    w.line_with("Upstream HTTP killed due to exec_timeout: 200ms");
    w.line_with("stderr: slept");
}

#[test]
fn check_092_a_request_may_ask_for_less_and_not_for_more() {
    let w = web(&[("exec_timeout", "1s")]);
    let reply = w.wire.ask("POST", "/sleep?0.6", "X-Timeout: 100ms\r\n", "");
    assert_eq!((reply.status, reply.text().as_str()), (504, ""));
    for given in ["X-Timeout: 50s\r\n", "X-Timeout: soon\r\n"] {
        assert_eq!(w.wire.ask("POST", "/sleep?1.6", given, "").status, 504, "{given}");
    }
    // A stream of events may take its time.
    assert_eq!(w.wire.ask("GET", "/sleep?1.2", "Accept: text/event-stream\r\n", "").status, 200);
}

#[test]
fn check_094_a_child_that_fails_takes_the_watchdog_with_it() {
    let mut w = web(&[]);
    assert_eq!(w.wire.reply("POST", "/exit?3", "", b"").map(|r| r.status), Some(500));
    w.line_with("Forked function has terminated: exit status 3");
    assert_eq!(w.ended(), Some(1));
    // One that ends well leaves it up, and every call is 500.
    let mut w = web(&[]);
    assert_eq!(w.wire.post("/exit?0", "").status, 500);
    w.line_with("Forked function has terminated: exit status 0");
    let reply = w.wire.post("/", "");
    assert_eq!((reply.status, reply.text().as_str()), (500, ""));
    assert_eq!(reply.header("X-Openfaas-Internal"), Some("of-watchdog"));
}

#[test]
fn check_095_ready_says_whether_a_call_would_be_taken() {
    let mut w = web(&[("max_inflight", "1"), ("healthcheck_interval", "20s"), ("TRAP", "1")]);
    let reply = w.wire.get("/_/ready");
    assert_eq!((reply.status, reply.text().as_str()), (200, ""));
    assert_eq!(w.wire.post("/_/ready", "").status, 405);
    let first = w.wire.send("POST", "/sleep?3", "", b"");
    crate::cluster::until("it is full", || (w.wire.get("/_/ready").status == 429).then_some(()));
    assert_eq!(w.wire.get("/_/health").status, 200);
    let reply = w.wire.post("/", "");
    assert_eq!(reply.text(), "Concurrent request limit exceeded. Max concurrent requests: 1\n");
    assert_eq!(wire::read(first, false).unwrap().text(), "slept\n");
    w.signal(Signal::TERM);
    w.line_with("SIGTERM: no new connections in 20s");
    assert_eq!(w.wire.get("/_/ready").status, 503);
    // With a path of its own the function says it.
    let w = web(&[("ready_path", "/ready"), ("READY", "418")]);
    assert_eq!((w.wire.get("/_/ready").status, w.wire.get("/_/ready").text().as_str()), (418, "as told\n"));
}

#[test]
fn check_100_a_child_that_traps_sigterm_lets_calls_end() {
    let mut w = web(&[("healthcheck_interval", "200ms"), ("TRAP", "1"), ("max_inflight", "1")]);
    let call = w.wire.send("POST", "/sleep?2", "", b"");
    crate::cluster::until("it runs", || (w.wire.get("/_/ready").status == 429).then_some(()));
    w.signal(Signal::TERM);
    assert_eq!(wire::read(call, false).unwrap().text(), "slept\n");
    w.line_with("Exiting. Active connections: 0");
    assert_eq!(w.ended(), Some(0));
    // One that does not dies of it, and the watchdog with it.
    let w = web(&[]);
    w.signal(Signal::TERM);
    assert_eq!(w.ended(), Some(1));
}

#[test]
fn it_starts_forwards_and_logs_in_the_originals_words() {
    let port = free_port().to_string();
    let (upstream, process) = (format!("http://127.0.0.1:{port}"), format!("python3 {}", server_py()));
    let vars = [
        ("fprocess", &*process),
        ("mode", "http"),
        ("upstream_url", &upstream),
        ("PORT", &port),
        ("log_callid", "true"),
    ];
    let folder = tempfile::tempdir().unwrap();
    let mut child = crate::watchdog::command(folder.path(), &vars).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap());
    let mut seen = Vec::new();
    for line in std::io::BufRead::lines(lines) {
        let line = line.unwrap();
        let over = line.contains("Metrics listening on port");
        seen.push(line[20..].to_owned());
        if over {
            break;
        }
    }
    let _ = (child.kill(), child.wait());
    let has = |text: String| assert!(seen.contains(&text), "{text}: {seen:?}");
    has(format!("Forking: python3, arguments: [{}]", server_py()));
    has(format!("Watchdog mode: http\tfprocess: \"{process}\""));
    has("Timeouts: read: 30s write: 30s hard: 30s health: 30s".to_owned());

    let mut w = web(&[("log_callid", "true")]);
    let seen = w.wire.ask("POST", "/a/b?x=1", "X-Own: 5\r\n", "hello").json();
    assert_eq!(
        (&seen["path"], &seen["body"], &seen["headers"]["x-own"]),
        (&"/a/b?x=1".into(), &"hello".into(), &"5".into())
    );
    assert_eq!(seen["headers"]["transfer-encoding"], "chunked", "even a body of known length");
    let line = w.line_with("POST /a/b?x=1 - 200 OK - ContentLength: ");
    assert!(line.contains("B (") && line.ends_with("s) [none]"), "{line}");
    w.wire.ask("GET", "/x", "X-Call-Id: mine\r\nAccept: text/event-stream\r\n", "");
    let line = w.line_with("GET /x - 200 - Bytes: ");
    assert!(line.ends_with("s) [mine]"), "{line}");
    // A probe is not logged.
    w.wire.ask("GET", "/probed", "User-Agent: kube-probe/1.30\r\n", "");
    w.wire.ask("GET", "/after", "", "");
    assert!(!w.line_with("GET /").contains("/probed"));
}

#[test]
fn while_the_server_starts_health_is_good_and_calls_are_500() {
    let w = starting(&[("LATE", "60")]);
    crate::cluster::until("healthy", || (w.wire.get("/_/health").status == 200).then_some(()));
    let reply = w.wire.post("/", "");
    assert_eq!((reply.status, reply.text().as_str()), (500, ""));
    assert_eq!(reply.header("X-Openfaas-Internal"), Some("of-watchdog"));
}

#[test]
fn past_write_timeout_the_connection_is_closed_without_a_reply() {
    let w = web(&[("write_timeout", "200ms")]);
    assert!(w.wire.reply("POST", "/sleep?0.4", "", b"").is_none());
}
