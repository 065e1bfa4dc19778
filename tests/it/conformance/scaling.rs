//! Checks 49 to 56, 101 and 103: scale from zero, alerts, metrics.

use super::stage::Stage;
use crate::cluster::until;
use serde_json::json;

#[test]
fn check_049_a_call_wakes_a_function_and_waits_for_it() {
    let stage = Stage::usual();
    stage.until_available("slow", 1);
    assert_eq!(
        stage.admin.post("/system/scale-function/slow", "{\"serviceName\":\"slow\",\"replicas\":0}").status,
        202
    );
    stage.until_available("slow", 0);
    // Its server listens half a second after its start.
    let reply = stage.gateway.post("/function/slow", "");
    assert_eq!(reply.status, 200, "{reply:?}");
    let waited: f64 = reply.header("X-Faasim-Cold-Start").unwrap().parse().unwrap();
    assert!(waited >= 0.5, "{waited}");
    assert_eq!(stage.gateway.post("/function/slow", "").header("X-Faasim-Cold-Start"), None);
}

#[test]
fn check_050_it_wakes_to_its_minimum() {
    let stage = Stage::usual();
    let labels = json!({"com.openfaas.scale.min": "2"});
    let wish = json!({"service": "c050", "image": "i", "envProcess": "cat", "labels": labels});
    assert_eq!(stage.admin.post("/system/functions", &wish.to_string()).status, 202);
    stage.until_available("c050", 2);
    assert_eq!(stage.admin.post("/system/scale-function/c050", "{\"replicas\":0}").status, 202);
    stage.until_available("c050", 0);
    assert_eq!(stage.gateway.post("/function/c050", "x").status, 200);
    assert_eq!(stage.function("c050")["replicas"], 2);
}

fn alert(status: &str, function: &str) -> String {
    json!({"receiver": "scale-up", "status": status, "alerts": [{"status": status, "labels": {
        "alertname": "APIHighInvocationRate", "function_name": function, "service": "gateway", "severity": "major"}}]})
    .to_string()
}

#[test]
fn check_052_an_alert_steps_up_and_053_its_end_goes_back() {
    let stage = Stage::plain();
    stage.until_available("two", 2);
    let reply = stage.gateway.post("/system/alert", &alert("firing", "two.openfaas-fn"));
    assert_eq!((reply.status, reply.text().as_str()), (200, ""));
    assert_eq!(stage.function("two")["replicas"], 3);
    assert_eq!(stage.gateway.post("/system/alert", &alert("resolved", "two.openfaas-fn")).status, 200);
    assert_eq!(stage.function("two")["replicas"], 2);
}

#[test]
fn check_055_an_alert_about_nobody_is_fine_and_a_bad_one_is_not() {
    let admin = &Stage::usual().admin;
    assert_eq!(admin.post("/system/alert", &alert("firing", "nobody.openfaas-fn")).status, 200);
    let reply = admin.post("/system/alert", "not json");
    assert_eq!((reply.status, reply.text().as_str()), (400, "Unable to parse alert, bad format."));
}

#[test]
fn check_056_alerts_need_the_password() {
    assert_eq!(Stage::usual().gateway.post("/system/alert", &alert("firing", "echo")).status, 401);
}

#[test]
fn check_101_one_call_is_one_in_each_family() {
    let stage = Stage::usual();
    assert_eq!(stage.deploy(json!({"service": "c101", "image": "i", "envProcess": "cat"})).status, 202);
    assert_eq!(stage.gateway.post("/function/c101", "x").status, 200);
    for series in [
        "gateway_function_invocation_total{code=\"200\",function_name=\"c101.openfaas-fn\"}",
        "gateway_function_invocation_started{function_name=\"c101.openfaas-fn\"}",
        "gateway_functions_seconds_count{code=\"200\",function_name=\"c101.openfaas-fn\"}",
        "gateway_functions_seconds_bucket{code=\"200\",function_name=\"c101.openfaas-fn\",le=\"+Inf\"}",
    ] {
        until(series, || (stage.series(series) == Some(1.0)).then_some(()));
    }
    let text = stage.metrics.get("/metrics").text();
    for line in [
        "# HELP gateway_function_invocation_total Function metrics",
        "# TYPE gateway_function_invocation_total counter",
        "# HELP gateway_function_invocation_started The total number of function HTTP requests started.",
        "# TYPE gateway_function_invocation_started counter",
        "# HELP gateway_functions_seconds Function time taken",
        "# TYPE gateway_functions_seconds histogram",
        "# HELP gateway_service_count Current count of replicas for function",
        "# TYPE gateway_service_count gauge",
    ] {
        assert!(text.lines().any(|l| l == line), "{line}");
    }
    let bounds: Vec<&str> = text
        .lines()
        .filter(|l| l.starts_with("gateway_functions_seconds_bucket{code=\"200\",function_name=\"c101"))
        .filter_map(|l| l.split("le=\"").nth(1)?.split('"').next())
        .collect();
    assert_eq!(
        bounds,
        ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf"]
    );
}

#[test]
fn check_103_the_gauge_has_the_desired_replicas() {
    let stage = Stage::usual();
    assert_eq!(stage.deploy(json!({"service": "c103", "image": "i", "envProcess": "cat"})).status, 202);
    assert_eq!(stage.admin.post("/system/scale-function/c103", "{\"replicas\":3}").status, 202);
    // Better: at once, where the original looks every 5 s.
    assert_eq!(stage.series("gateway_service_count{function_name=\"c103.openfaas-fn\"}"), Some(3.0));
}

#[test]
fn the_api_counts_its_own_requests() {
    let stage = Stage::usual();
    assert_eq!(stage.admin.get("/system/info").status, 200);
    assert_eq!(stage.admin.get("/system/function/nope").status, 404);
    for series in [
        "http_requests_total{method=\"GET\",path=\"/system/info\",status=\"200\"}",
        "http_requests_total{method=\"GET\",path=\"/system/function\",status=\"404\"}",
        "http_request_duration_seconds_count{method=\"GET\",path=\"/system/info\",status=\"200\"}",
    ] {
        assert!(stage.series(series) >= Some(1.0), "{series}");
    }
}
