//! The study's E2: what a caller of the gateway sees when a time-out cuts, at a tenth of its size.

use super::stage::Stage;
use serde_json::json;

#[test]
fn the_studys_time_outs_end_200_200_500_408() {
    let stage = Stage::usual();
    for (name, read, write, exec, status, text) in [
        ("e2-all", "500ms", "5s", "5s", 200, "Finished the sleep"),
        // The read time-out does not cover the work.
        ("e2-read", "100ms", "5s", "5s", 200, "Finished the sleep"),
        ("e2-write", "5s", "200ms", "5s", 500, "Can't reach service for: e2-write.openfaas-fn.\n"),
        ("e2-exec", "5s", "5s", "200ms", 408, "Killed process.\n"),
    ] {
        let variables = json!({"read_timeout": read, "write_timeout": write, "exec_timeout": exec});
        let wish = json!({"service": name, "image": "i", "envProcess": "faasim function sleep", "envVars": variables});
        assert_eq!(stage.deploy(wish).status, 202);
        // As faas-cli calls it.
        let reply = stage.gateway.post(&format!("/function/{name}.openfaas-fn"), "0.6");
        assert_eq!(reply.status, status, "{name}: {reply:?}");
        assert!(reply.text().contains(text), "{name}: {reply:?}");
    }
}

#[test]
fn who_cuts_first_is_said_at_deploy_and_in_describe() {
    let stage = Stage::usual();
    let said = stage.says(&[
        "deploy",
        "--image",
        "i",
        "--name",
        "advised",
        "--fprocess",
        "cat",
        "--env",
        "exec_timeout=90s",
        "--env",
        "write_timeout=2m",
    ]);
    assert!(said.contains("gateway upstream_timeout (1m) cuts before exec_timeout (1m30s)"), "{said}");
    let said = stage.says(&["describe", "advised"]);
    assert!(said.contains("gateway upstream_timeout cuts first, after 1m"), "{said}");
}
