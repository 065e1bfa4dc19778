//! Lessons: each can be finished, and a student can do so at a terminal.

use crate::screen::seat::{Seat, faasim, pods_left};
use assert_cmd::Command;
use faasim::lab::lesson::auto::{self, Told};
use faasim::lab::lesson::{Lesson, Where, library};
use std::path::Path;
use std::sync::Arc;

fn command(state: &Path) -> Command {
    let mut command = Command::cargo_bin("faasim").unwrap();
    command
        .env_clear()
        .env("FAASIM_STATE", state)
        .env("HOME", state)
        .env("PATH", std::env::var("PATH").unwrap());
    command.current_dir(state);
    command
}

fn lesson(name: &str) -> Arc<Lesson> {
    Arc::new(library::carried().unwrap().into_iter().find(|l| l.name == name).unwrap())
}

#[test]
fn there_are_ten_and_each_is_walked_to_its_end() {
    let lessons = library::carried().unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let names: Vec<&str> = lessons.iter().map(|l| l.name.as_str()).collect();
    let wanted = [
        "first-function",
        "pods-and-self-healing",
        "cold-and-warm-starts",
        "time-outs",
        "hpa-by-hand",
        "why-2-4-6",
        "scaling-down",
        "openfaas",
        "littles-law",
        "more-pods-on-two-cores",
    ];
    assert_eq!(names, wanted);
    for lesson in lessons {
        let lesson = Arc::new(lesson);
        let (mut pages, mut questions, mut done) = (0, 0, 0);
        let walked = auto::in_virtual_time(&lesson, |told| match told {
            Told::Page(..) => pages += 1,
            Told::Question(question, answer) => {
                questions += 1;
                let answer = answer.unwrap_or_else(|| panic!("{}: no answer to {question}", lesson.name));
                assert!(!answer.contains('…'), "{}: a number is missing: {answer}", lesson.name);
            }
            Told::Done(seen) => done += seen.len(),
            Told::Did(_) => {}
        });
        assert_eq!(walked, Ok(()));
        assert_eq!(pages, lesson.pages.len(), "{}", lesson.name);
        assert!(questions >= 3 && done >= 3, "{}: {questions} questions, {done} done", lesson.name);
    }
}

/// All that a lesson's answers say.
fn answers(name: &str) -> String {
    let mut all = String::new();
    auto::in_virtual_time(&lesson(name), |told| {
        if let Told::Question(question, answer) = told {
            all += &format!("{question}\n{}\n", answer.unwrap_or_default());
        }
    })
    .unwrap();
    all
}

#[test]
fn the_numbers_that_lessons_speak_of_are_those_on_the_screen() {
    // Where a lesson says a number by itself, it is the one that the cluster comes to.
    let study = answers("why-2-4-6");
    assert!(study.contains("It went 2 → 4 → 6."), "{study}");
    assert!(study.contains("And still 2 → 4 → 6"), "{study}");
    assert!(study.contains("2 → 4 → 8 → 10: three looks"), "{study}");
    let down = answers("scaling-down");
    assert!(down.contains("after that one: second 405") && down.contains("in second 405"), "{down}");
    assert!(down.contains("2 → 4 → 6: up once"), "{down}");
    assert!(down.contains("2 → 4 → 6 → 2 → 4 → 6 → 2"), "{down}");
    let cold = answers("cold-and-warm-starts");
    assert!(cold.contains("3.25s in all: 3.00s waiting for a pod, 250ms work"), "{cold}");
    let hpa = answers("hpa-by-hand");
    assert!(hpa.contains("clamped to max 6") && hpa.contains("set aside counted as 0"), "{hpa}");
    let pro = answers("openfaas");
    assert!(pro.contains("rps 40 ÷ (target 10 × proportion 0.9) = 5"), "{pro}");
    assert!(pro.contains("It went 1 → 2 → 3 → 4 → 5."), "{pro}");
    let little = answers("littles-law");
    assert!(little.contains("5.0 × 0.80 = 4.0") && little.contains("the screen says 400ms"), "{little}");
}

#[test]
fn lessons_are_listed_printed_and_walked_without_a_terminal() {
    let state = tempfile::tempdir().unwrap();
    let out = |args: &[&str]| {
        let done = command(state.path()).args(args).assert().success();
        String::from_utf8(done.get_output().stdout.clone()).unwrap()
    };
    let list = out(&["learn"]);
    assert!(list.contains("5  hpa-by-hand"), "{list}");
    let text = out(&["learn", "6"]);
    assert!(
        text.contains("Why 2 → 4 → 6, and not 583") && text.contains("= The two pods used 583"),
        "{text}"
    );
    assert!(!text.contains('\u{1b}'));
    let walked = out(&["learn", "littles-law", "--auto"]);
    assert!(
        walked.contains("✓ queued >= 20   seen: 20") && walked.contains("✓ walked to its end"),
        "{walked}"
    );

    let failed = |args: &[&str], code: i32, words: &str| {
        let done = command(state.path()).args(args).assert().code(code);
        let said = String::from_utf8(done.get_output().stderr.clone()).unwrap();
        assert!(said.contains(words), "{args:?}: {said}");
    };
    failed(&["learn", "hpa-by-hnd"], 2, "did you mean `hpa-by-hand`?");
    failed(&["learn", "11"], 2, "numbered from 1 to 10");
    failed(&["learn", "littles-law", "--live"], 2, "runs in virtual time only");
    failed(&["learn", "none.toml"], 1, "cannot be read");
}

const MINE: &str = r#"
title = "Mine"
about = "A teacher's own"
cluster = "live"
[[function]]
name = "f"
process = "faasim function echo"
model = { service = { law = "constant", value = "10ms" } }
[[page]]
title = "Two"
text = "There is {{ replicas }} pod."
task = "Make it two."
until = "ready == 2"
solution = "scale f 2"
question = "How many?"
answer = "{{ ready }}"
"#;

#[test]
fn a_teacher_writes_one_and_it_is_checked() {
    let state = tempfile::tempdir().unwrap();
    let file = state.path().join("mine.toml");
    let check = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let done = command(state.path()).args(["check", "mine.toml"]).assert();
        let out = done.get_output();
        let all = [out.stdout.clone(), out.stderr.clone()].concat();
        (out.status.success(), String::from_utf8(all).unwrap())
    };
    assert_eq!(check(MINE), (true, "mine.toml: ok, a lesson of 1 page\n".into()));
    for (from, to, words) in [
        ("solution", "solutoin", "mine.toml:14:1: unknown key `solutoin`: did you mean `solution`?"),
        (
            "ready == 2",
            "redy == 2",
            "mine.toml:13:9: `redy == 2`: unknown beginning `redy`: did you mean `ready`?",
        ),
        ("{{ ready }}", "{{ redy }}", "mine.toml:16:11: unknown number `redy`: did you mean `ready`?"),
        ("scale f 2", "scale f 1", "page 1 of `mine`: not seen in 60 min: `ready == 2` (seen: 1)"),
        ("ready == 2", "ready <= 2", "page 1 of `mine`: `until` holds before anything was done"),
    ] {
        let (good, said) = check(&MINE.replacen(from, to, 1));
        assert!(!good && said.contains(words), "{from} → {to}: {said}");
    }
    check(MINE);
    let folder = command(state.path()).args(["learn", "."]).assert().success();
    assert!(String::from_utf8_lossy(&folder.get_output().stdout).contains("mine  Mine"));
}

/// These two are run live when nothing else is asked for, so they are walked live too. Both wait most of the time.
#[test]
fn live_lessons_are_walked_on_real_clusters() {
    let walks = ["first-function", "pods-and-self-healing"].map(|name| {
        assert_eq!(lesson(name).cluster, Where::Live);
        std::thread::spawn(move || {
            let state = tempfile::tempdir().unwrap();
            let mut command = command(state.path());
            command.env("TMPDIR", state.path()).args(["learn", name, "--auto", "--live"]);
            let done = command.assert().success();
            let said = String::from_utf8_lossy(&done.get_output().stdout).into_owned();
            assert!(said.contains("✓ walked to its end"), "{said}");
            assert_eq!(std::fs::read_dir(state.path()).unwrap().count(), 0, "nothing is left");
        })
    });
    walks.into_iter().for_each(|walk| walk.join().unwrap());
}

#[test]
fn a_student_walks_a_lesson_at_a_terminal_leaves_it_and_comes_back() {
    let state = tempfile::tempdir().unwrap();
    let start = || Seat::start(faasim(state.path(), &["learn", "cold-and-warm-starts"]), 100, 30);
    let mut seat = start();
    seat.until("the page and the function", |t| t.contains("page 1 of 6") && t.contains("▶ report"));
    seat.press(">>>>>");
    // As the page says.
    seat.press("i");
    seat.until_shown("Invoke report");
    seat.press("50\r");
    seat.until_shown("✓ status 200 after 3.25s, a cold start");
    seat.press("\u{1b}");
    // A key right behind Esc is one with Alt.
    seat.until("the dialog gone", |text| !text.contains("Invoke report"));
    seat.until_shown("? How much of the time did the request wait");
    seat.press("n");
    seat.until_shown("= 3.25s in all: 3.00s waiting for a pod, 250ms work.");
    seat.press("n");
    seat.until_shown("page 2 of 6");
    seat.press("nn");
    seat.until_shown("page 3 of 6");
    seat.press("q");
    let (code, text) = seat.ended();
    assert_eq!(code, 0, "{text}");
    assert!(
        text.contains("left at page 3 of 6: `faasim learn cold-and-warm-starts` goes on there"),
        "{text}"
    );
    assert!(seat.is_restored());

    let mut seat = start();
    seat.until("the pod as it was", |text| {
        let line = text.lines().find(|l| l.starts_with("▶ report")).unwrap_or_default();
        text.contains("page 3 of 6") && line.contains("1/1")
    });
    for page in 3..=6 {
        seat.until_shown(&format!("page {page} of 6"));
        seat.press(">>>>>>");
        // Do it for me, where there is something to do.
        let shown = seat.until("the keys of a task", |t| t.contains("n skip"));
        if shown.contains("x do it for me") {
            seat.press("x");
        }
        seat.until_shown("n answer");
        seat.press("n");
        seat.until_shown("n go on");
        seat.press("n");
    }
    seat.until_shown("This is the end of the lesson");
    seat.press("q");
    let (code, text) = seat.ended();
    assert!(code == 0 && text.contains("`cold-and-warm-starts` is done"), "{text}");
    let list = command(state.path()).arg("learn").assert().success();
    assert!(String::from_utf8_lossy(&list.get_output().stdout).contains("✓  3  cold-and-warm-starts"));
    assert_eq!(pods_left(state.path()), [""; 0]);
}
