//! Checks 31 to 47: calls.

use super::stage::Stage;
use crate::wire;
use std::io::{BufReader, Read, Write};

#[test]
fn check_031_a_call_is_answered_and_stamped() {
    let reply = Stage::usual().gateway.ask("POST", "/function/echo", "Content-Type: text/x-own\r\n", "hello");
    assert_eq!((reply.status, reply.text().as_str()), (200, "hello"));
    let id = uuid::Uuid::parse_str(reply.header("X-Call-Id").unwrap()).unwrap();
    assert_eq!(id.get_version_num(), 4);
    assert!(reply.header("X-Start-Time").unwrap().parse::<u64>().is_ok());
    assert!(reply.header("X-Served-By").unwrap().starts_with("faasim/"));
    assert_eq!(reply.header("Content-Type"), Some("text/x-own"));
    let (_, decimals) = reply.header("X-Duration-Seconds").unwrap().split_once('.').unwrap();
    assert_eq!(decimals.len(), 6);
    // In Go's case, which scripts look for.
    assert!(
        reply.head.contains("\nX-Call-Id: ") && reply.head.contains("\nX-Start-Time: "),
        "{}",
        reply.head
    );
}

#[test]
fn check_032_a_call_id_of_the_clients_is_kept_and_not_said_back() {
    let reply = Stage::usual().gateway.ask("POST", "/function/web", "X-Call-Id: my-id\r\n", "");
    assert_eq!(reply.json()["headers"]["x-call-id"], "my-id");
    assert_eq!(reply.count("X-Call-Id"), 0);
}

#[test]
fn check_034_the_function_sees_path_and_query() {
    let gateway = &Stage::usual().gateway;
    for (path, seen) in [
        ("/function/web/a/b?x=1", "/a/b?x=1"),
        ("/function/web.openfaas-fn/a%2Fb", "/a/b"),
        ("/function/web/a%20b", "/a%20b"),
        ("/function/web", "/"),
    ] {
        assert_eq!(gateway.get(path).json()["path"], seen, "{path}");
    }
    let seen = gateway.post("/function/env/a/b?x=1", "").text();
    assert!(seen.contains("Http_Path=/a/b\n") && seen.contains("Http_Query=x=1\n"), "{seen}");
}

#[test]
fn check_035_the_function_sees_who_called() {
    let gateway = &Stage::usual().gateway;
    let headers = gateway.get("/function/web").json()["headers"].clone();
    assert!(
        headers["x-forwarded-for"].as_str().unwrap().parse::<std::net::SocketAddr>().is_ok(),
        "{headers}"
    );
    assert_eq!(headers["x-forwarded-host"], gateway.address.as_str());
    assert!(headers["user-agent"].as_str().unwrap().starts_with("faasim-gateway/"));
    assert!(headers["x-start-time"].as_str().unwrap().parse::<u64>().is_ok());
    let given = "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Host: lab\r\nAuthorization: Bearer mine\r\n";
    let headers = gateway.ask("GET", "/function/web", given, "").json()["headers"].clone();
    assert_eq!(
        (&headers["x-forwarded-for"], &headers["x-forwarded-host"]),
        (&"1.2.3.4".into(), &"lab".into())
    );
    assert_eq!(headers["authorization"], "Bearer mine");
    // A stream goes another way, which gives the address alone and no host.
    let headers =
        gateway.ask("GET", "/function/web", "Accept: text/event-stream\r\n", "").json()["headers"].clone();
    assert_eq!(
        (&headers["x-forwarded-for"], &headers["x-forwarded-host"]),
        (&"127.0.0.1".into(), &serde_json::Value::Null)
    );
}

#[test]
fn check_037_what_belongs_to_a_connection_goes_no_further() {
    let given = "Upgrade: h2c\r\nTe: trailers\r\nKeep-Alive: 5\r\nProxy-Authorization: x\r\nTrailer: X-T\r\n";
    let seen = Stage::usual().gateway.ask("POST", "/function/web", given, "body").json();
    for name in ["upgrade", "te", "keep-alive", "proxy-authorization", "trailer"] {
        assert!(seen["headers"][name].is_null(), "{name}: {seen}");
    }
    assert_eq!((&seen["headers"]["transfer-encoding"], &seen["body"]), (&"chunked".into(), &"body".into()));
}

#[test]
fn check_038_calls_need_no_password() {
    assert_eq!(Stage::usual().gateway.post("/function/echo", "x").status, 200);
}

#[test]
fn every_method_that_openfaas_knows_reaches_a_function() {
    let gateway = &Stage::usual().gateway;
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        assert_eq!(gateway.ask(method, "/function/web", "", "").json()["method"], method);
    }
    assert_eq!(gateway.ask("HEAD", "/function/web", "", "").status, 200);
    for method in ["PURGE", "TRACE", "LINK"] {
        let reply = gateway.ask(method, "/function/web", "", "");
        assert_eq!((reply.status, reply.text().as_str()), (405, ""), "{method}");
    }
}

#[test]
fn a_body_arrives_whatever_the_method() {
    let gateway = &Stage::usual().gateway;
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        assert_eq!(gateway.ask(method, "/function/echo", "", "hello").text(), "hello", "{method}");
        assert_eq!(gateway.ask(method, "/function/web", "", "hello").json()["body"], "hello", "{method}");
    }
    // One that is empty is not made to look as if there were one.
    let seen = gateway.ask("GET", "/function/web", "", "").json();
    assert_eq!(seen["headers"].get("transfer-encoding"), None, "{seen}");
}

#[test]
fn check_040_an_unknown_function_says_how_it_was_looked_for() {
    // A gateway that scales from zero asks for the function first.
    let reply = Stage::usual().gateway.post("/function/nope", "");
    let text = "error finding function nope.openfaas-fn: server returned non-200 status code (404) for function, nope, body: ";
    assert_eq!((reply.status, reply.text().as_str(), reply.header("X-Call-Id")), (404, text, None));
    // One that does not finds no endpoint.
    for name in ["nope", "nope.openfaas-fn"] {
        let reply = Stage::plain().gateway.post(&format!("/function/{name}"), "");
        assert_eq!((reply.status, reply.text()), (503, format!("No endpoints available for: {name}.\n")));
        assert_eq!(reply.header("X-Openfaas-Internal"), Some("proxy"));
        assert!(reply.header("X-Call-Id").is_some());
    }
}

#[test]
fn check_041_no_name_or_a_bad_one_is_no_route() {
    for path in ["/function/", "/function/bad!name", "/function/b%61d~"] {
        let reply = Stage::usual().gateway.get(path);
        assert_eq!((reply.status, reply.text().as_str()), (404, "404 page not found\n"), "{path}");
    }
}

#[test]
fn check_043_a_slow_function_is_502_and_empty() {
    let stage = Stage::plain();
    stage.until_available("nap", 1);
    let reply = stage.gateway.post("/function/nap", "");
    assert_eq!((reply.status, reply.text().as_str()), (502, ""));
    assert!(
        stage.series("gateway_function_invocation_total{code=\"502\",function_name=\"nap.openfaas-fn\"}")
            >= Some(1.0)
    );
}

#[test]
fn check_044_a_function_that_hangs_up_cannot_be_reached() {
    // Its watchdog closes the connection at write_timeout (check 86).
    for name in ["late", "late.openfaas-fn"] {
        let reply = Stage::usual().gateway.post(&format!("/function/{name}"), "");
        assert_eq!((reply.status, reply.text()), (500, format!("Can't reach service for: {name}.\n")));
        assert_eq!(reply.header("X-Openfaas-Internal"), Some("proxy"));
    }
}

#[test]
fn check_046_a_redirect_is_the_clients_to_follow() {
    let reply = Stage::usual().gateway.get("/function/web/moved");
    assert_eq!((reply.status, reply.header("Location")), (302, Some("http://127.0.0.1:1/there")));
}

#[test]
fn check_047_events_arrive_as_they_happen() {
    let stage = Stage::usual();
    let gate = stage.folder.join("gate");
    for kind in ["text/event-stream", "application/x-ndjson"] {
        let _ = std::fs::remove_file(&gate);
        let stream = stage.gateway.send("GET", "/function/web/events", &format!("Accept: {kind}\r\n"), b"");
        let mut reader = BufReader::new(stream);
        let head = wire::head(&mut reader).unwrap();
        assert!(head.contains(kind), "{head}");
        assert_eq!(wire::chunk(&mut reader).unwrap(), b"data: 0\n\n");
        // Only now may the function go on.
        std::fs::write(&gate, "").unwrap();
        assert_eq!(wire::chunk(&mut reader).unwrap(), b"data: 1\n\n");
        assert!(wire::chunk(&mut reader).is_none());
    }
}

#[test]
fn a_websocket_goes_through_gateway_and_watchdog() {
    let gateway = &Stage::usual().gateway;
    let mut stream = gateway.raw(
        format!(
            "GET /function/web/ws HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
            gateway.address
        )
        .as_bytes(),
    );
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let head = wire::head(&mut reader).unwrap();
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    stream.write_all(b"ping\n").unwrap();
    let mut word = [0; 5];
    reader.read_exact(&mut word).unwrap();
    assert_eq!(&word, b"PING\n");
}
