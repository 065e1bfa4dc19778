//! faas-cli's words, and `load` and `check`, against a real cluster.

use crate::cluster::{Cluster, faasim};
use std::io::Write;
use std::process::Stdio;

const STACK: &str = "  echo: { image: faasim/base, fprocess: faasim function echo, requests: { cpu: 10m } }
  fail: { image: faasim/base, fprocess: faasim function fail }
";

fn cluster() -> Cluster {
    let cluster = Cluster::up(STACK, &[]);
    cluster.until_ready("echo", 1);
    cluster
}

#[test]
fn functions_are_deployed_called_and_removed_as_with_faas_cli() {
    let cluster = cluster();
    let listed = cluster.says(&["list"]);
    let header: Vec<&str> = listed.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(header, ["Function", "Invocations", "Replicas"]);
    assert_eq!(cluster.says(&["list", "-q"]), "echo\nfail\n");
    assert_eq!(cluster.says(&["ready", "echo"]), "Ready.\n");

    let flags = ["deploy", "--image", "faasim/base", "--name", "cat", "--fprocess", "cat", "--env", "A=1"];
    let deployed = cluster.says(&flags);
    assert!(deployed.contains("Deployed. 202 Accepted.") && deployed.contains("/function/cat"), "{deployed}");
    assert_eq!(cluster.says(&["invoke", "cat", "-d", "meow"]), "meow");
    let mut child = faasim(cluster.folder.path())
        .args(["invoke", "cat", "-q", "a=b", "-H", "X-Me: you"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"from stdin").unwrap();
    assert_eq!(child.wait_with_output().unwrap().stdout, b"from stdin");
    let failed = cluster.run(&["invoke", "fail", "-d", "3"]);
    assert_eq!(failed.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&failed.stderr).contains("status code: 500"));
    assert!(cluster.says(&["logs", "cat"]).contains("Forking fprocess"));
    assert_eq!(cluster.says(&["logs", "cat", "--tail", "1"]).lines().count(), 1);
    assert!(cluster.says(&["remove", "cat"]).contains("Removing old function."));
    assert!(!cluster.says(&["list", "-q"]).contains("cat"));
    assert!(cluster.says(&["namespace"]).contains("openfaas-fn"));
    assert!(cluster.says(&["version"]).contains(env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_load_reports_what_it_sent() {
    let cluster = cluster();
    let closed =
        cluster.json(&["load", "echo", "--users", "2", "--requests", "20", "--body", "x", "-o", "json"]);
    assert_eq!((&closed["requests"], &closed["failed"]), (&20.into(), &0.into()), "{closed}");
    assert_eq!(closed["statuses"]["200"], 20);
    let open = cluster.json(&["load", "echo", "--rate", "50/s", "--requests", "20", "-o", "json"]);
    assert_eq!(open["correction"], "corrected");
    let plain = cluster.says(&["load", "echo", "--requests", "5", "-q"]);
    for words in ["Requests/sec:", "99% in", "[200]\t5 responses"] {
        assert!(plain.contains(words), "{words}: {plain}");
    }
    let failing = cluster.run(&["load", "fail", "--requests", "3", "--body", "1", "-q"]);
    assert_eq!(failing.status.code(), Some(1));
}
