//! Leads a student through a lesson on the screen: between the walk, which knows where the student is, and the screen.

use super::progress::Progress;
use crate::cli::screen::Paced;
use crate::cluster::function::FunctionName;
use crate::cluster::time::Time;
use crate::dashboard::tui::app::{Effect, Pane};
use crate::dashboard::tui::guide::{Guide, Part, Tutor, Wish};
use crate::dashboard::tui::link::{Link, Load, Pace, Shape};
use crate::dashboard::view::View;
use crate::lab::lesson::act::{self, What};
use crate::lab::lesson::{Act, Phase, Walk};
use crate::lab::stage::Stage;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// How far the student has come: asked for after the screen is closed.
pub(super) type Place = Arc<Mutex<usize>>;

pub(super) struct Leader {
    walk: Walk,
    /// The cluster's time, where it is virtual.
    time: Option<Paced>,
    speed: f64,
    progress: Progress,
    place: Place,
    latest: Option<View>,
    /// The task of the page before was done.
    praise: Option<String>,
    /// What the lesson has begun and not yet done, one a view: what follows may need what came before.
    todo: VecDeque<Act>,
    /// What the page begins with is not over: it is no part of what the student does.
    quiet: bool,
    /// The student asked for the solution meanwhile: it is done once what the page begins with is over, and seen.
    asked: Vec<Act>,
    /// Before this moment of the cluster nothing more of it is done.
    wait: Time,
    /// Whether time was last told to stand still.
    still: Option<bool>,
    effects: Vec<Effect>,
}

impl Leader {
    pub(super) fn new(walk: Walk, time: Option<Paced>, progress: Progress, place: Place) -> Self {
        let speed = walk.lesson().speed;
        let mut leader = Leader {
            walk,
            time,
            speed,
            progress,
            place,
            latest: None,
            praise: None,
            todo: VecDeque::new(),
            quiet: false,
            asked: Vec::new(),
            wait: Time::ZERO,
            still: None,
            effects: Vec::new(),
        };
        leader.page_turned();
        leader
    }

    /// What a load or an act of before is continued with.
    pub(super) fn also(&mut self, acts: impl IntoIterator<Item = Act>) {
        self.todo.extend(acts);
        self.quiet = !self.todo.is_empty();
    }

    /// A page has begun.
    fn page_turned(&mut self) {
        if !self.walk.begins() {
            return;
        }
        self.still = None;
        let number = self.walk.page_number();
        *self.place.lock().unwrap_or_else(PoisonError::into_inner) = number;
        let pages = self.walk.lesson().pages.len();
        self.progress.reach(&self.walk.lesson().name.clone(), number, pages);
        let Some(page) = self.walk.page().cloned() else { return };
        if let (Some(variant), Some(time)) = (&page.fresh, &self.time) {
            time.restart(Stage::new(variant, variant.scenario.seed));
            self.wait = Time::ZERO;
        }
        self.speed = page.speed.unwrap_or(self.walk.lesson().speed);
        self.asked.clear();
        self.todo.extend(page.begin.iter().cloned());
        self.quiet = !self.todo.is_empty();
        if let Some(pane) = page.show {
            self.effects.push(Effect::Show(pane));
        }
    }

    /// Lets time pass while there is something to be brought about, and stand still while the student reads. What the
    /// student has changed about it stays until then.
    fn keep_time(&mut self) {
        let Some(time) = &self.time else { return };
        let waits = self.latest.as_ref().is_some_and(|v| v.snapshot.at < self.wait);
        let still = !self.walk.runs() && self.todo.is_empty() && !waits;
        if self.still.replace(still) != Some(still) {
            time.set_pace(Pace { still, ..Pace::at(self.speed) });
        }
    }

    fn do_next(&mut self) {
        let Some(view) = &self.latest else { return };
        if view.snapshot.at < self.wait {
            return;
        }
        let Some(act) = self.todo.pop_front() else { return };
        let name = |function: &String| FunctionName::parse(function);
        let effect = match &act.what {
            What::Invoke { function, body } => Effect::Invoke(name(function), body.clone().into_bytes()),
            What::Load { function, shape, body } => Effect::StartLoad(Load {
                function: name(function),
                shape: match shape {
                    act::Shape::Users(n) => Shape::Users(*n),
                    act::Shape::Rate(rate) => Shape::Rate(*rate),
                },
                body: body.clone(),
                duration: None,
            }),
            What::StopLoad(function) => Effect::StopLoad(name(function)),
            What::Show(pane) => Effect::Show(*pane),
            What::Wait(time) => {
                self.wait = view.snapshot.at + *time;
                return;
            }
            _ => match act.command(&view.snapshot) {
                Ok(Some(command)) => Effect::Apply { command, done: format!("the lesson did: {act}") },
                Ok(None) => return,
                Err(_) => return,
            },
        };
        self.effects.push(effect);
    }
}

impl Tutor for Leader {
    fn observe(&mut self, view: &View, pane: Pane) {
        self.latest = Some(view.clone());
        let had = self.todo.len();
        self.do_next();
        let waits = view.snapshot.at < self.wait;
        if self.todo.is_empty() && had == 0 && !waits {
            self.quiet = false;
            self.todo.extend(std::mem::take(&mut self.asked));
        }
        let before = self.walk.page_number();
        if !self.quiet && self.walk.observe(view, Some(pane)) {
            let done = if self.walk.page_number() != before { "That was it." } else { "Done." };
            self.praise = Some(done.into());
            self.page_turned();
        }
        self.keep_time();
    }

    fn wish(&mut self, wish: Wish) {
        match wish {
            Wish::GoOn => self.walk.go_on(),
            Wish::GoBack => self.walk.back(),
            Wish::Hint => return self.walk.hint(),
            Wish::Solve => {
                if self.walk.phase() == Phase::Task {
                    let solution = self.walk.solution();
                    if self.quiet {
                        self.asked = solution;
                    } else {
                        self.todo.extend(solution);
                    }
                    self.keep_time();
                }
                return;
            }
        }
        self.praise = None;
        self.page_turned();
        self.keep_time();
    }

    fn acted(&mut self) {
        if let Some(time) = &self.time
            && let Some(pace) = time.pace()
        {
            time.set_pace(Pace { still: false, ..pace });
        }
    }

    fn paced(&mut self, pace: Pace) {
        self.speed = pace.speed;
        if let Some(time) = &self.time {
            time.set_pace(pace);
        }
    }

    fn effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    fn guide(&self) -> Guide {
        let lesson = self.walk.lesson();
        let (page, pages) = (self.walk.page_number() + 1, lesson.pages.len());
        let texts = self.walk.texts();
        let mut parts = Vec::new();
        if let Some(praise) = &self.praise {
            parts.push((Part::Praise, praise.clone()));
        }
        if self.walk.phase() == Phase::Over {
            let text = "This is the end of the lesson. The cluster is still there: try on it what you like. `faasim learn` \
                        lists the other lessons.";
            parts.push((Part::Text, text.into()));
            return Guide {
                lesson: lesson.title.clone(),
                place: "done".into(),
                title: "The end".into(),
                parts,
                keys: vec![("q", "leave"), ("b", "back")],
                ends_count: false,
            };
        }
        parts.push((Part::Text, texts.text));
        if let Some(task) = texts.task {
            parts.push((Part::Task, task));
        }
        let phase = self.walk.phase();
        if phase == Phase::Task {
            let wants: Vec<String> = self
                .walk
                .wants()
                .into_iter()
                .map(|(want, judged)| match judged {
                    Some(j) if j.holds => format!("✓ {want}"),
                    Some(j) if !j.seen.is_empty() => format!("○ {want} (now: {})", j.seen),
                    _ => format!("○ {want}"),
                })
                .collect();
            parts.push((Part::Wanted, wants.join("\n")));
        }
        let hinted = texts.hint.is_some();
        parts.extend(texts.hint.map(|hint| (Part::Hint, hint)));
        parts.extend(texts.question.map(|question| (Part::Question, question)));
        parts.extend(texts.answer.map(|answer| (Part::Answer, answer)));
        let mut keys = vec![match phase {
            Phase::Task => ("n", "skip"),
            Phase::Question => ("n", "answer"),
            _ => ("n", "go on"),
        }];
        if phase == Phase::Task && texts.has_hint && !hinted {
            keys.push(("t", "tip"));
        }
        if phase == Phase::Task && !self.walk.solution().is_empty() {
            keys.push(("x", "do it for me"));
        }
        if page > 1 {
            keys.push(("b", "back"));
        }
        Guide {
            lesson: lesson.title.clone(),
            place: format!("page {page} of {pages}"),
            title: texts.title,
            parts,
            keys,
            ends_count: matches!(phase, Phase::Question | Phase::Answer),
        }
    }
}
