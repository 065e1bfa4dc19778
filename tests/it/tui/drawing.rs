//! What is drawn at which size. Each picture was looked at before it was kept.

use super::scaling;
use super::stage::Stage;
use crossterm::event::KeyCode;
use faasim::dashboard::tui::app::WhenClosed;
use ratatui::style::Color;

#[test]
fn a_function_that_scales_at_80_by_24() {
    insta::assert_snapshot!(scaling().text(80, 24));
}

#[test]
fn a_function_that_scales_at_160_by_50() {
    let text = scaling().text(160, 50);
    // What decisions and events say is the core's business, and tested there.
    let above: Vec<&str> = text.lines().take_while(|l| !l.contains("3 Pods")).collect();
    insta::assert_snapshot!(above.join("\n"));
    for shown in ["─ 3 Pods ─", "─ 4 Why ─", "─ 5 Events ─", "─ 6 Log ─"] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    assert!(text.contains("so: keep 6 replicas") && text.contains("Started container mltest"), "{text}");
}

#[test]
fn the_smallest_screen_and_one_that_is_too_small() {
    insta::assert_snapshot!(scaling().text(60, 15));
    let small = scaling().text(59, 15);
    assert!(small.starts_with("faasim needs 60 × 15 letters, this window has 59 × 15"), "{small}");
}

#[test]
fn an_empty_cluster_says_what_to_do() {
    let mut stage = Stage::new(WhenClosed::GoesOn);
    assert!(stage.text(80, 24).contains("waiting for the cluster"));
    stage.pass(1);
    insta::assert_snapshot!(stage.text(80, 24));
}

#[test]
fn a_thousand_pods_are_shown_in_part() {
    let mut stage = Stage::new(WhenClosed::GoesOn);
    stage.deploy("mltest");
    stage.scale("mltest", 1000);
    stage.pass(3);
    let text = stage.text(80, 24);
    assert!(text.contains("1–9 of 1000"), "{text}");
    assert!(text.contains("1k/1k") && text.contains("ready 1000"), "{text}");
    stage.press(KeyCode::Char('3'));
    stage.press(KeyCode::End);
    let text = stage.text(80, 24);
    assert!(text.contains("992–1000 of 1000"), "{text}");
}

#[test]
fn long_names_keep_the_end_that_tells_pods_apart() {
    let mut stage = Stage::new(WhenClosed::GoesOn);
    let name = "a-function-whose-name-is-as-long-as-a-dns-label-may-be-in-k8s";
    stage.deploy(name);
    stage.pass(2);
    let text = stage.text(80, 24);
    let pod = stage.app.pod().unwrap().name.clone();
    let end = pod.rsplit('-').next().unwrap();
    assert!(text.lines().all(|l| l.chars().count() <= 80));
    assert!(text.contains("-k8s: replicas ─"), "{text}");
    assert!(text.lines().any(|l| l.contains("Running") && l.contains(end)), "{text}");
}

#[test]
fn a_pod_that_crashes_is_seen() {
    let mut stage = scaling();
    stage.crash(0);
    stage.crash(0);
    stage.pass(1);
    let text = stage.text(80, 24);
    assert!(
        text.contains("CrashLoopBackOff") || text.contains("Completed") || text.contains("Error"),
        "{text}"
    );
    assert!(text.contains("of 6 pods ready"), "{text}");
}

#[test]
fn requests_that_fail_are_seen_at_every_width() {
    let mut stage = scaling();
    stage.works("knn", 0, 8.0, 5);
    stage.work.get_mut("knn").unwrap().1.error_rate = 2.0;
    stage.pass(1);
    for width in [60, 80, 120] {
        let text = stage.text(width, 24);
        assert!(text.contains("  knn ✗25%"), "{text}");
    }
}

#[test]
fn functions_have_the_lines_that_the_pods_leave() {
    let mut stage = Stage::new(WhenClosed::GoesOn);
    ["a", "b", "c", "d", "e", "f", "g", "h", "i"].iter().for_each(|name| stage.deploy(name));
    stage.pass(3);
    let text = stage.text(80, 24);
    assert!(text.lines().any(|l| l.starts_with("  i ")) && text.contains("1 Functions 9 ━"), "{text}");
    stage.scale("a", 6);
    stage.pass(3);
    let text = stage.text(80, 24);
    assert!(!text.lines().any(|l| l.starts_with("  i ")) && text.contains("1 Functions 9 ↕ ━"), "{text}");
    assert_eq!(text.matches(" Running ").count(), 6, "{text}");
    let sizes = |stage: &Stage| stage.text(80, 24).lines().position(|l| l.contains("3 Pods"));
    let before = sizes(&stage);
    stage.types("j");
    assert_eq!(sizes(&stage), before, "nothing moves when another one is chosen");
}

#[test]
fn titles_say_less_where_there_is_less_room() {
    let mut stage = scaling();
    stage.types("s");
    let text = stage.text(80, 24);
    assert!(text.contains("━ 1 Functions a–z ━"), "{text}");
    assert!(stage.text(160, 50).contains("━ 1 Functions 4 by name ━"));
    stage.types("ss");
    let text = stage.text(80, 24);
    assert!(text.contains("━ 1 Functions 4 ━━━ READY REQ/S↓"), "{text}");
    stage.types("/lt");
    assert!(stage.text(80, 24).contains("━ 1 “lt”: 1 of 4 ━"), "{}", stage.text(80, 24));
}

#[test]
fn what_idle_pods_use_does_not_look_like_work() {
    let mut stage = Stage::new(WhenClosed::GoesOn);
    stage.deploy("mltest");
    stage.pass(20);
    let text = stage.text(80, 24);
    let axis = text.lines().find(|l| l.starts_with("   4 ")).unwrap_or_default();
    assert!(axis.contains("  10 "), "{text}");
    // A load begins: what is drawn last is what is printed.
    stage.works("mltest", 431, 5.0, 95);
    stage.pass(1);
    let text = stage.text(80, 24);
    assert!(text.contains("mean 4") && text.contains(" 500 "), "{text}");
}

#[test]
fn every_pane_alone_and_the_help() {
    let mut stage = scaling();
    let mut alone = |key| {
        stage.press(KeyCode::Char(key));
        stage.press(KeyCode::Enter);
        let text = stage.text(80, 24);
        stage.press(KeyCode::Esc);
        text
    };
    insta::assert_snapshot!(alone('2'));
    let why = alone('4');
    assert!(why.contains("1. now 6 replicas") && why.contains("so: keep 6 replicas"), "{why}");
    let events = alone('5');
    assert!(events.contains("Successfully assigned"), "{events}");
    assert!(
        events.lines().any(|l| l.starts_with(&" ".repeat(38)) && l.len() > 40),
        "long lines go on: {events}"
    );
    stage.press(KeyCode::Char('?'));
    let help = stage.text(76, 53);
    let inside = help.lines().map(|l| l.chars().skip(2).take(72).collect::<String>().trim_end().to_owned());
    insta::assert_snapshot!("help", inside.collect::<Vec<_>>().join("\n"));
}

#[test]
fn marked_functions_are_shown_below_each_other() {
    let mut stage = scaling();
    stage.works("sleep", 20, 3.0, 900);
    stage.pass(30);
    stage.press(KeyCode::Char('v'));
    stage.types("jjv");
    let table = stage.text(80, 24);
    assert!(table.contains("  mltest ◆") && table.contains("▶ sleep ◆"), "{table}");
    stage.press(KeyCode::Enter);
    insta::assert_snapshot!(stage.text(100, 30));
}

#[test]
fn dialogs_fit() {
    let mut stage = scaling();
    for (key, name) in [('i', "invoke"), ('l', "load"), ('a', "HPA"), ('d', "delete"), ('q', "quit")] {
        stage.press(KeyCode::Char(key));
        insta::assert_snapshot!(format!("dialog_{name}"), stage.text(80, 24));
        let small = stage.text(60, 15);
        assert!(small.contains("Esc"), "{small}");
        stage.press(KeyCode::Esc);
    }
}

#[test]
fn nothing_has_a_colour_when_colours_are_not_wanted() {
    let mut stage = scaling();
    let plain = |stage: &Stage| {
        let screen = stage.screen(160, 50, false);
        let colored = screen.buffer().content.iter().filter(|c| c.fg != Color::Reset || c.bg != Color::Reset);
        colored.count()
    };
    assert_eq!(plain(&stage), 0);
    stage.press(KeyCode::Char('a'));
    assert_eq!(plain(&stage), 0);
    let colored = stage.screen(160, 50, true);
    assert!(colored.buffer().content.iter().any(|c| c.fg != Color::Reset), "and they are used otherwise");
}

#[test]
fn every_size_can_be_drawn() {
    let mut stage = scaling();
    for dialog in [None, Some('i'), Some('?'), Some('q')] {
        dialog.map(|key| stage.press(KeyCode::Char(key)));
        for width in (1..200).step_by(33) {
            for height in (1..60).step_by(6) {
                stage.text(width, height);
            }
        }
        stage.press(KeyCode::Esc);
    }
}
