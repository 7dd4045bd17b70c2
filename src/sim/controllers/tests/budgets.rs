//! Disruption budgets on a manual clock: their status follows the pods.

use super::*;
use crate::sim::store::resources::PODDISRUPTIONBUDGETS;

fn budget(lab: &Lab, spec: &Value) {
    let object = json!({"metadata": {"name": "web"}, "spec": spec});
    lab.store()
        .create(&PODDISRUPTIONBUDGETS, Some("shop"), object)
        .unwrap();
}

/// Healthy, wanted, allowed, expected, and the word of the condition.
fn status(lab: &Lab) -> ([i64; 4], String) {
    let found = lab.store().get(&PODDISRUPTIONBUDGETS, Some("shop"), "web");
    let found = found.unwrap();
    let number = |field: &str| meta::number(&found, &format!("/status/{field}"));
    let counts = [
        number("currentHealthy"),
        number("desiredHealthy"),
        number("disruptionsAllowed"),
        number("expectedPods"),
    ];
    assert_eq!(
        found["status"]["observedGeneration"], found["metadata"]["generation"],
        "it has seen the newest spec"
    );
    let condition = &found["status"]["conditions"][0];
    assert_eq!(condition["type"], "DisruptionAllowed");
    let word = condition["reason"].as_str().unwrap_or("").to_owned();
    (counts, word)
}

#[test]
fn a_budget_follows_the_pods_as_they_get_ready_and_go() {
    let mut lab = Lab::new();
    let selector = json!({"matchLabels": {"app": "web"}});
    budget(&lab, &json!({"minAvailable": 1, "selector": selector}));
    lab.play(1);
    assert_eq!(status(&lab), ([0, 1, 0, 0], "InsufficientPods".to_owned()));
    lab.deploy(&web(), &json!({}));
    lab.play(2);
    assert_eq!(status(&lab), ([0, 1, 0, 2], "InsufficientPods".to_owned()));
    lab.play(5);
    assert_eq!(status(&lab), ([2, 1, 1, 2], "SufficientPods".to_owned()));
    let name = meta::name(&lab.pods()[0]).to_owned();
    let grace = Preconditions {
        grace: 30,
        ..Preconditions::default()
    };
    lab.store()
        .delete(&PODS, Some("shop"), &name, grace)
        .unwrap();
    lab.controllers.pass();
    let ([healthy, _, allowed, _], word) = status(&lab);
    assert_eq!((healthy, allowed), (1, 0));
    assert_eq!(word, "InsufficientPods");
    let more = |value: &mut Value| value["spec"]["minAvailable"] = json!(0);
    lab.store()
        .update(&PODDISRUPTIONBUDGETS, Some("shop"), "web", more)
        .unwrap();
    lab.controllers.pass();
    assert_eq!(status(&lab).0[2], 1);
}

#[test]
fn a_share_counts_what_the_controllers_are_asked_for() {
    let mut lab = Lab::new();
    lab.deploy(&web(), &json!({}));
    lab.play(7);
    let name = meta::name(&lab.pods()[0]).to_owned();
    let grace = Preconditions {
        grace: 30,
        ..Preconditions::default()
    };
    lab.store()
        .delete(&PODS, Some("shop"), &name, grace)
        .unwrap();
    let selector = json!({"matchLabels": {"app": "web"}});
    budget(
        &lab,
        &json!({"maxUnavailable": "50%", "selector": selector}),
    );
    lab.controllers.pass();
    assert_eq!(status(&lab), ([1, 1, 0, 2], "InsufficientPods".to_owned()));
}
