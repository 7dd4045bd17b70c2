//! Suspends the Kustomization that keeps the target, so that nothing is changed while objects come back.

use super::Expansion;
use super::Turn;
use super::Verdict;
use crate::runbook::plan::PlanStep;
use crate::runbook::plan::Undo;
use crate::runbook::values::ValueError;
use crate::sources::op::Gvr;
use crate::sources::op::Op;
use crate::text::SafeText;

pub(super) fn rights(turn: &Turn<'_>) -> Vec<(&'static str, Gvr, String)> {
    let keepers = turn
        .sight
        .keepers(&turn.run.cluster, &turn.run.namespace, turn.now);
    let gvr = Gvr::new("kustomize.toolkit.fluxcd.io", "v1", "kustomizations");
    keepers
        .first()
        .map(|one| ("patch", gvr, one.meta.namespace.to_string()))
        .into_iter()
        .collect()
}

/// The request that suspends (or resumes) what prepare has found.
pub(super) fn op(kustomization: &(String, String), suspend: bool) -> Op {
    let (namespace, name) = kustomization.clone();
    Op::Suspend {
        namespace,
        name,
        suspend,
    }
}

pub(super) fn brief(expansion: &Expansion<'_>) -> Result<PlanStep, ValueError> {
    let Some(kustomization) = &expansion.frozen().kustomization else {
        return expansion.idle(&format!(
            "nothing to hold: no Kustomization keeps {}, or it is suspended already",
            expansion.run.namespace
        ));
    };
    let (namespace, name) = kustomization;
    let rest = match expansion.frozen().not_held.as_slice() {
        [] => String::new(),
        rest => format!("; it does not hold {}", rest.join(", ")),
    };
    let title = format!("suspend Kustomization {name} in {namespace}{rest}");
    let undo = Undo::Op(Box::new(op(kustomization, false)));
    let op = op(kustomization, true);
    expansion.plan_step(title, Some(op), "suspend is false".to_owned(), undo)
}

/// True or false as seen now; why not, in words, when it is not seen.
pub(super) fn suspended(turn: &Turn<'_>) -> Result<bool, SafeText> {
    let Some((namespace, name)) = &turn.frozen().kustomization else {
        return Err(SafeText::new("no Kustomization was found by prepare"));
    };
    match turn
        .sight
        .kustomization(&turn.run.cluster, (namespace, name), turn.now)
    {
        Some(one) => Ok(one.suspend),
        None => Err(SafeText::new(&format!(
            "Kustomization {name} in {namespace} is not seen on {}; it may be gone, which needs a new plan",
            turn.run.cluster
        ))),
    }
}

pub(super) fn before(turn: &Turn<'_>) -> Verdict {
    match suspended(turn) {
        Err(words) => Verdict::Blocked(words),
        Ok(false) => Verdict::ask("suspend is false (live)"),
        Ok(true) => Verdict::blocked(
            "suspend is true already and not by this run: leave it out with a reason (s), and the step that gives back too, or make a new plan",
        ),
    }
}

/// Done when suspend is true.
pub(super) fn verdict(turn: &Turn<'_>) -> Verdict {
    match suspended(turn) {
        Ok(true) => Verdict::done(format!("{} is suspended", name(turn))),
        Ok(false) => Verdict::pending("suspend is still false"),
        Err(words) => Verdict::Pending(words),
    }
}

/// `Kustomization emr`.
pub(super) fn name(turn: &Turn<'_>) -> String {
    let name = turn
        .frozen()
        .kustomization
        .as_ref()
        .map_or("", |one| one.1.as_str());
    format!("Kustomization {name}")
}
