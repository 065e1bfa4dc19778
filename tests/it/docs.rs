//! The book is true: the commands of README.md, `docs/` and `sim-configs/README.md` are run, each page in its order
//! and in an empty home of its own, and what the page shows is compared with what is printed.
//!
//! How pages are written is in `docs/contributing.md`. `FAASIM_DOCS_PAGE=tutorial` runs the pages whose path holds that;
//! `FAASIM_DOCS=accept` writes what was printed into the pages instead of failing: look at the difference then.

mod compare;
mod desk;
mod links;
mod page;
mod reference;
mod run;

use page::Page;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;

/// The repository.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All pages, those that take longest first.
fn pages() -> Vec<PathBuf> {
    let mut found = vec![root().join("README.md"), root().join("sim-configs/README.md")];
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()) {
            match path.extension() {
                _ if path.is_dir() => folders.push(path),
                Some(end) if end == "md" => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    found
}

fn accepting() -> bool {
    std::env::var("FAASIM_DOCS").is_ok_and(|what| what == "accept")
}

#[test]
fn every_command_does_what_its_page_shows() {
    let wanted = std::env::var("FAASIM_DOCS_PAGE").unwrap_or_default();
    let mut todo: Vec<Page> = pages()
        .iter()
        .filter(|path| path.to_string_lossy().contains(&wanted))
        .map(|path| Page::read(path))
        .collect();
    // The longest first, so that no thread is left with one alone at the end.
    todo.sort_by_key(|page| page.directive("long").is_some());
    let (todo, wrong) = (Mutex::new(todo), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    let Some(page) = todo.lock().unwrap().pop() else { return };
                    let begun = Instant::now();
                    let outcome = run::page(&page);
                    let seconds = begun.elapsed().as_secs_f64();
                    let name = page.path.strip_prefix(root()).unwrap().display().to_string();
                    match &outcome.skipped {
                        Some(why) => eprintln!("{name}: skipped: {why}"),
                        None => eprintln!("{name}: {} commands, {seconds:.1} s", outcome.commands),
                    }
                    if accepting() {
                        correct(&page, outcome.corrections);
                    }
                    wrong.lock().unwrap().extend(outcome.wrong);
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(
        wrong.is_empty() || accepting(),
        "{} things are not as shown\n\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
}

fn correct(page: &Page, mut corrections: Vec<(std::ops::Range<usize>, Vec<String>)>) {
    let mut lines = page.lines.clone();
    corrections.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
    for (range, new) in corrections {
        lines.splice(range, new);
    }
    std::fs::write(&page.path, lines.join("\n") + "\n").unwrap();
}

/// The harness itself: what is not true fails, and says where.
#[test]
fn a_page_that_lies_is_caught() {
    let outcome = |text: &str| run::page(&Page::parse(Path::new("made.md"), text));
    let wrong = |text: &str| outcome(text).wrong;
    let fence = "```";
    let block = |head: &str, body: &str| format!("# Made\n\n{fence}{head}\n{body}\n{fence}\n");
    for (text, says) in [
        (block("console", "$ echo hello\nhello"), ""),
        (block("console", "$ echo hello\ngoodbye"), "made.md:4: $ echo hello"),
        (block("console", "$ echo hello\nhello\nand more"), "and more"),
        (block("console", "$ false"), "it ended with 1, not 0"),
        (block("console exit=1", "$ true"), "it ended with 0, not 1"),
        (block("console exit=3", "$ true\n$ echo no; exit 3\nno"), ""),
        (block("console exit=3", "$ exit 3"), ""),
        (block("console roughly", "$ echo 12 pods\n7 pods"), ""),
        (block("console", "$ echo 12 pods\n7 pods"), "12 pods"),
        (block("console", "$ mkdir a && cd a && export B=c\n$ basename $PWD; echo $B\na\nc"), ""),
        (block("console", "$ echo 8080\n8080"), ""),
        (block("console background", "$ echo begun; sleep 1000\nbegun"), ""),
        (block("console background", "$ echo begun; exit 1\nended"), "begun"),
        (block("console", "$ echo 1; sleep 1000\n1\n^C"), ""),
        (block("console skip=install", "$ no-such-program"), ""),
        (block("console", "$ cat \\\n> a.txt") + &block("text", ""), "No such file"),
        (block("text file=a.txt", "words") + &block("console", "$ cat a.txt\nwords"), ""),
        (format!("<!-- harness: needs no-such-tool -->\n{}", block("console", "$ false")), ""),
    ] {
        let found = wrong(&text);
        match says {
            "" => assert!(found.is_empty(), "{text}\n{found:?}"),
            says => assert!(found.len() == 1 && found[0].contains(says), "{text}\n{found:?}"),
        }
    }
    assert!(outcome("<!-- harness: needs no-such-tool -->\n").skipped.is_some());
}
