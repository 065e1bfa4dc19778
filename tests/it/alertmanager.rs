//! OpenFaaS CE is scaled by alerts: a real Alertmanager sends them.

use crate::cluster::{Cluster, PATIENCE, until};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

const STACK: &str = "  echo: { image: faasim/base, fprocess: faasim function echo, labels: { com.openfaas.scale.factor: 20 } }\n";

/// A running Alertmanager, and its address.
struct Alertmanager(Child, String);

impl Alertmanager {
    /// Starts one that tells the cluster at once, and again every second.
    fn of(cluster: &Cluster, folder: &Path) -> Self {
        let (gateway, password) = (&cluster.gateway, cluster.says(&["password"]));
        let config = format!(
            "route: {{ receiver: scale, group_by: [function_name], group_wait: 0s, group_interval: 1s, repeat_interval: 1s }}
receivers:
- name: scale
  webhook_configs:
  - url: {gateway}/system/alert
    send_resolved: true
    http_config: {{ basic_auth: {{ username: admin, password: {} }} }}
",
            password.trim()
        );
        let file = folder.join("alertmanager.yml");
        std::fs::write(&file, config).unwrap();
        let mut child = Command::new("prometheus-alertmanager")
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.path={}", folder.display()))
            .args(["--web.listen-address=127.0.0.1:0", "--cluster.listen-address="])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It says which port it was given; the rest is read so that it never has to wait for a reader.
        let (found, address) = mpsc::channel();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        std::thread::spawn(move || {
            for line in lines {
                if let Some((_, rest)) = line.split_once("address=127.0.0.1:") {
                    let _ = found.send(rest.split_whitespace().next().unwrap_or_default().to_owned());
                }
            }
        });
        let port = address.recv_timeout(PATIENCE).expect("Alertmanager listens");
        Alertmanager(child, format!("http://127.0.0.1:{port}"))
    }

    /// Tells it of an alert as Prometheus does; one with an end is resolved.
    fn tell(&self, end: &str) {
        let alert = format!(
            r#"[{{"labels": {{"alertname": "APIHighInvocationRate", "function_name": "echo.openfaas-fn",
                 "service": "gateway", "severity": "major"}}, "startsAt": "2024-01-01T00:00:00Z"{end}}}]"#
        );
        let url = format!("{}/api/v2/alerts", self.1);
        until("Alertmanager's ear", || {
            let mut curl = Command::new("curl");
            curl.args(["-sf", "-H", "Content-Type: application/json", "-d", &alert, &url]);
            curl.status().unwrap().success().then_some(())
        });
    }
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        let _ = (self.0.kill(), self.0.wait());
    }
}

#[test]
fn a_real_alertmanager_scales_up_step_by_step_and_back() {
    if Command::new("prometheus-alertmanager").arg("--version").output().is_err() {
        eprintln!("skipped: there is no Alertmanager (apt-get install prometheus-alertmanager)");
        return;
    }
    let cluster = Cluster::up(STACK, &["--edition", "ce"]);
    cluster.until_ready("echo", 1);
    let folder = tempfile::tempdir().unwrap();
    let alertmanager = Alertmanager::of(&cluster, folder.path());
    alertmanager.tell("");
    // A step of ceil(5/100 × 20) = 1 with each notice, 5 at most.
    cluster.until_ready("echo", 5);
    alertmanager.tell(r#", "endsAt": "2024-01-01T00:01:00Z""#);
    cluster.until_ready("echo", 1);
    let decisions = cluster.json(&["explain", "echo", "--last", "500", "--changes", "-o", "json"]);
    let sizes: Vec<u64> = decisions.as_array().unwrap().iter().filter_map(|d| d["to"].as_u64()).collect();
    assert_eq!(sizes, [2, 3, 4, 5, 1], "{decisions}");
    let said = cluster.says(&["explain", "echo", "--last", "1", "--changes"]);
    assert!(said.contains("openfaas-ce") && said.contains("5 → 1"), "{said}");
}
