//! Sends the Restore. It cannot be stopped once sent, so everything the plan rests on is looked at again before.

use super::Expansion;
use super::Turn;
use super::Verdict;
use super::velero;
use crate::runbook::plan::Frozen;
use crate::runbook::plan::Item;
use crate::runbook::plan::Plan;
use crate::runbook::plan::PlanStep;
use crate::runbook::plan::Undo;
use crate::runbook::reading::Answer;
use crate::runbook::reading::Gvk;
use crate::runbook::reading::Listed;
use crate::runbook::reading::Named;
use crate::runbook::values::ValueError;
use crate::sources::op::Gvr;
use crate::sources::op::Op;

pub(super) fn rights(ns: &str) -> Vec<(&'static str, Gvr, String)> {
    vec![
        ("create", velero("restores"), ns.to_owned()),
        ("get", velero("restores"), ns.to_owned()),
    ]
}

pub(super) fn brief(expansion: &Expansion<'_>) -> Result<PlanStep, ValueError> {
    let (run, frozen) = (expansion.run, expansion.frozen());
    let name = expansion.value("name")?;
    let title = format!("{name}, {} objects", frozen.create.len());
    let op = Op::Restore {
        velero: frozen.velero.clone(),
        name: name.clone(),
        namespace: run.namespace.clone(),
        backup: expansion.value("backup")?,
        mark: expansion.mark(),
        volumes: (frozen.create.iter()).any(|item| item.kind == "PersistentVolumeClaim"),
        roles: (frozen.create.iter()).any(|item| item.gvr.group.contains("authorization")),
    };
    let (create, skip) = present(frozen);
    let before =
        format!("no Restore {name}; {create} of {create} missing, {skip} of {skip} present");
    let typed = Some(expansion.value("typed")?);
    Ok(PlanStep {
        typed,
        ..expansion.plan_step(title, Some(op), before, Undo::DeleteCreated)?
    })
}

/// How many objects of the plan are missing, and how many are there.
fn present(frozen: &Frozen) -> (usize, usize) {
    (
        frozen.create.len(),
        frozen.items().count() - frozen.create.len(),
    )
}

/// Namespace of Velero and name of the Restore that the plan sends.
pub(super) fn name(plan: &Plan) -> Option<(&str, &str)> {
    plan.steps.iter().find_map(|step| match &step.op {
        Some(Op::Restore { velero, name, .. }) => Some((velero.as_str(), name.as_str())),
        _ => None,
    })
}

pub(super) fn before(turn: &Turn<'_>) -> Verdict {
    let (run, sight, now) = (turn.run, turn.sight, turn.now);
    let Some((velero, name)) = turn.plan().and_then(self::name) else {
        return Verdict::blocked("the plan holds no Restore");
    };
    if sight.terminating(&run.cluster, &run.namespace, now) {
        return Verdict::blocked(format!(
            "{} is being deleted: wait until it is gone",
            run.namespace
        ));
    }
    if let Err(words) = crate::runbook::holds::backup(run, sight, now) {
        return Verdict::Blocked(words);
    }
    if sight.restore(&run.cluster, velero, name, now).is_some() {
        return Verdict::blocked(format!(
            "Restore {name} exists already and was not sent by this step: a new plan is needed"
        ));
    }
    let reading = turn.names();
    match sight.answer(&reading, now) {
        Some(Answer::Names(listed)) => compared(turn, name, listed),
        Some(Answer::Failed(why)) => Verdict::blocked(format!(
            "what exists in {} cannot be listed: {why}",
            run.namespace
        )),
        _ => Verdict::Need(reading),
    }
}

fn compared(turn: &Turn<'_>, name: &str, listed: &[Listed]) -> Verdict {
    let frozen = turn.frozen();
    let uid = |item: &Item| find(listed, item).map(|object| object.uid.clone());
    let changed: Vec<String> = frozen
        .items()
        .filter(|item| uid(item) != item.uid)
        .map(|item| format!("{} {}", item.kind, item.name))
        .collect();
    if let Some(first) = changed.first() {
        let count = changed.len();
        return Verdict::blocked(format!(
            "{} changed since the plan: {count} objects, {first} among them; a new plan is needed, nothing is sent",
            turn.run.namespace
        ));
    }
    let (create, skip) = present(frozen);
    Verdict::ask(format!(
        "no Restore {name}; {create} of {create} missing, {skip} of {skip} present (live)"
    ))
}

/// The object of a planned item, if it exists now.
pub(super) fn find<'a>(listed: &'a [Listed], item: &Item) -> Option<&'a Named> {
    let kind = of(listed, item)?;
    kind.objects.iter().find(|object| object.name == item.name)
}

fn of<'a>(listed: &'a [Listed], item: &Item) -> Option<&'a Listed> {
    let same = |gvk: &Gvk| {
        gvk.group == item.gvr.group && gvk.version == item.gvr.version && gvk.kind == item.kind
    };
    listed.iter().find(|listed| same(&listed.gvk))
}

/// True when this person may not list the item's kind, so that nobody looked whether it is there.
pub(super) fn unseen(listed: &[Listed], item: &Item) -> bool {
    of(listed, item).is_some_and(|kind| !kind.allowed)
}

/// Done when the Restore is there with our mark.
pub(super) fn verdict(turn: &Turn<'_>) -> Verdict {
    let (run, sight) = (turn.run, turn.sight);
    let Some((velero, name)) = turn.plan().and_then(self::name) else {
        return Verdict::blocked("the plan holds no Restore");
    };
    let Some(restore) = sight.restore(&run.cluster, velero, name, turn.now) else {
        return Verdict::pending(format!("{name} is not seen yet"));
    };
    let step = turn.number.to_string();
    match &restore.mark {
        Some(mark) if mark.run.as_str() == run.id && mark.step.as_str() == step => Verdict::done(
            format!("{name} is there, marked run {} step {step}", run.short()),
        ),
        _ => Verdict::failed(format!(
            "{name} is there and is not marked as this run's: somebody else made it"
        )),
    }
}
