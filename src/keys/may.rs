//! Whether an action may run now, and if not why, in words that begin with `no:`.

use crate::state::State;
use crate::state::action::Action;
use crate::state::nav::Screen;
use crate::state::rows;
use crate::text::SafeText;
use crate::text::clock;

/// Whether an action may run now.
///
/// # Errors
/// `no: ` and the reason, as the palette and the message line show it.
pub fn may(action: &Action, state: &State) -> Result<(), SafeText> {
    match action {
        Action::RunDo | Action::RunSkip | Action::RunUndo | Action::RunHold | Action::RunAbort => {
            run(action, state)
        }
        Action::RunPlan => match state.run() {
            Some(run) if run.plan.is_some() => Ok(()),
            Some(_) => no("this run has no plan yet"),
            None => no("no run is open"),
        },
        Action::Fill => begin(state)
            .and_then(|()| target(state))
            .and_then(|()| rights(state.nav.book.as_deref(), state)),
        Action::RunBook(book) => begin(state).and_then(|()| rights(Some(book), state)),
        Action::SecretKeys(None) => {
            no("type which, as in: secret keys emr/db, or secret keys aws-prod/emr/db")
        }
        Action::Resume(id) => {
            let known = state
                .runs
                .iter()
                .any(|run| &run.id == id && rows::can_resume(run));
            if known {
                writable(state)
            } else {
                no("no run of yours is interrupted or held")
            }
        }
        Action::SignOut => match state.sign_ins.sessions().next() {
            Some(_) => writable(state),
            None => no("nobody is signed in"),
        },
        Action::CodeNew | Action::CodePaste if state.sign_ins.audiences().is_empty() => {
            no("no issuer is configured")
        }
        Action::CodeNew | Action::CodePaste
            if state.sign_ins.missing().next().is_none() || as_somebody(state) =>
        {
            no("somebody is signed in; sign out first")
        }
        Action::CodeNew | Action::CodePaste | Action::SignInTo(_) | Action::SecretKeys(Some(_)) => {
            writable(state)
        }
        Action::Runbooks => match rows::marked_finding(state) {
            Some(_) => Ok(()),
            None => no("nothing is found against what is marked"),
        },
        Action::Open => opened(state),
        Action::Pane(_) => turned(state),
        Action::Side(_) => neighbour(state),
        Action::Go(Screen::Zone) if state.config.zones.is_empty() => no("no zone is configured"),
        Action::LogFollow if state.log.following => no("new entries move the mark already"),
        _ => Ok(()),
    }
}

/// True for somebody who acts without any sign-in, though the clusters take one.
fn as_somebody(state: &State) -> bool {
    state.sign_ins.sessions().next().is_none() && rows::clusters_known(state)
}

/// Whether there is something to open.
fn opened(state: &State) -> Result<(), SafeText> {
    match rows::marked(state) {
        Some(_) => Ok(()),
        None => no("nothing is marked"),
    }
}

/// Whether another pane can take the focus.
fn turned(state: &State) -> Result<(), SafeText> {
    let here = rows::pane(state);
    let mut others = (0..rows::panes(state.nav.screen)).filter(|pane| *pane != here);
    if others.any(|pane| rows::has_pane(state, pane)) {
        Ok(())
    } else {
        no("this screen has one list")
    }
}

/// Whether there is another zone, or another request of the plan.
fn neighbour(state: &State) -> Result<(), SafeText> {
    match state.nav.screen {
        Screen::Zone if state.board.zones.len() < 2 => no("there is one zone"),
        Screen::Plan if rows::requests(state).len() < 2 => no("there is no other request"),
        _ => Ok(()),
    }
}

/// Whether something that a run does may be done.
fn run(action: &Action, state: &State) -> Result<(), SafeText> {
    let Some(run) = state.run() else {
        return no("no run is open");
    };
    if run.ended() {
        return no("this run has ended");
    }
    writable(state)?;
    roomy(state)?;
    if state.busy.as_deref() == Some(run.id.as_str()) {
        return no(&format!(
            "{} was asked and has not answered yet",
            run.cluster
        ));
    }
    match state.run_refuses(action) {
        Some(why) => no(why.as_str()),
        None => Ok(()),
    }
}

/// Whether a new run may be begun.
fn begin(state: &State) -> Result<(), SafeText> {
    writable(state)?;
    roomy(state)?;
    if state.person.is_none() {
        return no("nobody is signed in");
    }
    if !state
        .board
        .clusters
        .iter()
        .any(|(_, freshness)| freshness.counts())
    {
        return no("no cluster is reached");
    }
    Ok(())
}

/// Whether the runbook that is read may be run live at all, and on what it was opened for.
fn target(state: &State) -> Result<(), SafeText> {
    match state
        .nav
        .book
        .as_ref()
        .and_then(|id| state.library.book(id))
    {
        None => Ok(()),
        Some(book) => match state.live_refused(book, rows::treated(state).as_ref()) {
            Some(why) => no(why.as_str()),
            None => Ok(()),
        },
    }
}

/// Whether the cluster would refuse what this runbook sends, as it said last; what is not known is no reason.
fn rights(book: Option<&str>, state: &State) -> Result<(), SafeText> {
    match book.and_then(|book| rows::refused(state, book)) {
        Some(why) => no(why.as_str()),
        None => Ok(()),
    }
}

/// Whether an entry can be written, without which nothing is done.
fn writable(state: &State) -> Result<(), SafeText> {
    match &state.log.stopped {
        None => Ok(()),
        Some(stopped) => no(&format!(
            "the log cannot be written since {}",
            clock(stopped.since.wall, state.now.wall)
        )),
    }
}

/// Whether the window shows a request in full.
fn roomy(state: &State) -> Result<(), SafeText> {
    if state.roomy() {
        Ok(())
    } else {
        no("needs 80x24 to show the request in full")
    }
}

fn no(why: &str) -> Result<(), SafeText> {
    Err(SafeText::from(format!("no: {why}")))
}
