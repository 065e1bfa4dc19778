//! What keys do: which wish follows from which keys, and what the screen shows then.

use super::scaling;
use super::stage::Stage;
use crossterm::event::KeyCode;
use faasim::cluster::command::Command;
use faasim::cluster::function::FunctionName;
use faasim::cluster::scaling::hpa::HpaSpec;
use faasim::cluster::time::Time;
use faasim::dashboard::tui::app::{Effect, LogOf, Pane, WhenClosed};
use faasim::dashboard::tui::draw::{Hit, hit};
use faasim::dashboard::tui::link::{Invocation, Load, LoadNews, LoadProgress, LogRow, Shape};
use ratatui::layout::{Position, Rect};
use std::time::Duration;

fn mltest() -> FunctionName {
    FunctionName::parse("mltest")
}

fn chosen(stage: &Stage) -> &str {
    &stage.app.function().unwrap().spec.name
}

#[test]
fn arrows_choose_among_what_is_shown() {
    let mut stage = scaling();
    assert_eq!(chosen(&stage), "mltest");
    stage.press(KeyCode::Down);
    stage.types("jj");
    assert_eq!(chosen(&stage), "echo");
    stage.press(KeyCode::Down);
    assert_eq!(chosen(&stage), "echo", "the last one is the last");
    stage.types("k");
    assert_eq!(chosen(&stage), "sleep");
    stage.types("/ml");
    assert_eq!(chosen(&stage), "mltest", "a filter leaves only what matches");
    stage.press(KeyCode::Enter);
    assert_eq!(stage.app.functions().len(), 1);
    assert_eq!(stage.types("q"), None, "q asks first");
    stage.press(KeyCode::Esc);
    stage.press(KeyCode::Esc);
    assert_eq!(stage.app.functions().len(), 4, "Esc takes the filter away");
}

#[test]
fn plus_and_minus_count_on_before_the_cluster_answers() {
    let mut stage = scaling();
    let wanted = |effect: Option<Effect>| match effect {
        Some(Effect::Apply { command: Command::Scale { replicas, .. }, .. }) => replicas,
        other => panic!("{other:?}"),
    };
    assert_eq!(wanted(stage.types("+")), 7);
    assert_eq!(wanted(stage.types("+")), 8);
    assert_eq!(wanted(stage.types("-")), 7);
    stage.pass(1);
    assert_eq!(wanted(stage.types("-")), 5, "a new view says what is");
    stage.app.applied("done".into(), Err("no".into()));
    assert_eq!(stage.app.message.as_ref().map(|m| (m.text.as_str(), m.bad)), Some(("no", true)));
}

#[test]
fn an_hpa_is_set_changed_and_removed() {
    let mut stage = scaling();
    stage.press(KeyCode::Down);
    stage.types("a20");
    stage.press(KeyCode::Tab);
    stage.types("2");
    stage.press(KeyCode::Tab);
    stage.types("6");
    let function = FunctionName::parse("knn");
    let spec = HpaSpec::cpu(20, Some(2), 6);
    match stage.press(KeyCode::Enter) {
        Some(Effect::Apply { command, .. }) => {
            assert_eq!(command, Command::Autoscale { function, spec, replace: false });
            stage.wish(command);
        }
        other => panic!("{other:?}"),
    }
    stage.pass(1);
    stage.types("a");
    stage.press(KeyCode::Backspace);
    stage.press(KeyCode::Backspace);
    assert!(matches!(
        stage.press(KeyCode::Enter),
        Some(Effect::Apply { command: Command::DeleteHpa(_), .. })
    ));
}

#[test]
fn a_sample_function_gets_a_body_that_works_until_another_one_is_sent() {
    let mut stage = scaling();
    stage.types("l");
    let load = Load { function: mltest(), shape: Shape::Users(4), body: "50".into(), duration: None };
    assert_eq!(stage.press(KeyCode::Enter), Some(Effect::StartLoad(load)));
    let mut sent = |keys: &str| {
        stage.types(keys);
        let effect = stage.press(KeyCode::Enter);
        stage.press(KeyCode::Esc);
        match effect {
            Some(Effect::Invoke(_, body)) => String::from_utf8(body).unwrap(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!([sent("ji"), sent("ji"), sent("ji")], ["example", "1", "hello"]);
    assert_eq!([sent("ki2"), sent("i")], ["2", "2"]);
    assert_eq!(sent("ki"), "example", "each function has its own");
}

#[test]
fn marking_says_which_keys_show_the_marked_ones() {
    let mut stage = scaling();
    let mut says = |keys: &str| {
        stage.types(keys);
        stage.app.message.clone().unwrap().text
    };
    assert_eq!(says("v"), "mltest is marked ◆: mark another one, then Enter shows both charts");
    assert_eq!(says("jv"), "knn is marked ◆: Enter shows the charts of all 2 marked functions");
    assert_eq!(says("v"), "knn is unmarked, 1 is still marked");
    assert_eq!(says("3v"), "knn is marked ◆: 2 Enter shows the charts of all 2 marked functions");
    assert_eq!(says("1vkv"), "mltest is unmarked, no function is marked");
}

#[test]
fn a_wrong_form_stays_open_and_says_why() {
    let mut stage = scaling();
    stage.types("lmany");
    assert_eq!(stage.press(KeyCode::Enter), None);
    assert!(stage.text(80, 24).contains("`many` is not a whole number"));
    stage.press(KeyCode::Esc);
    assert!(stage.app.dialog.is_none());
}

#[test]
fn a_load_is_started_shown_and_stopped() {
    let mut stage = scaling();
    stage.types("l8");
    stage.press(KeyCode::Tab);
    stage.types("50");
    let load = Load { function: mltest(), shape: Shape::Users(8), body: "50".into(), duration: None };
    assert_eq!(stage.press(KeyCode::Enter), Some(Effect::StartLoad(load)));
    let elapsed = Duration::from_secs(3);
    let progress = LoadProgress { elapsed, requests: 120, failed: 3 };
    stage.app.load_news(&mltest(), LoadNews::Running(progress));
    let text = stage.text(120, 30);
    assert!(text.contains("8 users, 120 sent, 3 failed"), "{text}");
    assert_eq!(stage.types("l"), Some(Effect::StopLoad(mltest())));
    stage.app.load_news(&mltest(), LoadNews::Ended(Ok("130 requests".into())));
    assert!(stage.app.loads.is_empty());
    assert!(stage.text(80, 24).contains("load on mltest ended: 130 requests"));
    stage.types("l");
    assert!(stage.text(80, 24).contains("Body   50"), "it remembers the body");
}

#[test]
fn an_invocation_shows_its_reply_in_its_dialog_or_in_the_status_line() {
    let mut stage = scaling();
    stage.types("i50");
    assert_eq!(stage.press(KeyCode::Enter), Some(Effect::Invoke(mltest(), b"50".to_vec())));
    assert!(stage.text(80, 24).contains("waiting for the reply"));
    let took = Duration::from_millis(123);
    let reply = "Test Accuracy: 0.91\nPredicteds: G\n".to_owned();
    let answer = Invocation { status: 200, took, cold: true, reply };
    stage.app.invoked(&mltest(), Ok(answer.clone()));
    let text = stage.text(80, 24);
    assert!(text.contains("✓ status 200 after 123ms, a cold start"), "{text}");
    assert!(text.contains("Test Accuracy: 0.91"), "{text}");
    stage.press(KeyCode::Enter);
    stage.press(KeyCode::Esc);
    stage.app.invoked(&mltest(), Ok(Invocation { status: 500, ..answer }));
    assert!(stage.text(80, 24).contains("✗ mltest: status 500 after 123ms"));
}

#[test]
fn deleting_a_pod_asks_first() {
    let mut stage = scaling();
    stage.types("3j");
    let name = stage.app.pod().unwrap().name.clone();
    assert_eq!(stage.types("dn"), None);
    assert!(stage.app.dialog.is_none());
    match stage.types("dy") {
        Some(Effect::Apply { command, .. }) => assert_eq!(command, Command::DeletePod { name }),
        other => panic!("{other:?}"),
    }
}

#[test]
fn quitting_asks_only_where_it_stops_the_cluster() {
    let mut stage = scaling();
    assert_eq!(stage.types("q"), None);
    assert!(stage.text(80, 24).contains("9 pods will be drained"), "{}", stage.text(80, 24));
    assert_eq!(stage.types("c"), Some(Effect::Close { stop: false }));
    assert_eq!(stage.types("qy"), Some(Effect::Close { stop: true }));
    let mut remote = Stage::new(WhenClosed::GoesOn);
    remote.pass(1);
    assert_eq!(remote.types("q"), Some(Effect::Close { stop: false }));
}

#[test]
fn a_paused_screen_stands_still() {
    let mut stage = scaling();
    stage.types("p");
    let before = stage.text(80, 24);
    assert!(before.contains("PAUSED"));
    stage.scale("mltest", 3);
    stage.pass(5);
    assert_eq!(stage.text(80, 24), before);
    stage.types("p");
    assert!(!stage.text(80, 24).contains("PAUSED"));
}

#[test]
fn why_goes_back_to_earlier_decisions() {
    let mut stage = scaling();
    stage.types("4");
    assert!(stage.text(80, 24).contains("stays at 6 replicas"), "{}", stage.text(80, 24));
    let sizes = |stage: &Stage| stage.app.decision().map(|d| (d.from, d.to)).unwrap();
    let mut seen = vec![sizes(&stage)];
    for _ in 0..6 {
        stage.press(KeyCode::Left);
        seen.push(sizes(&stage));
    }
    assert!(seen.contains(&(4, 6)) && seen.contains(&(2, 4)), "{seen:?}");
    (0..9).for_each(|_| drop(stage.press(KeyCode::Right)));
    assert_eq!(stage.app.back, 0);
}

#[test]
fn the_log_follows_the_chosen_function_and_can_be_scrolled() {
    let mut stage = scaling();
    stage.types("6");
    assert_eq!(stage.app.log_of(), Some(LogOf::Function(mltest())));
    let row =
        |n: u64| LogRow { at: Time::from_secs(n), who: "mltest-abc-xyz12".into(), text: format!("line {n}") };
    stage.app.logged((1..=100).map(row));
    assert!(stage.text(80, 24).contains("line 100"));
    stage.press(KeyCode::PageUp);
    let text = stage.text(80, 24);
    assert!(text.contains("line 90") && !text.contains("line 91"), "{text}");
    stage.app.logged([row(101)]);
    assert!(stage.text(80, 24).contains("line 90"), "who reads older lines goes on reading them");
    stage.types("o");
    assert_eq!(stage.app.log_of(), Some(LogOf::Faasim));
    assert_eq!(stage.app.pane, Pane::Log);
}

#[test]
fn the_mouse_chooses_what_it_points_at() {
    let mut stage = scaling();
    let area = Rect::new(0, 0, 80, 24);
    let at = |stage: &Stage, x, y| hit(&stage.app, area, Position::new(x, y));
    let lines: Vec<String> = stage.text(80, 24).lines().map(Into::into).collect();
    let line_of = |what: &str| lines.iter().position(|l| l.contains(what)).unwrap() as u16;
    let sleep = at(&stage, 5, line_of("  sleep")).unwrap();
    stage.app.click(sleep.clone());
    assert_eq!(chosen(&stage), "sleep");
    let tabs = &lines[usize::from(line_of("4 Why"))];
    let column = tabs.chars().position(|c| c == 'W').unwrap() as u16;
    let why = at(&stage, column, line_of("4 Why")).unwrap();
    assert_eq!(why, Hit::Pane(Pane::Why));
    stage.app.wheel(sleep, -1);
    assert_eq!((chosen(&stage), stage.app.pane), ("knn", Pane::Functions));
    stage.types("q");
    assert_eq!(at(&stage, 5, line_of("  sleep")), None, "a dialog is above it");
}

#[test]
fn a_cluster_that_does_not_answer_is_said() {
    let mut stage = scaling();
    stage.app.missed("no cluster answers".into());
    let text = stage.text(80, 24);
    assert!(text.contains("✗ no answer") && text.contains("✗ no cluster answers"), "{text}");
    stage.pass(1);
    assert!(stage.text(80, 24).contains("● live"));
}

#[test]
fn a_long_refusal_is_shown_to_its_end() {
    let mut stage = scaling();
    let why = "the function `mltest` has no CPU request, so a share of it means nothing: add `requests: { cpu: 100m }` \
               to it in the stack file and deploy it again, and then ask once more";
    stage.app.applied(String::new(), Err(why.into()));
    let text = stage.text(80, 24);
    assert!(text.contains("✗ the function `mltest`") && text.contains("ask once more"), "{text}");
}

#[test]
fn a_message_leaves_after_a_while() {
    let mut stage = scaling();
    stage.app.say("done", false);
    stage.pass(7);
    assert!(stage.app.message.is_some());
    stage.pass(1);
    assert!(stage.app.message.is_none());
}
