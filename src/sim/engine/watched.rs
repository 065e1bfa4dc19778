//! What a person who watches a run asks of it and does in it.

use super::{Event, NONE, Simulation};
use crate::cluster::event::PodSample;
use crate::cluster::function::{FunctionId, FunctionName};
use crate::sim::arrivals::{Running, Source};
use crate::sim::observe::Observer;

impl<O: Observer> Simulation<O> {
    /// Sends more requests, from now or from when the source begins on; gives the number by which
    /// [`RequestEnd`](crate::sim::RequestEnd)s and [`Simulation::silence`] name it.
    pub fn send(&mut self, mut source: Source) -> u32 {
        source.from = source.from.max(self.now);
        let place = self.sources.len() as u32;
        let target = FunctionName::parse(&source.function);
        self.target_ids.push(self.names.get(&target).copied().unwrap_or(NONE));
        self.sources_of.entry(target).or_default().push(place);
        self.services.push(None);
        self.sources.push(Running::new(source, self.seed));
        for (user, at) in self.sources[place as usize].users().into_iter().enumerate() {
            self.queue.push(at, Event::User { source: place, user: user as u32 });
        }
        self.schedule_arrival(place);
        place
    }

    /// A source sends nothing more; what it has sent goes on.
    pub fn silence(&mut self, source: u32) {
        if let Some(running) = self.sources.get_mut(source as usize) {
            running.until = running.until.min(self.now);
        }
    }

    /// What each pod that runs has used so far, and how many requests it has, waiting ones in it included.
    pub fn pods_now(&mut self) -> Vec<(PodSample, u32)> {
        let (samples, _) = self.measure();
        let requests = |uid| {
            let pod = self.pods.get(self.slot(uid) as usize);
            pod.map_or(0, |p| p.in_service() + p.queue.len() as u32)
        };
        samples.into_iter().map(|s| (s, requests(s.uid))).collect()
    }

    /// Requests of each function that are accepted and not yet answered, and of those, how many wait for a pod.
    pub fn load_now(&self) -> Vec<(FunctionId, u32, u32)> {
        let loads = self.functions.iter().flatten();
        loads
            .map(|f| {
                let waiting = u32::try_from(f.endpoints.waiting()).unwrap_or(u32::MAX);
                (f.id, f.endpoints.in_flight_total(), waiting)
            })
            .collect()
    }
}
