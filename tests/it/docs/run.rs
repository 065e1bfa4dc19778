//! Does what a page says, in its order, and says where it does not come out as shown.

use super::compare::{fits, found_in_order};
use super::desk::{Desk, PATIENCE, left};
use super::page::{Block, Command, Page};
use crate::screen::seat::Seat;
use portable_pty::CommandBuilder;
use std::ops::Range;
use std::time::Instant;

/// How a page came out.
pub struct Outcome {
    /// A paragraph for each thing that is not as shown.
    pub wrong: Vec<String>,
    /// Lines of the page, and what they should be.
    pub corrections: Vec<(Range<usize>, Vec<String>)>,
    /// Why it was not run, if it was not.
    pub skipped: Option<String>,
    pub commands: usize,
}

/// Why a command may be shown and not run.
const EXCUSES: [&str; 3] = ["skip=install", "skip=network", "skip=remote"];

pub fn page(page: &Page) -> Outcome {
    let mut outcome = Outcome { wrong: Vec::new(), corrections: Vec::new(), skipped: None, commands: 0 };
    let needs =
        page.directives.iter().filter(|d| d.first().is_some_and(|w| w == "needs")).flat_map(|d| &d[1..]);
    let mut provider = "process";
    for tool in needs {
        if tool == "docker" {
            provider = "docker";
        }
        if !has(tool) {
            outcome.skipped = Some(format!("{tool} is not here"));
            return outcome;
        }
    }
    let runs = |b: &Block| b.language == "console" || b.value("file").is_some();
    if !page.blocks.iter().any(runs) {
        return outcome;
    }
    let mut desk = Desk::new(provider);
    if page.directive("quick").is_some() {
        desk.hurry();
    }
    if page.directive("repository").is_some() {
        desk.clone_repository();
    }
    if let Some(arguments) = page.directive("cluster") {
        let command = format!("faasim up --no-tui {}", arguments.join(" "));
        let (done, running) = desk.until(&command, |text| text.lines().any(|l| l.starts_with("ready;")));
        desk.keep(running);
        if done.code.is_some() {
            outcome.wrong.push(format!(
                "{}: the cluster does not start:\n{}",
                page.path.display(),
                done.printed
            ));
            return outcome;
        }
        let _ = desk.run("for f in $(faasim list -q); do faasim ready $f; done");
    }
    for block in &page.blocks {
        if let Some(file) = block.value("file") {
            let text: String = page.lines[block.lines.clone()].iter().map(|l| format!("{l}\n")).collect();
            desk.write(file, &text);
        }
        if block.language == "console" && !EXCUSES.iter().any(|excuse| block.has(excuse)) {
            let commands = page.commands(block);
            let last = commands.len().saturating_sub(1);
            for (i, command) in commands.iter().enumerate() {
                outcome.commands += 1;
                let code = match block.value("exit") {
                    Some(code) if i == last => code.parse().unwrap(),
                    _ => 0,
                };
                try_command(page, block, command, code, &mut desk, &mut outcome);
            }
        }
    }
    let home = desk.home().to_owned();
    drop(desk);
    let left = left(&home);
    if !left.is_empty() {
        outcome.wrong.push(format!("{}: processes are left: {left:?}", page.path.display()));
    }
    outcome
}

fn try_command(
    page: &Page,
    block: &Block,
    command: &Command,
    code: i32,
    desk: &mut Desk,
    outcome: &mut Outcome,
) {
    let roughly = block.has("roughly");
    let mut shown: Vec<String> = page.shown(command).to_vec();
    let interrupted = shown.last().is_some_and(|line| line.trim() == "^C");
    if interrupted {
        shown.pop();
    }
    let stays = block.has("background");
    let (printed, ended, good) = if block.has("screen") {
        let (screen, good) = on_screen(&command.text, &shown, block, desk);
        (screen, Some(0), good)
    } else if stays || interrupted {
        let (done, mut running) = desk.until(&command.text, |text| fits(&shown, text, roughly, false));
        let good = fits(&shown, &done.printed, roughly, false);
        match stays {
            true => desk.keep(running),
            false => running.interrupt(),
        }
        (done.printed, done.code, good)
    } else {
        let begun = Instant::now();
        loop {
            let done = desk.run(&command.text);
            let good =
                done.code == Some(code) && (shown.is_empty() || fits(&shown, &done.printed, roughly, true));
            // A `?` is a place where somebody who writes a page wants to see what is printed.
            let asked = shown == ["?"] && begun.elapsed().as_secs() > 5;
            if good || asked || !block.has("eventually") || begun.elapsed() > PATIENCE {
                break (done.printed, done.code, good);
            }
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
    };
    if good {
        return;
    }
    let place = format!("{}:{}", page.path.display(), command.output.start);
    let ended = match ended {
        Some(ended) if ended != code && !block.has("screen") => {
            format!(" (it ended with {ended}, not {code})")
        }
        None if !stays && !interrupted => " (it did not end)".to_owned(),
        _ => String::new(),
    };
    let text = shown.join("\n");
    outcome
        .wrong
        .push(format!("{place}: $ {}{ended}\n--- shown\n{text}\n--- printed\n{printed}\n---", command.text));
    let mut lines: Vec<String> = printed.trim_end().lines().map(|l| l.trim_end().to_owned()).collect();
    if interrupted {
        lines.push("^C".into());
    }
    if !shown.is_empty() {
        outcome.corrections.push((command.output.clone(), lines));
    }
}

/// A command in a terminal of 80 by 24: waits until it shows what the page shows. A command that stays is kept there;
/// any other is asked to end.
fn on_screen(text: &str, shown: &[String], block: &Block, desk: &mut Desk) -> (String, bool) {
    let mut command = CommandBuilder::new("bash");
    command.args(["-c", &format!("exec {}", desk.inward(text))]);
    command.env_clear();
    desk.environment().into_iter().for_each(|(name, value)| command.env(name, value));
    command.env("TERM", "xterm-256color");
    command.cwd(desk.home().join("work"));
    let mut seat = Seat::start(command, 80, 24);
    if let Some(keys) = block.value("keys") {
        // Keys are for a screen that is there.
        seat.watch(|text| !text.trim().is_empty());
        seat.press(keys);
    }
    let fits = |text: &str| found_in_order(shown, &desk.outward(text), block.has("roughly"));
    let text = seat.watch(fits);
    let good = fits(&text);
    let text = desk.outward(&text);
    if block.has("background") {
        desk.keep_screen(seat);
    }
    (text, good)
}

/// Whether a tool that a page needs is on this machine.
fn has(tool: &str) -> bool {
    match tool {
        "docker" => crate::engine::wanted(),
        tool => std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
            .any(|p| p.join(tool).exists()),
    }
}
