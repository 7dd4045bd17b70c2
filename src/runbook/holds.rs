//! Does what the run rests on still hold? A value that no longer does needs a new plan, and nothing is sent.

use super::book::Book;
use super::plan::Mode;
use super::run::Run;
use super::sight::Sight;
use crate::config::ClusterName;
use crate::sources::moment::Moment;
use crate::text::SafeText;
use crate::text::count;

fn no<T>(words: impl AsRef<str>) -> Result<T, SafeText> {
    Err(SafeText::new(words.as_ref()))
}

/// Every entry of the run tells what it did.
pub(crate) fn told(run: &Run) -> Result<(), SafeText> {
    match run.memory.untold {
        None => Ok(()),
        Some(entry) => no(format!(
            "what this run did is not known whole from entry {} on, so nothing is sent by it; crashcart log verify says what is damaged, a ends the run",
            count(entry)
        )),
    }
}

/// The runbook that the run was opened with, byte for byte.
pub(crate) fn book<'a>(run: &Run, sight: &Sight<'a>) -> Result<&'a Book, SafeText> {
    let Some(book) = sight.library.book(&run.book) else {
        return no(format!(
            "the runbook {} is not in the library any more; open a new run",
            run.book
        ));
    };
    if book.digest != run.memory.book_digest {
        return no(format!(
            "the runbook {} changed since the run was opened; open a new run",
            run.book
        ));
    }
    Ok(book)
}

/// Everything that a start rests on: runbook, policy, people, the backup and the rights. A run that would be refused
/// half-way is not begun.
pub(crate) fn start(run: &Run, sight: &Sight<'_>, now: Moment) -> Result<(), SafeText> {
    law(run, sight, now)?;
    backup(run, sight, now)?;
    let requests = run.plan.iter().flat_map(|plan| plan.requests());
    for (number, op) in requests {
        let refused = |why| SafeText::from(format!("step {number}: {why}"));
        sight.allowed(&run.cluster, op, now).map_err(refused)?;
    }
    Ok(())
}

/// What every step rests on, also one that is taken after a night's pause: runbook, policy and people.
pub(crate) fn law(run: &Run, sight: &Sight<'_>, now: Moment) -> Result<(), SafeText> {
    let book = book(run, sight)?;
    if policy(sight) != run.memory.policy {
        return no("the policy changed since the run was opened: the plan is void, open a new run");
    }
    people(sight, book, run.mode, (&run.cluster, &run.namespace), now)
}

/// What stands in a plan for the policy in force.
pub(crate) fn policy(sight: &Sight<'_>) -> String {
    sight.config.policy.mark().to_owned()
}

/// Refuses a live run where more than one person is needed, because there are no approvals yet.
pub(crate) fn people(
    sight: &Sight<'_>,
    book: &Book,
    mode: Mode,
    target: (&ClusterName, &str),
    now: Moment,
) -> Result<(), SafeText> {
    if mode == Mode::Drill {
        return no("drills do not exist yet; nothing was opened");
    }
    let (cluster, namespace) = target;
    let zones = sight.zones(cluster, namespace, now);
    let strictest = zones
        .into_iter()
        .max_by_key(|zone| sight.config.policy.people(zone));
    let policy = &sight.config.policy;
    if policy.has_ended(now.wall) {
        return no(format!(
            "the policy {} has ended, so nothing is opened or sent; ask whoever keeps it for a new one",
            policy.label
        ));
    }
    let needed = strictest.map_or(policy.most(), |zone| policy.people(zone));
    let uid = sight.uid(cluster).map(SafeText::as_str);
    let claim = policy
        .claim(uid, namespace)
        .filter(|claim| claim.people > needed && claim.people >= book.needs(mode));
    let zone = strictest.filter(|_| needed >= book.needs(mode));
    let (name, people) = match (claim, zone) {
        (Some(claim), _) => (
            format!("{namespace}, which policy counts to {},", claim.name),
            claim.people,
        ),
        (None, Some(zone)) => (zone.name.to_string(), needed),
        (None, None) if needed >= book.needs(mode) => {
            (format!("{namespace}, which is in no zone,"), needed)
        }
        (None, None) => (format!("runbook {}", book.id), book.needs(mode)),
    };
    if people < 2 {
        return Ok(());
    }
    let count = if people == 2 {
        "two".to_owned()
    } else {
        people.to_string()
    };
    let owners: Vec<String> = zone
        .map(|zone| zone.owners.iter().map(owner).collect())
        .unwrap_or_default();
    let next = if owners.is_empty() {
        "restore by hand with a second person beside you".to_owned()
    } else {
        format!("call {}", owners.join(", "))
    };
    no(format!(
        "{name} needs {count} people for a live change and approvals do not exist yet: nothing was opened or sent; {next}"
    ))
}

fn owner(owner: &crate::config::Owner) -> String {
    match &owner.phone {
        Some(phone) => format!("{} {phone}", owner.name),
        None => owner.name.clone(),
    }
}

/// The frozen backup can still be restored.
pub(crate) fn backup(run: &Run, sight: &Sight<'_>, now: Moment) -> Result<(), SafeText> {
    let name = &run.memory.frozen.backup;
    let points = sight.points(&run.cluster, &run.namespace, now);
    match points.iter().find(|point| point.backup.as_str() == name) {
        None => no(format!(
            "backup {name} is not on {} any more; a new plan is needed, nothing is sent",
            run.cluster
        )),
        Some(point) => match &point.why_not {
            Some(why) => no(format!(
                "backup {name} cannot be restored any more: {why}; a new plan is needed, nothing is sent"
            )),
            None => Ok(()),
        },
    }
}
