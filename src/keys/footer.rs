//! The footer: keys that work now, the likeliest first, the way out last.

use super::bound;
use super::key::Key;
use super::may::may;
use crate::state::State;
use crate::state::nav::Screen;
use crate::state::prompt::Prompt;
use crate::state::rows;

type Foot = &'static [(&'static str, &'static str)];

const BOARD: Foot = &[
    ("Enter", "open"),
    ("r", "runbooks"),
    ("z", "show folded"),
    ("/", "filter"),
    (":", "command"),
    ("?", "help"),
    ("q", "quit"),
];
const BOARD_WIDE: Foot = &[
    ("Enter", "open"),
    ("r", "runbooks"),
    ("Tab", "pane"),
    ("/", "filter"),
    (":", "command"),
    ("?", "help"),
    ("q", "quit"),
];
const BOARD_STALE: Foot = &[
    ("Enter", "open"),
    ("R", "try now"),
    ("r", "read runbooks"),
    ("/", "filter"),
    (":", "command"),
    ("?", "help"),
    ("q", "quit"),
];
const SIGN_IN: Foot = &[
    ("n", "new code"),
    ("p", "paste instead"),
    ("b", "swap black/white"),
    ("Esc", "last known"),
    ("?", "help"),
    ("q", "quit"),
];
const ZONE: Foot = &[
    ("r", "runbooks"),
    ("h l", "zone"),
    ("z", "show all"),
    ("/", "filter"),
    ("?", "help"),
    ("q", "back"),
];
const BACKUPS: Foot = &[
    ("r", "runbooks"),
    ("/", "filter"),
    ("?", "help"),
    ("q", "back"),
];
const DRIFT: Foot = BACKUPS;
const ALERTS: Foot = BACKUPS;
const RUNBOOKS: Foot = &[
    ("Enter", "read"),
    ("z", "all"),
    ("/", "filter"),
    ("?", "help"),
    ("q", "back"),
];
const BOOK: Foot = &[
    ("Enter", "fill in"),
    ("PgDn", "page"),
    ("?", "help"),
    ("q", "back"),
];
const FILL: Foot = &[("Enter", "fill in"), ("?", "help"), ("q", "back")];
const PLAN: Foot = &[
    ("Enter", "start"),
    ("h l", "request"),
    ("a", "abort"),
    ("?", "help"),
    ("q", "back"),
];
const RUN: Foot = &[
    ("Enter", "do it"),
    ("R", "look again"),
    ("s", "skip"),
    ("u", "undo"),
    ("h", "hold"),
    ("a", "abort"),
    ("p", "plan"),
];
const RUN_SMALL: Foot = &[
    ("p", "plan"),
    (":", "command"),
    ("?", "help"),
    ("q", "back"),
];
const RUN_ENDED: Foot = &[
    ("p", "plan"),
    (":", "command"),
    ("?", "help"),
    ("q", "back"),
];
const RUNS: Foot = &[
    ("Enter", "open"),
    ("/", "filter"),
    (":", "command"),
    ("?", "help"),
    ("q", "back"),
];
const LOG: Foot = &[
    ("v", "verify"),
    ("f", "follow"),
    ("t", "times"),
    ("/", "filter"),
    ("?", "help"),
    ("q", "back"),
];
const SESSION: Foot = &[
    ("Enter", "open"),
    ("Tab", "pane"),
    ("R", "ask again"),
    ("x", "sign out"),
    ("/", "filter"),
    ("?", "help"),
    ("q", "back"),
];
const CLUSTER: Foot = &[
    ("R", "ask again"),
    (":", "command"),
    ("?", "help"),
    ("q", "back"),
];
const FINDING: Foot = &[
    ("r", "runbooks"),
    (":", "command"),
    ("?", "help"),
    ("q", "back"),
];
const SECRET: Foot = &[(":", "command"), ("?", "help"), ("q", "back")];
const HELP: Foot = &[("j k", "move"), ("Esc", "close")];
const STOPPED: Foot = &[
    ("R", "try the log again"),
    (":", "command"),
    ("?", "help"),
    ("q", "back"),
];

/// The keys of the footer with their words, in order; never one that does nothing now.
pub fn footer(state: &State) -> Vec<(String, String)> {
    if let Some(prompt) = &state.prompt {
        return field(state, prompt);
    }
    let screen = state.nav.screen;
    let shown = foot(state, screen)
        .iter()
        .filter(|(keys, _)| works(state, screen, keys));
    let mut shown: Vec<(String, String)> = shown
        .map(|(keys, words)| ((*keys).to_owned(), words_now(state, screen, keys, words)))
        .collect();
    // A small window shows one pane at a time: the way to the next is among the first keys.
    let known = shown.iter().any(|(keys, _)| keys == "Tab");
    if !state.roomy() && !known && works(state, screen, "Tab") {
        shown.insert(1.min(shown.len()), ("Tab".to_owned(), "pane".to_owned()));
    }
    shown
}

fn foot(state: &State, screen: Screen) -> Foot {
    match screen {
        Screen::Board if rows::all_silent(state) => BOARD_STALE,
        Screen::Board if state.size.0 >= 120 => BOARD_WIDE,
        Screen::Board => BOARD,
        Screen::SignIn => SIGN_IN,
        Screen::Zone => ZONE,
        Screen::Backups => BACKUPS,
        Screen::Drift => DRIFT,
        Screen::Alerts => ALERTS,
        Screen::Runbooks => RUNBOOKS,
        Screen::Book => BOOK,
        Screen::Fill => FILL,
        Screen::Plan => PLAN,
        Screen::Run if rows::run_ended(state) => RUN_ENDED,
        Screen::Run if !state.roomy() => RUN_SMALL,
        Screen::Run => RUN,
        Screen::Runs => RUNS,
        Screen::Log => LOG,
        Screen::Session => SESSION,
        Screen::Cluster => CLUSTER,
        Screen::Finding => FINDING,
        Screen::Secret => SECRET,
        Screen::Help => HELP,
        Screen::Stopped => STOPPED,
    }
}

/// Whether each of some keys is bound on the screen and may run now.
fn works(state: &State, screen: Screen, keys: &str) -> bool {
    let doubtful = || state.run().is_some_and(rows::in_doubt);
    match (screen, keys) {
        (Screen::Board, "z") => return rows::folds(state),
        (Screen::Zone, "z") => return !rows::zone(state).good.is_empty(),
        (Screen::Runbooks, "z") => return state.nav.treating.is_some(),
        (Screen::Run, "R") => return doubtful(),
        (Screen::Run, "s") if doubtful() => return false,
        (Screen::SignIn, "b") if !rows::has_picture(state) => return false,
        (Screen::Help, "j k") | (Screen::Book, "PgDn") => return state.nav.text_end > 0,
        _ => {}
    }
    keys.split(' ').all(|key| {
        let action = key.parse::<Key>().ok().and_then(|key| bound(screen, key));
        action.is_some_and(|action| may(&action, state).is_ok())
    })
}

/// The words of a key where they depend on what is shown.
fn words_now(state: &State, screen: Screen, keys: &str, words: &str) -> String {
    match (screen, keys) {
        (Screen::Run | Screen::Plan, "Enter") => {
            rows::card(state).map_or(words.to_owned(), |card| card.enter)
        }
        (Screen::Zone | Screen::Board | Screen::Runbooks, "z") if state.nav.unfolded() => {
            "fold".to_owned()
        }
        (Screen::Session, "Enter") => enter_on_session(state).to_owned(),
        _ => words.to_owned(),
    }
}

/// What Enter does on the session screen.
fn enter_on_session(state: &State) -> &'static str {
    let mark = rows::marked(state).unwrap_or_default();
    let signed_in = |one| state.sign_ins.session(one).is_some();
    match rows::pane(state) {
        1 if rows::audience(state, &mark).is_some_and(signed_in) => "sign in anew",
        1 => "sign in",
        _ if rows::needs_sign_in(state, &mark) => "sign in",
        _ => "open",
    }
}

/// The keys of a text field.
fn field(state: &State, prompt: &Prompt) -> Vec<(String, String)> {
    let keys: Foot = match prompt {
        Prompt::Name { .. } => &[("Enter", "send it"), ("Esc", "back, nothing sent")],
        Prompt::Reason { abort: true, .. } => {
            &[("Enter", "end the run"), ("Esc", "back, nothing done")]
        }
        Prompt::Reason { abort: false, .. } => {
            &[("Enter", "skip the step"), ("Esc", "back, nothing done")]
        }
        Prompt::Fill { fields, at, .. } if at + 1 >= fields.len() => &[
            ("Enter", "check and plan"),
            ("Tab", "next field"),
            ("Esc", "cancel"),
        ],
        Prompt::Fill { .. } => &[
            ("Enter", "next field"),
            ("Tab", "next field"),
            ("Esc", "cancel"),
        ],
        Prompt::Filter(_) => &[("Enter", "keep"), ("Esc", "show all")],
        Prompt::Palette { .. } => &[("Enter", "run it"), ("Tab", "complete"), ("Esc", "close")],
        Prompt::Redirect(_) => &[("Enter", "use it"), ("Esc", "last known")],
        Prompt::SignOut { anew: true, .. } => {
            &[("Enter", "sign in anew"), ("Esc", "back, nothing done")]
        }
        Prompt::SignOut { anew: false, .. } => {
            &[("Enter", "sign out"), ("Esc", "back, nothing done")]
        }
        Prompt::WhoAnswers { .. } => &[
            ("Enter", "answer as marked"),
            ("Up Down", "choose"),
            ("Esc", "last known"),
        ],
    };
    let mut keys: Vec<(String, String)> = keys
        .iter()
        .map(|(key, words)| ((*key).to_owned(), (*words).to_owned()))
        .collect();
    // A name on the run screen is typed for what its card says: the card knows better what Enter does.
    if let (Prompt::Name { .. }, Some(card)) = (prompt, rows::card(state))
        && !card.sends
        && !card.enter.is_empty()
    {
        keys[0].1 = card.enter;
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::table::{Place, of};

    #[test]
    fn every_footer_key_is_bound_on_its_screen() {
        let feet = [
            (Screen::Board, BOARD),
            (Screen::Board, BOARD_WIDE),
            (Screen::Board, BOARD_STALE),
            (Screen::SignIn, SIGN_IN),
            (Screen::Zone, ZONE),
            (Screen::Backups, BACKUPS),
            (Screen::Drift, DRIFT),
            (Screen::Alerts, ALERTS),
            (Screen::Runbooks, RUNBOOKS),
            (Screen::Book, BOOK),
            (Screen::Fill, FILL),
            (Screen::Plan, PLAN),
            (Screen::Run, RUN),
            (Screen::Run, RUN_ENDED),
            (Screen::Run, RUN_SMALL),
            (Screen::Runs, RUNS),
            (Screen::Log, LOG),
            (Screen::Session, SESSION),
            (Screen::Cluster, CLUSTER),
            (Screen::Finding, FINDING),
            (Screen::Secret, SECRET),
            (Screen::Help, HELP),
            (Screen::Stopped, STOPPED),
        ];
        for (screen, foot) in feet {
            for key in foot.iter().flat_map(|(keys, _)| keys.split(' ')) {
                assert!(
                    bound(screen, key.parse().unwrap()).is_some(),
                    "{key} on {screen:?}"
                );
            }
        }
        for key in ["Enter", "Esc", "Tab", "Up", "Down"] {
            assert!(
                of(Place::TextField, key.parse().unwrap()).is_some(),
                "{key}"
            );
        }
    }
}
