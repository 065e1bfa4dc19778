//! Waiting for a pod, draining, dying, shutting down.

use super::pod::{Pod, full};
use super::*;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Answers only when it is allowed to.
async fn gated(gate: &Arc<Semaphore>) -> Pod {
    let gate = gate.clone();
    Pod::http(move |_| {
        let gate = gate.clone();
        async move {
            gate.acquire().await.unwrap().forget();
            full("done")
        }
    })
    .await
}

fn calls(stage: &Stage, count: usize) -> JoinSet<u16> {
    let mut set = JoinSet::new();
    for _ in 0..count {
        let request = stage.request("POST", "/function/echo").body(Full::from("x")).unwrap();
        let client = stage.client.clone();
        set.spawn(async move {
            let response = client.request(request).await.unwrap();
            let status = response.status().as_u16();
            response.into_body().collect().await.unwrap();
            status
        });
    }
    set
}

fn in_flight(stage: &Stage) -> u32 {
    stage.router.counters()[0].1.in_flight
}

#[tokio::test]
async fn fifty_wait_for_one_pod() {
    let mut stage = stage(quick());
    let set = calls(&stage, 50);
    assert_eq!(stage.event().await, RouterEvent::NoPod(ECHO));
    until(|| in_flight(&stage) == 50).await;
    assert_eq!(stage.router.counters()[0].1.queued, 50);
    let pod = Pod::echo().await;
    stage.router.pod_ready(ECHO, PodUid(1), pod.address);
    assert_eq!(bounded(set.join_all()).await, [200; 50]);
    assert!(stage.events.try_recv().is_err(), "one wake-up is enough");
    let totals = &stage.traffic.totals()[&ECHO];
    assert_eq!((totals.started, totals.completed(), totals.cold_starts), (50, 50, 50));
    assert_eq!(totals.codes[&200].count, stage.traffic.completed_ok()[&ECHO]);
}

#[tokio::test]
async fn nobody_waits_for_ever() {
    let mut stage = stage(GatewayConfig { write_timeout: Duration::from_millis(100), ..quick() });
    let got = bounded(stage.call("GET", "/function/echo", "")).await;
    assert_eq!((got.status, got.body.as_str()), (503, "No endpoints available for: echo.\n"));
    assert_eq!(stage.event().await, RouterEvent::NoPod(ECHO));
    assert_eq!(in_flight(&stage), 0);

    let set = calls(&stage, 3);
    until(|| in_flight(&stage) == 3).await;
    stage.router.remove_function(ECHO);
    assert_eq!(bounded(set.join_all()).await, [404; 3]);
}

#[tokio::test]
async fn a_full_queue_is_429() {
    let stage = stage(quick());
    let gate = Arc::new(Semaphore::new(0));
    let pod = gated(&gate).await;
    let limits = RouteLimits { max_inflight: Some(1), queue_limit: Some(1), ..RouteLimits::default() };
    stage.router.upsert(ECHO, "echo.openfaas-fn", limits);
    stage.router.pod_ready(ECHO, PodUid(1), pod.address);
    let set = calls(&stage, 2);
    until(|| in_flight(&stage) == 2).await;
    let got = stage.call("POST", "/function/echo", "x").await;
    assert_eq!((got.status, got.header("x-openfaas-internal")), (429, Some("proxy")));
    gate.add_permits(2);
    assert_eq!(bounded(set.join_all()).await, [200, 200]);
}

#[tokio::test]
async fn a_draining_pod_finishes_and_others_take_over() {
    let mut stage = stage(quick());
    let gate = Arc::new(Semaphore::new(0));
    let old = gated(&gate).await;
    stage.router.pod_ready(ECHO, PodUid(1), old.address);
    let set = calls(&stage, 4);
    until(|| stage.router.pod_in_flight(ECHO, PodUid(1)) == 4).await;
    stage.router.drain(ECHO, PodUid(1));
    let new = Pod::echo().await;
    stage.router.pod_ready(ECHO, PodUid(2), new.address);
    assert_eq!(stage.call("POST", "/function/echo", "fresh").await.body, "fresh");
    assert!(stage.events.try_recv().is_err(), "it still works on four");
    gate.add_permits(4);
    assert_eq!(bounded(set.join_all()).await, [200; 4]);
    assert_eq!(stage.event().await, RouterEvent::Drained(ECHO, PodUid(1)));
    stage.router.drain(ECHO, PodUid(2));
    assert_eq!(stage.event().await, RouterEvent::Drained(ECHO, PodUid(2)));
}

#[tokio::test]
async fn connections_are_kept_and_stale_ones_replaced() {
    let stage = stage(GatewayConfig { threads: 1, ..quick() });
    let kept = Pod::echo().await;
    stage.router.pod_ready(ECHO, PodUid(1), kept.address);
    for _ in 0..5 {
        assert_eq!(stage.call("POST", "/function/echo", "x").await.status, 200);
    }
    assert_eq!(kept.connections.load(std::sync::atomic::Ordering::SeqCst), 1);
    stage.router.remove_pod(ECHO, PodUid(1));

    // Closes after each reply without having said so.
    let closing = Pod::raw(|mut stream| async move {
        use tokio::io::AsyncWriteExt;
        if super::pod::read_head(&mut stream).await.is_some() {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
        }
    })
    .await;
    stage.router.pod_ready(ECHO, PodUid(2), closing.address);
    for _ in 0..20 {
        assert_eq!(stage.call("GET", "/function/echo", "").await.status, 200);
    }
}

#[tokio::test]
async fn a_client_that_leaves_frees_its_pod() {
    let stage = stage(quick());
    let gate = Arc::new(Semaphore::new(0));
    let pod = gated(&gate).await;
    let mut waiting = calls(&stage, 2);
    until(|| in_flight(&stage) == 2).await;
    waiting.abort_all();
    while waiting.join_next().await.is_some() {}
    until(|| in_flight(&stage) == 0).await;

    stage.router.pod_ready(ECHO, PodUid(1), pod.address);
    let mut running = calls(&stage, 2);
    until(|| stage.router.pod_in_flight(ECHO, PodUid(1)) == 2).await;
    running.abort_all();
    while running.join_next().await.is_some() {}
    until(|| stage.router.pod_in_flight(ECHO, PodUid(1)) == 0).await;
    until(|| stage.traffic.totals()[&ECHO].completed() == 4).await;
}

#[tokio::test]
async fn shutdown_lets_requests_end() {
    let stage = stage(quick());
    let gate = Arc::new(Semaphore::new(0));
    let pod = gated(&gate).await;
    stage.router.pod_ready(ECHO, PodUid(1), pod.address);
    let set = calls(&stage, 3);
    until(|| stage.router.pod_in_flight(ECHO, PodUid(1)) == 3).await;
    drop(stage.shutdown);
    bounded(async { while tokio::net::TcpStream::connect(stage.address).await.is_ok() {} }).await;
    gate.add_permits(3);
    assert_eq!(bounded(set.join_all()).await, [200; 3]);
    bounded(stage.serving.join()).await;
}
