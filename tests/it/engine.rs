//! The Docker engine that tests of containers need.

use std::process::Command;
use std::sync::LazyLock;

/// Set to `1`, it leaves tests of containers out.
const WITHOUT: &str = "FAASIM_TEST_WITHOUT_DOCKER";

/// Whether tests of containers are to run here. Nobody is to believe that they passed where they could not run: without
/// an engine they fail, unless the person has said that they may be left out.
pub fn wanted() -> bool {
    if std::env::var(WITHOUT).is_ok_and(|v| !v.is_empty() && v != "0") {
        eprintln!("left out: {WITHOUT} is set");
        return false;
    }
    static ANSWERS: LazyLock<bool> = LazyLock::new(|| {
        let version = Command::new("docker").args(["version", "--format", "{{.Server.Version}}"]).output();
        version.is_ok_and(|done| done.status.success())
    });
    assert!(
        *ANSWERS,
        "no Docker engine answers `docker version`: install and start one (on Debian: `apt-get install docker.io`), \
         or leave tests of containers out with {WITHOUT}=1"
    );
    true
}

/// What a `docker` command prints, line by line.
pub fn docker(arguments: &[&str]) -> Vec<String> {
    let done = Command::new("docker").args(arguments).output().unwrap();
    assert!(done.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// Containers of a cluster, running or not.
pub fn containers(cluster_id: &str) -> Vec<String> {
    docker(&["ps", "-a", "--filter", &format!("label=faasim.cluster={cluster_id}"), "--format", "{{.Names}}"])
}
