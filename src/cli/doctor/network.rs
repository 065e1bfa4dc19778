//! Ports that a cluster wants, and who has them.

use super::{Finding, note, ok, wrong};
use crate::live::settings::{Loaded, Sources};
use std::io::ErrorKind;
use std::net::TcpListener;

/// The gateway's port and that of the metrics, as `faasim up` would take them here.
pub(super) fn configured() -> (u16, u16) {
    let environment = std::env::vars().filter(|(name, _)| name != "FAASIM_STATE").collect();
    let loaded = Loaded::read(&Sources { environment, ..Sources::default() });
    let gateway = loaded.map(|l| l.settings.gateway).unwrap_or_default();
    (gateway.port, gateway.metrics_port_beside(gateway.port))
}

/// Whether a port can be had.
pub(super) fn port(what: &'static str, number: u16) -> Finding {
    match TcpListener::bind(("127.0.0.1", number)) {
        Ok(_) if number == 0 => ok(what, "any that is free"),
        Ok(_) => ok(what, format!("{number} is free")),
        Err(e) if e.kind() == ErrorKind::AddrInUse => {
            let by =
                holder(number).map_or_else(|| "by somebody else's program".into(), |who| format!("by {who}"));
            let advice = match what {
                "gateway's port" => "stop it, or take another: `faasim up --port 9080`".into(),
                _ => format!(
                    "`faasim up` takes another by itself and says which; `faasim up --metrics-port {}` chooses",
                    number + 1000
                ),
            };
            note(what, format!("{number} is in use, {by}"), advice)
        }
        Err(e) => wrong(what, format!("{number}: {e}"), "take one above 1023: `faasim up --port 9080`"),
    }
}

/// `python3 (process 4711)`, as far as this person may see it.
fn holder(port: u16) -> Option<String> {
    let mut entries = procfs::net::tcp().unwrap_or_default();
    entries.extend(procfs::net::tcp6().unwrap_or_default());
    let listening = |e: &&procfs::net::TcpNetEntry| {
        e.state == procfs::net::TcpState::Listen && e.local_address.port() == port
    };
    let inode = entries.iter().find(listening)?.inode;
    let all = procfs::process::all_processes().ok()?.flatten();
    let process = all.into_iter().find(|p| {
        p.fd().is_ok_and(|fds| {
            fds.flatten().any(|fd| matches!(fd.target, procfs::process::FDTarget::Socket(i) if i == inode))
        })
    })?;
    let line = process.cmdline().unwrap_or_default().into_iter().take(3).collect::<Vec<_>>().join(" ");
    Some(format!("`{line}` (process {})", process.pid))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::State;

    #[test]
    fn who_has_a_port_is_named() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let number = listener.local_addr().unwrap().port();
        let finding = port("gateway's port", number);
        assert_eq!(finding.state, State::Note);
        assert!(finding.found.contains(&format!("process {}", std::process::id())), "{finding:?}");
        drop(listener);
        // A child that another test starts at this moment has the socket too, until it runs its own program.
        let begun = std::time::Instant::now();
        while port("gateway's port", number).state != State::Ok && begun.elapsed().as_secs() < 5 {
            std::thread::yield_now();
        }
        assert_eq!(port("gateway's port", number).state, State::Ok);
    }
}
