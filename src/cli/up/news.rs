//! What a cluster without a screen tells of itself, line by line: changes of size, and pods in trouble.

use crate::cluster::function::FunctionName;
use crate::cluster::snapshot::Snapshot;
use crate::cluster::time::Time;
use std::collections::BTreeSet;

/// What was told already.
#[derive(Debug, Default)]
pub(super) struct News {
    /// Decisions up to this time are told.
    decided: Time,
    /// Troubles that are told: the object and its message. Only those that are still remembered by the cluster.
    troubles: BTreeSet<(String, String)>,
    /// Functions that are known not to run: what their pods say is no news until they do.
    cannot_run: BTreeSet<FunctionName>,
}

impl News {
    /// Those that a cluster has at its start are no news, but its troubles are.
    pub fn since(now: Time, cannot_run: BTreeSet<FunctionName>) -> Self {
        News { decided: now, troubles: BTreeSet::new(), cannot_run }
    }

    /// What is new, oldest first: `mltest: horizontal-pod-autoscaler: 2 → 4 replicas (…)`,
    /// `warning: pod/mltest-…: BackOff: …`. The same trouble is told once.
    pub fn of(&mut self, snapshot: &Snapshot) -> Vec<String> {
        let mut lines = Vec::new();
        for function in snapshot.functions.values() {
            let new = function.decisions.iter().filter(|d| d.changed() && d.at > self.decided);
            lines.extend(new.map(|d| (d.at, format!("{}: {}", function.spec.name, d.headline()))));
        }
        let decided = snapshot.functions.values().filter_map(|f| f.decisions.back()).map(|d| d.at);
        self.decided = decided.fold(self.decided, Time::max);
        self.cannot_run.retain(|name| snapshot.function(name).is_some_and(|f| f.ready == 0));
        let known = |id| snapshot.functions.get(&id).is_some_and(|f| self.cannot_run.contains(&f.name()));
        let mut troubles = BTreeSet::new();
        // An autoscaler's warnings are about its first looks, before anything was measured.
        let warnings = snapshot.events.iter().filter(|e| e.warning && e.object.starts_with("pod/"));
        for event in warnings {
            let trouble = (event.object.clone(), event.message.clone());
            if !self.troubles.contains(&trouble) && !known(event.function) {
                lines.push((
                    event.last,
                    format!("warning: {}: {}: {}", event.object, event.reason, event.message),
                ));
            }
            troubles.insert(trouble);
        }
        self.troubles = troubles;
        lines.sort_by_key(|(at, _)| *at);
        lines.into_iter().map(|(_, line)| line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Cluster;
    use crate::cluster::command::Command;
    use crate::cluster::event::Event;
    use crate::cluster::function::FunctionSpec;
    use crate::cluster::node::{Node, NodeId};
    use crate::cluster::settings::Settings;

    #[test]
    fn a_change_of_size_and_a_pod_in_trouble_are_told_once() {
        let at = Time::from_secs;
        let node = Node { id: NodeId(0), name: "n".into(), cores: 1 };
        let mut cluster = Cluster::new(at(1), Settings::default(), vec![node], 1);
        let mut news = News::since(at(1), BTreeSet::new());
        cluster.apply(at(2), Command::Deploy(FunctionSpec::new("a", "i"))).unwrap();
        assert_eq!(news.of(&cluster.snapshot(at(2))), [""; 0]);
        let uid = *cluster.snapshot(at(2)).pods.keys().next().unwrap();
        let (reason, message) = ("ErrImagePull".into(), "no such image".into());
        cluster.handle(at(3), Event::PodStartFailed { uid, reason, message });
        let said = news.of(&cluster.snapshot(at(3))).join("\n");
        assert!(said.starts_with("warning: pod/a-") && said.contains("no such image"), "{said}");
        cluster.apply(at(4), Command::Scale { function: FunctionName::parse("a"), replicas: 2 }).unwrap();
        let said = news.of(&cluster.snapshot(at(4)));
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].starts_with("a: person: 1 → 2 replicas"), "{said:?}");
        assert_eq!(news.of(&cluster.snapshot(at(5))), [""; 0]);
    }
}
