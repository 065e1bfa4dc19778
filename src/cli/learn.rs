//! `faasim learn`: lessons, beside a cluster.

mod ground;
mod print;
mod progress;
mod screen;
mod tutor;

use super::Global;
use super::failure::{Failure, Outcome};
use crate::dashboard::tui::terminal;
use crate::lab::lesson::{self, Lesson, Where, library};
use crate::mistake::{Mistakes, unknown};
use progress::Progress;
use std::path::Path;
use std::sync::Arc;

/// Learn how functions are run and scaled: lessons with a cluster to try things on
///
/// Without a name it lists the lessons. A lesson runs beside a cluster of its own: in virtual time, which stands still
/// while you read, or a real one on this machine. It can be left at any time and goes on where it was left. Without a
/// terminal its text is printed.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  faasim learn\n  faasim learn 1\n  faasim learn hpa-by-hand\n  \
                  faasim learn my-lesson.toml\n  faasim learn hpa-by-hand | less\n  faasim learn hpa-by-hand --auto")]
pub struct Args {
    /// The lesson: its name or number, a file, or a folder of them
    #[arg(value_name = "LESSON")]
    lesson: Option<String>,
    /// On a real cluster of its own
    #[arg(long)]
    live: bool,
    /// In virtual time
    #[arg(long = "virtual", conflicts_with = "live")]
    in_virtual_time: bool,
    /// On the cluster that runs already; the lesson's functions are removed from it afterwards
    #[arg(long, conflicts_with_all = ["live", "in_virtual_time"])]
    here: bool,
    /// Begin with this page, instead of where it was left
    #[arg(long, value_name = "N")]
    page: Option<usize>,
    /// Do by itself what the lesson asks for, to see whether it can be finished
    #[arg(long, conflicts_with_all = ["page", "here"])]
    auto: bool,
}

/// Lists lessons, or runs one.
///
/// # Errors
/// There is no such lesson, it has mistakes, or it cannot be finished.
pub fn run(args: Args, global: &Global) -> Outcome {
    let progress = Progress::of(&global.state());
    let Some(wanted) = &args.lesson else {
        let lessons = library::carried().map_err(mistakes)?;
        return print::out(&format!(
            "{}\n`faasim learn 1` begins the first.\n",
            print::list(&lessons, &progress)
        ));
    };
    if Path::new(wanted).is_dir() {
        let lessons = library::of_folder(Path::new(wanted)).map_err(mistakes)?;
        if lessons.is_empty() {
            return Err(Failure::failed(format_args!("there is no lesson (*.toml) in {wanted}")));
        }
        let one = Path::new(wanted).join("FILE.toml");
        let list = print::list(&lessons, &progress);
        return print::out(&format!("{list}\n`faasim learn {}` begins one.\n", one.display()));
    }
    let lesson = Arc::new(find(wanted)?);
    let place = match (args.live, args.in_virtual_time) {
        (true, _) if !lesson.may_be_live => {
            return Err(Failure::used(format_args!("`{}` runs in virtual time only", lesson.name)));
        }
        (true, _) => Where::Live,
        (_, true) => Where::Virtual,
        _ => lesson.cluster,
    };
    if args.auto {
        return if args.live { screen::walked_live(&lesson) } else { print::walked(&lesson) };
    }
    if !terminal::usable() {
        return print::out(&print::text(&lesson));
    }
    let pages = lesson.pages.len();
    let page = match args.page {
        Some(page) if (1..=pages).contains(&page) => page - 1,
        Some(page) => {
            let what = format!("there is no page {page}: they are numbered from 1 to {pages}");
            return Err(Failure::used(what));
        }
        None => progress.reached(&lesson.name).map_or(0, |r| r.page.min(pages - 1)),
    };
    let run = screen::Run { lesson, page, progress };
    match place {
        _ if args.here => run.here(global),
        Where::Live => run.live(),
        Where::Virtual => run.in_virtual_time(),
    }
}

fn mistakes(found: Mistakes) -> Failure {
    Failure::failed(found)
}

/// The lesson of that name, number or file.
fn find(wanted: &str) -> Result<Lesson, Failure> {
    let path = Path::new(wanted);
    if path.is_file() || wanted.ends_with(".toml") {
        return lesson::read(path).map_err(mistakes);
    }
    let mut lessons = library::carried().map_err(mistakes)?;
    if let Ok(number) = wanted.parse::<usize>() {
        let count = lessons.len();
        return match number {
            n if (1..=count).contains(&n) => Ok(lessons.swap_remove(n - 1)),
            n => Err(Failure::used(format_args!(
                "there is no lesson {n}: they are numbered from 1 to {count}"
            ))),
        };
    }
    match lessons.iter().position(|l| l.name == wanted) {
        Some(at) => Ok(lessons.swap_remove(at)),
        None => Err(Failure::used(unknown("lesson", wanted, lessons.iter().map(|l| l.name.as_str())))),
    }
}
