//! `rbac emit --install`: roles and policies on a cluster, tried first, confirmed by its name, recorded one by one.
//!
//! Where the trial of one object is refused, none is sent. What is refused or in doubt later stops the rest: what confines
//! is sent before what gives, so what was sent until then gives nobody more than was shown. It is taken up by asking again,
//! because what is there already is left as it is.

use std::io::IsTerminal;
use std::io::Write;
use std::time::Duration;

use anyhow::Context;
use anyhow::ensure;

use super::Sits;
use super::args::Common;
use super::login;
use super::people;
use super::place;
use super::trust;
use crate::app::engine::Engine;
use crate::app::input;
use crate::app::perform::install::Installer;
use crate::app::perform::install::Would;
use crate::config::ClusterName;
use crate::sources::apply::Class;
use crate::sources::rights::install::Difference;
use crate::sources::rights::install::Object;
use crate::sources::rights::install::notes;
use crate::sources::rights::install::objects;
use crate::sources::twins::settled;
use crate::sources::twins::twin;
use crate::state::State;
use crate::text::SafeText;
use crate::view::lines;

/// How long a cluster has to say who it is.
const REACH: Duration = Duration::from_secs(20);
/// Not all of it was installed.
const PART: u8 = 1;
/// Refused before anything was changed.
const REFUSED: u8 = 2;

/// Installs every object of the manifest on each of these clusters. Exit codes: 0 all is there, 1 some of it, 2 refused
/// before anything was changed.
pub(super) async fn install(
    common: &Common,
    clusters: &[String],
    manifest: &str,
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    let config = place::load(&place::config_file(common)?)?;
    let simulated = place::simulated(&config);
    ensure!(
        std::io::stdin().is_terminal() || simulated,
        "the name of a cluster must be typed at a terminal; piped answers count only in a simulated estate"
    );
    if let Some(words) = lines::own_policy(&config.policy) {
        writeln!(out, "{words}")?;
    }
    let objects = objects(manifest);
    let names: Vec<ClusterName> = clusters
        .iter()
        .map(|name| ClusterName::from(name.as_str()))
        .collect();
    for name in &names {
        let pinned = trust::known(&config, name)?.fingerprint.as_ref();
        let uid = pinned.and_then(|print| print.uid.as_deref());
        let what = format!("to give rights on {name}");
        let next = "print it without --install, and have it applied with a second person there";
        if let Some(why) = people::needs_more(&config, (name, uid), (&what, next)) {
            writeln!(out, "{why}")?;
            return Ok(REFUSED);
        }
    }
    write!(out, "{}", notes(manifest))?;
    let mut engine = super::engine_on(common, config, simulated, Sits::ToType)?;
    let mut worst = 0;
    for name in &names {
        let needed = login::needed(&engine.state, Some(name.as_str()));
        engine = Box::pin(login::signed_in(engine, &needed, out)).await?;
        worst = worst.max(one(&mut engine, name, &objects, out).await?);
    }
    engine.end(REACH).await;
    Ok(worst)
}

/// One cluster: who we are there, the preview, the question, and what became of each object.
async fn one(
    engine: &mut Engine,
    name: &ClusterName,
    objects: &[Object],
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    let greeted = |state: &State| {
        let world = state.world.cluster(name);
        world.is_some_and(|world| world.greeting().is_some() || world.unreachable())
    };
    engine.until(REACH, greeted).await;
    if let Err(why) = itself(&engine.state, name) {
        writeln!(out, "{why}; nothing was sent")?;
        return Ok(REFUSED);
    }
    let installer = engine
        .installer(name)
        .context("the connection is gone; try again")?;
    let world = engine.state.world.cluster(name);
    let user = world.and_then(|world| world.greeting()?.user.clone());
    let user = user.map_or("somebody it does not name".to_owned(), |user| {
        user.to_string()
    });
    writeln!(
        out,
        "{name}, which takes you for {user}. Each object was tried; nothing is changed yet."
    )?;
    let would = match engine.beside(installer.preview(objects)).await {
        Ok(would) => would,
        Err(why) => {
            writeln!(out, "{why}")?;
            return Ok(REFUSED);
        }
    };
    for (object, would) in objects.iter().zip(&would) {
        writeln!(out, "{}", line(object, would))?;
        for change in changes(would).iter().flat_map(Difference::lines) {
            writeln!(out, "           {change}")?;
        }
    }
    if would.iter().any(|would| matches!(would, Would::Refuse(_))) {
        writeln!(
            out,
            "Nothing was installed on {name}: some of it would be refused."
        )?;
        return Ok(REFUSED);
    }
    let wanted = objects
        .iter()
        .zip(&would)
        .filter(|(_, would)| **would != Would::Nothing);
    let wanted: Vec<&Object> = wanted.map(|(object, _)| object).collect();
    if wanted.is_empty() {
        writeln!(
            out,
            "All of it is there on {name}; nothing is to be installed."
        )?;
        return Ok(0);
    }
    if !agreed(engine, name, wanted.len(), out).await? {
        writeln!(out, "Nothing was installed on {name}.")?;
        return Ok(REFUSED);
    }
    send(engine, (name, &installer), &wanted, out).await
}

/// Whether the name was typed, and the cluster still is the one that is meant once every other has answered or failed:
/// one that has its uid too may have been slow to say so.
async fn agreed(
    engine: &mut Engine,
    name: &ClusterName,
    count: usize,
    out: &mut dyn Write,
) -> anyhow::Result<bool> {
    let what = format!("Type {name} to install {count} of them: ");
    if asked(engine, &what, out).await? != name.as_str() {
        return Ok(false);
    }
    let settled = |state: &State| settled(&state.config, &state.world);
    engine.until(REACH, settled).await;
    if let Err(why) = itself(&engine.state, name) {
        writeln!(out, "{why}")?;
        return Ok(false);
    }
    Ok(true)
}

/// Whether the cluster is the one of the configuration; nothing is given away to another.
fn itself(state: &State, name: &ClusterName) -> Result<(), String> {
    let world = state.world.cluster(name);
    let Some(world) = world.filter(|world| world.greeting().is_some()) else {
        let why = world.map(|world| world.reach().words());
        return Err(why.map_or(format!("{name} was not asked"), |why| {
            format!("{name}: {why}")
        }));
    };
    let same = state
        .config
        .cluster(name)
        .and_then(|cluster| world.uid_matches(cluster));
    if same != Some(true) {
        return Err(format!(
            "{name} is not known to be the cluster of the configuration (uid of kube-system); crashcart doctor says more"
        ));
    }
    match twin(&state.config, &state.world, name) {
        Some(twin) => Err(format!(
            "{name} and {twin} have one kube-system uid, so it could be either"
        )),
        None => Ok(()),
    }
}

/// Sends what is wanted, in order; stops where something is refused, in doubt or cannot be recorded.
async fn send(
    engine: &mut Engine,
    (name, installer): (&ClusterName, &Installer),
    wanted: &[&Object],
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    let mut done = 0;
    for object in wanted {
        let applied = match engine.beside(installer.send(object, false)).await {
            Ok(applied) => applied,
            Err(why) => {
                writeln!(out, "  stopped  {}: {why}", object.words())?;
                break;
            }
        };
        let id = applied.audit_id.unwrap_or_default();
        match applied.class {
            Class::Applied => {
                done += 1;
                writeln!(out, "  done     {}, Audit-ID {id}", object.words())?;
            }
            Class::Refused(why) => {
                writeln!(out, "  refused  {}: {why}", object.words())?;
                break;
            }
            Class::NotSent(why) | Class::Unknown(why) => {
                writeln!(out, "  stopped  {}: {why}", object.words())?;
                break;
            }
        }
    }
    if done == wanted.len() {
        writeln!(out, "Installed on {name}, and recorded.")?;
        return Ok(0);
    }
    writeln!(
        out,
        "{done} of {} are installed on {name}. Ask again for the rest: what is there is left as it is.",
        wanted.len()
    )?;
    Ok(PART)
}

/// One line of the preview.
fn line(object: &Object, would: &Would) -> String {
    let (word, more) = match would {
        Would::Create => ("create", String::new()),
        Would::Change(found) => {
            let mut parts: Vec<&str> = found.iter().map(Difference::part).collect();
            parts.dedup();
            ("change", format!(": {}", SafeText::from(parts.join(", "))))
        }
        Would::Nothing => ("same", String::new()),
        Would::Follow(first) => ("create", format!(", tried once {first} is there")),
        Would::Refuse(why) => ("refused", format!(": {why}")),
    };
    format!("  {word:<8} {}{more}", object.words())
}

/// What goes and what comes where an object would be changed.
fn changes(would: &Would) -> &[Difference] {
    match would {
        Would::Change(found) => found,
        _ => &[],
    }
}

/// What is typed at a question; what was typed before it was asked is forgotten.
async fn asked(engine: &mut Engine, question: &str, out: &mut dyn Write) -> anyhow::Result<String> {
    out.flush()?;
    input::forget_typed();
    write!(out, "{question}")?;
    out.flush()?;
    let line = engine.beside(input::line()).await?;
    if !std::io::stdin().is_terminal() {
        writeln!(out)?;
    }
    Ok(SafeText::new(&line.unwrap_or_default()).to_string())
}
