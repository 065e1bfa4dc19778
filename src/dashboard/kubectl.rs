//! Things of the cluster as kubectl prints them, for the screen and for `get` and `describe` alike.

pub mod describe;
pub mod node;
pub mod objects;
pub mod rows;
pub mod table;
pub mod trouble;

use crate::cluster::pod::Pod;
use crate::cluster::time::Time;
use std::time::Duration;

/// How long something has been there, as kubectl's AGE: two units at most, fewer as it grows older
/// (`95s`, `3m20s`, `25m`, `5h3m`, `30h`, `3d4h`, `12d`, `3y4d`). A second unit of zero is left out.
pub fn age(d: Duration) -> String {
    let seconds = d.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let two = |large: u64, unit: char, small: u64, part: char| match small {
        0 => format!("{large}{unit}"),
        _ => format!("{large}{unit}{small}{part}"),
    };
    match () {
        () if seconds < 120 => format!("{seconds}s"),
        () if minutes < 10 => two(minutes, 'm', seconds % 60, 's'),
        () if minutes < 180 => format!("{minutes}m"),
        () if hours < 8 => two(hours, 'h', minutes % 60, 'm'),
        () if hours < 48 => format!("{hours}h"),
        () if days < 8 => two(days, 'd', hours % 24, 'h'),
        () if days < 2 * 365 => format!("{days}d"),
        () if days < 8 * 365 => two(days / 365, 'y', days % 365, 'd'),
        () => format!("{}y", days / 365),
    }
}

/// A pod's READY cell: containers that are ready, of the one it has.
pub fn ready_cell(pod: &Pod) -> &'static str {
    if pod.ready { "1/1" } else { "0/1" }
}

/// A pod's RESTARTS cell: `0`, or `3 (40s ago)` when the last container's end is known.
pub fn restarts_cell(pod: &Pod, now: Time) -> String {
    match &pod.last_exit {
        Some((_, at)) if pod.restarts > 0 => format!("{} ({} ago)", pod.restarts, age(now.since(*at))),
        _ => pod.restarts.to_string(),
    }
}

/// The cells of `get pods`: NAME, READY, STATUS, RESTARTS, AGE.
pub fn pod_cells(pod: &Pod, now: Time) -> [String; 5] {
    [
        pod.name.clone(),
        ready_cell(pod).into(),
        pod.status().into(),
        restarts_cell(pod, now),
        age(now.since(pod.created)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_kubectls() {
        const M: u64 = 60;
        const H: u64 = 60 * M;
        const D: u64 = 24 * H;
        for (seconds, printed) in [
            (0, "0s"),
            (95, "95s"),
            (119, "119s"),
            (120, "2m"),
            (200, "3m20s"),
            (599, "9m59s"),
            (600, "10m"),
            (25 * M + 59, "25m"),
            (179 * M, "179m"),
            (3 * H, "3h"),
            (5 * H + 3 * M, "5h3m"),
            (8 * H, "8h"),
            (30 * H, "30h"),
            (48 * H, "2d"),
            (3 * D + 4 * H, "3d4h"),
            (12 * D, "12d"),
            (729 * D, "729d"),
            (730 * D, "2y"),
            (3 * 365 * D + 4 * D, "3y4d"),
            (9 * 365 * D, "9y"),
        ] {
            assert_eq!(age(Duration::from_secs(seconds)), printed, "{seconds} s");
        }
        assert_eq!(age(Duration::from_millis(1999)), "1s");
    }
}
