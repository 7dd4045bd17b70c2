//! What is typed: one line, a name that must match, a reason, the fields of a runbook, a filter, a command.

use crate::state::State;
use crate::state::action::Action;
use crate::state::effect::Effect;
use crate::state::prompt::Line;
use crate::state::prompt::Prompt;

/// Handles a key while something is typed. `None`: the key is not the field's; the prompt closes and the key counts
/// as usual (a command chosen from the palette).
pub(super) fn act(state: &mut State, action: &Action, alone: bool) -> Option<Vec<Effect>> {
    if let Action::Cancel = action {
        state.prompt = None;
        state.say("Nothing was sent.");
        return Some(Vec::new());
    }
    if let Action::Paste(text) = action {
        paste(state, text);
        return Some(Vec::new());
    }
    if let Action::Choose(name) = action {
        choose(state, name);
        return Some(Vec::new());
    }
    if edit(state, action) {
        return Some(Vec::new());
    }
    match action {
        Action::Leave | Action::Back => Some(leave(state)),
        Action::Field(next) => {
            turn(state, *next);
            Some(Vec::new())
        }
        Action::Accept | Action::Open
            if !alone && matches!(state.prompt, Some(Prompt::Name { .. })) =>
        {
            state.say("Enter did not count: it came together with other keys. Type the name.");
            Some(Vec::new())
        }
        Action::Accept | Action::Open => Some(accept(state)),
        Action::Redraw => Some(vec![Effect::Redraw]),
        _ if matches!(state.prompt, Some(Prompt::Palette { .. })) => None,
        _ => Some(Vec::new()),
    }
}

/// The line that is typed in.
fn line(prompt: &mut Prompt) -> Option<&mut Line> {
    match prompt {
        Prompt::Name { line, .. }
        | Prompt::Reason { line, .. }
        | Prompt::Filter(line)
        | Prompt::Redirect(line)
        | Prompt::Palette { line, .. } => Some(line),
        Prompt::Fill { fields, at, .. } => fields.get_mut(*at).map(|field| &mut field.line),
        Prompt::WhoAnswers { .. } | Prompt::SignOut { .. } => None,
    }
}

/// Edits the line; true when the key was an edit.
fn edit(state: &mut State, action: &Action) -> bool {
    let Some(prompt) = state.prompt.as_mut() else {
        return false;
    };
    let Some(line) = line(prompt) else {
        return false;
    };
    match action {
        Action::Type(character) => line.insert(*character),
        Action::Backspace => line.backspace(),
        Action::Delete => line.delete(),
        Action::EraseWord => line.erase_word(),
        Action::EraseLeft => line.erase_left(),
        Action::Cursor(by) => line.shift(*by),
        Action::CursorEnd(end) => line.shift(if *end { isize::MAX / 2 } else { isize::MIN / 2 }),
        _ => return false,
    }
    match prompt {
        Prompt::Filter(line) => state.nav.filter.clone_from(&line.text),
        Prompt::Palette { at, .. } => *at = None,
        Prompt::Name { refused, .. } => *refused = None,
        Prompt::Fill { .. } => super::fill::edited(state),
        _ => {}
    }
    true
}

/// A paste goes into a text field as one line; never into a name that must be typed.
fn paste(state: &mut State, text: &str) {
    let length = text.chars().count();
    if matches!(
        state.prompt,
        Some(Prompt::Name { .. } | Prompt::WhoAnswers { .. })
    ) {
        state.say(format!(
            "Paste ignored, {length} characters: type the name."
        ));
        return;
    }
    if matches!(state.prompt, Some(Prompt::Redirect(_))) {
        return super::sign_in::pasted(state, text);
    }
    if let Some(line) = state.prompt.as_mut().and_then(line) {
        for character in text.chars().take(4096) {
            line.insert(character);
        }
    }
    if let Some(Prompt::Filter(line)) = &state.prompt {
        state.nav.filter.clone_from(&line.text);
    }
    super::fill::edited(state);
}

fn leave(state: &mut State) -> Vec<Effect> {
    match state.prompt.take() {
        Some(Prompt::Filter(_)) => state.nav.filter.clear(),
        Some(Prompt::Fill { .. }) => super::fill::leave(state),
        Some(Prompt::WhoAnswers { .. } | Prompt::Redirect(_)) => {
            return super::sign_in::left(state);
        }
        _ => {}
    }
    Vec::new()
}

/// The next or previous field, or choice.
fn turn(state: &mut State, next: bool) {
    let step = |at: usize, count: usize| {
        if next {
            (at + 1) % count
        } else {
            (at + count - 1) % count
        }
    };
    match state.prompt.as_mut() {
        Some(Prompt::Fill { fields, at, .. }) if !fields.is_empty() => {
            *at = step(*at, fields.len());
        }
        Some(Prompt::WhoAnswers { people, at }) if !people.is_empty() => {
            *at = step(*at, people.len());
        }
        _ => {}
    }
}

/// The palette's mark sits on a command's name.
fn choose(state: &mut State, name: &str) {
    if let Some(Prompt::Palette { at, .. }) = state.prompt.as_mut() {
        *at = Some(name.to_owned());
    }
}

fn accept(state: &mut State) -> Vec<Effect> {
    match state.prompt.take() {
        Some(Prompt::Filter(line)) => {
            state.nav.filter = line.text;
            Vec::new()
        }
        Some(Prompt::Name {
            want, line, shown, ..
        }) => super::run::typed(state, want, line, shown),
        Some(Prompt::Reason { abort, line }) => super::run::reason(state, abort, line),
        Some(Prompt::Fill { book, fields, at }) => super::fill::accept(state, book, fields, at),
        Some(Prompt::WhoAnswers { people, at }) => super::sign_in::answer(state, &people, at),
        Some(Prompt::Redirect(line)) => super::sign_in::redirect(state, line),
        Some(Prompt::SignOut { audience, anew }) => super::session::left(state, &audience, anew),
        Some(palette @ Prompt::Palette { .. }) => {
            state.prompt = Some(palette);
            Vec::new()
        }
        None => Vec::new(),
    }
}
