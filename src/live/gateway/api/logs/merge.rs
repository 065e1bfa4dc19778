//! What several pods wrote, in the order of time, with no more than a line of each in memory.

use crate::cluster::pod::PodUid;
use crate::cluster::time::Time;
use crate::live::provider::{LogLine, ProviderError};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;

/// One pod's lines, which are in order.
pub(super) type Lines = BoxStream<'static, Result<LogLine, ProviderError>>;

/// Several pods' lines as one row.
pub(super) struct Merge {
    pods: Vec<Pod>,
}

struct Pod {
    uid: PodUid,
    next: Option<LogLine>,
    rest: Lines,
}

impl Merge {
    /// The streams must end by themselves: one that waits for what is not written yet holds up all others.
    pub(super) async fn of(streams: Vec<(PodUid, Lines)>) -> Self {
        let mut pods = Vec::new();
        for (uid, rest) in streams {
            let mut pod = Pod { uid, next: None, rest };
            pod.step().await;
            pods.push(pod);
        }
        Merge { pods }
    }

    /// The oldest line that is left.
    pub(super) async fn next(&mut self) -> Option<(PodUid, LogLine)> {
        let mut oldest: Option<(usize, Time)> = None;
        for (index, pod) in self.pods.iter().enumerate() {
            if let Some(line) = &pod.next
                && oldest.is_none_or(|(_, at)| line.at < at)
            {
                oldest = Some((index, line.at));
            }
        }
        let pod = self.pods.get_mut(oldest?.0)?;
        let line = pod.step().await?;
        Some((pod.uid, line))
    }
}

impl Pod {
    /// Gives the next line and reads the one after it. A log that cannot be read on ends here.
    async fn step(&mut self) -> Option<LogLine> {
        let after = self.rest.next().await.and_then(Result::ok);
        std::mem::replace(&mut self.next, after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;

    #[tokio::test]
    async fn lines_come_in_the_order_of_time() {
        let pod = |uid, times: &'static [u64]| {
            let line =
                move |&at| Ok(LogLine { at: Time::from_secs(at), pod: "p".into(), text: at.to_string() });
            (PodUid(uid), stream::iter(times).map(line).boxed())
        };
        let broken = stream::iter([Err(ProviderError("gone".into()))]).boxed();
        let mut merge =
            Merge::of(vec![pod(1, &[1, 4, 5]), pod(2, &[]), pod(3, &[2, 3, 6]), (PodUid(4), broken)]).await;
        let mut seen = Vec::new();
        while let Some((uid, line)) = merge.next().await {
            seen.push((uid.0, line.text.parse::<u64>().unwrap()));
        }
        assert_eq!(seen, [(1, 1), (3, 2), (3, 3), (1, 4), (1, 5), (3, 6)]);
    }
}
