//! Checks 16 to 29: functions and namespaces.

use super::stage::Stage;
use serde_json::json;

/// Each wish for a function is refused with these words in its body.
fn refused(body: &str, words: &str) {
    let reply = Stage::usual().admin.post("/system/functions", body);
    let text = reply.text();
    assert!(reply.status == 400 && text.contains(words) && text.ends_with('\n'), "{body}: {reply:?}");
    assert!(reply.header("Content-Type").unwrap().starts_with("text/plain"));
}

#[test]
fn check_016_a_deployment_needs_a_name_an_image_and_good_quantities() {
    refused("{}", "service");
    refused("{\"service\":\"\",\"image\":\"i\"}", "service");
    refused("{\"service\":\"a\"}", "image");
    refused("not json", "JSON");
    refused("{\"service\":\"a\",\"image\":\"i\",\"limits\":{\"memory\":\"1 cow\"}}", "limits.memory");
    refused("{\"service\":\"a\",\"image\":\"i\",\"requests\":{\"cpu\":\"lots\"}}", "requests.cpu");
    refused("{\"service\":\"a\",\"image\":\"i\",\"namespace\":\"nowhere\"}", "namespace");
}

#[test]
fn check_017_a_name_is_a_dns_label() {
    let long = "a".repeat(64);
    for name in ["Bad_Name", "-a", "a-", "a.b", &long] {
        refused(&json!({"service": name, "image": "i"}).to_string(), "DNS");
    }
}

#[test]
fn check_019_an_update_of_an_unknown_function_is_404() {
    let reply =
        Stage::usual().admin.ask("PUT", "/system/functions", "", "{\"service\":\"c019\",\"image\":\"i\"}");
    assert_eq!(reply.status, 404);
}

#[test]
fn check_020_a_function_tells_its_state() {
    let stage = Stage::usual();
    stage.until_available("echo", 1);
    let echo = stage.function("echo");
    assert_eq!(
        (&echo["name"], &echo["image"], &echo["namespace"]),
        (&"echo".into(), &"i".into(), &"openfaas-fn".into())
    );
    assert_eq!((&echo["replicas"], &echo["availableReplicas"]), (&1.into(), &1.into()));
    assert!(echo["createdAt"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
    assert!(echo["usage"].is_object() && echo["labels"].is_object(), "{echo}");
    assert!(stage.admin.get("/system/function/echo").json()["usage"].is_null());
    let all = stage.admin.get("/system/functions").json();
    assert!(all.as_array().unwrap().iter().any(|f| f["name"] == "echo"));
}

#[test]
fn check_022_delete_then_gone() {
    let stage = Stage::usual();
    let body = json!({"service": "c022", "image": "i", "envProcess": "cat"});
    assert_eq!(stage.deploy(body.clone()).status, 202);
    assert_eq!(stage.admin.post("/system/functions", &body.to_string()).status, 409, "it is there already");
    let updated = stage.admin.ask("PUT", "/system/functions", "", &body.to_string());
    assert_eq!((updated.status, updated.text().as_str()), (202, ""));
    // Left out at zero, as the original's encoder leaves them out.
    assert_eq!(
        stage.admin.post("/system/scale-function/c022", "{\"serviceName\":\"c022\",\"replicas\":0}").status,
        202
    );
    let function = stage.function("c022");
    assert!(function["replicas"].is_null(), "{function}");
    let gone = stage.admin.ask("DELETE", "/system/functions", "", "{\"functionName\":\"c022\"}");
    assert_eq!((gone.status, gone.text().as_str()), (202, ""));
    let reply = stage.admin.get("/system/function/c022");
    assert_eq!((reply.status, reply.text().as_str()), (404, ""));
}

#[test]
fn check_023_delete_of_an_unknown_function_is_404_and_of_none_400() {
    let admin = &Stage::usual().admin;
    assert_eq!(admin.ask("DELETE", "/system/functions", "", "{\"functionName\":\"c023\"}").status, 404);
    assert_eq!(admin.ask("DELETE", "/system/functions", "", "{\"functionName\":\"\"}").status, 400);
}

#[test]
fn check_025_the_list_needs_no_prometheus() {
    // Better: the real CE breaks here, because its counts come from Prometheus.
    let reply = Stage::usual().admin.get("/system/functions?namespace=openfaas-fn");
    assert_eq!(reply.status, 200);
    assert!(!reply.json().as_array().unwrap().is_empty());
    assert_eq!(Stage::usual().admin.get("/system/functions?namespace=empty").text(), "[]");
}

#[test]
fn check_026_each_call_is_counted() {
    let stage = Stage::usual();
    assert_eq!(stage.deploy(json!({"service": "c026", "image": "i", "envProcess": "cat"})).status, 202);
    for calls in 1..=3 {
        assert_eq!(stage.gateway.post("/function/c026", "x").status, 200);
        let all = stage.admin.get("/system/functions").json();
        let mine = all.as_array().unwrap().iter().find(|f| f["name"] == "c026").unwrap().clone();
        assert_eq!(mine["invocationCount"], calls);
    }
}

#[test]
fn check_028_a_scale_that_cannot_be_read_is_400() {
    let admin = &Stage::usual().admin;
    for body in ["not json", "{\"serviceName\":\"echo\",\"replicas\":-1}"] {
        let reply = admin.post("/system/scale-function/echo", body);
        assert_eq!((reply.status, reply.text().as_str()), (400, "Error unmarshalling request body\n"));
    }
    assert_eq!(admin.post("/system/scale-function/nope", "{\"replicas\":1}").status, 404);
}

#[test]
fn check_029_a_secret_that_is_not_there_is_named() {
    refused("{\"service\":\"c029\",\"image\":\"i\",\"secrets\":[\"c029-key\"]}", "c029-key");
}

#[test]
fn namespaces_are_made_changed_used_and_removed() {
    let stage = Stage::usual();
    let admin = &stage.admin;
    let body = r#"{"name":"blue","annotations":{"openfaas":"1"},"labels":{"openfaas":"1"}}"#;
    // faas-cli sends it to the path of no name.
    assert_eq!(admin.post("/system/namespace/", body).status, 201);
    assert_eq!(admin.post("/system/namespace/blue", body).status, 409);
    assert_eq!(admin.post("/system/namespace/", r#"{"name":"red"}"#).status, 400, "the label is missing");
    assert_eq!(admin.post("/system/namespace/", r#"{"name":"Red!","labels":{"openfaas":"1"}}"#).status, 400);
    let all = admin.get("/system/namespaces").json();
    assert!(["blue", "openfaas-fn"].iter().all(|n| all.as_array().unwrap().contains(&(*n).into())), "{all}");
    assert_eq!(
        admin.get("/system/namespace/blue").json(),
        serde_json::from_str::<serde_json::Value>(body).unwrap()
    );
    assert_eq!(admin.get("/system/namespace/red").status, 404);
    let changed = r#"{"name":"blue","labels":{"openfaas":"1","team":"sea"}}"#;
    assert_eq!(admin.ask("PUT", "/system/namespace/blue", "", changed).status, 202);
    assert_eq!(admin.get("/system/namespace/blue").json()["labels"]["team"], "sea");
    assert_eq!(
        admin.ask("PUT", "/system/namespace/red", "", r#"{"name":"red","labels":{"openfaas":"1"}}"#).status,
        404
    );

    // The same name twice, one in each.
    let secret = r#"{"name":"key","namespace":"blue","value":"deep"}"#;
    assert_eq!(admin.post("/system/secrets", secret).status, 202);
    let function = json!({"service": "env", "namespace": "blue", "image": "i", "envProcess": "faasim function env", "secrets": ["key"]});
    assert_eq!(admin.post("/system/functions", &function.to_string()).status, 202);
    let seen = stage.gateway.post("/function/env.blue", "").text();
    assert!(seen.contains("OPENFAAS_NAMESPACE=blue\n"), "{seen}");
    assert!(stage.gateway.post("/function/env", "").text().contains("OPENFAAS_NAMESPACE=openfaas-fn\n"));
    assert_eq!(admin.get("/system/function/env?namespace=blue").json()["namespace"], "blue");
    assert_eq!(admin.get("/system/functions?namespace=blue").json().as_array().unwrap().len(), 1);
    let scaled =
        admin.post("/system/scale-function/env?namespace=blue", r#"{"serviceName":"env","replicas":2}"#);
    assert_eq!(scaled.status, 202);
    assert_eq!(admin.get("/system/function/env?namespace=blue").json()["replicas"], 2);
    assert_eq!(stage.function("env")["replicas"], 1);

    let gone =
        admin.ask("DELETE", "/system/namespace/blue", "", r#"{"name":"blue","labels":{"openfaas":"1"}}"#);
    assert_eq!(gone.status, 202);
    assert_eq!(stage.gateway.post("/function/env.blue", "").status, 404, "it went with its namespace");
    assert_eq!(admin.ask("DELETE", "/system/namespace/blue", "", "").status, 404);
    assert_eq!(admin.ask("DELETE", "/system/namespace/openfaas-fn", "", "").status, 400);
}
