//! Secrets: made by a command, read by a function, and told to nobody.

use crate::cluster::{Cluster, until};
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_function_reads_the_secrets_that_it_names() {
    let cluster = Cluster::up("  echo: { image: faasim/base, fprocess: faasim function echo }\n", &[]);
    assert_eq!(cluster.says(&["secret", "create", "api-key", "--from-literal", "one"]), "Created: api-key\n");
    let said = |arguments: &[&str]| {
        let out = cluster.run(arguments);
        assert_eq!(out.status.code(), Some(1), "{arguments:?}");
        String::from_utf8_lossy(&out.stderr).into_owned()
    };
    assert!(said(&["secret", "create", "api-key", "--from-literal", "x"]).contains("exists already"));
    assert!(said(&["secret", "update", "other", "--from-literal", "x"]).contains("no secret `other`"));
    assert!(said(&["secret", "create", "../password", "--from-literal", "x"]).contains("cannot be called"));
    let deploy = |secret: &'static str| {
        ["deploy", "--image", "i", "--name", "reads", "--fprocess", "faasim function env", "--secret", secret]
    };
    assert!(said(&deploy("nope")).contains("`faasim secret create nope` makes it"));
    cluster.says(&deploy("api-key"));
    cluster.until_ready("reads", 1);
    let environment = cluster.says(&["invoke", "reads", "-d", "x"]);
    let folder =
        environment.lines().find_map(|l| l.strip_prefix("secret_mount_path=")).expect("it is told where");
    let file = std::path::Path::new(folder).join("api-key");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "one");
    cluster.says(&["secret", "create", "api-key", "--from-literal", " two \n", "--replace"]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "two", "a pod that runs sees it at once");
    let listed = cluster.json(&["secret", "list", "-o", "json"]);
    assert_eq!(listed, serde_json::json!([{"name": "api-key", "namespace": "openfaas-fn"}]));
    assert_eq!(cluster.says(&["secret", "rm", "api-key"]), "Removed: api-key\n");
    assert_eq!(cluster.says(&["secret", "list"]), "NAME\n");
    // A pod that is started without it is not taken for one that has it.
    cluster.says(&["scale", "reads", "--replicas", "2"]);
    until("why the second pod cannot start", || {
        let events = cluster.says(&["get", "events"]);
        events
            .contains("secret \"api-key\" not found: make it with `faasim secret create api-key`")
            .then_some(())
    });
    assert_eq!(cluster.ready_pods("reads").len(), 1);
}

#[test]
fn what_a_cluster_keeps_is_its_owners_alone_and_goes_with_it() {
    let stack = "  fail: { image: faasim/base, fprocess: faasim function fail }\n";
    let cluster = Cluster::up(stack, &[]);
    cluster.says(&["secret", "create", "api-key", "--from-literal", "one"]);
    let call = format!("{}/async-function/fail", cluster.gateway);
    let sent = std::process::Command::new("curl").args(["-sS", "--fail", "-d", "1", &call]).status().unwrap();
    assert!(sent.success());
    for name in ["journal.jsonl", "state.db", "state.db-wal", "queue.db", "queue.db-wal", "password"] {
        let mode = cluster.state().join(name).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    cluster.says(&["down"]);
    for name in ["secrets", "queue.db", "queue.db-wal"] {
        assert!(!cluster.state().join(name).exists(), "{name}");
    }
}
