//! The screen in a terminal.
//!
//! State ([`app`]) is apart from drawing ([`draw`], a pure function of state and size). Keys, views, replies, log
//! lines and a load's numbers meet at one channel, in [`run`]. The cluster is behind a [`link::Link`].

pub mod app;
pub mod calls;
pub mod dialog;
pub mod draw;
pub mod guide;
pub mod history;
pub mod input;
pub mod link;
pub mod samples;
pub mod terminal;
pub mod theme;
pub mod words;

mod errands;

use app::{App, Effect, Pane, WhenClosed};
use crossterm::event::{Event as Input, KeyEventKind, MouseButton, MouseEventKind};
use errands::{Errands, News};
use guide::Tutor;
use link::Link;
use ratatui::layout::Position;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};
use terminal::Terminal;
use tokio::sync::mpsc;

/// Keys and views that come faster than this are drawn together.
const FRAME: Duration = Duration::from_millis(33);
/// Ages and countdowns move on at least this often.
const TICK: Duration = Duration::from_secs(1);

/// Lines that one notch of the wheel goes.
const WHEEL: isize = 3;

/// How the screen was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// The person wants the cluster to stop too.
    Stop,
    /// Only the screen was closed.
    Closed,
    /// The cluster has stopped by itself, or its views ended.
    ClusterGone,
}

/// Shows the screen until it is left or `stop` completes. The terminal is as it was before, however this ends.
///
/// # Errors
/// The terminal cannot be used.
pub async fn run(
    link: Arc<dyn Link>,
    when_closed: WhenClosed,
    stop: impl Future<Output = ()>,
) -> io::Result<Left> {
    run_with(link, when_closed, None, stop).await
}

/// [`run`], with somebody who leads through a lesson.
///
/// # Errors
/// The terminal cannot be used.
pub async fn run_with(
    link: Arc<dyn Link>,
    when_closed: WhenClosed,
    tutor: Option<Box<dyn Tutor>>,
    stop: impl Future<Output = ()>,
) -> io::Result<Left> {
    let (sender, mut news) = mpsc::channel(256);
    let mut terminal = Terminal::open(sender.clone())?;
    let mut screen = Screen {
        app: App::new(when_closed),
        errands: Errands::new(link.clone(), sender),
        link,
        tutor,
        opened: Instant::now(),
        left: None,
    };
    screen.follow_tutor(&mut terminal)?;
    screen.errands.watch();
    let mut tick = tokio::time::interval(TICK);
    tokio::pin!(stop);
    loop {
        terminal.draw(&screen.app)?;
        let drawn = Instant::now();
        tokio::select! {
            () = &mut stop => return Ok(Left::Stop),
            _ = tick.tick() => {}
            some = news.recv() => match some {
                Some(some) => screen.hear(some, &mut terminal)?,
                None => return Ok(Left::ClusterGone),
            },
        }
        // A flood of news is drawn once a frame: a view that came late must not wait for a hundred drawings.
        while screen.left.is_none() && drawn.elapsed() < FRAME {
            let rest = FRAME.saturating_sub(drawn.elapsed());
            match tokio::time::timeout(rest, news.recv()).await {
                Ok(Some(more)) => screen.hear(more, &mut terminal)?,
                _ => break,
            }
        }
        screen.app.tick(screen.opened.elapsed());
        let wanted = terminal.shows(&screen.app, Pane::Log).then(|| screen.app.log_of()).flatten();
        if screen.errands.follow(wanted) {
            screen.app.log.clear();
        }
        let wanted = terminal.shows(&screen.app, Pane::Async).then(|| screen.app.calls_wanted());
        screen.errands.look_at_calls(wanted);
        if let Some(left) = screen.left {
            return Ok(left);
        }
    }
}

struct Screen {
    app: App,
    errands: Errands,
    link: Arc<dyn Link>,
    tutor: Option<Box<dyn Tutor>>,
    opened: Instant,
    left: Option<Left>,
}

impl Screen {
    fn hear(&mut self, news: News, terminal: &mut Terminal) -> io::Result<()> {
        let app = &mut self.app;
        match news {
            News::View(Ok(view)) => {
                if let Some(tutor) = &mut self.tutor {
                    tutor.observe(&view, app.pane);
                }
                app.pace = self.link.pace();
                app.observe(self.opened.elapsed(), *view);
                self.follow_tutor(terminal)?;
            }
            News::View(Err(why)) => app.missed(why),
            News::ClusterGone => self.left = Some(Left::ClusterGone),
            News::TerminalGone => self.left = Some(Left::Stop),
            News::Applied { done, result } => {
                app.applied(done, result);
                self.errands.look_again();
            }
            News::Calls(calls) => app.calls_told(calls),
            News::Invoked { function, result } => app.invoked(&function, result),
            News::Load { function, news } => app.load_news(&function, news),
            News::Log { reader, rows } => {
                if self.errands.is_current(reader) {
                    app.logged(rows);
                }
            }
            News::Input(Input::Key(key)) if key.kind != KeyEventKind::Release => {
                if let Some(intent) = input::intent(key, app.dialog.is_some())
                    && let Some(effect) = app.act(intent)
                {
                    let acts = matches!(
                        effect,
                        Effect::Apply { .. }
                            | Effect::Invoke(..)
                            | Effect::StartLoad(_)
                            | Effect::StopLoad(_)
                    );
                    self.carry_out(effect, terminal)?;
                    if let Some(tutor) = self.tutor.as_mut().filter(|_| acts) {
                        tutor.acted();
                    }
                }
                self.follow_tutor(terminal)?;
            }
            News::Input(Input::Paste(text)) => app.paste(&text),
            News::Input(Input::Mouse(mouse)) => {
                let hit = terminal.hit(app, Position::new(mouse.column, mouse.row));
                match (mouse.kind, hit) {
                    (MouseEventKind::Down(MouseButton::Left), Some(hit)) => app.click(hit),
                    (MouseEventKind::ScrollUp, Some(hit)) => app.wheel(hit, -WHEEL),
                    (MouseEventKind::ScrollDown, Some(hit)) => app.wheel(hit, WHEEL),
                    _ => {}
                }
            }
            News::Input(_) => {}
        }
        Ok(())
    }

    /// Does what a lesson wants, and shows its page.
    fn follow_tutor(&mut self, terminal: &mut Terminal) -> io::Result<()> {
        let Some(tutor) = &mut self.tutor else { return Ok(()) };
        let effects = tutor.effects();
        let guide = tutor.guide();
        self.app.guided(guide);
        for effect in effects {
            self.carry_out(effect, terminal)?;
        }
        self.app.pace = self.link.pace();
        Ok(())
    }

    fn carry_out(&mut self, effect: Effect, terminal: &mut Terminal) -> io::Result<()> {
        match effect {
            Effect::Apply { command, done } => self.errands.apply(command, done),
            Effect::ChangeCall { id, wish, done } => self.errands.change_call(id, wish, done),
            Effect::Invoke(function, body) => self.errands.invoke(function, body),
            Effect::StartLoad(load) => {
                if !self.app.loads.contains_key(&load.function) {
                    self.app.load_started(load.clone());
                }
                self.errands.start_load(load);
            }
            Effect::StopLoad(function) => {
                if let Some(state) = self.app.loads.get_mut(&function) {
                    state.stopping = true;
                }
                self.errands.stop_load(&function);
            }
            Effect::Show(pane) => self.app.go_to(pane),
            Effect::Tell(wish) => {
                if let Some(tutor) = &mut self.tutor {
                    tutor.wish(wish);
                }
            }
            Effect::Pace(pace) => match &mut self.tutor {
                Some(tutor) => tutor.paced(pace),
                None => self.link.set_pace(pace),
            },
            Effect::Step => self.link.step(),
            Effect::Redraw => terminal.clear()?,
            Effect::Close { stop } => self.left = Some(if stop { Left::Stop } else { Left::Closed }),
        }
        Ok(())
    }
}
