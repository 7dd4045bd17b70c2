//! Creating, changing and deleting.

use crashcart::sim::store::resources;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions};
use serde_json::json;

use crate::{Bench, object, refusal};

#[tokio::test]
async fn a_dry_run_answers_like_a_create_and_keeps_nothing() {
    let bench = Bench::start().await;
    let backups = bench.api("alice", &resources::BACKUPS);
    let dry = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    let backup = object(&resources::BACKUPS, "b1");
    let made = backups.create(&dry, &backup).await.unwrap();
    assert!(made.metadata.uid.is_some());
    assert_eq!(refusal(backups.get("b1").await).0, 404);
    backups
        .create(&PostParams::default(), &backup)
        .await
        .unwrap();
    let (code, reason, message) = refusal(backups.create(&dry, &backup).await);
    assert_eq!((code, reason.as_str()), (409, "AlreadyExists"));
    assert_eq!(message, "backups.velero.io \"b1\" already exists");
}

#[tokio::test]
async fn a_replace_at_an_old_version_is_a_conflict() {
    let bench = Bench::start().await;
    let backups = bench.api("alice", &resources::BACKUPS);
    let backup = object(&resources::BACKUPS, "b1");
    let made = backups
        .create(&PostParams::default(), &backup)
        .await
        .unwrap();
    let mut newer = made.clone();
    newer.data = json!({"spec": {"ttl": "1h"}});
    let newer = backups
        .replace("b1", &PostParams::default(), &newer)
        .await
        .unwrap();
    assert_eq!(newer.metadata.generation, Some(2));
    let (code, reason, _) = refusal(backups.replace("b1", &PostParams::default(), &made).await);
    assert_eq!((code, reason.as_str()), (409, "Conflict"));
    let (code, _, message) = refusal(backups.replace("b1", &PostParams::default(), &backup).await);
    assert_eq!(code, 422);
    assert!(
        message.contains("must be specified for an update"),
        "{message}"
    );
}

#[tokio::test]
async fn a_patch_with_a_version_holds_only_at_that_version() {
    let bench = Bench::start().await;
    let flux = bench.api("alice", &resources::KUSTOMIZATIONS);
    let app = object(&resources::KUSTOMIZATIONS, "app");
    let made = flux.create(&PostParams::default(), &app).await.unwrap();
    let version = made.metadata.resource_version.unwrap();
    let suspend = |on: bool| {
        Patch::Merge(json!({"metadata": {"resourceVersion": version}, "spec": {"suspend": on}}))
    };
    let params = PatchParams {
        field_manager: Some("crashcart".to_owned()),
        ..PatchParams::default()
    };
    let held = flux.patch("app", &params, &suspend(true)).await.unwrap();
    assert_eq!(held.data["spec"]["suspend"], true);
    let managers = held.metadata.managed_fields.unwrap();
    assert!(
        managers
            .iter()
            .any(|m| m.manager.as_deref() == Some("crashcart"))
    );
    assert_eq!(
        refusal(flux.patch("app", &params, &suspend(false)).await).0,
        409
    );
    let strategic = Patch::Strategic(json!({"spec": {}}));
    assert_eq!(refusal(flux.patch("app", &params, &strategic).await).0, 415);
}

#[tokio::test]
async fn status_is_written_through_its_own_door_where_there_is_one() {
    let bench = Bench::start().await;
    let status = Patch::Merge(json!({"status": {"phase": "X"}}));
    let params = PatchParams::default();
    let flux = bench.api("alice", &resources::KUSTOMIZATIONS);
    let app = object(&resources::KUSTOMIZATIONS, "app");
    flux.create(&PostParams::default(), &app).await.unwrap();
    let same = flux.patch("app", &params, &status).await.unwrap();
    assert!(same.data.get("status").is_none());
    let set = flux.patch_status("app", &params, &status).await.unwrap();
    assert_eq!(set.data["status"]["phase"], "X");
    let backups = bench.api("alice", &resources::BACKUPS);
    let backup = object(&resources::BACKUPS, "b1");
    backups
        .create(&PostParams::default(), &backup)
        .await
        .unwrap();
    let set = backups.patch("b1", &params, &status).await.unwrap();
    assert_eq!(set.data["status"]["phase"], "X");
    assert_eq!(
        refusal(backups.patch_status("b1", &params, &status).await).0,
        404
    );
}

#[tokio::test]
async fn a_deletion_with_the_wrong_uid_is_a_conflict() {
    let bench = Bench::start().await;
    let backups = bench.api("alice", &resources::BACKUPS);
    let backup = object(&resources::BACKUPS, "b1");
    let made = backups
        .create(&PostParams::default(), &backup)
        .await
        .unwrap();
    let with = |uid: Option<String>| DeleteParams {
        preconditions: Some(Preconditions {
            uid,
            resource_version: None,
        }),
        ..DeleteParams::default()
    };
    let other = with(Some("00000000-0000-4000-8000-000000000000".to_owned()));
    let (code, reason, _) = refusal(backups.delete("b1", &other).await);
    assert_eq!((code, reason.as_str()), (409, "Conflict"));
    let gone = backups
        .delete("b1", &with(made.metadata.uid))
        .await
        .unwrap();
    assert!(gone.is_right());
    assert_eq!(refusal(backups.get("b1").await).0, 404);
}

#[tokio::test]
async fn a_missing_namespace_and_a_bad_name_are_refused() {
    let bench = Bench::start().await;
    let config = object(&resources::CONFIGMAPS, "Bad_Name");
    let maps = bench.api("alice", &resources::CONFIGMAPS);
    let (code, reason, _) = refusal(maps.create(&PostParams::default(), &config).await);
    assert_eq!((code, reason.as_str()), (422, "Invalid"));
    let nowhere = kube::Api::<kube::core::DynamicObject>::namespaced_with(
        bench.client("alice"),
        "nowhere",
        &crate::api_resource(&resources::CONFIGMAPS),
    );
    let config = object(&resources::CONFIGMAPS, "c");
    let (code, _, message) = refusal(nowhere.create(&PostParams::default(), &config).await);
    assert_eq!(
        (code, message.as_str()),
        (404, "namespaces \"nowhere\" not found")
    );
}

#[tokio::test]
async fn an_object_on_its_way_out_takes_no_new_finalizers() {
    let bench = Bench::start().await;
    let flux = bench.api("alice", &resources::KUSTOMIZATIONS);
    let app = object(&resources::KUSTOMIZATIONS, "app");
    flux.create(&PostParams::default(), &app).await.unwrap();
    let finalizers = |held: &[&str]| Patch::Merge(json!({"metadata": {"finalizers": held}}));
    let params = PatchParams::default();
    let held = finalizers(&["x.test/y"]);
    flux.patch("app", &params, &held).await.unwrap();
    let going = flux.delete("app", &DeleteParams::default()).await.unwrap();
    assert!(going.is_left());
    let more = finalizers(&["x.test/y", "x.test/z"]);
    let (code, reason, _) = refusal(flux.patch("app", &params, &more).await);
    assert_eq!((code, reason.as_str()), (422, "Invalid"));
    flux.patch("app", &params, &finalizers(&[])).await.unwrap();
    assert_eq!(refusal(flux.get("app").await).0, 404);
}

#[tokio::test]
async fn an_apply_over_anothers_field_is_a_conflict_until_forced() {
    let bench = Bench::start().await;
    let flux = bench.api("alice", &resources::KUSTOMIZATIONS);
    let mut app = object(&resources::KUSTOMIZATIONS, "app");
    app.data = json!({"spec": {"suspend": true}});
    flux.create(&PostParams::default(), &app).await.unwrap();
    app.data = json!({"spec": {"suspend": false}});
    let params = PatchParams::apply("kustomize-controller");
    let refused = flux.patch("app", &params, &Patch::Apply(&app)).await;
    let (code, _, message) = refusal(refused);
    assert_eq!(code, 409);
    assert!(
        message.starts_with("Apply failed with 1 conflict"),
        "{message}"
    );
    let forced = flux
        .patch("app", &params.force(), &Patch::Apply(&app))
        .await
        .unwrap();
    assert_eq!(forced.data["spec"]["suspend"], false);
}
