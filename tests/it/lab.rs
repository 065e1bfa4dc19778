//! Experiments from their files: they pass, they leave the same bytes, and a mistake in one is said well.

use assert_cmd::Command;
use faasim::lab::scenario;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn faasim() -> Command {
    let mut command = Command::cargo_bin("faasim").unwrap();
    command.env_clear().current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

fn configs() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sim-configs");
    let mut all: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    all.retain(|f| f.extension().is_some_and(|e| e == "toml"));
    all.sort();
    all
}

/// Every file below a folder but those that hold wall times, by its path without the folder of the time.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut todo = vec![folder.to_owned()];
    while let Some(next) = todo.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_symlink() || path.ends_with("provenance.json") {
                continue;
            }
            if path.is_dir() {
                todo.push(path);
            } else {
                let within = path.strip_prefix(folder).unwrap();
                let parts = within.components().enumerate().filter(|(i, _)| *i != 1).map(|(_, c)| c);
                found.insert(parts.collect(), std::fs::read(&path).unwrap());
            }
        }
    }
    found
}

#[test]
fn the_study_passes_in_virtual_time_and_leaves_the_same_bytes() {
    let run = |jobs: &str| {
        let out = tempfile::tempdir().unwrap();
        let done = faasim()
            .arg("run")
            .args(configs())
            .args(["--virtual", "--jobs", jobs, "--out"])
            .arg(out.path())
            .assert();
        done.success();
        files(out.path())
    };
    let (one, three) = (run("1"), run("3"));
    assert!(one.len() > 14 * 12, "{} files", one.len());
    assert!(one.keys().eq(three.keys()));
    for (path, bytes) in &one {
        assert!(three[path] == *bytes, "{} differs", path.display());
    }
    for (path, bytes) in &one {
        let text = String::from_utf8_lossy(bytes);
        assert!(!text.contains("NaN") && !text.contains("/tmp/"), "{}", path.display());
    }
}

#[test]
fn what_is_not_seen_fails_the_run_and_is_named() {
    let out = tempfile::tempdir().unwrap();
    let file = out.path().join("x.toml");
    std::fs::write(
        &file,
        r#"
name = "too-much"
duration = "1m"
expect = ["max(replicas) >= 5", "count(status = 200) > 10"]
[[function]]
name = "f"
model = { service = { law = "constant", value = "10ms" } }
[[load]]
function = "f"
rate = 5
"#,
    )
    .unwrap();
    let done =
        faasim().arg("run").arg(&file).arg("--out").arg(out.path().join("r")).assert().failure().code(1);
    let text = String::from_utf8_lossy(&done.get_output().stdout).into_owned();
    assert!(text.contains("✗ max(replicas) >= 5") && text.contains("seen: 1"), "{text}");
    assert!(text.contains("✓ count(status = 200) > 10"), "{text}");
    let error = String::from_utf8_lossy(&done.get_output().stderr).into_owned();
    assert_eq!(error, "faasim: not as expected: too-much\n");
    // A value may be changed from the command line; nothing is written when dry.
    let set = ["--dry", "--set", "function.0.replicas=5", "-o", "json"];
    let done = faasim().arg("run").arg(&file).args(set).assert().success();
    let summary: serde_json::Value = serde_json::from_slice(&done.get_output().stdout).unwrap();
    assert_eq!(summary["passed"], true);
    assert_eq!(summary["functions"][0]["course"][0][1], 5);
}

/// Runs live, in the shortened form that the file has for it; what it printed.
fn live(name: &str, out: &Path, more: &[&str]) -> String {
    let file = format!("sim-configs/{name}.toml");
    let done = faasim()
        .args(["run", "--live", &file, "--out"])
        .arg(out)
        .args(more)
        .env("TMPDIR", out)
        .env("PATH", std::env::var("PATH").unwrap_or_default())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{text}{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(text.matches('✗').count(), 0, "{text}");
    text
}

/// A cluster of its own, real pods, real requests; and nothing is left of it. Those that hardly use the cores run side by
/// side, the others one after another.
#[test]
fn the_study_runs_live_on_processes() {
    let out = tempfile::tempdir().unwrap();
    let light = [
        "e01-self-healing",
        "e02-time-outs",
        "e04-from-zero",
        "e05-labels",
        "e11-editions-ce",
        "e11-editions-pro",
        "e12-cost",
    ];
    std::thread::scope(|scope| {
        let runs: Vec<_> = light.iter().map(|name| scope.spawn(|| live(name, out.path(), &[]))).collect();
        runs.into_iter().for_each(|run| drop(run.join().unwrap()));
    });
    for heavy in ["e03-hpa", "e06-warm", "e07-cold", "e08-scaling-cold-starts", "e09-cpu-by-pod"] {
        live(heavy, out.path(), &[]);
    }
    let left: Vec<_> = std::fs::read_dir(out.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with("faasim-run")), "{left:?}");
    let leaf = out.path().join("e04-from-zero/latest/live_seed=1");
    assert!(std::fs::read_to_string(leaf.join("report.html")).unwrap().contains("scale-from-zero"));
    // Each request has its parts, and JMeter's table counts from 1970.
    let requests = std::fs::read_to_string(leaf.join("requests.csv")).unwrap();
    let row: BTreeMap<String, String> =
        csv::Reader::from_reader(requests.as_bytes()).deserialize().next().unwrap().unwrap();
    let part = |name: &str| row[name].parse::<f64>().unwrap();
    assert!(part("wait_for_pod") > 0.0 && part("fork") > 0.0 && part("work") > 0.0, "{row:?}");
    assert!(row["pod"].starts_with("mltest-dev-") && row["reply"].starts_with("Epoch 1/50"), "{row:?}");
    let jtl = std::fs::read_to_string(leaf.join("requests.jtl")).unwrap();
    let sent: u64 = jtl.lines().nth(1).unwrap().split(',').next().unwrap().parse().unwrap();
    assert!(sent > 1_600_000_000_000, "{jtl}");
}

/// The same on containers.
#[test]
fn the_study_runs_live_on_containers() {
    if !crate::engine::wanted() {
        return;
    }
    let out = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        let names = ["e01-self-healing", "e04-from-zero", "e10-local-images"];
        let runs = names.map(|name| {
            let out = out.path();
            scope.spawn(move || live(name, out, &["--provider", "docker"]))
        });
        runs.into_iter().for_each(|run| drop(run.join().unwrap()));
    });
    for name in ["e03-hpa", "e07-cold"] {
        live(name, out.path(), &["--provider", "docker"]);
    }
}

/// Ctrl-C ends a live run; what was measured until then is written, and no pod is left.
#[test]
fn an_interrupted_run_keeps_what_it_measured() {
    let out = tempfile::tempdir().unwrap();
    let mut run = std::process::Command::new(assert_cmd::cargo::cargo_bin("faasim"))
        .args(["run", "--live", "sim-configs/e06-warm.toml", "--out"])
        .arg(out.path())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("TMPDIR", out.path())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let folder = out.path().join("e06-warm");
    let table = || {
        let leaf = std::fs::read_dir(&folder).ok()?.flatten().find(|e| !e.path().is_symlink())?.path();
        let leaf = std::fs::read_dir(leaf).ok()?.flatten().next()?.path();
        std::fs::read_to_string(leaf.join("requests.csv")).ok().map(|text| (leaf, text.lines().count()))
    };
    let begun = std::time::Instant::now();
    // Tables fill while it runs.
    while table().is_none_or(|(_, lines)| lines < 3) {
        assert!(begun.elapsed().as_secs() < 120 && run.try_wait().unwrap().is_none(), "nothing was written");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let pid = rustix::process::Pid::from_raw(run.id() as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(run.wait().unwrap().code(), Some(1));
    let (leaf, lines) = table().unwrap();
    assert!(lines >= 3);
    let summary = std::fs::read_to_string(leaf.join("summary.json")).unwrap();
    assert!(summary.contains("\"ended_early\": true"), "{summary}");
    assert!(leaf.join("report.html").is_file());
    let left: Vec<_> = std::fs::read_dir(out.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
    assert_eq!(left, ["e06-warm"]);
}

#[test]
fn each_scenario_checks() {
    let done = faasim().arg("check").args(configs()).assert().success();
    let text = String::from_utf8_lossy(&done.get_output().stdout).into_owned();
    assert_eq!(text.matches("ok, a scenario of").count(), configs().len(), "{text}");
}

const GOOD: &str = r#"name = "good"
duration = "2m"
seed = 3
expect = ["replicas at 45s == 2"]
measure = ["p95(rush)"]

[platform]
cores = 4
nodes = 2
settings = { "hpa.tolerance" = 0.2 }

[[function]]
name = "mltest"
requests = { cpu = "10m", memory = "64Mi" }
limits = { cpu = "1" }
[function.model]
service = { law = "lognormal", mean = "1s", scv = 0.5 }
cpu = 0.5
workers = 2

[[autoscaler]]
function = "mltest"
cpu-percent = 20
min = 2
max = 6

[[load]]
function = "mltest"
users = 3
think = "1s"
from = "10s"
until = "60s"

[[load]]
function = "mltest"
rate = { shape = "ramp", from = 1, to = 5, over = "30s" }

[[step]]
do = "scale"
at = "20s"
function = "mltest"
replicas = 3

[[phase]]
name = "rush"
from = "10s"
until = "60s"

[sweep]
"platform.cores" = [2, 4]
"#;

/// What is changed, into what, the line and column it is found at, and what is said.
const BROKEN: [(&str, &str, &str, &str); 60] = [
    ("name = \"good\"", "nam = \"good\"", "1:1", "did you mean `name`"),
    ("name = \"good\"", "name = \"a/b\"", "1:8", "cannot be the name of a folder"),
    ("name = \"good\"", "name = good", "1:8", "string"),
    ("name = \"good\"", "name = 3", "1:8", "found the number `3`, where a text in quotes belongs"),
    ("duration = \"2m\"", "", "1:1", "`duration` is missing"),
    ("duration = \"2m\"", "duration = \"2 minutes\"", "2:12", "is no duration"),
    ("duration = \"2m\"", "duration = -5", "2:12", "0 or more"),
    ("duration = \"2m\"", "duration = 0", "2:12", "longer than 0"),
    (
        "seed = 3",
        "seed = \"three\"",
        "3:8",
        "found the text \"three\", where a whole number of 0 or more belongs",
    ),
    ("seed = 3", "seed = 3\nrepetitions = 0", "4:15", "at least 1"),
    ("seed = 3", "seed = 3\nsample = \"1us\"", "4:10", "at least 1ms"),
    ("replicas at 45s == 2", "replicas at 45s = = 2", "4:11", "write for instance"),
    ("replicas at 45s == 2", "replicsa at 45s == 2", "4:11", "did you mean `replicas`"),
    ("replicas at 45s == 2", "replicas of nobody at 45s == 2", "4:11", "unknown function `nobody`"),
    ("replicas at 45s == 2", "p95(lunch) < 2s", "4:11", "unknown word `lunch`"),
    ("replicas at 45s == 2", "first time ready >= 2", "4:11", "`within 30s` is missing"),
    ("replicas at 45s == 2", "count(status = ok) == 1", "4:11", "`ok` is no status"),
    ("p95(rush)", "p95(rush", "5:12", "`)` is missing"),
    ("p95(rush)", "p95(ruhs)", "5:12", "did you mean `rush`"),
    ("cores = 4\n", "cores = 0\n", "8:9", "at least one core"),
    ("cores = 4\n", "cores = \"4\"\n", "8:9", "where a whole number of 0 or more belongs"),
    ("cores = 4\n", "core = 4\n", "8:1", "did you mean `cores`"),
    ("cores = 4\n", "cores = 4\nedition = \"premium\"\n", "9:11", "write one of pro, ce"),
    ("cores = 4\n", "cores = 4\ndialect = \"currant\"\n", "9:11", "did you mean `current`"),
    ("nodes = 2", "nodes = 0", "9:9", "at least one node"),
    ("nodes = 2", "nodes = 2\nprovider = \"podman\"", "10:12", "write one of process, docker"),
    ("nodes = 2", "nodes = 2\nplacement = \"spred\"", "10:13", "did you mean `spread`"),
    ("\"hpa.tolerance\" = 0.2", "\"hpa.tolerence\" = 0.2", "10:", "hpa.tolerance"),
    ("\"hpa.tolerance\" = 0.2", "\"hpa.tolerance\" = \"much\"", "10:", "much"),
    ("memory = \"64Mi\"", "memory = \"64 megs\"", "14:", "64 megs"),
    ("cpu = \"10m\"", "cpu = \"ten\"", "14:", "ten"),
    ("cpu = \"10m\"", "cpu = \"2\"", "14:", "must not be more than limits.cpu"),
    (
        "limits = {",
        "image-pull-policy = \"Sometimes\"\nlimits = {",
        "15:21",
        "Always, IfNotPresent and Never",
    ),
    ("law = \"lognormal\"", "law = \"lognormel\"", "17:", "did you mean `lognormal`"),
    ("scv = 0.5", "scv = -1", "17:", "scv"),
    ("scv = 0.5", "", "17:", "scv"),
    ("cpu = 0.5", "cpu = 1.5", "18:7", "not between 0 and 1"),
    ("workers = 2", "workers = 0", "19:11", "workers: it must be at least 1"),
    ("workers = 2", "wrokers = 2", "19:1", "did you mean `workers`"),
    (
        "[[autoscaler]]\nfunction = \"mltest\"",
        "[[autoscaler]]\nfunction = \"mltset\"",
        "22:12",
        "did you mean `mltest`",
    ),
    ("min = 2\n", "min = 9\n", "24:7", "min must be at most max"),
    ("cpu-percent = 20", "cpu-percent = 0", "23:15", "at least 1"),
    ("cpu-percent = 20", "cpu_percent = 20", "23:1", "did you mean `cpu-percent`"),
    ("max = 6", "", "21:", "`max` is missing"),
    (
        "users = 3",
        "users = 3\nrate = 5",
        "30:8",
        "exactly one of users, rate, times and jmx; there are users and rate",
    ),
    ("users = 3\n", "", "27:", "there is none"),
    ("users = 3", "users = -3", "29:9", "where a whole number of 0 or more belongs"),
    ("users = 3", "users = 3\nmethod = \"PO ST\"", "30:10", "no method of HTTP"),
    ("users = 3", "users = 3\nassert-status = [20]", "30:", "no status of HTTP"),
    ("users = 3", "users = 3\nbody-file = \"nowhere.txt\"", "30:13", "nowhere.txt cannot be read"),
    ("think = \"1s\"", "think = true", "30:9", "a time such as"),
    ("until = \"60s\"\n\n[[load]]", "until = \"5s\"\n\n[[load]]", "32:9", "later than from"),
    ("until = \"60s\"\n\n[[load]]", "until = \"60s\"\nduration = \"1s\"\n\n[[load]]", "33:12", "not both"),
    ("shape = \"ramp\"", "shape = \"slope\"", "36:8", "requests per second, or a shape"),
    ("at = \"20s\"", "at = \"20m\"", "40:6", "after the end of the run"),
    ("do = \"scale\"", "do = \"scael\"", "39:", "did you mean `scale`"),
    (
        "[sweep]",
        "[[phase]]\nname = \"mltest\"\nfrom = \"1s\"\nuntil = \"2s\"\n\n[sweep]",
        "50:8",
        "the name of a function already",
    ),
    ("\"platform.cores\" = [2, 4]", "\"platform.cores\" = []", "50:", "has no values"),
    ("\"platform.cores\" = [2, 4]", "\"function.3.image\" = [\"a\"]", "50:", "write a number from 0 to 0"),
    ("\"platform.cores\" = [2, 4]", "\"platform.cores\" = [2", "5", ""),
];

#[test]
fn a_broken_scenario_gives_one_good_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("s.toml");
    std::fs::write(&file, GOOD).unwrap();
    assert_eq!(scenario::read(&file, false).unwrap_or_else(|e| panic!("{e}")).len(), 2);
    let mut wrong = Vec::new();
    for (from, to, place, words) in BROKEN {
        assert!(GOOD.contains(from), "{from}");
        std::fs::write(&file, GOOD.replacen(from, to, 1)).unwrap();
        match scenario::read(&file, false) {
            Ok(_) => wrong.push(format!("{to}: accepted")),
            Err(mistakes) => {
                let text = mistakes.to_string();
                let place = format!("s.toml:{place}");
                if mistakes.len() != 1 || !text.contains(&place) || !text.contains(words) {
                    wrong.push(format!("{to}: expected {place} … {words}, got {text}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    std::fs::write(&file, GOOD.replace("nodes = 2", "nodes = 0")).unwrap();
    let done = faasim().arg("run").arg(&file).assert().failure().code(1);
    let error = String::from_utf8_lossy(&done.get_output().stderr).into_owned();
    assert!(error.contains("1 mistake") && error.contains("at least one node"), "{error}");
}

#[test]
fn an_editor_is_told_what_a_scenario_may_hold() {
    let done = faasim().args(["check", "--schema"]).assert().success();
    let schema: serde_json::Value = serde_json::from_slice(&done.get_output().stdout).unwrap();
    let top = schema["properties"].as_object().unwrap();
    for key in
        ["name", "duration", "platform", "function", "load", "step", "expect", "sweep", "live", "prices"]
    {
        assert!(top.contains_key(key), "{key}");
    }
    assert_eq!(schema["required"], serde_json::json!(["name", "duration"]));
    assert_eq!(schema["additionalProperties"], false);
    let load = &schema["$defs"]["Load"]["properties"];
    assert!(load["ramp-up"].is_object() && load["assert-status"].is_object(), "{load}");
    // Each key of the study's files is one that the schema knows.
    for file in configs() {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("#:schema "), "{}", file.display());
        let table: toml::Table = toml::from_str(&text).unwrap();
        table.keys().for_each(|key| assert!(top.contains_key(key), "{}: {key}", file.display()));
    }
}

/// A plan that JMeter wrote (see tests/data/jmeter) runs in virtual time, is converted, and is sent.
#[test]
fn a_plan_of_jmeter_is_a_load() {
    let plan = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/jmeter/plan.jmx");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.toml");
    let text = format!(
        "name = \"from-jmeter\"\nduration = \"30s\"\n\
         expect = [\"requests == 12\", \"share(status = 200) == 100%\"]\n\
         [[function]]\nname = \"mltest\"\nmodel = {{ service = {{ law = \"constant\", value = \"50ms\" }} }}\n\
         [[load]]\njmx = {:?}\n",
        plan.display().to_string()
    );
    std::fs::write(&file, text).unwrap();
    faasim().arg("run").arg(&file).args(["--dry"]).assert().success();
    let done = faasim().args(["load", "--convert", "--jmx"]).arg(&plan).assert().success();
    let loads: toml::Table = toml::from_str(&String::from_utf8_lossy(&done.get_output().stdout)).unwrap();
    let load = &loads["load"][0];
    assert_eq!((load["users"].as_integer(), load["loops"].as_integer()), (Some(3), Some(4)));
    assert_eq!((load["function"].as_str(), load["body"].as_str()), (Some("mltest"), Some("5")));
    assert_eq!(load["assert-status"][0].as_integer(), Some(200));
    let times: Vec<f64> =
        load["think"]["values"].as_array().unwrap().iter().map(|v| v.as_float().unwrap()).collect();
    let (least, most) = (times[0], times[times.len() - 1]);
    assert!((0.030..0.031).contains(&least) && (0.069..0.070).contains(&most), "{least} to {most}");
}

/// Pages are made anew from the tables, byte for byte, and two runs are compared.
#[test]
fn results_are_read_again() {
    let out = tempfile::tempdir().unwrap();
    let config = "sim-configs/e04-from-zero.toml";
    faasim().args(["run", config, "--out"]).arg(out.path()).assert().success();
    let leaf = out.path().join("e04-from-zero/latest/virtual_seed=1").canonicalize().unwrap();
    let before = files(&leaf);
    for name in ["report.html", "replicas.svg", "latency.svg", "summary.json"] {
        std::fs::remove_file(leaf.join(name)).unwrap();
    }
    // It must be known as a run still.
    std::fs::write(leaf.join("summary.json"), &before[Path::new("summary.json")]).unwrap();
    faasim().arg("report").arg(&leaf).assert().success();
    for (path, bytes) in files(&leaf) {
        assert!(before[&path] == bytes, "{} differs", path.display());
    }
    faasim().args(["run", config, "--seed", "2", "--out"]).arg(out.path()).assert().success();
    let other = out.path().join("e04-from-zero/latest/virtual_seed=2");
    let page = out.path().join("compare.html");
    let done = faasim().arg("report").arg(&leaf).arg(&other).arg("--page").arg(&page).assert().success();
    let text = String::from_utf8_lossy(&done.get_output().stdout).into_owned();
    assert!(text.contains("cold starts") && text.contains("replicas within 1 for"), "{text}");
    assert!(std::fs::read_to_string(page).unwrap().contains("<svg"));
    let nothing = out.path().join("nothing");
    std::fs::create_dir(&nothing).unwrap();
    let done = faasim().arg("report").arg(&nothing).assert().failure();
    assert!(String::from_utf8_lossy(&done.get_output().stderr).contains("holds no results"));
}

/// An experiment on the screen: it stands still, goes on by steps, and what was measured until it is closed is written.
#[test]
fn a_run_in_virtual_time_is_watched_step_by_step() {
    let out = tempfile::tempdir().unwrap();
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/sim-configs/e03-hpa.toml");
    let arguments = ["run", scenario, "--virtual", "--tui", "--speed", "0.01x", "--out", "results"];
    let mut command = crate::screen::seat::faasim(out.path(), &arguments);
    command.cwd(out.path());
    let mut seat = crate::screen::seat::Seat::start(command, 100, 30);
    seat.until("the clock at its start", |text| text.contains("0:00 of 12:00"));
    seat.press("p");
    seat.until_shown("time stands still");
    seat.press("...");
    seat.until("three seconds on", |text| text.contains("virtual time 0:03 of 12:00"));
    seat.press("q");
    let (code, text) = seat.ended();
    assert!(text.contains("3 s, ended before its time,") && code == 1, "{code}: {text}");
    assert!(seat.is_restored());
}
