//! Checks 64 and 65: secrets.

use super::stage::Stage;
use serde_json::json;

#[test]
fn check_064_a_secret_has_a_plain_name() {
    let admin = &Stage::usual().admin;
    for name in ["../x", "a/b", "", "..", "A B"] {
        let reply = admin.post("/system/secrets", &json!({"name": name, "value": "v"}).to_string());
        assert_eq!(reply.status, 400, "{name}");
    }
    for namespace in ["/etc", "../pods", "..", ""] {
        let listed = admin.get(&format!("/system/secrets?namespace={namespace}")).text();
        assert!(!listed.contains("passwd") && !listed.contains("echo-"), "{namespace}: {listed}");
    }
    let body = "{\"name\":\"c064\",\"value\":\"v\"}";
    assert_eq!(admin.post("/system/secrets", body).status, 202);
    assert_eq!(admin.post("/system/secrets", body).status, 409);
    assert_eq!(admin.ask("PUT", "/system/secrets", "", body).status, 202);
    let listed = admin.get("/system/secrets?namespace=openfaas-fn").json();
    assert!(
        listed.as_array().unwrap().contains(&json!({"name": "c064", "namespace": "openfaas-fn"})),
        "{listed}"
    );
    assert_eq!(admin.ask("DELETE", "/system/secrets", "", "{\"name\":\"c064\"}").status, 202);
    for method in ["PUT", "DELETE"] {
        assert_eq!(admin.ask(method, "/system/secrets", "", body).status, 404, "{method}");
    }
}

#[test]
fn check_065_a_function_reads_the_bytes_themselves() {
    let stage = Stage::usual();
    // Bytes that are no text, with white space at the end: 00 ff 20 0a.
    let secret = json!({"name": "c065", "rawValue": "AP8gCg==", "value": "not this"});
    assert_eq!(stage.admin.post("/system/secrets", &secret.to_string()).status, 202);
    let script = stage.folder.join("c065.sh");
    std::fs::write(&script, "#!/bin/sh\nexec cat \"$secret_mount_path/c065\"\n").unwrap();
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let wish = json!({"service": "c065", "image": "i", "envProcess": script, "secrets": ["c065"]});
    assert_eq!(stage.deploy(wish).status, 202);
    assert_eq!(stage.gateway.post("/function/c065", "").body, [0, 0xff, 0x20, 0x0a]);
    // A function that does not name it does not see it.
    assert!(!stage.gateway.post("/function/env", "").text().contains("secret_mount_path"));
}
