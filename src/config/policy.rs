//! The policy: what the person at the keyboard must not be able to change.

use super::ConfigError;
use super::file;
use super::file::Standing;
use super::keys;
use super::table::Found;
use super::table::Origin;
use super::table::Table;
use super::zone::Zone;
use super::zone::ZoneName;
use crate::text::hex;
use sha2::Digest as _;
use sha2::Sha256;
use std::path::Path;
use std::path::PathBuf;

/// Where the system's policy is; it must belong to root.
pub const SYSTEM_POLICY: &str = "/etc/crashcart/policy.toml";

/// What a policy file asks for, or `self` when there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// `self`, or the path of the file; the screens say `policy: LABEL`.
    pub label: String,
    /// SHA-256 of the file's bytes as 64 hex digits (of no bytes for `self`); it stands in every
    /// plan and record. Where a simulated policy stands over a system's, of both their digests.
    pub digest: String,
    /// True when it is good for simulated estates only; whether an estate is one is decided where
    /// its server and uid are known.
    pub simulated_only: bool,
    /// After how many seconds without a key a console goes blank; 15 min unless said.
    pub idle_s: Option<i64>,
    /// People a live change needs, by zone.
    pub zones: Vec<PolicyZone>,
    /// Who may approve.
    pub approvers: Vec<Approver>,
    /// Programs that a kubeconfig file may have started for a credential; none unless the system's policy lists them.
    pub programs: Vec<Program>,
}

/// A program that may be started for a credential, known by its bytes and not only by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Its absolute path.
    pub path: PathBuf,
    /// SHA-256 of its bytes: 64 hex digits, lower case.
    pub sha256: String,
    /// The variables that its environment may hold; it has no others.
    pub env: Vec<String>,
}

/// How many people a zone needs by policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyZone {
    /// The zone.
    pub name: ZoneName,
    /// Different people for a live change, at least 1.
    pub people: u32,
}

/// A group whose members may approve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approver {
    /// The group, as the ID token names it.
    pub group: String,
    /// The zones it may approve in; empty means all.
    pub zones: Vec<ZoneName>,
}

impl Policy {
    /// The policy of an estate that has none.
    pub fn own() -> Self {
        Self {
            label: "self".to_owned(),
            digest: hex(&Sha256::digest([])),
            simulated_only: false,
            idle_s: None,
            zones: Vec::new(),
            approvers: Vec::new(),
            programs: Vec::new(),
        }
    }

    /// The system's policy alone, for what is asked before there is a configuration.
    ///
    /// # Errors
    /// When there is one and it cannot be read or does not count.
    pub fn of_system() -> Result<Self, ConfigError> {
        load(Path::new("/nonexistent"), None)
    }

    /// Whether there is a policy file at all.
    pub fn is_self(&self) -> bool {
        self.label == "self"
    }

    /// How many different people a live change in a zone needs: what the zone says, or more where
    /// policy asks for more, never less. A zone that policy does not name needs the most it asks for
    /// anywhere: another name in the user's own file lifts nothing.
    pub fn people(&self, zone: &Zone) -> u32 {
        let named = self.zones.iter().filter(|one| one.name == zone.name);
        named
            .map(|one| one.people)
            .reduce(u32::max)
            .unwrap_or(self.most())
            .max(zone.people)
    }

    /// The most people that policy asks for in any zone, and so for what stands in none; 1 when it asks for none.
    pub fn most(&self) -> u32 {
        self.zones.iter().map(|one| one.people).fold(1, u32::max)
    }

    /// Whether a change that needs two people may run live at all: only under a policy the user
    /// could not have written.
    pub fn allows_live_with_two_people(&self) -> bool {
        !self.is_self() && !self.simulated_only
    }

    /// A simulated policy on a machine that has a system's: the system's numbers of people stay
    /// the least, so that it cannot be used to ask for fewer.
    fn over(mut self, system: &Self) -> Self {
        self.zones.extend(system.zones.iter().cloned());
        self.programs.clone_from(&system.programs);
        self.idle_s = match (self.idle_s, system.idle_s) {
            (Some(own), Some(theirs)) => Some(own.min(theirs)),
            (own, theirs) => own.or(theirs),
        };
        self.digest = hex(&Sha256::digest(format!("{}{}", self.digest, system.digest)));
        self
    }
}

/// The policy that holds for a configuration in a folder.
pub(super) fn load(folder: &Path, system: Option<&Path>) -> Result<Policy, ConfigError> {
    let system_path = system.unwrap_or(Path::new(SYSTEM_POLICY));
    let system = if exists(system_path) {
        Some(read_system(system_path)?)
    } else {
        None
    };
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

/// Whether something is there; what cannot be looked at counts as there, so that reading it
/// complains instead of going on without.
fn exists(path: &Path) -> bool {
    path.try_exists().unwrap_or(true)
}

fn read_system(path: &Path) -> Result<Policy, ConfigError> {
    let (bytes, about) = file::read(path, "ask whoever keeps this machine's policy")?;
    if !counts(&Standing::of(&about)) {
        let sentence = "a policy counts only if it belongs to root and nobody else may write it; \
                        as root: chown root and chmod 0644";
        return Err(ConfigError::file(path, sentence));
    }
    parse(path, bytes)
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

fn parse(path: &Path, bytes: Vec<u8>) -> Result<Policy, ConfigError> {
    let digest = hex(&Sha256::digest(&bytes));
    let text = file::text(path, bytes)?;
    let origin = Origin { path, text: &text };
    let table = origin.parse()?;
    let top = Table::new(origin, &keys::POLICY, 0, &table)?;
    let mut zones = Vec::new();
    for table in top.tables("zone", &keys::POLICY_ZONE)? {
        let name = ZoneName::from(table.name()?.value);
        let people = table
            .people("people")?
            .ok_or_else(|| table.missing("people", "2"))?;
        zones.push(PolicyZone { name, people });
    }
    let mut approvers = Vec::new();
    for table in top.tables("approver", &keys::POLICY_APPROVER)? {
        let names = table.texts("zones")?;
        approvers.push(Approver {
            group: table.need("group", "\"...\"")?.value.to_owned(),
            zones: names.iter().map(|name| name.value.into()).collect(),
        });
    }
    Ok(Policy {
        label: path.display().to_string(),
        digest,
        programs: programs(&top)?,
        simulated_only: top.flag("simulated_only")?,
        idle_s: top.seconds("idle")?,
        zones,
        approvers,
    })
}

/// The programs that may be started: each by its absolute path and the hash of its bytes.
fn programs(top: &Table<'_>) -> Result<Vec<Program>, ConfigError> {
    let mut programs = Vec::new();
    for table in top.tables("program", &keys::POLICY_PROGRAM)? {
        let path = table.need("path", "\"/usr/local/bin/...\"")?;
        if !Path::new(path.value).is_absolute() {
            let sentence = format!("path = {:?} must be absolute", path.value);
            return Err(table.error(path.at, sentence));
        }
        let sha256 = table.need("sha256", "\"64 hex digits\" (sha256sum prints them)")?;
        let hex = sha256.value.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !hex || sha256.value.len() != 64 {
            let sentence = "sha256 must be 64 hex digits, as sha256sum prints them";
            return Err(table.error(sha256.at, sentence));
        }
        let env = table.texts("env")?;
        let loads = |name: &&Found<&str>| name.value.starts_with("LD_") || name.value.contains('=');
        if let Some(bad) = env.iter().find(loads) {
            let sentence = format!("env may not name {:?}: it changes what is run", bad.value);
            return Err(table.error(bad.at, sentence));
        }
        programs.push(Program {
            path: PathBuf::from(path.value),
            sha256: sha256.value.to_ascii_lowercase(),
            env: env.iter().map(|name| name.value.to_owned()).collect(),
        });
    }
    Ok(programs)
}

#[cfg(test)]
mod tests {
    use super::Policy;
    use super::Standing;
    use super::counts;
    use super::parse;
    use crate::config::zone::Criticality;
    use crate::config::zone::Zone;
    use crate::config::zone::ZoneName;
    use std::path::Path;

    const TEXT: &str = "[[zone]]\nname = \"clinical\"\npeople = 2\n\n\
                        [[approver]]\ngroup = \"leads\"\nzones = [\"clinical\"]\n";

    fn zone(name: &str, people: u32) -> Zone {
        Zone {
            name: ZoneName::from(name),
            criticality: Criticality::High,
            rpo: None,
            rto: None,
            people,
            owners: Vec::new(),
            members: Vec::new(),
            applications: Vec::new(),
        }
    }

    fn read(text: &str) -> Policy {
        parse(Path::new("/p.toml"), text.as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn policy_asks_for_more_people_never_less() {
        let policy = read(TEXT);
        assert_eq!(policy.people(&zone("clinical", 1)), 2);
        assert_eq!(policy.people(&zone("clinical", 3)), 3);
        assert_eq!(policy.people(&zone("klinical", 1)), 2, "not named by it");
        assert_eq!(policy.most(), 2);
        let both = read(&format!(
            "{TEXT}[[zone]]\nname = \"research\"\npeople = 1\n"
        ));
        assert_eq!(both.people(&zone("research", 1)), 1);
        assert_eq!(Policy::own().people(&zone("research", 1)), 1);
    }

    #[test]
    fn only_a_policy_the_user_could_not_write_allows_two_people() {
        assert!(read(TEXT).allows_live_with_two_people());
        assert!(!Policy::own().allows_live_with_two_people());
        let simulated = read(&format!("simulated_only = true\n{TEXT}"));
        assert!(!simulated.allows_live_with_two_people());
    }

    #[test]
    fn a_simulated_policy_cannot_lower_the_systems_numbers() {
        let simulated = read("simulated_only = true\n[[zone]]\nname = \"clinical\"\npeople = 1\n");
        let digest = simulated.digest.clone();
        let both = simulated.over(&read(TEXT));
        assert_eq!(both.people(&zone("clinical", 1)), 2);
        assert!(both.simulated_only);
        assert_ne!(both.digest, digest);
    }

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

    #[test]
    fn the_digest_is_of_the_bytes() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(read("").digest, empty);
        assert_eq!(Policy::own().digest, empty);
        assert_ne!(read(TEXT).digest, empty);
    }

    #[test]
    fn approvers_answer_for_their_zones() {
        let policy = read(TEXT);
        assert_eq!(policy.approvers[0].group, "leads");
        assert_eq!(policy.approvers[0].zones, [ZoneName::from("clinical")]);
    }
}
