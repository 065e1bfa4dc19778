//! Asynchronous calls: which are shown, which is chosen, and what keys do to it.

use super::{App, Effect, Pane};
use crate::cluster::snapshot::FunctionState;
use crate::dashboard::tui::calls::{CallRow, CallWish, Calls, CallsWanted, Stage};
use crate::dashboard::tui::dialog::Dialog;

impl App {
    /// What is to be asked for while the calls are shown.
    pub fn calls_wanted(&self) -> CallsWanted {
        let function = self.function().filter(|_| !self.all_calls).map(FunctionState::name);
        CallsWanted { function, chosen: self.call.clone() }
    }

    /// The answer to that.
    pub fn calls_told(&mut self, calls: Result<Calls, String>) {
        if !self.paused() || self.calls.is_none() {
            self.calls = Some(calls);
            self.choose_call(0);
        }
    }

    /// The calls that are shown, the newest first.
    pub fn call_rows(&self) -> Vec<&CallRow> {
        let function = self.calls_wanted().function.map(|f| f.to_string());
        let rows = self.calls.iter().flatten().flat_map(|calls| &calls.rows);
        let meant = rows.filter(|c| function.as_ref().is_none_or(|wanted| *wanted == c.function));
        meant.filter(|c| self.passes(Pane::Async, &[&c.id, &c.function, c.stage.words()])).collect()
    }

    /// The call that keys act on.
    pub fn call(&self) -> Option<&CallRow> {
        let id = self.call.as_deref()?;
        self.call_rows().into_iter().find(|c| c.id == id)
    }

    /// What the last try of the chosen call said.
    pub fn call_said(&self) -> Option<&str> {
        let (id, said) = self.calls.as_ref()?.as_ref().ok()?.said.as_ref()?;
        (Some(id) == self.call.as_ref() && !said.trim().is_empty()).then_some(said.as_str())
    }

    /// The next or an earlier one of the calls shown.
    pub(super) fn choose_call(&mut self, by: isize) {
        let rows = self.call_rows();
        let at = rows.iter().position(|c| Some(&c.id) == self.call.as_ref()).unwrap_or(0);
        let next = at.saturating_add_signed(by).min(rows.len().saturating_sub(1));
        self.call = rows.get(next).map(|c| c.id.clone());
    }

    /// Calls of all functions, or of the chosen one only.
    pub(super) fn toggle_all_calls(&mut self) {
        self.all_calls = !self.all_calls;
        self.choose_call(0);
    }

    /// Tries the chosen call again.
    pub(super) fn retry_call(&mut self) -> Option<Effect> {
        if self.pane != Pane::Async {
            self.say("r tries an asynchronous call again: choose one in pane 8", true);
            return None;
        }
        let Some(call) = self.call().cloned() else {
            self.say("there is no call to try again", true);
            return None;
        };
        if !matches!(call.stage, Stage::Dead | Stage::Retrying) {
            self.say("only a call that has failed can be tried again", true);
            return None;
        }
        let done = format!("{} is to be tried again", call.id);
        Some(Effect::ChangeCall { id: call.id, wish: CallWish::Retry, done })
    }

    /// Asks whether the chosen call is to be cancelled.
    pub(super) fn ask_to_cancel_call(&mut self) {
        match self.call().cloned() {
            Some(call) if call.stage == Stage::Done => self.say("this call has ended already", true),
            Some(call) => self.dialog = Some(Dialog::CancelCall { id: call.id, stage: call.stage }),
            None => self.say("there is no call to cancel", true),
        }
    }
}
