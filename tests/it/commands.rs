//! kubectl's words, against a real cluster.

use crate::cluster::{Cluster, until};
use std::sync::Mutex;

const STACK: &str =
    "  echo: { image: faasim/base, fprocess: faasim function echo, requests: { cpu: 10m, memory: 16Mi } }
  bare: { image: faasim/base, fprocess: faasim function echo }
";

fn cluster() -> Cluster {
    let cluster = Cluster::up(STACK, &["--set", "hpa.sync-period=1s", "--set", "metrics.interval=1s"]);
    cluster.until_ready("echo", 1);
    cluster.until_ready("bare", 1);
    cluster
}

#[test]
fn things_are_listed_described_and_changed_as_with_kubectl() {
    let cluster = cluster();
    let pods = cluster.says(&["get", "pods"]);
    let header: Vec<&str> = pods.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(header, ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]);
    let pod = cluster.ready_pods("echo").remove(0);
    assert!(pods.contains(&format!("{pod}   1/1     Running   0")), "{pods}");
    assert_eq!(cluster.says(&["get", "pod", &pod, "-o", "name"]), format!("pod/{pod}\n"));
    let wide = cluster.says(&["get", "po", "-o", "wide"]);
    assert!(wide.contains("NODE") && wide.contains("127.0.0.1"), "{wide}");
    let deploy = cluster.says(&["get", "deploy", "echo", "--no-headers"]);
    assert_eq!(deploy.split_whitespace().take(4).collect::<Vec<_>>(), ["echo", "1/1", "1", "1"]);
    assert_eq!(cluster.json(&["get", "deploy/echo", "-o", "json"])["spec"]["replicas"], 1);

    let described = cluster.says(&["describe", "pod", &pod]);
    for words in
        ["Node:", "Ready:", "Restart Count:", "cpu:", "fprocess:", "Scheduled", "Started container echo"]
    {
        assert!(described.contains(words), "{words}: {described}");
    }
    let function = cluster.says(&["describe", "echo"]);
    assert!(function.contains("Function Process:") && function.contains("/function/echo"), "{function}");

    let no_request = cluster.run(&["autoscale", "bare", "--max", "3"]);
    let no_request = String::from_utf8(no_request.stderr).unwrap();
    assert!(no_request.contains("deploy it with `requests: {cpu: 10m}`"), "{no_request}");
    let said = cluster.says(&["autoscale", "echo", "--cpu-percent", "50", "--min", "2", "--max", "3"]);
    assert_eq!(said, "horizontalpodautoscaler.autoscaling/echo autoscaled\n");
    cluster.until_ready("echo", 2);
    let hpa = cluster.says(&["describe", "hpa", "echo"]);
    assert!(hpa.contains("Current number of replicas below Spec.MinReplicas"), "{hpa}");
    let manifest = cluster.says(&["get", "hpa", "echo", "-o", "yaml"]);
    let file = cluster.folder.path().join("hpa.yaml");
    std::fs::write(&file, &manifest).unwrap();
    let file = file.to_str().unwrap();
    assert!(cluster.says(&["apply", "-f", file]).contains("echo unchanged"));
    std::fs::write(file, manifest.replace("maxReplicas: 3", "maxReplicas: 4")).unwrap();
    assert!(cluster.says(&["apply", "-f", file]).contains("echo configured"));
    let explained = cluster.says(&["explain", "echo", "--changes"]);
    assert!(explained.contains("1 → 2 replicas"), "{explained}");
    assert_eq!(
        cluster.says(&["delete", "hpa", "echo"]),
        "horizontalpodautoscaler.autoscaling \"echo\" deleted\n"
    );

    assert_eq!(cluster.says(&["scale", "deployment/echo", "--replicas=1"]), "deployment.apps/echo scaled\n");
    let pod = cluster.until_ready("echo", 1).remove(0);
    let printed = cluster.says(&["exec", &pod, "--", "sh", "-c", "echo $FAASIM_POD"]);
    assert_eq!(printed, format!("{pod}\n"));
    assert_eq!(cluster.run(&["exec", &pod, "--", "sh", "-c", "exit 7"]).status.code(), Some(7));
    assert_eq!(cluster.says(&["delete", "pod", &pod]), format!("pod \"{pod}\" deleted\n"));
    until("another pod", || cluster.ready_pods("echo").into_iter().find(|p| *p != pod));

    assert_eq!(cluster.says(&["rollout", "restart", "echo"]), "deployment.apps/echo restarted\n");
    let status = cluster.says(&["rollout", "status", "echo"]);
    assert!(status.ends_with("deployment \"echo\" successfully rolled out\n"), "{status}");
    assert_eq!(cluster.says(&["rollout", "history", "echo"]).lines().count(), 4);
    cluster.says(&["rollout", "undo", "echo"]);
    let top = until("usage", || Some(cluster.says(&["top", "pods"])).filter(|text| text.contains("echo")));
    assert!(top.starts_with("NAME") && top.contains("Mi"), "{top}");
    assert!(cluster.says(&["get", "events"]).contains("SuccessfulRescale"));
    assert!(cluster.says(&["get", "all"]).contains("deployment.apps/bare"));
    assert_eq!(cluster.says(&["delete", "deploy", "bare"]), "deployment.apps \"bare\" deleted\n");
}

#[test]
fn an_editor_changes_what_is_there() {
    let cluster = cluster();
    cluster.says(&["autoscale", "echo", "--max", "3"]);
    let editor = cluster.folder.path().join("editor.sh");
    // The first try is a mistake; the second mends it.
    let script = "#!/bin/sh\nif grep -q 'not accepted' \"$1\"; then sed -i 's/maxReplicas: -1/maxReplicas: 5/' \"$1\"; else sed -i 's/maxReplicas: 3/maxReplicas: -1/' \"$1\"; fi\n";
    std::fs::write(&editor, script).unwrap();
    let edit = |editor: &str| {
        let mut command = crate::cluster::faasim(cluster.folder.path());
        let done = command.env("EDITOR", editor).args(["edit", "hpa", "echo"]).output().unwrap();
        (done.status.code(), String::from_utf8(done.stdout).unwrap())
    };
    let (code, said) = edit(&format!("sh {}", editor.display()));
    assert_eq!((code, said.as_str()), (Some(0), "horizontalpodautoscaler.autoscaling/echo edited\n"));
    assert_eq!(cluster.json(&["get", "hpa", "echo", "-o", "json"])["spec"]["maxReplicas"], 5);
    assert_eq!(edit("true"), (Some(0), "Edit cancelled, no changes made.\n".into()));
    assert_eq!(edit("false").0, Some(1));
}

#[test]
fn each_wrong_command_gives_one_clear_error() {
    let cluster = cluster();
    let bad = cluster.folder.path().join("bad.yaml");
    std::fs::write(&bad, "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: { name: echo }\nspec: { maxReplicas: 3, minreplicas: 1, scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: echo } }\n").unwrap();
    let bad = bad.to_str().unwrap();
    // Arguments, exit code, words of the error.
    let cases: &[(&[&str], i32, &str)] = &[
        (&["get"], 2, "KIND"),
        (&["get", "pots"], 2, "did you mean `pods`"),
        (&["get", "pod", "echo-nope"], 1, "pods \"echo-nope\" not found"),
        (&["get", "deploy", "ecoh"], 1, "did you mean \"echo\""),
        (&["get", "hpa", "echo"], 1, "\"echo\" not found"),
        (&["get", "pods", "-o", "xml"], 2, "xml"),
        (&["describe"], 2, "NAME"),
        (&["describe", "pod", "x"], 1, "pods \"x\" not found"),
        (&["describe", "nothing"], 1, "functions \"nothing\" not found"),
        (&["describe", "hpa", "bare"], 1, "\"bare\" not found"),
        (&["delete", "pod"], 2, "name the pods to delete"),
        (&["delete", "node", "x"], 2, "cannot be deleted"),
        (&["delete", "pod", "x"], 1, "not found"),
        (&["delete", "hpa", "bare"], 1, "not found"),
        (&["top", "hpa"], 2, "top knows pods and nodes"),
        (&["top", "pods", "--sort-by", "age"], 2, "age"),
        (&["exec", "x", "--", "ls"], 1, "not found"),
        (&["exec", "x"], 2, "COMMAND"),
        (&["scale", "echo"], 2, "--replicas"),
        (&["scale", "echo", "--replicas", "-1"], 2, "-1"),
        (&["scale", "echo", "--replicas", "many"], 2, "many"),
        (&["scale", "nope", "--replicas", "1"], 1, "not found"),
        (&["scale", "echo", "--replicas", "100000"], 1, "100000"),
        (&["autoscale", "echo"], 2, "--max"),
        (&["autoscale", "echo", "--min", "5", "--max", "3"], 2, "larger or equal to --min"),
        (&["autoscale", "echo", "--cpu-percent", "0", "--max", "3"], 2, "cpu-percent"),
        (&["autoscale", "nope", "--max", "3"], 1, "not found"),
        (&["apply"], 2, "--filename"),
        (&["apply", "-f", "/nowhere/hpa.yaml"], 1, "/nowhere/hpa.yaml"),
        (&["apply", "-f", bad], 1, "bad.yaml:4:"),
        (&["edit", "pod", "x"], 2, "name one autoscaler or one function"),
        (&["rollout"], 2, "status"),
        (&["rollout", "restart", "nope"], 1, "not found"),
        (&["rollout", "undo", "echo", "--to-revision", "9"], 1, "9"),
        (&["explain", "nope"], 1, "not found"),
        (&["completions", "tcsh"], 2, "tcsh"),
        (&["man", "nope"], 2, "there is no command `nope`"),
        (&["get", "pods", "-g", "ftp://x"], 2, "is no gateway"),
        (&["get", "pods", "-g", "http://127.0.0.1:1"], 1, "no cluster answers"),
        (&["replay", "/nowhere"], 1, "/nowhere"),
        (&["password", "--state", "/nowhere"], 1, "there is no cluster in /nowhere"),
        (&["up", "--set", "nope=1"], 2, "nope"),
        (&["up", "-f", "/nowhere/stack.yml", "--no-tui"], 1, "/nowhere/stack.yml"),
        (&["frobnicate"], 2, "frobnicate"),
    ];
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for part in cases.chunks(cases.len().div_ceil(4)) {
            let (cluster, wrong) = (&cluster, &wrong);
            scope.spawn(move || {
                for (arguments, code, words) in part {
                    let done = cluster.run(arguments);
                    let said = String::from_utf8_lossy(&done.stderr).into_owned();
                    let panicked = said.contains("panicked");
                    // clap's errors have a tip and the usage below; ours are one line.
                    let brief = *code == 2 || said.lines().count() == 1;
                    if done.status.code() != Some(*code) || !said.contains(words) || panicked || !brief {
                        wrong.lock().unwrap().push(format!("{arguments:?}: {:?} {said}", done.status.code()));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
