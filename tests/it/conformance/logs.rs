//! Checks 58 to 62: logs.

use super::stage::Stage;
use crate::cluster::until;
use crate::wire;
use serde_json::{Value, json};
use std::io::BufReader;

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn check_058_logs_are_json_a_line_each() {
    let stage = Stage::usual();
    assert_eq!(stage.gateway.post("/function/echo", "x").status, 200);
    let found = until("a line of the call", || {
        let reply = stage.admin.get("/system/logs?name=echo&follow=false");
        assert_eq!((reply.status, reply.header("Content-Type")), (200, Some("application/x-ndjson")));
        lines(&reply.text()).into_iter().find(|l| l["text"].as_str().unwrap().contains("Forking fprocess."))
    });
    assert_eq!((&found["name"], &found["namespace"]), (&"echo".into(), &"openfaas-fn".into()));
    assert!(found["instance"].as_str().unwrap().starts_with("echo-"));
    assert!(found["timestamp"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
    assert_eq!(found.as_object().unwrap().len(), 5, "all of them and no other: {found}");
}

#[test]
fn check_059_tail_and_since_leave_lines_out() {
    let stage = Stage::usual();
    let asked =
        |query: &str| lines(&stage.admin.get(&format!("/system/logs?name=echo&follow=false&{query}")).text());
    assert!(!asked("tail=-1").is_empty());
    assert_eq!(asked("tail=2").len(), 2);
    // Of a key that is repeated the last value counts.
    assert_eq!(asked("tail=5&tail=1").len(), 1);
    assert_eq!(asked("since=2100-01-01T00:00:00Z").len(), 0);
    assert_eq!(asked("instance=another").len(), 0);
    for query in ["tail=x", "since=noon"] {
        let reply = stage.admin.get(&format!("/system/logs?name=echo&{query}"));
        assert_eq!((reply.status, reply.text().trim_end()), (422, "could not parse the log request"));
    }
    // Better: the original's gateway answers these two 500 and 501 without a word of why.
    let reply = stage.admin.get("/system/logs");
    assert!(reply.status == 400 && reply.text().contains("name"), "{reply:?}");
    assert_eq!(stage.admin.get("/system/logs?name=nope").status, 404);
}

#[test]
fn check_061_who_follows_gets_new_lines_as_they_are_written() {
    let stage = Stage::usual();
    assert_eq!(stage.deploy(json!({"service": "c061", "image": "i", "envProcess": "cat"})).status, 202);
    let stream = stage.admin.send("GET", "/system/logs?follow=true&name=c061&tail=-1", "", b"");
    let mut reader = BufReader::new(stream);
    assert!(wire::head(&mut reader).unwrap().starts_with("HTTP/1.1 200"));
    assert_eq!(stage.gateway.post("/function/c061", "twelve bytes").status, 200);
    let mut seen = String::new();
    while !seen.contains("Wrote 12 Bytes") {
        seen.push_str(&String::from_utf8(wire::chunk(&mut reader).expect("it goes on")).unwrap());
    }
    // Better: it goes on until the function is gone, where the original ends it at the gateway's write_timeout.
    let gone = stage.admin.ask("DELETE", "/system/functions", "", "{\"functionName\":\"c061\"}");
    assert_eq!(gone.status, 202);
    while wire::chunk(&mut reader).is_some() {}
}

#[test]
fn check_062_logs_need_the_password() {
    assert_eq!(Stage::usual().gateway.get("/system/logs?name=echo").status, 401);
}

#[test]
fn a_reader_that_stops_reading_stalls_nobody() {
    let stage = Stage::usual();
    let script = crate::watchdog::script(
        &stage.folder,
        "head -c 4000000 /dev/zero | tr '\\0' x | fold -w 200 >&2\necho done",
    );
    let variables = json!({"mode": "streaming", "prefix_logs": "false"});
    let wish = json!({"service": "talks", "image": "i", "envProcess": script, "envVars": variables});
    assert_eq!(stage.deploy(wish).status, 202);
    let slow = stage.admin.send("GET", "/system/logs?follow=true&name=talks", "", b"");
    // It is never read, and neither the function nor another reader waits for it.
    assert_eq!(stage.gateway.post("/function/talks", "").text(), "done\n");
    let all = until("all of its lines", || {
        let text = stage.admin.get("/system/logs?name=talks&follow=false").text();
        (text.contains("POST / - 200") && text.lines().count() > 20_000).then_some(text)
    });
    assert!(lines(&all).iter().all(|l| l["name"] == "talks"));
    drop(slow);
}
