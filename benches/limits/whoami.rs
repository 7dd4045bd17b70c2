//! `whoami` from its start to its end, beside what a person would ask otherwise: `kubectl auth whoami`.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::time::Instant;

use anyhow::Context;

use crate::figures::Figures;
use crate::program;
use crate::say;
use crate::simulator::Sim;

/// How often each is measured; one after the other, so that both meet the same machine.
const TIMES: usize = 20;

/// Measures both on a simulated estate of three clusters.
pub(crate) fn measure() -> anyhow::Result<()> {
    let sim = Sim::start(&[])?;
    let kubectl = kubectl();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..TIMES {
        ours.push(took(&mut whoami(sim.home.path()))?);
        if let Some(kubectl) = &kubectl {
            let mut one = Command::new(kubectl);
            one.arg("--kubeconfig").arg(sim.kubeconfig());
            theirs.push(took(one.args(["auth", "whoami"]))?);
        }
    }
    let words = Figures::of(ours).words("ms");
    say(&format!("whoami, three clusters: {words} (limit 300 ms)"));
    match kubectl {
        Some(_) => {
            let words = Figures::of(theirs).words("ms");
            say(&format!("kubectl auth whoami, one cluster: {words}"));
        }
        None => say("kubectl auth whoami: not measured, there is no kubectl here"),
    }
    Ok(())
}

fn whoami(home: &Path) -> Command {
    let mut command = Command::new(program());
    command.args(["whoami", "--as", "alice", "--config"]);
    command.arg(home.join("crashcart.toml"));
    command.arg("--state").arg(home.join("state"));
    command
}

/// Milliseconds from its start until it has ended well.
fn took(command: &mut Command) -> anyhow::Result<f64> {
    let begun = Instant::now();
    let ended = command.stdout(Stdio::null()).status();
    let ended = ended.with_context(|| format!("{command:?} did not start"))?;
    anyhow::ensure!(ended.success(), "{command:?} failed: {ended}");
    Ok(begun.elapsed().as_secs_f64() * 1000.0)
}

/// The one of the testbed, else the one of this host.
fn kubectl() -> Option<PathBuf> {
    let bed = std::env::var_os("CRASHCART_TESTBED_BIN").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = bed.into_iter().chain(std::env::split_paths(&path));
    let all = folders.map(|folder| folder.join("kubectl"));
    all.into_iter().find(|one| one.exists())
}
