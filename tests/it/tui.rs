//! The screen: what it draws for views that the real core made, and what keys do.

mod calls;
mod drawing;
mod keys;
mod stage;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use faasim::cluster::command::Command;
use faasim::cluster::function::FunctionName;
use faasim::cluster::scaling::hpa::HpaSpec;
use faasim::dashboard::tui::app::{Effect, WhenClosed};
use faasim::dashboard::tui::draw;
use faasim::dashboard::tui::input::intent;
use faasim::dashboard::tui::theme::Theme;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use stage::Stage;

impl Stage {
    /// The screen at a size.
    fn screen(&self, width: u16, height: u16, color: bool) -> TestBackend {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let theme = Theme { color, light: false };
        terminal.draw(|f| draw::screen(&self.app, theme, f.area(), f.buffer_mut())).unwrap();
        terminal.backend().clone()
    }

    /// The screen as lines of text.
    fn text(&self, width: u16, height: u16) -> String {
        let buffer = self.screen(width, height, true).buffer().clone();
        let rows = buffer.content.chunks(width.into());
        let lines = rows.map(|row| row.iter().map(|c| c.symbol()).collect::<String>().trim_end().to_owned());
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Presses one key.
    fn press(&mut self, code: KeyCode) -> Option<Effect> {
        let key = KeyEvent::new(code, KeyModifiers::NONE);
        intent(key, self.app.dialog.is_some()).and_then(|intent| self.app.act(intent))
    }

    /// Types letters; the last effect counts.
    fn types(&mut self, text: &str) -> Option<Effect> {
        text.chars().filter_map(|c| self.press(KeyCode::Char(c))).last()
    }
}

/// A few functions, one of which scales under a load by its HPA.
fn scaling() -> Stage {
    let mut stage = Stage::new(WhenClosed::StopsCluster);
    ["mltest", "knn", "sleep", "echo"].iter().for_each(|name| stage.deploy(name));
    stage.pass(20);
    let spec = HpaSpec::cpu(20, Some(2), 6);
    let function = FunctionName::parse("mltest");
    stage.wish(Command::Autoscale { function, spec, replace: false });
    stage.pass(10);
    stage.works("mltest", 1200, 38.0, 95);
    stage.pass(50);
    stage
}
