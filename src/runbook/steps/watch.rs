//! Waits until the Restore has ended. Completed with nothing created is a failure.

use super::Expansion;
use super::Turn;
use super::Verdict;
use super::restore;
use super::safety_copy::not_begun;
use super::safety_copy::words;
use crate::runbook::plan::PlanStep;
use crate::runbook::plan::Undo;
use crate::runbook::steps;
use crate::runbook::steps::Kind;
use crate::runbook::values::ValueError;
use crate::text::age;

pub(super) fn brief(expansion: &Expansion<'_>) -> Result<PlanStep, ValueError> {
    let most = age(i64::from(expansion.step.timeout_s));
    let title = format!("until the Restore has ended, at most {most}");
    expansion.plan_step(
        title,
        None,
        "the Restore was sent".to_owned(),
        Undo::Nothing,
    )
}

/// Done when the Restore is Completed and planned objects are there that were not there before.
pub(super) fn verdict(turn: &Turn<'_>) -> Verdict {
    let (run, sight) = (turn.run, turn.sight);
    let Some((velero, name)) = turn.plan().and_then(restore::name) else {
        return Verdict::blocked("the plan holds no Restore");
    };
    let Some(seen) = sight.restore(&run.cluster, velero, name, turn.now) else {
        return Verdict::pending(format!("{name} is not seen on {}", run.cluster));
    };
    let (done, all) = seen.items;
    match seen.phase.as_str() {
        "Completed" => completed(turn, name),
        phase @ ("PartiallyFailed" | "Failed" | "FailedValidation") => Verdict::failed(format!(
            "{name} is {phase}: {}; {} errors, {} warnings",
            words(seen.why.as_str(), seen.errors),
            seen.errors,
            seen.warnings
        )),
        "" | "New" => {
            let sent = turn.plan().and_then(|plan| plan.step_of(Kind::Restore));
            let sent = sent.and_then(|step| run.attempt(step.number, false));
            Verdict::pending(not_begun(name, velero, sent, turn.now))
        }
        phase => Verdict::pending(format!("{name} is {phase}: {done} of {all} objects")),
    }
}

fn completed(turn: &Turn<'_>, name: &str) -> Verdict {
    let listed = match turn.names_now() {
        Ok(listed) => listed,
        Err(Ok(reading)) => return Verdict::Need(*reading),
        Err(Err(why)) => {
            return Verdict::pending(format!(
                "{name} is Completed; what it created could not be listed: {why}"
            ));
        }
    };
    let create = &turn.frozen().create;
    let looked = create.len() - steps::unseen(turn, listed).count();
    if looked == 0 && !create.is_empty() {
        let unknown = format!(
            "{name} Completed; whether it created anything is not known, because listing those kinds is not yours"
        );
        // A later step must see the objects before the run is proved; without one, this is where it ends.
        let checked = turn.plan().and_then(|plan| plan.step_of(Kind::Verify));
        return match checked {
            Some(_) => Verdict::done(unknown),
            None => Verdict::failed(unknown),
        };
    }
    let there = create
        .iter()
        .filter(|item| restore::find(listed, item).is_some())
        .count();
    if there == 0 {
        return Verdict::failed(format!(
            "{name} is Completed and created nothing: none of {looked} planned objects is there"
        ));
    }
    Verdict::done(format!(
        "{name} Completed: {there} of {looked} objects are there"
    ))
}
