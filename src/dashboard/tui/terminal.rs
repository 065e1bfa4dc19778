//! The terminal, taken over and given back.

use super::app::{App, Pane};
use super::draw;
use super::errands::News;
use super::theme::Theme;
use crossterm::event::{
    self, DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{cursor, execute};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Position;
use std::io::{self, IsTerminal, Stdout, stdout};
use std::mem::ManuallyDrop;
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::Sender;

/// How long the reader of keys may go on after the screen is closed.
const GLANCE: Duration = Duration::from_millis(100);

/// Whether a screen can be shown: a person sits at both ends, at a terminal that can move its cursor.
pub fn usable() -> bool {
    let dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    !dumb && io::stdin().is_terminal() && stdout().is_terminal() && io::stderr().is_terminal()
}

/// The terminal while the screen has it. Dropping it gives it back, and so does a panic.
pub(super) struct Terminal {
    /// Never dropped: it would complain on standard error where it cannot show the cursor, and that panics when
    /// the terminal is gone.
    inner: ManuallyDrop<ratatui::Terminal<CrosstermBackend<Stdout>>>,
    theme: Theme,
    closed: Arc<AtomicBool>,
}

impl Terminal {
    pub(super) fn open(news: Sender<News>) -> io::Result<Self> {
        enable_raw_mode()?;
        let closed = Arc::new(AtomicBool::new(false));
        restore_on_panic(closed.clone());
        // From here on the terminal is given back whatever fails.
        let backend = CrosstermBackend::new(stdout());
        let inner = ratatui::Terminal::new(backend).inspect_err(|_| give_back(&closed))?;
        let inner = ManuallyDrop::new(inner);
        let mut terminal = Terminal { inner, theme: Theme::from_environment(), closed };
        execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste, EnableMouseCapture, cursor::Hide)?;
        terminal.clear()?;
        let closed = terminal.closed.clone();
        std::thread::Builder::new().name("keys".into()).spawn(move || read_keys(&news, &closed))?;
        Ok(terminal)
    }

    pub(super) fn draw(&mut self, app: &App) -> io::Result<()> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(io::Error::other("a part of faasim panicked, its message is above"));
        }
        let theme = self.theme;
        self.inner.draw(|frame| draw::screen(app, theme, frame.area(), frame.buffer_mut()))?;
        Ok(())
    }

    /// Whether a pane has a place on the screen at its present size.
    pub(super) fn shows(&self, app: &App, pane: Pane) -> bool {
        let size = self.inner.size().unwrap_or_default();
        draw::shows(app, size.into(), pane)
    }

    /// What is at a place of the screen.
    pub(super) fn hit(&self, app: &App, at: Position) -> Option<draw::Hit> {
        draw::hit(app, self.inner.size().unwrap_or_default().into(), at)
    }

    /// Forgets what is on the screen, so that all of it is drawn anew.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        // `clear` would ask the terminal where its cursor is, and some never answer.
        let size = self.inner.size()?;
        self.inner.resize(size.into())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back(&self.closed);
    }
}

/// Gives the terminal back, once. What fails on the way cannot be told to anybody.
fn give_back(closed: &AtomicBool) {
    if !closed.swap(true, Ordering::SeqCst) {
        let _ = execute!(
            stdout(),
            DisableMouseCapture,
            DisableBracketedPaste,
            LeaveAlternateScreen,
            cursor::Show
        );
        let _ = disable_raw_mode();
    }
}

/// A panic's message belongs on the person's own screen, not on ours.
fn restore_on_panic(closed: Arc<AtomicBool>) {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        give_back(&closed);
        before(info);
    }));
}

/// Hands on keys until the screen is closed. It looks up from time to time, so that no key is taken from
/// whoever has the terminal next.
fn read_keys(news: &Sender<News>, closed: &AtomicBool) {
    while !closed.load(Ordering::SeqCst) {
        let read = match event::poll(GLANCE) {
            Ok(false) => continue,
            Ok(true) => event::read(),
            Err(error) => Err(error),
        };
        let sent = match read {
            Ok(input) => news.blocking_send(News::Input(input)),
            Err(_) => {
                let _ = news.blocking_send(News::TerminalGone);
                return;
            }
        };
        if sent.is_err() {
            return;
        }
    }
}
