//! OpenFaaS' `FunctionStatus`, made from a view.

use crate::cluster::function::Resources;
use crate::cluster::snapshot::FunctionState;
use crate::dashboard::view::View;
use serde::Serialize;
use std::collections::BTreeMap;

/// A function as OpenFaaS' clients read it. Zeros are left out, as the original's encoder does.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FunctionStatus<'a> {
    name: &'a str,
    image: &'a str,
    namespace: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    env_process: Option<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    env_vars: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    constraints: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    secrets: &'a [String],
    labels: BTreeMap<&'a str, String>,
    annotations: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Resources::is_empty")]
    limits: &'a Resources,
    #[serde(skip_serializing_if = "Resources::is_empty")]
    requests: &'a Resources,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    read_only_root_filesystem: bool,
    #[serde(skip_serializing_if = "is_zero")]
    invocation_count: u64,
    #[serde(skip_serializing_if = "is_zero")]
    replicas: u64,
    #[serde(skip_serializing_if = "is_zero")]
    available_replicas: u64,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
}

/// What all pods of a function use together.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Usage {
    #[serde(skip_serializing_if = "is_zero")]
    cpu: u64,
    #[serde(skip_serializing_if = "is_zero")]
    total_memory_bytes: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde hands a reference.
fn is_zero(n: &u64) -> bool {
    *n == 0
}

impl<'a> FunctionStatus<'a> {
    /// `usage`: with the CPU and memory of its pods.
    pub(super) fn new(view: &View, function: &'a FunctionState, usage: bool) -> Self {
        let spec = &function.spec;
        let mut labels: BTreeMap<&str, String> =
            spec.labels.iter().map(|(k, v)| (k.as_str(), v.clone())).collect();
        labels.insert("faas_function", spec.name.clone());
        labels.insert("uid", function.generation.to_string());
        let usage = usage.then(|| {
            let pods = view.snapshot.pods_of(function.id).filter_map(|p| view.usage.get(&p.uid));
            pods.fold(Usage { cpu: 0, total_memory_bytes: 0 }, |sum, pod| Usage {
                cpu: sum.cpu + pod.cpu.0,
                total_memory_bytes: sum.total_memory_bytes + pod.memory.0,
            })
        });
        FunctionStatus {
            name: &spec.name,
            image: &spec.image,
            namespace: &spec.namespace,
            env_process: spec.env_process.as_deref(),
            env_vars: &spec.env_vars,
            constraints: &spec.constraints,
            secrets: &spec.secrets,
            labels,
            annotations: &spec.annotations,
            limits: &spec.limits,
            requests: &spec.requests,
            read_only_root_filesystem: spec.read_only_root_filesystem,
            invocation_count: view.traffic.get(&function.id).map_or(0, |t| t.total),
            replicas: function.replicas.into(),
            available_replicas: function.ready.into(),
            created_at: function.created.rfc3339(),
            usage,
        }
    }
}
