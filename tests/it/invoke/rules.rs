//! Paths, headers, statuses: what a caller and a function see (spec 1.1, 1.7, 1.8).

use super::pod::{Pod, full, status};
use super::*;
use faasim::live::gateway::BindError;
use http::StatusCode;

#[tokio::test]
async fn a_call_is_answered_and_stamped() {
    let (stage, _pod) = with_echo().await;
    let got = stage.call("POST", "/function/echo", "hello").await;
    assert_eq!((got.status, got.body.as_str()), (200, "hello"));
    let id = got.header("x-call-id").unwrap();
    assert_eq!(uuid::Uuid::parse_str(id).unwrap().get_version_num(), 4);
    assert_eq!(got.header("saw-x-call-id"), Some(id));
    assert!(got.header("x-start-time").unwrap().parse::<u64>().unwrap() > 1_600_000_000_000_000_000);
    assert_eq!(got.header("saw-x-start-time"), got.header("x-start-time"));
    assert!(got.header("x-served-by").unwrap().starts_with("faasim/"));
    assert_eq!(got.header("saw-transfer-encoding"), Some("chunked"));
    assert_eq!(got.header("saw-content-length"), None);
    assert_eq!(got.header("content-type"), Some("text/plain"));
    let full_name = stage.call("POST", "/function/echo.openfaas-fn", "x").await;
    assert_eq!((full_name.status, full_name.body.as_str()), (200, "x"));
}

#[tokio::test]
async fn headers_follow_the_rules() {
    let (stage, _pod) = with_echo().await;
    let request = stage
        .request("POST", "/function/echo")
        .header("X-Call-Id", "my-id")
        .header("Connection", "close, X-Mine")
        .header("X-Mine", "1")
        .header("Upgrade", "h2c")
        .header("Te", "trailers")
        .header("Proxy-Authorization", "secret")
        .header("Authorization", "Bearer t")
        .header("Content-Type", "application/json")
        .body("{}".into())
        .unwrap();
    let got = stage.send(request).await;
    assert_eq!(got.header("x-call-id"), None, "an id that the client chose is not said back");
    assert_eq!(got.header("saw-x-call-id"), Some("my-id"));
    for gone in ["saw-connection", "saw-upgrade", "saw-te", "saw-proxy-authorization", "saw-x-mine"] {
        assert_eq!(got.header(gone), None, "{gone}");
    }
    assert_eq!(got.header("saw-authorization"), Some("Bearer t"));
    assert_eq!(got.header("content-type"), Some("application/json"), "the function gave none");
    assert_eq!(got.header("saw-x-forwarded-host"), Some(stage.address.to_string().as_str()));
    assert!(got.header("saw-x-forwarded-for").unwrap().parse::<SocketAddr>().is_ok());
    assert!(got.header("saw-user-agent").unwrap().starts_with("faasim-gateway/"));

    let request = stage
        .request("GET", "/function/echo")
        .header("X-Forwarded-For", "1.2.3.4")
        .header("X-Forwarded-Host", "lab")
        .header("User-Agent", "mine")
        .body("".into())
        .unwrap();
    let got = stage.send(request).await;
    assert_eq!(got.header("saw-x-forwarded-for"), Some("1.2.3.4"));
    assert_eq!(got.header("saw-x-forwarded-host"), Some("lab"));
    assert_eq!(got.header("saw-user-agent"), Some("mine"));

    let request =
        stage.request("GET", "/function/echo").header("Accept", "text/event-stream").body("".into()).unwrap();
    let got = stage.send(request).await;
    assert_eq!(got.header("saw-x-forwarded-for"), Some("127.0.0.1"));
    assert_eq!(got.header("saw-x-forwarded-host"), None);
}

#[tokio::test]
async fn paths_and_methods_reach_the_function() {
    let (stage, _pod) = with_echo().await;
    for (path, seen) in [
        ("/function/echo", "/"),
        ("/function/echo?x=1", "/?x=1"),
        ("/function/echo/a/b?x=1&y=%20", "/a/b?x=1&y=%20"),
        ("/function/echo/a%2Fb%20c", "/a/b%20c"),
    ] {
        assert_eq!(stage.call("GET", path, "").await.header("saw-path"), Some(seen), "{path}");
    }
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"] {
        let got = stage.call(method, "/function/echo", "").await;
        assert_eq!((got.status, got.header("saw-method")), (200, Some(method)));
    }
    let got = stage.call("PURGE", "/function/echo", "").await;
    assert_eq!((got.status, got.body.as_str()), (405, ""));
    for (path, to) in [("//function/echo?q=1", "/function/echo?q=1"), ("/function/echo/../x", "/function/x")]
    {
        let got = stage.call("GET", path, "").await;
        assert_eq!((got.status, got.header("location")), (301, Some(to)), "{path}");
    }
    for path in ["/function/", "/function/bad!name", "/nope", "/metrics", "/async-function/echo"] {
        let got = stage.call("GET", path, "").await;
        assert_eq!((got.status, got.body.as_str()), (404, "404 page not found\n"), "{path}");
        assert_eq!(got.header("x-content-type-options"), Some("nosniff"));
    }
}

#[tokio::test]
async fn everything_else_is_the_apis() {
    let (stage, _pod) = with_echo().await;
    let got = stage.call("GET", "/", "").await;
    assert_eq!((got.status, got.header("location")), (307, Some("/ui/")));
    assert_eq!(stage.call("GET", "/healthz", "").await.status, 200);
    assert_eq!(stage.call("POST", "/healthz", "").await.status, 405);
    for path in ["/system/info", "/system/nope", "/ui/"] {
        let got = stage.call("GET", path, "").await;
        assert_eq!((got.status, got.body.as_str()), (401, "invalid credentials"));
        assert_eq!(got.header("www-authenticate"), Some("Basic realm=\"Restricted\""));
    }
    // The page holds no secret. A browser gets it, and it asks for the password itself.
    let request =
        stage.request("GET", "/ui/").header("Accept", "text/html,*/*;q=0.8").body("".into()).unwrap();
    let got = stage.send(request).await;
    assert_eq!((got.status, got.body.as_str()), (401, "portal"));
    assert!(
        !got.header("www-authenticate").unwrap().contains("Basic"),
        "a browser would ask for the whole origin"
    );
    let known = |method: &str, path: &str| {
        stage.request(method, path).header("Authorization", "Basic YWRtaW46cHc=").body("".into()).unwrap()
    };
    assert_eq!(stage.send(known("GET", "/system/info")).await.body, "info");
    let got = stage.send(known("GET", "/ui/")).await;
    assert_eq!((got.status, got.body.as_str()), (200, "portal"));
    let got = stage.send(known("PATCH", "/system/info")).await;
    assert_eq!((got.status, got.body.as_str(), got.header("allow")), (405, "", None));
    let got = stage.send(known("GET", "/system/nope")).await;
    assert_eq!((got.status, got.body.as_str()), (404, "404 page not found\n"));
}

#[tokio::test]
async fn foreign_pages_and_names_are_refused() {
    let (stage, _pod) = with_echo().await;
    for (header, value, refused) in [
        ("Host", "evil.example", true),
        ("Origin", "http://evil.example", true),
        ("Origin", "null", true),
        ("Origin", "http://localhost:3000", false),
        ("Host", "localhost:1", false),
    ] {
        let request = stage.request("GET", "/function/echo").header(header, value).body("".into()).unwrap();
        let got = stage.send(request).await;
        assert_eq!(got.status, if refused { 403 } else { 200 }, "{header}: {value}");
        assert!(!refused || got.body.contains("gateway.allowed-hosts"), "{}", got.body);
    }
}

#[tokio::test]
async fn an_unknown_function_is_404_and_not_counted() {
    let stage = stage(quick());
    let got = stage.call("GET", "/function/nope", "").await;
    let text = "error finding function nope.openfaas-fn: server returned non-200 status code (404) for function, \
                nope, body: ";
    assert_eq!((got.status, got.body.as_str(), got.header("x-call-id")), (404, text, None));
    assert!(stage.traffic.totals().is_empty());
}

#[tokio::test]
async fn without_scale_from_zero_nothing_waits_and_nothing_is_woken() {
    let mut stage = stage(GatewayConfig { scale_from_zero: false, ..quick() });
    for name in ["nope", "echo", "echo.openfaas-fn"] {
        let got = bounded(stage.call("POST", &format!("/function/{name}"), "x")).await;
        assert_eq!((got.status, got.body.clone()), (503, format!("No endpoints available for: {name}.\n")));
        assert_eq!(got.header("x-openfaas-internal"), Some("proxy"));
        assert!(got.header("x-call-id").is_some());
    }
    assert!(stage.events.try_recv().is_err(), "nobody is woken");
    assert_eq!(stage.traffic.totals()[&ECHO].codes[&503].count, 2, "a made-up name is no series");
}

#[tokio::test]
async fn a_pod_that_refuses_connections_is_left_alone_until_it_recovers() {
    let mut stage = stage(quick());
    // The port was free a moment ago, and nobody listens there.
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    stage.router.pod_ready(ECHO, PodUid(1), gone);
    let mut events = std::mem::replace(&mut stage.events, tokio::sync::mpsc::unbounded_channel().1);
    let call = stage.call("POST", "/function/echo", "x");
    let woken = async {
        assert_eq!(events.recv().await, Some(RouterEvent::NoPod(ECHO)));
        let pod = Pod::echo().await;
        stage.router.pod_ready(ECHO, PodUid(2), pod.address);
        pod
    };
    let (got, _pod) = bounded(async { tokio::join!(call, woken) }).await;
    assert_eq!((got.status, got.body.as_str()), (200, "x"));
    for _ in 0..4 {
        assert_eq!(bounded(stage.call("POST", "/function/echo", "y")).await.status, 200);
    }
    let listener = tokio::net::TcpListener::bind(gone).await.unwrap();
    bounded(listener.accept()).await.unwrap();
    assert_eq!(stage.traffic.totals()[&ECHO].codes[&200].count, 5);
}

#[tokio::test]
async fn a_gateway_that_waits_for_no_pod_says_that_it_is_refused() {
    let stage = stage(GatewayConfig { scale_from_zero: false, ..quick() });
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    stage.router.pod_ready(ECHO, PodUid(1), gone);
    let got = bounded(stage.call("POST", "/function/echo", "")).await;
    assert_eq!((got.status, got.body.as_str()), (500, "Can't reach service for: echo.\n"));
}

#[tokio::test]
async fn a_pod_that_dies_with_a_request_is_500() {
    let stage = stage(quick());
    let died = Pod::raw(|mut stream| async move {
        super::pod::read_head(&mut stream).await;
    })
    .await;
    stage.router.pod_ready(ECHO, PodUid(1), died.address);
    for (method, name) in [("POST", "echo"), ("GET", "echo.openfaas-fn")] {
        let got = stage.call(method, &format!("/function/{name}"), "").await;
        assert_eq!((got.status, got.body.clone()), (500, format!("Can't reach service for: {name}.\n")));
        assert_eq!(got.header("x-openfaas-internal"), Some("proxy"));
        assert!(got.header("x-call-id").is_some());
    }
    assert_eq!(stage.traffic.totals()[&ECHO].codes[&500].count, 2);
}

#[tokio::test]
async fn a_slow_function_is_502_at_the_upstream_timeout() {
    let stage = stage(GatewayConfig { upstream_timeout: Duration::from_millis(100), ..quick() });
    let pod = Pod::http(|_| async { std::future::pending().await }).await;
    stage.router.pod_ready(ECHO, PodUid(1), pod.address);
    let got = bounded(stage.call("POST", "/function/echo", "x")).await;
    assert_eq!((got.status, got.body.as_str()), (502, ""));
    assert_eq!(stage.traffic.totals()[&ECHO].codes[&502].count, 1);
    assert_eq!(stage.router.pod_in_flight(ECHO, PodUid(1)), 0);
}

#[tokio::test]
async fn redirects_and_errors_are_passed_on() {
    let stage = stage(quick());
    let pod = Pod::http(|request| async move {
        match request.uri().path() {
            "/moved" => {
                let mut reply = status(StatusCode::FOUND);
                reply.headers_mut().insert("location", "http://127.0.0.1:1/x".parse().unwrap());
                reply
            }
            "/teapot" => status(StatusCode::IM_A_TEAPOT),
            _ => full("ok"),
        }
    })
    .await;
    stage.router.pod_ready(ECHO, PodUid(1), pod.address);
    let got = stage.call("GET", "/function/echo/moved", "").await;
    assert_eq!((got.status, got.header("location")), (302, Some("http://127.0.0.1:1/x")));
    assert_eq!(stage.call("GET", "/function/echo/teapot", "").await.status, 418);
}

#[tokio::test]
async fn a_taken_port_is_said() {
    let first = stage(quick());
    let config = GatewayConfig { port: first.address.port(), ..quick() };
    let again = Gateway::bind(config, first.router.clone(), first.traffic.clone(), axum::Router::new())
        .err()
        .unwrap();
    assert!(matches!(again, BindError::Taken { .. }));
    assert!(
        again.to_string().contains(&first.address.port().to_string()) && again.to_string().contains("--port")
    );
}
