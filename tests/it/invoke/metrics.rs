//! What Prometheus reads after a call.

use super::*;
use faasim::live::metrics::{FunctionGauges, Gauges, Metrics, PodGauges};

#[tokio::test]
async fn a_call_shows_in_every_family() {
    let (stage, _pod) = with_echo().await;
    assert_eq!(stage.call("POST", "/function/echo", "hello").await.status, 200);
    assert_eq!(stage.call("POST", "/function/nope", "hello").await.status, 404);
    let gauges = Arc::new(|| Gauges {
        functions: vec![FunctionGauges {
            name: "echo.openfaas-fn".into(),
            desired: 2,
            ready: 1,
            in_flight: 0,
        }],
        pods: vec![PodGauges {
            uid: faasim::cluster::pod::PodUid(1),
            function: "echo".into(),
            namespace: "openfaas-fn".into(),
            pod: "echo-1-x".into(),
            cpu_total: Duration::from_millis(1500),
            memory_bytes: 4096,
        }],
        ..Gauges::default()
    });
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let metrics = Metrics::bind(port, stage.traffic.clone(), gauges).await.unwrap();
    assert!(metrics.note().unwrap().contains(&port.to_string()));
    let address = metrics.address();
    let shutdown = CancellationToken::new();
    let _ends = shutdown.clone().drop_guard();
    let serving = tokio::spawn(metrics.serve(shutdown.clone()));

    let ask = |method: &str, path: &str| {
        let request = http::Request::builder().method(method).uri(format!("http://{address}{path}"));
        stage.send(request.body(Full::default()).unwrap())
    };
    let got = ask("GET", "/metrics").await;
    assert_eq!(got.status, 200);
    for line in [
        "# TYPE gateway_function_invocation_total counter",
        "# HELP gateway_function_invocation_total Function metrics",
        "gateway_function_invocation_total{code=\"200\",function_name=\"echo.openfaas-fn\"} 1",
        "gateway_function_invocation_started{function_name=\"echo.openfaas-fn\"} 1",
        "gateway_functions_seconds_bucket{code=\"200\",function_name=\"echo.openfaas-fn\",le=\"10\"} 1",
        "gateway_functions_seconds_bucket{code=\"200\",function_name=\"echo.openfaas-fn\",le=\"+Inf\"} 1",
        "gateway_functions_seconds_count{code=\"200\",function_name=\"echo.openfaas-fn\"} 1",
        "gateway_service_count{function_name=\"echo.openfaas-fn\"} 2",
        "pod_cpu_usage_seconds_total{function_name=\"echo\",namespace=\"openfaas-fn\",pod_name=\"echo-1-x\"} 1.5",
        "pod_memory_working_set_bytes{function_name=\"echo\",namespace=\"openfaas-fn\",pod_name=\"echo-1-x\"} 4096",
    ] {
        assert!(got.body.lines().any(|l| l == line), "{line}\nis not in\n{}", got.body);
    }
    assert!(!got.body.contains("nope"));
    let got = ask("GET", "/healthz").await;
    assert_eq!((got.status, got.body.as_str()), (200, "OK"));
    assert_eq!(ask("POST", "/healthz").await.status, 405);
    assert_eq!(ask("GET", "/x").await.status, 404);
    shutdown.cancel();
    bounded(serving).await.unwrap().unwrap();
}
