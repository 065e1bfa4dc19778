//! The pane of asynchronous calls.

use super::scaling;
use super::stage::Stage as World;
use crossterm::event::KeyCode;
use faasim::cluster::time::Time;
use faasim::dashboard::tui::app::{Effect, Pane, WhenClosed};
use faasim::dashboard::tui::calls::{CallRow, CallWish, Calls, CallsWanted, Stage};
use faasim::dashboard::tui::draw::{Hit, hit};
use ratatui::layout::{Position, Rect};
use std::time::Duration;

fn call(stage: &World, id: &str, function: &str, state: Stage, ago: u64) -> CallRow {
    let now = stage.app.now();
    let before = |seconds: u64| Time::from_nanos(now.as_nanos() - seconds * 1_000_000_000);
    let (tries, status) = match state {
        Stage::Queued => (0, None),
        Stage::Running => (1, None),
        Stage::Retrying => (2, Some(503)),
        Stage::Dead => (10, Some(500)),
        Stage::Done => (1, Some(200)),
    };
    CallRow {
        id: id.into(),
        function: format!("{function}.openfaas-fn"),
        stage: state,
        tries,
        status,
        came: (state != Stage::Done).then(|| before(ago)),
        due: if state == Stage::Retrying { now + Duration::from_secs(15) } else { before(ago) },
    }
}

/// Calls of two functions in all states, looked at in their pane.
fn with_calls() -> World {
    let mut stage = scaling();
    stage.types("8");
    let rows = [
        ("5e2c7b34-0d6f-4d39-8f2b-6d1f3c3d8a01", "mltest", Stage::Queued, 1),
        ("5e2c7b34-0d6f-4d39-8f2b-6d1f3c3d8a02", "mltest", Stage::Running, 3),
        ("of-another", "knn", Stage::Queued, 4),
        ("5e2c7b34-0d6f-4d39-8f2b-6d1f3c3d8a03", "mltest", Stage::Retrying, 20),
        ("mine", "mltest", Stage::Dead, 300),
        ("done", "mltest", Stage::Done, 400),
    ];
    let rows = rows.map(|(id, function, state, ago)| call(&stage, id, function, state, ago)).to_vec();
    stage.app.calls_told(Ok(Calls { rows, said: Some(("mine".into(), "no pod\nis left".into())) }));
    stage
}

#[test]
fn calls_are_listed_with_their_state_and_what_the_last_try_said() {
    let mut stage = with_calls();
    (0..3).for_each(|_| drop(stage.press(KeyCode::Down)));
    insta::assert_snapshot!("calls", stage.text(80, 24));
    assert!(stage.text(80, 24).contains("last try: no pod ⏎ is left"));
    stage.types("o");
    assert!(stage.text(80, 24).contains("of-another"));
    assert_eq!(stage.app.calls_wanted(), CallsWanted { function: None, chosen: Some("mine".into()) });
    stage.types("o/retry");
    let text = stage.text(80, 24);
    assert!(text.contains("↻ retrying") && !text.contains("✗ dead"), "{text}");
    for (width, height) in [(60, 15), (120, 40), (170, 50)] {
        let text = stage.text(width, height);
        assert!(text.contains("↻ retrying") && text.contains("in 15s"), "{text}");
    }
}

#[test]
fn a_call_is_tried_again_or_cancelled_after_a_question() {
    let mut stage = with_calls();
    assert_eq!(stage.types("r"), None, "it has not failed");
    assert!(stage.text(80, 24).contains("only a call that has failed"));
    assert_eq!(stage.types("dn"), None);
    (0..3).for_each(|_| drop(stage.press(KeyCode::Down)));
    let wish = |effect: Option<Effect>| match effect {
        Some(Effect::ChangeCall { id, wish, .. }) => (id, wish),
        other => panic!("{other:?}"),
    };
    assert_eq!(wish(stage.types("r")), ("mine".into(), CallWish::Retry));
    assert_eq!(stage.types("d"), None);
    assert!(stage.text(80, 24).contains("Cancel mine? It is forgotten and never tried again."));
    assert_eq!(wish(stage.types("y")), ("mine".into(), CallWish::Cancel));
    stage.press(KeyCode::Down);
    assert_eq!(stage.types("d"), None);
    assert!(stage.app.dialog.is_none(), "it has ended");
}

#[test]
fn the_mouse_chooses_a_call() {
    let mut stage = with_calls();
    let text = stage.text(80, 24);
    let line = text.lines().position(|l| l.contains("mine")).unwrap();
    let area = Rect::new(0, 0, 80, 24);
    let found = hit(&stage.app, area, Position::new(5, u16::try_from(line).unwrap())).unwrap();
    assert_eq!(found, Hit::Call("mine".into()));
    stage.types("1");
    stage.app.click(found);
    assert_eq!((stage.app.pane, stage.app.call().unwrap().id.as_str()), (Pane::Async, "mine"));
}

#[test]
fn without_calls_it_says_how_to_make_one_or_that_there_are_none() {
    let mut stage = scaling();
    stage.types("8");
    assert!(stage.text(80, 24).contains("looking …"));
    stage.app.calls_told(Ok(Calls::default()));
    assert!(stage.text(80, 24).contains("`faasim invoke mltest --async` makes one"));
    stage.app.calls_told(Err("there are no asynchronous calls in virtual time".into()));
    assert!(stage.text(80, 24).contains("there are no asynchronous calls in virtual time"));
    let mut empty = World::new(WhenClosed::GoesOn);
    empty.types("8rd");
    empty.text(80, 24);
}
