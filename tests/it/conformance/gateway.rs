//! Checks 1 to 14: the gateway itself.

use super::stage::Stage;

#[test]
fn check_001_the_root_leads_to_the_portal() {
    let reply = Stage::usual().gateway.get("/");
    assert_eq!((reply.status, reply.header("Location")), (307, Some("/ui/")));
}

#[test]
fn check_002_health_needs_no_password_and_only_get() {
    let gateway = &Stage::usual().gateway;
    assert_eq!(gateway.get("/healthz").status, 200);
    for method in ["POST", "HEAD"] {
        assert_eq!(gateway.ask(method, "/healthz", "", "").status, 405, "{method}");
    }
}

#[test]
fn check_004_the_api_asks_for_the_password() {
    let stage = Stage::usual();
    let key = "Authorization: Basic YWRtaW46d3Jvbmc=\r\n";
    for (path, headers) in
        [("/system/functions", ""), ("/system/functions", key), ("/system/info", ""), ("/system/nope", "")]
    {
        let reply = stage.gateway.ask("GET", path, headers, "");
        assert_eq!((reply.status, reply.text().as_str()), (401, "invalid credentials"), "{path}");
        assert!(reply.head.contains("Www-Authenticate: Basic realm=\"Restricted\""), "{}", reply.head);
    }
    assert_eq!(stage.admin.get("/system/functions").status, 200);
}

#[test]
fn check_005_so_does_the_portal() {
    let stage = Stage::usual();
    let reply = stage.gateway.get("/ui/");
    assert_eq!((reply.status, reply.text().as_str()), (401, "invalid credentials"));
    let reply = stage.admin.get("/ui/");
    assert_eq!(reply.status, 200);
    assert!(reply.header("Content-Type").unwrap().starts_with("text/html"));
    // Better: a browser is shown the page with its 401, and the page asks. Basic credentials would be kept for the
    // whole origin, which a function's own page shares.
    let reply = stage.gateway.ask("GET", "/ui/", "Accept: text/html,application/xhtml+xml\r\n", "");
    assert_eq!(reply.status, 401);
    assert!(reply.text().contains("<html"), "{reply:?}");
}

#[test]
fn check_007_a_known_route_with_another_method_is_405_and_empty() {
    let stage = Stage::usual();
    for (method, path) in [
        ("PATCH", "/system/functions"),
        ("HEAD", "/system/functions"),
        ("DELETE", "/system/info"),
        ("POST", "/system/namespaces"),
        ("PUT", "/system/logs"),
        ("POST", "/system/function/echo"),
    ] {
        let reply = stage.admin.ask(method, path, "", "{}");
        assert_eq!(
            (reply.status, reply.text().as_str(), reply.header("Allow")),
            (405, "", None),
            "{method} {path}"
        );
    }
}

#[test]
fn check_008_an_unknown_route_is_404() {
    let stage = Stage::usual();
    for path in ["/system/nope", "/nope", "/metrics", "/system/telemetry"] {
        let reply = stage.admin.get(path);
        assert_eq!((reply.status, reply.text().as_str()), (404, "404 page not found\n"), "{path}");
        assert_eq!(reply.header("X-Content-Type-Options"), Some("nosniff"), "{path}");
        assert!(reply.header("Content-Type").unwrap().starts_with("text/plain"), "{path}");
    }
}

#[test]
fn check_010_the_metrics_port_has_a_health_of_its_own() {
    let metrics = &Stage::usual().metrics;
    let reply = metrics.get("/healthz");
    assert_eq!((reply.status, reply.text().as_str()), (200, "OK"));
    assert_eq!(metrics.post("/healthz", "").status, 405);
    assert_eq!(metrics.get("/nope").status, 404);
}

#[test]
fn check_011_info_names_provider_version_and_architecture() {
    let reply = Stage::usual().admin.get("/system/info");
    assert_eq!(reply.status, 200);
    let info = reply.json();
    for key in [
        "/provider/provider",
        "/provider/orchestration",
        "/provider/version/release",
        "/version/release",
        "/arch",
    ] {
        assert!(info.pointer(key).and_then(|v| v.as_str()).is_some_and(|v| !v.is_empty()), "{key}: {info}");
    }
    assert!(info.pointer("/version/sha").unwrap().is_string());
}

#[test]
fn check_013_scaling_is_a_post() {
    let reply = Stage::usual().admin.get("/system/scale-function/echo");
    assert_eq!((reply.status, reply.text().as_str()), (405, ""));
}

#[test]
fn check_014_an_empty_bearer_is_fine_where_no_password_is_asked_for() {
    let stage = Stage::plain();
    let reply = stage.gateway.ask("GET", "/system/functions", "Authorization: Bearer \r\n", "");
    assert_eq!(reply.status, 200);
    assert_eq!(stage.gateway.get("/ui/").status, 200);
    // With a password it is as good as none.
    let reply = Stage::usual().gateway.ask("GET", "/system/functions", "Authorization: Bearer \r\n", "");
    assert_eq!(reply.status, 401);
}

#[test]
fn paths_are_cleaned_with_a_redirect() {
    let gateway = &Stage::usual().gateway;
    for (path, clean) in [
        ("//function/echo?x=1", "/function/echo?x=1"),
        ("/function/./echo", "/function/echo"),
        ("/function/echo/../web/a", "/function/web/a"),
        ("/system//functions", "/system/functions"),
    ] {
        let reply = gateway.get(path);
        assert_eq!((reply.status, reply.header("Location")), (301, Some(clean)), "{path}");
    }
}
