//! The policy: what the person at the keyboard must not be able to change.
//!
//! `load` says which policy counts, `bundle` checks a signed one, `parse` and `parties` read it, `narrow` holds the
//! configuration to it. To add a key: its field here, its name in `keys.rs`, its line in `parse` and in `over`, and the
//! place that holds what it asks for; a key that nobody knows is refused.

mod bundle;
mod load;
mod narrow;
mod parse;
mod parties;

pub use load::SYSTEM_POLICY;
pub(super) use load::load;
pub(super) use narrow::narrow;
pub use parties::{DrillTarget, PersonKey, SshKey, Witness};

use super::ConfigError;
use super::tokens::TokenStore;
use super::zone::Zone;
use super::zone::ZoneName;
use crate::text::hex;
use jiff::Timestamp;
use sha2::Digest as _;
use sha2::Sha256;
use std::path::Path;
use std::path::PathBuf;
use uuid::Uuid;

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
    /// Which of the signed policies of one key this is: a later one has a larger number.
    pub serial: Option<u64>,
    /// SHA-256 of the key that signed it, 64 hex digits; `None` where it counts by its place.
    pub key: Option<String>,
    /// From when on no live change is made under it.
    pub not_after: Option<Timestamp>,
    /// The issuers that people may sign in at; empty where any will do.
    pub issuers: Vec<String>,
    /// Where refresh tokens may be kept; `None` where any store will do. Memory always may.
    pub token_stores: Option<Vec<TokenStore>>,
    /// After how many seconds without a key a console goes blank; 15 min unless said.
    pub idle_s: Option<i64>,
    /// People a live change needs, by zone.
    pub zones: Vec<PolicyZone>,
    /// Who may approve.
    pub approvers: Vec<Approver>,
    /// Programs that a kubeconfig file may have started for a credential; none unless the system's policy lists them.
    pub programs: Vec<Program>,
    /// The claim of the ID token that names a person; `None` where the usual ones do.
    pub person_claim: Option<String>,
    /// The keys that may sign runbooks beside the built-in ones.
    pub signers: Vec<SshKey>,
    /// The keys with which persons sign what they approve from elsewhere.
    pub ssh_keys: Vec<PersonKey>,
    /// Who witnesses the log.
    pub witnesses: Vec<Witness>,
    /// Where drills may write.
    pub drill_targets: Vec<DrillTarget>,
    /// What the configuration asks for and this policy does not let it have, one sentence each.
    pub narrowed: Vec<String>,
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
    /// Namespaces that need so many people whatever zone the configuration puts them in.
    pub members: Vec<PolicyMember>,
}

/// Namespaces of one cluster, known by what no configuration can rename.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyMember {
    /// The uid of the cluster's `kube-system` namespace.
    pub cluster_uid: Uuid,
    /// Its namespaces, by name, at least one.
    pub namespaces: Vec<String>,
}

impl PolicyZone {
    /// Whether it claims a namespace; of a cluster whose uid is not known the name alone is enough.
    fn claims(&self, cluster_uid: Option<Uuid>, namespace: &str) -> bool {
        self.members.iter().any(|member| {
            cluster_uid.is_none_or(|uid| uid == member.cluster_uid)
                && member.namespaces.iter().any(|one| one == namespace)
        })
    }
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
            serial: None,
            key: None,
            not_after: None,
            issuers: Vec::new(),
            token_stores: None,
            idle_s: None,
            zones: Vec::new(),
            approvers: Vec::new(),
            programs: Vec::new(),
            person_claim: None,
            signers: Vec::new(),
            ssh_keys: Vec::new(),
            witnesses: Vec::new(),
            drill_targets: Vec::new(),
            narrowed: Vec::new(),
        }
    }

    /// The system's policy alone, for what is asked before there is a configuration.
    ///
    /// # Errors
    /// When there is one and it cannot be read or does not count.
    pub fn of_system() -> Result<Self, ConfigError> {
        load(Path::new("/nonexistent"), None, None)
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

    /// The zone of policy that claims a namespace and asks for the most people, whatever the configuration says of
    /// it. `cluster_uid` is that of the cluster's `kube-system`.
    pub fn claim(&self, cluster_uid: Option<&str>, namespace: &str) -> Option<&PolicyZone> {
        let uid = cluster_uid.and_then(|uid| Uuid::try_parse(uid).ok());
        let claiming = self.zones.iter().filter(|one| one.claims(uid, namespace));
        claiming.max_by_key(|one| one.people)
    }

    /// The strictest zone of policy that claims any namespace of the cluster whose `kube-system` has that uid.
    pub fn claim_on(&self, cluster_uid: &str) -> Option<&PolicyZone> {
        let uid = Uuid::try_parse(cluster_uid).ok()?;
        let of_it = |one: &&PolicyZone| one.members.iter().any(|part| part.cluster_uid == uid);
        let claiming = self.zones.iter().filter(of_it);
        claiming.max_by_key(|one| one.people)
    }

    /// Whether it is good no longer: reading goes on, live changes do not.
    pub fn has_ended(&self, now: Timestamp) -> bool {
        self.not_after.is_some_and(|end| end <= now)
    }

    /// What stands for it in plans and records: its digest, or `self` where there is none.
    pub fn mark(&self) -> &str {
        if self.is_self() { "self" } else { &self.digest }
    }

    /// A simulated policy on a machine that has a system's: the system's numbers of people stay
    /// the least, so that it cannot be used to ask for fewer.
    fn over(mut self, system: &Self) -> Self {
        self.zones.extend(system.zones.iter().cloned());
        self.programs.clone_from(&system.programs);
        self.serial = system.serial;
        self.key.clone_from(&system.key);
        self.not_after = earlier(self.not_after, system.not_after);
        self.token_stores = match (self.token_stores.take(), &system.token_stores) {
            (Some(own), Some(theirs)) => {
                Some(own.into_iter().filter(|one| theirs.contains(one)).collect())
            }
            (own, theirs) => own.or_else(|| theirs.clone()),
        };
        self.idle_s = earlier(self.idle_s, system.idle_s);
        self.only_of(system);
        self.digest = hex(&Sha256::digest(format!("{}{}", self.digest, system.digest)));
        self
    }
}

/// The smaller of two limits; of one alone, that one.
fn earlier<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::Policy;
    use super::parse::parse;
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
    fn a_simulated_policy_cannot_lower_the_systems_numbers() {
        let simulated = read("simulated_only = true\n[[zone]]\nname = \"clinical\"\npeople = 1\n");
        let digest = simulated.digest.clone();
        let both = simulated.over(&read(TEXT));
        assert_eq!(both.people(&zone("clinical", 1)), 2);
        assert!(both.simulated_only);
        assert_ne!(both.digest, digest);
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

    const UID: &str = "5f1c0b1e-7a52-4f0e-9a36-0d6c4a9f6b11";
    const OTHER: &str = "00000000-7a52-4f0e-9a36-0d6c4a9f6b11";

    #[test]
    fn a_namespace_needs_what_the_strictest_zone_that_claims_it_asks_for() {
        let member = format!("members = [{{ cluster_uid = \"{UID}\", namespaces = [\"emr\"] }}]\n");
        let policy = read(&format!(
            "[[zone]]\nname = \"research\"\npeople = 1\n{member}\
             [[zone]]\nname = \"clinical\"\npeople = 2\n{member}"
        ));
        let claim = |uid, namespace| policy.claim(uid, namespace).map(|zone| zone.people);
        assert_eq!(claim(Some(UID), "emr"), Some(2));
        let upper = UID.to_uppercase();
        let shouted = policy.claim(Some(&upper), "emr");
        assert_eq!(shouted.map(|zone| zone.people), Some(2));
        assert_eq!(claim(Some(OTHER), "emr"), None, "another cluster's");
        assert_eq!(claim(None, "emr"), Some(2), "it could be that cluster");
        assert_eq!(claim(Some("?"), "emr"), Some(2), "it could be that cluster");
        assert_eq!(claim(Some(UID), "lab"), None);
    }

    #[test]
    fn a_policy_ends_at_its_moment() {
        let policy = read("not_after = \"2027-01-31T00:00:00Z\"\n");
        assert!(!policy.has_ended("2027-01-30T23:59:59Z".parse().unwrap()));
        assert!(policy.has_ended("2027-01-31T00:00:00Z".parse().unwrap()));
        assert!(!Policy::own().has_ended("2999-01-31T00:00:00Z".parse().unwrap()));
    }

    #[test]
    fn a_program_is_given_neither_an_agent_nor_what_changes_it() {
        for (name, words) in [
            ("SSH_AUTH_SOCK", "a person's agent"),
            ("LD_PRELOAD", "it changes what is run"),
        ] {
            let sha256 = "0".repeat(64);
            let text =
                format!("[[program]]\npath = \"/p\"\nsha256 = \"{sha256}\"\nenv = [\"{name}\"]\n");
            let said = parse(Path::new("/p.toml"), text.into_bytes()).unwrap_err();
            let said = said.to_string();
            assert!(
                said.starts_with("/p.toml line 4: ") && said.contains(words),
                "{said}"
            );
        }
    }

    #[test]
    fn a_key_that_nobody_knows_is_refused() {
        let said = parse(
            Path::new("/p.toml"),
            b"idle = \"5m\"\nwitneses = []\n".to_vec(),
        );
        let said = said.unwrap_err().to_string();
        assert!(
            said.starts_with("/p.toml line 2: ") && said.contains("witnesses"),
            "{said}"
        );
    }
}
