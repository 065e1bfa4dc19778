//! What `faasim doctor` sees, and what it says to do.

use assert_cmd::Command;
use serde_json::Value;

fn doctor(state: &str, variables: &[(&str, &str)]) -> (i32, Value) {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::cargo_bin("faasim").unwrap();
    command.args(["doctor", "-o", "json", "--gateway", "http://127.0.0.1:1", "--state", state]);
    let out = command.env("HOME", home.path()).envs(variables.iter().copied()).output().unwrap();
    let findings = serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {out:?}"));
    (out.status.code().unwrap(), findings)
}

fn of<'a>(all: &'a Value, what: &str) -> &'a Value {
    all.as_array().unwrap().iter().find(|f| f["what"] == what).unwrap_or_else(|| panic!("{what} in {all}"))
}

#[test]
fn a_machine_is_looked_at_and_nothing_is_changed() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("not-yet");
    let (code, all) = doctor(state.to_str().unwrap(), &[("DOCKER_HOST", "unix:///nobody/here.sock")]);
    assert_eq!(code, 0, "{all}");
    assert_eq!(of(&all, "state folder")["state"], "ok");
    let engine = of(&all, "Docker engine");
    assert_eq!(engine["state"], "note");
    assert!(engine["found"].as_str().unwrap().contains("/nobody/here.sock"), "{engine}");
    assert!(engine["advice"].as_str().unwrap().contains("plain processes"), "{engine}");
    assert!(of(&all, "cluster")["advice"].as_str().unwrap().contains("faasim up"));
    assert!(!state.exists());
}

#[test]
fn what_is_wrong_fails_and_says_what_to_do() {
    let (code, all) = doctor("/proc/faasim", &[]);
    assert_eq!(code, 1);
    let folder = of(&all, "state folder");
    assert_eq!(folder["state"], "wrong");
    assert!(!folder["advice"].as_str().unwrap().is_empty());
}

#[test]
fn what_is_in_the_way_is_named_with_what_to_type() {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let config = folder.path().join("openfaas");
    std::fs::create_dir_all(&config).unwrap();
    std::fs::create_dir_all(&state).unwrap();
    std::fs::write(state.join("password"), "right\n").unwrap();
    let login =
        "auths:\n- gateway: http://127.0.0.1:8080\n  auth: basic\n  token: YWRtaW46d3Jvbmc=\n  options: []\n";
    std::fs::write(config.join("config.yml"), login).unwrap();
    // A pod's process that nobody keeps.
    let tmp = folder.path().join("other/pods/echo-1/tmp");
    let mut pod = std::process::Command::new("sleep")
        .arg("100")
        .env("FAASIM_POD", "echo-1")
        .env("TMPDIR", &tmp)
        .spawn()
        .unwrap();
    let (code, all) = doctor(
        state.to_str().unwrap(),
        &[
            ("FAASIM_GATEWAY_PORT", &port),
            ("OPENFAAS_CONFIG", config.to_str().unwrap()),
            ("http_proxy", "http://proxy.example:3128"),
            ("no_proxy", ""),
            ("DOCKER_HOST", "unix:///nobody/here.sock"),
        ],
    );
    pod.kill().unwrap();
    pod.wait().unwrap();
    assert_eq!(code, 0, "{all}");
    let says = |what: &str, found: &str, advice: &str| {
        let finding = all
            .as_array()
            .unwrap()
            .iter()
            .find(|f| f["what"] == what && f["found"].as_str().unwrap().contains(found));
        let finding = finding.unwrap_or_else(|| panic!("no {what} with {found} in {all}"));
        assert_eq!(finding["state"], "note", "{finding}");
        assert!(finding["advice"].as_str().unwrap().contains(advice), "{finding}");
    };
    says("gateway's port", &format!("process {}", std::process::id()), "faasim up --port");
    says("faas-cli", "another password", "faasim password | faas-cli login");
    says("proxy", "http_proxy", "export no_proxy=127.0.0.1");
    says("left processes", &format!("process {}", pod.id()), "faasim down --state");
}

#[test]
fn a_cluster_is_looked_at_too() {
    let cluster = crate::cluster::Cluster::up(
        "  echo: { image: faasim/base, fprocess: faasim function echo }\n  gone: { image: faasim/base, fprocess: /nowhere/at/all, labels: { com.openfaas.scale.maxx: '3' } }\n",
        &[],
    );
    cluster.until_ready("echo", 1);
    let done = crate::cluster::faasim(cluster.folder.path())
        .args(["doctor", "-o", "json"])
        .env("OPENFAAS_URL", format!("{}/", cluster.gateway))
        .output()
        .unwrap();
    let all: Value = serde_json::from_slice(&done.stdout).unwrap();
    let found = of(&all, "cluster");
    assert_eq!(found["state"], "ok", "{all}");
    assert!(found["found"].as_str().unwrap().contains(&cluster.gateway), "{found}");
    assert_eq!(of(&all, "OPENFAAS_URL")["state"], "ok");
    assert!(of(&all, "label")["found"].as_str().unwrap().contains("com.openfaas.scale.maxx"), "{all}");
    assert!(of(&all, "state folder")["found"].as_str().unwrap().contains("held by process"), "{all}");

    let elsewhere = crate::cluster::faasim(cluster.folder.path())
        .args(["doctor", "--all"])
        .env("OPENFAAS_URL", "http://127.0.0.1:1")
        .output()
        .unwrap();
    let text = String::from_utf8(elsewhere.stdout).unwrap();
    assert!(text.contains(&format!("export OPENFAAS_URL={}", cluster.gateway)), "{text}");
    assert!(text.contains("→ `faasim up` starts one"), "{text}");
}
