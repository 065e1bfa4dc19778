//! CPU and memory of each pod as screens show them: over the last second or so.

use crate::cluster::event::PodSample;
use crate::cluster::pod::PodUid;
use crate::cluster::quantity::MilliCpu;
use crate::dashboard::view::Usage;
use crate::live::provider::Provider;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The latest usage of every pod.
#[derive(Default)]
pub struct Sampler {
    latest: Mutex<BTreeMap<PodUid, (PodSample, Usage)>>,
}

impl Sampler {
    /// Looks once a second until `shutdown`.
    pub async fn run(self: Arc<Self>, provider: Arc<dyn Provider>, shutdown: CancellationToken) {
        let mut tick = tokio::time::interval(Duration::from_secs(1));
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = tick.tick() => self.observe(provider.samples()),
            }
        }
    }

    /// Takes cumulative samples; a pod that is not among them is forgotten.
    pub fn observe(&self, samples: Vec<PodSample>) {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::take(&mut *latest);
        for sample in samples {
            let usage = match before.get(&sample.uid) {
                Some((last, usage)) if sample.at <= last.at => *usage,
                Some((last, _)) => usage_between(last, &sample),
                None => Usage { memory: sample.memory, ..Usage::default() },
            };
            latest.insert(sample.uid, (sample, usage));
        }
    }

    /// What each pod uses.
    pub fn usage(&self) -> BTreeMap<PodUid, Usage> {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.iter().map(|(uid, (_, usage))| (*uid, *usage)).collect()
    }
}

fn usage_between(from: &PodSample, to: &PodSample) -> Usage {
    let nanos = to.cpu_total.saturating_sub(from.cpu_total);
    let span = (to.at - from.at).as_nanos().max(1);
    // Rounded up as Kubernetes does it: `kubectl top` shows an idle pod at 1m, and so does what an autoscaler reads.
    let milli = u64::try_from((u128::from(nanos) * 1000).div_ceil(span)).unwrap_or(u64::MAX);
    Usage { cpu: MilliCpu(milli), memory: to.memory, in_flight: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::quantity::Bytes;
    use crate::cluster::time::Time;

    #[test]
    fn use_is_the_difference_of_two_samples() {
        let sampler = Sampler::default();
        let sample = |s, cpu_ms: u64| PodSample {
            uid: PodUid(7),
            at: Time::from_secs(s),
            cpu_total: cpu_ms * 1_000_000,
            memory: Bytes(5),
        };
        sampler.observe(vec![sample(1, 100)]);
        sampler.observe(vec![sample(3, 1100)]);
        assert_eq!(sampler.usage()[&PodUid(7)].cpu, MilliCpu(500));
        sampler.observe(vec![sample(3, 1100)]);
        assert_eq!(sampler.usage()[&PodUid(7)].cpu, MilliCpu(500), "the same sample again");
        sampler.observe(vec![]);
        assert!(sampler.usage().is_empty());
    }
}
