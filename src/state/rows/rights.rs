//! What this person may do, as the palette, the runbooks and the session say it beforehand.

use super::marked_finding;
use super::treated;
use crate::config::ClusterName;
use crate::runbook::steps;
use crate::sources::op::Op;
use crate::sources::rights::grant;
use crate::sources::rights::held;
use crate::sources::rights::held::May;
use crate::sources::secret::SecretRef;
use crate::sources::world::ClusterWorld;
use crate::state::State;
use crate::state::nav::Screen;
use crate::text::SafeText;

/// The cluster that an action here would be about: that of the run on screen, of the finding, or the only one.
pub fn place(state: &State) -> Option<ClusterName> {
    let run = state
        .run()
        .filter(|_| matches!(state.nav.screen, Screen::Run | Screen::Plan));
    if let Some(run) = run {
        return Some(run.cluster.clone());
    }
    let finding = treated(state).or_else(|| marked_finding(state));
    let only = || match state.config.clusters.as_slice() {
        [one] => Some(one.name.clone()),
        _ => None,
    };
    finding.map(|finding| finding.cluster).or_else(only)
}

/// What the cluster says to each request that a runbook sends there.
fn answers(state: &State, book: &str, cluster: &ClusterName) -> Vec<(Op, May)> {
    let (Some(book), Some(world)) = (state.library.book(book), state.world.cluster(cluster)) else {
        return Vec::new();
    };
    let parts: Vec<_> = book
        .steps
        .iter()
        .flat_map(|step| steps::parts(step.kind))
        .collect();
    let asked = held_questions(world).into_iter();
    let needed = asked.filter(|op| parts.iter().any(|part| held::belongs(op, **part)));
    needed
        .map(|op| (op.clone(), world.may(&op, state.now)))
        .collect()
}

fn held_questions(world: &ClusterWorld) -> Vec<Op> {
    let held = world.held();
    held.map_or_else(Vec::new, |held| {
        held.said
            .reviews
            .iter()
            .map(|(op, ..)| op.clone())
            .collect()
    })
}

/// Why the cluster would refuse what this runbook sends, and what to ask for; `None` where nothing says so.
pub fn refused(state: &State, book: &str) -> Option<SafeText> {
    let cluster = place(state)?;
    let answers = answers(state, book, &cluster);
    let (op, why) = answers.into_iter().find_map(|(op, may)| match may {
        May::No(why) => Some((op, why)),
        _ => None,
    })?;
    let Op::Review {
        verb,
        gvr,
        namespace,
    } = &op
    else {
        return None;
    };
    let world = state.world.cluster(&cluster);
    let greeting = world.and_then(ClusterWorld::greeting);
    let groups = greeting.map_or(&[][..], |greeting| &greeting.groups);
    let ask = grant::ask_for(verb, gvr, namespace.as_deref(), groups);
    Some(SafeText::from(format!(
        "{cluster} would refuse it: {verb} {} in {} is not yours ({why}); {ask}",
        gvr.resource(),
        namespace.as_deref().unwrap_or("all namespaces"),
    )))
}

/// Whether this person may do all that a runbook sends, in a few words; empty where no cluster is meant.
pub fn rights_of(state: &State, book: &str) -> String {
    let Some(cluster) = place(state) else {
        return String::new();
    };
    let answers = answers(state, book, &cluster);
    let unknown = answers.iter().find_map(|(_, may)| match may {
        May::Unknown(why) => Some(why.to_string()),
        _ => None,
    });
    let words = match unknown {
        Some(why) => format!("? {why}"),
        None if answers.is_empty() => "? not asked yet".to_owned(),
        None => "yes".to_owned(),
    };
    format!("; your rights on {cluster}: {words}")
}

/// What may be sent on a cluster, and what is more than needed, in one line of the session.
pub fn rights_on(state: &State, cluster: &ClusterName) -> String {
    let Some(world) = state.world.cluster(cluster) else {
        return "? not connected".to_owned();
    };
    let asked = held_questions(world);
    if asked.is_empty() {
        return "? not asked yet".to_owned();
    }
    let may: Vec<May> = asked.iter().map(|op| world.may(op, state.now)).collect();
    if let Some(unknown) = may.iter().find(|may| matches!(may, May::Unknown(_))) {
        return unknown.words();
    }
    let yes = may.iter().filter(|may| matches!(may, May::Yes(_))).count();
    let mut words = format!(
        "{yes} of {} requests of runbooks are yours to send",
        may.len()
    );
    let groups = world
        .greeting()
        .map_or(&[][..], |greeting| &greeting.groups);
    match world.held().map(|held| &held.said.rules) {
        Some(Ok(rules)) => {
            let excess = rules.excess(groups);
            if !excess.is_empty() {
                words = format!("{words}; too much: {}", excess.join("; "));
            }
            if rules.incomplete {
                words.push_str("; the server's list of rights is not complete");
            }
        }
        Some(Err(why)) => words = format!("{words}; the server's list of rights: ? {why}"),
        None => {}
    }
    words
}

/// The Secret that is typed, as `emr/db` or `aws-prod/emr/db`; `None` where that names none.
pub fn secret_typed(state: &State, named: &str) -> Option<SecretRef> {
    let found = SecretRef::parse(named, place(state).as_ref())?;
    state
        .config
        .cluster(&found.cluster)
        .is_some()
        .then_some(found)
}

/// The Secrets of the plan of the run on screen.
pub fn secrets(state: &State) -> Vec<SecretRef> {
    let run = state
        .run()
        .filter(|_| matches!(state.nav.screen, Screen::Run | Screen::Plan));
    let Some((run, plan)) = run.and_then(|run| Some((run, run.plan.as_ref()?))) else {
        return Vec::new();
    };
    let secrets = plan
        .frozen
        .items()
        .filter(|item| item.kind == "Secret" && item.gvr.group.is_empty());
    let secrets = secrets.map(|item| SecretRef {
        cluster: run.cluster.clone(),
        namespace: run.namespace.clone(),
        name: item.name.clone(),
    });
    secrets.collect()
}
