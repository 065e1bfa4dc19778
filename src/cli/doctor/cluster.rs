//! The cluster that commands would reach, and the engine that would run its pods.

use super::{Finding, note, ok, wrong};
use crate::cli::{Client, Global};
use crate::cluster::pod::Container;
use crate::dashboard::view::View;
use crate::live::provider::docker;

/// Whether one runs, and how it does.
pub(super) async fn look(global: &Global) -> (Vec<Finding>, bool) {
    let what = "cluster";
    let client = match Client::new(global) {
        Ok(client) => client,
        Err(failure) => {
            return (
                vec![wrong(what, failure.to_string(), "`unset OPENFAAS_URL`, or correct --gateway")],
                false,
            );
        }
    };
    match client.view().await {
        Ok(view) => (health(client.gateway(), &view), true),
        Err(failure) if failure.is_no_answer() && !failure.to_string().contains("password") => {
            let found = format!("none answers at {}", client.gateway());
            (vec![note(what, found, "`faasim up` starts one")], false)
        }
        Err(failure) => {
            let advice = format!(
                "something else, or another person's faasim, is at {}: `faasim up --port 9080` starts one beside it",
                client.gateway()
            );
            (vec![wrong(what, failure.to_string(), advice)], false)
        }
    }
}

fn health(gateway: &str, view: &View) -> Vec<Finding> {
    let (functions, pods) = (view.snapshot.functions.len(), view.snapshot.pods.len());
    let platform = &view.platform;
    let mut all = vec![ok(
        "cluster",
        format!(
            "faasim {} at {gateway}: {functions} functions, {pods} pods ({})",
            platform.version, platform.provider
        ),
    )];
    let own = env!("CARGO_PKG_VERSION");
    if platform.version != own {
        all.push(note(
            "versions",
            format!("the cluster is {}, this program is {own}", platform.version),
            "`faasim down`, then `faasim up`: the cluster is then of this version",
        ));
    }
    for pod in view.snapshot.pods.values() {
        if let Container::Waiting { reason, message, .. } = &pod.container {
            let advice =
                format!("`faasim logs {}` and `faasim describe pod {}` say why", pod.spec.name, pod.name);
            all.push(wrong("pod", format!("{}: {reason}: {message}", pod.name), advice));
        }
    }
    let idle = view.snapshot.functions.values().filter(|f| f.replicas > 0 && f.ready == 0);
    for function in idle {
        let name = &function.spec.name;
        let advice = format!("`faasim get pods` and `faasim logs {name}` show how far they are");
        all.push(note("function", format!("{name}: none of {} pods is ready", function.replicas), advice));
    }
    for function in view.snapshot.functions.values() {
        for label in &function.ignored_labels {
            let advice =
                "`faasim describe NAME` shows its labels; docs/troubles/labels.md says what there is";
            all.push(note("label", format!("{}: {label}", function.spec.name), advice));
        }
    }
    all
}

/// The Docker engine: there, allowed, and new enough.
pub(super) async fn engine() -> Finding {
    match docker::version().await {
        Ok(version) => ok("Docker engine", version),
        // The reason says already what to do about it.
        Err(why) => note(
            "Docker engine",
            why.to_string(),
            "without one, pods are plain processes of this machine, which is enough for everything but images: `faasim up --provider process`",
        ),
    }
}
