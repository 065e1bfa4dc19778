//! Checks 106 to 110: calls that are answered later.

use super::stage::Stage;
use crate::cluster::until;
use crate::wire;
use serde_json::json;
use std::io::{BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

#[test]
fn check_106_a_call_for_later_is_accepted_and_stamped() {
    let reply = Stage::usual().gateway.post("/async-function/echo", "x");
    assert_eq!((reply.status, reply.text().as_str()), (202, ""));
    assert!(uuid::Uuid::parse_str(reply.header("X-Call-Id").unwrap()).is_ok());
    assert!(reply.header("X-Start-Time").unwrap().parse::<u64>().is_ok());
    // It is not looked whether the function is there.
    assert_eq!(Stage::usual().gateway.post("/async-function/nobody", "x").status, 202);
}

#[test]
fn check_107_it_is_a_post() {
    for method in ["GET", "PUT"] {
        let reply = Stage::usual().gateway.ask(method, "/async-function/echo", "", "");
        assert_eq!((reply.status, reply.text().as_str()), (405, ""), "{method}");
    }
    // Pro's DELETE cancels a call by its id; there is none of this name.
    let reply = Stage::usual().gateway.ask("DELETE", "/async-function/echo", "", "");
    assert_eq!(reply.status, 404, "{}", reply.text());
}

/// The callback that comes in.
fn told(listener: &TcpListener) -> (String, String) {
    let (stream, _) = listener.accept().unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let head = wire::head(&mut reader).unwrap().to_lowercase();
    let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).unwrap();
    let mut stream: TcpStream = stream;
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
    (head, String::from_utf8(body).unwrap())
}

#[test]
fn check_109_the_callback_comes_after_a_failure_too() {
    let stage = Stage::usual();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let callback = format!("X-Callback-Url: http://{}/told\r\n", listener.local_addr().unwrap());
    for (path, body, status, name) in [
        ("/async-function/echo/a?b=c", "hello", "200", "echo.openfaas-fn"),
        ("/async-function/fail.openfaas-fn", "3", "500", "fail.openfaas-fn"),
    ] {
        let reply = stage.gateway.ask("POST", path, &format!("{callback}X-Call-Id: c109\r\n"), body);
        assert_eq!(reply.status, 202);
        let (head, said) = told(&listener);
        assert!(head.starts_with("post /told "), "{head}");
        for header in [
            format!("x-function-status: {status}"),
            format!("x-function-name: {name}"),
            "x-call-id: c109".to_owned(),
            "x-duration-seconds: ".to_owned(),
        ] {
            assert!(head.contains(&header), "{header}: {head}");
        }
        assert_eq!(said.contains("hello"), status == "200", "{said}");
    }
}

#[test]
fn what_is_asked_for_later_is_asked_for_as_it_was_sent() {
    let stage = Stage::usual();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let callback = format!("X-Callback-Url: http://{}/told\r\n", listener.local_addr().unwrap());
    let headers = format!("X-Name: Zo\u{eb}\r\nX-Faasim-Queue-Worker: forged\r\n{callback}");
    for path in ["/a%20b", "/a%3Fb", "/100%25?x=%20", "/a%2520b"] {
        assert_eq!(
            stage.gateway.ask("POST", &format!("/async-function/web{path}"), &headers, "x").status,
            202
        );
        let (head, said) = told(&listener);
        assert!(head.contains("x-function-status: 200"), "{path}: {head}");
        let later: serde_json::Value = serde_json::from_str(&said).unwrap();
        let at_once = stage.gateway.ask("POST", &format!("/function/web{path}"), &headers, "x").json();
        assert_eq!(later["path"], at_once["path"], "{path}");
        assert_eq!(later["headers"]["x-name"], at_once["headers"]["x-name"], "{path}");
    }
}

#[test]
fn names_that_nobody_deployed_make_no_series() {
    let stage = Stage::usual();
    let series =
        |name: &str| stage.metrics.get("/metrics").text().contains(&format!("\"{name}.openfaas-fn\""));
    assert_eq!(stage.gateway.post("/async-function/c000-nobody", "x").status, 202);
    until("its end", || (!series("c000-nobody")).then_some(()));
    assert_eq!(stage.deploy(json!({"service": "c000", "image": "i", "envProcess": "cat"})).status, 202);
    assert_eq!(stage.gateway.post("/async-function/c000", "x").status, 202);
    until("a series", || series("c000").then_some(()));
}

#[test]
fn check_110_a_call_for_later_counts_like_any_other() {
    let stage = Stage::usual();
    assert_eq!(stage.deploy(json!({"service": "c110", "image": "i", "envProcess": "cat"})).status, 202);
    assert_eq!(stage.gateway.post("/async-function/c110", "x").status, 202);
    let series = "gateway_function_invocation_total{code=\"200\",function_name=\"c110.openfaas-fn\"}";
    until(series, || (stage.series(series) == Some(1.0)).then_some(()));
}
