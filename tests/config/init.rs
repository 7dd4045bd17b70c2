//! What `crashcart init` proposes can be read back, and says what was found.

use super::copy;
use super::load;
use crashcart::config::ClusterName;
use crashcart::config::Site;
use crashcart::config::kubeconfig;
use crashcart::config::propose::Found;
use crashcart::config::propose::propose;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use uuid::Uuid;

const ID: Uuid = Uuid::from_u128(0x0197_c1f2_7a52_7f0e_9a36_0d6c_4a9f_6b11);
const UID: &str = "5f1c0b1e-7a52-4f0e-9a36-0d6c4a9f6b11";

fn labels(zone: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("zone".to_owned(), zone.to_owned())])
}

fn found(folder: &Path, namespaces: &[(&str, &str)], uid: Option<&str>) -> Found {
    let path = folder.join("good/aws.kubeconfig");
    let file = kubeconfig::read(&path).unwrap();
    let name = |(name, zone): &(&str, &str)| ((*name).to_owned(), labels(zone));
    Found {
        kubeconfig: path.display().to_string(),
        access: file.access(Some("aws-prod"), &[]).unwrap(),
        namespaces: namespaces.iter().map(name).collect(),
        uid: uid.map(str::to_owned),
    }
}

#[test]
fn a_proposal_reads_back_with_its_zones_and_fingerprints() {
    let folder = copy();
    let namespaces = [
        ("emr", "clinical"),
        ("fhir", "clinical"),
        ("kube-system", ""),
    ];
    let first = found(folder.path(), &namespaces, Some(UID));
    let second = found(folder.path(), &[("lab", "research_1")], None);
    let proposal = propose("meridian \"health\"", ID, &[first, second]);
    for (name, bytes) in &proposal.files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let path = folder.path().join("crashcart.toml");
    fs::write(&path, &proposal.text).unwrap();
    let config = load(&path).unwrap();
    assert_eq!(config.estate.name, "meridian \"health\"");
    assert_eq!(config.estate.id, ID);
    assert_eq!(config.estate.outside.len(), 1, "only what is there");
    let names: Vec<&str> = config
        .clusters
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["aws-prod", "aws-prod-2"]);
    let aws = config.cluster(&ClusterName::from("aws-prod")).unwrap();
    assert_eq!(aws.site, Site::Cloud);
    let fingerprint = aws.fingerprint.as_ref().unwrap();
    assert_eq!(fingerprint.uid.as_deref(), Some(UID));
    assert_eq!(config.clusters[1].fingerprint.as_ref().unwrap().uid, None);
    let zones: Vec<&str> = config.zones.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(zones, ["clinical", "research_1"]);
    assert_eq!(config.zones[0].members.len(), 1);
}

#[test]
fn without_labels_nothing_is_made_up() {
    let folder = copy();
    let proposal = propose("e", ID, &[found(folder.path(), &[], None)]);
    fs::write(
        folder.path().join(&proposal.files[0].0),
        &proposal.files[0].1,
    )
    .unwrap();
    let path = folder.path().join("crashcart.toml");
    fs::write(&path, &proposal.text).unwrap();
    let config = load(&path).unwrap();
    assert!(config.zones.is_empty());
    assert_eq!(config.estate.outside[0].namespaces.len(), 3);
    assert!(proposal.text.contains("NO ZONE"));
}
