//! What `get events` lists.

use super::Cluster;
use super::function::FunctionId;
use super::pod::PodUid;
use super::snapshot::Happening;
use super::time::Time;
use std::sync::Arc;

/// News or a warning.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Normal,
    Warning,
}

impl Cluster {
    /// Notes something about a pod, in Kubernetes' words.
    pub(super) fn note_pod(&mut self, now: Time, uid: PodUid, kind: Kind, reason: &str, message: String) {
        if let Some(pod) = self.pods.get(&uid) {
            let (function, object) = (pod.function, format!("pod/{}", pod.name));
            self.note(now, function, object, kind, reason, message);
        }
    }

    /// Notes something about a function's deployment.
    pub(super) fn note_deployment(&mut self, now: Time, id: FunctionId, reason: &str, message: String) {
        if let Some(f) = self.functions.get(&id) {
            let object = format!("deployment/{}", f.spec.name);
            self.note(now, id, object, Kind::Normal, reason, message);
        }
    }

    /// Notes something; the same thing again only counts up.
    pub(super) fn note(
        &mut self,
        now: Time,
        function: FunctionId,
        object: String,
        kind: Kind,
        reason: &str,
        message: String,
    ) {
        let warning = kind == Kind::Warning;
        // The function first: a number, where the rest is text.
        let same = |h: &Arc<Happening>| {
            h.function == function && h.object == object && h.reason == reason && h.message == message
        };
        let count = match self.happenings.iter().rposition(same) {
            Some(at) => self.happenings.remove(at).map(|h| (h.first, h.count + 1)),
            None => None,
        };
        let (first, count) = count.unwrap_or((now, 1));
        let happening =
            Happening { first, last: now, count, warning, reason: reason.into(), object, function, message };
        self.happenings.push_back(Arc::new(happening));
        while self.happenings.len() > self.settings.history.saturating_mul(4).max(1) {
            self.happenings.pop_front();
        }
    }
}
