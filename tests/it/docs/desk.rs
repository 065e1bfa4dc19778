//! Where a reader sits: an empty home, a shell, ports of their own, and clusters that go when the page is done.

use crate::screen::seat::Seat;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Longer than any command of the book takes on a machine that is busy.
pub const PATIENCE: Duration = Duration::from_secs(90);
/// Between two looks at what a command has printed so far.
const GLANCE: Duration = Duration::from_millis(20);

/// Ports that pages name; each is another one here.
const PORTS: [u16; 4] = [8080, 8082, 9090, 9000];

pub struct Desk {
    home: TempDir,
    ports: BTreeMap<u16, u16>,
    variables: Vec<(String, String)>,
    running: Vec<Running>,
    screens: Vec<Seat>,
    count: usize,
}

/// A command that has been started.
pub struct Running {
    child: Child,
    output: PathBuf,
}

/// What a command has printed, and its exit code once it has ended.
pub struct Done {
    pub printed: String,
    pub code: Option<i32>,
}

impl Desk {
    pub fn new(provider: &str) -> Desk {
        let home = tempfile::Builder::new().prefix("faasim-book-").tempdir().unwrap();
        fs::create_dir_all(home.path().join("work")).unwrap();
        fs::create_dir_all(home.path().join("desk")).unwrap();
        // In a terminal curl shows no progress either.
        fs::write(home.path().join(".curlrc"), "silent\nshow-error\n").unwrap();
        let ports = ports();
        let mut variables = vec![("FAASIM_GATEWAY_PORT".to_owned(), ports[&8080].to_string())];
        if provider != "auto" {
            variables.push(("FAASIM_PODS_PROVIDER".into(), provider.into()));
        }
        Desk { home, ports, variables, running: Vec::new(), screens: Vec::new(), count: 0 }
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Puts parts of the repository into the working folder, as in a clone.
    pub fn clone_repository(&self) {
        for folder in
            ["sim-configs", "functions", "docs/observability", "examples", "tests/data/azure-trace-sample"]
        {
            self.copy(
                &Path::new(env!("CARGO_MANIFEST_DIR")).join(folder),
                &self.home.path().join("work").join(folder),
            );
        }
    }

    fn copy(&self, from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap().flatten() {
            let target = to.join(entry.file_name());
            match entry.path().is_dir() {
                true => self.copy(&entry.path(), &target),
                false => match fs::read_to_string(entry.path()) {
                    Ok(text) => {
                        fs::write(&target, self.inward(&text)).unwrap();
                        let mode = fs::metadata(entry.path()).unwrap().permissions();
                        fs::set_permissions(target, mode).unwrap();
                    }
                    Err(_) => drop(fs::copy(entry.path(), target).unwrap()),
                },
            }
        }
    }

    /// A page's ports as they are here.
    pub fn inward(&self, text: &str) -> String {
        self.ports.iter().fold(text.to_owned(), |text, (page, here)| replace(&text, *page, *here))
    }

    /// Ports and folders from here as a page has them.
    pub fn outward(&self, text: &str) -> String {
        let text = text.replace(&*self.home.path().to_string_lossy(), "/home/you");
        let text = self.ports.iter().fold(text, |text, (page, here)| replace(&text, *here, *page));
        // What a terminal would have drawn over.
        text.lines().map(|line| line.rsplit('\r').next().unwrap_or(line)).collect::<Vec<_>>().join("\n")
    }

    /// The folder that the shell is in.
    fn folder(&self) -> PathBuf {
        fs::read_to_string(self.home.path().join("desk/cwd"))
            .map_or(self.home.path().join("work"), |text| text.trim_end().into())
    }

    pub fn write(&self, file: &str, text: &str) {
        let path = self.folder().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, self.inward(text)).unwrap();
    }

    /// The environment of everything that runs here.
    pub fn environment(&self) -> Vec<(String, String)> {
        let program = Path::new(env!("CARGO_BIN_EXE_faasim")).parent().unwrap();
        let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
        let mut all = self.variables.clone();
        for (name, value) in [
            ("PATH", &*path),
            ("HOME", &self.home.path().to_string_lossy()),
            ("LANG", "C.UTF-8"),
            ("COLUMNS", "100"),
        ] {
            all.push((name.into(), value.into()));
        }
        all
    }

    /// Starts a command in the shell: folder and exported variables are those that the command before it left.
    pub fn start(&mut self, command: &str) -> Running {
        self.count += 1;
        let desk = self.home.path().join("desk");
        let output = desk.join(format!("out-{}", self.count));
        let script = format!(
            "[ -f '{0}/env' ] && . '{0}/env'\ncd '{1}'\nset -a\n{2}\ncode=$?\nexport -p > '{0}/env'\npwd > '{0}/cwd'\nexit $code\n",
            desk.display(),
            self.folder().display(),
            self.inward(command),
        );
        let out = File::create(&output).unwrap();
        let mut shell = Command::new("bash");
        shell.args(["-c", &script]).env_clear().envs(self.environment()).env("TERM", "dumb");
        if command.contains("--print-config") {
            // It would say where the port is from, which no reader has.
            for (name, _) in &self.variables {
                shell.env_remove(name);
            }
        }
        shell.stdin(Stdio::null()).stdout(out.try_clone().unwrap()).stderr(out).process_group(0);
        Running { child: shell.spawn().unwrap(), output }
    }

    /// Runs a command to its end.
    pub fn run(&mut self, command: &str) -> Done {
        let mut running = self.start(command);
        let done = running.wait(|done| done.code.is_some());
        if done.code.is_none() {
            running.kill();
        }
        Done { printed: self.outward(&done.printed), ..done }
    }

    /// Starts a command and waits until it has printed what it is to print; it goes on.
    pub fn until(&mut self, command: &str, good: impl Fn(&str) -> bool) -> (Done, Running) {
        let mut running = self.start(command);
        let outward = |text: &str| self.outward(text);
        let done = running.wait(|done| done.code.is_some() || good(&outward(&done.printed)));
        (Done { printed: self.outward(&done.printed), ..done }, running)
    }

    /// Intervals even shorter than those that a page sets.
    pub fn hurry(&mut self) {
        for (name, value) in [
            ("FAASIM_HPA_SYNC_PERIOD", "2s"),
            ("FAASIM_METRICS_INTERVAL", "1s"),
            ("FAASIM_HPA_DOWNSCALE_STABILIZATION", "6s"),
            ("FAASIM_HPA_CPU_INITIALIZATION_PERIOD", "1s"),
            ("FAASIM_OPENFAAS_INTERVAL", "1s"),
        ] {
            self.variables.push((name.into(), value.into()));
        }
    }

    /// Keeps a terminal and what is in it until the page is done.
    pub fn keep_screen(&mut self, seat: Seat) {
        self.screens.push(seat);
    }

    /// Keeps a command running until the page is done.
    pub fn keep(&mut self, running: Running) {
        self.running.push(running);
    }
}

impl Running {
    /// Looks until it is as it should be, or patience ends.
    fn wait(&mut self, good: impl Fn(&Done) -> bool) -> Done {
        let begun = Instant::now();
        loop {
            // In this order: what it printed last is read.
            let code = self.child.try_wait().unwrap().map(|status| status.code().unwrap_or(-1));
            let printed = String::from_utf8_lossy(&fs::read(&self.output).unwrap_or_default()).into_owned();
            let done = Done { printed, code };
            if good(&done) || code.is_some() || begun.elapsed() > PATIENCE {
                return done;
            }
            std::thread::sleep(GLANCE);
        }
    }

    /// Ctrl-C, as a terminal sends it to all of a command.
    pub fn interrupt(&mut self) {
        let group = Pid::from_child(&self.child);
        let _ = kill_process_group(group, Signal::INT);
        if self.wait(|done| done.code.is_some()).code.is_none() {
            self.kill();
        }
    }

    fn kill(&mut self) {
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.child.wait();
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.screens.clear();
        for running in &mut self.running {
            if let Ok(None) = running.child.try_wait() {
                running.interrupt();
            }
        }
        // Whatever a page forgot, and what a command that was killed left behind.
        let clean = |state: &Path| {
            let mut down = Command::new(env!("CARGO_BIN_EXE_faasim"));
            down.env_clear().envs(self.environment()).args(["down", "--state"]).arg(state);
            let _ = down.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        };
        let state = self.home.path().join(".local/state/faasim");
        if state.exists() {
            clean(&state);
        }
        for pid in left(self.home.path()) {
            if let Some(pid) = Pid::from_raw(pid) {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
    }
}

/// Processes that were started from this desk and still run.
pub fn left(home: &Path) -> Vec<i32> {
    let name = std::ffi::OsStr::new("HOME");
    let tmp = std::ffi::OsStr::new("TMPDIR");
    let all = procfs::process::all_processes().unwrap().flatten();
    all.filter(|p| {
        p.environ().is_ok_and(|e| {
            e.get(name).is_some_and(|h| Path::new(h) == home)
                || e.get(tmp).is_some_and(|t| Path::new(t).starts_with(home))
        })
    })
    .map(|p| p.pid)
    .collect()
}

/// A port that is free now for each that pages name; 8082 is two above 8080 here too.
fn ports() -> BTreeMap<u16, u16> {
    // Below the range from which systems hand out ports of their own accord.
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let offset = u16::try_from(std::process::id() % 1000).unwrap() * 16;
    loop {
        let base = 12000 + (offset + NEXT.fetch_add(8, Ordering::Relaxed)) % 19000;
        let here = [base, base + 2, base + 4, base + 6];
        if here.iter().all(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()) {
            return PORTS.into_iter().zip(here).collect();
        }
    }
}

/// A whole number for another, where it is not part of a longer one.
fn replace(text: &str, from: u16, to: u16) -> String {
    regex::Regex::new(&format!(r"\b{from}\b")).unwrap().replace_all(text, to.to_string()).into_owned()
}
