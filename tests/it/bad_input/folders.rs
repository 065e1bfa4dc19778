//! State folders that cannot be used, and a port that is taken.

use super::{up_fails, without_privilege};
use crate::cluster::{Cluster, faasim, pods_left};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// `up` whose state is at `place` in the folder.
fn up_at(folder: &Path, place: &str, words: &str) {
    let state = folder.join(place);
    up_fails(
        folder,
        |command| {
            command.args(["--provider", "process", "--state"]).arg(state);
        },
        words,
    );
}

#[test]
fn a_place_that_cannot_be_a_state_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    std::fs::write(path.join("file"), "").unwrap();
    for name in ["database", "locked", "secret"] {
        std::fs::create_dir(path.join(name)).unwrap();
    }
    std::fs::write(path.join("database/state.db"), "not a database, whatever its name says\n".repeat(50))
        .unwrap();
    std::fs::create_dir(path.join("locked/lock")).unwrap();
    std::fs::create_dir(path.join("secret/password")).unwrap();
    up_at(path, "file", "file … it is no folder: choose one with `--state`");
    up_at(path, "file/below", "file/below … it is no folder");
    up_at(path, "/proc/nowhere", "/proc/nowhere … choose another folder with `--state`");
    up_at(path, "database", "database/state.db … move it away");
    up_at(path, "locked", "locked/lock … move it away");
    up_at(path, "secret", "secret/password … move it away");
}

#[test]
fn a_read_only_state_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("read-only");
    std::fs::create_dir(&state).unwrap();
    std::fs::set_permissions(&state, PermissionsExt::from_mode(0o555)).unwrap();
    up_fails(
        folder.path(),
        |command| {
            *command = without_privilege(folder.path());
            command.args(["up", "--no-tui", "--port", "0", "--provider", "process", "--state"]).arg(&state);
        },
        "read-only/lock … make it writable, or choose another folder with `--state`",
    );
}

/// What runs a script with a disk of its own.
fn with_mounts() -> Command {
    let tries = [&["--mount"][..], &["--user", "--map-root-user", "--mount"]];
    let works = |flags: &&&[&str]| {
        let mount =
            Command::new("unshare").args(**flags).args(["mount", "-t", "tmpfs", "none", "/mnt"]).output();
        mount.is_ok_and(|done| done.status.success())
    };
    let flags = tries.iter().find(works).expect(
        "a disk that is full is a tmpfs, and none can be mounted here: run this test as root, or allow user namespaces",
    );
    let mut command = Command::new("unshare");
    command.args(*flags);
    command
}

/// Runs a script in a folder, `$0` being the program and `$1` an empty disk of this size in the folder.
fn on_a_disk_of(folder: &Path, size: &str, script: &str) -> std::process::Output {
    let (disk, plain) = (folder.join("disk"), faasim(folder));
    std::fs::create_dir_all(&disk).unwrap();
    let mut command = with_mounts();
    command.args(["sh", "-c", &format!("mount -t tmpfs -o size={size} none \"$1\" && {script}")]);
    command.arg(plain.get_program()).arg(&disk).env_clear().current_dir(folder);
    for (name, value) in plain.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    super::bounded(&mut command)
}

#[test]
fn a_full_state_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("stack.yml"), STACK).unwrap();
    let script = r#"{ head -c 200k /dev/zero > "$1/fill" 2> /dev/null; exec "$0" up --no-tui --port 0 --provider process --state "$1"; }"#;
    let done = on_a_disk_of(folder.path(), "64k", script);
    assert_eq!(
        super::judge(&done, 1, "disk … free some space, or choose another folder with `--state`"),
        None
    );
    assert_eq!(pods_left(folder.path()), [""; 0]);
}

const STACK: &str =
    "version: 1.0\nprovider: { name: openfaas }\nfunctions:\n  echo: { image: faasim/base, fprocess: cat }\n";

#[test]
fn a_disk_that_fills_under_a_running_cluster_is_told_to_whoever_asks_and_it_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("stack.yml"), STACK).unwrap();
    let script = r#"{
        "$0" up --no-tui --port 0 --provider process --state "$1" > up.out 2> up.err & up=$!
        until grep -qs ^ready up.out; do kill -0 $up || exit 9; sleep 0.05; done
        export FAASIM_STATE="$1"
        head -c 8m /dev/zero > "$1/fill" 2> /dev/null
        "$0" scale echo --replicas 3; echo "code $?"
        rm "$1/fill"
        "$0" scale echo --replicas 2; echo "code $?"
        kill $up; wait $up; echo "up $?"
    }"#;
    let done = on_a_disk_of(folder.path(), "2m", script);
    let (said, complained) =
        (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr).into_owned());
    assert_eq!(said, "code 1\ndeployment.apps/echo scaled\ncode 0\nup 0\n", "{complained}");
    assert_eq!(complained.lines().count(), 1, "{complained}");
    assert!(complained.contains("state.db") && complained.contains("free some space"), "{complained}");
    assert_eq!(pods_left(folder.path()), [""; 0]);
}

#[test]
fn a_journal_that_cannot_be_begun_is_told_and_the_cluster_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("stack.yml"), STACK).unwrap();
    // The earlier journal cannot be put aside.
    std::fs::create_dir_all(folder.path().join("state/journal.1.jsonl/in-the-way")).unwrap();
    std::fs::write(folder.path().join("state/journal.jsonl"), "").unwrap();
    let cluster = Cluster::up_in(folder, "process", &[]);
    assert_eq!(cluster.says(&["invoke", "echo", "-d", "still"]), "still");
    cluster.until_it_says("there is no journal: ");
}

#[test]
fn what_is_in_the_way_is_named() {
    let cluster = Cluster::up("  echo: { image: faasim/base, fprocess: cat }\n", &[]);
    let (state, elsewhere) = (cluster.state(), tempfile::tempdir().unwrap());
    up_fails(
        elsewhere.path(),
        |command| {
            command.args(["--provider", "process", "--state"]).arg(&state);
        },
        &format!("held by another faasim … {} … faasim down … --state", cluster.gateway),
    );
    let other = tempfile::tempdir().unwrap();
    let port = cluster.gateway.rsplit(':').next().unwrap();
    up_fails(
        other.path(),
        |command| {
            *command = faasim(other.path());
            command.args(["up", "--no-tui", "--provider", "process", "--port", port]);
        },
        &format!("port {port} on 127.0.0.1 is taken … --port"),
    );
}
