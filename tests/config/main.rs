//! Configuration, policy and kubeconfig files: the good ones as they are read, and each bad one
//! with the one sentence that a person gets.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "what stands beside the tests is part of them"
)]

mod fallback;
mod init;
mod kubeconfigs;
mod noise;
mod policy;

use crashcart::config;
use crashcart::config::ClusterAuth;
use crashcart::config::ClusterName;
use crashcart::config::Config;
use crashcart::config::ConfigError;
use crashcart::config::KubeconfigUser;
use crashcart::config::MemberBy;
use crashcart::config::ZoneName;
use crashcart::config::keys;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::path::PathBuf;
use tempfile::TempDir;

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config")
}

/// A copy of the files, with modes that do not depend on how they were checked out.
fn copy() -> TempDir {
    copy_of(&["good", "bad"])
}

/// A copy of some of the folders.
fn copy_of(parts: &[&str]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for part in parts {
        fs::create_dir(folder.path().join(part)).unwrap();
        for file in fs::read_dir(here().join(part)).unwrap() {
            let file = file.unwrap();
            let to = folder.path().join(part).join(file.file_name());
            fs::write(&to, fs::read(file.path()).unwrap()).unwrap();
            mode(&to, 0o644);
        }
    }
    folder
}

fn mode(path: &Path, bits: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(bits)).unwrap();
}

/// Reads a configuration with no system policy in the way.
fn load(path: &Path) -> Result<Config, ConfigError> {
    config::load(path, Some(Path::new("/nonexistent/policy.toml")))
}

#[test]
fn every_key_of_the_good_file_is_read() {
    let folder = copy();
    let config = load(&folder.path().join("good/crashcart.toml")).unwrap();
    assert_eq!(config.estate.name, "meridian-health");
    assert_eq!(config.estate.regimes.len(), 2);
    assert_eq!(config.estate.outside[0].namespaces, ["kube-system"]);
    assert_eq!(config.identities[0].place, "crashcart.toml line 10");
    let sth = config.cluster(&ClusterName::from("sth-prod")).unwrap();
    let fingerprint = sth.fingerprint.as_ref().unwrap();
    assert_eq!(sth.ca.spki_hashes().first(), Some(&fingerprint.ca_key));
    assert!(matches!(&sth.auth, ClusterAuth::Oidc { identity } if identity == "keycloak"));
    let aws = config.cluster(&ClusterName::from("aws-prod")).unwrap();
    let ClusterAuth::Kubeconfig(KubeconfigUser::TokenFile(token)) = &aws.auth else {
        unreachable!("{:?}", aws.auth);
    };
    assert_eq!(token.read().unwrap().expose(), "a-test-token");
    assert!(!format!("{config:?}").contains("a-test-token"));
    let clinical = config.zone(&ZoneName::from("clinical")).unwrap();
    assert_eq!(
        (clinical.rpo, clinical.rto, clinical.people),
        (Some(3_600), Some(14_400), 2)
    );
    assert_eq!(clinical.applications[0].rpo, Some(900));
    let MemberBy::Selector(selector) = &clinical.members[0].by else {
        unreachable!("{:?}", clinical.members[0]);
    };
    let labels = [("zone".to_owned(), "clinical".to_owned())];
    assert!(selector.matches(&BTreeMap::from(labels)));
    assert_eq!(config.zones[1].people, 1);
    assert_eq!(config.policy.label, "self");
    assert!(config.policy.is_self());
}

#[test]
fn each_bad_file_gives_its_sentence() {
    let folder = copy();
    let bad = folder.path().join("bad");
    let mut wrong = Vec::new();
    let mut count = 0;
    for file in fs::read_dir(&bad).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let error = match path.extension().and_then(|end| end.to_str()) {
            Some("toml") => load(&path).map(drop),
            _ => continue,
        };
        count += 1;
        let said = error
            .err()
            .map_or("nothing at all".to_owned(), |error| error.to_string());
        let said = said.replace(&format!("{}/", bad.display()), "DIR/");
        let said = said.strip_prefix(&format!("DIR/{name}")).unwrap_or(&said);
        let said = said.trim_start_matches([':', ' ']);
        let words = fs::read_to_string(bad.join(format!("{name}.words"))).unwrap();
        let words = words.trim_end_matches('\n');
        // Where the words end in a blank, the rest is the parser's own.
        let fits = if words.ends_with(' ') {
            said.starts_with(words)
        } else {
            said == words
        };
        if !fits || said.contains('\n') || said.contains("canary") {
            wrong.push(format!("{name}\n   said: {said}\n  words: {words}"));
        }
    }
    assert!(count >= 30, "only {count} bad files were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(!bad.join("marker").exists() && !Path::new("marker").exists());
}

#[test]
fn a_file_that_others_may_write_is_refused() {
    let folder = copy();
    let path = folder.path().join("good/crashcart.toml");
    mode(&path, 0o646);
    let said = load(&path).unwrap_err().to_string();
    assert!(
        said.ends_with("others may write to it (mode 646); check what it says, then chmod go-w")
    );
    mode(&path, 0o644);
    let kubeconfig = folder.path().join("good/aws.kubeconfig");
    mode(&kubeconfig, 0o666);
    let said = load(&path).unwrap_err().to_string();
    assert!(
        said.contains("line 30: ") && said.contains("aws.kubeconfig: others may write"),
        "{said}"
    );
}

#[test]
fn a_file_that_is_not_there_or_no_file_is_named() {
    let folder = copy();
    let said = load(&folder.path().join("none.toml"))
        .unwrap_err()
        .to_string();
    assert!(
        said.contains("none.toml: it cannot be read: there is no such file; crashcart init"),
        "{said}"
    );
    let said = load(&folder.path().join("good")).unwrap_err().to_string();
    assert!(
        said.contains("good: it is no plain file") || said.contains("it is a folder"),
        "{said}"
    );
}

#[test]
fn a_policy_beside_the_configuration_is_for_simulated_estates() {
    let folder = copy();
    let path = folder.path().join("good/crashcart.toml");
    let policy = folder.path().join("good/policy.toml");
    let zone = "[[zone]]\nname = \"research\"\npeople = 3\n";
    fs::write(&policy, zone).unwrap();
    mode(&policy, 0o644);
    let said = load(&path).unwrap_err().to_string();
    assert!(
        said.contains("policy.toml: a policy beside the configuration must say simulated_only"),
        "{said}"
    );
    fs::write(&policy, format!("simulated_only = true\n{zone}")).unwrap();
    let config = load(&path).unwrap();
    assert!(config.policy.simulated_only && !config.policy.is_self());
    assert_eq!(config.policy.people(&config.zones[1]), 3);
    assert_eq!(
        config.policy.people(&config.zones[0]),
        3,
        "what policy does not name needs the most it asks for"
    );
    fs::write(&policy, "simulated_only = true\ncolour = 1\n").unwrap();
    let said = load(&path).unwrap_err().to_string();
    assert!(
        said.contains("policy.toml line 2: unknown key \"colour\" in policy.toml"),
        "{said}"
    );
}

#[test]
fn the_systems_policy_counts_only_from_root() {
    let folder = copy();
    let path = folder.path().join("good/crashcart.toml");
    let system = folder.path().join("system.toml");
    fs::write(&system, "[[zone]]\nname = \"research\"\npeople = 2\n").unwrap();
    mode(&system, 0o644);
    let read = config::load(&path, Some(&system));
    if rustix::process::geteuid().is_root() {
        let config = read.unwrap();
        assert_eq!(config.policy.label, system.display().to_string());
        assert!(!config.policy.is_self() && !config.policy.simulated_only);
        assert_eq!(config.policy.people(&config.zones[1]), 2);
        mode(&system, 0o664);
    }
    let said = config::load(&path, Some(&system)).unwrap_err().to_string();
    assert!(
        said.contains("system.toml: a policy counts only if it belongs to root"),
        "{said}"
    );
}

/// Keys by section, as the document lists them: a heading with the section's name in backticks,
/// and a table whose rows begin with the key in backticks.
fn documented() -> BTreeMap<String, Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md");
    let text = fs::read_to_string(path).unwrap();
    let code = |line: &str, start: &str| {
        let rest = line.strip_prefix(start)?;
        rest.split_once('`').map(|(code, _)| code.to_owned())
    };
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut section = String::new();
    for line in text.lines() {
        if let Some(name) = code(line, "### `") {
            found.insert(name.clone(), Vec::new());
            section = name;
        } else if let Some(key) = code(line, "| `") {
            found.get_mut(&section).unwrap().push(key);
        }
    }
    found
}

#[test]
fn the_document_lists_every_key_and_no_other() {
    let known: BTreeMap<String, Vec<String>> = keys::SECTIONS
        .iter()
        .map(|section| {
            let keys = section.keys.iter().map(|key| (*key).to_owned());
            (section.name.to_owned(), keys.collect())
        })
        .collect();
    assert_eq!(documented(), known);
}
