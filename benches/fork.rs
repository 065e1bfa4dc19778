//! A process per request beside bare spawning: the same `cat`, the same callers, in turn, in one run.
//!
//! `cargo bench --bench fork` lets a number of threads start `cat`, give it five bytes and read them back; then as many
//! send them by HTTP to a classic watchdog that does the same. Printed are medians of the rates and what a call costs
//! beside a bare spawn. The goal is 1.3 times its cost at most.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(2);
const BODY: &[u8] = b"hello";

/// Calls per second, made by so many threads at once.
fn rate(callers: usize, caller: impl Fn() -> Box<dyn FnMut()> + Sync) -> f64 {
    let calls = AtomicU64::new(0);
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..callers {
            scope.spawn(|| {
                let mut call = caller();
                while begun.elapsed() < ROUND {
                    call();
                    calls.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    calls.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64()
}

/// What a program does that needs `cat` once.
fn spawn() {
    let mut child =
        Command::new("/bin/cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("cat runs");
    child.stdin.take().expect("it has one").write_all(BODY).expect("it reads");
    let mut output = Vec::new();
    child.stdout.take().expect("it has one").read_to_end(&mut output).expect("it writes");
    assert_eq!(output, BODY);
    assert!(child.wait().expect("it ends").success());
}

/// One caller's connection, kept open.
struct Caller(BufReader<TcpStream>);

impl Caller {
    fn to(port: u16) -> Caller {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
        stream.set_nodelay(true).expect("it is a socket");
        Caller(BufReader::new(stream))
    }

    fn call(&mut self) {
        let request = b"POST / HTTP/1.1\r\nHost: f\r\nContent-Length: 5\r\n\r\nhello";
        self.0.get_mut().write_all(request).expect("it reads");
        let mut line = String::new();
        loop {
            line.clear();
            assert!(self.0.read_line(&mut line).expect("it answers") > 0, "it hung up");
            if line == "\r\n" {
                break;
            }
        }
        let mut body = [0; 5];
        self.0.read_exact(&mut body).expect("a whole body");
        assert_eq!(body, BODY);
    }
}

/// A watchdog that ends with this value.
struct Watchdog(Child, u16);

impl Watchdog {
    fn start(folder: &std::path::Path) -> Watchdog {
        let log = folder.join("log");
        let mut command = Command::new(env!("CARGO_BIN_EXE_faasim"));
        command
            .arg("watchdog")
            .env_clear()
            .env("TMPDIR", folder)
            .env("port", "0")
            .env("FAASIM_BIND", "127.0.0.1");
        // As a pod has it: the log goes to a file.
        command.env("FAASIM_METRICS_PORT", "0").env("FAASIM_LOG_FILE", &log).env("fprocess", "/bin/cat");
        let child = command.stdin(Stdio::null()).spawn().expect("it starts");
        let mut watchdog = Watchdog(child, 0);
        let begun = Instant::now();
        loop {
            let text = std::fs::read_to_string(&log).unwrap_or_default();
            let port = text.lines().find_map(|l| l.split_once("Listening on port: ")?.1.trim().parse().ok());
            if let Some(port) = port {
                watchdog.1 = port;
                return watchdog;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "it does not start");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        let _ = (self.0.kill(), self.0.wait());
    }
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

fn main() {
    let folder = std::env::temp_dir().join(format!("faasim-fork-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder can be made");
    let watchdog = Watchdog::start(&folder);
    for callers in [1, 4] {
        let (mut bare, mut calls) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            bare.push(rate(callers, || Box::new(spawn)));
            calls.push(rate(callers, || {
                let mut caller = Caller::to(watchdog.1);
                Box::new(move || caller.call())
            }));
        }
        let (bare, calls) = (median(bare), median(calls));
        println!(
            "{callers} at once: bare spawning {bare:>6.0}/s   watchdog {calls:>6.0}/s   cost {:.2}",
            bare / calls
        );
    }
    println!("medians of {ROUNDS} rounds of {} s, in turn", ROUND.as_secs());
    drop(watchdog);
    let _ = std::fs::remove_dir_all(&folder);
}
