//! The help: which keys work here, made from the table.

use super::table::BINDINGS;
use super::table::Binding;
use super::table::Place;
use super::table::places;
use crate::state::State;
use crate::state::action::Action;
use crate::state::nav::Screen;

/// The keys of one screen in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Help {
    /// Keys and what they do on this screen.
    pub here: Vec<(String, String)>,
    /// Keys that move about on it.
    pub moves: Vec<(String, String)>,
    /// The digits and the screens they go to.
    pub screens: Vec<(String, String)>,
    /// Keys that work on every screen.
    pub everywhere: Vec<(String, String)>,
}

/// The screen that the help explains: the one under it.
pub fn help_screen(state: &State) -> Screen {
    match state.nav.screen {
        Screen::Help => state.nav.back.last().copied().unwrap_or(Screen::Board),
        screen => screen,
    }
}

/// The keys of the screen that the help was opened on.
pub fn help(state: &State) -> Help {
    let here = places(help_screen(state));
    let mut help = Help::default();
    for binding in BINDINGS
        .iter()
        .filter(|binding| here.contains(&binding.place))
    {
        let line = (binding.keys.join(" "), binding.help.to_owned());
        match (binding.place, &binding.action) {
            (_, Action::Go(_)) => help.screens.push(line),
            (Place::Everywhere, _) => join(&mut help.everywhere, binding, line),
            (Place::Lists | Place::Panes | Place::Folds, _) => {
                join(&mut help.moves, binding, line);
            }
            _ => join(&mut help.here, binding, line),
        }
    }
    help
}

/// Adds a line; two directions of one movement share theirs: `j k Down Up   move`.
fn join(lines: &mut Vec<(String, String)>, binding: &Binding, line: (String, String)) {
    let twin = |words: &str| {
        words == line.1
            && matches!(
                binding.action,
                Action::Move { .. }
                    | Action::End(_)
                    | Action::Pane(_)
                    | Action::Side(_)
                    | Action::Leave
            )
    };
    match lines.iter_mut().find(|(_, words)| twin(words)) {
        None => lines.push(line),
        Some((keys, _)) => *keys = zip(keys, binding.keys),
    }
}

/// `j Down` and `k Up` as `j k Down Up`.
fn zip(keys: &str, twins: &[&str]) -> String {
    let pairs = keys
        .split(' ')
        .zip(twins)
        .map(|(key, twin)| format!("{key} {twin}"));
    pairs.collect::<Vec<_>>().join(" ")
}
