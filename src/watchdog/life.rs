//! A watchdog's life: start, serve, and the several ways to end.

use super::config::{Listen, Mode, Options};
use super::lockfile::{self, LockFile};
use super::log::Log;
use super::metrics::{self, Metrics};
use super::pod::Pod;
use super::server::Server;
use super::upstream::{self, Upstream};
use super::{gofmt, lean, tree};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// How long requests may still run when a lease is over.
const LEASE_DRAIN: Duration = Duration::from_secs(2);
/// How long a server process may take to end when asked.
const TERM_GRACE: Duration = Duration::from_secs(2);
/// How long replies may take to leave at the very end.
const FLUSH: Duration = Duration::from_millis(500);
/// Orphans are buried at most this often.
const BURY_EVERY: Duration = Duration::from_secs(1);

/// Runs a watchdog, told everything by the environment, until it is stopped.
///
/// Exit codes: 0 after SIGTERM or the end of the lease, 1 when it cannot start or the server process of http mode
/// has failed. `-version` and `-run-healthcheck` as a further argument do what the original's do.
pub fn run() -> ExitCode {
    match std::env::args().nth(2).as_deref().map(|a| a.trim_start_matches('-')) {
        Some("version") => {
            println!("{}", version());
            return ExitCode::SUCCESS;
        }
        Some("run-healthcheck") => {
            if lockfile::path().exists() {
                return ExitCode::SUCCESS;
            }
            eprintln!("unable to find lock file.");
            return ExitCode::FAILURE;
        }
        _ => {}
    }
    match start() {
        Ok(code) => ExitCode::from(code),
        Err(reason) => {
            eprintln!("watchdog: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn version() -> String {
    format!("Version: {}\tSHA: unknown", env!("CARGO_PKG_VERSION"))
}

fn start() -> Result<u8, String> {
    let vars: Vec<_> = std::env::vars_os()
        .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let options = Options::from_vars(&vars).map_err(|e| e.to_string())?;
    let log = Log::open(options.log_file.as_deref()).map_err(|e| {
        format!("cannot open the log file {:?}: {e}", options.log_file.as_deref().unwrap_or("".as_ref()))
    })?;
    if options.is_managed() {
        // A pod must not hear the terminal's Ctrl-C. It is refused to whoever leads a group already.
        let _ = rustix::process::setsid();
    }
    tree::become_subreaper();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(|e| format!("cannot start: {e}"))?;
    let code = runtime.block_on(live(options, log));
    tree::kill_everything();
    runtime.shutdown_background();
    code
}

async fn live(options: Options, log: Log) -> Result<u8, String> {
    let listener = listen(&options)?;
    let port = listener.local_addr().map_or(options.port, |a| a.port());
    let metrics = options.metrics_port.and_then(|port| {
        // Where the original gives up because the port is taken, the metrics move.
        match bind_metrics(&options, port).or_else(|_| bind_metrics(&options, 0)) {
            Ok(listener) => Some(listener),
            Err(error) => {
                log.say(format!("Metrics not served: {error}"));
                None
            }
        }
    });
    let mut signals = Signals::new().map_err(|e| format!("cannot catch signals: {e}"))?;

    log.say(version());
    let lock = LockFile::new(options.suppress_lock);
    let pod = Arc::new(Pod::new(options, log, lock, metrics.is_some().then(Metrics::new)));
    let mut upstream = match pod.options.mode.clone() {
        Mode::Classic => {
            pod.set_accepting();
            None
        }
        Mode::Streaming | Mode::Serializing | Mode::Static { .. } => {
            let (mode, process) = (pod.options.mode.name(), &pod.options.fprocess);
            pod.log.say(format!("Watchdog mode: {mode}\tfprocess: \"{process}\""));
            pod.set_accepting();
            None
        }
        Mode::Http { upstream: address } => {
            let started = upstream::start(&pod, &address)?;
            pod.log.say(format!("Watchdog mode: http\tfprocess: \"{}\"", pod.options.fprocess));
            Some(started)
        }
    };
    say_start(&pod, port);
    pod.lock.make(&pod.log);
    if let Some(listener) = metrics {
        let port = listener.local_addr().map_or(0, |a| a.port());
        pod.log.say(format!("Metrics listening on port: {port}"));
        tokio::spawn(metrics::serve(Arc::clone(&pod), listener));
    }
    tokio::spawn(bury_orphans(Arc::clone(&pod)));
    tokio::spawn(lean::keep_lean(Arc::clone(&pod)));

    let server = Server::new(Arc::clone(&pod));
    let accepting = tokio::spawn(server.clone().accept(listener));
    let code = tokio::select! {
        () = signals.terminated() => {
            if pod.options.is_managed() {
                finish(&pod, &mut upstream, "SIGTERM", pod.options.write_timeout).await
            } else {
                drain_as_the_original(&pod, &mut upstream, || accepting.abort()).await
            }
        }
        lease = pod.holds.expired(&pod.options) => {
            let why = format!("Nobody has held this pod for its lease of {}", gofmt::duration(lease));
            finish(&pod, &mut upstream, &why, LEASE_DRAIN).await
        }
        code = failed(&pod, &mut upstream) => code,
    };
    pod.set_ending();
    server.close(FLUSH).await;
    Ok(code)
}

fn say_start(pod: &Pod, port: u16) {
    let o = &pod.options;
    let stop = if o.mode == Mode::Classic { "." } else { "" };
    pod.log.say(format!(
        "Timeouts: read: {} write: {} hard: {} health: {}{stop}",
        gofmt::duration(o.read_timeout),
        gofmt::duration(o.write_timeout),
        gofmt::duration(o.exec_timeout),
        gofmt::duration(o.healthcheck_interval),
    ));
    pod.log.say(format!("Listening on port: {port}"));
}

/// Takes the handed-over socket, or binds one.
fn listen(options: &Options) -> Result<tokio::net::TcpListener, String> {
    let listener = match &options.listen {
        Listen::Stdin => {
            let fd =
                std::io::stdin().as_fd().try_clone_to_owned().map_err(|e| format!("descriptor 0: {e}"))?;
            let listener = TcpListener::from(fd);
            listener
                .local_addr()
                .map_err(|e| format!("FAASIM_LISTEN=stdin, but descriptor 0 is no listening socket: {e}"))?;
            listener
        }
        Listen::Bind(host) => TcpListener::bind((host.as_str(), options.port))
            .map_err(|e| format!("cannot listen on {host}:{}: {e}; set port to a free one", options.port))?,
    };
    listener
        .set_nonblocking(true)
        .and_then(|()| tokio::net::TcpListener::from_std(listener))
        .map_err(|e| format!("cannot use the listening socket: {e}"))
}

fn bind_metrics(options: &Options, port: u16) -> std::io::Result<tokio::net::TcpListener> {
    let host = match &options.listen {
        Listen::Bind(host) => host.parse().unwrap_or([0, 0, 0, 0].into()),
        Listen::Stdin => [127, 0, 0, 1].into(),
    };
    let listener = TcpListener::bind(SocketAddr::new(host, port))?;
    listener.set_nonblocking(true)?;
    tokio::net::TcpListener::from_std(listener)
}

struct Signals {
    term: tokio::signal::unix::Signal,
    // Caught and not looked at: a handler, unlike "ignore", is not inherited by the function.
    _int: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> std::io::Result<Signals> {
        Ok(Signals { term: signal(SignalKind::terminate())?, _int: signal(SignalKind::interrupt())? })
    }

    async fn terminated(&mut self) {
        self.term.recv().await;
    }
}

/// Buries orphans given to us, some time after a child has died.
async fn bury_orphans(pod: Arc<Pod>) {
    let Ok(mut died) = signal(SignalKind::child()) else { return };
    while died.recv().await.is_some() {
        tokio::time::sleep(BURY_EVERY).await;
        tree::bury_orphans(&pod.awaited());
    }
}

/// Ends with 1 when the server process fails. One that ends well leaves the watchdog up, as the original does.
async fn failed(pod: &Pod, upstream: &mut Option<Upstream>) -> u8 {
    if let Some(running) = upstream {
        match running.ended(pod).await {
            Ok(status) if status.success() => *upstream = None,
            _ => return 1,
        }
    }
    std::future::pending().await
}

/// The end of a managed pod: nobody sends it requests any more, so it goes as soon as nothing is in flight.
async fn finish(pod: &Pod, upstream: &mut Option<Upstream>, why: &str, patience: Duration) -> u8 {
    pod.set_draining();
    pod.log.say(format!("{why}: finishing {} requests", pod.in_flight()));
    pod.lock.remove(&pod.log);
    let patience = if patience.is_zero() { Duration::MAX } else { patience };
    tokio::select! {
        _ = tokio::time::timeout(patience, pod.idle()) => {}
        code = failed(pod, upstream) => return code,
    }
    if let Some(running) = upstream {
        running.terminate();
        let _ = tokio::time::timeout(TERM_GRACE, running.ended(pod)).await;
    }
    pod.log.say(format!("Exiting. Active connections: {}", pod.in_flight()));
    0
}

/// The end of a watchdog on its own: it still takes requests while whoever checks its health finds out.
async fn drain_as_the_original(
    pod: &Pod,
    upstream: &mut Option<Upstream>,
    stop_listening: impl FnOnce(),
) -> u8 {
    let delay = pod.options.healthcheck_interval;
    pod.set_draining();
    pod.log.say(format!("SIGTERM: no new connections in {}", gofmt::duration(delay)));
    pod.lock.remove(&pod.log);
    if let Some(running) = upstream {
        running.terminate();
    }
    let drain = async {
        tokio::time::sleep(delay).await;
        stop_listening();
        pod.log.say(format!("No new connections allowed, draining: {} requests", pod.in_flight()));
        let patience = pod.options.write_timeout;
        let patience = if patience.is_zero() { Duration::MAX } else { patience };
        let _ = tokio::time::timeout(patience, pod.idle()).await;
    };
    tokio::select! {
        () = drain => {}
        code = failed(pod, upstream) => return code,
    }
    pod.log.say(format!("Exiting. Active connections: {}", pod.in_flight()));
    0
}
