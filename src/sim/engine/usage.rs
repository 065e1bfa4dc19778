//! What pods have used: the CPU and memory that a scrape reads.

use super::{CpuModel, Simulation};
use crate::cluster::event::PodSample;
use crate::cluster::function::FunctionId;
use crate::cluster::quantity::Bytes;
use crate::cluster::routing::Counters;
use crate::sim::observe::Observer;

impl<O: Observer> Simulation<O> {
    /// CPU that a pod has used since its container started, in nanoseconds.
    pub(super) fn pod_cpu(&mut self, pod: u32) -> u64 {
        let now = self.now;
        let p = &self.pods[pod as usize];
        if !p.running {
            return 0;
        }
        let (node, place, function) = (p.node, p.place, p.function);
        let worked = p.worked + now.since(p.settled).as_nanos() as u64 * u64::from(p.in_service());
        let idle = now.since(p.since).as_nanos() as f64;
        let used = match self.cpu {
            CpuModel::Shared => self.nodes[usize::from(node)].cores_mut().used(now, place) as f64,
            CpuModel::Unlimited => worked as f64 * self.func(function).model.cpu,
        };
        (used + idle * self.func(function).model.idle_cpu) as u64
    }

    /// CPU that all pods have used so far, by function, in nanoseconds.
    pub(super) fn cpu(&mut self) -> Vec<u64> {
        let mut sums: Vec<u64> =
            self.functions.iter().map(|f| f.as_ref().map_or(0, |f| f.gone_cpu)).collect();
        for pod in 0..self.pods.len() as u32 {
            if self.pods[pod as usize].running {
                sums[self.pods[pod as usize].function as usize] += self.pod_cpu(pod);
            }
        }
        sums
    }

    /// What a scrape reads.
    pub(super) fn measure(&mut self) -> (Vec<PodSample>, Vec<(FunctionId, Counters)>) {
        let at = self.now;
        let mut samples = Vec::with_capacity(self.pods.len());
        for pod in 0..self.pods.len() as u32 {
            let p = &self.pods[pod as usize];
            if !p.running {
                continue;
            }
            let (uid, function, in_service) = (p.uid, p.function, p.in_service());
            let cpu_total = self.pod_cpu(pod);
            let model = &self.func(function).model;
            let memory = Bytes(model.memory.0 + u64::from(in_service) * model.request_memory.0);
            samples.push(PodSample { uid, at, cpu_total, memory });
        }
        samples.sort_unstable_by_key(|s| s.uid);
        let counters = self.functions.iter_mut().flatten().map(|f| {
            let completed_ok = f.stats.ok_ever;
            (f.id, Counters { completed_ok, ..f.endpoints.counters() })
        });
        (samples, counters.collect())
    }
}
