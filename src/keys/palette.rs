//! The palette: every action with its key, and why not now.

use super::may::may;
use super::table::BINDINGS;
use super::table::Place;
use super::table::places;
use crate::state::State;
use crate::state::action::Action;
use crate::state::rows;

/// One line of the palette.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaletteRow {
    /// Its name, which is what is typed.
    pub name: String,
    /// Its key; `-` when it has none.
    pub key: String,
    /// What it does, or `no: ` and why it cannot now.
    pub words: String,
    /// What it does.
    pub action: Action,
    /// True when it may run now.
    pub allowed: bool,
}

/// The commands that match what is typed, best match first, then by name; a `no` keeps its place.
pub fn palette(state: &State, typed: &str) -> Vec<PaletteRow> {
    let typed = typed.trim().to_lowercase();
    let mut rows: Vec<(u8, PaletteRow)> = every(state)
        .into_iter()
        .chain(secrets(state, &typed))
        .filter_map(|row| Some((rank(&row.name, &typed)?, row)))
        .collect();
    rows.sort_by(|a, b| (a.0, &a.1.name).cmp(&(b.0, &b.1.name)));
    rows.into_iter().map(|(_, row)| row).collect()
}

/// Every command there is here: the keys of this screen, and what has no key.
fn every(state: &State) -> Vec<PaletteRow> {
    let here = places(state.nav.screen);
    let bound = BINDINGS.iter().filter(|binding| {
        let moves = matches!(
            binding.action,
            Action::Move { .. }
                | Action::End(_)
                | Action::Pane(false)
                | Action::Side(false)
                | Action::Palette
        );
        binding.place != Place::TextField && here.contains(&binding.place) && !moves
    });
    let mut rows: Vec<PaletteRow> = bound
        .map(|binding| {
            row(
                state,
                binding.name,
                binding.keys[0],
                binding.help,
                binding.action.clone(),
            )
        })
        .collect();
    for book in rows::book_ids(state) {
        let words = "fill in, then plan; changes nothing yet";
        let words = format!("{words}{}", rows::rights_of(state, &book));
        rows.push(row(
            state,
            &format!("run {book}"),
            "-",
            &words,
            Action::RunBook(book),
        ));
    }
    rows.extend(sign_ins(state));
    rows.push(resume(state));
    rows.push(row(
        state,
        "quit",
        "-",
        "leave; a run is held, never cut",
        Action::Quit,
    ));
    rows
}

/// Takes up the run that was interrupted or held.
fn resume(state: &State) -> PaletteRow {
    let found = state.runs.iter().find(|run| rows::can_resume(run));
    let (id, words) = match found {
        Some(run) => (
            run.id.clone(),
            format!(
                "take up {} again, {} on {}",
                run.short(),
                run.book,
                run.cluster
            ),
        ),
        None => (String::new(), String::new()),
    };
    row(state, "run.resume", "-", &words, Action::Resume(id))
}

/// One command for each Secret of the plan on screen, and one for the Secret that is typed.
fn secrets(state: &State, typed: &str) -> Vec<PaletteRow> {
    const NAME: &str = "secret keys";
    let words = "names of its keys, never a value; recorded before it is read";
    let one = |named: &str, action: Action| {
        let name = format!("{NAME} {named}");
        row(state, name.trim(), "-", words, action)
    };
    let named = typed.strip_prefix(NAME).unwrap_or_default().trim();
    let which = rows::secret_typed(state, named);
    let planned = rows::secrets(state);
    let mut found = Vec::new();
    if !planned.iter().any(|one| Some(one) == which.as_ref()) {
        found.push(one(named, Action::SecretKeys(which)));
    }
    for which in planned {
        let named = format!("{}/{}", which.namespace, which.name);
        found.push(one(&named, Action::SecretKeys(Some(which))));
    }
    found
}

/// One command for each sign-in that is missing, where there are several.
fn sign_ins(state: &State) -> Vec<PaletteRow> {
    if state.sign_ins.audiences().len() < 2 || rows::clusters_known(state) {
        return Vec::new();
    }
    let missing = state.sign_ins.missing();
    let sign_ins = missing.map(|audience| {
        let clusters = audience.clusters(&state.config).into_iter();
        let names: Vec<&str> = clusters.map(|one| one.name.as_str()).collect();
        let name = format!("sign in {}", audience.name(&state.config));
        let host = audience.host(&state.config);
        let words = format!("ask {host} for a code; serves {}", names.join(" "));
        row(
            state,
            &name,
            "-",
            &words,
            Action::SignInTo(audience.clone()),
        )
    });
    sign_ins.collect()
}

fn row(state: &State, name: &str, key: &str, words: &str, action: Action) -> PaletteRow {
    let allowed = may(&action, state);
    let words = match &allowed {
        Ok(()) => words.to_owned(),
        Err(why) => why.to_string(),
    };
    PaletteRow {
        name: name.to_owned(),
        key: key.to_owned(),
        words,
        action,
        allowed: allowed.is_ok(),
    }
}

/// How well a name matches: 0 begins so, 1 a word of it begins so, 2 holds it, 3 holds its letters in order.
fn rank(name: &str, typed: &str) -> Option<u8> {
    if typed.is_empty() {
        return Some(0);
    }
    let word = |separator: char| name.split(separator).any(|word| word.starts_with(typed));
    if name.starts_with(typed) {
        Some(0)
    } else if word(' ') || word('.') {
        Some(1)
    } else if name.contains(typed) {
        Some(2)
    } else {
        let mut letters = name.chars();
        typed
            .chars()
            .all(|letter| letters.any(|c| c == letter))
            .then_some(3)
    }
}

#[cfg(test)]
mod tests {
    use super::rank;

    #[test]
    fn the_best_match_begins_with_what_is_typed() {
        assert_eq!(rank("refresh", "re"), Some(0));
        assert_eq!(rank("run restore-namespace", "re"), Some(1));
        assert_eq!(rank("run.resume", "re"), Some(1));
        assert_eq!(rank("treating", "re"), Some(2));
        assert_eq!(rank("redraw", "rw"), Some(3));
        assert_eq!(rank("quit", "re"), None);
    }
}
