//! `faasim async`: calls that are answered later, and those that were given up.

use super::client::{Client, function_name};
use super::failure::{Failure, Outcome};
use super::given::Format;
use super::{Global, given, output, with_client};
use crate::live::asynchronous::{CallState, Finished, Listed, Shown};
use crate::live::gateway::api::asynchronous::{CallList, CallShown};
use bytes::Bytes;
use http::Method;
use serde_json::Value;
use std::fmt::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Look at asynchronous calls, try them again, cancel them
///
/// `faasim invoke NAME --async` and POST /async-function/NAME put calls into the queue. A call that fails for good is
/// dead: it is kept to be looked at, tried anew or removed.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  faasim async list\n  faasim async list mltest --in dead\n  faasim async show 5e2c7b34-…\n  \
                  faasim async retry --function mltest          # all of its dead calls anew\n  faasim async cancel 5e2c7b34-…"
)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// What runs, what is next, and what was given up
    #[command(visible_alias = "ls")]
    List {
        /// Of this function only, as NAME or NAME.NAMESPACE
        function: Option<String>,
        /// In this state only: queued, running, retrying or dead
        #[arg(long = "in", value_name = "STATE", value_parser = state)]
        within: Option<CallState>,
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = given::whole(1_usize))]
        limit: usize,
        /// How to print them
        #[arg(long, short, value_name = "FORMAT", default_value = "plain")]
        output: Format,
    },
    /// Everything about one call
    Show {
        /// Its X-Call-Id
        id: String,
        /// How to print it
        #[arg(long, short, value_name = "FORMAT", default_value = "plain")]
        output: Format,
    },
    /// Try dead calls anew, and those that wait for another try at once
    Retry(Which),
    /// Forget calls, wherever they are: one that runs is not waited for
    #[command(visible_alias = "rm", alias = "remove")]
    Cancel(Which),
}

#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("which").required(true).multiple(true))]
struct Which {
    /// Their X-Call-Ids
    #[arg(group = "which", conflicts_with_all = ["function", "within"])]
    ids: Vec<String>,
    /// All of this function, as NAME or NAME.NAMESPACE
    #[arg(long, value_name = "NAME", group = "which")]
    function: Option<String>,
    /// All in this state: queued, running, retrying or dead
    #[arg(long = "in", value_name = "STATE", value_parser = state, group = "which")]
    within: Option<CallState>,
}

fn state(text: &str) -> Result<CallState, String> {
    serde_json::from_value(Value::from(text))
        .map_err(|_| crate::mistake::unknown("state", text, ["queued", "running", "retrying", "dead"]))
}

/// Does what was asked for.
///
/// # Errors
/// There is no such call; the cluster does not answer.
pub fn run(args: Args, global: &Global) -> Outcome {
    with_client(global, async |client| match args.what {
        What::List { function, within, limit, output } => {
            let query = query(function.as_deref(), within, None, global);
            let path = format!("/system/faasim/async?limit={limit}{query}");
            let list: CallList = client.json(Method::GET, &path, Bytes::new()).await?;
            match output {
                Format::Json => output::json(&list),
                Format::Plain => output::print(&table(&list, now())),
            }
        }
        What::Show { id, output } => {
            let path = format!("/system/faasim/async/call/{}", escaped(&id));
            let shown: CallShown = client.json(Method::GET, &path, Bytes::new()).await?;
            match output {
                Format::Json => output::json(&shown),
                Format::Plain => output::print(&described(&shown, now())),
            }
        }
        What::Retry(which) => {
            each(&client, &which, global, Method::POST, "/system/faasim/async/retry", "to be tried again")
                .await
        }
        What::Cancel(which) => {
            each(&client, &which, global, Method::DELETE, "/system/faasim/async", "cancelled").await
        }
    })
}

/// Asks for each id, or for all that are meant; says how many it was.
async fn each(
    client: &Client,
    which: &Which,
    global: &Global,
    method: Method,
    path: &str,
    done: &str,
) -> Outcome {
    let queries = match which.ids.is_empty() {
        true => vec![(None, query(which.function.as_deref(), which.within, None, global))],
        false => which.ids.iter().map(|id| (Some(id), query(None, None, Some(id), global))).collect(),
    };
    let mut missing = false;
    for (id, query) in queries {
        let query = query.trim_start_matches('&');
        let (status, words) = client.answer(method.clone(), &format!("{path}?{query}"), Bytes::new()).await?;
        match (status.is_success(), id) {
            (true, Some(id)) => println!("{id} {done}"),
            (true, None) => {
                let answer: Value = super::client::parse(&words)?;
                let calls = answer["calls"].as_u64().unwrap_or_default();
                println!("{calls} call{} {done}", if calls == 1 { "" } else { "s" });
            }
            (false, Some(id)) if status == http::StatusCode::NOT_FOUND => {
                eprintln!("faasim: {id}: {}", String::from_utf8_lossy(&words).trim());
                missing = true;
            }
            (false, None) if status == http::StatusCode::NOT_FOUND => println!("there are no such calls"),
            (false, _) => return Err(client.refused(status, &words)),
        }
    }
    if missing { Err(Failure::Said(1)) } else { Ok(()) }
}

/// The parts of a query, each with `&` before it.
fn query(function: Option<&str>, state: Option<CallState>, id: Option<&str>, global: &Global) -> String {
    let mut query = String::new();
    if let Some(function) = function {
        let _ = write!(query, "&function={}", escaped(&function_name(function, global).to_string()));
    }
    if let Some(state) = state {
        let _ = write!(query, "&state={state}");
    }
    if let Some(id) = id {
        let _ = write!(query, "&call_id={}", escaped(id));
    }
    query
}

/// A text as a part of an address.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}

/// `12s`, `3m`, `2h`, `4d`.
fn age(ms: i64) -> String {
    let s = ms.max(0) / 1000;
    match s {
        0..120 => format!("{s}s"),
        120..7200 => format!("{}m", s / 60),
        7200..172_800 => format!("{}h", s / 3600),
        _ => format!("{}d", s / 86_400),
    }
}

fn table(list: &CallList, now: i64) -> String {
    let mut out = String::new();
    let c = list.counts;
    let _ = writeln!(
        out,
        "{} queued, {} running, {} waiting for another try, {} dead",
        c.queued, c.running, c.retrying, c.dead
    );
    if list.functions.len() > 1 {
        let wide = list.functions.keys().map(String::len).max().unwrap_or(0).max(8);
        let _ = writeln!(
            out,
            "\n{:<wide$}  {:>7}  {:>7}  {:>8}  {:>5}",
            "FUNCTION", "QUEUED", "RUNNING", "RETRYING", "DEAD"
        );
        for (name, c) in &list.functions {
            let _ = writeln!(
                out,
                "{name:<wide$}  {:>7}  {:>7}  {:>8}  {:>5}",
                c.queued, c.running, c.retrying, c.dead
            );
        }
    }
    if !list.calls.is_empty() {
        let wide = list.calls.iter().map(|c| c.function.len()).max().unwrap_or(0).max(8);
        let ids = list.calls.iter().map(|c| c.call_id.chars().count()).max().unwrap_or(0).max(7);
        let _ = writeln!(
            out,
            "\n{:<ids$}  {:<wide$}  {:<8}  {:>5}  {:>6}  {:>5}  NEXT",
            "CALL ID", "FUNCTION", "STATE", "TRIES", "STATUS", "AGE"
        );
        for call in &list.calls {
            let status = call.status.map_or_else(|| "-".into(), |s| s.to_string());
            let age = if call.queued_at == 0 { "-".into() } else { age(now - call.queued_at) };
            let _ = writeln!(
                out,
                "{:<ids$}  {:<wide$}  {:<8}  {:>5}  {status:>6}  {age:>5}  {}",
                call.call_id,
                call.function,
                call.state.to_string(),
                call.tries,
                next(call, now)
            );
        }
    }
    if !list.finished.is_empty() {
        out.push_str("\nlast finished:\n");
        for one in list.finished.iter().take(5) {
            let _ = writeln!(out, "  {}", ended(one, now));
        }
    }
    out
}

fn next(call: &Listed, now: i64) -> String {
    match call.state {
        CallState::Queued | CallState::Retrying if call.due > now => format!("in {}", age(call.due - now)),
        CallState::Queued | CallState::Retrying => "as soon as there is room".into(),
        CallState::Running => "-".into(),
        CallState::Dead => format!("given up {} ago", age(now - call.due)),
    }
}

fn ended(one: &Finished, now: i64) -> String {
    let tries = if one.tries == 1 { "1 try".into() } else { format!("{} tries", one.tries) };
    format!("{} {}: {} after {tries}, {} ago", one.call_id, one.function, one.status, age(now - one.at))
}

fn described(shown: &CallShown, now: i64) -> String {
    let mut out = String::new();
    for Shown { listed, path, query, headers, callback, said } in &shown.calls {
        let query = if query.is_empty() { String::new() } else { format!("?{query}") };
        let mut line = |key: &str, value: &str| {
            let _ = writeln!(out, "{:<11}{value}", format!("{key}:"));
        };
        line("Call id", &listed.call_id);
        line("Function", &format!("{}{path}{query}", listed.function));
        line("State", &listed.state.to_string());
        line("Next", &next(listed, now));
        line("Tries", &listed.tries.to_string());
        line("Status", &listed.status.map_or_else(|| "none yet".into(), |s| s.to_string()));
        line("Body", &format!("{} byte{}", listed.bytes, if listed.bytes == 1 { "" } else { "s" }));
        line("Queued", &when(listed.queued_at));
        line("Callback", callback.as_deref().unwrap_or("none"));
        for (name, value) in headers {
            line("Header", &format!("{name}: {value}"));
        }
        if let Some(said) = said.as_deref().filter(|said| !said.is_empty()) {
            let _ = writeln!(out, "Last reply:\n{said}");
        }
        if listed.state == CallState::Dead {
            let _ = writeln!(
                out,
                "\nTry it anew with `faasim async retry {0}`, or remove it with `faasim async cancel {0}`.",
                listed.call_id
            );
        }
    }
    if shown.calls.is_empty()
        && let Some(one) = &shown.finished
    {
        let _ = writeln!(out, "finished: {}", ended(one, now));
    }
    out
}

fn when(ms: i64) -> String {
    let at = SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(ms).unwrap_or_default());
    let seconds = at.duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_secs()).unwrap_or(0));
    jiff::Timestamp::from_second(seconds).map_or_else(|_| "?".into(), |t| t.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::view::CallCounts;

    #[test]
    fn a_listing_says_what_happens_next() {
        let call = |state, due: i64| Listed {
            call_id: "id".into(),
            function: "f.openfaas-fn".into(),
            state,
            tries: 1,
            status: Some(503),
            bytes: 3,
            queued_at: 1_000,
            due,
        };
        for (state, due, expected) in [
            (CallState::Retrying, 75_000, "in 15s"),
            (CallState::Queued, 5_000, "as soon as there is room"),
            (CallState::Running, 75_000, "-"),
            (CallState::Dead, 1_000, "given up 59s ago"),
        ] {
            assert_eq!(next(&call(state, due), 60_000), expected);
        }
        let list = CallList {
            counts: CallCounts { dead: 1, ..CallCounts::default() },
            functions: Default::default(),
            calls: vec![call(CallState::Dead, 1_000)],
            finished: vec![],
        };
        let text = table(&list, 60_000);
        assert!(text.starts_with("0 queued, 0 running, 0 waiting for another try, 1 dead\n"), "{text}");
        assert!(
            text.contains("\nid       f.openfaas-fn  dead          1     503    59s  given up 59s ago\n"),
            "{text}"
        );
        assert_eq!(escaped("a b/é"), "a%20b%2F%C3%A9");
    }
}
