//! Takes back what hold-automation did.

use super::Expansion;
use super::Turn;
use super::Verdict;
use super::hold_automation;
use crate::runbook::plan::PlanStep;
use crate::runbook::plan::Undo;
use crate::runbook::run::StepStatus;
use crate::runbook::steps::Kind;
use crate::runbook::values::ValueError;

pub(super) fn brief(expansion: &Expansion<'_>) -> Result<PlanStep, ValueError> {
    let (Some(hold), Some(kustomization)) = (expansion.of, &expansion.frozen().kustomization)
    else {
        return expansion.idle("nothing to give back: nothing is held");
    };
    let title = format!("undoes {}", hold.number);
    let op = hold_automation::op(kustomization, false);
    let why = expansion
        .step
        .undo
        .as_ref()
        .map(|undo| undo.why.clone())
        .unwrap_or_default();
    expansion.plan_step(
        title,
        Some(op),
        "suspend is true".to_owned(),
        Undo::Never(why),
    )
}

pub(super) fn before(turn: &Turn<'_>) -> Verdict {
    let hold = turn
        .run
        .steps
        .iter()
        .find(|step| step.kind == Kind::HoldAutomation.word());
    match hold.map(|step| &step.status) {
        Some(StepStatus::Skipped(_) | StepStatus::Undone) | None => {
            return Verdict::done("nothing is held");
        }
        Some(_) => {}
    }
    match hold_automation::suspended(turn) {
        Err(words) => Verdict::Blocked(words),
        Ok(true) => Verdict::ask("suspend is true (live)"),
        Ok(false) => Verdict::done(format!(
            "{} is not suspended any more",
            hold_automation::name(turn)
        )),
    }
}

/// Done when suspend is false.
pub(super) fn verdict(turn: &Turn<'_>) -> Verdict {
    match hold_automation::suspended(turn) {
        Ok(false) => Verdict::done(format!("{} is resumed", hold_automation::name(turn))),
        Ok(true) => Verdict::pending("suspend is still true"),
        Err(words) => Verdict::Pending(words),
    }
}
