//! Checks that every planned object is there with a new uid and that the Deployments are available.

use std::collections::BTreeSet;

use super::Expansion;
use super::Turn;
use super::Verdict;
use super::restore;
use crate::runbook::event::Created;
use crate::runbook::plan::PlanStep;
use crate::runbook::plan::Undo;
use crate::runbook::reading::Listed;
use crate::runbook::steps;
use crate::runbook::steps::Found;
use crate::runbook::values::ValueError;
use crate::text::SafeText;

/// How many missing objects are named before the rest is only counted.
const NAMED: usize = 3;

pub(super) fn brief(expansion: &Expansion<'_>) -> Result<PlanStep, ValueError> {
    let title = format!(
        "{} planned objects, and every Deployment available",
        expansion.frozen().create.len()
    );
    expansion.plan_step(
        title,
        None,
        "the Restore is Completed".to_owned(),
        Undo::Nothing,
    )
}

/// Done when nothing is missing.
pub(super) fn verdict(turn: &Turn<'_>) -> Verdict {
    let listed = match turn.names_now() {
        Ok(listed) => listed,
        Err(Ok(reading)) => return Verdict::Need(*reading),
        Err(Err(why)) => {
            return Verdict::pending(format!("what is there could not be listed: {why}"));
        }
    };
    let (run, frozen) = (turn.run, turn.frozen());
    let created = created(turn, listed);
    let all = frozen.create.len();
    let missing: Vec<String> = frozen
        .create
        .iter()
        .filter(|item| !restore::unseen(listed, item))
        .filter(|item| {
            !created
                .iter()
                .any(|one| one.gvr == item.gvr && one.name == item.name)
        })
        .map(|item| format!("{} {}", item.kind, item.name))
        .collect();
    if !missing.is_empty() {
        return Verdict::pending(format!(
            "{} of {all} objects are there; missing: {}",
            created.len(),
            some(&missing)
        ));
    }
    let planned: Vec<_> = frozen.items().cloned().collect();
    match turn
        .sight
        .unavailable(&run.cluster, &run.namespace, &planned, turn.now)
    {
        None => Verdict::pending(format!("Deployments of {} are not seen", run.cluster)),
        Some(bad) if !bad.is_empty() => Verdict::pending(format!(
            "{} of {all} objects are there; not available: Deployment {}",
            created.len(),
            some(&bad)
        )),
        Some(_) => match not_looked_at(turn, listed) {
            Some(left_out) => Verdict::stuck(format!(
                "{} of {all} objects are there, new; {left_out}; ask for the role of `rbac emit`, or s skips this check with a reason",
                created.len()
            )),
            None => Verdict::Done(Found {
                words: SafeText::new(&format!(
                    "{all} of {all} objects are there, new; every Deployment is available"
                )),
                frozen: None,
                through: true,
                created,
            }),
        },
    }
}

/// Which objects nobody looked at, because this person may not list their kind, and why; nothing when there is none.
fn not_looked_at(turn: &Turn<'_>, listed: &[Listed]) -> Option<String> {
    let unseen = || steps::unseen(turn, listed);
    let names: Vec<String> = unseen()
        .map(|item| format!("{} {}", item.kind, item.name))
        .collect();
    let kinds: BTreeSet<&str> = unseen().map(|item| item.gvr.plural.as_str()).collect();
    let kinds: Vec<&str> = kinds.into_iter().collect();
    (!names.is_empty()).then(|| {
        let kinds = kinds.join(" and ");
        format!(
            "not looked at, because listing {kinds} is not yours: {}",
            some(&names)
        )
    })
}

/// The planned objects that are there now and are not the ones of the plan.
pub(crate) fn created(turn: &Turn<'_>, listed: &[Listed]) -> Vec<Created> {
    let create = turn.frozen().create.iter();
    let there = create.filter_map(|item| {
        let object = restore::find(listed, item)?;
        (Some(&object.uid) != item.uid.as_ref()).then(|| Created {
            gvr: item.gvr.clone(),
            kind: item.kind.clone(),
            name: item.name.clone(),
            uid: object.uid.clone(),
            resource_version: object.resource_version.clone(),
            written: object.written.clone(),
        })
    });
    there.collect()
}

/// The first few, and how many more.
fn some(names: &[String]) -> String {
    let mut words = names[..names.len().min(NAMED)].join(", ");
    if names.len() > NAMED {
        words = format!("{words} and {} more", names.len() - NAMED);
    }
    words
}
