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
    assert!(one.len() > 12 * 9, "{} files", one.len());
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

/// A cluster of its own, real pods, real requests; and nothing is left of it.
#[test]
fn the_study_runs_live_on_processes() {
    let out = tempfile::tempdir().unwrap();
    let run = |name: &str| {
        let file = format!("sim-configs/{name}.toml");
        let done = faasim()
            .args(["run", "--live", &file, "--out"])
            .arg(out.path())
            .env("TMPDIR", out.path())
            .output();
        let done = done.unwrap();
        let text = String::from_utf8_lossy(&done.stdout).into_owned();
        assert!(done.status.success(), "{text}{}", String::from_utf8_lossy(&done.stderr));
        assert_eq!(text.matches('✗').count(), 0, "{text}");
    };
    std::thread::scope(|scope| {
        scope.spawn(|| run("e01-self-healing"));
        scope.spawn(|| run("e04-from-zero"));
    });
    let left: Vec<_> = std::fs::read_dir(out.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with("faasim-run")), "{left:?}");
    let report = out.path().join("e04-from-zero/latest/live_seed=1/report.html");
    assert!(std::fs::read_to_string(report).unwrap().contains("scale-from-zero"));
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

/// What is changed, into what, the line it is found at, and what is said.
const BROKEN: [(&str, &str, usize, &str); 42] = [
    ("name = \"good\"", "nam = \"good\"", 1, "did you mean `name`"),
    ("name = \"good\"", "name = \"a/b\"", 1, "cannot be the name of a folder"),
    ("duration = \"2m\"", "", 1, "missing field `duration`"),
    ("duration = \"2m\"", "duration = \"2 minutes\"", 2, "is no duration"),
    ("duration = \"2m\"", "duration = -5", 2, "0 or more"),
    ("duration = \"2m\"", "duration = 0", 2, "longer than 0"),
    ("seed = 3", "seed = \"three\"", 3, "expected u64"),
    ("seed = 3", "seed = 3\nrepetitions = 0", 4, "at least 1"),
    ("replicas at 45s == 2", "replicas at 45s = = 2", 4, "write for instance"),
    ("replicas at 45s == 2", "replicsa at 45s == 2", 4, "did you mean `replicas`"),
    ("replicas at 45s == 2", "replicas of nobody at 45s == 2", 4, "unknown function `nobody`"),
    ("replicas at 45s == 2", "p95(lunch) < 2s", 4, "unknown word `lunch`"),
    ("p95(rush)", "p95(rush", 5, "`)` is missing"),
    ("p95(rush)", "p95(ruhs)", 5, "did you mean `rush`"),
    ("cores = 4\n", "cores = 0\n", 7, "at least one node"),
    ("cores = 4\n", "cores = \"4\"\n", 8, "expected u32"),
    ("cores = 4\n", "core = 4\n", 8, "did you mean `cores`"),
    ("nodes = 2", "nodes = 2\nprovider = \"podman\"", 10, "neither `process` nor `docker`"),
    ("nodes = 2", "nodes = 2\nplacement = \"spred\"", 10, "did you mean `spread`"),
    ("\"hpa.tolerance\" = 0.2", "\"hpa.tolerence\" = 0.2", 10, "hpa.tolerance"),
    ("\"hpa.tolerance\" = 0.2", "\"hpa.tolerance\" = \"much\"", 10, "much"),
    ("memory = \"64Mi\"", "memory = \"64 megs\"", 14, "64 megs"),
    ("cpu = \"10m\"", "cpu = \"ten\"", 14, "ten"),
    ("cpu = \"10m\"", "cpu = \"2\"", 13, "must not be more than limits.cpu"),
    ("law = \"lognormal\"", "law = \"lognormel\"", 17, "did you mean `lognormal`"),
    ("scv = 0.5", "scv = -1", 16, "scv"),
    ("scv = 0.5", "", 17, "scv"),
    ("cpu = 0.5", "cpu = 1.5", 16, "not between 0 and 1"),
    ("workers = 2", "workers = 0", 16, "workers: it must be at least 1"),
    ("workers = 2", "wrokers = 2", 19, "did you mean `workers`"),
    (
        "[[autoscaler]]\nfunction = \"mltest\"",
        "[[autoscaler]]\nfunction = \"mltset\"",
        22,
        "did you mean `mltest`",
    ),
    ("min = 2\n", "min = 9\n", 21, "min at most max"),
    ("cpu-percent = 20", "cpu-percent = 0", 21, "at least 1"),
    ("cpu-percent = 20", "cpu_percent = 20", 23, "did you mean `cpu-percent`"),
    ("users = 3", "users = 3\nrate = 5", 27, "exactly one of users, rate and times"),
    ("users = 3", "users = -3", 29, "expected u32"),
    ("think = \"1s\"", "think = true", 30, "a time such as"),
    ("until = \"60s\"\n\n[[load]]", "until = \"5s\"\n\n[[load]]", 32, "later than from"),
    ("shape = \"ramp\"", "shape = \"slope\"", 36, "requests per second, or a shape"),
    ("at = \"20s\"", "at = \"20m\"", 38, "after the end of the run"),
    ("do = \"scale\"", "do = \"scael\"", 39, "did you mean `scale`"),
    ("\"platform.cores\" = [2, 4]", "\"platform.cores\" = []", 50, "has no values"),
];

#[test]
fn a_broken_scenario_gives_one_good_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("s.toml");
    std::fs::write(&file, GOOD).unwrap();
    assert_eq!(scenario::read(&file, false).unwrap_or_else(|e| panic!("{e}")).len(), 2);
    let mut wrong = Vec::new();
    for (from, to, line, words) in BROKEN {
        assert!(GOOD.contains(from), "{from}");
        std::fs::write(&file, GOOD.replacen(from, to, 1)).unwrap();
        match scenario::read(&file, false) {
            Ok(_) => wrong.push(format!("{to}: accepted")),
            Err(mistakes) => {
                let text = mistakes.to_string();
                let place = format!("s.toml:{line}:");
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
