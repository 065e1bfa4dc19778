//! What keys change while a dialog is open.

use super::{App, Effect};
use crate::cluster::command::Command;
use crate::dashboard::tui::calls::CallWish;
use crate::dashboard::tui::dialog::{Dialog, Filled, Form, Purpose};
use crate::dashboard::tui::input::Intent;

impl App {
    pub(super) fn in_dialog(&mut self, dialog: Dialog, intent: Intent) -> Option<Effect> {
        match (dialog, intent) {
            (Dialog::Quit, intent) => return self.in_quit(intent),
            (_, Intent::Interrupt) => return self.quit(),
            (Dialog::Filter, intent) => self.in_filter(intent),
            (_, Intent::Cancel) => {}
            (Dialog::Help { scroll }, intent) => self.dialog = in_help(scroll, intent),
            (Dialog::DeletePod { name }, Intent::Type('y' | 'Y') | Intent::Submit) => {
                let done = format!("{name} is being deleted");
                return Some(Effect::Apply { command: Command::DeletePod { name }, done });
            }
            (Dialog::DeletePod { .. }, Intent::Type('n' | 'N' | 'q')) => {}
            (Dialog::CancelCall { id, .. }, Intent::Type('y' | 'Y') | Intent::Submit) => {
                let done = format!("{id} is cancelled");
                return Some(Effect::ChangeCall { id, wish: CallWish::Cancel, done });
            }
            (Dialog::CancelCall { .. }, Intent::Type('n' | 'N' | 'q')) => {}
            (Dialog::Form(form), intent) => return self.in_form(form, intent),
            (dialog, _) => self.dialog = Some(dialog),
        }
        None
    }

    fn in_quit(&mut self, intent: Intent) -> Option<Effect> {
        match intent {
            Intent::Type('y' | 'Y' | 's') | Intent::Submit | Intent::Interrupt => {
                Some(Effect::Close { stop: true })
            }
            Intent::Type('c' | 'C') => Some(Effect::Close { stop: false }),
            Intent::Type('n' | 'N' | 'q') | Intent::Cancel => None,
            _ => {
                self.dialog = Some(Dialog::Quit);
                None
            }
        }
    }

    fn in_filter(&mut self, intent: Intent) {
        let filter = self.filters.entry(self.pane).or_default();
        match intent {
            Intent::Type(c) => filter.push(c),
            Intent::Erase => drop(filter.pop()),
            Intent::EraseAll => filter.clear(),
            Intent::Cancel => filter.clear(),
            _ => {}
        }
        if filter.is_empty() {
            self.filters.remove(&self.pane);
        }
        if !matches!(intent, Intent::Cancel | Intent::Submit) {
            self.dialog = Some(Dialog::Filter);
        }
        self.scroll = 0;
        self.settle();
    }

    fn in_form(&mut self, mut form: Form, intent: Intent) -> Option<Effect> {
        match intent {
            Intent::Type(c) => form.write(c),
            Intent::Erase => form.erase(false),
            Intent::EraseAll => form.erase(true),
            Intent::NextPane | Intent::Down => form.step(true),
            Intent::PreviousPane | Intent::Up => form.step(false),
            Intent::Left | Intent::Right | Intent::Last => form.keep(),
            Intent::Submit => {
                if let Some(filled) = form.submit() {
                    return Some(self.filled(form, filled));
                }
            }
            _ => {}
        }
        self.dialog = Some(Dialog::Form(form));
        None
    }

    fn filled(&mut self, mut form: Form, filled: Filled) -> Effect {
        match filled {
            Filled::Invoke(function, body) => {
                self.bodies.insert(function.clone(), body.clone());
                form.purpose = Purpose::Invoke { answer: None, busy: true };
                form.fields.iter_mut().for_each(|field| field.fresh = true);
                self.dialog = Some(Dialog::Form(form));
                Effect::Invoke(function, body.into_bytes())
            }
            Filled::Load(load) => {
                self.bodies.insert(load.function.clone(), load.body.clone());
                self.load_started(load.clone());
                Effect::StartLoad(load)
            }
            Filled::Command(command) => {
                let name = &form.function.name;
                let done = match &command {
                    Command::DeleteHpa(_) => format!("{name}: the HPA is removed"),
                    _ => format!("{name}: the HPA is set"),
                };
                Effect::Apply { command, done }
            }
        }
    }

    /// Text was pasted.
    pub fn paste(&mut self, text: &str) {
        match &mut self.dialog {
            Some(Dialog::Form(form)) => text.chars().filter(|c| *c != '\r').for_each(|c| form.write(c)),
            Some(Dialog::Filter) => text.chars().for_each(|c| self.in_filter(Intent::Type(c))),
            _ => {}
        }
    }
}

fn in_help(scroll: usize, intent: Intent) -> Option<Dialog> {
    let scroll = match intent {
        Intent::Down => scroll + 1,
        Intent::PageDown => scroll + 10,
        Intent::Up => scroll.saturating_sub(1),
        Intent::PageUp => scroll.saturating_sub(10),
        _ => return None,
    };
    Some(Dialog::Help { scroll: scroll.min(40) })
}
