//! Asynchronous calls: answered at once, done later, told to whoever asked, and tried again.

use crate::cluster::{Cluster, until};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

const STACK: &str = "  echo: { image: faasim/base, fprocess: faasim function echo }
  fail:
    image: faasim/base
    fprocess: faasim function fail
    annotations: { com.openfaas.retry.attempts: '2', com.openfaas.retry.min_wait: 50ms }
";

/// One request, raw; the reply's head and body.
fn post(gateway: &str, path: &str, headers: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(gateway.trim_start_matches("http://")).unwrap();
    let length = body.len();
    write!(stream, "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}").unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    reply
}

#[test]
fn a_call_is_answered_at_once_done_later_and_told_of() {
    let cluster = Cluster::up(STACK, &[]);
    cluster.until_ready("echo", 1);
    cluster.until_ready("fail", 1);
    let gateway = cluster.gateway.as_str();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let callback = format!("X-Callback-Url: http://{}/told\r\n", listener.local_addr().unwrap());

    let reply = post(gateway, "/async-function/echo?a=b", &format!("{callback}X-Call-Id: mine\r\n"), "hello");
    assert!(reply.starts_with("HTTP/1.1 202") && reply.contains("x-call-id: mine"), "{reply}");
    let (mut told, _) = listener.accept().unwrap();
    let mut seen = Vec::new();
    let mut part = [0; 4096];
    while !String::from_utf8_lossy(&seen).contains("hello") {
        let n = told.read(&mut part).unwrap();
        assert!(n > 0, "{}", String::from_utf8_lossy(&seen));
        seen.extend_from_slice(&part[..n]);
    }
    told.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
    let seen = String::from_utf8_lossy(&seen).to_lowercase();
    for expected in
        ["post /told", "x-function-status: 200", "x-function-name: echo.openfaas-fn", "x-call-id: mine"]
    {
        assert!(seen.contains(expected), "{expected}: {seen}");
    }

    // A call that fails is tried again as its annotations say, and then kept to be looked at.
    let reply = post(gateway, "/async-function/fail.openfaas-fn", "", "3");
    assert!(reply.starts_with("HTTP/1.1 202") && reply.contains("x-call-id: "), "{reply}");
    let password = cluster.says(&["password"]);
    let password = password.split_whitespace().last().unwrap();
    let look = || {
        let key = STANDARD.encode(format!("admin:{password}"));
        let mut stream = TcpStream::connect(gateway.trim_start_matches("http://")).unwrap();
        let head = "GET /system/faasim/async HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n";
        write!(stream, "{head}Authorization: Basic {key}\r\n\r\n").unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        let body = reply.split("\r\n\r\n").nth(1).unwrap_or_default();
        serde_json::from_str::<serde_json::Value>(body).unwrap_or_else(|e| panic!("{e}: {reply}"))
    };
    let dead = until("the call is given up", || Some(look()).filter(|all| all["counts"]["dead"] == 1));
    let call = &dead["calls"][0];
    assert_eq!((call["tries"].as_u64(), call["status"].as_u64()), (Some(2), Some(500)), "{dead}");
    assert_eq!(dead["counts"]["queued"].as_u64().unwrap() + dead["counts"]["running"].as_u64().unwrap(), 0);

    for (path, headers, status) in [
        ("/async-function/echo", "X-Callback-Url: not a url\r\n", "400"),
        ("/async-function/bad!name", "", "404"),
    ] {
        let reply = post(gateway, path, headers, "x");
        assert!(reply.starts_with(&format!("HTTP/1.1 {status}")), "{path}: {reply}");
    }
}

/// What was queued when faasim died is sent by the next one.
#[test]
fn a_sudden_death_loses_no_call() {
    let mut cluster = Cluster::up(STACK, &[]);
    cluster.until_ready("echo", 1);
    let gateway = cluster.gateway.clone();
    // Calls that fail are kept whatever becomes of them.
    for i in 0..20 {
        let reply = post(&gateway, "/async-function/fail", "", &i.to_string());
        assert!(reply.starts_with("HTTP/1.1 202"), "{reply}");
    }
    cluster.again(&[]);
    let file = cluster.state().join("queue.db");
    let kept = || {
        let db = rusqlite::Connection::open(&file).unwrap();
        db.query_row("SELECT COUNT(*) FROM calls", [], |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!(kept(), 20, "a call that failed for good is kept as well: none is gone");
}
