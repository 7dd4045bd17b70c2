//! `init`: a first configuration from the contexts of a kubeconfig. Each cluster is asked who it is and which
//! namespaces it has; one that does not answer is written down without its uid and without zones.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use anyhow::ensure;
use serde_json::Value;
use std::time::Duration;
use tokio::time::timeout;
use uuid::Uuid;

use super::args::Common;
use super::place;
use crate::app::clock::Clock;
use crate::app::perform::program;
use crate::config::Cluster;
use crate::config::ClusterAuth;
use crate::config::ClusterName;
use crate::config::KubeconfigUser;
use crate::config::Policy;
use crate::config::Site;
use crate::config::kubeconfig;
use crate::config::kubeconfig::Access;
use crate::config::kubeconfig::Kubeconfig;
use crate::config::propose::Found;
use crate::config::propose::Labels;
use crate::config::propose::propose;
use crate::sources::cluster::Link;
use crate::sources::cluster::TokenSlot;
use crate::sources::fact::Fact;

/// How long a cluster has for each answer.
const ANSWER: Duration = Duration::from_secs(10);
/// Name of an estate until its keepers give it one.
const NAME: &str = "my-estate";

/// Writes `crashcart.toml` and the CA files beside it; an existing file is never replaced.
pub(super) async fn init(
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
    let known = match given {
        Some(path) => kubeconfig::read(&path)?,
        None => from_environment()?,
    };
    let wanted: Vec<String> = match contexts {
        [] => known.contexts().into_iter().map(str::to_owned).collect(),
        some => some.to_vec(),
    };
    let found = read_all(&known, &wanted, out).await?;
    let paths: Vec<String> = known.paths().map(|one| one.display().to_string()).collect();
    ensure!(
        !found.is_empty(),
        "no context of {} can be used; see above",
        paths.join(", ")
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

/// What each context leads to and what its cluster says; a context that cannot be used is named and left out.
async fn read_all(
    known: &Kubeconfig,
    wanted: &[String],
    out: &mut dyn Write,
) -> anyhow::Result<Vec<Found>> {
    let mut found = Vec::new();
    let programs = Policy::of_system()?.programs;
    for context in wanted {
        match known.access(Some(context), &programs) {
            Ok(access) => {
                for warning in &access.warnings {
                    writeln!(out, "{context}: {warning}")?;
                }
                let seen = look(context, &access).await;
                if let Err(why) = &seen {
                    writeln!(
                        out,
                        "{context} was not read: {why}; its uid and zones are left open"
                    )?;
                }
                let (uid, namespaces) = seen.unwrap_or_default();
                found.push(Found {
                    kubeconfig: absolute(&access.paths)?,
                    access,
                    namespaces,
                    uid,
                });
            }
            Err(error) => writeln!(out, "left out: {error}")?,
        }
    }
    Ok(found)
}

/// uid of `kube-system`, and the labels of every namespace.
type Seen = (Option<String>, BTreeMap<String, Labels>);

/// Asks one cluster who it is and which namespaces it has.
async fn look(context: &str, access: &Access) -> Result<Seen, String> {
    let cluster = Cluster {
        name: ClusterName::from(context),
        site: Site::OnPrem,
        server: access.server.clone(),
        ca: access.ca.clone(),
        fingerprint: None,
        auth: ClusterAuth::Kubeconfig(access.user.clone()),
        fallback: None,
        audience: None,
        route: access.route.clone(),
        copy_of: None,
    };
    let token = TokenSlot::default();
    if let KubeconfigUser::Program(plugin) = &access.user {
        let granted = program::ask(plugin, &Clock::start()).map_err(|why| why.to_string())?;
        token.set(Some(granted.token));
    }
    let link = Link::open(&cluster, 1, token).map_err(|fact| unreached(&fact))?;
    let now = Clock::start().now().wall;
    let greeting = timeout(ANSWER, link.greet(now)).await;
    let greeting = greeting
        .map_err(|_| "no answer in time".to_owned())?
        .map_err(|fact| unreached(&fact))?;
    let listed = timeout(ANSWER, link.reader().get_json("/api/v1/namespaces")).await;
    // Without the right to list namespaces there are no zones to propose; the uid stands.
    let listed = listed.ok().and_then(Result::ok).unwrap_or_default();
    Ok((greeting.uid.map(|uid| uid.to_string()), labels(&listed)))
}

fn unreached(fact: &Fact) -> String {
    match fact {
        Fact::Unreachable(why) => why.to_string(),
        Fact::OtherCa { .. } => "its CA is not the one of the kubeconfig".to_owned(),
        _ => "it did not say who it is".to_owned(),
    }
}

fn labels(listed: &Value) -> BTreeMap<String, Labels> {
    let items = listed.pointer("/items").and_then(Value::as_array);
    let one = |item: &Value| {
        let name = item.pointer("/metadata/name")?.as_str()?.to_owned();
        let labels = item
            .pointer("/metadata/labels")
            .cloned()
            .unwrap_or_default();
        Some((name, serde_json::from_value(labels).unwrap_or_default()))
    };
    items.into_iter().flatten().filter_map(one).collect()
}

/// The files of `KUBECONFIG` as one, else the one in the home folder.
fn from_environment() -> anyhow::Result<Kubeconfig> {
    if let Some(list) = std::env::var_os("KUBECONFIG").filter(|list| !list.is_empty()) {
        return Ok(kubeconfig::read_list(&list)?);
    }
    let home = directories::BaseDirs::new()
        .context("no kubeconfig is named: give --kubeconfig FILE, or set KUBECONFIG")?;
    Ok(kubeconfig::read(&home.home_dir().join(".kube/config"))?)
}

/// The configuration reads its paths from its own folder, which is not the one we stand in.
fn absolute(paths: &[PathBuf]) -> anyhow::Result<String> {
    let one = |path: &PathBuf| {
        let found = std::path::absolute(path);
        found
            .map(|path| path.display().to_string())
            .with_context(|| format!("{} has no absolute path", path.display()))
    };
    let all: anyhow::Result<Vec<String>> = paths.iter().map(one).collect();
    Ok(all?.join(":"))
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
