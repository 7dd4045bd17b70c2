//! Has the target's name typed, letter by letter, before anything is changed.

use super::Expansion;
use super::Turn;
use super::Verdict;
use crate::runbook::plan::PlanStep;
use crate::runbook::plan::Undo;
use crate::runbook::values::ValueError;

pub(super) fn brief(expansion: &Expansion<'_>) -> Result<PlanStep, ValueError> {
    let typed = expansion.value("typed")?;
    let run = expansion.run;
    let title = format!("type {typed}");
    let before = format!(
        "{} is the cluster whose kube-system is {}",
        run.cluster, run.memory.cluster_uid
    );
    Ok(PlanStep {
        typed: Some(typed),
        ..expansion.plan_step(title, None, before, Undo::Nothing)?
    })
}

pub(super) fn before(turn: &Turn<'_>) -> Verdict {
    Verdict::ask(format!(
        "everything after this changes {} on {}",
        turn.run.namespace, turn.run.cluster
    ))
}

/// Done as soon as the name was typed.
pub(super) fn verdict(turn: &Turn<'_>) -> Verdict {
    if turn.run.memory.typed.contains(&turn.number) {
        let typed = turn
            .step()
            .and_then(|step| step.typed.clone())
            .unwrap_or_default();
        return Verdict::done(format!("typed {typed}"));
    }
    before(turn)
}
