//! A real Prometheus scrapes a real cluster, and every query of the Grafana dashboards has an answer.

use crate::cluster::{Cluster, faasim, until};
use serde_json::Value;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const STACK: &str = "  echo: { image: faasim/base, fprocess: faasim function echo, \
                     requests: { cpu: 10m, memory: 16Mi }, limits: { cpu: 500m, memory: 64Mi } }\n";

/// What the study's boards ask beside the queries of ours: old names and new.
const STUDY: [&str; 8] = [
    "sum(rate(container_cpu_usage_seconds_total{namespace=\"openfaas-fn\"}[1m])) by (pod)",
    "sum(container_memory_usage_bytes{container=\"echo\"}) by (pod)",
    "kube_hpa_status_current_replicas{hpa=\"echo\"}",
    "kube_pod_container_resource_requests_cpu_cores",
    "kube_pod_status_phase{phase=\"Running\"} == 1",
    "count(node_cpu_seconds_total{mode=\"system\"}) by (cpu)",
    "pod_cpu_usage_seconds_total{function_name=\"echo\"}",
    "process_start_time_seconds{job=\"faasim\"}",
];

struct Prometheus {
    child: Child,
    address: String,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = (self.child.kill(), self.child.wait());
    }
}

impl Prometheus {
    /// Starts it with the config of the docs, on the port of this cluster's metrics.
    fn on(folder: &Path, metrics: u16) -> Prometheus {
        let config = std::fs::read_to_string(observability().join("prometheus.yml")).unwrap();
        let config = config.replace("127.0.0.1:8082", &format!("127.0.0.1:{metrics}"));
        assert!(config.contains(&metrics.to_string()));
        let file = folder.join("prometheus.yml");
        std::fs::write(&file, config.replace("scrape_interval: 5s", "scrape_interval: 1s")).unwrap();
        let address = format!("127.0.0.1:{}", free_port());
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("tsdb").display()))
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Prometheus { child, address }
    }

    /// The series that a query gives now.
    fn ask(&self, query: &str) -> Vec<Value> {
        let url = format!("http://{}/api/v1/query", self.address);
        let asked = Command::new("curl")
            .args(["-s", "--get", &url, "--data-urlencode", &format!("query={query}")])
            .output()
            .unwrap();
        // Nothing is there to be read until it serves.
        let Ok(answer) = serde_json::from_slice::<Value>(&asked.stdout) else { return Vec::new() };
        assert_ne!(answer["status"], "error", "{query}: {answer}");
        answer["data"]["result"].as_array().cloned().unwrap_or_default()
    }
}

fn observability() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/observability")
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Every query of every panel.
fn queries() -> Vec<String> {
    let mut queries = Vec::new();
    for file in std::fs::read_dir(observability().join("dashboards")).unwrap() {
        let board: Value = serde_json::from_slice(&std::fs::read(file.unwrap().path()).unwrap()).unwrap();
        for panel in board["panels"].as_array().unwrap() {
            for target in panel["targets"].as_array().unwrap() {
                queries.push(target["expr"].as_str().unwrap().to_owned());
            }
        }
    }
    assert!(queries.len() > 20, "{queries:?}");
    queries
}

#[test]
fn prometheus_scrapes_a_cluster_and_every_query_of_the_dashboards_has_data() {
    if Command::new("prometheus").arg("--version").output().is_err() {
        eprintln!("skipped: there is no prometheus (apt-get install prometheus)");
        return;
    }
    let port = free_port();
    let cluster = Cluster::up(
        STACK,
        &["--metrics-port", &port.to_string(), "--set", "hpa.sync-period=1s", "--set", "metrics.interval=1s"],
    );
    cluster.until_ready("echo", 1);
    cluster.says(&["autoscale", "echo", "--cpu-percent", "50", "--min", "1", "--max", "3"]);
    let prometheus = Prometheus::on(cluster.folder.path(), port);
    until("the scrape", || prometheus.ask("up == 1").pop());
    for query in queries().iter().map(String::as_str).chain(STUDY) {
        until(query, || {
            // Rates are of something: calls go on while Prometheus looks.
            faasim(cluster.folder.path()).args(["invoke", "echo"]).output().unwrap();
            let found = prometheus.ask(query);
            found.iter().find(|s| s["value"][1] != "NaN").cloned()
        });
    }
    let counted = prometheus.ask("sum(gateway_function_invocation_total{code=\"200\"})");
    assert!(counted[0]["value"][1].as_str().unwrap().parse::<f64>().unwrap() >= 1.0);
    assert_eq!(prometheus.ask("kube_horizontalpodautoscaler_spec_max_replicas")[0]["value"][1], "3");
    assert_eq!(prometheus.ask("kube_pod_container_resource_limits{resource=\"cpu\"}")[0]["value"][1], "0.5");
}
