//! Whose word counts beside the person's own, and where a drill may write: keys of OpenSSH, witnesses of the log, targets.
//!
//! They are read, checked and held to here; what signs, approves, witnesses and drills asks for them.

use super::Policy;
use crate::config::ConfigError;
use crate::config::keys;
use crate::config::parse::namespace;
use crate::config::table::Found;
use crate::config::table::Table;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::Digest as _;
use sha2::Sha256;
use uuid::Uuid;

/// The kinds of keys whose signatures may count: with SHA-2 and of today's strength, in hardware (`sk-`) or not.
const KINDS: [&str; 6] = [
    "ssh-ed25519",
    "sk-ssh-ed25519@openssh.com",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ecdsa-sha2-nistp256@openssh.com",
];
/// The first byte of a witness' key: Ed25519, for notes and for cosignatures (C2SP signed-note, tlog-cosignature).
const ED25519: [u8; 2] = [1, 4];

/// A public key of OpenSSH, as a line of its `.pub` file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshKey {
    /// Its kind, such as `ssh-ed25519`.
    pub kind: String,
    /// Its bytes in base64; two keys are one when these are equal.
    pub base64: String,
    /// What stands behind it, often whose it is; it proves nothing.
    pub comment: String,
}

/// A key with which one person signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonKey {
    /// The person, as an issuer's token names them.
    pub person: String,
    /// Their key.
    pub key: SshKey,
}

/// A witness of the log: who puts a signature of its own under how long the log was, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Its name, as its signatures have it.
    pub name: String,
    /// The whole verifier key: `NAME+ID+KEY`.
    pub key: String,
}

/// Namespaces that a drill may write to, known by what no configuration can rename.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrillTarget {
    /// The uid of the cluster's `kube-system` namespace.
    pub cluster_uid: Uuid,
    /// Names of namespaces; with a `*` at its end the beginning of names.
    pub namespaces: Vec<String>,
}

impl SshKey {
    /// Reads one line of a public key; what is wrong with it otherwise.
    fn read(line: &str) -> Result<Self, &'static str> {
        let mut words = line.split_whitespace();
        let (kind, base64) = (
            words.next().unwrap_or_default(),
            words.next().unwrap_or_default(),
        );
        if !KINDS.contains(&kind) {
            return Err(
                "is of none of the kinds ssh-ed25519 and ecdsa-sha2-nistp256, 384, 521, or these with sk-",
            );
        }
        let blob = STANDARD.decode(base64).unwrap_or_default();
        let Some((own, rest)) = field(&blob) else {
            return Err("is no public key; give the line of its .pub file");
        };
        let whole = match kind {
            "ssh-ed25519" => {
                field(rest).is_some_and(|(key, end)| key.len() == 32 && end.is_empty())
            }
            _ => field(rest).is_some_and(|(first, end)| !first.is_empty() && !end.is_empty()),
        };
        if own != kind.as_bytes() || !whole {
            return Err("is damaged; give the line of its .pub file again");
        }
        Ok(Self {
            kind: kind.to_owned(),
            base64: base64.to_owned(),
            comment: words.collect::<Vec<_>>().join(" "),
        })
    }
}

/// The first field of a blob of OpenSSH (four bytes of length, then so many), and what follows (RFC 4251, section 5).
fn field(blob: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = blob.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    rest.split_at_checked(length)
}

impl Witness {
    /// Reads a verifier key; what is wrong with it otherwise.
    fn read(text: &str) -> Result<Self, &'static str> {
        let form = "is no verifier key, NAME+ID+KEY, as the witness prints it";
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(form);
        };
        let bytes = STANDARD.decode(key).unwrap_or_default();
        let fits = bytes.len() == 33 && bytes.first().is_some_and(|kind| ED25519.contains(kind));
        if name.is_empty() || name.contains(char::is_whitespace) || !fits {
            return Err(form);
        }
        let hash = Sha256::new()
            .chain_update(name)
            .chain_update("\n")
            .chain_update(&bytes)
            .finalize();
        let known = hash.get(..4).map(crate::text::hex);
        if known.as_deref() != Some(id) {
            return Err("is damaged: its id is not that of its name and key; ask for it again");
        }
        Ok(Self {
            name: name.to_owned(),
            key: text.to_owned(),
        })
    }
}

impl DrillTarget {
    /// Whether it lets a drill write to a namespace of the cluster with that uid.
    pub fn holds(&self, cluster_uid: Uuid, namespace: &str) -> bool {
        let fits = |one: &String| match one.strip_suffix('*') {
            Some(start) => namespace.starts_with(start),
            None => one == namespace,
        };
        self.cluster_uid == cluster_uid && self.namespaces.iter().any(fits)
    }
}

/// The keys that may sign runbooks.
pub(super) fn signers(top: &Table<'_>) -> Result<Vec<SshKey>, ConfigError> {
    let mut signers: Vec<SshKey> = Vec::new();
    for found in top.texts("signers")? {
        let key = ssh_key(top, "signers", found)?;
        if signers.iter().any(|one| one.base64 == key.base64) {
            let sentence = "this key stands twice in signers, and would count as two; remove one";
            return Err(top.error(found.at, sentence));
        }
        signers.push(key);
    }
    Ok(signers)
}

/// The keys with which persons sign; one key is one person's.
pub(super) fn ssh_keys(top: &Table<'_>) -> Result<Vec<PersonKey>, ConfigError> {
    let mut keys: Vec<PersonKey> = Vec::new();
    for table in top.tables("ssh_keys", &keys::POLICY_SSH_KEY)? {
        let found = table.need("key", "\"ssh-ed25519 ...\"")?;
        let key = ssh_key(&table, "key", found)?;
        if keys.iter().any(|one| one.key.base64 == key.base64) {
            let sentence =
                "this key stands twice in ssh_keys, and a key is one person's; remove one";
            return Err(table.error(found.at, sentence));
        }
        let person = table
            .need("person", "\"alice@example.org\"")?
            .value
            .to_owned();
        keys.push(PersonKey { person, key });
    }
    Ok(keys)
}

fn ssh_key(table: &Table<'_>, name: &str, found: Found<&str>) -> Result<SshKey, ConfigError> {
    SshKey::read(found.value).map_err(|why| {
        let sentence = format!("a key in {name} {why}");
        table.error(found.at, sentence)
    })
}

/// The witnesses of the log, each by a name of its own.
pub(super) fn witnesses(top: &Table<'_>) -> Result<Vec<Witness>, ConfigError> {
    let mut witnesses: Vec<Witness> = Vec::new();
    for found in top.texts("witnesses")? {
        let witness = Witness::read(found.value)
            .map_err(|why| top.error(found.at, format!("a witness {why}")))?;
        let (_, key) = witness.key.rsplit_once('+').unwrap_or_default();
        let twice =
            |one: &Witness| one.name == witness.name || one.key.ends_with(&format!("+{key}"));
        if witnesses.iter().any(twice) {
            let sentence = "this witness stands twice, and would count as two; remove one";
            return Err(top.error(found.at, sentence));
        }
        witnesses.push(witness);
    }
    Ok(witnesses)
}

/// Where drills may write.
pub(super) fn drill_targets(top: &Table<'_>) -> Result<Vec<DrillTarget>, ConfigError> {
    let mut targets = Vec::new();
    for table in top.tables("drill_targets", &keys::POLICY_DRILL)? {
        let cluster_uid = super::parse::cluster_uid(&table)?;
        let found = table.texts("namespaces")?;
        if found.is_empty() {
            let sentence = "namespaces must name at least one namespace, or the beginning of names with * at its end";
            return Err(table.error(table.at(), sentence));
        }
        for one in &found {
            // A beginning may end as no whole name does.
            match one.value.strip_suffix('*') {
                Some(start) => namespace(&table, one.at, start.trim_end_matches('-'))?,
                None => namespace(&table, one.at, one.value)?,
            }
        }
        targets.push(DrillTarget {
            cluster_uid,
            namespaces: found.iter().map(|one| one.value.to_owned()).collect(),
        });
    }
    Ok(targets)
}

/// The claim of an ID token that names a person; `None` where the usual ones do.
pub(super) fn person_claim(top: &Table<'_>) -> Result<Option<String>, ConfigError> {
    let Some(found) = top.text("person_claim")? else {
        return Ok(None);
    };
    if found.value.contains(char::is_whitespace) {
        let sentence = format!(
            "person_claim = {:?} is not the name of one claim",
            found.value
        );
        return Err(top.error(found.at, sentence));
    }
    Ok(Some(found.value.to_owned()))
}

impl Policy {
    /// Keeps of what a policy lists only what a stricter one lists as well.
    pub(super) fn only_of(&mut self, stricter: &Self) {
        let known = |one: &SshKey| stricter.signers.iter().any(|key| key.base64 == one.base64);
        self.signers.retain(known);
        self.ssh_keys.retain(|one| stricter.ssh_keys.contains(one));
        self.witnesses
            .retain(|one| stricter.witnesses.contains(one));
        for target in &mut self.drill_targets {
            let uid = target.cluster_uid;
            let theirs = stricter
                .drill_targets
                .iter()
                .filter(|one| one.cluster_uid == uid);
            let theirs: Vec<&String> = theirs.flat_map(|one| &one.namespaces).collect();
            target
                .namespaces
                .retain(|one| theirs.iter().any(|other| within(one, other)));
        }
        self.drill_targets.retain(|one| !one.namespaces.is_empty());
        if stricter.person_claim.is_some() {
            self.person_claim.clone_from(&stricter.person_claim);
        }
    }
}

/// Whether every name that one entry stands for is one that the other stands for.
fn within(one: &str, other: &str) -> bool {
    match other.strip_suffix('*') {
        Some(start) => one.trim_end_matches('*').starts_with(start),
        None => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::*;
    use std::path::Path;

    const ONE: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f alice";
    const TWO: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB8eHRwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgEA bob";
    /// The example of Go's `note` package, whose id was made by others.
    const WITNESS: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const UID: &str = "5f1c0b1e-7a52-4f0e-9a36-0d6c4a9f6b11";

    fn read(text: &str) -> Result<Policy, String> {
        let read = parse(Path::new("/p.toml"), text.as_bytes().to_vec());
        read.map_err(|error| error.to_string())
    }

    fn lists(names: &str) -> String {
        format!(
            "person_claim = \"employee\"\nsigners = [\"{ONE}\", \"{TWO}\"]\nwitnesses = [\"{WITNESS}\"]\n\
             ssh_keys = [{{ person = \"alice@meridian.test\", key = \"{ONE}\" }}]\n\
             drill_targets = [{{ cluster_uid = \"{UID}\", namespaces = [{names}] }}]\n"
        )
    }

    #[test]
    fn whose_word_counts_is_read_and_part_of_the_digest() {
        let policy = read(&lists("\"drill-*\", \"lab\"")).unwrap();
        assert_eq!(policy.person_claim.as_deref(), Some("employee"));
        assert_eq!(policy.signers[1].comment, "bob");
        assert_eq!(policy.ssh_keys[0].key, policy.signers[0]);
        assert_eq!(policy.witnesses[0].name, "PeterNeumann");
        let target = &policy.drill_targets[0];
        let holds = |name: &str| target.holds(UID.parse().unwrap(), name);
        assert!(holds("drill-emr-7f3a") && holds("lab"));
        assert!(!holds("laboratory") && !holds("drill"));
        assert!(!target.holds(Uuid::nil(), "lab"), "another cluster's");
        assert_ne!(policy.digest, read(&lists("\"lab\"")).unwrap().digest);
    }

    #[test]
    fn a_stricter_policy_leaves_only_what_it_lists_too() {
        let stricter = format!(
            "signers = [\"{TWO}\"]\ndrill_targets = [{{ cluster_uid = \"{UID}\", namespaces = [\"drill-*\"] }}]\n"
        );
        let all = read(&lists("\"*\"")).unwrap_err();
        assert!(all.contains("cannot be the name of a namespace"), "{all}");
        let mut both = read(&lists("\"drill-emr-*\", \"lab\"")).unwrap();
        both.only_of(&read(&stricter).unwrap());
        assert_eq!(both.signers.len(), 1);
        assert_eq!(both.signers[0].comment, "bob");
        assert!(both.ssh_keys.is_empty() && both.witnesses.is_empty());
        assert_eq!(both.drill_targets[0].namespaces, ["drill-emr-*"]);
        both.only_of(&Policy::own());
        assert!(both.signers.is_empty() && both.drill_targets.is_empty());
    }

    #[test]
    fn what_is_no_key_is_refused_by_line() {
        let cut = ONE.replace("HR4f", "");
        let other_id = WITNESS.replace("c74f20a3", "c74f20a4");
        for (text, words) in [
            (
                "signers = [\"ssh-rsa AAAA\"]".to_owned(),
                "line 1: a key in signers is of none of the kinds",
            ),
            (
                "signers = [\"ssh-ed25519 !\"]".to_owned(),
                "is no public key",
            ),
            (format!("signers = [\"{cut}\"]"), "is damaged"),
            (
                format!(
                    "signers = [\"{}\"]",
                    ONE.replace("ssh-ed25519 ", "ecdsa-sha2-nistp256 ")
                ),
                "is damaged",
            ),
            (
                format!("signers = [\"{ONE}\", \"{ONE} again\"]"),
                "this key stands twice in signers",
            ),
            (format!("ssh_keys = [{{ key = \"{ONE}\" }}]"), "person"),
            (
                format!(
                    "ssh_keys = [{{ person = \"a\", key = \"{ONE}\" }}, {{ person = \"b\", key = \"{ONE}\" }}]"
                ),
                "a key is one person's",
            ),
            (
                format!("witnesses = [\"{other_id}\"]"),
                "a witness is damaged",
            ),
            ("witnesses = [\"w+x\"]".to_owned(), "no verifier key"),
            (
                format!("witnesses = [\"{WITNESS}\", \"{WITNESS}\"]"),
                "stands twice",
            ),
            (
                "drill_targets = [{ cluster_uid = \"x\", namespaces = [\"a\"] }]".to_owned(),
                "is not a UUID",
            ),
            (
                format!("drill_targets = [{{ cluster_uid = \"{UID}\" }}]"),
                "at least one namespace",
            ),
            (
                "person_claim = \"two words\"".to_owned(),
                "is not the name of one claim",
            ),
        ] {
            let said = read(&text).unwrap_err();
            assert!(
                said.starts_with("/p.toml line 1: ") && said.contains(words),
                "{text}: {said}"
            );
        }
    }
}
