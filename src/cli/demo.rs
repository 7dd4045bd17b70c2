//! `demo`: a simulated estate inside this process, reached over HTTPS like any other.

use std::io::IsTerminal;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;

use super::args::Common;
use super::args::Story;
use super::place;
use super::status;
use super::story;
use crate::audit::own::OwnFolder;
use crate::sim;
use crate::view::lines;

/// How long the estate has to show itself before its board is printed.
const SHOW: Duration = Duration::from_secs(20);
/// Who looks when nobody signs in: the board that is printed is a viewer's.
const ONLOOKER: &str = "erik";

/// Opens the console on a simulated estate; without a terminal prints its board and findings once.
pub(super) async fn demo(
    common: &Common,
    story: &Story,
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    let (mut common, inside) = estate(common, story).await?;
    if std::io::stdout().is_terminal() && std::io::stdin().is_terminal() {
        let code = super::console(&common).await?;
        let log = super::log_folder(&common).ok();
        write!(out, "{}", story::score(&inside.estate, log.as_deref()))?;
        return Ok(code);
    }
    write!(out, "{}", story::premise(&inside.estate))?;
    common.as_person.get_or_insert_with(|| ONLOOKER.to_owned());
    let mut engine = super::engine(&common, super::Sits::Nobody)?;
    engine.until(SHOW, status::settled).await;
    let state = engine.end(Duration::ZERO).await;
    write!(out, "{}", lines::board_text(&state, &state.board))?;
    Ok(0)
}

/// A simulated estate inside this process. It ends, and its folder goes, when this is dropped.
pub(super) struct Inside {
    estate: sim::Estate,
    folder: PathBuf,
}

impl Drop for Inside {
    fn drop(&mut self) {
        // Tokens of an estate that is gone open nothing; a folder that stays is only untidy.
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

/// Starts the simulated estate and gives the options that lead to it.
pub(super) async fn estate(common: &Common, story: &Story) -> anyhow::Result<(Common, Inside)> {
    let options = sim::Options {
        seed: seed(),
        ..sim::Options::default()
    };
    let options = story::options(story, options)?;
    let folder = OwnFolder::make(&place::state_root(common)?, &["demo"])?;
    let folder = folder.path();
    let estate = Box::pin(sim::Estate::start(options))
        .await
        .context("the simulated estate did not start")?;
    let here = folder.join(format!("estate-{}", std::process::id()));
    estate.write_to(&here).with_context(|| {
        format!(
            "the simulated estate could not be written to {}",
            here.display()
        )
    })?;
    let mut common = common.clone();
    common.config = Some(here.join("crashcart.toml"));
    Ok((
        common,
        Inside {
            estate,
            folder: here,
        },
    ))
}

/// Another seed for each demo, so that a run of an earlier one finds that its estate is gone.
fn seed() -> u64 {
    uuid::Uuid::new_v4().as_u64_pair().0
}
