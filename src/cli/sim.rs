//! `sim`: the simulated estate as a process of its own, until it is told to end.

use std::io::Write;
use std::path::Path;

use anyhow::Context;

use super::args::Serve;
use super::args::Story;
use super::args::Trouble;
use super::story;
use crate::sim;
use crate::sim::Fault;
use crate::sim::faults;
use crate::sim::issuer::Settings;

/// Every fault of the command line, those of its file first.
pub(super) fn faults(trouble: &Trouble) -> anyhow::Result<Vec<Fault>> {
    let mut all = Vec::new();
    if let Some(file) = &trouble.faults {
        let text = std::fs::read_to_string(file).with_context(|| {
            format!(
                "{} cannot be read; name a file of [[fault]] tables",
                file.display()
            )
        })?;
        all = faults::read(&text).with_context(|| file.display().to_string())?;
    }
    all.extend(trouble.fault.iter().cloned());
    Ok(all)
}

/// Serves the estate and writes what others need to join it into a folder.
pub(super) async fn serve(serve: Serve, out: &mut dyn Write) -> anyhow::Result<u8> {
    let dir = &serve.dir;
    let told = Story {
        scenario: serve.scenario,
        at: serve.at,
        trouble: serve.trouble,
    };
    let options = story::options(
        &told,
        sim::Options {
            seed: serve.seed,
            speed: serve.speed,
            only: serve.clusters,
            crowd: serve.crowd,
            apart: serve.apart,
            openshift: serve.openshift,
            eks: serve.eks,
            audit: Some(dir.clone()),
            issuer: Settings {
                manners: serve.issuer,
                ..Settings::default()
            },
            ..sim::Options::default()
        },
    )?;
    let estate = Box::pin(sim::Estate::start(options))
        .await
        .context("the simulated estate did not start")?;
    estate.write_to(dir).with_context(|| {
        format!(
            "the simulated estate could not be written to {}",
            dir.display()
        )
    })?;
    writeln!(
        out,
        "DEMO: the simulated estate serves {} clusters on 127.0.0.1 until it is told to end.",
        estate.clusters().len()
    )?;
    joining(&estate, dir, out)?;
    write!(out, "{}", story::premise(&estate))?;
    out.flush()?;
    let over = super::wait_for_end();
    tokio::select! {
        over = over => over?,
        told = tell(&estate, out) => told?,
    }
    write!(out, "{}", story::score(&estate, serve.log.as_deref()))?;
    Ok(0)
}

/// Says how others join.
fn joining(estate: &sim::Estate, dir: &Path, out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(
        out,
        "join it:   crashcart --config {}",
        dir.join("crashcart.toml").display()
    )?;
    let file = dir.join("alice.kubeconfig");
    let first = estate.clusters().first().map(|one| &one.cluster.name);
    writeln!(
        out,
        "kubectl:   kubectl --kubeconfig {} --context {} get pods -A",
        file.display(),
        first.map_or("", |name| name)
    )?;
    Ok(())
}

/// Says what people are told, each at its time; never ends.
async fn tell(estate: &sim::Estate, out: &mut dyn Write) -> anyhow::Result<()> {
    let injects = estate
        .scenario()
        .map(|scenario| scenario.injects.as_slice());
    for inject in injects.unwrap_or_default() {
        let left = inject.at.saturating_sub(estate.elapsed());
        estate.clock().wait(left).await;
        writeln!(out, "{}", story::inject(inject))?;
        out.flush()?;
    }
    std::future::pending().await
}
