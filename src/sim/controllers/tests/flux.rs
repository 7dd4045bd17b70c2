//! Flux that fails, and sources that cannot be fetched.

use super::*;
use crate::sim::store::resources::GITREPOSITORIES;

const FLUX: Option<&str> = Some("flux-system");

fn mark(lab: &Lab, res: &'static crate::sim::store::Resource, name: &str, key: &str, words: &str) {
    let key = format!("{TROUBLE}/{key}");
    let change = |value: &mut Value| {
        value["metadata"]["annotations"] = if words.is_empty() {
            json!({})
        } else {
            json!({key: words})
        };
    };
    lab.store().update(res, FLUX, name, change).unwrap();
}

fn ready(object: &Value) -> (String, String, String) {
    let list = meta::list(object, "/status/conditions");
    let ready = list.iter().find(|c| c["type"] == "Ready").unwrap();
    let text = |key: &str| ready[key].as_str().unwrap_or("").to_owned();
    (text("status"), text("reason"), text("message"))
}

#[test]
fn a_kustomization_that_fails_says_why_and_is_tried_again() {
    let mut lab = Lab::new();
    let applied = lab.store().get(&KUSTOMIZATIONS, FLUX, "cohort").unwrap();
    mark(
        &lab,
        &KUSTOMIZATIONS,
        "cohort",
        "fails",
        "BuildFailed: yaml: line 2: bad",
    );
    lab.play(660);
    let one = lab.store().get(&KUSTOMIZATIONS, FLUX, "cohort").unwrap();
    let (status, reason, message) = ready(&one);
    assert_eq!(
        (status.as_str(), reason.as_str(), message.as_str()),
        ("False", "BuildFailed", "yaml: line 2: bad")
    );
    assert_eq!(conditions::status(&one, "Reconciling"), "True");
    assert_eq!(
        one["status"]["lastAppliedRevision"],
        applied["status"]["lastAppliedRevision"]
    );
    let (events, _) = lab.store().list(&EVENTS, FLUX);
    let said = events
        .iter()
        .find(|event| event["reason"] == "BuildFailed")
        .unwrap();
    let tries = meta::number(said, "/count");
    lab.play(125);
    let (events, _) = lab.store().list(&EVENTS, FLUX);
    let said = events
        .iter()
        .find(|event| event["reason"] == "BuildFailed")
        .unwrap();
    assert_eq!(meta::number(said, "/count"), tries + 2, "each minute");
    mark(&lab, &KUSTOMIZATIONS, "cohort", "fails", "");
    lab.play(65);
    let one = lab.store().get(&KUSTOMIZATIONS, FLUX, "cohort").unwrap();
    assert_eq!(ready(&one).0, "True");
    assert_eq!(conditions::status(&one, "Reconciling"), "");
}

#[test]
fn a_source_that_cannot_be_fetched_keeps_its_artifact() {
    let mut lab = Lab::new();
    mark(
        &lab,
        &GITREPOSITORIES,
        "meridian",
        "refuses",
        "connection refused",
    );
    lab.play(700);
    let source = lab.store().get(&GITREPOSITORIES, FLUX, "meridian").unwrap();
    let (status, reason, message) = ready(&source);
    assert_eq!(
        (status.as_str(), reason.as_str()),
        ("False", "GitOperationFailed")
    );
    assert!(message.ends_with(": connection refused"), "{message}");
    assert_eq!(conditions::status(&source, "FetchFailed"), "True");
    assert_eq!(conditions::status(&source, "ArtifactInStorage"), "True");
    let one = lab.store().get(&KUSTOMIZATIONS, FLUX, "cohort").unwrap();
    assert_eq!(ready(&one).0, "True", "the old artifact still serves");
    mark(&lab, &GITREPOSITORIES, "meridian", "refuses", "");
    lab.play(1);
    let source = lab.store().get(&GITREPOSITORIES, FLUX, "meridian").unwrap();
    assert_eq!(ready(&source).0, "True");
    assert_eq!(conditions::status(&source, "FetchFailed"), "");
}

#[test]
fn a_kustomization_takes_what_it_keeps_with_it_unless_it_is_held() {
    for (held, left) in [(false, false), (true, true)] {
        let mut lab = Lab::new();
        let hold = |value: &mut Value| value["spec"]["suspend"] = json!(held);
        lab.store()
            .update(&KUSTOMIZATIONS, FLUX, "cohort", hold)
            .unwrap();
        lab.store()
            .delete(&KUSTOMIZATIONS, FLUX, "cohort", Preconditions::now())
            .unwrap();
        lab.play(2);
        assert!(lab.store().get(&KUSTOMIZATIONS, FLUX, "cohort").is_none());
        let api = lab.store().get(&DEPLOYMENTS, Some("cohort"), "cohort-api");
        assert_eq!(api.is_some(), left, "held {held}");
    }
}
