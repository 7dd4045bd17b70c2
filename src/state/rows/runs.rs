//! Runs and runbooks in view order.

use super::board;
use super::keeps;
use crate::runbook::book::Book;
use crate::runbook::plan::PlanStep;
use crate::runbook::run::Run;
use crate::runbook::run::RunStatus;
use crate::runbook::run::StepStatus;
use crate::sources::finding::Finding;
use crate::state::State;
use crate::state::nav::Screen;

/// The runbooks in view order: what treats an open finding first, in the findings' order, then by name; only those
/// that treat the marked finding when `r` narrowed them and none is hidden.
pub fn books(state: &State) -> Vec<&Book> {
    let found = board(state).board.findings;
    let rank = |book: &Book| {
        found
            .iter()
            .position(|finding| treats(book, finding))
            .unwrap_or(usize::MAX)
    };
    let narrowed = treated(state).filter(|_| !state.nav.hidden_shown.contains(&Screen::Runbooks));
    let kept = |book: &&Book| {
        narrowed
            .as_ref()
            .is_none_or(|finding| treats(book, finding))
            && keeps(state, &[&book.id, &book.title, &book.owner])
    };
    let mut books: Vec<&Book> = state.library.books().iter().filter(kept).collect();
    books.sort_by_key(|book| (rank(book), book.id.clone()));
    books
}

/// The finding that runbooks were asked for with `r`, while it is there.
pub fn treated(state: &State) -> Option<Finding> {
    let id = state.nav.treating.as_ref()?;
    let found = board(state).board.findings;
    found.into_iter().find(|finding| finding.id() == *id)
}

/// Whether a runbook treats a finding.
pub fn treats(book: &Book, finding: &Finding) -> bool {
    book.treats.iter().any(|kind| kind == finding.kind.0)
}

/// Ids of every runbook that can be run from the palette.
pub fn book_ids(state: &State) -> Vec<String> {
    state
        .library
        .books()
        .iter()
        .map(|book| book.id.clone())
        .collect()
}

/// The steps of the open run's plan that send a request.
pub fn requests(state: &State) -> Vec<&PlanStep> {
    let plan = state.run().and_then(|run| run.plan.as_ref());
    plan.map_or_else(Vec::new, |plan| {
        plan.steps.iter().filter(|step| step.op.is_some()).collect()
    })
}

/// Runs that have not ended, newest first.
pub fn open_runs(state: &State) -> Vec<&Run> {
    state
        .runs
        .iter()
        .filter(|run| !run.ended() && keeps_run(state, run))
        .collect()
}

/// Runs that have ended, those that still owe something first, then newest first.
pub fn ended_runs(state: &State) -> Vec<&Run> {
    let mut runs: Vec<&Run> = state
        .runs
        .iter()
        .filter(|run| run.ended() && keeps_run(state, run))
        .collect();
    runs.sort_by_key(|run| run.owed.is_empty());
    runs
}

fn keeps_run(state: &State, run: &Run) -> bool {
    keeps(
        state,
        &[
            &run.id,
            &run.book,
            run.cluster.as_str(),
            &run.namespace,
            run.by.as_str(),
        ],
    )
}

/// True when the run on screen has ended.
pub fn run_ended(state: &State) -> bool {
    state.run().is_some_and(Run::ended)
}

/// True when a run can be taken up again.
pub fn can_resume(run: &Run) -> bool {
    matches!(run.status, RunStatus::Interrupted | RunStatus::Held)
}

/// True when a request of the run was recorded and nobody knows its answer.
pub fn in_doubt(run: &Run) -> bool {
    run.steps
        .iter()
        .any(|step| step.status == StepStatus::InDoubt)
}
