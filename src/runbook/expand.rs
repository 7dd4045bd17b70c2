//! From a book, parameters and what prepare froze to a plan: every request written out, nothing left to decide.

use super::book::Book;
use super::plan::Plan;
use super::plan::PlanStep;
use super::run::Run;
use super::steps;
use super::steps::Expansion;
use super::values::ValueError;

/// The plan of this run, every later step of the book in it under its author's number; the same input always gives the same bytes.
///
/// # Errors
/// A pattern of the book that names something unknown.
pub fn plan(run: &Run, book: &Book) -> Result<Plan, ValueError> {
    let mut live: Vec<PlanStep> = Vec::new();
    for step in book.steps.iter().filter(|step| !step.kind.prepares()) {
        let of = step
            .values
            .get("of")
            .and_then(|of| live.iter().find(|other| &other.id == of));
        let expansion = Expansion {
            run,
            step,
            number: step.number,
            of,
        };
        live.push(steps::brief(&expansion)?);
    }
    Ok(Plan {
        run: run.id.clone(),
        book: book.id.clone(),
        version: book.version,
        book_digest: book.digest.clone(),
        mode: run.mode,
        policy: run.memory.policy.clone(),
        cluster: run.cluster.clone(),
        cluster_uid: run.memory.cluster_uid.clone(),
        namespace: run.namespace.clone(),
        params: run.params.clone(),
        frozen: run.memory.frozen.clone(),
        steps: live,
    })
}
