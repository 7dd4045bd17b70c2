//! Policies that are signed, and what a configuration may ask for beside a policy.

use super::copy;
use super::mode;
use crashcart::config;
use crashcart::config::Config;
use crashcart::config::ConfigError;
use rcgen::KeyPair;
use rcgen::SigningKey as _;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// The top of a bundle that is good.
const TOP: &str = "serial = 7\nnot_after = \"2027-01-31T00:00:00Z\"\n";

/// A configuration, and a folder that stands for `/etc/crashcart`.
struct Machine {
    folder: TempDir,
    key: KeyPair,
}

impl Machine {
    /// With the configuration of the good files and nothing of root's.
    fn new() -> Self {
        let folder = copy();
        fs::create_dir(folder.path().join("etc")).unwrap();
        let key = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        Self { folder, key }
    }

    /// A file of root's.
    fn etc(&self, name: &str) -> PathBuf {
        self.folder.path().join("etc").join(name)
    }

    fn put(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.etc(name), bytes).unwrap();
        mode(&self.etc(name), 0o644);
    }

    /// A policy with its signature, and the key pinned.
    fn sign(&self, policy: &str) {
        self.put("policy.pub", self.key.public_key_pem());
        self.put("policy.bundle", policy);
        self.put(
            "policy.bundle.sig",
            self.key.sign(policy.as_bytes()).unwrap(),
        );
    }

    /// Changes the configuration.
    fn edit(&self, from: &str, to: &str) {
        let path = self.folder.path().join("good/crashcart.toml");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from} is in the good file");
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
    }

    fn load(&self) -> Result<Config, ConfigError> {
        let path = self.folder.path().join("good/crashcart.toml");
        config::load(&path, Some(&self.etc("policy.toml")))
    }

    fn refused(&self) -> String {
        let folder = format!("{}/", self.folder.path().display());
        self.load().unwrap_err().to_string().replace(&folder, "")
    }
}

/// Only root can pin a key, and so these tests need root; others find that their own key does not count.
fn is_root(machine: &Machine) -> bool {
    if rustix::process::geteuid().is_root() {
        return true;
    }
    machine.sign(TOP);
    let said = machine.refused();
    assert!(
        said.contains("policy.pub: a pinned key counts only if it belongs to root"),
        "{said}"
    );
    false
}

#[test]
fn a_bundle_counts_by_its_signature() {
    let machine = Machine::new();
    if !is_root(&machine) {
        return;
    }
    machine.sign(&format!("{TOP}[[zone]]\nname = \"research\"\npeople = 2\n"));
    let policy = machine.load().unwrap().policy;
    assert_eq!((policy.serial, policy.zones[0].people), (Some(7), 2));
    assert!(policy.label.ends_with("etc/policy.bundle"));
    // Anybody may carry it, and whose the file is says nothing.
    mode(&machine.etc("policy.bundle"), 0o666);
    assert_eq!(machine.load().unwrap().policy.digest, policy.digest);
    for name in ["policy.bundle", "policy.bundle.sig"] {
        fs::rename(
            machine.etc(name),
            machine.folder.path().join("good").join(name),
        )
        .unwrap();
    }
    assert!(
        machine
            .refused()
            .starts_with("etc/policy.pub: root pinned this key, so a policy")
    );
    machine.edit("[estate]", "[estate]\npolicy_bundle = \"policy.bundle\"");
    assert_eq!(machine.load().unwrap().policy.digest, policy.digest);
}

#[test]
fn a_configuration_may_bring_a_later_policy_than_the_machines_and_never_an_earlier_one() {
    let machine = Machine::new();
    if !is_root(&machine) {
        return;
    }
    let bring = |key: &KeyPair, policy: &str| {
        let own = machine.folder.path().join("good/own.bundle");
        fs::write(&own, policy).unwrap();
        let signature = key.sign(policy.as_bytes()).unwrap();
        fs::write(own.with_extension("bundle.sig"), signature).unwrap();
    };
    let lax = |serial: u64| {
        let top = TOP.replace("serial = 7", &format!("serial = {serial}"));
        format!("{top}[[zone]]\nname = \"clinical\"\npeople = 1\n")
    };
    machine.sign(&format!("{TOP}[[zone]]\nname = \"clinical\"\npeople = 2\n"));
    machine.edit("[estate]", "[estate]\npolicy_bundle = \"own.bundle\"");
    for serial in [6, 7] {
        bring(&machine.key, &lax(serial));
        let said = machine.refused();
        let start = format!(
            "good/own.bundle: it is serial {serial}, and the policy of this machine, etc/policy.bundle, is serial 7: the machine's counts"
        );
        assert!(said.starts_with(&start), "{said}");
    }
    bring(&machine.key, &lax(8));
    assert_eq!(machine.load().unwrap().policy.serial, Some(8));
    bring(
        &KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap(),
        &lax(9),
    );
    let said = machine.refused();
    assert!(said.starts_with("good/own.bundle: its signature"), "{said}");
    fs::remove_file(machine.etc("policy.bundle")).unwrap();
    bring(&machine.key, &lax(6));
    assert_eq!(
        machine.load().unwrap().policy.serial,
        Some(6),
        "none of the machine's"
    );
}

#[test]
fn each_bundle_that_does_not_count_gives_its_sentence() {
    let machine = Machine::new();
    if !is_root(&machine) {
        return;
    }
    let says = |start: &str| {
        let said = machine.refused();
        assert!(said.starts_with(start), "{said}\n  not: {start}");
    };
    machine.sign(TOP);
    machine.put("policy.bundle", format!("{TOP}\n"));
    says("etc/policy.bundle: its signature etc/policy.bundle.sig is not one of these bytes");
    machine.sign(TOP);
    let other = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    machine.put("policy.pub", other.public_key_pem());
    says("etc/policy.bundle: its signature etc/policy.bundle.sig is not one of these bytes");
    machine.sign(TOP);
    machine.put("policy.bundle.sig", "");
    says("etc/policy.bundle: its signature");
    fs::remove_file(machine.etc("policy.bundle.sig")).unwrap();
    says("etc/policy.bundle.sig: it cannot be read: there is no such file");
    machine.sign(TOP);
    mode(&machine.etc("policy.pub"), 0o666);
    says("etc/policy.pub: a pinned key counts only if it belongs to root");
    machine.put("policy.pub", "hello");
    says("etc/policy.pub: this is no Ed25519 public key in PEM");
    let curve = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    machine.put("policy.pub", curve.public_key_pem());
    says("etc/policy.pub: this is no Ed25519 public key in PEM");
    fs::remove_file(machine.etc("policy.pub")).unwrap();
    says("etc/policy.bundle: no key is pinned at etc/policy.pub");
    machine.sign("serial = 7\n");
    says(
        "etc/policy.bundle: a signed policy says which it is and how long it is good; add not_after",
    );
    machine.sign("not_after = \"2027-01-31T00:00:00Z\"\n");
    says("etc/policy.bundle: a signed policy says which it is and how long it is good; add serial");
    machine.sign("serial = 7\nnot_after = \"tomorrow\"\n");
    says("etc/policy.bundle line 2: not_after = \"tomorrow\" is not a moment");
    machine.sign("serial = -7\n");
    says("etc/policy.bundle line 1: serial must be a whole number from 0 on");
    machine.sign(TOP);
    machine.put("policy.toml", "");
    says("etc/policy.bundle: the policy of this machine is etc/policy.toml");
}

#[test]
fn a_stranger_signs_with_openssl() {
    let machine = Machine::new();
    let has = Command::new("openssl").arg("version").output().is_ok();
    // The vector beside the code was made by openssl too; this is for the commands of the document.
    if !has || !is_root(&machine) {
        return;
    }
    machine.put("policy.bundle", TOP);
    for line in [
        "genpkey -algorithm ed25519 -out policy.key",
        "pkey -in policy.key -pubout -out policy.pub",
        "pkeyutl -sign -inkey policy.key -rawin -in policy.bundle -out policy.bundle.sig",
    ] {
        let mut command = Command::new("openssl");
        let done = command.args(line.split(' ')).current_dir(machine.etc(""));
        let done = done.output().unwrap();
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
    }
    assert_eq!(machine.load().unwrap().policy.serial, Some(7));
}

/// One key in one direction: the policy, an edit of the configuration, what holds, and what is said.
struct Row {
    policy: &'static str,
    edit: (&'static str, &'static str),
    holds: fn(&Config) -> String,
    is: &'static str,
    said: &'static str,
}

fn people(config: &Config) -> String {
    config.policy.people(&config.zones[1]).to_string()
}

fn idle(config: &Config) -> String {
    config.idle_s().to_string()
}

fn store(config: &Config) -> String {
    let recipient = config.tokens.recipient.is_some();
    format!("{} {recipient}", config.tokens.store.word())
}

const ROWS: [Row; 9] = [
    Row {
        policy: "[[zone]]\nname = \"research\"\npeople = 2\n[[zone]]\nname = \"clinical\"\npeople = 2\n",
        edit: ("name = \"research\"", "name = \"research\"\npeople = 1"),
        holds: people,
        is: "2",
        said: "zone research has people = 1, policy asks for 2; 2 hold",
    },
    Row {
        policy: "[[zone]]\nname = \"research\"\npeople = 2\n[[zone]]\nname = \"clinical\"\npeople = 2\n",
        edit: ("name = \"research\"", "name = \"research\"\npeople = 3"),
        holds: people,
        is: "3",
        said: "",
    },
    Row {
        policy: "idle = \"10m\"\n",
        edit: ("[estate]", "[estate]\nidle = \"1h\""),
        holds: idle,
        is: "600",
        said: "idle = \"1h\" is longer than policy lets a console be left alone; 10m holds",
    },
    Row {
        policy: "idle = \"10m\"\n",
        edit: ("[estate]", "[estate]\nidle = \"5m\""),
        holds: idle,
        is: "300",
        said: "",
    },
    Row {
        policy: "",
        edit: ("[estate]", "[estate]\nidle = \"1h\""),
        holds: idle,
        is: "900",
        said: "idle = \"1h\" is longer than policy lets a console be left alone; 15m holds",
    },
    Row {
        policy: "token_stores = [\"session-keyring\"]\n",
        edit: (
            "[estate]",
            "[estate]\ntoken_store = \"encrypted-file\"\ntoken_recipient = \"age1x\"",
        ),
        holds: store,
        is: "memory false",
        said: "token_store = \"encrypted-file\" is not one that policy lists; tokens stay in memory",
    },
    Row {
        policy: "token_stores = [\"session-keyring\"]\n",
        edit: ("[estate]", "[estate]\ntoken_store = \"session-keyring\""),
        holds: store,
        is: "session-keyring false",
        said: "",
    },
    Row {
        policy: "token_stores = [\"session-keyring\"]\n",
        edit: ("[estate]", "[estate]\ntoken_store = \"memory\""),
        holds: store,
        is: "memory false",
        said: "",
    },
    Row {
        policy: "issuers = [\"https://id.meridian.test/realms/meridian\"]\n",
        edit: ("[estate]", "[estate]"),
        holds: |config| config.identities[0].issuer.clone(),
        is: "https://id.meridian.test/realms/meridian",
        said: "",
    },
];

#[test]
fn a_configuration_may_ask_for_more_and_never_for_less() {
    for row in ROWS {
        let machine = Machine::new();
        if !rustix::process::geteuid().is_root() && !row.policy.is_empty() {
            continue;
        }
        if !row.policy.is_empty() {
            machine.put("policy.toml", row.policy);
        }
        machine.edit(row.edit.0, row.edit.1);
        let config = machine.load().unwrap();
        assert_eq!(
            (row.holds)(&config),
            row.is,
            "{} {:?}",
            row.policy,
            row.edit
        );
        let said = config.policy.narrowed.join("\n");
        let quiet =
            !said.contains("idle") && !said.contains("token_store") && !said.contains("research");
        if row.said.is_empty() {
            assert!(quiet, "{said}");
        } else {
            assert!(said.contains(row.said), "{said}");
        }
    }
}

#[test]
fn what_a_configuration_may_not_have_at_all_is_refused_by_line() {
    let machine = Machine::new();
    if !rustix::process::geteuid().is_root() {
        return;
    }
    machine.put("policy.toml", "issuers = [\"https://id.other.test\"]\n");
    let said = machine.refused();
    assert!(said.starts_with("good/crashcart.toml line "), "{said}");
    let words = "policy does not let people sign in at https://id.meridian.test/realms/meridian; it lists https://id.other.test";
    assert!(said.ends_with(words), "{said}");
    machine.put("policy.toml", "witneses = []\n");
    let said = machine.refused();
    assert!(
        said.starts_with("etc/policy.toml line 1: ") && said.contains("\"witnesses\""),
        "{said}"
    );
}

#[test]
fn a_policy_that_lies_where_its_user_could_take_it_away_does_not_count() {
    let machine = Machine::new();
    if !rustix::process::geteuid().is_root() {
        return;
    }
    machine.put("policy.toml", "");
    machine.load().unwrap();
    mode(&machine.etc(""), 0o777);
    let said = machine.refused();
    let start =
        "etc/policy.toml: it counts only where nobody but root can replace it, and the folder";
    assert!(said.starts_with(start), "{said}");
    mode(&machine.etc(""), 0o755);
    fs::remove_file(machine.etc("policy.toml")).unwrap();
    std::os::unix::fs::symlink("/nonexistent", machine.etc("policy.toml")).unwrap();
    let said = machine.refused();
    assert!(
        said.starts_with("etc/policy.toml: it cannot be read"),
        "a link to nothing lifts nothing: {said}"
    );
    fs::remove_file(machine.etc("policy.toml")).unwrap();
    machine.sign(TOP);
    mode(&machine.etc(""), 0o757);
    let said = machine.refused();
    assert!(
        said.starts_with("etc/policy.pub: it counts only where"),
        "{said}"
    );
}

#[test]
fn what_policy_counts_to_a_zone_cannot_be_left_out() {
    let machine = Machine::new();
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let outside = |config: &Config| config.estate.outside.len();
    assert_eq!(outside(&machine.load().unwrap()), 1);
    let claim = |uid: &str| {
        format!(
            "[[zone]]\nname = \"strict\"\npeople = 2\n\
             members = [{{ cluster_uid = \"{uid}\", namespaces = [\"kube-system\"] }}]\n"
        )
    };
    machine.put("policy.toml", claim("00000000-7a52-4f0e-9a36-0d6c4a9f6b11"));
    assert_eq!(outside(&machine.load().unwrap()), 1, "another cluster's");
    machine.put("policy.toml", claim("5f1c0b1e-7a52-4f0e-9a36-0d6c4a9f6b11"));
    let config = machine.load().unwrap();
    assert_eq!(outside(&config), 0);
    let words = "kube-system on sth-prod stands in outside, policy counts it to strict; it is judged in NO ZONE";
    assert!(
        config.policy.narrowed.contains(&words.to_owned()),
        "{:?}",
        config.policy.narrowed
    );
}

#[test]
fn policy_says_which_claim_names_people() {
    let machine = Machine::new();
    if !rustix::process::geteuid().is_root() {
        return;
    }
    assert_eq!(machine.load().unwrap().identities[0].person_claim, None);
    machine.put("policy.toml", "person_claim = \"employee\"\n");
    let claim = machine.load().unwrap().identities[0].person_claim.clone();
    assert_eq!(claim.as_deref(), Some("employee"));
}

#[test]
fn a_namespace_in_another_zone_than_policys_is_said() {
    let machine = Machine::new();
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let config = machine.load().unwrap();
    let (zone, cluster, name) = config
        .zones
        .iter()
        .find_map(|zone| {
            zone.members.iter().find_map(|member| match &member.by {
                config::MemberBy::Namespaces(names) => {
                    Some((zone.name.clone(), member.cluster.clone(), names[0].clone()))
                }
                config::MemberBy::Selector(_) => None,
            })
        })
        .unwrap();
    let print = config.cluster(&cluster).unwrap().fingerprint.as_ref();
    let uid = print
        .and_then(|print| print.uid.clone())
        .unwrap_or("5f1c0b1e-7a52-4f0e-9a36-0d6c4a9f6b11".to_owned());
    machine.put(
        "policy.toml",
        format!(
            "[[zone]]\nname = \"{zone}\"\npeople = 1\n[[zone]]\nname = \"strict\"\npeople = 5\n\
             members = [{{ cluster_uid = \"{uid}\", namespaces = [\"{name}\"] }}]\n"
        ),
    );
    let said = machine.load().unwrap().policy.narrowed.join("\n");
    let words = format!(
        "{name} on {cluster} stands in zone {zone}, policy counts it to strict; 5 people hold"
    );
    assert!(said.contains(&words), "{said}");
}
