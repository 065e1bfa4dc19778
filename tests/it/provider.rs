//! Both ways to run pods keep the same promises.
#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

use faasim::cluster::event::{Event, PodSample};
use faasim::cluster::function::FunctionSpec;
use faasim::cluster::pod::{Exit, PodUid};
use faasim::live::exec::{Exec, ExecRequest, FromCommand, ToCommand, Window};
use faasim::live::provider::process::ProcessProvider;
use faasim::live::provider::{Config, LogQuery, Provider, StartPod};
use futures_util::StreamExt;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// Longer than anything here takes on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);
const GRACE: Duration = Duration::from_secs(10);

/// A cluster with one function on a real provider, removed when it goes out of scope.
struct Bench {
    provider: Option<Arc<dyn Provider>>,
    events: mpsc::UnboundedReceiver<Event>,
    cluster_id: String,
    state: PathBuf,
    lease: Duration,
    kind: &'static dyn Kind,
    _state: tempfile::TempDir,
}

/// What is different about a provider.
trait Kind: Sync {
    /// Connects. Blocks.
    fn make(&self, config: Config) -> Arc<dyn Provider>;
    /// What is left of a cluster: names of containers, processes.
    fn left(&self, cluster_id: &str, state: &Path) -> Vec<String>;
    /// Kills the pod from outside, as `kill -9` or `docker kill` do.
    fn kill(&self, state: &Path, pod: &str);
    /// Removes whatever a failed test has left.
    fn clean(&self, cluster_id: &str, state: &Path);
    /// A spec that runs one of faasim's own functions or a plain command of the machine.
    fn spec(&self, name: &str, fprocess: &str) -> FunctionSpec;
    /// Whether it is to be tested here.
    fn is_wanted(&self) -> bool {
        true
    }
}

fn random() -> String {
    uuid::Uuid::new_v4().simple().to_string()[..8].to_owned()
}

impl Bench {
    async fn new(kind: &'static dyn Kind) -> Bench {
        Bench::with_lease(kind, Duration::from_secs(60)).await
    }

    async fn with_lease(kind: &'static dyn Kind, lease: Duration) -> Bench {
        let dir = tempfile::tempdir().unwrap();
        let (_, events) = mpsc::unbounded_channel();
        let mut bench = Bench {
            provider: None,
            events,
            cluster_id: format!("test-{}", random()),
            state: dir.path().to_owned(),
            lease,
            kind,
            _state: dir,
        };
        bench.begin();
        bench
    }

    /// A new faasim on the same state.
    fn begin(&mut self) {
        let (events, inbox) = mpsc::unbounded_channel();
        self.events = inbox;
        let config = Config {
            cluster_id: self.cluster_id.clone(),
            state_dir: self.state.clone(),
            exe: env!("CARGO_BIN_EXE_faasim").into(),
            lease: self.lease,
            pull_policy: faasim::live::provider::PullPolicy::default(),
            events,
        };
        self.provider = Some(self.kind.make(config));
    }

    /// As `kill -9` of faasim: all streams to the pods break, nothing is stopped.
    fn die(&mut self) {
        self.provider = None;
    }

    fn provider(&self) -> &Arc<dyn Provider> {
        self.provider.as_ref().unwrap()
    }

    fn start(&self, uid: u64, spec: FunctionSpec) -> StartPod {
        let pod = StartPod {
            uid: PodUid(uid),
            name: format!("{}-{}-{uid}", spec.name, self.cluster_id),
            template_hash: spec.template_hash(),
            spec: Arc::new(spec),
            restarts: 0,
        };
        self.provider().start(pod.clone());
        pod
    }

    async fn next(&mut self) -> Event {
        let event = tokio::time::timeout(PATIENCE, self.events.recv()).await;
        event.expect("no event came").expect("the provider is gone")
    }

    /// The next event that is not about readiness.
    async fn next_fate(&mut self) -> Event {
        loop {
            match self.next().await {
                Event::PodReady { .. } | Event::PodUnready { .. } => {}
                event => return event,
            }
        }
    }

    async fn started(&mut self) -> String {
        match self.next_fate().await {
            Event::PodStarted { address, .. } => address,
            other => panic!("{other:?} instead of PodStarted"),
        }
    }

    /// Waits until the pod has started and is ready.
    async fn ready(&mut self) -> String {
        let address = self.started().await;
        self.until_ready().await;
        address
    }

    async fn until_ready(&mut self) {
        loop {
            match self.next().await {
                Event::PodReady { .. } => return,
                Event::PodUnready { .. } => {}
                other => panic!("{other:?} instead of PodReady"),
            }
        }
    }

    async fn exit(&mut self) -> Exit {
        match self.next_fate().await {
            Event::PodExited { exit, .. } => exit,
            other => panic!("{other:?} instead of PodExited"),
        }
    }

    async fn failure(&mut self) -> (String, String) {
        match self.next_fate().await {
            Event::PodStartFailed { reason, message, .. } => (reason, message),
            other => panic!("{other:?} instead of PodStartFailed"),
        }
    }

    async fn stop(&mut self, uid: u64) {
        self.provider().stop(PodUid(uid), GRACE);
        assert_eq!(self.next_fate().await, Event::PodGone { uid: PodUid(uid) });
    }

    fn left(&self) -> Vec<String> {
        self.kind.left(&self.cluster_id, &self.state)
    }

    /// Waits until the pod has reported a usage that `good` accepts.
    async fn sample(&self, good: impl Fn(&PodSample) -> bool) -> PodSample {
        let look = async {
            loop {
                if let Some(sample) = self.provider().samples().into_iter().find(&good) {
                    return sample;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, look).await.expect("no such sample came")
    }

    /// What the pod has logged.
    async fn log(&self, uid: u64, query: LogQuery) -> Vec<String> {
        let lines = self.provider().logs(PodUid(uid), query);
        lines.map(|line| line.unwrap().text).collect().await
    }
}

impl Bench {
    /// Runs a command in a pod: its exit code, and what it printed on either stream.
    async fn exec(
        &self,
        uid: u64,
        command: &[&str],
        terminal: Option<Window>,
        typed: &[ToCommand],
    ) -> (i32, String, String) {
        let (tell, input) = mpsc::channel(16);
        let (output, mut printed) = mpsc::channel(16);
        let command = command.iter().map(ToString::to_string).collect();
        let request = ExecRequest { command, stdin: !typed.is_empty(), terminal };
        let reading = async {
            let (mut out, mut err) = (Vec::new(), Vec::new());
            while let Some(frame) = printed.recv().await {
                match frame {
                    FromCommand::Output(bytes) => out.extend(bytes),
                    FromCommand::Error(bytes) => err.extend(bytes),
                    other => panic!("{other:?} from a provider"),
                }
            }
            (String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
        };
        let typing = async {
            for frame in typed {
                tell.send(frame.clone()).await.unwrap();
            }
            // As a client does, which stays to read.
            std::future::pending::<()>().await;
        };
        let running = self.provider().exec(PodUid(uid), Exec { request, input, output });
        let all = async {
            tokio::select! {
                (code, (out, err)) = async { tokio::join!(running, reading) } => (code.unwrap(), out, err),
                () = typing => unreachable!(),
            }
        };
        tokio::time::timeout(PATIENCE, all).await.expect("the command does not end")
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.provider = None;
        self.kind.clean(&self.cluster_id, &self.state);
    }
}

/// A request on a connection of its own; status and body.
async fn post(address: &str, body: &str) -> std::io::Result<(u16, String)> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(address).await?;
    let length = body.len();
    let head = format!("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all(format!("{head}{body}").as_bytes()).await?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await?;
    let status = reply.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
    Ok((status, reply.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()))
}

mod promises {
    use super::*;

    pub async fn a_whole_life(kind: &'static dyn Kind) {
        let mut bench = Bench::new(kind).await;
        let mut spec = kind.spec("echo", "sh talk.sh");
        spec.env_vars.insert("combine_output".into(), "false".into());
        let pod = bench.start(1, spec);
        let address = bench.ready().await;
        let (status, body) = post(&address, "hello").await.unwrap();
        assert_eq!((status, body.trim()), (200, "hello"));

        let sample = bench.sample(|s| s.cpu_total > 0 && s.memory.0 > 1 << 16).await;
        assert_eq!(sample.uid, PodUid(1));
        let log = bench.log(1, LogQuery::default()).await;
        assert!(log.iter().any(|l| l.contains("said on stderr")), "{log:?}");
        assert_eq!(bench.log(1, LogQuery { tail: Some(1), ..LogQuery::default() }).await.len(), 1);

        let command = ["sh", "-c", "echo out; echo err >&2; echo $FAASIM_POD$FAASIM_TOKEN; exit 3"];
        let (code, printed, errors) = bench.exec(1, &command, None, &[]).await;
        assert_eq!((code, printed, errors), (3, format!("out\n{}\n", pod.name), "err\n".into()));

        bench.stop(1).await;
        assert_eq!(bench.left(), [""; 0]);
        // A container's address goes to the next one.
        if address.starts_with("127.0.0.1:") {
            assert!(post(&address, "").await.is_err(), "the port is still open");
        }
        assert!(bench.provider().samples().is_empty());
        assert!(bench.provider().logs(PodUid(1), LogQuery::default()).next().await.unwrap().is_err());
    }

    pub async fn a_command_beside_it_is_talked_to(kind: &'static dyn Kind) {
        let mut bench = Bench::new(kind).await;
        bench.start(1, kind.spec("echo", "cat"));
        bench.ready().await;
        // More than fits into the pipes on the way there and back.
        let line = "a line that comes back\n";
        let much = line.repeat(40_000);
        let typed = [ToCommand::Input(much.clone().into()), ToCommand::InputEnds];
        assert_eq!(bench.exec(1, &["cat"], None, &typed).await, (0, much, String::new()));

        let command = [
            "sh",
            "-c",
            "test -t 0 && test -t 2 && stty size; read word; echo \"<$word>\"; stty size; kill -9 $$",
        ];
        let typed = [ToCommand::Window(Window { columns: 100, rows: 30 }), ToCommand::Input("word\n".into())];
        let window = Window { columns: 81, rows: 25 };
        let (code, printed, errors) = bench.exec(1, &command, Some(window), &typed).await;
        assert_eq!((code, errors), (137, String::new()), "{printed}");
        assert!(printed.contains("<word>\r\n30 100\r\n"), "{printed}");
        bench.stop(1).await;
        assert_eq!(bench.left(), [""; 0]);
    }

    pub async fn a_function_that_ends_is_reported_with_its_code(kind: &'static dyn Kind) {
        let mut bench = Bench::new(kind).await;
        let mut spec = kind.spec("crash", "sh -c exit\t7");
        spec.env_vars = BTreeMap::from([
            ("mode".into(), "http".into()),
            ("upstream_url".into(), "http://127.0.0.1:9".into()),
        ]);
        let pod = bench.start(1, spec);
        bench.started().await;
        assert_ne!(bench.exit().await.code, 0);
        // Its log outlives it, and it can be started again.
        assert!(!bench.log(1, LogQuery::default()).await.is_empty());
        bench.provider().start(StartPod { restarts: 1, ..pod });
        bench.started().await;
        assert_ne!(bench.exit().await.code, 0);
        bench.stop(1).await;
        assert_eq!(bench.left(), [""; 0]);
    }

    pub async fn one_killed_from_outside_is_told_from_a_crash(kind: &'static dyn Kind) {
        let mut bench = Bench::new(kind).await;
        let pod = bench.start(1, kind.spec("echo", "cat"));
        bench.ready().await;
        kind.kill(&bench.state, &pod.name);
        assert!(bench.exit().await.killed_from_outside());
        bench.stop(1).await;
        assert_eq!(bench.left(), [""; 0]);
    }

    pub async fn nothing_survives_a_stop(kind: &'static dyn Kind) {
        let mut bench = Bench::new(kind).await;
        bench.start(1, kind.spec("sleepers", "sh sleepers.sh"));
        let address = bench.ready().await;
        assert_eq!(post(&address, "").await.unwrap().0, 200);
        bench.stop(1).await;
        assert_eq!(bench.left(), [""; 0]);
    }

    pub async fn nor_a_watchdog_that_is_killed(kind: &'static dyn Kind) {
        let mut bench = Bench::new(kind).await;
        let pod = bench.start(1, kind.spec("sleepers", "sh sleepers.sh"));
        let address = bench.ready().await;
        assert_eq!(post(&address, "").await.unwrap().0, 200);
        kind.kill(&bench.state, &pod.name);
        bench.exit().await;
        bench.stop(1).await;
        assert_eq!(bench.left(), [""; 0]);
    }

    pub async fn the_next_faasim_finds_what_the_last_one_left(kind: &'static dyn Kind) {
        let mut bench = Bench::new(kind).await;
        let pods = [1, 2].map(|uid| bench.start(uid, kind.spec("echo", "cat")));
        for _ in 0..4 {
            assert!(matches!(bench.next().await, Event::PodStarted { .. } | Event::PodReady { .. }));
        }
        bench.die();
        kind.kill(&bench.state, &pods[1].name);
        bench.begin();

        let found = bench.provider().find().await.unwrap();
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((&found[0].name, found[0].uid), (&pods[0].name, PodUid(1)));
        assert_eq!(found[0].function, pods[0].spec.full_name());
        assert_eq!(found[0].template_hash, pods[0].template_hash);
        bench.until_ready().await;
        assert_eq!(post(&found[0].address, "again").await.unwrap(), (200, "again".into()));
        bench.sample(|s| s.uid == PodUid(1)).await;
        assert!(!bench.log(1, LogQuery::default()).await.is_empty());

        kind.kill(&bench.state, &pods[0].name);
        assert!(bench.exit().await.killed_from_outside());
        bench.stop(1).await;
        assert_eq!(bench.left(), [""; 0]);
    }

    pub async fn nobody_to_hold_it_ends_a_pod(kind: &'static dyn Kind) {
        let mut bench = Bench::with_lease(kind, Duration::from_secs(1)).await;
        bench.start(1, kind.spec("echo", "cat"));
        let address = bench.ready().await;
        bench.die();
        let gone = async {
            while tokio::net::TcpStream::connect(&address).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, gone).await.expect("the pod outlives its lease");
        bench.begin();
        assert_eq!(bench.provider().find().await.unwrap(), []);
        assert_eq!(bench.left(), [""; 0]);
    }

    pub async fn all_are_removed_known_or_not(kind: &'static dyn Kind) {
        let mut bench = Bench::new(kind).await;
        bench.start(1, kind.spec("echo", "cat"));
        bench.ready().await;
        bench.die();
        bench.begin();
        bench.start(2, kind.spec("echo", "cat"));
        bench.ready().await;
        bench.provider().remove_all(GRACE).await.unwrap();
        assert_eq!(bench.left(), [""; 0]);
    }

    pub async fn a_stop_may_come_at_any_time(kind: &'static dyn Kind) {
        let mut bench = Bench::new(kind).await;
        bench.provider().stop(PodUid(9), GRACE);
        assert_eq!(bench.next().await, Event::PodGone { uid: PodUid(9) });
        bench.start(1, kind.spec("echo", "cat"));
        bench.provider().stop(PodUid(1), GRACE);
        loop {
            match bench.next_fate().await {
                Event::PodStarted { .. } => {}
                event => break assert_eq!(event, Event::PodGone { uid: PodUid(1) }),
            }
        }
        assert_eq!(bench.left(), [""; 0]);
    }
}

macro_rules! keeps_the_promises {
    ($kind:expr) => {
        keeps_the_promises! { $kind,
            a_whole_life
            a_command_beside_it_is_talked_to
            a_function_that_ends_is_reported_with_its_code
            one_killed_from_outside_is_told_from_a_crash
            nothing_survives_a_stop
            nor_a_watchdog_that_is_killed
            the_next_faasim_finds_what_the_last_one_left
            nobody_to_hold_it_ends_a_pod
            all_are_removed_known_or_not
            a_stop_may_come_at_any_time
        }
    };
    ($kind:expr, $($promise:ident)*) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $promise() {
            let kind: &'static dyn Kind = $kind;
            if kind.is_wanted() {
                promises::$promise(kind).await;
            }
        })*
    };
}

mod process {
    use super::*;
    use faasim::cluster::function::HANDLER_ANNOTATION;
    use procfs::process::all_processes;

    struct Processes;

    impl Kind for Processes {
        fn make(&self, config: Config) -> Arc<dyn Provider> {
            Arc::new(ProcessProvider::new(config))
        }

        fn left(&self, _: &str, state: &Path) -> Vec<String> {
            let folders = std::fs::read_dir(state.join("pods")).into_iter().flatten().flatten();
            let mut left: Vec<String> =
                folders.map(|f| f.file_name().to_string_lossy().into_owned()).collect();
            for process in all_processes().unwrap().flatten() {
                let environment = process.environ().unwrap_or_default();
                let tmp = environment.get(std::ffi::OsStr::new("TMPDIR"));
                if tmp.is_some_and(|tmp| Path::new(tmp).starts_with(state)) {
                    left.push(format!("{} {:?}", process.pid, process.cmdline()));
                }
            }
            left
        }

        fn kill(&self, state: &Path, pod: &str) {
            let passport = std::fs::read(state.join("pods").join(pod).join("pod.json")).unwrap();
            let passport: serde_json::Value = serde_json::from_slice(&passport).unwrap();
            let pid = i32::try_from(passport["pid"].as_i64().unwrap()).unwrap();
            let pid = rustix::process::Pid::from_raw(pid).unwrap();
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
            // The signal is sent; the end takes a moment.
            let stat = || procfs::process::Process::new(pid.as_raw_nonzero().get()).and_then(|p| p.stat());
            while stat().is_ok_and(|stat| !matches!(stat.state, 'Z' | 'X')) {
                std::thread::yield_now();
            }
        }

        fn clean(&self, _: &str, state: &Path) {
            for process in all_processes().unwrap().flatten() {
                let environment = process.environ().unwrap_or_default();
                let tmp = environment.get(std::ffi::OsStr::new("TMPDIR"));
                if tmp.is_some_and(|tmp| Path::new(tmp).starts_with(state)) {
                    let pid = rustix::process::Pid::from_raw(process.pid).unwrap();
                    let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
                }
            }
        }

        fn spec(&self, name: &str, fprocess: &str) -> FunctionSpec {
            let mut spec = FunctionSpec::new(name, "none");
            spec.env_process = Some(fprocess.into());
            let handler = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/handler");
            spec.annotations.insert(HANDLER_ANNOTATION.into(), handler.display().to_string());
            spec
        }
    }

    keeps_the_promises!(&Processes);

    #[tokio::test]
    async fn what_cannot_start_says_why_and_what_to_do() {
        let mut bench = Bench::new(&Processes).await;
        let no_command = FunctionSpec::new("f", "image");
        let no_program = Processes.spec("f", "no-such-program x");
        let no_file = Processes.spec("f", "./no-such-file");
        let mut no_handler = Processes.spec("f", "cat");
        no_handler.annotations.insert(HANDLER_ANNOTATION.into(), "/nowhere/f".into());
        let cases = [
            (no_command, "set `fprocess:`"),
            (no_program, "`no-such-program` is not an executable file in the PATH"),
            (no_file, "make it executable there"),
            (no_handler, "its handler /nowhere/f cannot be entered: No such file or directory"),
        ];
        for (uid, (spec, words)) in cases.into_iter().enumerate() {
            bench.start(uid as u64, spec);
            let (reason, message) = bench.failure().await;
            assert_eq!(reason, "CreateContainerError");
            assert!(message.contains(words), "{message}");
        }
    }

    #[tokio::test]
    async fn a_state_folder_that_cannot_be_written_is_named() {
        let mut bench = Bench::new(&Processes).await;
        // A file where the folder should be: as good as read-only, for root too.
        std::fs::write(bench.state.join("pods"), "").unwrap();
        bench.start(1, Processes.spec("f", "cat"));
        let (_, message) = bench.failure().await;
        assert!(message.contains(bench.state.to_str().unwrap()) && message.contains("--state"), "{message}");
    }

    #[tokio::test]
    async fn so_is_one_where_nothing_can_be_made() {
        let mut bench = Bench::new(&Processes).await;
        bench.state = PathBuf::from("/proc/self");
        bench.begin();
        bench.start(1, Processes.spec("f", "cat"));
        let (_, message) = bench.failure().await;
        assert!(message.contains("/proc/self/pods"), "{message}");
    }
}

pub(crate) mod docker {
    use super::*;
    use faasim::cluster::function::{BASE_ANNOTATION, HANDLER_ANNOTATION, PULL_POLICY_ANNOTATION};
    use faasim::live::provider::docker::DockerProvider;
    use std::io::Write;
    use std::process::{Command, Stdio};
    use std::sync::OnceLock;

    /// An image with a static busybox and nothing else: no C library, no shell but its own.
    const BASE: &str = "faasim-test/busybox:latest";
    const BUSYBOX: [&str; 3] = ["/bin/busybox", "/usr/bin/busybox", "/bin/busybox.static"];

    struct Containers;

    fn docker(arguments: &[&str]) -> String {
        let done = Command::new("docker").args(arguments).output().unwrap();
        String::from_utf8_lossy(&done.stdout).trim().to_owned()
    }

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    /// Imports the image once.
    pub(crate) fn base() -> &'static str {
        static MADE: OnceLock<()> = OnceLock::new();
        MADE.get_or_init(|| {
            let busybox =
                BUSYBOX.iter().find(|file| Path::new(file).exists()).expect("install busybox-static");
            let mut import = Command::new("docker")
                .args(["import", "-", BASE])
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            let mut tar = tar::Builder::new(import.stdin.take().unwrap());
            tar.append_path_with_name(busybox, "bin/busybox").unwrap();
            for applet in ["sh", "cat", "sleep", "setsid", "echo", "httpd", "tr", "test"] {
                let mut header = tar::Header::new_gnu();
                header.set_entry_type(tar::EntryType::Symlink);
                header.set_size(0);
                header.set_mode(0o777);
                tar.append_link(&mut header, format!("bin/{applet}"), "busybox").unwrap();
            }
            tar.into_inner().unwrap().flush().unwrap();
            assert!(import.wait().unwrap().success());
        });
        BASE
    }

    impl Kind for Containers {
        fn make(&self, config: Config) -> Arc<dyn Provider> {
            let runtime = tokio::runtime::Handle::current();
            let connect = || runtime.block_on(DockerProvider::connect(config));
            Arc::new(tokio::task::block_in_place(connect).unwrap())
        }

        fn left(&self, cluster_id: &str, state: &Path) -> Vec<String> {
            let filter = format!("label=faasim.cluster={cluster_id}");
            let mut left = lines(&docker(&["ps", "-a", "--filter", &filter, "--format", "{{.Names}}"]));
            let folders = std::fs::read_dir(state.join("pods")).into_iter().flatten().flatten();
            left.extend(folders.map(|f| f.file_name().to_string_lossy().into_owned()));
            left
        }

        fn kill(&self, _: &Path, pod: &str) {
            docker(&["kill", pod]);
        }

        fn clean(&self, cluster_id: &str, _: &Path) {
            let filter = format!("label=faasim.cluster={cluster_id}");
            for id in lines(&docker(&["ps", "-aq", "--filter", &filter])) {
                docker(&["rm", "-f", &id]);
            }
        }

        fn spec(&self, name: &str, fprocess: &str) -> FunctionSpec {
            let mut spec = FunctionSpec::new(name, "faasim-test/not-built:latest");
            spec.env_process = Some(fprocess.into());
            let handler = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/handler");
            spec.annotations.insert(HANDLER_ANNOTATION.into(), handler.display().to_string());
            spec.annotations.insert(BASE_ANNOTATION.into(), base().into());
            spec
        }

        fn is_wanted(&self) -> bool {
            crate::engine::wanted()
        }
    }

    keeps_the_promises!(&Containers);

    async fn bench() -> Option<Bench> {
        match Containers.is_wanted() {
            true => Some(Bench::new(&Containers).await),
            false => None,
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_functions_it_carries_run_in_an_empty_image_with_their_limits() {
        let Some(mut bench) = bench().await else { return };
        let mut spec = FunctionSpec::new("mltest", "faasim/base:latest");
        spec.env_process = Some("faasim function mltest".into());
        spec.limits.memory = Some(faasim::cluster::quantity::Bytes(64 << 20));
        spec.limits.cpu = Some(faasim::cluster::quantity::MilliCpu(500));
        spec.read_only_root_filesystem = true;
        let pod = bench.start(1, spec);
        let address = bench.ready().await;
        let (status, body) = post(&address, "3").await.unwrap();
        assert_eq!(status, 200, "{body}");
        assert!(body.contains("Test Accuracy"), "{body}");
        let format = "{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.PidsLimit}} {{.HostConfig.LogConfig.Type}} {{.HostConfig.LogConfig.Config}}";
        assert_eq!(
            docker(&["inspect", "--format", format, &pod.name]),
            "67108864 500000000 [ALL] [no-new-privileges] true 4096 json-file map[max-file:2 max-size:10m]"
        );
        bench.stop(1).await;
        assert_eq!(bench.left(), [""; 0]);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_image_with_another_watchdog_is_probed_and_measured() {
        let Some(mut bench) = bench().await else { return };
        let image = format!("faasim-test/other-{}", random());
        let file = "FROM faasim-test/busybox:latest\nENTRYPOINT [\"httpd\", \"-f\", \"-p\", \"8080\", \"-h\", \"/\"]\n";
        base();
        let mut build = Command::new("docker")
            .args(["build", "-q", "-t", &image, "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        build.stdin.take().unwrap().write_all(file.as_bytes()).unwrap();
        assert!(build.wait().unwrap().success());
        let mut spec = FunctionSpec::new("other", &image);
        spec.env_process = None;
        bench.start(1, spec);
        bench.ready().await;
        bench.sample(|s| s.memory.0 > 1 << 10).await;
        bench.stop(1).await;
        assert_eq!(bench.left(), [""; 0]);
        docker(&["rmi", &image]);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_cannot_start_says_why_and_what_to_do() {
        let Some(mut bench) = bench().await else { return };
        let absent = FunctionSpec::new("f", "127.0.0.1:9/no/such:image");
        let mut never = absent.clone();
        never.annotations.insert(PULL_POLICY_ANNOTATION.into(), "Never".into());
        let mut python = FunctionSpec::new("f", "faasim/base:latest");
        python.env_process = Some("python3 index.py".into());
        let silent = FunctionSpec::new("f", "faasim/base:latest");
        let mut no_handler = Containers.spec("f", "cat");
        no_handler.annotations.insert(HANDLER_ANNOTATION.into(), "/nowhere/f".into());
        let cases = [
            (absent, "ErrImagePull", "Failed to pull image"),
            (never, "ErrImageNeverPull", "pull policy of Never"),
            (python, "CreateContainerError", "`python3` is not in the image"),
            (silent, "CreateContainerError", "set `fprocess:`"),
            (no_handler, "CreateContainerError", "/nowhere/f cannot be read"),
        ];
        for (uid, (spec, reason, words)) in cases.into_iter().enumerate() {
            bench.start(uid as u64, spec);
            let failure = bench.failure().await;
            assert_eq!(failure.0, reason, "{}", failure.1);
            assert!(failure.1.contains(words), "{}", failure.1);
        }
    }
}
