//! From a key to what it means.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// What a person wants of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // Each is one key of the help.
pub enum Intent {
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    First,
    Last,
    NextPane,
    PreviousPane,
    /// A pane by its number, from 0.
    Pane(usize),
    Zoom,
    Window,
    Compare,
    Invoke,
    Load,
    ScaleUp,
    ScaleDown,
    DeletePod,
    Retry,
    Hpa,
    OwnLog,
    Pause,
    Filter,
    Sort,
    Help,
    /// In a lesson.
    GoOn,
    GoBack,
    Tip,
    Solve,
    Lesson,
    /// In virtual time.
    Faster,
    Step,
    Slower,
    Quit,
    /// Ctrl-C: quit, also from inside a dialog.
    Interrupt,
    Redraw,
    Cancel,
    /// In a dialog.
    Type(char),
    Erase,
    EraseAll,
    Submit,
}

/// What a key means; `typing` says that a dialog is open, which then gets the letters.
pub fn intent(key: KeyEvent, typing: bool) -> Option<Intent> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return match key.code {
            KeyCode::Char('c') => Some(Intent::Interrupt),
            KeyCode::Char('l') => Some(Intent::Redraw),
            KeyCode::Char('u') if typing => Some(Intent::EraseAll),
            KeyCode::Char('u') => Some(Intent::PageUp),
            KeyCode::Char('d') if !typing => Some(Intent::PageDown),
            _ => None,
        };
    }
    anywhere(key.code).or(if typing { in_dialog(key.code) } else { on_screen(key.code) })
}

fn anywhere(code: KeyCode) -> Option<Intent> {
    Some(match code {
        KeyCode::Up => Intent::Up,
        KeyCode::Down => Intent::Down,
        KeyCode::Left => Intent::Left,
        KeyCode::Right => Intent::Right,
        KeyCode::PageUp => Intent::PageUp,
        KeyCode::PageDown => Intent::PageDown,
        KeyCode::Home => Intent::First,
        KeyCode::End => Intent::Last,
        KeyCode::Tab => Intent::NextPane,
        KeyCode::BackTab => Intent::PreviousPane,
        KeyCode::Esc => Intent::Cancel,
        _ => return None,
    })
}

fn in_dialog(code: KeyCode) -> Option<Intent> {
    Some(match code {
        KeyCode::Char(c) => Intent::Type(c),
        KeyCode::Backspace => Intent::Erase,
        KeyCode::Enter => Intent::Submit,
        _ => return None,
    })
}

fn on_screen(code: KeyCode) -> Option<Intent> {
    Some(match code {
        KeyCode::Char('k') => Intent::Up,
        KeyCode::Char('j') => Intent::Down,
        KeyCode::Char('g') => Intent::First,
        KeyCode::Char('G') => Intent::Last,
        KeyCode::Char(n @ '1'..='8') => Intent::Pane(n as usize - '1' as usize),
        KeyCode::Enter => Intent::Zoom,
        KeyCode::Char('w') => Intent::Window,
        KeyCode::Char('v') => Intent::Compare,
        KeyCode::Char('i') => Intent::Invoke,
        KeyCode::Char('l') => Intent::Load,
        KeyCode::Char('+' | '=') => Intent::ScaleUp,
        KeyCode::Char('-' | '_') => Intent::ScaleDown,
        KeyCode::Char('d') | KeyCode::Delete => Intent::DeletePod,
        KeyCode::Char('r') => Intent::Retry,
        KeyCode::Char('a') => Intent::Hpa,
        KeyCode::Char('o') => Intent::OwnLog,
        KeyCode::Char('p' | ' ') => Intent::Pause,
        KeyCode::Char('/') => Intent::Filter,
        KeyCode::Char('s') => Intent::Sort,
        KeyCode::Char('?' | 'h') | KeyCode::F(1) => Intent::Help,
        KeyCode::Char('n') => Intent::GoOn,
        KeyCode::Char('b') => Intent::GoBack,
        KeyCode::Char('t') => Intent::Tip,
        KeyCode::Char('x') => Intent::Solve,
        KeyCode::Char('0') => Intent::Lesson,
        KeyCode::Char('>') => Intent::Faster,
        KeyCode::Char('<') => Intent::Slower,
        KeyCode::Char('.') => Intent::Step,
        KeyCode::Char('q') => Intent::Quit,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(code: KeyCode) -> KeyEvent {
        KeyEvent::new(code, KeyModifiers::NONE)
    }

    #[test]
    fn letters_are_commands_until_a_dialog_takes_them() {
        assert_eq!(intent(press(KeyCode::Char('q')), false), Some(Intent::Quit));
        assert_eq!(intent(press(KeyCode::Char('q')), true), Some(Intent::Type('q')));
        assert_eq!(intent(press(KeyCode::Char('2')), false), Some(Intent::Pane(1)));
        assert_eq!(intent(press(KeyCode::Enter), false), Some(Intent::Zoom));
        assert_eq!(intent(press(KeyCode::Enter), true), Some(Intent::Submit));
        assert_eq!(intent(press(KeyCode::Char('9')), false), None);
    }

    #[test]
    fn control_c_means_quit_everywhere_and_a_released_key_nothing() {
        let key = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(intent(key, false), Some(Intent::Interrupt));
        assert_eq!(intent(key, true), Some(Intent::Interrupt));
        let mut released = press(KeyCode::Char('q'));
        released.kind = KeyEventKind::Release;
        assert_eq!(intent(released, false), None);
    }
}
