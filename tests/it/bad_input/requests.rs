//! Requests that the gateway turns away, over the wire.

use crate::cluster::Cluster;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;

const STACK: &str = "  echo: { image: faasim/base, fprocess: faasim function echo, requests: { cpu: 10m } }
  mltest: { image: faasim/base, fprocess: faasim function mltest }
  slow: { image: faasim/base, fprocess: faasim function sleep, environment: { exec_timeout: 300ms } }
  broken: { image: faasim/base, fprocess: no-such-program }
";

/// A name, the request line without its version, headers, a body, the status, words of the reply.
type Case<'a> = (&'a str, &'a str, &'a str, &'a str, u16, &'a str);

/// What anybody may send.
#[rustfmt::skip]
const PUBLIC: &[Case<'_>] = &[
    ("a function that is not there", "POST /function/none", "", "", 404, "error finding function none"),
    ("a namespace that is not there", "POST /function/echo.nowhere", "", "", 404, "error finding function echo.nowhere"),
    ("a body that the function refuses", "POST /function/mltest", "", "ten", 500, "mltest wants the number of epochs"),
    ("a function that takes too long", "POST /function/slow", "", "5", 408, "Killed process"),
    ("a function whose pod cannot start", "POST /function/broken", "", "", 503, "No endpoints available for: broken"),
    ("no password", "GET /system/functions", "", "", 401, "invalid credentials"),
    ("a wrong password", "GET /system/functions", "Authorization: Basic YWRtaW46d3Jvbmc=\r\n", "", 401, "invalid credentials"),
    ("a token instead of a password", "GET /system/functions", "Authorization: Bearer x\r\n", "", 401, "invalid credentials"),
    ("a password that is not base64", "GET /system/functions", "Authorization: Basic !!!\r\n", "", 401, "invalid credentials"),
    ("a page of somebody else", "POST /function/echo", "Origin: http://evil.example\r\n", "x", 403, "gateway.allowed-hosts"),
    ("a path with half an escape", "GET /function/echo/%zz", "", "", 400, "write a percent sign as %25"),
    ("a method that no function takes", "TRACE /function/echo", "", "", 405, ""),
    ("a wrong method for the health", "POST /healthz", "", "", 405, ""),
    ("metrics at the wrong port", "GET /metrics", "", "", 404, "404 page not found"),
    ("a callback that is no address", "POST /async-function/echo", "X-Callback-Url: nonsense\r\n", "x", 400, "`nonsense` is no URL"),
];

/// What needs the password.
#[rustfmt::skip]
const MANAGEMENT: &[Case<'_>] = &[
    ("a path that is not there", "GET /system/nowhere", "", "", 404, "404 page not found"),
    ("a deployment that is not JSON", "POST /system/functions", "", "{", 400, "is not JSON"),
    ("a deployment of nothing", "POST /system/functions", "", "{}", 400, "needs a name"),
    ("a deployment without an image", "POST /system/functions", "", r#"{"service":"a"}"#, 400, "needs an image"),
    ("a name that is none", "POST /system/functions", "", r#"{"service":"Bad_Name","image":"x"}"#, 400, "DNS label"),
    ("a limit in words", "POST /system/functions", "", r#"{"service":"a","image":"x","limits":{"memory":"lots"}}"#, 400, "limits.memory: `lots`"),
    ("a label in words", "POST /system/functions", "", r#"{"service":"a","image":"x","labels":{"com.openfaas.scale.min":"x"}}"#, 400, "write a whole number"),
    ("a variable that is a number", "POST /system/functions", "", r#"{"service":"a","image":"x","envVars":{"a":1}}"#, 400, "envVars"),
    ("a secret that is not there", "POST /system/functions", "", r#"{"service":"a","image":"x","secrets":["s"]}"#, 400, "faasim secret create s"),
    ("an update of nothing", "PUT /system/functions", "", r#"{"service":"none","image":"x"}"#, 404, "no function `none`"),
    ("a removal of what is not there", "DELETE /system/functions", "", r#"{"functionName":"none"}"#, 404, "no function `none`"),
    ("a removal of nothing", "DELETE /system/functions", "", "{}", 400, "name the function to remove"),
    ("a scale of what is not there", "POST /system/scale-function/none", "", r#"{"replicas":1}"#, 404, "no function `none`"),
    ("a scale below zero", "POST /system/scale-function/echo", "", r#"{"replicas":-1}"#, 400, "request body"),
    ("a scale in words", "POST /system/scale-function/echo", "", r#"{"replicas":"many"}"#, 400, "request body"),
    ("logs of what is not there", "GET /system/logs?name=none", "", "", 404, "no function `none`"),
    ("logs of nothing", "GET /system/logs", "", "", 400, "name the function"),
    ("a tail in words", "GET /system/logs?name=echo&tail=x", "", "", 422, "log request"),
    ("an alert that is none", "POST /system/alert", "", "nonsense", 400, "bad format"),
];

/// Sends bytes on a connection of their own; status and body of the reply.
fn exchange(gateway: &str, bytes: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(gateway.strip_prefix("http://").unwrap()).unwrap();
    // Whoever turns a request away may close before it has read all of it.
    let _ = stream.write_all(bytes);
    let mut reply = Vec::new();
    let _ = stream.read_to_end(&mut reply);
    let reply = String::from_utf8_lossy(&reply).into_owned();
    let status = reply.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
    (status, reply.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}

fn request(line: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

#[test]
fn each_bad_request_gets_the_right_status_and_says_why() {
    let quick = ["--set", "gateway.write-timeout=10s", "--set", "gateway.read-timeout=5s"];
    let cluster = Cluster::up(STACK, &quick);
    for function in ["echo", "mltest", "slow"] {
        cluster.until_ready(function, 1);
    }
    let password = cluster.says(&["password"]);
    let known = BASE64_STANDARD.encode(format!("admin:{}", password.trim()));
    let known = format!("Authorization: Basic {known}\r\n");
    let large = format!("{{\"service\":\"{}", "a".repeat(11 << 20));
    // A name, the bytes, the status, words of the reply.
    let mut all: Vec<(&str, Vec<u8>, u16, &str)> = vec![
        ("a host of somebody else", b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n".into(), 403, "gateway.allowed-hosts"),
        ("a deployment of 11 MiB", request("POST /system/functions", &known, &large), 413, "larger than 10"),
        ("a header of a megabyte", request("GET /function/echo", &format!("X: {}\r\n", "a".repeat(1 << 20)), ""), 431, ""),
        ("what is not HTTP", b"GARBAGE\r\n\r\n".into(), 400, ""),
        ("a length in words", b"POST /function/echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n".into(), 400, ""),
        ("a body that does not come", b"POST /function/echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 9\r\n\r\n123".into(), 408, "gateway.read-timeout"),
        ("the body of a call for later that does not come", b"POST /async-function/echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 9\r\n\r\n123".into(), 408, "gateway.read-timeout"),
    ];
    all.extend(PUBLIC.iter().map(|(name, line, headers, body, status, words)| {
        (*name, request(line, headers, body), *status, *words)
    }));
    all.extend(MANAGEMENT.iter().map(|(name, line, headers, body, status, words)| {
        (*name, request(line, &format!("{headers}{known}"), body), *status, *words)
    }));
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for (name, bytes, status, words) in &all {
            let (cluster, wrong) = (&cluster, &wrong);
            scope.spawn(move || {
                let (got, said) = exchange(&cluster.gateway, bytes);
                let quiet = super::NOISE.iter().all(|noise| !said.contains(noise));
                if got != *status || !said.contains(words) || !quiet {
                    wrong
                        .lock()
                        .unwrap()
                        .push(format!("{name}: {got} instead of {status} and `{words}`: {said}"));
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // A large body is none of it.
    let large = "x".repeat(20 << 20);
    let (status, reply) = exchange(&cluster.gateway, &request("POST /function/echo", "", &large));
    assert_eq!((status, reply.len() >= large.len()), (200, true));
    // The pod that cannot start was told of where the cluster runs.
    let said = cluster.until_it_says("cannot run: broken: ");
    assert!(said.contains("`no-such-program` is not an executable file in the PATH"), "{said}");
}
