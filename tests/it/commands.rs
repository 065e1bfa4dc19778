//! kubectl's words, against a real cluster.

use crate::cluster::{Cluster, faasim, until};
use crate::screen::seat::{self, Seat};
use std::io::{BufRead, BufReader};
use std::process::Stdio;

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
    // In kubectl's order.
    let titles = "Name: Namespace: Priority: Service_Account: Node: Start_Time: Labels: Annotations: Status: IP: IPs: \
                  Controlled_By: Containers: Image: Port: Host_Port: State: Started: Ready: Restart_Count: Requests: \
                  cpu: memory: Liveness: Readiness: Environment: fprocess: Mounts: Conditions: QoS_Class: \
                  Node-Selectors: Tolerations: Events: Scheduled Started_container_echo";
    let mut rest = described.as_str();
    for title in titles.split_whitespace().map(|title| title.replace('_', " ")) {
        rest = rest.split_once(&title).unwrap_or_else(|| panic!("{title} comes next in {described}")).1;
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
fn a_command_in_a_pod_has_input_and_a_terminal() {
    let cluster = cluster();
    let pod = cluster.ready_pods("echo").remove(0);
    let file = cluster.folder.path().join("input");
    std::fs::write(&file, "x".repeat(3 << 20)).unwrap();
    let mut command = faasim(cluster.folder.path());
    command.args(["exec", "-i", &pod, "--", "sh", "-c", "wc -c; echo wrong >&2"]);
    let done = command.stdin(std::fs::File::open(&file).unwrap()).output().unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!((said(&done.stdout), said(&done.stderr)), ("3145728\n".into(), "wrong\n".into()));
    // No terminal here, so none there; and what it prints comes as it is printed, not when it ends.
    let mut command = faasim(cluster.folder.path());
    command.args(["exec", "-it", &pod, "--", "sh", "-c", "echo now; exec sleep 1000"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert_eq!(first, "now\n");
    child.kill().unwrap();
    let note = said(&child.wait_with_output().unwrap().stderr);
    assert!(note.contains("note: no terminal for the command"), "{note}");
    until("the end of a command that nobody waits for", || {
        let sleeping = cluster.says(&["exec", &pod, "--", "sh", "-c", "pgrep -f '[s]leep 1000' | wc -l"]);
        (sleeping.trim() == "0").then_some(())
    });
    let unknown = cluster.run(&["exec", &pod, "--", "no-such-program"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(said(&unknown.stderr).contains("`no-such-program`: No such file or directory"), "{unknown:?}");

    let mut shell = seat::faasim(cluster.folder.path(), &["exec", "-it", &pod, "--", "sh"]);
    shell.env("FAASIM_STATE", cluster.state());
    let mut seat = Seat::start(shell, 80, 24);
    seat.until("a prompt", |screen| screen.contains(['$', '#']));
    seat.press("echo \"in <$FAASIM_POD>\"; stty size\r");
    seat.until("its answer", |screen| screen.contains(&format!("in <{pod}>")) && screen.contains("24 80"));
    seat.resize(90, 30);
    // Ctrl-C ends what the shell waits for, and not the shell.
    seat.press("sleep 1000\r");
    seat.until("its end", |screen| screen.contains("sleep 1000"));
    seat.press("\u{3}");
    seat.until("the next prompt", |screen| {
        screen.rsplit("^C").next().is_some_and(|s| s.contains(['$', '#'])) && screen.contains("^C")
    });
    seat.press("stty size; exit 7\r");
    let (code, screen) = seat.ended();
    assert!(code == 7 && screen.contains("30 90"), "{code}: {screen}");
}

#[test]
fn what_does_not_run_or_is_not_kept_is_said() {
    let cluster = cluster();
    let run = |words: &[&str]| {
        let done = cluster.run(words);
        (
            done.status.code(),
            String::from_utf8(done.stdout).unwrap() + &String::from_utf8(done.stderr).unwrap(),
        )
    };
    let deploy = ["deploy", "--image", "x", "--name", "broken", "--fprocess", "/nowhere/program"];
    let zero = ["--label", "com.openfaas.scale.zero=true", "--label", "com.openfaas.scale.zero-duration=90s"];
    let (code, said) = run(&[&deploy[..], &zero].concat());
    assert!(code == Some(0) && said.contains("from 0 (after 1m30s without a call) to 20 pods"), "{said}");
    assert!(said.contains("note: `broken` does not run: CreateContainerError: "), "{said}");
    let (code, said) = run(&[&deploy[..], &["--update=false"]].concat());
    assert!(code == Some(1) && said.contains("it was not changed because of --update=false"), "{said}");
    let described = cluster.says(&["describe", "broken"]);
    assert!(described.contains("Reason:") && described.contains("Last events:"), "{described}");
    let (code, said) = run(&["ready", "broken", "--timeout", "0s"]);
    assert!(code == Some(1) && said.contains("CreateContainerError"), "{said}");
    let listed = cluster.says(&["get", "pods", "-o", "name"]);
    assert!(listed.lines().is_sorted(), "{listed}");

    let node = cluster.says(&["describe", "node"]);
    assert!(node.contains("Allocated resources:") && node.contains("  cpu       10m (0%)"), "{node}");
    assert!(cluster.says(&["get", "nodes"]).starts_with("NAME"));
    assert!(cluster.says(&["get", "events", "broken"]).contains("deployment/broken"));
    let (code, said) = run(&["get", "pods", "-n", "nons"]);
    assert!(code == Some(0) && said.contains("no namespace `nons`; there are: openfaas-fn"), "{said}");
    let printed = cluster.says(&["exec", "deploy/echo", "--", "sh", "-c", "echo $FAASIM_POD"]);
    assert_eq!(printed.trim(), cluster.ready_pods("echo")[0]);
    let pod = cluster.says(&["describe", "pod", printed.trim()]);
    let port = pod.lines().find_map(|l| l.trim().strip_prefix("Port:")?.trim().strip_suffix("/TCP")).unwrap();
    assert!(pod.contains(&format!("http-get :{port}/_/health")), "{pod}");

    let file = cluster.folder.path().join("hpa.yaml");
    let hpa = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: mine, labels: {a: b}}\nspec:\n  \
               scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: echo}\n  maxReplicas: 3\n  metrics:\n  \
               - {type: Pods, pods: {metric: {name: reqs}, target: {type: AverageValue, averageValue: 10}}}\n  \
               behavior: {scaleDown: {stabilizationWindowSeconds: 5}}\n";
    std::fs::write(&file, hpa).unwrap();
    let apply = ["apply", "-f", file.to_str().unwrap()];
    let (code, said) = run(&apply);
    assert!(code == Some(0) && said.contains("`mine` is called `echo` here"), "{said}");
    assert!(said.contains("not kept: metadata.labels") && said.contains("nobody measures `reqs`"), "{said}");
    std::fs::write(&file, cluster.says(&["get", "hpa", "echo", "-o", "yaml"])).unwrap();
    assert!(run(&apply).1.contains("echo unchanged"));
    assert!(!cluster.says(&["get", "events"]).contains("AutoscalerEdited"));
    assert_eq!(cluster.says(&["get", "hpa", "--no-headers"]).split_whitespace().nth(3), Some("1"));
}

#[test]
fn an_editor_changes_what_is_there() {
    let cluster = cluster();
    cluster.says(&["autoscale", "echo", "--max", "3"]);
    let editor = cluster.folder.path().join("an editor.sh");
    // The first try is a mistake; the second mends it.
    let script = "#!/bin/sh\nif grep -q 'not accepted' \"$1\"; then sed -i 's/maxReplicas: -1/maxReplicas: 5/' \"$1\"; else sed -i 's/maxReplicas: 3/maxReplicas: -1/' \"$1\"; fi\n";
    std::fs::write(&editor, script).unwrap();
    let edit = |editor: &str| {
        let mut command = crate::cluster::faasim(cluster.folder.path());
        let done = command.env("EDITOR", editor).args(["edit", "hpa", "echo"]).output().unwrap();
        (done.status.code(), String::from_utf8(done.stdout).unwrap(), String::from_utf8(done.stderr).unwrap())
    };
    let (code, said, _) = edit(&format!("sh '{}'", editor.display()));
    assert_eq!((code, said.as_str()), (Some(0), "horizontalpodautoscaler.autoscaling/echo edited\n"));
    assert_eq!(cluster.json(&["get", "hpa", "echo", "-o", "json"])["spec"]["maxReplicas"], 5);
    assert_eq!(edit("true"), (Some(0), "Edit cancelled, no changes made.\n".into(), String::new()));
    assert_eq!(edit("false").0, Some(1));
    // What stays refused is kept.
    let (code, _, said) = edit("sed -i 's/maxReplicas: 5/maxReplicas: 0/'");
    let kept = said.trim().rsplit_once("kept in ").unwrap_or_else(|| panic!("{said}")).1;
    assert!(code == Some(1) && said.contains("must be greater than 0"), "{said}");
    assert!(std::fs::read_to_string(kept).unwrap().contains("maxReplicas: 0"));
    std::fs::remove_file(kept).unwrap();
}

#[test]
fn a_live_function_becomes_a_model_that_an_experiment_takes() {
    let cluster = cluster();
    let file = cluster.folder.path().join("model.toml");
    let written = file.to_str().unwrap();
    let said = cluster.says(&["calibrate", "echo", "--cold", "1", "--requests", "20", "--write", written]);
    for words in ["# service: mean", "# start-up: mean", "# CPU of a request", "4 users  mean", "model"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_eq!(said, std::fs::read_to_string(&file).unwrap());
    let deployments = cluster.says(&["get", "deploy"]);
    assert!(deployments.contains("echo") && !deployments.contains("calibration"), "{deployments}");
    let scenario = format!(
        "name = \"x\"\nduration = \"1m\"\nexpect = [\"share(status = 200) == 100%\"]\n\
         [[function]]\nname = \"echo\"\n{said}\n[[load]]\nfunction = \"echo\"\nrate = 2\n"
    );
    std::fs::write(&file, scenario).unwrap();
    let ran = cluster.says(&["run", written, "--virtual", "--dry"]);
    assert!(ran.contains("✓ share(status = 200)"), "{ran}");
}

#[test]
fn every_command_has_help_with_an_example_a_page_and_completions() {
    let folder = tempfile::tempdir().unwrap();
    let print = |arguments: &[&str]| {
        let done = crate::cluster::faasim(folder.path()).args(arguments).output().unwrap();
        assert!(done.status.success(), "{arguments:?}: {done:?}");
        String::from_utf8(done.stdout).unwrap()
    };
    let completions = ["bash", "zsh", "fish"].map(|shell| print(&["completions", shell]));
    let line = faasim::cli::command_line();
    let overview = print(&["man"]);
    for command in line.get_subcommands() {
        let name = command.get_name();
        let help = command.clone().render_long_help().to_string();
        assert!(help.contains("Example") && help.contains(&format!("faasim {name}")), "{name}: {help}");
        assert!(completions.iter().all(|script| script.contains(name)), "{name} in the completions");
        assert!(overview.contains(&format!("faasim\\-{name}")), "{name} in {overview}");
    }
    let page = print(&["man", "load"]);
    assert!(page.contains("faasim\\-load") && page.contains("faasim load mltest"), "{page}");
    for arguments in [&["load", "--help"][..], &["help", "load"]] {
        assert!(print(arguments).contains("faasim load echo --rate 20/s"));
    }
}
