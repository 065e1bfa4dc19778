//! Commands that are used wrongly, or that ask for what is not there.

use super::{Case, each_is_told_once};
use crate::cluster::Cluster;

const STACK: &str = "  echo: { image: faasim/base, fprocess: faasim function echo, requests: { cpu: 10m } }
  bare: { image: faasim/base, fprocess: faasim function echo }
  fail: { image: faasim/base, fprocess: faasim function fail }
";

/// An autoscaler and a function, each with a key that is misspelt.
const BAD: &str = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: { name: echo }\nspec: { maxReplicas: 3, minreplicas: 1, scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: echo } }\n";
const UNKNOWN: &str =
    "version: 1.0\nprovider: { name: openfaas }\nfunctions:\n  a: { image: x, imagee: x }\n";

/// By what is typed after `faasim`.
#[rustfmt::skip]
const CASES: &[Case<'_>] = &[
    ("get", &["get"], 2, "KIND"),
    ("get pots", &["get", "pots"], 2, "did you mean `pods`"),
    ("get pod echo-nope", &["get", "pod", "echo-nope"], 1, "pods \"echo-nope\" not found"),
    ("get deploy ecoh", &["get", "deploy", "ecoh"], 1, "did you mean \"echo\""),
    ("get hpa echo", &["get", "hpa", "echo"], 1, "\"echo\" not found"),
    ("get pods -o xml", &["get", "pods", "-o", "xml"], 2, "xml"),
    ("describe", &["describe"], 2, "NAME"),
    ("describe events", &["describe", "events"], 2, "events cannot be described"),
    ("describe node x", &["describe", "node", "x"], 1, "nodes \"x\" not found"),
    ("describe echo -o wide", &["describe", "echo", "-o", "wide"], 2, "json, yaml"),
    ("get events nope", &["get", "events", "nope"], 1, "events \"nope\" not found"),
    ("get nodes nope", &["get", "nodes", "nope"], 1, "nodes \"nope\" not found"),
    ("logs echo --pod nope", &["logs", "echo", "--pod", "nope"], 1, "has no pod `nope`; it has echo-"),
    ("explain echo --last 0", &["explain", "echo", "--last", "0"], 2, "a whole number from 1"),
    ("load echo --duration -1s", &["load", "echo", "--duration", "-1s"], 2, "write a duration"),
    ("describe pod x", &["describe", "pod", "x"], 1, "pods \"x\" not found"),
    ("describe nothing", &["describe", "nothing"], 1, "functions \"nothing\" not found"),
    ("describe hpa bare", &["describe", "hpa", "bare"], 1, "\"bare\" not found"),
    ("delete pod", &["delete", "pod"], 2, "name the pods to delete"),
    ("delete node x", &["delete", "node", "x"], 2, "cannot be deleted"),
    ("delete pod x", &["delete", "pod", "x"], 1, "not found"),
    ("delete hpa bare", &["delete", "hpa", "bare"], 1, "not found"),
    ("top hpa", &["top", "hpa"], 2, "top knows pods and nodes"),
    ("top pods --sort-by age", &["top", "pods", "--sort-by", "age"], 2, "age"),
    ("exec x -- ls", &["exec", "x", "--", "ls"], 1, "not found"),
    ("exec x", &["exec", "x"], 2, "COMMAND"),
    ("scale echo", &["scale", "echo"], 2, "--replicas"),
    ("scale echo --replicas -1", &["scale", "echo", "--replicas", "-1"], 2, "a whole number from 0 (see `faasim scale --help`)"),
    ("scale echo --replicas many", &["scale", "echo", "--replicas", "many"], 2, "many"),
    ("scale nope --replicas 1", &["scale", "nope", "--replicas", "1"], 1, "not found"),
    ("scale echo --replicas 100000", &["scale", "echo", "--replicas", "100000"], 1, "100000"),
    ("autoscale echo", &["autoscale", "echo"], 2, "--max"),
    ("autoscale echo --min 5 --max 3", &["autoscale", "echo", "--min", "5", "--max", "3"], 2, "larger or equal to --min"),
    ("autoscale echo --cpu-percent 0 --max 3", &["autoscale", "echo", "--cpu-percent", "0", "--max", "3"], 2, "a whole number from 1"),
    ("autoscale nope --max 3", &["autoscale", "nope", "--max", "3"], 1, "not found"),
    ("apply", &["apply"], 2, "--filename"),
    ("apply -f /nowhere/hpa.yaml", &["apply", "-f", "/nowhere/hpa.yaml"], 1, "/nowhere/hpa.yaml"),
    ("edit pod x", &["edit", "pod", "x"], 2, "name one autoscaler or one function"),
    ("rollout", &["rollout"], 2, "status"),
    ("rollout restart nope", &["rollout", "restart", "nope"], 1, "not found"),
    ("rollout undo echo --to-revision 9", &["rollout", "undo", "echo", "--to-revision", "9"], 1, "9"),
    ("explain nope", &["explain", "nope"], 1, "not found"),
    ("completions tcsh", &["completions", "tcsh"], 2, "tcsh"),
    ("man nope", &["man", "nope"], 2, "there is no command `nope`"),
    ("get pods -g ftp://x", &["get", "pods", "-g", "ftp://x"], 2, "is no gateway"),
    ("get pods -g http://127.0.0.1:1", &["get", "pods", "-g", "http://127.0.0.1:1"], 1, "no cluster answers"),
    ("replay /nowhere", &["replay", "/nowhere"], 1, "/nowhere"),
    ("password --state /nowhere", &["password", "--state", "/nowhere"], 1, "there is no cluster in /nowhere"),
    ("up --set nope=1", &["up", "--set", "nope=1"], 2, "nope"),
    ("up -f /nowhere/stack.yml --no-tui", &["up", "-f", "/nowhere/stack.yml", "--no-tui"], 1, "/nowhere/stack.yml"),
    ("frobnicate", &["frobnicate"], 2, "frobnicate"),
    ("invoke", &["invoke"], 2, "NAME"),
    ("invoke nope", &["invoke", "nope"], 1, "no function `nope`"),
    ("invoke echo -H no-colon", &["invoke", "echo", "-H", "no-colon"], 2, "no-colon"),
    ("invoke echo -q noequals", &["invoke", "echo", "-q", "noequals"], 2, "noequals"),
    ("invoke echo --method G E T", &["invoke", "echo", "--method", "G E T"], 2, "G E T"),
    ("load", &["load"], 2, "NAME"),
    ("load nope --requests 1", &["load", "nope", "--requests", "1"], 1, "no function `nope`"),
    ("load echo --users 0 --requests 1", &["load", "echo", "--users", "0", "--requests", "1"], 2, "a whole number from 1"),
    ("load echo --users two", &["load", "echo", "--users", "two"], 2, "two"),
    ("load echo --rate -1", &["load", "echo", "--rate", "-1"], 2, "-1"),
    ("load echo --rate 5 --users 2", &["load", "echo", "--rate", "5", "--users", "2"], 2, "cannot be used with"),
    ("load echo --duration soon", &["load", "echo", "--duration", "soon"], 2, "soon"),
    ("load echo --requests 0", &["load", "echo", "--requests", "0"], 2, "0"),
    ("load echo --body-file /nowhere/body --requests 1", &["load", "echo", "--body-file", "/nowhere/body", "--requests", "1"], 1, "/nowhere/body"),
    ("load http://192.0.2.1/ --requests 1", &["load", "http://192.0.2.1/", "--requests", "1"], 2, "--allow-remote"),
    ("deploy -f /nowhere/stack.yml", &["deploy", "-f", "/nowhere/stack.yml"], 1, "/nowhere/stack.yml"),
    ("deploy --image x", &["deploy", "--image", "x"], 2, "--name"),
    ("deploy --image x --name Bad_Name", &["deploy", "--image", "x", "--name", "Bad_Name"], 2, "cannot be the name of a function"),
    ("deploy --image x --name a --label novalue", &["deploy", "--image", "x", "--name", "a", "--label", "novalue"], 2, "novalue"),
    ("check", &["check"], 2, "FILE"),
    ("check /nowhere/stack.yml", &["check", "/nowhere/stack.yml"], 1, "/nowhere/stack.yml"),
    ("remove ecoh", &["remove", "ecoh"], 1, "did you mean `echo`"),
    ("remove", &["remove"], 2, "name the functions to remove"),
    ("logs nope", &["logs", "nope"], 1, "no function `nope`"),
    ("logs echo --since yesterday", &["logs", "echo", "--since", "yesterday"], 2, "yesterday"),
    ("logs echo --tail 0", &["logs", "echo", "--tail", "0"], 2, "0"),
    ("list -o xml", &["list", "-o", "xml"], 2, "xml"),
    ("tui", &["tui"], 1, "needs a terminal"),
    ("lisst", &["lisst"], 2, "similar"),
    ("up --provider podman", &["up", "--no-tui", "--provider", "podman"], 2, "--provider … `docker`, `process`"),
    ("up --edition basic", &["up", "--no-tui", "--edition", "basic"], 2, "--edition … `pro`, `ce`"),
    ("up --port 80x", &["up", "--no-tui", "--port", "80x"], 2, "--port … from 0 to 65535"),
    ("up --metrics-port 70000", &["up", "--no-tui", "--metrics-port", "70000"], 2, "--metrics-port … from 0 to 65535"),
    ("up --preset fast", &["up", "--no-tui", "--preset", "fast"], 2, "--preset … `lecture`"),
    ("up --set hpa.sync-period", &["up", "--no-tui", "--set", "hpa.sync-period"], 2, "write `section.key=value`"),
    ("up --set hpa.sync-period=0s", &["up", "--no-tui", "--set", "hpa.sync-period=0s"], 2, "write a duration of more than 0"),
    ("up --set hpa.dialect=v3", &["up", "--no-tui", "--set", "hpa.dialect=v3"], 2, "`current`, `legacy`"),
    ("up --set hpa.sync-perod=1s", &["up", "--no-tui", "--set", "hpa.sync-perod=1s"], 2, "did you mean `hpa.sync-period`"),
    ("up --set routing.policy=best", &["up", "--no-tui", "--set", "routing.policy=best"], 2, "`least-inflight`, `round-robin`"),
    ("up --config nope.toml", &["up", "--no-tui", "--config", "nope.toml"], 2, "nope.toml … cannot be read"),
    ("up -f .", &["up", "--no-tui", "-f", "."], 1, ".: cannot be read"),
    ("up more", &["up", "more"], 2, "'more' … faasim up --help"),
    ("down more", &["down", "more"], 2, "'more'"),
    ("apply -f bad.yaml", &["apply", "-f", "bad.yaml"], 1, "bad.yaml:4:"),
    ("deploy -f unknown.yml", &["deploy", "-f", "unknown.yml"], 1, "unknown.yml:4: … did you mean `image`"),
];

#[test]
fn each_wrong_command_is_told_once() {
    let cluster = Cluster::up(STACK, &[]);
    cluster.until_ready("echo", 1);
    std::fs::write(cluster.folder.path().join("bad.yaml"), BAD).unwrap();
    std::fs::write(cluster.folder.path().join("unknown.yml"), UNKNOWN).unwrap();
    each_is_told_once(cluster.folder.path(), CASES);
}
