//! What can be checked of a page without running it: its links, its fences, the commands that its text names.

use super::page::Page;
use super::{pages, root};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Lines outside of fences, with their numbers.
fn prose(page: &Page) -> impl Iterator<Item = (usize, &str)> {
    let fenced = |n: usize| page.blocks.iter().any(|b| (b.lines.start - 1..=b.lines.end).contains(&n));
    page.lines.iter().enumerate().filter(move |(n, _)| !fenced(*n)).map(|(n, line)| (n + 1, line.as_str()))
}

fn links(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = line;
    while let Some((_, after)) = rest.split_once("](") {
        let Some((target, after)) = after.split_once(')') else { break };
        found.push(target);
        rest = after;
    }
    found
}

/// As GitHub makes an anchor of a heading.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars()
        .filter(|c| c.is_alphanumeric() || "-_ ".contains(*c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

fn anchors(page: &Page) -> BTreeSet<String> {
    prose(page).filter(|(_, line)| line.starts_with('#')).map(|(_, line)| anchor(line)).collect()
}

fn tidy(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => drop(out.pop()),
            std::path::Component::CurDir => {}
            part => out.push(part),
        }
    }
    out
}

#[test]
fn links_lead_somewhere_and_every_page_is_in_the_table_of_contents() {
    let all: BTreeMap<PathBuf, Page> = pages().into_iter().map(|p| (p.clone(), Page::read(&p))).collect();
    let mut wrong = Vec::new();
    let mut reached = BTreeSet::new();
    for (path, page) in &all {
        for (number, line) in prose(page) {
            for link in links(line).into_iter().filter(|link| !link.contains("://")) {
                let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
                let target = match file {
                    "" => path.clone(),
                    file => tidy(&path.parent().unwrap().join(file)),
                };
                let there = match all.get(&target) {
                    Some(to) => anchor.is_empty() || anchors(to).contains(anchor),
                    None => target.exists(),
                };
                if !there {
                    wrong.push(format!("{}:{number}: {link} leads nowhere", path.display()));
                }
                if path.ends_with("docs/README.md") {
                    reached.insert(target);
                }
            }
        }
    }
    let lost = all.keys().filter(|p| p.starts_with(root().join("docs")) && !p.ends_with("docs/README.md"));
    wrong.extend(
        lost.filter(|p| !reached.contains(*p))
            .map(|p| format!("docs/README.md does not name {}", p.display())),
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn fences_say_what_they_hold_and_commands_stand_where_they_are_run() {
    let languages = [
        "console",
        "text",
        "toml",
        "yaml",
        "json",
        "rust",
        "python",
        "javascript",
        "bash",
        "dockerfile",
        "xml",
    ];
    for path in pages() {
        let page = Page::read(&path);
        for block in &page.blocks {
            let place = format!("{}:{}", path.display(), block.lines.start);
            assert!(languages.contains(&&*block.language), "{place}: a fence of `{}`", block.language);
            if block.language == "console" {
                let commands = page.commands(block);
                assert!(!commands.is_empty(), "{place}: a console block without a command");
                // What is shown to go wrong may well not exist.
                for command in commands.iter().filter(|_| block.value("exit").is_none()) {
                    wrong_options(&command.text, &place);
                }
            } else if block.language != "text" || block.value("file").is_none() {
                let line = page.lines[block.lines.clone()].iter().find(|line| line.starts_with("$ "));
                assert!(line.is_none(), "{place}: a command that nobody runs: {line:?}");
            }
        }
        for (number, line) in prose(&page) {
            for code in line.split('`').skip(1).step_by(2).filter(|code| code.starts_with("faasim ")) {
                wrong_options(code, &format!("{}:{number}", path.display()));
            }
        }
    }
}

/// Every `faasim` on a line is followed by a command that exists, with options that it has.
fn wrong_options(line: &str, place: &str) {
    let known = faasim::cli::command_line();
    let has = |command: &clap::Command, option: &str| {
        let aliases = |a: &clap::Arg| {
            a.get_all_aliases().unwrap_or_default().iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        command
            .get_arguments()
            .any(|a| a.get_long() == Some(option) || aliases(a).iter().any(|x| x == option))
    };
    for part in line.split(['|', ';', '&', '\n', '(', ')', '"']) {
        let mut words = part.split_whitespace().skip_while(|w| w.contains('='));
        if words.next() != Some("faasim") {
            continue;
        }
        let mut command = &known;
        for word in words {
            if word == "--" {
                break;
            }
            if let Some(option) = word.strip_prefix("--") {
                let option = option.split('=').next().unwrap();
                let known =
                    ["help", "version"].contains(&option) || has(&known, option) || has(command, option);
                assert!(known, "{place}: `faasim {}` has no --{option}", command.get_name());
            } else if let Some(inner) = command.find_subcommand(word) {
                command = inner;
            } else if std::ptr::eq(command, &raw const known)
                && word.starts_with(|c: char| c.is_ascii_lowercase())
            {
                let inner = ["watchdog", "function", "help"].contains(&word);
                assert!(inner, "{place}: there is no command `faasim {word}`");
                break;
            }
        }
    }
}
