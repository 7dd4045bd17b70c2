//! `init`: a first configuration from the contexts of a kubeconfig. Nothing is asked of any cluster.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use anyhow::ensure;
use uuid::Uuid;

use super::args::Common;
use super::place;
use crate::config::kubeconfig;
use crate::config::propose::Found;
use crate::config::propose::propose;

/// Name of an estate until its keepers give it one.
const NAME: &str = "my-estate";

/// Writes `crashcart.toml` and the CA files beside it; an existing file is never replaced.
pub(super) fn init(
    common: &Common,
    given: Option<PathBuf>,
    contexts: &[String],
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    let target = place::config_file(common)?;
    ensure!(
        !target.exists(),
        "{} exists already and is left as it is; give another with --config",
        target.display()
    );
    let source = given
        .or_else(from_environment)
        .context("no kubeconfig is named: give --kubeconfig FILE, or set KUBECONFIG")?;
    let known = kubeconfig::read(&source)?;
    let wanted: Vec<String> = match contexts {
        [] => known.contexts().map(str::to_owned).collect(),
        some => some.to_vec(),
    };
    let mut found = Vec::new();
    for context in &wanted {
        match known.access(Some(context)) {
            Ok(access) => found.push(Found {
                kubeconfig: source.clone(),
                access,
                namespaces: BTreeMap::new(),
                uid: None,
            }),
            Err(error) => writeln!(out, "left out: {error}")?,
        }
    }
    ensure!(
        !found.is_empty(),
        "no context of {} can be used; see above",
        source.display()
    );
    let proposal = propose(NAME, Uuid::new_v4(), &found);
    let folder = target.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)
        .with_context(|| format!("{} cannot be made", folder.display()))?;
    for (name, bytes) in &proposal.files {
        write_new(&folder.join(name), bytes)?;
    }
    write_new(&target, proposal.text.as_bytes())?;
    writeln!(
        out,
        "wrote {} with {} clusters",
        target.display(),
        found.len()
    )?;
    writeln!(
        out,
        "next: name the estate and its zones there, then crashcart doctor"
    )?;
    Ok(0)
}

fn from_environment() -> Option<PathBuf> {
    let named = std::env::var_os("KUBECONFIG").and_then(|list| std::env::split_paths(&list).next());
    named.or_else(|| directories::BaseDirs::new().map(|base| base.home_dir().join(".kube/config")))
}

/// Writes a file that must not exist yet.
fn write_new(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    let mut file = file.with_context(|| {
        format!(
            "{} cannot be written (it may exist already)",
            path.display()
        )
    })?;
    file.write_all(bytes)
        .with_context(|| format!("{} cannot be written", path.display()))
}
