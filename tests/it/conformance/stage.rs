//! Clusters that many tests share: started once, ended with the process of the tests.

use crate::cluster::{PATIENCE, faasim, until};
use crate::wire::{Reply, Wire};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Runs what follows it until standard input ends, which it does with the process that started it; then nothing is left.
const UNTIL_STDIN_ENDS: &str =
    "\"$@\" & running=$!; read -r _; kill $running; wait $running; rm -rf \"$FOLDER\"";

/// A running `faasim up` of the real program.
pub struct Stage {
    /// Without a password.
    pub gateway: Wire,
    /// With it.
    pub admin: Wire,
    pub metrics: Wire,
    pub password: String,
    pub folder: PathBuf,
}

/// A port that nobody uses now and that no other test is given: below those that the system hands out by itself.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let first = std::process::id().wrapping_mul(97);
    loop {
        let port = 10_000 + (first.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % 20_000) as u16;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

pub fn server_py() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/functions/server.py").display().to_string()
}

/// A function whose process is a web server.
pub fn http_function(name: &str, variables: &str) -> String {
    let (port, server) = (free_port(), server_py());
    format!(
        "  {name}: {{ image: i, fprocess: python3 {server}, environment: {{ mode: http, \
         upstream_url: \"http://127.0.0.1:{port}\", PORT: \"{port}\", {variables} }} }}\n"
    )
}

impl Stage {
    /// As a person starts it.
    pub fn usual() -> &'static Stage {
        static STAGE: OnceLock<Stage> = OnceLock::new();
        STAGE.get_or_init(|| {
            let folder = tempfile::tempdir().unwrap().keep();
            let gate = folder.join("gate").display().to_string();
            let stack = [
                "  echo: { image: i, fprocess: cat }\n".to_owned(),
                "  env: { image: i, fprocess: faasim function env }\n".to_owned(),
                "  fail: { image: i, fprocess: faasim function fail, annotations: { \
                 com.openfaas.retry.attempts: '2', com.openfaas.retry.min_wait: 20ms } }\n"
                    .to_owned(),
                "  late: { image: i, fprocess: sleep 1, environment: { write_timeout: 200ms } }\n".to_owned(),
                http_function("web", &format!("GATE: {gate}")),
                http_function("slow", "LATE: \"0.5\""),
            ];
            Stage::start(folder, &stack.concat(), &[])
        })
    }

    /// As OpenFaaS CE may be set up: without a password, without scale from zero, with a short time-out.
    pub fn plain() -> &'static Stage {
        static STAGE: OnceLock<Stage> = OnceLock::new();
        STAGE.get_or_init(|| {
            let stack = [
                "  echo: { image: i, fprocess: cat }\n",
                "  nap: { image: i, fprocess: sleep 3 }\n",
                "  two: { image: i, fprocess: cat, labels: { com.openfaas.scale.min: '2', com.openfaas.scale.max: '5' } }\n",
            ];
            let settings = [
                "--edition",
                "ce",
                "--set",
                "gateway.basic-auth=false",
                "--set",
                "gateway.scale-from-zero=false",
                "--set",
                "gateway.upstream-timeout=500ms",
            ];
            Stage::start(tempfile::tempdir().unwrap().keep(), &stack.concat(), &settings)
        })
    }

    fn start(folder: PathBuf, stack: &str, arguments: &[&str]) -> Stage {
        let stack = format!("version: 1.0\nprovider: {{ name: openfaas }}\nfunctions:\n{stack}");
        std::fs::write(folder.join("stack.yml"), stack).unwrap();
        let as_it_is = faasim(&folder);
        let mut command = Command::new("/bin/sh");
        command.args(["-c", UNTIL_STDIN_ENDS, "sh"]).arg(as_it_is.get_program());
        command.args(["up", "--provider", "process", "--port", "0", "--no-tui"]).args(arguments);
        command.env_clear().env("FOLDER", &folder).current_dir(&folder);
        command.envs(as_it_is.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        // Open until this process ends.
        std::mem::forget(child.stdin.take());
        let (said, lines) = std::sync::mpsc::channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            out.lines().map_while(Result::ok).for_each(|line| drop(said.send(line)));
            child.wait()
        });
        let (mut gateway, mut metrics) = (String::new(), String::new());
        loop {
            let line = lines.recv_timeout(PATIENCE).expect("faasim up does not start");
            if let Some((_, rest)) = line.split_once(" serves ") {
                gateway = rest.split(' ').next().unwrap().to_owned();
            } else if let Some((_, rest)) = line.split_once("Prometheus at ") {
                metrics = rest.trim().trim_end_matches("/metrics").to_owned();
            } else if line.starts_with("ready") {
                break;
            }
        }
        let password = std::fs::read_to_string(folder.join("state/password")).unwrap().trim().to_owned();
        let gateway = Wire::to(&gateway);
        let admin = gateway.with_password(&password);
        Stage { gateway, admin, metrics: Wire::to(&metrics), password, folder }
    }

    /// Runs a command of faasim's against it.
    pub fn says(&self, arguments: &[&str]) -> String {
        let done = faasim(&self.folder).args(arguments).output().unwrap();
        assert!(done.status.success(), "faasim {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    }

    /// What `/system/function/NAME` says.
    pub fn function(&self, name: &str) -> Value {
        let reply = self.admin.get(&format!("/system/function/{name}?usage=1"));
        assert_eq!(reply.status, 200, "{name}: {reply:?}");
        reply.json()
    }

    /// Waits until as many replicas take requests.
    pub fn until_available(&self, name: &str, replicas: u64) {
        until(&format!("{replicas} of {name}"), || {
            (self.function(name)["availableReplicas"].as_u64().unwrap_or(0) == replicas).then_some(())
        });
    }

    /// Deploys a function and waits for it.
    pub fn deploy(&self, deployment: Value) -> Reply {
        let reply = self.admin.post("/system/functions", &deployment.to_string());
        if reply.status == 202 {
            self.until_available(deployment["service"].as_str().unwrap(), 1);
        }
        reply
    }

    /// The value of a series that is written like this.
    pub fn series(&self, series: &str) -> Option<f64> {
        let text = self.metrics.get("/metrics").text();
        text.lines().find_map(|line| line.strip_prefix(series)?.trim().parse().ok())
    }
}
