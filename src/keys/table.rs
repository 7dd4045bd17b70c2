//! The one table of bindings: place, keys, action, its name in the palette and its words in the help.

use super::key::Key;
use crate::state::action::Action;
use crate::state::nav::Screen;
use crate::state::rows::panes;

/// Where a binding holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// On every screen.
    Everywhere,
    /// Where something moves: lists and long texts.
    Lists,
    /// Where more than one list can take the focus.
    Panes,
    /// Where something can be folded.
    Folds,
    /// Where a neighbour exists: zones, requests.
    Sides,
    /// Where a row can be opened.
    Opens,
    /// Where the mark is something a runbook may treat.
    Treats,
    /// On one screen.
    At(Screen),
    /// While something is typed.
    TextField,
}

/// One line of the table.
pub(super) struct Binding {
    /// Where it holds.
    pub(super) place: Place,
    /// Its keys; the first stands in the palette.
    pub(super) keys: &'static [&'static str],
    /// What it does.
    pub(super) action: Action,
    /// Its name in the palette.
    pub(super) name: &'static str,
    /// Its words in the help and the palette.
    pub(super) help: &'static str,
}

const fn bind(
    place: Place,
    keys: &'static [&'static str],
    action: Action,
    name: &'static str,
    help: &'static str,
) -> Binding {
    Binding {
        place,
        keys,
        action,
        name,
        help,
    }
}

use Place::{At, Everywhere, Folds, Lists, Opens, Panes, Sides, TextField, Treats};

const fn lines(by: i32) -> Action {
    Action::Move { by, page: false }
}

const fn pages(by: i32) -> Action {
    Action::Move { by, page: true }
}

/// Every binding there is.
#[rustfmt::skip] // A table is read by its columns: one binding, one line.
pub(super) const BINDINGS: &[Binding] = &[
    bind(Everywhere, &["1"], Action::Go(Screen::Board), "go.board", "Board"),
    bind(Everywhere, &["2"], Action::Go(Screen::Zone), "zone", "Zone"),
    bind(Everywhere, &["3"], Action::Go(Screen::Backups), "backups", "Backups"),
    bind(Everywhere, &["4"], Action::Go(Screen::Drift), "drift", "Drift"),
    bind(Everywhere, &["5"], Action::Go(Screen::Alerts), "alerts", "Alerts"),
    bind(Everywhere, &["7"], Action::Go(Screen::Runbooks), "runbooks", "Runbooks"),
    bind(Everywhere, &["8"], Action::Go(Screen::Runs), "runs", "Runs"),
    bind(Everywhere, &["9"], Action::Go(Screen::Log), "log", "Log"),
    bind(Everywhere, &["0"], Action::Go(Screen::Session), "session", "Session"),
    bind(Everywhere, &[":"], Action::Palette, "palette", "every action, its key, and why not now"),
    bind(Everywhere, &["/"], Action::Filter, "filter", "filter: words that a row must hold"),
    bind(Everywhere, &["R"], Action::Refresh, "refresh", "ask the sources again"),
    bind(Everywhere, &["t"], Action::Times, "times", "ages or clock times"),
    bind(Everywhere, &["q"], Action::Back, "back", "back; q on Board quits"),
    bind(Everywhere, &["Esc"], Action::Leave, "close", "back; q on Board quits"),
    bind(Everywhere, &["?"], Action::Help, "help", "this page"),
    bind(Everywhere, &["Ctrl-L"], Action::Redraw, "redraw", "draw the whole screen again"),
    bind(Everywhere, &["Ctrl-C"], Action::Cancel, "cancel", "cancel; twice in 2s: quit"),
    bind(Opens, &["Enter"], Action::Open, "open", "open what is marked"),
    bind(Treats, &["r"], Action::Runbooks, "treating", "runbooks that treat it"),
    bind(Lists, &["j", "Down"], lines(1), "move.down", "move"),
    bind(Lists, &["k", "Up"], lines(-1), "move.up", "move"),
    bind(Lists, &["g", "Home"], Action::End(false), "move.first", "first, last"),
    bind(Lists, &["G", "End"], Action::End(true), "move.last", "first, last"),
    bind(Lists, &["PgDn", "Ctrl-D"], pages(1), "page.down", "a page"),
    bind(Lists, &["PgUp", "Ctrl-U"], pages(-1), "page.up", "a page"),
    bind(Panes, &["Tab"], Action::Pane(true), "pane", "next pane"),
    bind(Panes, &["Shift-Tab"], Action::Pane(false), "pane.previous", "next pane"),
    bind(Folds, &["z"], Action::Hidden, "hidden", "show what is folded"),
    bind(Sides, &["l", "Right"], Action::Side(true), "side", "next zone, or request"),
    bind(Sides, &["h", "Left"], Action::Side(false), "side.previous", "next zone, or request"),
    bind(At(Screen::SignIn), &["n"], Action::CodeNew, "code.new", "ask for a new code"),
    bind(At(Screen::SignIn), &["p"], Action::CodePaste, "code.paste", "paste a redirect"),
    bind(At(Screen::SignIn), &["b"], Action::CodeSwap, "code.swap", "swap black and white of the picture"),
    bind(At(Screen::Session), &["Enter"], Action::Open, "sign-in", "sign in, or open the cluster"),
    bind(At(Screen::Session), &["x"], Action::SignOut, "session.end", "sign out"),
    bind(At(Screen::Book), &["Enter"], Action::Fill, "runbook.fill", "fill in, then plan; changes nothing yet"),
    bind(At(Screen::Fill), &["Enter"], Action::Fill, "fill", "type in the fields"),
    bind(At(Screen::Plan), &["Enter"], Action::RunDo, "plan.start", "start the run"),
    bind(At(Screen::Plan), &["a"], Action::RunAbort, "plan.abort", "end the run, with a reason; nothing was sent"),
    bind(At(Screen::Run), &["Enter"], Action::RunDo, "run.do", "do what the pane shows"),
    bind(At(Screen::Run), &["s"], Action::RunSkip, "run.skip", "leave the step out, with a reason"),
    bind(At(Screen::Run), &["u"], Action::RunUndo, "run.undo", "take back, newest first"),
    bind(At(Screen::Run), &["h"], Action::RunHold, "run.hold", "put the run down"),
    bind(At(Screen::Run), &["a"], Action::RunAbort, "run.abort", "end the run, with a reason"),
    bind(At(Screen::Run), &["p"], Action::RunPlan, "run.plan", "show the plan"),
    bind(At(Screen::Log), &["v"], Action::LogVerify, "verify", "check the log against itself"),
    bind(At(Screen::Log), &["f"], Action::LogFollow, "follow", "let new entries move the mark"),
    bind(TextField, &["Enter"], Action::Accept, "field.next", "next field, or what the footer says"),
    bind(TextField, &["Esc"], Action::Leave, "field.leave", "leave, nothing is kept"),
    bind(TextField, &["Ctrl-C"], Action::Cancel, "field.cancel", "leave"),
    bind(TextField, &["Tab", "Down"], Action::Field(true), "field", "next field or choice"),
    bind(TextField, &["Shift-Tab", "Up"], Action::Field(false), "field.previous", "previous field or choice"),
    bind(TextField, &["Left"], Action::Cursor(-1), "field.left", "move"),
    bind(TextField, &["Right"], Action::Cursor(1), "field.right", "move"),
    bind(TextField, &["Home", "Ctrl-A"], Action::CursorEnd(false), "field.home", "to the start"),
    bind(TextField, &["End", "Ctrl-E"], Action::CursorEnd(true), "field.end", "to the end"),
    bind(TextField, &["Backspace"], Action::Backspace, "field.backspace", "erase"),
    bind(TextField, &["Delete"], Action::Delete, "field.delete", "erase"),
    bind(TextField, &["Ctrl-W"], Action::EraseWord, "field.word", "erase a word"),
    bind(TextField, &["Ctrl-U"], Action::EraseLeft, "field.erase", "erase to the left"),
    bind(TextField, &["Ctrl-L"], Action::Redraw, "field.redraw", "draw the whole screen again"),
];

/// The places whose bindings hold on a screen, the nearest first.
pub(super) fn places(screen: Screen) -> Vec<Place> {
    let mut places = vec![At(screen)];
    if matches!(screen, Screen::Board | Screen::Runbooks | Screen::Runs) {
        places.push(Opens);
    }
    if matches!(
        screen,
        Screen::Board
            | Screen::Zone
            | Screen::Backups
            | Screen::Drift
            | Screen::Alerts
            | Screen::Finding
    ) {
        places.push(Treats);
    }
    if matches!(screen, Screen::Zone | Screen::Plan) {
        places.push(Sides);
    }
    if !matches!(screen, Screen::SignIn | Screen::Stopped | Screen::Fill) {
        places.push(Lists);
    }
    if panes(screen) > 1 {
        places.push(Panes);
    }
    if matches!(screen, Screen::Board | Screen::Zone | Screen::Runbooks) {
        places.push(Folds);
    }
    places.push(Everywhere);
    places
}

/// The action of a key in a place.
pub(super) fn of(place: Place, key: Key) -> Option<Action> {
    let pressed = |binding: &&Binding| {
        binding.place == place && binding.keys.iter().any(|text| text.parse() == Ok(key))
    };
    BINDINGS
        .iter()
        .find(pressed)
        .map(|binding| binding.action.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Code;
    use std::collections::BTreeSet;

    fn keys(binding: &Binding) -> Vec<Key> {
        binding
            .keys
            .iter()
            .map(|text| text.parse().unwrap())
            .collect()
    }

    const SCREENS: [Screen; 19] = [
        Screen::SignIn,
        Screen::Board,
        Screen::Zone,
        Screen::Backups,
        Screen::Drift,
        Screen::Alerts,
        Screen::Runbooks,
        Screen::Book,
        Screen::Fill,
        Screen::Plan,
        Screen::Run,
        Screen::Runs,
        Screen::Log,
        Screen::Session,
        Screen::Cluster,
        Screen::Finding,
        Screen::Secret,
        Screen::Help,
        Screen::Stopped,
    ];

    #[test]
    fn no_key_means_two_things_in_one_place() {
        let mut seen = BTreeSet::new();
        for binding in BINDINGS {
            for key in keys(binding) {
                assert!(
                    seen.insert((binding.place, key)),
                    "{key} twice in {:?}",
                    binding.place
                );
            }
        }
    }

    #[test]
    fn a_key_of_everywhere_is_bound_nowhere_else_and_h_of_lists_only_in_a_run() {
        for screen in SCREENS {
            let mut seen = BTreeSet::new();
            for place in places(screen) {
                for binding in BINDINGS.iter().filter(|binding| binding.place == place) {
                    for key in keys(binding) {
                        assert!(seen.insert(key), "{key} twice on {screen:?}");
                    }
                }
            }
        }
        let everywhere: BTreeSet<Key> = BINDINGS
            .iter()
            .filter(|binding| binding.place == Everywhere)
            .flat_map(keys)
            .collect();
        let lists: BTreeSet<Key> = BINDINGS
            .iter()
            .filter(|binding| matches!(binding.place, Lists | Panes | Folds | Sides | Treats))
            .flat_map(keys)
            .collect();
        for binding in BINDINGS
            .iter()
            .filter(|binding| matches!(binding.place, At(_)))
        {
            for key in keys(binding) {
                assert!(!everywhere.contains(&key), "{key} at {:?}", binding.place);
                let known = binding.place == At(Screen::Run) && key == Key::from('h');
                assert!(
                    known || !lists.contains(&key),
                    "{key} at {:?}",
                    binding.place
                );
            }
        }
    }

    #[test]
    fn no_key_is_lost_on_a_serial_line_a_tmux_or_a_nordic_keyboard() {
        for binding in BINDINGS {
            for key in keys(binding) {
                match key {
                    Key {
                        ctrl: true,
                        code: Code::Char(c),
                    } => {
                        assert!(!"imjh[sqb\\".contains(c), "{key}");
                        assert!(
                            c != 'a' || binding.keys.contains(&"Home"),
                            "{key} is screen's"
                        );
                    }
                    Key {
                        code: Code::Char(c),
                        ..
                    } => assert!(!"@$[]{}\\|~".contains(c), "{key}"),
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn every_binding_has_a_name_of_its_own_and_words() {
        let names: BTreeSet<&str> = BINDINGS.iter().map(|binding| binding.name).collect();
        assert_eq!(names.len(), BINDINGS.len());
        assert!(BINDINGS.iter().all(|binding| !binding.help.is_empty()));
    }

    #[test]
    fn neither_of_a_pair_of_cases_and_neither_esc_nor_q_changes_anything() {
        let changes = |action: &Action| {
            matches!(
                action,
                Action::RunDo
                    | Action::RunSkip
                    | Action::RunUndo
                    | Action::RunHold
                    | Action::RunAbort
                    | Action::SignOut
            )
        };
        for screen in SCREENS {
            let bound = |c: char| {
                places(screen)
                    .into_iter()
                    .find_map(|place| of(place, Key::from(c)))
            };
            for letter in 'a'..='z' {
                if let (Some(small), Some(big)) =
                    (bound(letter), bound(letter.to_ascii_uppercase()))
                {
                    assert!(!changes(&small) && !changes(&big), "{letter} on {screen:?}");
                }
            }
            for key in [Key::from('q'), Key::from(Code::Esc)] {
                let action = places(screen).into_iter().find_map(|place| of(place, key));
                let out = matches!(action, Some(Action::Back | Action::Leave));
                assert!(out, "{key} on {screen:?}");
            }
        }
    }
}
