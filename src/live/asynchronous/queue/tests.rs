use super::*;
use crate::dashboard::view::CallCounts;
use crate::live::asynchronous::call::CallState;

const LEASE: Duration = Duration::from_secs(60);

fn call(name: &str, function: &str) -> Call {
    Call {
        call_id: name.into(),
        function: function.into(),
        body: b"x".to_vec(),
        queued_at: 1000,
        ..Call::default()
    }
}

fn counts(queue: &Queue, function: &str) -> CallCounts {
    queue.lines().get(function).map_or_else(CallCounts::default, |line| line.counts)
}

async fn taken(queue: &Queue, n: usize, now: i64) -> Vec<String> {
    queue.take("f", n, now, LEASE).await.unwrap().into_iter().map(|c| c.call_id).collect()
}

#[tokio::test]
async fn calls_are_kept_until_they_are_done() {
    let folder = tempfile::tempdir().unwrap();
    let queue = Queue::open(folder.path()).unwrap();
    for name in ["a", "b", "c", "d"] {
        queue.add(call(name, "f")).await.unwrap();
    }
    queue.add(call("other", "g")).await.unwrap();
    let first = queue.take("f", 3, 1000, LEASE).await.unwrap();
    let seen: Vec<_> = first.iter().map(|c| (c.call_id.as_str(), c.tries)).collect();
    assert_eq!(seen, [("a", 1), ("b", 1), ("c", 1)]);
    queue.done(first[0].id);
    queue.again(first[1].id, 5000, Some(503), "busy".into());
    queue.settled().await;
    let expected = CallCounts { queued: 1, running: 1, retrying: 1, dead: 0 };
    assert_eq!((counts(&queue, "f"), counts(&queue, "g").queued), (expected, 1));
    assert_eq!(queue.lines()["f"].due, Some(1000));
    // Another process: what ran is an orphan, and not taken by anybody.
    drop(queue);
    let queue = Queue::open(folder.path()).unwrap();
    assert_eq!(counts(&queue, "f"), expected, "counted anew");
    let orphans: Vec<_> = queue.orphans().into_iter().map(|o| (o.call_id, o.due)).collect();
    assert_eq!(orphans, [("c".to_owned(), 61_000)]);
    assert!(queue.orphans().is_empty(), "given once");
    assert_eq!(taken(&queue, 9, 2000).await, ["d"]);
    assert_eq!(queue.lines()["f"].due, Some(5000));
    assert_eq!(taken(&queue, 9, 5000).await, ["b"]);
    assert_eq!(queue.lines()["f"].due, None);
    queue.dead(first[2].id, 7000, 500, "it broke".into());
    queue.settled().await;
    let dead = Which { state: Some(CallState::Dead), ..Which::default() };
    let listed = queue.list(dead.clone(), 10).await.unwrap();
    assert_eq!(listed.iter().map(|l| (&*l.call_id, l.status)).collect::<Vec<_>>(), [("c", Some(500))]);
    assert_eq!(queue.show("c").await.unwrap()[0].said.as_deref(), Some("it broke"));
    // A dead one is tried anew, from the first try on.
    assert_eq!(queue.retry(dead, 8000).await.unwrap(), 1);
    let again = queue.take("f", 9, 8000, LEASE).await.unwrap();
    assert_eq!(again.iter().map(|c| (&*c.call_id, c.tries)).collect::<Vec<_>>(), [("c", 1)]);
}

#[tokio::test]
async fn a_cancelled_call_is_gone_and_its_end_is_no_news() {
    let folder = tempfile::tempdir().unwrap();
    let queue = Queue::open(folder.path()).unwrap();
    queue.add(call("a", "f")).await.unwrap();
    queue.add(call("b", "f")).await.unwrap();
    let running = queue.take("f", 1, 1000, LEASE).await.unwrap();
    let of = |id: &str| Which { call_id: Some(id.into()), ..Which::default() };
    let sending = queue.outcomes().begin(running[0].id);
    assert_eq!(queue.cancel(of("a")).await.unwrap(), 1);
    assert!(sending.is_cancelled());
    assert_eq!(queue.cancel(of("b")).await.unwrap(), 1);
    assert_eq!(queue.cancel(of("c")).await.unwrap(), 0);
    queue.again(running[0].id, 2000, Some(500), String::new());
    queue.settled().await;
    assert!(queue.lines().is_empty(), "{:?}", queue.lines());
}

#[tokio::test]
async fn many_at_once_are_written_together() {
    let folder = tempfile::tempdir().unwrap();
    let queue = Queue::open(folder.path()).unwrap();
    let all = (0..3000).map(|i| {
        let queue = queue.clone();
        tokio::spawn(async move { queue.add(call(&i.to_string(), "f")).await })
    });
    for one in all.collect::<Vec<_>>() {
        one.await.unwrap().unwrap();
    }
    assert_eq!(counts(&queue, "f").queued, 3000);
}

#[tokio::test]
async fn a_full_disk_loses_neither_a_call_nor_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("queue.db");
    let connection = Connection::open(&file).unwrap();
    table::prepare(&connection).unwrap();
    // As a disk of a few hundred kilobytes: SQLite then says what it says of a full one.
    connection.pragma_update(None, "max_page_count", 60).unwrap();
    let queue = Queue::with(connection, &file).unwrap().unwrap();
    queue.add(call("small", "f")).await.unwrap();
    let running = queue.take("f", 1, 1000, LEASE).await.unwrap();
    let large = Call { body: vec![7; 1 << 20], ..call("large", "f") };
    let error = queue.add(large.clone()).await.unwrap_err().to_string();
    assert!(error.contains("is full: free some space") && error.contains("queue.db"), "{error}");
    // Written together with one that does not fit, an end waits for the next group.
    queue.done(running[0].id);
    let _ = queue.add(large).await;
    queue.add(call("fits", "f")).await.unwrap();
    queue.settled().await;
    assert_eq!(counts(&queue, "f"), CallCounts { queued: 1, ..CallCounts::default() });
}

#[test]
fn the_queue_of_an_earlier_faasim_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let c = Connection::open(folder.path().join("queue.db")).unwrap();
    c.execute_batch(
        "CREATE TABLE calls (
             id INTEGER PRIMARY KEY, state INTEGER NOT NULL, due INTEGER NOT NULL, tries INTEGER NOT NULL,
             status INTEGER, call_id TEXT NOT NULL, function TEXT NOT NULL, path TEXT NOT NULL,
             query TEXT NOT NULL, headers TEXT NOT NULL, body BLOB NOT NULL, callback TEXT);
         CREATE INDEX calls_due ON calls (state, due, id);
         INSERT INTO calls VALUES (1, 0, 5, 2, 500, 'old', 'f', '', '', '[]', x'', NULL);",
    )
    .unwrap();
    drop(c);
    let queue = Queue::open(folder.path()).unwrap();
    assert_eq!(counts(&queue, "f"), CallCounts { retrying: 1, ..CallCounts::default() });
}
