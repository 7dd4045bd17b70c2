//! Where things are kept: configuration, state by estate, the demo apart from everything real.

use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use directories::ProjectDirs;

use super::args::Common;
use crate::audit::own;
use crate::audit::own::OwnFolder;
use crate::config;
use crate::config::Cluster;
use crate::config::Config;
use crate::config::Policy;
use crate::runbook::library::Library;

/// The folders of one estate.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// The log.
    pub log: PathBuf,
    /// The last known board.
    pub last_known: PathBuf,
}

/// The XDG folders of crashcart.
pub(super) fn folders() -> anyhow::Result<ProjectDirs> {
    ProjectDirs::from("", "", "crashcart")
        .context("no home folder is known for this user; set HOME, or give --config and --state")
}

/// The runbooks of the binary and of `runbooks/` in the config folder.
pub(super) fn library() -> Library {
    match folders() {
        Ok(folders) => Library::with_folder(&folders.config_dir().join("runbooks")),
        Err(_) => Library::built_in(),
    }
}

/// The configuration file that counts.
pub(super) fn config_file(common: &Common) -> anyhow::Result<PathBuf> {
    let xdg = folders().map(|folders| folders.config_dir().to_path_buf());
    let env = std::env::var_os("CRASHCART_CONFIG");
    match (&common.config, &env, xdg) {
        (Some(path), _, _) => Ok(path.clone()),
        (None, env, Ok(xdg)) => Ok(config::find(None, env.as_deref(), &xdg)),
        (None, Some(env), Err(_)) => Ok(PathBuf::from(env)),
        (None, None, Err(error)) => Err(error),
    }
}

/// Reads the configuration and the policy that counts for it.
pub(super) fn load(path: &Path) -> anyhow::Result<Config> {
    anyhow::ensure!(
        path.exists(),
        "no configuration at {}; `crashcart init` writes one from your kubeconfig, `crashcart demo` needs none",
        path.display()
    );
    let config = config::load(path, None)?;
    let policy = &config.policy;
    anyhow::ensure!(
        simulated(&config) || !policy.simulated_only,
        "{}: it is good for simulated estates only, and this one is not; remove it, the policy of a live estate is {}",
        policy.label,
        config::SYSTEM_POLICY
    );
    Ok(config)
}

/// An estate is simulated only if every server is on loopback and every pinned uid of kube-system is a version-8
/// UUID, which no real server makes: a tunnel is not a simulator.
pub(super) fn simulated(config: &Config) -> bool {
    !config.clusters.is_empty() && config.clusters.iter().all(Cluster::is_simulated)
}

/// The state folder: given, or the XDG one.
pub(super) fn state_root(common: &Common) -> anyhow::Result<PathBuf> {
    if let Some(dir) = &common.state {
        return Ok(dir.clone());
    }
    let folders = folders()?;
    Ok(folders
        .state_dir()
        .unwrap_or_else(|| folders.data_local_dir())
        .to_path_buf())
}

/// The folders of one estate, made 0700. What is simulated is kept in `demo/`, apart from everything real.
///
/// What somebody else could reach, or planted there, is refused before anything is written.
pub(super) fn place(root: &Path, config: &Config, simulated: bool) -> anyhow::Result<Place> {
    let id = config.estate.id.to_string();
    let state = if simulated {
        OwnFolder::make(root, &["demo", &id])?
    } else {
        OwnFolder::make(root, &[&id])?
    };
    state.refuse_planted(None)?;
    state.refuse_planted(Some("log"))?;
    newest(&state, &config.policy)?;
    let state = state.path();
    Ok(Place {
        log: state.join("log"),
        last_known: state.join("last-known.json"),
    })
}

/// Where the serial of the signed policy that was last used is kept, in the estate's state folder, with the hash of
/// the key that signed it: another key counts from its own beginning.
const SERIAL: &str = "policy-serial";

/// Refuses a signed policy that is older than the one last used, and remembers a newer one.
fn newest(state: &OwnFolder, policy: &Policy) -> anyhow::Result<()> {
    let (Some(serial), Some(key)) = (policy.serial, &policy.key) else {
        return Ok(());
    };
    let kept = own::read(&state.path().join(SERIAL), 128).and_then(|bytes| remembered(&bytes, key));
    anyhow::ensure!(
        kept.is_none_or(|kept| serial >= kept),
        "{}: it is serial {serial} and serial {} of the same key was used here before, so it does not count; ask whoever signs it for the newest",
        policy.label,
        kept.unwrap_or_default()
    );
    if kept != Some(serial) {
        // A full disk is no reason not to look at the board: it stops the log, and with it every change.
        let _ = state.replace(SERIAL, format!("{serial} {key}\n").as_bytes());
    }
    Ok(())
}

/// The serial that was written down for a key; one without a key counts for any.
fn remembered(bytes: &[u8], key: &str) -> Option<u64> {
    let mut words = std::str::from_utf8(bytes).ok()?.split_whitespace();
    let serial = words.next()?.parse().ok()?;
    words.next().is_none_or(|of| of == key).then_some(serial)
}

#[cfg(test)]
mod tests {
    use super::newest;
    use crate::audit::own::OwnFolder;
    use crate::config::Policy;

    fn policy(serial: Option<u64>) -> Policy {
        Policy {
            label: "/p/policy.bundle".to_owned(),
            serial,
            key: Some("ab".repeat(32)),
            ..Policy::own()
        }
    }

    #[test]
    fn an_older_policy_than_the_one_last_used_is_refused() {
        let temp = tempfile::tempdir().unwrap();
        let state = OwnFolder::make(temp.path(), &["id"]).unwrap();
        newest(&state, &policy(None)).unwrap();
        newest(&state, &policy(Some(7))).unwrap();
        newest(&state, &policy(Some(7))).unwrap();
        newest(&state, &policy(Some(9))).unwrap();
        let said = newest(&state, &policy(Some(8))).unwrap_err().to_string();
        assert!(
            said.starts_with(
                "/p/policy.bundle: it is serial 8 and serial 9 of the same key was used"
            ),
            "{said}"
        );
        assert!(!said.contains("remove"), "{said}");
        newest(&state, &policy(Some(9))).unwrap();
        let other = Policy {
            key: Some("cd".repeat(32)),
            ..policy(Some(1))
        };
        newest(&state, &other).unwrap();
    }
}
