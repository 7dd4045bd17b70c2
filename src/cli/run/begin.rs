//! How a run is opened from parameters, or taken up again by its id.

use std::collections::BTreeMap;

use anyhow::Context;
use anyhow::bail;
use anyhow::ensure;

use super::STEP;
use super::said;
use crate::app::engine::Engine;
use crate::config::ClusterName;
use crate::runbook::book::Book;
use crate::runbook::run::Run;
use crate::runbook::sight::Sight;
use crate::state::State;
use crate::state::action::Action;
use crate::state::prompt::Prompt;

pub(super) fn parameters(given: &[String]) -> anyhow::Result<BTreeMap<String, String>> {
    given
        .iter()
        .map(|pair| {
            let (name, value) = pair
                .split_once('=')
                .with_context(|| format!("--param {pair} is not name=value"))?;
            Ok((name.to_owned(), value.to_owned()))
        })
        .collect()
}

/// The runbook of that name, when what is given fits its parameters: asked before anybody has to sign in.
pub(super) fn known<'s>(
    state: &'s State,
    book: &str,
    given: &BTreeMap<String, String>,
) -> anyhow::Result<&'s Book> {
    let Some(known) = state.library.book(book) else {
        bail!("there is no runbook {book}; crashcart runbook list shows them");
    };
    let named = |name: &&String| known.params.iter().any(|param| param.name == **name);
    if let Some(unknown) = given.keys().find(|name| !named(name)) {
        let names: Vec<&str> = known
            .params
            .iter()
            .map(|param| param.name.as_str())
            .collect();
        bail!(
            "{book} has no parameter {unknown}; it has: {}",
            names.join(" ")
        );
    }
    Ok(known)
}

pub(super) async fn open(engine: &mut Engine, book: &str, given: &[String]) -> anyhow::Result<()> {
    let mut given = parameters(given)?;
    let known = known(&engine.state, book, &given)?.clone();
    engine.act(Action::RunBook(book.to_owned()), true);
    let target = given.get("cluster").zip(given.get("namespace"));
    let target =
        target.map(|(cluster, namespace)| (ClusterName::from(cluster.as_str()), namespace));
    let on = target
        .as_ref()
        .map(|(cluster, space)| (cluster, space.as_str()));
    if let Some(why) = engine.state.live_refused_on(&known, on) {
        bail!("{why}");
    }
    let Some(Prompt::Fill { fields, .. }) = engine.state.prompt.clone() else {
        bail!("{}", said(&engine.state));
    };
    for (place, field) in fields.iter().enumerate() {
        focus(engine, place);
        if let Some(value) = given.remove(&field.name) {
            engine.act(Action::CursorEnd(true), true);
            engine.act(Action::EraseLeft, true);
            for character in value.chars() {
                engine.act(Action::Type(character), true);
            }
        }
        if let Some(Prompt::Fill { fields, .. }) = &engine.state.prompt {
            let field = &fields[place];
            ensure!(
                !field.bad,
                "parameter {}: {}; give it with --param {}=...",
                field.name,
                field.from,
                field.name
            );
        }
    }
    engine.act(Action::Accept, true);
    engine
        .until(STEP, |state| {
            state.busy.is_none() || state.open_run.is_some()
        })
        .await;
    ensure!(engine.state.open_run.is_some(), "{}", said(&engine.state));
    Ok(())
}

/// Puts the cursor into one field: the form opens on the first that is still missing.
fn focus(engine: &mut Engine, place: usize) {
    while let Some(Prompt::Fill { fields, at, .. }) = &engine.state.prompt
        && *at != place
        && place < fields.len()
    {
        engine.act(Action::Field(true), true);
    }
}

pub(super) fn resume(engine: &mut Engine, id: &str) -> anyhow::Result<()> {
    let Some(run) = engine.state.runs.iter().find(|run| run.id.starts_with(id)) else {
        bail!("there is no run {id} in this log; crashcart log show lists what happened");
    };
    if !run.ended() {
        reachable(&engine.state, run)?;
    }
    let id = run.id.clone();
    engine.act(Action::Resume(id), true);
    Ok(())
}

/// A run whose cluster is gone, or is another one by now, is not even looked at: nothing could be read for it.
fn reachable(state: &State, run: &Run) -> anyhow::Result<()> {
    let Some(person) = state.person_on(&run.cluster) else {
        bail!(
            "nobody is signed in to {}; the run stays where it is",
            run.cluster
        );
    };
    let sight = Sight {
        config: &state.config,
        world: &state.world,
        library: &state.library,
        heard: None,
        person,
    };
    sight
        .ready(&run.cluster, &run.memory.cluster_uid, state.now)
        .map_err(|why| anyhow::anyhow!("run {} stays where it is: {why}", run.short()))
}
