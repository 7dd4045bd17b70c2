//! Backs up what is there, so that this moment can be brought back too.

use super::Expansion;
use super::Turn;
use super::Verdict;
use super::velero;
use crate::runbook::lint;
use crate::runbook::plan::PlanStep;
use crate::runbook::plan::Undo;
use crate::runbook::run::Attempt;
use crate::runbook::values::ValueError;
use crate::sources::moment::Moment;
use crate::sources::op::Gvr;
use crate::sources::op::Op;
use crate::text::clock;

/// Seconds in which a Velero that runs takes up its work; on the testbed it did within one, every time.
const BEGINS_S: i64 = 60;

pub(super) fn rights(ns: &str) -> Vec<(&'static str, Gvr, String)> {
    vec![
        ("create", velero("backups"), ns.to_owned()),
        ("get", velero("backups"), ns.to_owned()),
    ]
}

/// Nothing to do when there is nothing to copy.
pub(super) fn brief(expansion: &Expansion<'_>) -> Result<PlanStep, ValueError> {
    let (run, frozen) = (expansion.run, expansion.frozen());
    if !frozen.exists {
        return expansion.idle(&format!(
            "nothing to copy: {} does not exist",
            run.namespace
        ));
    }
    let keep = expansion.value("keep")?;
    let hours = lint::seconds(&keep).unwrap_or(0) / 3600;
    let minutes = lint::seconds(&keep).unwrap_or(0) % 3600 / 60;
    let name = expansion.value("name")?;
    let title = format!(
        "backup {name} of {} to {}, kept {keep}",
        run.namespace, frozen.store
    );
    let op = Op::Backup {
        velero: frozen.velero.clone(),
        name: name.clone(),
        namespace: run.namespace.clone(),
        store: frozen.store.clone(),
        ttl: format!("{hours}h{minutes}m0s"),
        mark: expansion.mark(),
    };
    let undo = Undo::Expires(format!("expires in {keep} by itself"));
    expansion.plan_step(title, Some(op), format!("no Backup {name}"), undo)
}

fn op<'a>(turn: &Turn<'a>) -> Option<(&'a str, &'a str, &'a str)> {
    match turn.step()?.op.as_ref()? {
        Op::Backup {
            velero,
            name,
            store,
            ..
        } => Some((velero, name, store)),
        _ => None,
    }
}

pub(super) fn before(turn: &Turn<'_>) -> Verdict {
    let Some((velero, name, store)) = op(turn) else {
        return Verdict::blocked("the plan holds no Backup for it");
    };
    let cluster = &turn.run.cluster;
    if turn.sight.backup(cluster, velero, name, turn.now).is_some() {
        return Verdict::blocked(format!(
            "Backup {name} exists already and was not sent by this step; leave it out with a reason (s)"
        ));
    }
    let stores = turn
        .sight
        .cluster(cluster)
        .map(|world| world.stores(turn.now));
    let table = stores.as_ref().and_then(|stores| stores.now());
    match table.and_then(|table| table.by_name(velero, store)) {
        Some(seen) if seen.available() && !seen.read_only => Verdict::ask(format!(
            "no Backup {name}; store {store} is Available (live)"
        )),
        Some(seen) if seen.read_only => Verdict::blocked(format!(
            "store {store} is read-only: no copy can be made there"
        )),
        Some(seen) => {
            Verdict::blocked(format!("store {store} is {}: {}", seen.phase, seen.message))
        }
        None => Verdict::blocked(format!("store {store} is not seen on {cluster}")),
    }
}

/// Done when the Backup is Completed.
pub(super) fn verdict(turn: &Turn<'_>) -> Verdict {
    let Some((velero, name, store)) = op(turn) else {
        return Verdict::blocked("the plan holds no Backup for it");
    };
    let Some(backup) = turn.sight.backup(&turn.run.cluster, velero, name, turn.now) else {
        return Verdict::pending(format!("{name} is not seen yet"));
    };
    let (done, all) = backup.items;
    match backup.phase.as_str() {
        "Completed" => Verdict::done(format!(
            "{name} Completed: {done} of {all} objects in {store}"
        )),
        phase @ ("Failed" | "PartiallyFailed" | "FailedValidation" | "Deleting") => {
            Verdict::failed(format!(
                "{name} is {phase}: {}",
                words(backup.why.as_str(), backup.errors)
            ))
        }
        "" | "New" => Verdict::pending(not_begun(name, velero, turn.attempt(), turn.now)),
        phase => Verdict::pending(format!("{name} is {phase}: {done} of {all} objects")),
    }
}

/// What a Restore or Backup waits for that nobody took up; after a while, since when and where to look.
pub(super) fn not_begun(name: &str, velero: &str, sent: Option<&Attempt>, now: Moment) -> String {
    let new = format!("{name} is New");
    let long = |at: &Attempt| now.wall.as_second() - at.at.as_second() > BEGINS_S;
    match sent.filter(|sent| long(sent)) {
        Some(sent) => {
            let since = clock(sent.at, now.wall);
            format!("{new} since {since}: Velero has not begun; see whether it runs in {velero}")
        }
        None => format!("{new}: Velero has not begun"),
    }
}

/// Velero's reason, or the number of errors where it gives none.
pub(super) fn words(why: &str, errors: i64) -> String {
    if why.is_empty() {
        format!("{errors} errors")
    } else {
        why.to_owned()
    }
}
