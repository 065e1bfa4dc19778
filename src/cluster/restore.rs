//! A cluster after a restart: from what was written down, and from the pods that outlived it.

use super::Cluster;
use super::action::Action;
use super::happenings::Kind;
use super::namespaces::Namespace;
use super::node::Node;
use super::pod::{Container, Pod, PodPhase};
use super::record::{FoundPod, FunctionRecord, Record};
use super::scaling::hpa::Hpa;
use super::scaling::openfaas::ScaleLabels;
use super::settings::Settings;
use super::time::Time;
use super::wishes::new_function;
use std::sync::Arc;
use std::time::Duration;

impl Cluster {
    /// The cluster as it was, as far as it can be: functions and autoscalers from `records`; pods that run and
    /// whose spec still matches are adopted under their names, others get [`Action::StopPod`].
    ///
    /// An autoscaler's logs are not kept, as a restarted Kubernetes controller's are not: its first look
    /// seeds them with the present size.
    pub fn restore(
        now: Time,
        settings: Settings,
        nodes: Vec<Node>,
        seed: u64,
        records: Vec<Record>,
        found: Vec<FoundPod>,
    ) -> Self {
        let mut cluster = Cluster::new(now, settings, nodes, seed);
        for record in records {
            match record {
                Record::Function(record) => cluster.restore_function(now, record),
                Record::Namespace(namespace) => {
                    cluster.namespaces.insert(namespace.name.clone(), namespace);
                }
                Record::NoFunction(_) | Record::NoNamespace(_) => {}
            }
        }
        for pod in found {
            cluster.adopt(now, pod);
        }
        let all: Vec<_> = cluster.functions.keys().copied().collect();
        for function in all {
            cluster.reconcile(now, function);
        }
        cluster
    }

    fn restore_function(&mut self, now: Time, record: FunctionRecord) {
        // Labels were checked when they came in; a record from another edition falls back to its defaults.
        let edition = self.settings.edition;
        let (labels, ignored) = ScaleLabels::read(&record.spec.labels, edition)
            .unwrap_or_else(|_| (ScaleLabels::defaults(edition), Vec::new()));
        let mut f = new_function(now, record.id, record.spec, record.replicas, labels, ignored);
        f.created = record.created;
        f.generation = record.generation;
        f.revisions = record.revisions;
        let id = f.id;
        let home = f.spec.namespace.clone();
        // Written down by a faasim that knew no namespaces but those of functions.
        self.namespaces.entry(home.clone()).or_insert_with(|| Namespace::new(&home));
        f.hpa = record.hpa.map(|(spec, created)| Hpa::new(spec, created));
        let has_hpa = f.hpa.is_some();
        self.next_function = self.next_function.max(id.0 + 1);
        self.add(f);
        if has_hpa {
            self.start_hpa(now, id);
        }
    }

    fn adopt(&mut self, now: Time, found: FoundPod) {
        self.next_pod = self.next_pod.max(found.uid.0 + 1);
        let uid = found.uid;
        let wanted = self.find(&found.function).and_then(|id| self.functions.get_mut(&id));
        let Some(f) = wanted.filter(|f| f.template_hash == found.template_hash) else {
            self.actions.push_back(Action::StopPod { uid, grace: Duration::from_secs(1) });
            return;
        };
        let pod = Pod {
            uid,
            name: found.name,
            function: f.id,
            spec: f.spec.clone(),
            template_hash: found.template_hash,
            node: self.nodes.first().map(|n| n.id).unwrap_or_default(),
            phase: PodPhase::Running,
            container: Container::Running { since: found.started },
            ready: false,
            reported: false,
            probed: None,
            unhealthy: false,
            ready_changed: None,
            created: found.started,
            started: Some(found.started),
            restarts: 0,
            failures: 0,
            last_exit: None,
            deleting: None,
            address: Some(found.address),
            adopted: true,
        };
        f.pods.insert(uid);
        self.load_node(pod.node, pod.spec.requests.cpu, true);
        self.pods.insert(uid, Arc::new(pod));
        self.note_pod(now, uid, Kind::Normal, "Adopted", "Found running after a restart of faasim".into());
        self.probe_pod(uid);
    }
}
