//! The real program as a cluster of its own: a state folder, random ports, and nothing left when it goes.

use crate::engine;
use procfs::process::all_processes;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Longer than anything here takes on a machine that is busy.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// A running `faasim up`.
pub struct Cluster {
    pub folder: TempDir,
    pub gateway: String,
    provider: &'static str,
    child: Child,
    said: Said,
}

/// What a running faasim has printed, to either stream.
type Said = Arc<Mutex<String>>;

/// `faasim` with this state folder, and nothing of the environment that tests are run in.
pub fn faasim(state: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_faasim"));
    command
        .env_clear()
        .env("PATH", std::env::var("PATH").unwrap())
        .env("HOME", state)
        .env("FAASIM_STATE", state.join("state"))
        .current_dir(state)
        .stdin(Stdio::null());
    // A toolchain that rustup keeps is found by these, and not below another home.
    for name in ["RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "CARGO_HOME"] {
        if let Ok(value) = std::env::var(name) {
            command.env(name, value);
        }
    }
    command
}

impl Cluster {
    /// Starts one with the functions of `stack` (lines below `functions:`), its pods processes.
    pub fn up(stack: &str, arguments: &[&str]) -> Cluster {
        Cluster::up_on("process", stack, arguments)
    }

    /// Starts one on a provider.
    pub fn up_on(provider: &'static str, stack: &str, arguments: &[&str]) -> Cluster {
        let folder = tempfile::tempdir().unwrap();
        let stack = format!("version: 1.0\nprovider: {{ name: openfaas }}\nfunctions:\n{stack}");
        std::fs::write(folder.path().join("stack.yml"), stack).unwrap();
        Cluster::up_in(folder, provider, arguments)
    }

    /// Starts one in a folder, which is its home and where its state is.
    pub fn up_in(folder: TempDir, provider: &'static str, arguments: &[&str]) -> Cluster {
        Cluster::up_where(folder, provider, &[], arguments)
    }

    /// The same, with variables.
    pub fn up_where(
        folder: TempDir,
        provider: &'static str,
        variables: &[(&str, &str)],
        arguments: &[&str],
    ) -> Cluster {
        let mut command = faasim(folder.path());
        command.envs(variables.iter().copied());
        let said = Said::default();
        let (child, gateway) = start(command, provider, arguments, &said);
        Cluster { folder, gateway, provider, child, said }
    }

    /// The reply to a request, once its status is a success.
    pub fn replies(&self, function: &str, body: &str) -> String {
        until(&format!("a reply of {function}"), || {
            let done = self.run(&["invoke", function, "--body", body]);
            done.status.success().then(|| String::from_utf8_lossy(&done.stdout).trim().to_owned())
        })
    }

    /// The state folder.
    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// `kill -9`, then another `up` on the same state.
    pub fn again(&mut self, arguments: &[&str]) {
        self.die();
        self.start_again(arguments);
    }

    /// `kill -9`.
    pub fn die(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Another `up` on the same state, after the one before has ended.
    pub fn start_again(&mut self, arguments: &[&str]) {
        (self.child, self.gateway) = start(faasim(self.folder.path()), self.provider, arguments, &self.said);
    }

    /// Ctrl-C, and the wait for the end.
    pub fn interrupt(&mut self) -> Option<i32> {
        self.signal(rustix::process::Signal::INT);
        self.child.wait().unwrap().code()
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Waits until it has printed these words, and gives all that it has.
    pub fn until_it_says(&self, words: &str) -> String {
        until(words, || Some(self.said.lock().unwrap().clone()).filter(|said| said.contains(words)))
    }

    /// Runs a command against it.
    pub fn run(&self, arguments: &[&str]) -> Output {
        faasim(self.folder.path()).args(arguments).output().unwrap()
    }

    /// What a command that goes well prints.
    pub fn says(&self, arguments: &[&str]) -> String {
        let done = self.run(arguments);
        assert!(done.status.success(), "faasim {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    }

    /// What a command prints as JSON.
    pub fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.says(arguments)).unwrap()
    }

    /// Names of the pods of a function that run and are ready, and are not stopping.
    pub fn ready_pods(&self, function: &str) -> Vec<String> {
        let pods = self.json(&["get", "pods", "-o", "json"]);
        let pods = pods["items"].as_array().unwrap().iter();
        let wanted = pods.filter(|p| {
            p["metadata"]["labels"]["faas_function"] == function
                && p["metadata"]["deletionTimestamp"].is_null()
                && p["status"]["containerStatuses"][0]["ready"] == true
        });
        wanted.map(|p| p["metadata"]["name"].as_str().unwrap().to_owned()).collect()
    }

    /// What is left of it on this machine: pods that run, and containers that do not.
    pub fn left(&self) -> Vec<String> {
        let mut left = pods_left(self.folder.path());
        if self.provider == "docker" {
            left.extend(engine::containers(&self.id()));
        }
        let address = self.gateway.strip_prefix("http://").unwrap();
        if std::net::TcpStream::connect(address).is_ok() {
            left.push(format!("{address} is still open"));
        }
        left
    }

    /// The text that tells its pods from those of others.
    fn id(&self) -> String {
        std::fs::read_to_string(self.state().join("cluster-id")).unwrap().trim().to_owned()
    }

    /// Kills a pod from outside.
    pub fn kill_pod(&self, pod: &str) {
        if self.provider == "docker" {
            return drop(engine::docker(&["kill", pod]));
        }
        let passport = std::fs::read(self.state().join("pods").join(pod).join("pod.json")).unwrap();
        let passport: Value = serde_json::from_slice(&passport).unwrap();
        let pid = i32::try_from(passport["pid"].as_i64().unwrap()).unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    }

    /// Waits until as many pods are ready, and gives their names.
    pub fn until_ready(&self, function: &str, count: usize) -> Vec<String> {
        until(&format!("{count} ready pods of {function}"), || {
            Some(self.ready_pods(function)).filter(|pods| pods.len() == count)
        })
    }

    /// Sizes that a function's autoscaler has decided on, in order: `(from, to)`.
    pub fn changes(&self, function: &str) -> Vec<(u64, u64)> {
        let decisions = self.json(&["explain", function, "--last", "200", "--changes", "-o", "json"]);
        let size = |d: &Value, key: &str| d[key].as_u64().unwrap();
        let decisions = decisions.as_array().unwrap().iter().filter(|d| d["scaler"] == "hpa");
        decisions.map(|d| (size(d, "from"), size(d, "to"))).collect()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            // Asked, not killed: it takes its pods with it.
            self.signal(rustix::process::Signal::TERM);
            let _ = self.child.wait();
        }
        // After a test that failed between a sudden death and the next start.
        if self.provider == "docker" && self.state().join("cluster-id").exists() {
            for container in engine::containers(&self.id()) {
                let _ = Command::new("docker").args(["rm", "-f", &container]).output();
            }
        }
    }
}

/// Starts `faasim up` and waits until it serves.
fn start(mut command: Command, provider: &str, arguments: &[&str], said: &Said) -> (Child, String) {
    command.args(["up", "--provider", provider, "--no-tui"]).args(arguments);
    if !arguments.contains(&"--port") {
        command.args(["--port", "0"]);
    }
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (line, lines) = mpsc::channel();
    let out = BufReader::new(child.stdout.take().unwrap());
    let err = BufReader::new(child.stderr.take().unwrap());
    // Both are read to their ends: a full pipe would stop it.
    let note = |said: &Said, line: &str| said.lock().unwrap().push_str(&format!("{line}\n"));
    let complaints = said.clone();
    std::thread::spawn(move || err.lines().map_while(Result::ok).for_each(|l| note(&complaints, &l)));
    let news = said.clone();
    std::thread::spawn(move || {
        for l in out.lines().map_while(Result::ok) {
            note(&news, &l);
            let _ = line.send(l);
        }
    });
    let mut gateway = None;
    loop {
        let Ok(line) = lines.recv_timeout(PATIENCE) else {
            let _ = (child.kill(), child.wait());
            panic!("faasim up does not start: {}", said.lock().unwrap());
        };
        if let Some((_, rest)) = line.split_once(" serves ") {
            gateway = rest.split(' ').next().map(str::to_owned);
        }
        if line.starts_with("ready") {
            return (child, gateway.unwrap());
        }
    }
}

/// Looks until there is something to see.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Processes of pods whose folders are below this one.
pub fn pods_left(folder: &Path) -> Vec<String> {
    let tmp = std::ffi::OsStr::new("TMPDIR");
    let processes = all_processes().unwrap().flatten();
    let left = processes.filter(|p| {
        p.environ().is_ok_and(|e| e.get(tmp).is_some_and(|dir| Path::new(dir).starts_with(folder)))
    });
    left.map(|p| format!("{} {:?}", p.pid, p.cmdline())).collect()
}
