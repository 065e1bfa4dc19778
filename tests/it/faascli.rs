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

#[test]
fn each_wrong_command_gives_one_clear_error() {
    let cluster = cluster();
    let write = |name: &str, text: &str| {
        let file = cluster.folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let unknown =
        write("unknown.yml", "version: 1.0\nprovider: { name: openfaas }\nfunctions:\n  a: { imagee: x }\n");
    let not_yaml = write("not.yml", "functions: [\n");
    let bad_cpu = write(
        "cpu.yml",
        "version: 1.0\nprovider: { name: openfaas }\nfunctions:\n  a: { image: x, requests: { cpu: lots } }\n",
    );
    // Arguments, exit code, words of the error.
    let cases: &[(&[&str], i32, &str)] = &[
        (&["invoke"], 2, "NAME"),
        (&["invoke", "nope"], 1, "no function `nope`"),
        (&["invoke", "echo", "-H", "no-colon"], 2, "no-colon"),
        (&["invoke", "echo", "-q", "noequals"], 2, "noequals"),
        (&["invoke", "echo", "--method", "G E T"], 2, "G E T"),
        (&["load"], 2, "NAME"),
        (&["load", "nope", "--requests", "1"], 1, "no function `nope`"),
        (&["load", "echo", "--users", "0", "--requests", "1"], 2, "at least one user"),
        (&["load", "echo", "--users", "two"], 2, "two"),
        (&["load", "echo", "--rate", "-1"], 2, "-1"),
        (&["load", "echo", "--rate", "5", "--users", "2"], 2, "cannot be used with"),
        (&["load", "echo", "--duration", "soon"], 2, "soon"),
        (&["load", "echo", "--requests", "0"], 2, "0"),
        (&["load", "echo", "--body-file", "/nowhere/body", "--requests", "1"], 1, "/nowhere/body"),
        (&["load", "http://192.0.2.1/", "--requests", "1"], 2, "--allow-remote"),
        (&["deploy", "-f", "/nowhere/stack.yml"], 1, "/nowhere/stack.yml"),
        (&["deploy", "--image", "x"], 2, "--name"),
        (&["deploy", "-f", &unknown], 1, "unknown.yml:4:"),
        (&["deploy", "--image", "x", "--name", "Bad_Name"], 2, "cannot be the name of a function"),
        (&["deploy", "--image", "x", "--name", "a", "--label", "novalue"], 2, "novalue"),
        (&["check"], 2, "FILE"),
        (&["check", "/nowhere/stack.yml"], 1, "/nowhere/stack.yml"),
        (&["check", &not_yaml], 1, "not.yml:"),
        (&["check", &unknown], 1, "did you mean `image`"),
        (&["check", &bad_cpu], 1, "cpu.yml:4:"),
        (&["remove", "ecoh"], 1, "did you mean `echo`"),
        (&["remove"], 2, "name the functions to remove"),
        (&["logs", "nope"], 1, "no function `nope`"),
        (&["logs", "echo", "--since", "yesterday"], 2, "yesterday"),
        (&["logs", "echo", "--tail", "0"], 2, "0"),
        (&["list", "-o", "xml"], 2, "xml"),
        (&["tui"], 1, "needs a terminal"),
        (&["lisst"], 2, "similar"),
    ];
    let mut wrong = Vec::new();
    for (arguments, code, words) in cases {
        let done = cluster.run(arguments);
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        // A file's mistakes are a line each, and `check` counts them.
        let lines = said.lines().filter(|line| !line.trim().is_empty()).count();
        let brief = lines == 1 || (lines <= 3 && said.contains(".yml:"));
        if done.status.code() != Some(*code) || !said.contains(words) || said.contains("panicked") || !brief {
            wrong.push(format!("{arguments:?}: {:?} {said}", done.status.code()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
