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
