//! A pod's process while it runs: ours, or an earlier faasim's.

use super::passport::Passport;
use crate::cluster::pod::Exit;
use crate::live::control::Board;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::process::Child;

/// A running watchdog.
pub(super) struct Running {
    pub(super) pid: i32,
    pub(super) address: String,
    pub(super) token: String,
    /// Names this process for ever, whoever gets its number later; readable when it has ended.
    handle: AsyncFd<OwnedFd>,
    /// Only a parent is told the exit code.
    child: Option<Child>,
}

impl Running {
    /// One that was just started.
    pub(super) fn born(child: Child, passport: &Passport) -> io::Result<Self> {
        Running::new(passport, Some(child))
    }

    /// One that an earlier faasim started, if it still runs.
    pub(super) fn adopt(passport: &Passport) -> Option<Self> {
        let running = Running::new(passport, None).ok()?;
        passport.lives().then_some(running)
    }

    fn new(passport: &Passport, child: Option<Child>) -> io::Result<Self> {
        let pid = Pid::from_raw(passport.pid).ok_or(io::ErrorKind::NotFound)?;
        let handle = pidfd_open(pid, PidfdFlags::empty())?;
        // Its successor is `unsafe`, because of types that could give another descriptor each time they are asked.
        #[expect(deprecated, reason = "sound for an OwnedFd, which always gives the same descriptor")]
        let handle = AsyncFd::with_interest(handle, Interest::READABLE)?;
        Ok(Running {
            pid: passport.pid,
            address: format!("127.0.0.1:{}", passport.port),
            token: passport.token.clone(),
            handle,
            child,
        })
    }

    /// Sends SIGTERM.
    pub(super) fn ask_to_end(&self) {
        // It may have ended already.
        let _ = pidfd_send_signal(self.handle.get_ref(), Signal::TERM);
    }

    /// Waits for its end. Can be called again.
    ///
    /// Nobody but a parent learns an exit code. For an adopted process it is put together from its last report:
    /// its server's end, or 0 when it was ending on purpose; else it was killed from outside, which is 137.
    pub(super) async fn exited(&mut self, board: &Board) -> Exit {
        if let Some(child) = &mut self.child {
            let status = child.wait().await;
            let code = status.ok().and_then(|s| s.code().or(s.signal().map(|signal| 128 + signal)));
            return Exit { code: code.unwrap_or(137), oom_killed: false };
        }
        // An error would mean that the descriptor is not ours any more.
        let _ = self.handle.readable().await;
        let code = match board.latest() {
            Some(last) if last.draining => 0,
            Some(last) => match last.function_exit {
                Some(end) => end.code.unwrap_or(1),
                None => 137,
            },
            None => 137,
        };
        Exit { code, oom_killed: false }
    }
}
