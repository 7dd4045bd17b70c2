//! `sim`: the simulated estate as a process of its own, until it is told to end.

use std::io::Write;
use std::path::Path;

use anyhow::Context;

use super::args::Trouble;
use crate::sim;
use crate::sim::Fault;
use crate::sim::faults;

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

/// Serves the estate and writes what others need to join it into `dir`.
pub(super) async fn serve(
    dir: &Path,
    options: sim::Options,
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    let options = sim::Options {
        audit: Some(dir.to_path_buf()),
        ..options
    };
    let estate = sim::Estate::start(options)
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
    writeln!(
        out,
        "join it:   crashcart --config {}",
        dir.join("crashcart.toml").display()
    )?;
    writeln!(
        out,
        "kubectl:   kubectl --kubeconfig {} --context sth-prod get pods -A",
        dir.join("alice.kubeconfig").display()
    )?;
    out.flush()?;
    super::wait_for_end().await?;
    Ok(0)
}
