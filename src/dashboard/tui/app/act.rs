//! What keys change while no dialog is open. Nothing is done here: what is to be done is returned.

use super::{App, Effect, Pane};
use crate::cluster::command::Command;
use crate::cluster::function::FunctionName;
use crate::cluster::snapshot::FunctionState;
use crate::dashboard::tui::dialog::{Dialog, Form};
use crate::dashboard::tui::draw::Hit;
use crate::dashboard::tui::guide::Wish;
use crate::dashboard::tui::input::Intent;
use crate::dashboard::tui::link::Pace;
use crate::dashboard::tui::samples::taste;
use std::time::Duration;

/// How many lines PageUp and PageDown go.
const PAGE: isize = 10;
/// How many lines of a lesson they go.
const READ: isize = 5;

impl App {
    /// Does what a key asks of the screen; returns what is to be done outside of it.
    pub fn act(&mut self, intent: Intent) -> Option<Effect> {
        match self.dialog.take() {
            Some(dialog) => self.in_dialog(dialog, intent),
            None => self.on_screen(intent),
        }
    }

    fn on_screen(&mut self, intent: Intent) -> Option<Effect> {
        match intent {
            Intent::Quit | Intent::Interrupt => return self.quit(),
            Intent::Redraw => return Some(Effect::Redraw),
            Intent::ScaleUp => return self.scale(1),
            Intent::ScaleDown => return self.scale(-1),
            Intent::Load => return self.toggle_load(),
            Intent::Help => self.dialog = Some(Dialog::Help { scroll: 0 }),
            Intent::Filter => self.dialog = self.filterable().then_some(Dialog::Filter),
            Intent::Pause => match self.pace {
                Some(pace) => return Some(Effect::Pace(Pace { still: !pace.still, ..pace })),
                None => self.pause(),
            },
            Intent::Faster | Intent::Slower => {
                let pace = self.pace?;
                return Some(Effect::Pace(pace.faster(intent == Intent::Faster)));
            }
            Intent::Step => return self.pace.map(|_| Effect::Step),
            Intent::GoOn => return self.tell(Wish::GoOn),
            Intent::GoBack => return self.tell(Wish::GoBack),
            Intent::Tip => return self.tell(Wish::Hint),
            Intent::Solve => return self.tell(Wish::Solve),
            Intent::Lesson => {
                self.guide.as_ref()?;
                self.go_to(Pane::Lesson);
            }
            Intent::Sort => self.sort(),
            Intent::Window => self.next_window(),
            Intent::Compare => self.compare(),
            Intent::Zoom => self.zoomed = !self.zoomed,
            Intent::Cancel => self.cancel(),
            Intent::Invoke => {
                let form = self.function().map(|f| self.with_body(f, Form::invoke));
                self.dialog = form.map(Dialog::Form);
            }
            Intent::Hpa => {
                let form = self.function().map(|f| Form::hpa(f.name(), f.hpa.as_deref()));
                self.dialog = form.map(Dialog::Form);
            }
            Intent::Retry => return self.retry_call(),
            Intent::DeletePod if self.pane == Pane::Async => self.ask_to_cancel_call(),
            Intent::DeletePod => match self.pod() {
                Some(pod) => self.dialog = Some(Dialog::DeletePod { name: pod.name.clone() }),
                None => self.say("there is no pod to delete", true),
            },
            Intent::OwnLog if self.pane == Pane::Async => self.toggle_all_calls(),
            Intent::OwnLog => {
                self.own_log = !self.own_log;
                self.go_to(Pane::Log);
            }
            Intent::NextPane => self.go_to(neighbour(self.pane, 1)),
            Intent::PreviousPane => self.go_to(neighbour(self.pane, Pane::ALL.len() - 1)),
            Intent::Pane(n) => self.go_to(*Pane::ALL.get(n)?),
            Intent::Up => self.go(-1),
            Intent::Down => self.go(1),
            // A lesson is read on wherever the keys are.
            Intent::PageUp if self.guide.is_some() => self.read_on(-READ),
            Intent::PageDown if self.guide.is_some() => self.read_on(READ),
            Intent::PageUp => self.go(-PAGE),
            Intent::PageDown => self.go(PAGE),
            Intent::First => self.go(isize::MIN / 2),
            Intent::Last => self.go(isize::MAX / 2),
            Intent::Left => self.sideways(-1),
            Intent::Right => self.sideways(1),
            Intent::Type(_) | Intent::Erase | Intent::EraseAll | Intent::Submit => {}
        }
        None
    }

    fn tell(&self, wish: Wish) -> Option<Effect> {
        self.guide.as_ref().map(|_| Effect::Tell(wish))
    }

    /// Scrolls the lesson. How long it is, is known when it is drawn: no further than a page of text is.
    fn read_on(&mut self, by: isize) {
        self.guide_scroll = (self.guide_scroll + by).clamp(-60, 60);
    }

    /// A form with the body that was sent last, or else one that is known to work.
    fn with_body(
        &self,
        function: &FunctionState,
        form: fn(FunctionName, &str, &'static str) -> Form,
    ) -> Form {
        let (name, taste) = (function.name(), taste(&function.spec));
        let body = self.bodies.get(&name).map_or(taste.body, String::as_str);
        form(name.clone(), body, taste.hint)
    }

    pub(super) fn quit(&mut self) -> Option<Effect> {
        if self.stops_cluster() {
            self.dialog = Some(Dialog::Quit);
            return None;
        }
        Some(Effect::Close { stop: false })
    }

    /// One pod more or less than is wanted by now, even while the screen is paused.
    fn scale(&mut self, by: i64) -> Option<Effect> {
        let id = self.chosen?;
        let function = self.latest.as_ref()?.snapshot.functions.get(&id)?;
        let from = self.asked.get(&id).copied().unwrap_or(function.replicas);
        let name = function.name();
        let Ok(replicas) = u32::try_from(i64::from(from) + by) else {
            self.say(format!("{} is at 0 pods already", name.name), true);
            return None;
        };
        self.asked.insert(id, replicas);
        let done = format!("{}: {from} → {replicas} replicas, as you asked", name.name);
        Some(Effect::Apply { command: Command::Scale { function: name, replicas }, done })
    }

    fn toggle_load(&mut self) -> Option<Effect> {
        let function = self.function()?;
        let (name, form) = (function.name(), self.with_body(function, Form::load));
        if let Some(state) = self.loads.get_mut(&name) {
            state.stopping = true;
            return Some(Effect::StopLoad(name));
        }
        self.dialog = Some(Dialog::Form(form));
        None
    }

    fn filterable(&self) -> bool {
        !matches!(self.pane, Pane::Charts | Pane::Why | Pane::Lesson)
    }

    fn pause(&mut self) {
        self.frozen = match self.frozen.take() {
            Some(_) => None,
            None => self.latest.clone().map(|view| (view, self.live_now())),
        };
        self.settle();
    }

    fn sort(&mut self) {
        let order = if self.pane == Pane::Pods {
            self.pod_sort = self.pod_sort.next();
            format!("pods by {}", self.pod_sort.words())
        } else {
            self.function_sort = self.function_sort.next();
            format!("functions by {}", self.function_sort.words())
        };
        self.say(order, false);
    }

    /// Marks the chosen function to be compared with others, or takes the mark away.
    fn compare(&mut self) {
        let Some((id, name)) = self.function().map(|f| (f.id, f.spec.name.clone())) else { return };
        if self.compared.remove(&id) {
            let rest = match self.compared.len() {
                0 => "no function is marked".to_owned(),
                n => format!("{} still marked", count_of(n)),
            };
            return self.say(format!("{name} is unmarked, {rest}"), false);
        }
        self.compared.insert(id);
        // Enter alone enlarges whichever pane has the keys.
        let keys = if self.pane <= Pane::Charts { "Enter" } else { "2 Enter" };
        let now = match self.compared.len() {
            1 => format!("{name} is marked ◆: mark another one, then {keys} shows both charts"),
            n => format!("{name} is marked ◆: {keys} shows the charts of all {n} marked functions"),
        };
        self.say(now, false);
    }

    fn next_window(&mut self) {
        self.window = Duration::from_secs(match self.window.as_secs() {
            60 => 120,
            120 => 300,
            300 => 600,
            _ => 60,
        });
    }

    /// Esc: one step back from wherever one is.
    fn cancel(&mut self) {
        if self.zoomed {
            self.zoomed = false;
        } else if self.message.is_some() {
            self.message = None;
        } else if self.filters.remove(&self.pane).is_some() {
            self.settle();
        } else {
            self.go_to(Pane::Functions);
        }
    }

    /// Another part of the screen gets the keys.
    pub fn go_to(&mut self, pane: Pane) {
        if self.pane != pane {
            (self.pane, self.scroll) = (pane, 0);
        }
        if pane > Pane::Charts && pane != Pane::Lesson {
            self.tab = pane;
        }
        if !matches!(pane, Pane::Functions | Pane::Lesson) {
            self.beside = pane;
        }
    }

    /// The mouse was pressed on something.
    pub fn click(&mut self, hit: Hit) {
        match hit {
            Hit::Pane(pane) => self.go_to(pane),
            Hit::Function(id) => {
                self.go_to(Pane::Functions);
                self.choose(id);
            }
            Hit::Pod(uid) => {
                self.go_to(Pane::Pods);
                self.pod = Some(uid);
            }
            Hit::Call(id) => {
                self.go_to(Pane::Async);
                self.call = Some(id);
            }
        }
    }

    /// The wheel was turned over something: what is there scrolls.
    pub fn wheel(&mut self, hit: Hit, by: isize) {
        let pane = match hit {
            Hit::Pane(pane) => pane,
            Hit::Function(_) => Pane::Functions,
            Hit::Pod(_) => Pane::Pods,
            Hit::Call(_) => Pane::Async,
        };
        self.go_to(pane);
        self.go(by);
    }

    fn go(&mut self, by: isize) {
        // Events begin with the newest and a log ends with it: scrolling leads away from it.
        let (by, length) = match self.pane {
            Pane::Functions | Pane::Charts => return self.choose_function(by),
            Pane::Pods => return self.choose_pod(by),
            // Long steps take several lines.
            Pane::Why => (by, self.working().len() * 3),
            Pane::Events => (by, self.events().len()),
            Pane::Log => (by.saturating_neg(), self.log_rows().len()),
            Pane::Requests => (by, self.requests().len()),
            Pane::Async => return self.choose_call(by),
            Pane::Lesson => return self.read_on(by),
        };
        self.scroll = self.scroll.saturating_add_signed(by).min(length.saturating_sub(1));
    }

    /// Left and right: earlier and later decisions; elsewhere, the panes beside.
    fn sideways(&mut self, by: isize) {
        if self.pane == Pane::Why {
            let decisions = self.function().map_or(0, |f| f.decisions.len());
            self.back = self.back.saturating_add_signed(-by).min(decisions.saturating_sub(1));
            self.scroll = 0;
        } else {
            self.go_to(neighbour(self.pane, if by > 0 { 1 } else { Pane::ALL.len() - 1 }));
        }
    }
}

/// `1 is`, `2 are`.
fn count_of(n: usize) -> String {
    format!("{n} {}", if n == 1 { "is" } else { "are" })
}

fn neighbour(pane: Pane, by: usize) -> Pane {
    let at = Pane::ALL.iter().position(|p| *p == pane).unwrap_or(0);
    Pane::ALL[(at + by) % Pane::ALL.len()]
}
