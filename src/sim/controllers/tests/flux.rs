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

/// The replicas of the one object that the Kustomization `cohort` keeps; none when it is gone.
fn replicas(lab: &Lab) -> Option<i64> {
    let api = lab
        .store()
        .get(&DEPLOYMENTS, Some("cohort"), "cohort-api")?;
    Some(meta::number(&api, "/spec/replicas"))
}

fn scale(lab: &Lab, count: i64) {
    let change = |value: &mut Value| value["spec"]["replicas"] = json!(count);
    lab.store()
        .update(&DEPLOYMENTS, Some("cohort"), "cohort-api", change)
        .unwrap();
}

fn suspend(lab: &Lab, held: bool) {
    let hold = |value: &mut Value| value["spec"]["suspend"] = json!(held);
    lab.store()
        .update(&KUSTOMIZATIONS, FLUX, "cohort", hold)
        .unwrap();
}

fn said(lab: &Lab, words: &str) -> bool {
    let (events, _) = lab.store().list(&EVENTS, FLUX);
    let mut all = events.iter();
    all.any(|event| event["reason"] == "Progressing" && event["message"] == words)
}

#[test]
fn what_a_hand_changed_is_set_back_at_the_next_interval() {
    let mut lab = Lab::new();
    lab.play(30);
    let quiet = lab.store().get(&DEPLOYMENTS, Some("cohort"), "cohort-api");
    let before = replicas(&lab).unwrap();
    scale(&lab, before + 3);
    let note = |value: &mut Value| value["metadata"]["annotations"]["note"] = json!("mine");
    lab.store()
        .update(&DEPLOYMENTS, Some("cohort"), "cohort-api", note)
        .unwrap();
    lab.play(60);
    assert_eq!(replicas(&lab), Some(before + 3), "not before its time");
    lab.play(600);
    assert_eq!(replicas(&lab), Some(before));
    let api = lab.store().get(&DEPLOYMENTS, Some("cohort"), "cohort-api");
    let owners = meta::list(api.as_deref().unwrap(), "/metadata/managedFields");
    let mut flux = owners.iter();
    assert!(
        flux.any(|one| one["manager"] == "kustomize-controller" && one["operation"] == "Apply")
    );
    assert_eq!(api.unwrap()["metadata"]["annotations"]["note"], "mine");
    assert!(said(&lab, "Deployment/cohort/cohort-api configured"));
    assert!(meta::list(quiet.as_deref().unwrap(), "/metadata/managedFields").is_empty());
}

#[test]
fn what_is_in_step_is_not_written() {
    let mut lab = Lab::new();
    let version = |lab: &Lab| {
        let api = lab.store().get(&DEPLOYMENTS, Some("cohort"), "cohort-api");
        api.unwrap()["metadata"]["generation"].clone()
    };
    let before = version(&lab);
    lab.play(1300);
    assert_eq!(version(&lab), before);
    assert!(!said(&lab, "Deployment/cohort/cohort-api configured"));
}

#[test]
fn nothing_is_set_back_while_it_is_suspended_and_all_when_it_goes_on() {
    let mut lab = Lab::new();
    suspend(&lab, true);
    let before = replicas(&lab).unwrap();
    scale(&lab, before + 3);
    lab.play(1300);
    assert_eq!(replicas(&lab), Some(before + 3));
    suspend(&lab, false);
    lab.play(3);
    assert_eq!(replicas(&lab), Some(before));
}

#[test]
fn what_was_deleted_is_made_again_if_its_namespace_is_there() {
    let mut lab = Lab::new();
    let before = replicas(&lab);
    let now = Preconditions::now;
    lab.store()
        .delete(&DEPLOYMENTS, Some("cohort"), "cohort-api", now())
        .unwrap();
    lab.play(660);
    assert_eq!(replicas(&lab), before);
    assert!(said(&lab, "Deployment/cohort/cohort-api created"));
    lab.store()
        .delete(&NAMESPACES, None, "cohort", now())
        .unwrap();
    crate::sim::store::lifecycle::sweep(lab.store());
    lab.play(660);
    let one = lab.store().get(&KUSTOMIZATIONS, FLUX, "cohort").unwrap();
    let (status, reason, message) = ready(&one);
    assert_eq!(
        (status.as_str(), reason.as_str()),
        ("False", "ReconciliationFailed")
    );
    assert_eq!(
        message,
        "Deployment/cohort/cohort-api not found: namespaces \"cohort\" not found"
    );
}

#[test]
fn what_has_left_the_revision_is_pruned() {
    for prune in [true, false] {
        let mut lab = Lab::new();
        let keep = |value: &mut Value| value["spec"]["prune"] = json!(prune);
        lab.store()
            .update(&KUSTOMIZATIONS, FLUX, "cohort", keep)
            .unwrap();
        let leave = |value: &mut Value| {
            value["status"]["artifact"]["revision"] = json!("main@sha1:0002");
            value["metadata"]["annotations"][format!("{TROUBLE}/left")] =
                json!("cohort_cohort-api_apps_Deployment");
        };
        lab.store()
            .update(&GITREPOSITORIES, FLUX, "meridian", leave)
            .unwrap();
        lab.play(660);
        assert_eq!(replicas(&lab).is_none(), prune);
        assert_eq!(said(&lab, "Deployment/cohort/cohort-api deleted"), prune);
        let one = lab.store().get(&KUSTOMIZATIONS, FLUX, "cohort").unwrap();
        assert_eq!(one["status"]["lastAppliedRevision"], "main@sha1:0002");
        assert_eq!(one["status"]["inventory"]["entries"], json!([]));
    }
}

#[test]
fn a_path_that_the_repository_has_not_is_an_error_and_deletes_nothing() {
    let mut lab = Lab::new();
    let kept = |lab: &Lab| lab.store().get(&KUSTOMIZATIONS, FLUX, "cohort").unwrap();
    let before = tree::ids(&kept(&lab));
    assert!(!before.is_empty());
    lab.store()
        .update(&KUSTOMIZATIONS, FLUX, "cohort", |one| {
            one["spec"]["path"] = json!("./moved");
            one["spec"]["prune"] = json!(true);
        })
        .unwrap();
    lab.play(700);
    let one = kept(&lab);
    let (status, _, message) = ready(&one);
    assert_eq!(status, "False");
    assert_eq!(
        message,
        "kustomization path not found: stat ./moved: no such file or directory"
    );
    assert_eq!(tree::ids(&one), before, "nothing was pruned");
}
