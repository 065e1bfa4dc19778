//! The real program in a real (pseudo-)terminal.

pub mod seat;

use faasim::cluster::command::{Command, Reply};
use faasim::cluster::function::FunctionName;
use faasim::dashboard::tui;
use faasim::dashboard::tui::app::WhenClosed;
use faasim::dashboard::tui::link::{Invocation, Link, Load, LoadNews, LogRow};
use faasim::dashboard::view::View;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use portable_pty::CommandBuilder;
use seat::{Seat, faasim, pods_left, terminate};
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// Two functions, and an autoscaler that looks every other second.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let stack = "version: 1.0\n\
                 provider: { name: openfaas }\n\
                 functions:\n\
                 \x20 burn: { image: faasim/base, fprocess: faasim function burn, requests: { cpu: 10m } }\n\
                 \x20 echo: { image: faasim/base, fprocess: faasim function echo, requests: { cpu: 10m } }\n";
    std::fs::write(folder.path().join("stack.yml"), stack).unwrap();
    folder
}

fn up(state: &Path) -> CommandBuilder {
    let settings = ["hpa.sync-period=1s", "metrics.interval=1s", "hpa.cpu-initialization-period=0s"];
    let mut command = faasim(state, &["up", "--provider", "process", "--port", "0"]);
    settings.iter().for_each(|s| command.args(["--set", s]));
    command
}

const ENTER: &str = "\r";

#[test]
fn a_person_sees_a_function_scale_and_leaves_nothing_behind() {
    let state = folder();
    let mut seat = Seat::start(up(state.path()), 80, 24);
    seat.until("both functions", |text| text.contains("burn") && text.contains("echo"));
    seat.until("a ready pod of each", |text| text.matches("1/1 ").count() >= 3);

    seat.press("a");
    seat.until_shown("Horizontal Pod Autoscaler");
    seat.press(&format!("20\t1\t3{ENTER}"));
    seat.until_shown("1–3");
    seat.press("l");
    seat.until_shown("Start a load on burn");
    seat.press(&format!("2\t5{ENTER}"));
    seat.until("three pods, and a latency", |text| {
        let line = text.lines().find(|l| l.starts_with("▶ burn")).unwrap_or_default();
        line.contains("3/3") && line.contains("ms") && line.contains("2 users")
    });
    seat.press("4");
    let why = seat.until("the working", |text| text.contains("÷ request 10m"));
    assert!(why.contains("next in ") || why.contains("looking now"), "{why}");

    seat.press("1l");
    seat.until_shown("load on burn ended");
    seat.press("i");
    seat.until_shown("Invoke burn");
    seat.press(&format!("7{ENTER}"));
    seat.until("a reply", |text| text.contains("✓ status 200") && text.contains("Burned 7 ms"));
    seat.press("\u{1b}");
    seat.until("the dialog gone", |text| !text.contains("Invoke burn"));
    seat.press("6");
    seat.until_shown("Forking fprocess");

    seat.press("q");
    seat.until_shown("will be drained");
    seat.press("y");
    let (code, text) = seat.ended();
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("stopped: no pod is left"), "{text}");
    assert!(seat.is_restored());
    assert_eq!(pods_left(state.path()), [""; 0]);
    let log = std::fs::read_to_string(state.path().join("faasim.log")).unwrap();
    assert!(log.contains("deployed burn"), "{log}");
}

#[test]
fn asynchronous_calls_are_seen_tried_again_and_cancelled() {
    let state = folder();
    let mut stack = std::fs::read_to_string(state.path().join("stack.yml")).unwrap();
    stack.push_str("\x20 fail: { image: faasim/base, fprocess: faasim function fail }\n");
    std::fs::write(state.path().join("stack.yml"), stack).unwrap();
    let mut command = up(state.path());
    command.args(["--edition", "ce"]);
    let mut seat = Seat::start(command, 80, 24);
    seat.until("a ready pod of each", |text| text.matches("1/1 ").count() >= 4);
    seat.press("8");
    seat.until_shown("No call yet");
    for (function, body) in [("burn", "1"), ("fail", "lost")] {
        let invoke = ["invoke", function, "--async", "--body", body, "-H", "X-Call-Id: of-"];
        let mut invoke: Vec<String> = invoke.map(String::from).to_vec();
        invoke.last_mut().unwrap().push_str(function);
        let invoke: Vec<&str> = invoke.iter().map(String::as_str).collect();
        assert_eq!(Seat::start(faasim(state.path(), &invoke), 80, 24).ended().0, 0);
    }
    seat.until("the call of burn", |text| text.contains("of-burn") && text.contains("✓ done"));
    seat.press(&format!("o/fail{ENTER}"));
    seat.until("what the dead call said", |text| text.contains("✗ dead") && text.contains("last try:"));
    seat.press("r");
    seat.until_shown("of-fail is to be tried again");
    seat.press("d");
    seat.until_shown("Cancel of-fail?");
    seat.press("y");
    seat.until("no call is left", |text| text.contains("of-fail is cancelled") && !text.contains("✗ dead"));
    terminate(seat.child.process_id().unwrap());
    assert_eq!(seat.ended().0, 0);
}

#[test]
fn without_colours_it_writes_none_and_a_window_may_change() {
    let state = folder();
    let mut command = up(state.path());
    command.env("NO_COLOR", "1");
    let mut seat = Seat::start(command, 80, 24);
    seat.until_shown("▶ burn");
    seat.resize(50, 10);
    seat.until_shown("make it larger");
    seat.resize(130, 40);
    seat.until("every pane at once", |text| text.contains("3 Pods ─") && text.contains("6 Log ─"));
    let colored = regex::Regex::new("\u{1b}\\[[0-9;]*\\b(3[0-8]|4[0-8]|9[0-7]|10[0-7])\\b[0-9;]*m").unwrap();
    let raw = seat.raw();
    assert_eq!(colored.find(&raw).map(|m| m.as_str().escape_debug().to_string()), None);

    terminate(seat.child.process_id().unwrap());
    let (code, text) = seat.ended();
    assert!(text.contains("stopped: no pod is left"), "{text}");
    assert_eq!(code, 0);
    assert!(seat.is_restored());
    assert_eq!(pods_left(state.path()), [""; 0]);
}

#[test]
fn another_terminal_watches_and_leaves_and_the_cluster_goes_on() {
    let state = folder();
    let mut command = up(state.path());
    command.arg("--no-tui");
    let mut host = Seat::start(command, 80, 24);
    host.until_shown("ready; Ctrl-C stops it");

    let mut seat = Seat::start(faasim(state.path(), &["tui"]), 80, 24);
    seat.until_shown("▶ burn");
    seat.press("+");
    seat.until("two pods", |text| text.contains("2/2"));
    seat.press("6");
    seat.until_shown("Log");
    seat.press("o");
    seat.until_shown("where `faasim up` runs");
    seat.press("q");
    let (code, text) = seat.ended();
    assert_eq!(code, 0, "{text}");
    assert!(seat.is_restored());

    let mut again = Seat::start(faasim(state.path(), &["tui"]), 100, 30);
    again.until("still two pods", |text| text.contains("2/2"));
    host.press("\u{3}");
    let (code, _) = host.ended();
    assert_eq!(code, 0);
    again.until_shown("✗ no answer");
    again.press("q");
    assert_eq!(again.ended().0, 0);
}

#[test]
fn a_screen_may_be_closed_while_its_cluster_goes_on() {
    let state = folder();
    let mut seat = Seat::start(up(state.path()), 80, 24);
    seat.until_shown("▶ burn");
    seat.press("q");
    seat.until_shown("will be drained");
    seat.press("c");
    seat.until_shown("the cluster goes on at http://127.0.0.1:");
    assert!(seat.is_restored());
    seat.press("\u{3}");
    let (code, text) = seat.ended();
    assert_eq!(code, 0);
    assert!(text.contains("stopped: no pod is left"), "{text}");
}

/// Not a test: what the next one runs in a terminal of its own.
#[test]
#[ignore = "another test runs it in a terminal"]
fn a_screen_whose_cluster_panics() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let error = runtime.block_on(tui::run(Arc::new(Panics), WhenClosed::GoesOn, std::future::pending()));
    println!("the screen ended: {}", error.unwrap_err());
}

#[test]
fn a_panic_gives_the_terminal_back_with_its_message() {
    let state = folder();
    let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
    command.args(["screen::a_screen_whose_cluster_panics", "--exact", "--ignored", "--nocapture"]);
    command.env("TERM", "xterm-256color");
    command.cwd(state.path());
    let mut seat = Seat::start(command, 100, 24);
    let (_, text) = seat.ended();
    assert!(text.contains("the screen ended"), "{text}");
    assert!(seat.is_restored());
    // The person's own screen is back before the message is written.
    let raw = seat.raw();
    let (back, message) = (raw.find("\u{1b}[?1049l").unwrap(), raw.find("a bug in the cluster").unwrap());
    assert!(back < message);
}

/// The way to a cluster with a bug.
struct Panics;

impl Link for Panics {
    fn views(&self) -> BoxStream<'static, Result<View, String>> {
        stream::once(async {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            panic!("a bug in the cluster")
        })
        .boxed()
    }

    fn apply(&self, _: Command) -> BoxFuture<'static, Result<Reply, String>> {
        unreachable!("nobody asks")
    }

    fn invoke(&self, _: FunctionName, _: Vec<u8>) -> BoxFuture<'static, Result<Invocation, String>> {
        unreachable!("nobody asks")
    }

    fn logs(&self, _: FunctionName) -> BoxStream<'static, Result<LogRow, String>> {
        unreachable!("nobody asks")
    }

    fn own_log(&self) -> Option<BoxStream<'static, LogRow>> {
        None
    }

    fn load(&self, _: Load, _: CancellationToken) -> BoxStream<'static, LoadNews> {
        unreachable!("nobody asks")
    }
}

#[test]
fn a_window_that_is_closed_takes_its_cluster_with_it() {
    let state = folder();
    let size = portable_pty::PtySize { rows: 24, cols: 80, ..Default::default() };
    let pair = portable_pty::native_pty_system().openpty(size).unwrap();
    let mut child = pair.slave.spawn_command(up(state.path())).unwrap();
    drop(pair.slave);
    // Nobody reads what it draws, so it may well be stuck in the middle of a frame by then.
    let begun = std::time::Instant::now();
    while pods_left(state.path()).len() < 2 {
        assert!(begun.elapsed() < seat::PATIENCE, "no pod is started");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    drop(pair.master);
    while child.try_wait().unwrap().is_none() {
        assert!(begun.elapsed() < seat::PATIENCE, "it does not end");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(pods_left(state.path()), [""; 0]);
}

#[test]
fn a_terminal_that_cannot_move_its_cursor_gets_plain_lines() {
    let state = folder();
    let mut command = up(state.path());
    command.env("TERM", "dumb");
    let mut seat = Seat::start(command, 80, 24);
    seat.until_shown("ready; Ctrl-C stops it");
    assert!(!seat.raw().contains('\u{1b}'), "{}", seat.raw());
    seat.press("\u{3}");
    assert_eq!(seat.ended().0, 0);

    let mut command = faasim(state.path(), &["tui"]);
    command.env("TERM", "dumb");
    let (code, text) = Seat::start(command, 80, 24).ended();
    assert_eq!(code, 1);
    assert!(text.contains("needs a terminal"), "{text}");
    let (code, text) = Seat::start(faasim(state.path(), &["tui"]), 80, 24).ended();
    assert_eq!(code, 1);
    assert!(text.contains("start one with `faasim up`"), "{text}");
}
