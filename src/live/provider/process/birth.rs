//! Starts a pod's process.

use super::life::Running;
use super::passport::{self, Passport};
use super::workshop::Prepared;
use crate::cluster::function::FunctionSpec;
use crate::cluster::time::Time;
use crate::live::provider::keeper::StartFailure;
use crate::live::provider::{Config, StartPod, token};
use crate::live::secrets::{self, Secrets};
use crate::watchdog::hold;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// Of faasim's own environment, functions get what any program needs and no more: as in a container, what is
/// not in the stack file is not there.
const INHERITED: [&str; 7] = ["PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH"];
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Connections wait here until the watchdog accepts them; the kernel caps it at net.core.somaxconn.
const BACKLOG: i32 = 4096;

/// Starts the pod's watchdog. It listens before this returns: its socket is made here and handed over.
pub(super) fn start(config: &Config, pod: &StartPod, prepared: &Prepared) -> Result<Running, StartFailure> {
    let dir = config.pod_dir(&pod.name);
    let cannot = |what: &str, error: io::Error| {
        StartFailure::create(format!(
            "pod {} cannot start: {what} {}: {error}; free some space there or choose another state folder \
             with --state",
            pod.name,
            dir.display()
        ))
    };
    let work = working_folder(&pod.spec, &dir, prepared)?;
    let command_line = command_line(&pod.spec, &work, prepared)?;
    // A restarted container finds nothing of what the one before it wrote, but its log goes on.
    for part in ["tmp", "work"] {
        match std::fs::remove_dir_all(dir.join(part)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(cannot("old files cannot be removed from", error));
            }
            _ => {}
        }
        std::fs::create_dir_all(dir.join(part)).map_err(|e| cannot("no folder can be made in", e))?;
    }
    let log = dir.join("log");
    let open_log = || std::fs::OpenOptions::new().create(true).append(true).open(&log);
    let (out, err) = (open_log(), open_log());
    let out = out.map_err(|e| cannot("no log can be written in", e))?;
    let err = err.map_err(|e| cannot("no log can be written in", e))?;

    let listener = listen()
        .map_err(|e| StartFailure::create(format!("pod {} cannot listen on 127.0.0.1: {e}", pod.name)))?;
    let port = listener.local_addr().map(|a| a.port()).unwrap_or_default();
    let secret = token::random();

    let mut command = tokio::process::Command::new(&config.exe);
    command.arg("watchdog").current_dir(&work).env_clear();
    command.env("PATH", DEFAULT_PATH);
    for name in INHERITED {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    if !pod.spec.secrets.is_empty() {
        let folder = dir.join("secrets");
        Secrets::of(&config.state_dir)
            .link(&pod.spec, &folder)
            .map_err(|e| cannot("its secrets cannot be put in", e))?;
        command.env(secrets::VARIABLE, folder);
    }
    command.envs(prepared.variables.iter().map(|(name, value)| (name, value)));
    command.envs(&pod.spec.env_vars);
    if let Some(bin) = &prepared.bin {
        command.env("PATH", path(&pod.spec, prepared)).env("VIRTUAL_ENV", bin.parent().unwrap_or(bin));
    }
    command
        .env("fprocess", &command_line)
        .env("OPENFAAS_NAME", &pod.spec.name)
        .env("OPENFAAS_NAMESPACE", &pod.spec.namespace)
        .env("TMPDIR", dir.join("tmp"))
        .env(hold::POD, &pod.name)
        .env(hold::TOKEN, &secret)
        .env(hold::LEASE, format!("{}ms", config.lease.as_millis()))
        .env(hold::LOG_FILE, &log)
        .env(hold::LISTEN, "stdin");
    // No process group of its own: the watchdog makes itself a session, which a group's leader may not. It must
    // not die with us either, so nothing ties its life to ours.
    command.stdin(Stdio::from(OwnedFd::from(listener))).stdout(out).stderr(err);
    let child = command.spawn().map_err(|error| {
        StartFailure::create(format!(
            "pod {} cannot start: {} in {}: {error}; was faasim moved or replaced? Restart it",
            pod.name,
            config.exe.display(),
            work.display()
        ))
    })?;
    // The command holds our copy of the socket: with it, a dead pod's port would still take connections.
    drop(command);

    let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).unwrap_or_default();
    let passport = Passport {
        uid: pod.uid,
        name: pod.name.clone(),
        function: pod.spec.full_name(),
        template_hash: pod.template_hash.clone(),
        pid,
        start_ticks: passport::start_ticks(pid).unwrap_or_default(),
        boot: passport::boot_id(),
        port,
        token: secret,
        started: now(),
    };
    let running = Running::born(child, &passport);
    let kept = running.and_then(|running| passport.write(&dir).map(|()| running));
    kept.map_err(|error| {
        if let Some(pid) = rustix::process::Pid::from_raw(pid) {
            // Our own child, not yet waited for: the number is still its.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
        cannot("it cannot be written down in", error)
    })
}

fn now() -> Time {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Time::from_nanos(u64::try_from(now.as_nanos()).unwrap_or_default())
}

fn listen() -> io::Result<TcpListener> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// The handler's folder if the function has one, else one of the pod's own.
fn working_folder(spec: &FunctionSpec, dir: &Path, prepared: &Prepared) -> Result<PathBuf, StartFailure> {
    let Some(handler) = prepared.work.clone() else { return Ok(dir.join("work")) };
    let problem = match std::fs::metadata(&handler) {
        Ok(found) if found.is_dir() => return Ok(handler),
        Ok(_) => "is not a folder".to_owned(),
        Err(error) => format!("cannot be entered: {error}"),
    };
    Err(StartFailure::create(format!(
        "function {}: its handler {} {problem}; put the folder there or deploy again with the right `handler:`",
        spec.name,
        handler.display()
    )))
}

/// The function's command, if its program can be found.
fn command_line(spec: &FunctionSpec, work: &Path, prepared: &Prepared) -> Result<String, StartFailure> {
    let of_template = prepared.variables.iter().find(|(name, _)| name == "fprocess");
    let named = spec.env_process.as_deref().or_else(|| spec.env_vars.get("fprocess").map(String::as_str));
    let named = named.or(of_template.map(|(_, value)| value.as_str()));
    let line = named.unwrap_or_default().trim();
    let Some(program) = line.split_whitespace().next() else {
        return Err(StartFailure::create(format!(
            "function {} has no command, and an image cannot be run as a process: set `fprocess:` in its stack \
             file to the program that answers requests, or use --provider docker",
            spec.name
        )));
    };
    let path = path(spec, prepared);
    // `faasim` is this program, wherever it is.
    let found = program == "faasim"
        || if program.contains('/') {
            runs(&work.join(program))
        } else {
            std::env::split_paths(&path).any(|dir| runs(&dir.join(program)))
        };
    if found {
        return Ok(line.to_owned());
    }
    let (place, advice) = if program.contains('/') {
        (work.display().to_string(), "make it executable there, or correct `fprocess:`")
    } else {
        (format!("the PATH {path}"), "install it, or correct `fprocess:`")
    };
    Err(StartFailure::create(format!(
        "function {}: its command `{program}` is not an executable file in {place}; {advice}",
        spec.name
    )))
}

/// Where programs are looked for: first among the packages of the function's own.
fn path(spec: &FunctionSpec, prepared: &Prepared) -> String {
    let path = spec.env_vars.get("PATH").cloned().or_else(|| std::env::var("PATH").ok());
    let path = path.unwrap_or_else(|| DEFAULT_PATH.into());
    match &prepared.bin {
        Some(bin) => format!("{}:{path}", bin.display()),
        None => path,
    }
}

fn runs(file: &Path) -> bool {
    file.is_file() && rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok()
}
