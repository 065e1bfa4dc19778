//! What stands around faasim: the terminal, variables, faas-cli's login, and programs that templates use.

use super::{Finding, note, ok};
use crate::cli::logins::{Logins, same, token};
use crate::dashboard::tui::terminal;
use std::env::var;
use std::fs;
use std::io::{IsTerminal, stdout};
use std::path::Path;
use std::process::Command;

/// `held` is the gateway of the faasim that holds the state folder.
pub(super) fn all(state: &Path, held: Option<&str>) -> Vec<Finding> {
    let mut all = vec![screen()];
    all.extend(variables(held));
    all.push(faas_cli(state, held));
    for (name, why, advice) in [
        (
            "python3",
            "the sample function `hello` and the template python3 are Python",
            "`apt install python3`",
        ),
        (
            "node",
            "the template `node` needs it, as a process",
            "`apt install nodejs`, or build an image: `faasim build`",
        ),
        (
            "cargo",
            "the template `rust` needs it, as a process",
            "https://rustup.rs, or build an image: `faasim build`",
        ),
    ] {
        all.push(program(name, why, advice));
    }
    all
}

fn screen() -> Finding {
    let what = "terminal";
    let term = var("TERM").unwrap_or_default();
    if !stdout().is_terminal() {
        return ok(what, "none here: `faasim up` prints plain lines");
    }
    if !terminal::usable() {
        let found = format!("TERM is `{term}`: it cannot move its cursor");
        return note(
            what,
            found,
            "`faasim up` prints plain lines; `export TERM=xterm-256color` where that is true",
        );
    }
    let size = rustix::termios::tcgetwinsize(stdout()).ok();
    if let Some(size) = size.filter(|s| s.ws_col > 0 && (s.ws_col < 60 || s.ws_row < 15)) {
        let found = format!("{} × {} letters", size.ws_col, size.ws_row);
        return note(
            what,
            found,
            "the screen needs 60 × 15: make the window larger, or use `faasim up --no-tui`",
        );
    }
    let locale =
        ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|n| var(n).ok().filter(|v| !v.is_empty()));
    let locale = locale.unwrap_or_default();
    if !locale.to_lowercase().replace('-', "").contains("utf8") {
        let found = format!(
            "the locale is `{}`, not UTF-8: lines of charts may look odd",
            if locale.is_empty() { "C" } else { &locale }
        );
        return note(what, found, "`export LANG=C.UTF-8`");
    }
    let colours = if var("NO_COLOR").is_ok_and(|v| !v.is_empty()) { ", no colours (NO_COLOR)" } else { "" };
    ok(what, format!("{term}, {locale}{colours}"))
}

/// Variables that lead commands elsewhere.
fn variables(held: Option<&str>) -> Vec<Finding> {
    let mut all = Vec::new();
    if let Some(url) = var("OPENFAAS_URL").ok().filter(|v| !v.is_empty()) {
        let what = "OPENFAAS_URL";
        match held {
            Some(held) if !same(url.trim_end_matches('/'), held) => all.push(note(
                what,
                format!("is {url}: commands go there, and not to the cluster of the state folder at {held}"),
                format!("`unset OPENFAAS_URL`, or `export OPENFAAS_URL={held}`"),
            )),
            _ => all.push(ok(what, url)),
        }
    }
    let proxy = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]
        .into_iter()
        .find(|n| var(n).is_ok_and(|v| !v.is_empty()));
    if let Some(proxy) = proxy {
        let except = var("no_proxy").or_else(|_| var("NO_PROXY")).unwrap_or_default();
        if !["127.0.0.1", "127.0.0.0/8", "*"].iter().any(|here| except.split(',').any(|e| e.trim() == *here))
        {
            all.push(note(
                "proxy",
                format!("{proxy} is set and 127.0.0.1 is not excepted: curl and faas-cli may ask it for the gateway"),
                "`export no_proxy=127.0.0.1,localhost`",
            ));
        }
    }
    all
}

/// faas-cli's login at this cluster. faasim itself needs none.
fn faas_cli(state: &Path, held: Option<&str>) -> Finding {
    let what = "faas-cli";
    let gateway = held.unwrap_or("http://127.0.0.1:8080");
    let login =
        format!("`faasim password | faas-cli login --gateway {gateway} --username admin --password-stdin`");
    let Some(logins) = Logins::find().filter(|logins| logins.path().exists()) else {
        return ok(what, "not logged in anywhere: `faasim up` writes its password where faas-cli looks");
    };
    let file = logins.path().display();
    let Some(known) = logins.token(gateway) else {
        return ok(what, format!("{file} has no login for {gateway}; if you use it there: {login}"));
    };
    let Ok(password) = fs::read_to_string(state.join("password")) else {
        return ok(what, format!("logged in at {gateway}"));
    };
    match known == token("admin", password.trim()) {
        true => ok(what, format!("logged in at {gateway}")),
        false => {
            note(what, format!("{file} has another password for {gateway} than this state folder's"), login)
        }
    }
}

fn program(name: &'static str, why: &str, advice: &str) -> Finding {
    match Command::new(name).arg("--version").output() {
        Ok(out) if out.status.success() => ok(name, String::from_utf8_lossy(&out.stdout).trim().to_owned()),
        _ => note(name, format!("not here; {why}"), advice),
    }
}
