//! On which node a pod is placed, and what becomes of the pods of a node that is lost.

use super::action::Action;
use super::happenings::Kind;
use super::node::NodeId;
use super::pod::{Container, Exit, PodPhase, PodUid};
use super::quantity::MilliCpu;
use super::time::Time;
use super::{Cluster, Timer};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;

/// How a node is chosen for a pod, among those that are there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Placement {
    /// The one with the fewest pods of the same function, of these the one whose cores are least asked for.
    #[default]
    Spread,
    /// The one whose cores are most asked for and that has room for the pod's request; if none has, as spread.
    Pack,
    /// Any.
    Random,
}

/// What the pods placed on a node ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct NodeLoad {
    pods: u32,
    cpu: u64,
    /// It does not answer, since then.
    lost: Option<Time>,
}

impl Cluster {
    /// Where the next pod of a function goes.
    pub(super) fn place(
        &mut self,
        function: super::function::FunctionId,
        request: Option<MilliCpu>,
    ) -> NodeId {
        self.loads.resize(self.nodes.len(), NodeLoad::default());
        let there: Vec<usize> = (0..self.nodes.len()).filter(|n| self.loads[*n].lost.is_none()).collect();
        let [first, _, ..] = there.as_slice() else {
            return there.first().or(Some(&0)).and_then(|n| self.nodes.get(*n)).map_or(NodeId(0), |n| n.id);
        };
        let request = request.map_or(0, |cpu| cpu.0);
        // Load per core, in whole numbers that compare as the fractions do.
        let share = |n: &usize| {
            let cores = u64::from(self.nodes[*n].cores.max(1));
            (self.loads[*n].cpu * 1000 / cores, u64::from(self.loads[*n].pods) * 1000 / cores)
        };
        let own = |n: &usize| {
            let Some(f) = self.functions.get(&function) else { return 0 };
            f.pods_of(&self.pods).filter(|p| usize::from(p.node.0) == *n && p.deleting.is_none()).count()
        };
        let spread = || there.iter().copied().min_by_key(|n| (own(n), share(n), *n));
        let room = |n: &&usize| self.loads[**n].cpu + request <= u64::from(self.nodes[**n].cores) * 1000;
        let chosen = match self.settings.placement {
            Placement::Spread => spread(),
            Placement::Pack => {
                there.iter().filter(room).copied().max_by_key(|n| (share(n), Reverse(*n))).or_else(spread)
            }
            Placement::Random => there.get(self.rng.random_range(0..there.len() as u32) as usize).copied(),
        };
        self.nodes[chosen.unwrap_or(*first)].id
    }

    /// A pod is placed on its node (`there`), or has left it.
    pub(super) fn load_node(&mut self, node: NodeId, request: Option<MilliCpu>, there: bool) {
        self.loads.resize(self.nodes.len().max(usize::from(node.0) + 1), NodeLoad::default());
        let load = &mut self.loads[usize::from(node.0)];
        let cpu = request.map_or(0, |cpu| cpu.0);
        if there {
            (load.pods, load.cpu) = (load.pods + 1, load.cpu + cpu);
        } else {
            (load.pods, load.cpu) = (load.pods.saturating_sub(1), load.cpu.saturating_sub(cpu));
        }
    }

    fn pods_on(&self, node: NodeId) -> Vec<PodUid> {
        self.pods.values().filter(|p| p.node == node).map(|p| p.uid).collect()
    }

    /// A node does not answer any more: its pods take no requests, and are given up when it stays away.
    pub(super) fn node_lost(&mut self, now: Time, node: NodeId) {
        self.loads.resize(self.nodes.len(), NodeLoad::default());
        let Some(load) = self.loads.get_mut(usize::from(node.0)).filter(|l| l.lost.is_none()) else { return };
        load.lost = Some(now);
        self.timers.insert((now + self.settings.node_toleration, Timer::NodeLost(node)));
        let name = self.nodes.get(usize::from(node.0)).map_or(String::new(), |n| n.name.clone());
        for uid in self.pods_on(node) {
            let Some(pod) = self.pod_mut(uid) else { continue };
            let function = pod.function;
            if pod.ready {
                (pod.ready, pod.ready_changed) = (false, Some(now));
            }
            self.actions.push_back(Action::ForgetPod { function, uid });
            self.note_pod(now, uid, Kind::Warning, "NodeNotReady", format!("Node {name} is not ready"));
        }
    }

    /// A node stayed away for longer than its pods tolerate: others take their place.
    pub(super) fn node_given_up(&mut self, now: Time, node: NodeId) {
        let lost = self.loads.get(usize::from(node.0)).and_then(|l| l.lost);
        if lost.is_none_or(|since| since + self.settings.node_toleration > now) {
            return;
        }
        for uid in self.pods_on(node) {
            self.note_pod(now, uid, Kind::Normal, "TaintManagerEviction", "Marking for deletion".into());
            self.pod_gone(now, uid);
        }
    }

    /// A node is back: nothing runs there any more, so its pods' containers are started anew.
    pub(super) fn node_back(&mut self, now: Time, node: NodeId) {
        let Some(load) = self.loads.get_mut(usize::from(node.0)) else { return };
        if load.lost.take().is_none() {
            return;
        }
        for uid in self.pods_on(node) {
            match self.pods.get(&uid) {
                Some(pod) if pod.deleting.is_some() => self.pod_gone(now, uid),
                Some(pod) if pod.phase == PodPhase::Running || pod.container == Container::Creating => {
                    // The container's end is not the function's fault; 255 is what a kubelet says of it.
                    self.pod_exited(now, uid, Exit { code: 255, oom_killed: false });
                }
                _ => {}
            }
        }
    }
}
