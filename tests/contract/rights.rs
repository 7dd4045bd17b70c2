//! Who may ask: tokens, RBAC, access reviews, and the record of what was asked.

use crashcart::sim::store::resources;
use kube::api::{ListParams, PostParams};
use serde_json::{Value, json};

use crate::{Bench, refusal};

async fn post(bench: &Bench, person: &str, path: &str, body: Value) -> Value {
    let request = http::Request::post(path)
        .header("content-type", "application/json")
        .header("audit-id", "a-review")
        .body(serde_json::to_vec(&body).unwrap())
        .unwrap();
    bench
        .client(person)
        .request::<Value>(request)
        .await
        .unwrap()
}

#[tokio::test]
async fn who_may_not_is_told_in_the_words_of_a_real_server() {
    let bench = Bench::start().await;
    let pods = bench.api("erik", &resources::PODS);
    let (code, reason, message) = refusal(pods.list(&ListParams::default()).await);
    assert_eq!((code, reason.as_str()), (403, "Forbidden"));
    assert_eq!(
        message,
        "pods is forbidden: User \"erik@meridian.test\" cannot list resource \"pods\" in API group \"\" in the namespace \"shop\""
    );
}

#[tokio::test]
async fn an_unknown_token_is_unauthorized() {
    let bench = Bench::start().await;
    let client = bench.client_with("nobody");
    let request = http::Request::get("/api").body(Vec::new()).unwrap();
    let (code, reason, _) = refusal(client.request::<Value>(request).await);
    assert_eq!((code, reason.as_str()), (401, "Unauthorized"));
}

#[tokio::test]
async fn access_reviews_follow_the_bindings() {
    let bench = Bench::start().await;
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    let ask = json!({
        "kind": "SelfSubjectAccessReview",
        "apiVersion": "authorization.k8s.io/v1",
        "spec": {"resourceAttributes": {"verb": "create", "group": "velero.io", "resource": "restores", "namespace": "shop"}},
    });
    let alice = post(&bench, "alice", path, ask.clone()).await;
    assert_eq!(alice["status"]["allowed"], true);
    let erik = post(&bench, "erik", path, ask).await;
    assert_eq!(erik["status"]["allowed"], false);
    let who = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    let erik = post(&bench, "erik", who, json!({})).await;
    assert_eq!(erik["status"]["userInfo"]["username"], "erik@meridian.test");
}

#[tokio::test]
async fn each_request_is_in_the_audit_log_under_its_own_id() {
    let bench = Bench::start().await;
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    let ask = json!({"spec": {"nonResourceAttributes": {"verb": "get", "path": "/version"}}});
    assert_eq!(
        post(&bench, "erik", path, ask).await["status"]["allowed"],
        true
    );
    let config = crate::object(&resources::CONFIGMAPS, "c");
    let maps = bench.api("alice", &resources::CONFIGMAPS);
    maps.create(&PostParams::default(), &config).await.unwrap();
    let entries = bench.served().audit.entries();
    let review = entries
        .iter()
        .find(|entry| entry["auditID"] == "a-review")
        .unwrap();
    assert_eq!(review["user"]["username"], "erik@meridian.test");
    assert_eq!(review["objectRef"]["resource"], "selfsubjectaccessreviews");
    let create = entries.last().unwrap();
    assert_eq!(create["verb"], "create");
    assert_eq!(create["objectRef"]["namespace"], "shop");
    assert_eq!(create["responseStatus"]["code"], 201);
    assert_eq!(create["stage"], "ResponseComplete");
}
