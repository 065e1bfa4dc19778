//! Checks 67 to 74: the requests of faas-cli 0.18.12, byte for byte, and what it needs in the replies.

use super::stage::Stage;
use crate::cluster::until;
use crate::wire::{self, Reply};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

const CLI: &str = "faas-cli/0.18.12";
const SDK: &str = "openfaas-go-sdk";
const INVOKE: &str = "faas-cli/0.18.12 (openfaas; linux; amd64)";
const GO: &str = "Go-http-client/1.1";

/// What goes in `Authorization`.
enum Key {
    None,
    Basic,
    EmptyBearer,
}

/// One request as Go's client writes it: names and their order, and a connection that it would keep.
fn cli(stage: &Stage, method: &str, path: &str, agent: &str, key: Key, body: Option<&str>) -> Reply {
    let mut head =
        format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nUser-Agent: {agent}\r\n", stage.gateway.address);
    if let Some(body) = body {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    match key {
        Key::None => {}
        Key::Basic => {
            let key = STANDARD.encode(format!("admin:{}", stage.password));
            head.push_str(&format!("Authorization: Basic {key}\r\n"));
        }
        Key::EmptyBearer => head.push_str("Authorization: Bearer \r\n"),
    }
    if body.is_some() {
        head.push_str("Content-Type: application/json\r\n");
    }
    head.push_str("Accept-Encoding: gzip\r\n\r\n");
    head.push_str(body.unwrap_or_default());
    wire::read(stage.gateway.raw(head.as_bytes()), false).unwrap()
}

fn known(method: &str, path: &str, body: Option<&str>) -> Reply {
    cli(Stage::usual(), method, path, CLI, Key::Basic, body)
}

/// An invocation: its body is a stream to Go, so it comes in chunks.
fn invoke(method: &str, path: &str, headers: &str, body: &str) -> Reply {
    let stage = Stage::usual();
    let chunks = if body.is_empty() { String::new() } else { format!("{:x}\r\n{body}\r\n", body.len()) };
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {}\r\nUser-Agent: {INVOKE}\r\nTransfer-Encoding: chunked\r\n\
         Content-Type: text/plain\r\n{headers}Accept-Encoding: gzip\r\n\r\n{chunks}0\r\n\r\n",
        stage.gateway.address
    );
    wire::read(stage.gateway.raw(request.as_bytes()), false).unwrap()
}

#[test]
fn check_067_login_list_describe_ready_secrets_namespaces_logs_and_remove() {
    let stage = Stage::usual();
    // login: right, and wrong.
    let login = |key| cli(stage, "GET", "/system/functions", GO, key, None).status;
    assert_eq!((login(Key::Basic), login(Key::None)), (200, 401));
    // No login at all is a bearer without a token.
    assert_eq!(cli(stage, "GET", "/system/functions", CLI, Key::EmptyBearer, None).status, 401);
    assert_eq!(cli(Stage::plain(), "GET", "/system/functions", CLI, Key::EmptyBearer, None).status, 200);
    // list, and describe, which asks twice.
    assert!(known("GET", "/system/functions", None).json().is_array());
    assert!(known("GET", "/system/functions?namespace=openfaas-fn", None).json().is_array());
    let measured = || {
        let echo = known("GET", "/system/function/echo?usage=1", None).json();
        echo["usage"]["totalMemoryBytes"].is_u64().then_some(echo)
    };
    let echo = until("its memory is measured", measured);
    assert!(echo["availableReplicas"].as_u64() > Some(0), "{echo}");
    assert_eq!(known("GET", "/system/function/nope?usage=1", None).status, 404);
    // ready
    assert_eq!(cli(stage, "GET", "/healthz", GO, Key::None, None).status, 200);
    // secrets
    assert_eq!(known("POST", "/system/secrets", Some(r#"{"name":"s67","value":"v1"}"#)).status, 202);
    assert_eq!(
        known("POST", "/system/secrets", Some(r#"{"name":"s67","value":"v1"}"#)).status,
        409,
        "--replace PUTs then"
    );
    assert_eq!(known("PUT", "/system/secrets", Some(r#"{"name":"s67","value":"v2"}"#)).status, 202);
    let listed = known("GET", "/system/secrets", None);
    assert!(listed.text().contains("\"s67\"") && !listed.text().contains("v2"));
    assert_eq!(known("DELETE", "/system/secrets", Some(r#"{"name":"s67"}"#)).status, 202);
    // namespaces
    let sdk = |method: &str, path: &str, body: Option<&str>| cli(stage, method, path, SDK, Key::Basic, body);
    let made = r#"{"name":"n67","annotations":{"openfaas":"1"},"labels":{"openfaas":"1"}}"#;
    assert_eq!(sdk("POST", "/system/namespace/", Some(made)).status, 201);
    assert!(sdk("GET", "/system/namespaces", None).text().contains("n67"));
    assert_eq!(sdk("GET", "/system/namespace/n67", None).json()["name"], "n67");
    assert_eq!(sdk("PUT", "/system/namespace/n67", Some(made)).status, 202);
    let gone = Some(r#"{"name":"n67","labels":{"openfaas":"1"}}"#);
    assert_eq!(sdk("DELETE", "/system/namespace/n67", gone).status, 202);
    // remove
    assert_eq!(known("DELETE", "/system/functions", Some(r#"{"functionName":"nope67"}"#)).status, 404);
}

#[test]
fn check_068_deploy_puts_then_posts_and_the_next_one_only_puts() {
    let body = r#"{"service":"d68","image":"me/echo:latest","envProcess":"cat","envVars":{"A":"1","EMPTY":"","FROM_FILE":"f1"},"constraints":["node.platform.os == linux"],"labels":{"com.openfaas.scale.min":"1"},"annotations":{"schedule":"*/5 * * * *","topic":"cron-function"},"limits":{"memory":"128Mi","cpu":"100m"},"requests":{"memory":"64Mi","cpu":"50m"},"readOnlyRootFilesystem":true}"#;
    assert_eq!(known("PUT", "/system/functions", Some(body)).status, 404);
    let first = known("POST", "/system/functions", Some(body));
    assert_eq!((first.status, first.text().as_str()), (202, ""));
    assert_eq!(known("PUT", "/system/functions", Some(body)).status, 202);
    let stage = Stage::usual();
    stage.until_available("d68", 1);
    let seen = stage.function("d68");
    let sent: serde_json::Value = serde_json::from_str(body).unwrap();
    for field in [
        "image",
        "envProcess",
        "envVars",
        "constraints",
        "annotations",
        "limits",
        "requests",
        "readOnlyRootFilesystem",
    ] {
        assert_eq!(seen[field], sent[field], "{field}");
    }
    assert_eq!(seen["labels"]["com.openfaas.scale.min"], "1");
    // --update=false --replace
    assert_eq!(known("DELETE", "/system/functions", Some(r#"{"functionName":"d68"}"#)).status, 202);
    // faas-cli always sends these two, and deploys what has a name and an image only.
    let bare = r#"{"service":"d68","image":"i","envProcess":"cat","labels":{},"annotations":{}}"#;
    assert_eq!(known("POST", "/system/functions", Some(bare)).status, 202);
}

#[test]
fn check_070_invoke_goes_to_the_name_with_its_namespace() {
    let reply = invoke("POST", "/function/echo.openfaas-fn?a=b&c=d+e", "", "from stdin");
    assert_eq!(
        (reply.status, reply.text().as_str(), reply.header("Content-Type")),
        (200, "from stdin", Some("text/plain"))
    );
    let seen = invoke("PUT", "/function/web.openfaas-fn?a=b&c=d+e", "X-Me: you\r\n", "x").json();
    assert_eq!(
        (&seen["method"], &seen["path"], &seen["headers"]["x-me"]),
        (&"PUT".into(), &"/?a=b&c=d+e".into(), &"you".into())
    );
    assert_eq!(seen["headers"]["user-agent"], INVOKE);
    // --sign: the header is the function's to check, and comes through as it is.
    let signed = "X-Hub-Signature: sha256=cf5ee4d8e3cb7b8f1f3e4e2e15c9a2ef\r\n";
    let seen = invoke("POST", "/function/web.openfaas-fn", signed, "x").json();
    assert_eq!(seen["headers"]["x-hub-signature"], "sha256=cf5ee4d8e3cb7b8f1f3e4e2e15c9a2ef");
    // --async
    let reply = invoke("POST", "/async-function/echo.openfaas-fn", "", "later");
    assert_eq!((reply.status, reply.text().as_str()), (202, ""));
}

#[test]
fn check_071_invoke_of_an_unknown_function_has_a_status_and_words() {
    let reply = invoke("POST", "/function/nope.openfaas-fn", "", "x");
    assert_eq!(reply.status, 404);
    assert!(reply.text().contains("nope"), "{reply:?}");
}

#[test]
fn check_073_logs_as_faas_cli_asks_for_them() {
    assert_eq!(invoke("POST", "/function/echo.openfaas-fn", "", "x").status, 200);
    let lines = until("lines", || {
        let since = "2026-01-01T00%3A00%3A00Z";
        let reply = known("GET", &format!("/system/logs?follow=false&name=echo&since={since}&tail=5"), None);
        assert_eq!(reply.status, 200);
        let lines: Vec<serde_json::Value> =
            reply.text().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        (lines.len() == 5).then_some(lines)
    });
    assert!(lines.iter().all(|l| l["timestamp"].as_str().is_some_and(|t| t.ends_with('Z'))), "{lines:?}");
}

#[test]
fn check_074_version_prints_provider_and_orchestration() {
    let info = known("GET", "/system/info", None).json();
    assert_eq!(
        (&info["provider"]["provider"], &info["provider"]["orchestration"]),
        (&"faasim".into(), &"process".into())
    );
    assert!(info["provider"]["version"]["sha"].is_string() && info["version"]["release"].is_string());
}

#[test]
fn faas_cli_finds_the_password_where_it_looks() {
    let stage = Stage::usual();
    let file = stage.folder.join(".openfaas/config.yml");
    let text = std::fs::read_to_string(&file).unwrap();
    let key = STANDARD.encode(format!("admin:{}", stage.password));
    let address = &stage.gateway.address;
    assert_eq!(
        text,
        format!("auths:\n- gateway: http://{address}\n  auth: basic\n  token: {key}\n  options: []\n")
    );
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn our_own_words_for_namespaces_logins_and_objects() {
    let stage = Stage::usual();
    assert_eq!(
        stage.says(&["namespace", "create", "own", "--label", "team=sea"]),
        "Namespace Created: own\n"
    );
    assert!(stage.says(&["namespace", "get", "own"]).contains("team=sea"));
    assert!(
        stage.says(&["namespace", "list"]).contains(" - own\n")
            && stage.says(&["namespaces"]).contains(" - own\n")
    );
    assert_eq!(stage.says(&["namespace", "delete", "own"]), "Namespace Removed: own\n");
    let login =
        ["login", "--password", &stage.password, "--gateway", &format!("http://{}", stage.gateway.address)];
    assert!(stage.says(&login).starts_with("credentials saved for admin http://127.0.0.1:"));
    let objects = stage.says(&["generate", "-f", "stack.yml", "--filter", "fail"]);
    let object: serde_json::Value = serde_norway::from_str(objects.trim_start_matches("---\n")).unwrap();
    assert_eq!((&object["apiVersion"], &object["kind"]), (&"openfaas.com/v1".into(), &"Function".into()));
    assert_eq!(object["spec"]["handler"], "faasim function fail");
    assert_eq!(object["metadata"], json!({"name": "fail", "namespace": "openfaas-fn"}));
}
