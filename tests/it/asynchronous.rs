//! Asynchronous calls: answered at once, done later, told to whoever asked, and tried again.

use crate::cluster::{Cluster, until};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

const STACK: &str = "  echo: { image: faasim/base, fprocess: faasim function echo }
  fail:
    image: faasim/base
    fprocess: faasim function fail
    annotations: { com.openfaas.retry.attempts: '2', com.openfaas.retry.min_wait: 50ms }
";

/// What the API answers to whoever has the password.
fn api(cluster: &Cluster, path: &str) -> serde_json::Value {
    let password = cluster.says(&["password"]);
    let key = STANDARD.encode(format!("admin:{}", password.split_whitespace().last().unwrap()));
    let reply = request(&cluster.gateway, "GET", path, &format!("Authorization: Basic {key}\r\n"), "");
    let body = reply.split("\r\n\r\n").nth(1).unwrap_or_default();
    serde_json::from_str(body).unwrap_or_else(|e| panic!("{e}: {reply}"))
}

/// What Prometheus would scrape.
fn metrics(cluster: &Cluster) -> String {
    let view = api(cluster, "/system/faasim/view");
    let address = view["platform"]["metrics"].as_str().unwrap().trim_end_matches("/metrics").to_owned();
    request(&address, "GET", "/metrics", "", "")
}

/// One request, raw; the reply's head and body.
fn post(gateway: &str, path: &str, headers: &str, body: &str) -> String {
    request(gateway, "POST", path, headers, body)
}

fn request(gateway: &str, method: &str, path: &str, headers: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(gateway.trim_start_matches("http://")).unwrap();
    let length = body.len();
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}").unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    reply
}

#[test]
fn a_call_is_answered_at_once_done_later_and_told_of() {
    let cluster = Cluster::up(STACK, &[]);
    cluster.until_ready("echo", 1);
    cluster.until_ready("fail", 1);
    let gateway = cluster.gateway.as_str();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let callback = format!("X-Callback-Url: http://{}/told\r\n", listener.local_addr().unwrap());

    let reply = post(gateway, "/async-function/echo?a=b", &format!("{callback}X-Call-Id: mine\r\n"), "hello");
    assert!(reply.starts_with("HTTP/1.1 202") && reply.to_lowercase().contains("x-call-id: mine"), "{reply}");
    let (mut told, _) = listener.accept().unwrap();
    let mut seen = Vec::new();
    let mut part = [0; 4096];
    while !String::from_utf8_lossy(&seen).contains("hello") {
        let n = told.read(&mut part).unwrap();
        assert!(n > 0, "{}", String::from_utf8_lossy(&seen));
        seen.extend_from_slice(&part[..n]);
    }
    told.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
    let seen = String::from_utf8_lossy(&seen).to_lowercase();
    for expected in
        ["post /told", "x-function-status: 200", "x-function-name: echo.openfaas-fn", "x-call-id: mine"]
    {
        assert!(seen.contains(expected), "{expected}: {seen}");
    }

    // A call that fails is tried again as its annotations say, and then kept to be looked at.
    let reply = post(gateway, "/async-function/fail.openfaas-fn", "", "3");
    assert!(reply.starts_with("HTTP/1.1 202") && reply.to_lowercase().contains("x-call-id: "), "{reply}");
    let look = || api(&cluster, "/system/faasim/async");
    let dead = until("the call is given up", || Some(look()).filter(|all| all["counts"]["dead"] == 1));
    let call = &dead["calls"][0];
    assert_eq!((call["tries"].as_u64(), call["status"].as_u64()), (Some(2), Some(500)), "{dead}");
    assert_eq!(dead["counts"]["queued"].as_u64().unwrap() + dead["counts"]["running"].as_u64().unwrap(), 0);

    for (path, headers, status) in [
        ("/async-function/echo", "X-Callback-Url: not a url\r\n", "400"),
        ("/async-function/bad!name", "", "404"),
    ] {
        let reply = post(gateway, path, headers, "x");
        assert!(reply.starts_with(&format!("HTTP/1.1 {status}")), "{path}: {reply}");
    }
}

/// A function that writes down when each of its runs begins and ends: `begin ID` and `end ID`.
fn witness(seconds: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let script = format!(
        "#!/bin/sh\ncat > /dev/null\necho \"begin $Http_X_Call_Id\" >> \"$BOOK\"\nsleep {seconds}\necho \"end $Http_X_Call_Id\" >> \"$BOOK\"\n"
    );
    let program = folder.path().join("witness.sh");
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let stack = format!(
        "  witness:\n    image: none\n    fprocess: {}\n    environment: {{ BOOK: '{}' }}\n",
        program.display(),
        folder.path().join("book").display()
    );
    (folder, stack)
}

fn book(folder: &tempfile::TempDir) -> Vec<String> {
    let text = std::fs::read_to_string(folder.path().join("book")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// Puts calls into the queue over a few connections at once; gives those whose 202 came.
fn enqueue(gateway: &str, function: &str, ids: &[String]) -> Vec<String> {
    let address = gateway.trim_start_matches("http://").to_owned();
    let part = ids.len().div_ceil(8).max(1);
    let threads = ids.chunks(part).map(|part| {
        let (address, function, part) = (address.clone(), function.to_owned(), part.to_vec());
        std::thread::spawn(move || {
            let mut taken = Vec::new();
            let Ok(stream) = TcpStream::connect(address) else { return taken };
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut stream = stream;
            for id in part {
                let head = format!(
                    "POST /async-function/{function} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Call-Id: {id}\r\n"
                );
                let Ok(()) = write!(stream, "{head}Content-Length: 1\r\n\r\nx") else { return taken };
                let mut reply = String::new();
                while !reply.ends_with("\r\n\r\n") {
                    match reader.read_line(&mut reply) {
                        Ok(n) if n > 0 => {}
                        _ => return taken,
                    }
                }
                assert!(reply.starts_with("HTTP/1.1 202"), "{reply}");
                taken.push(id);
            }
            taken
        })
    });
    let threads: Vec<_> = threads.collect();
    threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
}

fn unfinished(cluster: &Cluster) -> u64 {
    let counts = &cluster.json(&["async", "list", "-o", "json"])["counts"];
    ["queued", "running", "retrying", "dead"].iter().map(|key| counts[key].as_u64().unwrap()).sum()
}

/// Calls are queued while faasim is killed again and again; each is run to its end. As many as the issue asks for:
/// `FAASIM_TEST_CALLS=10000 FAASIM_TEST_KILLS=10 cargo test --test it many_sudden_deaths`.
#[test]
fn many_sudden_deaths_lose_no_call() {
    let number = |name: &str, usual: usize| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
    };
    let (calls, kills) = (number("FAASIM_TEST_CALLS", 200), number("FAASIM_TEST_KILLS", 3));
    let (folder, stack) = witness("0");
    let mut cluster = Cluster::up(&stack, &[]);
    let mut taken = Vec::new();
    for round in 0..kills {
        cluster.until_ready("witness", 1);
        let ids: Vec<String> = (0..calls / kills).map(|n| format!("{round}-{n}")).collect();
        let before = book(&folder).len();
        taken.extend(enqueue(&cluster.gateway, "witness", &ids));
        // In the middle of the work.
        until("some of them run", || (book(&folder).len() > before + ids.len() / 8).then_some(()));
        cluster.again(&[]);
    }
    assert_eq!(taken.len(), calls / kills * kills, "every call was taken before a kill");
    until("all are done", || (unfinished(&cluster) == 0).then_some(()));
    let seen = book(&folder);
    let ended: BTreeSet<&str> = seen.iter().filter_map(|line| line.strip_prefix("end ")).collect();
    let lost: Vec<&String> = taken.iter().filter(|id| !ended.contains(id.as_str())).collect();
    assert!(lost.is_empty(), "{} of {} are lost: {lost:?}", lost.len(), taken.len());
    println!(
        "{} calls, {kills} kills: {} runs begun",
        taken.len(),
        seen.iter().filter(|l| l.starts_with("begin")).count()
    );
}

/// An adopted pod goes on with what it was doing when faasim died: the same call is not run beside it.
#[test]
fn a_call_that_an_adopted_pod_still_runs_is_not_run_beside_it() {
    let (folder, stack) = witness("4");
    let mut cluster = Cluster::up(&stack, &[]);
    let pods = cluster.until_ready("witness", 1);
    enqueue(&cluster.gateway, "witness", &["slow".into()]);
    until("it runs", || (book(&folder) == ["begin slow"]).then_some(()));
    cluster.again(&[]);
    assert_eq!(cluster.until_ready("witness", 1), pods, "the pod was adopted");
    let counts = &cluster.json(&["async", "list", "-o", "json"])["counts"];
    assert_eq!(counts["running"], 1, "{counts}");
    until("it is done", || (unfinished(&cluster) == 0).then_some(()));
    // The reply of the first run had nobody to go to: it is run again, after that one.
    assert_eq!(book(&folder), ["begin slow", "end slow", "begin slow", "end slow"]);
}

/// The same where a server of its own answers: faasim's connection to it goes, and it works on.
#[test]
fn a_server_that_still_works_on_a_call_is_not_asked_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let script = "import http.server, os, time\nclass H(http.server.BaseHTTPRequestHandler):\n    def do_POST(self):\n        def say(word):\n            open(os.environ['BOOK'], 'a').write(f\"{word} {self.headers['X-Call-Id']} {self.headers['X-Faasim-Queued']}\\n\")\n        say('begin')\n        time.sleep(4)\n        say('end')\n        self.send_response(200)\n        self.send_header('Content-Length', '0')\n        self.end_headers()\nport = int(os.environ['upstream_url'].rsplit(':')[-1])\nhttp.server.ThreadingHTTPServer(('127.0.0.1', port), H).serve_forever()\n";
    let program = folder.path().join("server.py");
    std::fs::write(&program, script).unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let stack = format!(
        "  server:\n    image: none\n    fprocess: python3 {}\n    environment: {{ mode: http, upstream_url: 'http://127.0.0.1:{port}', BOOK: '{}' }}\n",
        program.display(),
        folder.path().join("book").display()
    );
    let mut cluster = Cluster::up(&stack, &[]);
    cluster.until_ready("server", 1);
    enqueue(&cluster.gateway, "server", &["slow".into()]);
    until("it runs", || (book(&folder).len() == 1).then_some(()));
    cluster.again(&[]);
    until("it is done", || (unfinished(&cluster) == 0).then_some(()));
    let seen = book(&folder);
    assert_eq!(
        seen,
        ["begin slow None", "end slow None", "begin slow None", "end slow None"],
        "one after the other"
    );
}

#[test]
fn the_community_editions_worker_sends_one_call_at_a_time() {
    let stack = "  sleep: { image: faasim/base, fprocess: faasim function sleep }\n";
    let cluster = Cluster::up(stack, &["--edition", "ce"]);
    cluster.until_ready("sleep", 1);
    for id in ["one", "two", "three"] {
        post(&cluster.gateway, "/async-function/sleep", &format!("X-Call-Id: {id}\r\n"), "1");
    }
    let listing =
        until("one runs", || Some(cluster.says(&["async", "list"])).filter(|l| l.contains("1 running")));
    assert!(listing.starts_with("2 queued, 1 running"), "{listing}");
    until("all are done", || {
        let counts = cluster.json(&["async", "list", "-o", "json"])["functions"]["sleep.openfaas-fn"].clone();
        assert!(counts["running"].as_u64().unwrap_or(0) <= 1, "{counts}");
        counts.is_null().then_some(())
    });
}

#[test]
fn a_call_may_take_longer_than_the_gateway_lets_others() {
    let stack = "  sleep: { image: faasim/base, fprocess: faasim function sleep }\n";
    let cluster = Cluster::up(stack, &["--set", "gateway.upstream-timeout=500ms"]);
    cluster.until_ready("sleep", 1);
    assert!(post(&cluster.gateway, "/function/sleep", "", "1").starts_with("HTTP/1.1 502"));
    post(&cluster.gateway, "/async-function/sleep", "X-Call-Id: long\r\n", "1");
    let shown = until("it is done", || {
        let shown = cluster.run(&["async", "show", "long", "-o", "json"]);
        let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).ok()?;
        Some(shown).filter(|shown| shown["calls"].as_array().unwrap().is_empty())
    });
    assert_eq!(
        (&shown["finished"]["status"], &shown["finished"]["tries"]),
        (&200.into(), &1.into()),
        "{shown}"
    );
    // Nobody else can have that limit by asking for it.
    let asked = post(&cluster.gateway, "/function/sleep", "X-Faasim-Queue-Worker: x\r\n", "1");
    assert!(asked.starts_with("HTTP/1.1 502"), "{asked}");
}

#[test]
fn calls_are_listed_retried_and_cancelled() {
    let stack = format!(
        "{STACK}  once:\n    image: faasim/base\n    fprocess: faasim function sleep\n    environment: {{ max_inflight: '1' }}\n"
    );
    let cluster =
        Cluster::up(&stack, &["--set", "async.retry-min-wait=1h", "--set", "async.retry-max-wait=1h"]);
    cluster.until_ready("fail", 1);
    cluster.until_ready("once", 1);
    let counts = || cluster.json(&["async", "list", "-o", "json"])["functions"].clone();

    // One at a time: the pod takes no more, and none is refused for it.
    for id in ["first", "second", "third"] {
        post(&cluster.gateway, "/async-function/once", &format!("X-Call-Id: {id}\r\n"), "60");
    }
    let seen = until("one runs and two wait", || {
        Some(counts()["once.openfaas-fn"].clone()).filter(|c| c["running"] == 1 && c["queued"] == 2)
    });
    assert_eq!(seen["retrying"], 0, "{seen}");
    let listing = cluster.says(&["async", "list", "once"]);
    assert!(listing.starts_with("2 queued, 1 running") && listing.contains("third"), "{listing}");
    // Cancelled over the wire, as OpenFaaS Pro has it, and by the command; the one that runs gives its place.
    let gone = request(&cluster.gateway, "DELETE", "/async-function/first", "", "");
    assert!(gone.starts_with("HTTP/1.1 202"), "{gone}");
    until("the next runs", || {
        let call = cluster.json(&["async", "show", "second", "-o", "json"]);
        (call["calls"][0]["state"] == "running").then_some(())
    });
    assert!(cluster.says(&["async", "cancel", "third", "second"]).contains("third cancelled"));
    let nobody = cluster.run(&["async", "cancel", "third"]);
    assert_eq!(nobody.status.code(), Some(1), "{}", String::from_utf8_lossy(&nobody.stderr));
    assert!(counts().get("once.openfaas-fn").is_none(), "{}", counts());

    // One that failed waits an hour, or until somebody does not want to wait.
    let annotated =
        ["deploy", "--image", "faasim/base", "--name", "never", "--fprocess", "faasim function fail"];
    cluster.says(&annotated);
    cluster.until_ready("never", 1);
    post(
        &cluster.gateway,
        "/async-function/never",
        "X-Call-Id: bad\r\nAuthorization: Basic c2VjcmV0\r\n",
        "4",
    );
    let state = |tries: u64, state: &str| {
        let shown = cluster.json(&["async", "show", "bad", "-o", "json"]);
        let call = &shown["calls"][0];
        (call["tries"] == tries && call["state"] == state).then(|| shown.clone())
    };
    until("it failed once", || state(1, "retrying"));
    let said = cluster.says(&["async", "show", "bad"]);
    assert!(said.contains("State:     retrying") && said.contains("exit status 4"), "{said}");
    assert!(!said.contains("c2VjcmV0") && said.contains("authorization: (hidden)"), "{said}");
    cluster.says(&["async", "retry", "bad"]);
    until("it failed twice", || state(2, "retrying"));
    let metrics = metrics(&cluster);
    for expected in [
        "queue_worker_pending_messages{function_name=\"never.openfaas-fn\",queue_name=\"faas-request\"} 1",
        "queue_worker_messages_submitted_total{function_name=\"never.openfaas-fn\",queue_name=\"faas-request\"} 1",
        "gateway_function_invocation_total{code=\"500\",function_name=\"never.openfaas-fn\"} 2",
    ] {
        assert!(metrics.contains(expected), "{expected}: {metrics}");
    }
    assert!(cluster.says(&["async", "cancel", "--in", "retrying"]).contains("1 call cancelled"));
}

#[test]
fn a_large_body_is_kept_whole() {
    let cluster = Cluster::up(STACK, &["--set", "async.max-body=4Mi"]);
    cluster.until_ready("echo", 1);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let callback = format!("X-Callback-Url: http://{}/\r\n", listener.local_addr().unwrap());
    let body: String = (0..3 << 18).map(|n| format!("{:03} ", n % 1000)).collect();
    let reply = post(&cluster.gateway, "/async-function/echo", &callback, &body);
    assert!(reply.starts_with("HTTP/1.1 202"), "{reply}");
    let (mut told, _) = listener.accept().unwrap();
    let mut seen = Vec::new();
    let mut part = vec![0; 1 << 16];
    while !seen.ends_with(body.as_bytes()) {
        let n = told.read(&mut part).unwrap();
        assert!(n > 0, "the callback ends after {} bytes", seen.len());
        seen.extend_from_slice(&part[..n]);
    }
    told.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
    let large = post(&cluster.gateway, "/async-function/echo", "", &"x".repeat((4 << 20) + 1));
    assert!(large.starts_with("HTTP/1.1 413") && large.contains("larger than 4Mi"), "{large}");
}

/// What was queued when faasim died is sent by the next one.
#[test]
fn a_sudden_death_loses_no_call() {
    let mut cluster = Cluster::up(STACK, &[]);
    cluster.until_ready("echo", 1);
    let gateway = cluster.gateway.clone();
    // Calls that fail are kept whatever becomes of them.
    for i in 0..20 {
        let reply = post(&gateway, "/async-function/fail", "", &i.to_string());
        assert!(reply.starts_with("HTTP/1.1 202"), "{reply}");
    }
    cluster.again(&[]);
    let file = cluster.state().join("queue.db");
    let kept = || {
        let db = rusqlite::Connection::open(&file).unwrap();
        db.query_row("SELECT COUNT(*) FROM calls", [], |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!(kept(), 20, "a call that failed for good is kept as well: none is gone");
}
