//! Whatever is wrong is said once and clearly, with the right exit code or status: what, where, and what to do. No panic,
//! and nothing that is left running.

mod commands;
mod engines;
mod files;
mod folders;
mod requests;

use crate::cluster::{PATIENCE, faasim, pods_left};
use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::time::Instant;

/// One bad input: a name, what is typed, the exit code, and words of the error (several, divided by ` … `).
type Case<'a> = (&'a str, &'a [&'a str], i32, &'a str);

/// Words that only a bug prints.
const NOISE: [&str; 5] = ["panicked", "RUST_BACKTRACE", "Err(", "Some(", "Error {"];

/// What is wrong with how a failure was told, if anything is.
fn judge(done: &Output, code: i32, words: &str) -> Option<String> {
    let said = String::from_utf8_lossy(&done.stderr);
    let lines: Vec<&str> = said.lines().filter(|line| !line.starts_with("note: ")).collect();
    // A mistake in a file has its own line, and `check` counts them at the end.
    let once = match lines[..] {
        [one] => one.starts_with("faasim: "),
        [mistake, count] => !mistake.starts_with("faasim: ") && count == "faasim: 1 mistake",
        _ => false,
    };
    let clear = words.split(" … ").all(|words| said.contains(words));
    let quiet = NOISE.iter().all(|noise| !said.contains(noise));
    let good = done.status.code() == Some(code) && once && clear && quiet;
    (!good).then(|| format!("{:?} instead of {code} and `{words}`: {said}", done.status.code()))
}

/// Types each, some at once, in a folder with the state of a cluster or without one.
fn each_is_told_once(folder: &Path, cases: &[Case<'_>]) {
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for part in cases.chunks(cases.len().div_ceil(4)) {
            let wrong = &wrong;
            scope.spawn(move || {
                for (name, arguments, code, words) in part {
                    let done = bounded(faasim(folder).args(*arguments));
                    if let Some(why) = judge(&done, *code, words) {
                        wrong.lock().unwrap().push(format!("{name}: {why}"));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Runs what should fail; if it does not, and goes on, it is ended.
fn bounded(command: &mut Command) -> Output {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let read = |mut pipe: Box<dyn Read + Send>| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = pipe.read_to_end(&mut bytes);
            bytes
        })
    };
    let stdout = read(Box::new(child.stdout.take().unwrap()));
    let stderr = read(Box::new(child.stderr.take().unwrap()));
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if begun.elapsed() > PATIENCE {
            let pid = rustix::process::Pid::from_child(&child);
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
            break child.wait().unwrap();
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    };
    Output { status, stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap() }
}

/// `faasim up` that is to fail: a stack file is there, pods would be processes, and nothing is left of it.
fn up_fails(folder: &Path, prepare: impl FnOnce(&mut Command), words: &str) {
    std::fs::write(
        folder.join("stack.yml"),
        "version: 1.0\nprovider: { name: openfaas }\nfunctions:\n  echo: { image: faasim/base, fprocess: cat }\n",
    )
    .unwrap();
    let mut command = faasim(folder);
    command.args(["up", "--no-tui", "--port", "0"]);
    prepare(&mut command);
    let done = bounded(&mut command);
    assert_eq!(judge(&done, 1, words), None);
    assert_eq!(pods_left(folder), [""; 0]);
}

/// A root without its power to pass over permissions; a person has none anyway.
fn without_privilege(folder: &Path) -> Command {
    let plain = faasim(folder);
    if !rustix::process::geteuid().is_root() {
        return plain;
    }
    let mut command = Command::new("setpriv");
    command.args(["--bounding-set", "-dac_override,-dac_read_search", "--"]).arg(plain.get_program());
    command.env_clear().current_dir(folder).stdin(Stdio::null());
    for (name, value) in plain.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    command
}
