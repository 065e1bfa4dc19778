//! Probes of pods on both providers: who fails one gets no requests, or is started again.

use crate::cluster::{Cluster, until};
use serde_json::Value;

/// Any path but the watchdog's own is a call of the function, so `fail` fails every probe there and `echo` passes. A probe
/// right after the start would find nobody listening yet.
const STACK: &str = "  fails:
    image: faasim/base
    fprocess: faasim function fail
    annotations:
      com.openfaas.health.http.path: /probe
      com.openfaas.health.http.initialDelay: 2s
      com.openfaas.health.http.periodSeconds: '1'
      com.openfaas.health.http.failureThreshold: '1'
  never:
    image: faasim/base
    fprocess: faasim function fail
    annotations: { com.openfaas.ready.http.path: /probe, com.openfaas.ready.http.initialDelaySeconds: 0s }
  passes:
    image: faasim/base
    fprocess: faasim function echo
    annotations: { com.openfaas.ready.http.path: /probe, com.openfaas.ready.http.initialDelaySeconds: 0s }
";

fn pod(cluster: &Cluster, function: &str) -> Option<Value> {
    let pods = cluster.json(&["get", "pods", "-o", "json"]);
    let mine =
        pods["items"].as_array()?.iter().find(|p| p["metadata"]["labels"]["faas_function"] == function);
    mine.cloned()
}

fn probed(provider: &'static str) {
    let cluster = Cluster::up_on(provider, STACK, &["--set", "pods.termination-grace=2s"]);
    cluster.until_ready("passes", 1);
    assert_eq!(cluster.says(&["invoke", "passes", "-d", "x"]), "x");
    let name = until("a restart", || {
        let pod = pod(&cluster, "fails")?;
        let restarts = pod["status"]["containerStatuses"][0]["restartCount"].as_u64()?;
        (restarts >= 1).then(|| pod["metadata"]["name"].as_str().unwrap().to_owned())
    });
    assert_eq!(pod(&cluster, "fails").unwrap()["metadata"]["name"], name.as_str(), "the pod stays the same");
    let said = cluster.says(&["describe", "pod", &name]);
    for words in [
        "Liveness probe failed: GET http://",
        "failed liveness probe, will be restarted",
        "the answer is 500",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let liveness =
        regex::Regex::new(r"http-get :\d+/probe delay=2s timeout=1s period=1s #success=1 #failure=1")
            .unwrap();
    assert!(liveness.is_match(&said), "{said}");
    let never = pod(&cluster, "never").unwrap();
    assert_eq!(never["status"]["containerStatuses"][0]["ready"], false, "{never}");
    assert_eq!(never["status"]["containerStatuses"][0]["restartCount"], 0);
}

#[test]
fn probes_close_and_restart_pods_that_are_processes() {
    probed("process");
}

#[test]
fn probes_close_and_restart_pods_that_are_containers() {
    if crate::engine::wanted() {
        probed("docker");
    }
}
