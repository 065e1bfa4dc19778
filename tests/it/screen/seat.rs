//! A person at a terminal: a pseudo-terminal with the real program in it.

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// Longer than anything here takes on a machine that is busy.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What the terminal has received.
struct Seen {
    parser: vt100::Parser,
    raw: Vec<u8>,
    /// Nobody writes to it any more.
    ended: bool,
}

pub struct Seat {
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    pub child: Box<dyn Child + Send + Sync>,
    seen: Arc<(Mutex<Seen>, Condvar)>,
}

fn size(columns: u16, lines: u16) -> PtySize {
    PtySize { rows: lines, cols: columns, pixel_width: 0, pixel_height: 0 }
}

fn cells(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).unwrap()
}

/// The program with arguments, in an environment of which only what is given and the search path is known.
pub fn faasim(state: &Path, args: &[&str]) -> CommandBuilder {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_faasim"));
    command.args(args);
    command.env_clear();
    command.env("PATH", std::env::var("PATH").unwrap());
    command.env("HOME", state);
    command.env("FAASIM_STATE", state);
    command.env("TERM", "xterm-256color");
    command.cwd(state);
    command
}

impl Seat {
    /// Sits down at a terminal of a size and starts a program.
    pub fn start(command: CommandBuilder, columns: u16, lines: u16) -> Seat {
        let pair = native_pty_system().openpty(size(columns, lines)).unwrap();
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let parser = vt100::Parser::new(cells(lines), cells(columns), 0);
        let seen = Arc::new((Mutex::new(Seen { parser, raw: Vec::new(), ended: false }), Condvar::new()));
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (keys, shared) = (pair.master.take_writer().unwrap(), seen.clone());
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            loop {
                let n = reader.read(&mut bytes).unwrap_or(0);
                let mut seen = shared.0.lock().unwrap();
                seen.parser.process(&bytes[..n]);
                seen.raw.extend(&bytes[..n]);
                seen.ended = n == 0;
                shared.1.notify_all();
                if n == 0 {
                    return;
                }
            }
        });
        Seat { master: pair.master, keys, child, seen }
    }

    /// Presses keys.
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    pub fn resize(&mut self, columns: u16, lines: u16) {
        self.seen.0.lock().unwrap().parser.screen_mut().set_size(cells(lines), cells(columns));
        self.master.resize(size(columns, lines)).unwrap();
    }

    /// Waits until the screen is as it is to be, and gives its text.
    pub fn until(&self, what: &str, good: impl Fn(&str) -> bool) -> String {
        let begun = Instant::now();
        let mut seen = self.seen.0.lock().unwrap();
        loop {
            let text = seen.parser.screen().contents();
            if good(&text) {
                return text;
            }
            let left = PATIENCE.saturating_sub(begun.elapsed());
            if left.is_zero() || seen.ended {
                drop(seen);
                panic!("waited in vain for {what}:\n{text}");
            }
            seen = self.seen.1.wait_timeout(seen, left).unwrap().0;
        }
    }

    /// The text of the screen, once it is as it is to be or patience has ended.
    pub fn watch(&self, good: impl Fn(&str) -> bool) -> String {
        let begun = Instant::now();
        let mut seen = self.seen.0.lock().unwrap();
        loop {
            let text = seen.parser.screen().contents();
            let left = PATIENCE.saturating_sub(begun.elapsed());
            if good(&text) || left.is_zero() || seen.ended {
                return text;
            }
            seen = self.seen.1.wait_timeout(seen, left).unwrap().0;
        }
    }

    /// Waits for words on the screen.
    pub fn until_shown(&self, words: &str) -> String {
        self.until(words, |text| text.contains(words))
    }

    /// Waits for the end of the program: its exit code, and what the terminal shows then.
    pub fn ended(&mut self) -> (u32, String) {
        let begun = Instant::now();
        let mut seen = self.seen.0.lock().unwrap();
        while !seen.ended {
            let left = PATIENCE.saturating_sub(begun.elapsed());
            if left.is_zero() {
                let text = seen.parser.screen().contents();
                drop(seen);
                panic!("it does not end:\n{text}");
            }
            seen = self.seen.1.wait_timeout(seen, left).unwrap().0;
        }
        let text = seen.parser.screen().contents();
        drop(seen);
        (self.child.wait().unwrap().exit_code(), text)
    }

    /// The terminal is as a shell wants it: its own screen, its cursor, no pasting in brackets.
    pub fn is_restored(&self) -> bool {
        let seen = self.seen.0.lock().unwrap();
        let screen = seen.parser.screen();
        !screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste()
    }

    /// Everything that was written to the terminal.
    pub fn raw(&self) -> String {
        String::from_utf8_lossy(&self.seen.0.lock().unwrap().raw).into_owned()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        // Asked, not killed: it takes its pods with it. After a good end there is nobody to ask.
        if let Ok(None) = self.child.try_wait()
            && let Some(pid) = self.child.process_id()
        {
            terminate(pid);
            let begun = Instant::now();
            while let Ok(None) = self.child.try_wait()
                && begun.elapsed() < PATIENCE
            {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

/// Asks a process to end.
pub fn terminate(pid: u32) {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw).unwrap();
    let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
}

/// Pods of the cluster in a state folder that still run.
pub fn pods_left(state: &Path) -> Vec<String> {
    let state = state.canonicalize().unwrap().into_os_string().into_encoded_bytes();
    let mut left = Vec::new();
    for process in procfs::process::all_processes().unwrap().flatten() {
        let environment = process.environ().unwrap_or_default();
        let tmp = environment.get(std::ffi::OsStr::new("TMPDIR"));
        if tmp.is_some_and(|tmp| tmp.as_encoded_bytes().starts_with(&state)) {
            left.push(format!("{} {:?}", process.pid, process.cmdline()));
        }
    }
    left
}
