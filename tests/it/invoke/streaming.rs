//! Bodies of any size, events as they happen, WebSockets.

use super::pod::{Pod, read_head};
use super::*;
use http_body_util::StreamBody;
use hyper::body::Frame;
use std::convert::Infallible;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;

#[tokio::test]
async fn sixty_four_megabytes_go_through_and_come_back() {
    const CHUNK: usize = 64 << 10;
    const CHUNKS: usize = 1024;
    let (stage, _pod) = with_echo().await;
    let chunk = Bytes::from(vec![b'x'; CHUNK]);
    let frames =
        futures_util::stream::iter((0..CHUNKS).map(move |_| Ok::<_, Infallible>(Frame::data(chunk.clone()))));
    let request = stage.request("POST", "/function/echo").body(StreamBody::new(frames)).unwrap();
    let client = Client::builder(TokioExecutor::new()).build_http();
    let mut body = client.request(request).await.unwrap().into_body();
    let mut received = 0;
    while let Some(frame) = bounded(body.frame()).await {
        let data = frame.unwrap().into_data().unwrap();
        assert!(data.iter().all(|&b| b == b'x'));
        received += data.len();
    }
    assert_eq!(received, CHUNK * CHUNKS);
}

#[tokio::test]
async fn an_event_arrives_before_the_function_ends() {
    let stage = stage(quick());
    let seen = Arc::new(Notify::new());
    let pod = {
        let seen = seen.clone();
        Pod::raw(move |mut stream| {
            let seen = seen.clone();
            async move {
                read_head(&mut stream).await;
                let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
                stream.write_all(format!("{head}9\r\ndata: 1\n\n\r\n").as_bytes()).await.unwrap();
                seen.notified().await;
                stream.write_all(b"9\r\ndata: 2\n\n\r\n0\r\n\r\n").await.unwrap();
            }
        })
        .await
    };
    stage.router.pod_ready(ECHO, PodUid(1), pod.address);
    let request = stage
        .request("GET", "/function/echo")
        .header("Accept", "text/event-stream")
        .body(Full::default())
        .unwrap();
    let mut body = stage.client.request(request).await.unwrap().into_body();
    let first = bounded(body.frame()).await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(first, "data: 1\n\n");
    seen.notify_one();
    let rest = bounded(body.collect()).await.unwrap().to_bytes();
    assert_eq!(rest, "data: 2\n\n");
}

#[tokio::test]
async fn a_reply_that_breaks_off_or_stalls_is_not_made_whole() {
    let stage = stage(GatewayConfig { upstream_timeout: Duration::from_millis(200), ..quick() });
    let cut = Pod::raw(|mut stream| async move {
        read_head(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").await;
    })
    .await;
    let stalled = Pod::canned("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").await;
    for address in [cut.address, stalled.address] {
        stage.router.pod_ready(ECHO, PodUid(1), address);
        stage.router.remove_pod(ECHO, PodUid(1));
        stage.router.pod_ready(ECHO, PodUid(1), address);
        let request = stage.request("GET", "/function/echo").body(Full::default()).unwrap();
        // It may break off before the client has seen anything.
        if let Ok(response) = bounded(stage.client.request(request)).await {
            assert!(bounded(response.into_body().collect()).await.is_err());
        }
        assert_eq!(stage.router.pod_in_flight(ECHO, PodUid(1)), 0);
    }
}

#[tokio::test]
async fn a_body_that_stalls_is_408() {
    let (stage, _pod) = {
        let stage = stage(GatewayConfig { read_timeout: Duration::from_millis(100), ..quick() });
        let pod = Pod::http(|request| async move {
            let _ = request.into_body().collect().await;
            super::pod::full("all")
        })
        .await;
        stage.router.pod_ready(ECHO, PodUid(1), pod.address);
        (stage, pod)
    };
    let mut stream = TcpStream::connect(stage.address).await.unwrap();
    stream
        .write_all(b"POST /function/echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf")
        .await
        .unwrap();
    let mut reply = String::new();
    bounded(stream.read_to_string(&mut reply)).await.unwrap();
    assert!(reply.starts_with("HTTP/1.1 408 "), "{reply}");
    assert!(reply.contains("gateway.read-timeout"), "{reply}");
}

#[tokio::test]
async fn a_websocket_is_joined() {
    let stage = stage(quick());
    let pod = Pod::raw(|mut stream| async move {
        let head = read_head(&mut stream).await.unwrap().to_ascii_lowercase();
        assert!(head.contains("upgrade: websocket") && head.contains("connection: upgrade"), "{head}");
        let head = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut word = [0; 4];
        stream.read_exact(&mut word).await.unwrap();
        assert_eq!(&word, b"ping");
        stream.write_all(b"pong").await.unwrap();
    })
    .await;
    stage.router.pod_ready(ECHO, PodUid(1), pod.address);
    let mut client = TcpStream::connect(stage.address).await.unwrap();
    client
        .write_all(
            b"GET /function/echo/ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        )
        .await
        .unwrap();
    let head = bounded(read_head(&mut client)).await.unwrap();
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert!(head.to_ascii_lowercase().contains("upgrade: websocket"), "{head}");
    client.write_all(b"ping").await.unwrap();
    let mut rest = String::new();
    bounded(client.read_to_string(&mut rest)).await.unwrap();
    assert_eq!(rest, "pong");
    // It lasts until both sides are gone.
    drop(client);
    until(|| stage.traffic.totals()[&ECHO].codes.contains_key(&101)).await;
    assert_eq!(stage.router.pod_in_flight(ECHO, PodUid(1)), 0);
}

#[tokio::test]
async fn a_reader_that_stops_reading_stalls_nobody_else() {
    // One thread: whoever holds it up holds up everybody.
    let stage = stage(GatewayConfig { threads: 1, ..quick() });
    let sent = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = sent.clone();
    let endless = Pod::raw(move |mut stream| {
        let counted = counted.clone();
        async move {
            read_head(&mut stream).await;
            let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
            let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned();
            let mut next = head;
            while stream.write_all(next.as_bytes()).await.is_ok() {
                counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                next.clone_from(&chunk);
            }
        }
    })
    .await;
    stage.router.pod_ready(ECHO, PodUid(1), endless.address);
    let quick = Pod::echo().await;
    stage.router.upsert(FunctionId(2), "quick.openfaas-fn", RouteLimits::default());
    stage.router.pod_ready(FunctionId(2), PodUid(2), quick.address);
    let mut slow = TcpStream::connect(stage.address).await.unwrap();
    slow.write_all(b"GET /function/echo HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    // From then on nobody reads; what is on the way fills up, and the function waits.
    read_head(&mut slow).await.unwrap();
    let count = || sent.load(std::sync::atomic::Ordering::SeqCst);
    let mut before = 0;
    bounded(async {
        while before == 0 || count() != before {
            before = count();
            for _ in 0..10 {
                assert_eq!(stage.call("POST", "/function/quick", "x").await.body, "x");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    assert!(before < 1000, "{before} chunks of 64 KiB are somewhere");
    drop(slow);
    until(|| stage.router.pod_in_flight(ECHO, PodUid(1)) == 0).await;
}
