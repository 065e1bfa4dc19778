//! The invoke path beside nginx: the same backend, the same load, in turn, in one run.
//!
//! `cargo bench --bench invoke` starts an nginx as the backend, another as a reverse proxy (`proxy_pass`, keep-alive,
//! two workers), and the gateway; `wrk` loads the two in turn. Printed are medians of throughput and p99, and their
//! ratios. It needs `nginx` and `wrk`. The goals are 0.9 of nginx's throughput and twice its p99 at most.

use faasim::cluster::function::FunctionId;
use faasim::cluster::pod::PodUid;
use faasim::cluster::time::Time;
use faasim::live::gateway::traffic::Traffic;
use faasim::live::gateway::{Gateway, GatewayConfig};
use faasim::live::router::{RouteLimits, Router};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio_util::sync::CancellationToken;

const ROUNDS: usize = 5;
const SECONDS: u32 = 3;
const CONNECTIONS: u32 = 32;

/// An nginx that ends with this value.
struct Nginx(Child);

impl Drop for Nginx {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.0);
        // Asked, not killed: its master takes its workers with it.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.0.wait();
    }
}

impl Nginx {
    fn start(folder: &Path, name: &str, workers: u32, server: &str) -> Nginx {
        let config = format!(
            "daemon off; master_process on; worker_processes {workers}; pid {0}/{name}.pid; error_log /dev/null;\n\
             events {{ worker_connections 1024; }}\nhttp {{ access_log off; keepalive_requests 1000000000;\n\
             client_body_temp_path {0}/b; proxy_temp_path {0}/p; fastcgi_temp_path {0}/f; uwsgi_temp_path {0}/u;\n\
             scgi_temp_path {0}/s;\n{server}\n}}\n",
            folder.display()
        );
        let file = folder.join(format!("{name}.conf"));
        std::fs::write(&file, config).expect("a temporary folder can be written");
        let mut command = Command::new("nginx");
        command.arg("-e").arg("/dev/null").arg("-p").arg(folder).arg("-c").arg(&file);
        Nginx(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("nginx starts"))
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("it has an address").port()
}

fn wait_for(port: u16) {
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(10), "nothing listens on {port}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A gateway with one function whose one pod is the backend.
fn gateway(backend: SocketAddr) -> (SocketAddr, CancellationToken) {
    let (begun, unix) = (Instant::now(), SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default());
    let clock = Arc::new(move || Time::ZERO + unix + begun.elapsed());
    let router = Arc::new(Router::new(clock, tokio::sync::mpsc::unbounded_channel().0));
    router.upsert(FunctionId(1), "echo.openfaas-fn", RouteLimits::default());
    router.pod_ready(FunctionId(1), PodUid(1), backend);
    let config = GatewayConfig { port: 0, threads: 2, ..GatewayConfig::default() };
    let gateway = Gateway::bind(config, router, Arc::new(Traffic::new()), axum::Router::new());
    let gateway = gateway.expect("a port is free");
    let (address, shutdown) = (gateway.address(), CancellationToken::new());
    gateway.serve(shutdown.clone()).expect("threads can be started");
    (address, shutdown)
}

/// Requests per second, and the 99th percentile in milliseconds.
fn wrk(url: &str) -> (f64, f64) {
    let arguments = ["-t1", &format!("-c{CONNECTIONS}"), &format!("-d{SECONDS}s"), "--latency", url];
    let done = Command::new("wrk").args(arguments).output().expect("wrk runs");
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(!text.contains("Non-2xx"), "{text}");
    let after = |words: &str| text.split(words).nth(1).and_then(|rest| rest.split_whitespace().next());
    let rate = after("Requests/sec:").and_then(|n| n.parse().ok()).expect("wrk says a rate");
    let p99 = after("99%").expect("wrk says a p99");
    let p99 = match (p99.strip_suffix("us"), p99.strip_suffix("ms"), p99.strip_suffix('s')) {
        (Some(us), ..) => us.parse().map(|n: f64| n / 1e3),
        (_, Some(ms), _) => ms.parse(),
        (.., s) => s.unwrap_or(p99).parse().map(|n: f64| n * 1e3),
    };
    (rate, p99.expect("a number"))
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

fn main() {
    if ["nginx", "wrk"].iter().any(|tool| Command::new(tool).arg("-v").output().is_err()) {
        println!("nginx or wrk is not installed, so there is nothing to compare with");
        return;
    }
    let folder = std::env::temp_dir().join(format!("faasim-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder can be made");
    let (back, front) = (free_port(), free_port());
    let server = format!("server {{ listen 127.0.0.1:{back}; location / {{ return 200 \"hello\"; }} }}");
    let backend = Nginx::start(&folder, "backend", 1, &server);
    let server = format!(
        "upstream pods {{ server 127.0.0.1:{back}; keepalive 64; keepalive_requests 1000000000; }}\n\
         server {{ listen 127.0.0.1:{front}; location / {{ proxy_pass http://pods; proxy_http_version 1.1; \
         proxy_set_header Connection \"\"; }} }}"
    );
    let proxy = Nginx::start(&folder, "proxy", 2, &server);
    for port in [back, front] {
        wait_for(port);
    }
    let (address, shutdown) = gateway(SocketAddr::from(([127, 0, 0, 1], back)));
    let (ours, theirs) =
        (format!("http://{address}/function/echo"), format!("http://127.0.0.1:{front}/function/echo"));
    let (mut gateway_runs, mut nginx_runs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        nginx_runs.push(wrk(&theirs));
        gateway_runs.push(wrk(&ours));
    }
    shutdown.cancel();
    drop((proxy, backend));
    let _ = std::fs::remove_dir_all(&folder);
    let of = |runs: &[(f64, f64)]| {
        (median(runs.iter().map(|r| r.0).collect()), median(runs.iter().map(|r| r.1).collect()))
    };
    let (gateway, nginx) = (of(&gateway_runs), of(&nginx_runs));
    println!("nginx    {:>8.0} requests/s   p99 {:>6.2} ms", nginx.0, nginx.1);
    println!("gateway  {:>8.0} requests/s   p99 {:>6.2} ms", gateway.0, gateway.1);
    println!("ratio    {:>8.2}              p99 {:>6.2}", gateway.0 / nginx.0, gateway.1 / nginx.1);
    println!("medians of {ROUNDS} rounds of {SECONDS} s with {CONNECTIONS} connections, in turn");
}
