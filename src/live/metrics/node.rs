//! The families of node-exporter: the machine itself, as far as `/proc` tells.

use super::text::Text;
use std::fs::read_to_string;
use std::path::Path;

pub(super) fn write(text: &mut Text, state: &Path) {
    cpu(text);
    memory(text);
    load(text);
    disk(text, state);
    network(text);
}

/// The order of the columns of `/proc/stat`.
const MODES: [&str; 8] = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"];

fn cpu(text: &mut Text) {
    let Ok(stat) = read_to_string("/proc/stat") else { return };
    let ticks = procfs::ticks_per_second() as f64;
    text.family("node_cpu_seconds_total", "counter", "Seconds that each core spent in each mode");
    for line in stat.lines() {
        let mut words = line.split_whitespace();
        // The line of all cores is `cpu`, without a number.
        let Some(core) = words.next().and_then(|w| w.strip_prefix("cpu")).filter(|n| !n.is_empty()) else {
            continue;
        };
        for (mode, spent) in MODES.iter().zip(words.filter_map(|w| w.parse::<f64>().ok())) {
            text.sample("node_cpu_seconds_total", &[("cpu", &core), ("mode", mode)], spent / ticks);
        }
    }
    for (key, name, kind, help) in [
        ("btime", "node_boot_time_seconds", "gauge", "When the machine started, in Unix seconds"),
        ("ctxt", "node_context_switches_total", "counter", "Context switches since then"),
        ("processes", "node_forks_total", "counter", "Forks since then"),
        ("procs_running", "node_procs_running", "gauge", "Processes that run or wait for a core"),
        ("procs_blocked", "node_procs_blocked", "gauge", "Processes that wait for a disk"),
    ] {
        let value = stat.lines().find_map(|l| l.strip_prefix(key)?.trim().parse::<u64>().ok());
        if let Some(value) = value {
            text.family(name, kind, help);
            text.sample(name, &[], value);
        }
    }
}

fn memory(text: &mut Text) {
    let Ok(info) = read_to_string("/proc/meminfo") else { return };
    for line in info.lines() {
        let Some((key, value)) = line.split_once(':') else { continue };
        let mut words = value.split_whitespace();
        let Some(number) = words.next().and_then(|w| w.parse::<u64>().ok()) else { continue };
        let key = key.replace('(', "_").replace(')', "");
        let (name, number) = match words.next() {
            Some("kB") => (format!("node_memory_{key}_bytes"), number * 1024),
            _ => (format!("node_memory_{key}"), number),
        };
        text.family(&name, "gauge", &format!("{key} of /proc/meminfo"));
        text.sample(&name, &[], number);
    }
}

fn load(text: &mut Text) {
    let Ok(load) = read_to_string("/proc/loadavg") else { return };
    for (span, value) in ["1", "5", "15"].iter().zip(load.split(' ')) {
        let name = format!("node_load{span}");
        text.family(&name, "gauge", &format!("Mean load over {span} minutes"));
        text.sample(&name, &[], value);
    }
    if let Ok(name) = kernel_name() {
        text.family("node_uname_info", "gauge", "The machine's name and its kernel");
        let labels: [(&str, &dyn std::fmt::Display); 3] =
            [("nodename", &name.0), ("release", &name.1), ("sysname", &"Linux")];
        text.sample("node_uname_info", &labels, 1);
    }
}

fn kernel_name() -> std::io::Result<(String, String)> {
    let read = |path: &str| read_to_string(path).map(|t| t.trim().to_owned());
    Ok((read("/proc/sys/kernel/hostname")?, read("/proc/sys/kernel/osrelease")?))
}

fn disk(text: &mut Text, state: &Path) {
    let Ok(disk) = rustix::fs::statvfs(state) else { return };
    let path = state.display();
    for (name, blocks, help) in [
        ("node_filesystem_size_bytes", disk.f_blocks, "Size of the disk with the state folder"),
        ("node_filesystem_free_bytes", disk.f_bfree, "What is free on it"),
        ("node_filesystem_avail_bytes", disk.f_bavail, "What is free on it for this user"),
    ] {
        text.family(name, "gauge", help);
        text.sample(name, &[("mountpoint", &path)], blocks * disk.f_frsize);
    }
}

fn network(text: &mut Text) {
    let Ok(devices) = read_to_string("/proc/net/dev") else { return };
    for (name, column, help) in [
        ("node_network_receive_bytes_total", 0, "Bytes received by each device"),
        ("node_network_transmit_bytes_total", 8, "Bytes sent by each device"),
    ] {
        text.family(name, "counter", help);
        for line in devices.lines() {
            let Some((device, counts)) = line.split_once(':') else { continue };
            let count = counts.split_whitespace().nth(column).and_then(|w| w.parse::<u64>().ok());
            if let Some(count) = count {
                text.sample(name, &[("device", &device.trim())], count);
            }
        }
    }
}
