//! What is done to the cluster from outside: wishes, kills, failing nodes.

use super::pods::PodSlot;
use super::{NONE, Simulation, Step};
use crate::cluster::command::Command;
use crate::cluster::event::Event as Happened;
use crate::cluster::function::FunctionName;
use crate::cluster::node::NodeId;
use crate::sim::observe::Observer;

impl<O: Observer> Simulation<O> {
    pub(super) fn do_step(&mut self, index: u32) {
        match self.steps[index as usize].1.clone() {
            Step::Command(command) => {
                if let Err(refusal) = self.apply(*command) {
                    self.refusals.push((self.now, refusal.to_string()));
                }
            }
            Step::Delete { function, newest } => {
                let snapshot = self.cluster.snapshot(self.now);
                let chosen = snapshot.function(&function).and_then(|f| {
                    let mut pods = snapshot.pods_of(f.id).filter(|p| p.deleting.is_none());
                    let chosen = if newest { pods.last() } else { pods.next() };
                    chosen.map(|p| p.name.clone())
                });
                let answer = match chosen {
                    Some(name) => {
                        self.apply(Command::DeletePod { name }).map(drop).map_err(|e| e.to_string())
                    }
                    None => Err(format!("`{function}` has no pod that could be deleted")),
                };
                if let Err(why) = answer {
                    self.refusals.push((self.now, why));
                }
            }
            Step::StopNode(node) => self.stop_node(node),
            Step::StartNode(node) => self.tell(Happened::NodeBack { node }),
            Step::Kill { function, pod, newest } => {
                if !self.kill(&function, pod.as_deref(), newest) {
                    self.refusals
                        .push((self.now, format!("no pod of `{function}` runs that could be killed")));
                }
            }
        }
    }

    /// Kills a pod from outside; false if there is none.
    fn kill(&mut self, function: &FunctionName, name: Option<&str>, newest: bool) -> bool {
        let snapshot = self.cluster.snapshot(self.now);
        let Some(f) = snapshot.function(function) else { return false };
        let mut running = snapshot
            .pods_of(f.id)
            .filter(|pod| name.is_none_or(|name| pod.name == name))
            .map(|pod| self.slot(pod.uid))
            .filter(|slot| *slot != NONE && self.pods[*slot as usize].running);
        let found = if newest { running.last() } else { running.next() };
        if let Some(pod) = found {
            self.exit(pod, 137);
            self.pump();
        }
        found.is_some()
    }

    /// A node goes, and with it all that ran there.
    fn stop_node(&mut self, node: NodeId) {
        let there = |p: &PodSlot| p.placed && p.node == node.0;
        let pods: Vec<u32> = (0..self.pods.len() as u32).filter(|p| there(&self.pods[*p as usize])).collect();
        for pod in &pods {
            let (uid, function) = (self.pods[*pod as usize].uid, self.pods[*pod as usize].function);
            self.func(function).endpoints.unready(uid);
        }
        for pod in pods {
            self.end_container(pod);
        }
        self.tell(Happened::NodeLost { node });
    }
}
