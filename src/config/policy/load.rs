//! Which policy counts: root's own file, or a bundle signed by a key that root pinned; for a simulated estate the one
//! beside its configuration, under the system's.

use super::Policy;
use super::bundle;
use super::parse::parse;
use crate::config::ConfigError;
use crate::config::file;
use crate::config::file::Standing;
use std::fs::Metadata;
use std::io::ErrorKind;
use std::path::Path;

/// Where the system's policy is; it must belong to root.
pub const SYSTEM_POLICY: &str = "/etc/crashcart/policy.toml";

/// The policy that holds for a configuration in a folder; `named` is the bundle that the configuration names.
pub(in crate::config) fn load(
    folder: &Path,
    named: Option<&Path>,
    system: Option<&Path>,
) -> Result<Policy, ConfigError> {
    let system_path = system.unwrap_or(Path::new(SYSTEM_POLICY));
    let system = of_machine(system_path, named)?;
    let beside = folder.join("policy.toml");
    let simulated = if exists(&beside) && beside != system_path {
        Some(read_beside(&beside)?)
    } else {
        None
    };
    Ok(match (simulated, system) {
        (Some(simulated), Some(system)) => simulated.over(&system),
        (Some(policy), None) | (None, Some(policy)) => policy,
        (None, None) => Policy::own(),
    })
}

/// Root's own policy, or the bundle that a key of root's makes count; `None` where root put neither.
fn of_machine(path: &Path, named: Option<&Path>) -> Result<Option<Policy>, ConfigError> {
    let key = path.with_file_name("policy.pub");
    let standard = path.with_file_name("policy.bundle");
    let of_machine = exists(&standard).then_some(standard.as_path());
    if exists(path) {
        if let Some(bundle) = of_machine.or(named) {
            let sentence = format!(
                "the policy of this machine is {}, so a bundle cannot count as well; keep one of the two",
                path.display()
            );
            return Err(ConfigError::file(bundle, sentence));
        }
        return read_system(path).map(Some);
    }
    match (of_machine, named, exists(&key)) {
        (Some(one), Some(other), true) => {
            newer(bundle::read(one, &key)?, bundle::read(other, &key)?, other).map(Some)
        }
        (Some(bundle), None, true) | (None, Some(bundle), true) => {
            bundle::read(bundle, &key).map(Some)
        }
        (Some(bundle), _, false) | (None, Some(bundle), false) => {
            let sentence = format!(
                "no key is pinned at {}, so no signature can make it count; root puts the public key there",
                key.display()
            );
            Err(ConfigError::file(bundle, sentence))
        }
        (None, None, true) => {
            let sentence = format!(
                "root pinned this key, so a policy signed by it is needed and there is none; put it at {} or name it as policy_bundle in [estate]",
                standard.display()
            );
            Err(ConfigError::file(&key, sentence))
        }
        (None, None, false) => Ok(None),
    }
}

/// The machine's bundle, or the one that a configuration names where that is a later one of the same key: a person
/// may bring a newer policy than root has put there, and never an older one.
fn newer(machine: Policy, named: Policy, path: &Path) -> Result<Policy, ConfigError> {
    if machine.digest == named.digest {
        return Ok(machine);
    }
    if named.serial > machine.serial {
        return Ok(named);
    }
    let serial = |policy: &Policy| policy.serial.unwrap_or_default();
    let sentence = format!(
        "it is serial {}, and the policy of this machine, {}, is serial {}: the machine's counts; take policy_bundle out of [estate], or name a later one",
        serial(&named),
        machine.label,
        serial(&machine)
    );
    Err(ConfigError::file(path, sentence))
}

/// Whether something is there; what cannot be looked at counts as there, and so does a link that leads nowhere, so that
/// reading it complains instead of going on without.
fn exists(path: &Path) -> bool {
    match path.symlink_metadata() {
        Ok(_) => true,
        Err(error) => error.kind() != ErrorKind::NotFound,
    }
}

fn read_system(path: &Path) -> Result<Policy, ConfigError> {
    let (bytes, about) = file::read(path, "ask whoever keeps this machine's policy")?;
    of_root(path, "a policy", &about)?;
    in_folders_of_root(path)?;
    parse(path, bytes)
}

/// Refuses what its user could have written.
pub(super) fn of_root(path: &Path, what: &str, about: &Metadata) -> Result<(), ConfigError> {
    if counts(&Standing::of(about)) {
        return Ok(());
    }
    let sentence = format!(
        "{what} counts only if it belongs to root and nobody else may write it; as root: chown root and chmod 0644"
    );
    Err(ConfigError::file(path, sentence))
}

/// Refuses what lies where its user could take it away or put another in its place: each folder above it, from wherever
/// a link leads, must be root's and written to by nobody else, or sticky as `/tmp` is.
pub(super) fn in_folders_of_root(path: &Path) -> Result<(), ConfigError> {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let lies = path.ancestors().skip(1).chain(whole.ancestors().skip(1));
    for folder in lies.filter(|folder| !folder.as_os_str().is_empty()) {
        let standing = folder.metadata().map(|about| Standing::of(&about));
        if standing.is_ok_and(|it| counts(&it) || (it.owner == 0 && it.mode & 0o1000 != 0)) {
            continue;
        }
        let sentence = format!(
            "it counts only where nobody but root can replace it, and the folder {} is not so; as root: chown root and chmod 0755",
            folder.display()
        );
        return Err(ConfigError::file(path, sentence));
    }
    Ok(())
}

fn read_beside(path: &Path) -> Result<Policy, ConfigError> {
    let text = file::read_own(path, "remove it if it is not meant")?;
    let policy = parse(path, text.into_bytes())?;
    if !policy.programs.is_empty() {
        let sentence = format!(
            "only the system's policy may list a [[program]]; it belongs into {SYSTEM_POLICY}"
        );
        return Err(ConfigError::file(path, sentence));
    }
    if policy.simulated_only {
        return Ok(policy);
    }
    let sentence = format!(
        "a policy beside the configuration must say simulated_only = true; the policy of a live \
         estate is {SYSTEM_POLICY}"
    );
    Err(ConfigError::file(path, sentence))
}

/// Whether a file of this owner and mode is one its user could not have written.
fn counts(standing: &Standing) -> bool {
    standing.owner == 0 && standing.mode & 0o022 == 0
}

#[cfg(test)]
mod tests {
    use super::Standing;
    use super::counts;

    #[test]
    fn only_roots_own_file_counts() {
        let judge = |owner, mode| {
            counts(&Standing {
                owner,
                group: 0,
                mode,
            })
        };
        assert!(judge(0, 0o644));
        assert!(!judge(1000, 0o644));
        assert!(!judge(0, 0o664));
        assert!(!judge(0, 0o646));
    }
}
