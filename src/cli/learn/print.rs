//! Lessons as plain text: the list, a whole lesson with its numbers, and how a walk through one goes.

use super::progress::Progress;
use crate::cli::failure::{Failure, Outcome};
use crate::dashboard::tui::words::{width, wrap};
use crate::lab::lesson::auto::{self, Told};
use crate::lab::lesson::{Lesson, Where};
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;

/// Letters in a line.
const COLUMNS: usize = 88;

/// Prints a text; that nobody reads it to its end is no failure.
pub(super) fn out(text: &str) -> Outcome {
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

/// The lessons, each with how far the student is.
pub(super) fn list(lessons: &[Lesson], progress: &Progress) -> String {
    let longest = lessons.iter().map(|l| width(&l.name)).max().unwrap_or(0);
    let mut out = String::new();
    for (n, lesson) in lessons.iter().enumerate() {
        let reached = progress.reached(&lesson.name).unwrap_or_default();
        let mark = if reached.finished { "✓" } else { " " };
        let left = match reached.page {
            0 => String::new(),
            page => format!(", left at page {} of {}", page + 1, lesson.pages.len()),
        };
        let place = if lesson.cluster == Where::Live { ", live" } else { "" };
        let _ = writeln!(
            out,
            "{mark}{:>3}  {:longest$}  {} ({} min{place}{left})",
            n + 1,
            lesson.name,
            lesson.title,
            lesson.minutes
        );
        for line in wrap(&lesson.about, COLUMNS - longest - 7, 0) {
            let _ = writeln!(out, "{}{line}", " ".repeat(longest + 7));
        }
    }
    out
}

/// The lines of a text: paragraphs are wrapped, what is set in by four letters stays as it is.
fn lines(text: &str, columns: usize) -> Vec<String> {
    let wrapped = |line: &str| match line.starts_with("    ") {
        true => vec![line.to_owned()],
        false => wrap(line, columns, 0),
    };
    text.lines().flat_map(wrapped).collect()
}

fn paragraph(out: &mut String, head: &str, text: &str) {
    let indent = " ".repeat(width(head));
    for (n, line) in lines(text, COLUMNS - width(head)).into_iter().enumerate() {
        let line = format!("{}{line}", if n == 0 { head } else { &indent });
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

/// All that there is to read, with the numbers of a walk in virtual time.
pub(super) fn text(lesson: &Arc<Lesson>) -> String {
    let mut out = format!("{}\n{}\n\n{}\n", lesson.title, "=".repeat(width(&lesson.title)), lesson.about);
    let pages = lesson.pages.len();
    let walked = auto::in_virtual_time(lesson, |told| match told {
        Told::Page(n, texts) => {
            let _ = write!(out, "\n{n}/{pages}  {}\n\n", texts.title);
            paragraph(&mut out, "", &texts.text);
            if let Some(task) = &texts.task {
                out.push('\n');
                paragraph(&mut out, "→ ", task);
            }
        }
        Told::Question(question, answer) => {
            out.push('\n');
            paragraph(&mut out, "? ", question);
            if let Some(answer) = answer {
                out.push('\n');
                paragraph(&mut out, "= ", answer);
            }
        }
        Told::Did(_) | Told::Done(_) => {}
    });
    if let Err(why) = walked {
        let _ = writeln!(out, "\n(The rest cannot be shown with its numbers: {why})");
    }
    out
}

/// Walks the lesson and says how it goes.
pub(super) fn walked(lesson: &Arc<Lesson>) -> Outcome {
    let pages = lesson.pages.len();
    println!("{} ({} in virtual time)", lesson.title, lesson.name);
    auto::in_virtual_time(lesson, |told| say(pages, &told)).map_err(Failure::failed)?;
    println!("✓ walked to its end");
    Ok(())
}

/// A line or two for what happens on a walk.
pub(super) fn say(pages: usize, told: &Told<'_>) {
    match told {
        Told::Page(n, texts) => println!("{n}/{pages}  {}", texts.title),
        Told::Did(act) => println!("       {act}"),
        Told::Done(seen) => {
            for (want, seen) in *seen {
                let seen = if seen.is_empty() { String::new() } else { format!("   seen: {seen}") };
                println!("     ✓ {want}{seen}");
            }
        }
        Told::Question(..) => {}
    }
}
