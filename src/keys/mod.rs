//! What was pressed? Key syntax and the one table of bindings; footer, help and palette are made from it.
//!
//! To add a key: one line in `table.rs` and, where a person should see it, its place in `footer.rs`.
//! The tests of `table.rs` hold the rules a key map must keep.

mod footer;
mod help;
mod key;
mod may;
mod palette;
mod table;

pub use footer::footer;
pub use help::{Help, help, help_screen};
pub use key::{Code, Key, KeyError};
pub use may::may;
pub use palette::{PaletteRow, palette};

use crate::state::State;
use crate::state::action::Action;
use crate::state::nav::Screen;
use crate::state::prompt::Prompt;

/// What a key means now: in a text field while something is typed, else on the screen in view.
pub fn lookup(state: &State, key: Key) -> Option<Action> {
    match &state.prompt {
        Some(prompt) => typed(prompt, key),
        None => bound(state.nav.screen, key),
    }
}

/// What a key means in a text field: its own keys, else the character itself.
fn typed(prompt: &Prompt, key: Key) -> Option<Action> {
    if let Some(action) = table::of(table::Place::TextField, key) {
        return Some(action);
    }
    match key {
        Key { ctrl: false, code: Code::Char(character) } if !matches!(prompt, Prompt::WhoAnswers { .. }) => {
            Some(Action::Type(character))
        }
        _ => None,
    }
}

/// What a key means on a screen: the screen's own keys first, then lists', then everywhere's.
fn bound(screen: Screen, key: Key) -> Option<Action> {
    table::places(screen).into_iter().find_map(|place| table::of(place, key))
}
