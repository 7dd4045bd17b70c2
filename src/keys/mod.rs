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
        Some(prompt) => typed(state, prompt, key),
        None => bound(state.nav.screen, key),
    }
}

/// What a key means in a text field: its own keys, else the character itself.
fn typed(state: &State, prompt: &Prompt, key: Key) -> Option<Action> {
    let action = table::of(table::Place::TextField, key);
    if let Prompt::Palette { line, at } = prompt {
        let rows = palette(state, &line.text);
        return match action {
            Some(Action::Accept) => chosen(&rows, at.as_deref()).map(run_or_keep),
            Some(Action::Field(next)) => neighbour(&rows, at.as_deref(), next),
            Some(action) => Some(action),
            None => character(key),
        };
    }
    match (prompt, action) {
        (_, Some(action)) => Some(action),
        (Prompt::WhoAnswers { .. }, None) => None,
        (_, None) => character(key),
    }
}

/// A key that is typed as itself.
fn character(key: Key) -> Option<Action> {
    match key {
        Key {
            ctrl: false,
            code: Code::Char(character),
        } => Some(Action::Type(character)),
        _ => None,
    }
}

/// The marked row of the palette; the best match when none is marked.
fn chosen<'r>(rows: &'r [PaletteRow], at: Option<&str>) -> Option<&'r PaletteRow> {
    rows.iter()
        .find(|row| Some(row.name.as_str()) == at)
        .or_else(|| rows.first())
}

/// What Enter does on a row: what its key would; a `no` keeps the palette open, with its reason in view.
fn run_or_keep(row: &PaletteRow) -> Action {
    if row.allowed {
        row.action.clone()
    } else {
        Action::Choose(row.name.clone())
    }
}

/// Marks the next or previous row of the palette.
fn neighbour(rows: &[PaletteRow], at: Option<&str>, next: bool) -> Option<Action> {
    let here = rows
        .iter()
        .position(|row| Some(row.name.as_str()) == at)
        .unwrap_or(0);
    let there = if next {
        here + 1
    } else {
        here + rows.len().checked_sub(1)?
    } % rows.len().max(1);
    rows.get(there).map(|row| Action::Choose(row.name.clone()))
}

/// What a key means on a screen: the screen's own keys first, then lists', then everywhere's.
fn bound(screen: Screen, key: Key) -> Option<Action> {
    table::places(screen)
        .into_iter()
        .find_map(|place| table::of(place, key))
}
