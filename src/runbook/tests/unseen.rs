//! What a person may not list is not looked at, is never called there or missing, and is said.

use serde_json::json;

use super::estate::Estate;
use crate::runbook::press::Input;
use crate::runbook::run::Card;
use crate::runbook::run::Run;
use crate::runbook::run::RunStatus;

fn evidence<'a>(run: &'a Run, id: &str) -> &'a str {
    let step = run.steps.iter().find(|step| step.id == id).unwrap();
    step.evidence.as_str()
}

const NOT_LOOKED_AT: &str = "2 of 3 objects are there, new; not looked at, because listing secrets is not yours: Secret db; \
     ask for the role of `rbac emit`, or s skips this check with a reason";

/// Billing with all three objects lost, and the person may not list one kind; walked until only a person can go on.
fn unproved(kind: &'static str) -> Estate {
    let mut estate = Estate::new();
    estate.server.lose("secrets", "billing", "db");
    estate.hidden = Some(kind);
    estate.open("billing").unwrap();
    estate.walk();
    estate
}

fn card(estate: &Estate) -> Card {
    estate.look(|sight| estate.run().card(sight, estate.now()))
}

#[test]
fn what_nobody_looked_at_keeps_verify_open_and_is_named() {
    let mut estate = unproved("Secret");
    assert!(evidence(estate.run(), "survey").contains("of create, 1 may be there already"));
    for _ in 0..2 {
        let card = card(&estate);
        assert_eq!(card.notes[0].as_str(), NOT_LOOKED_AT);
        assert!(card.stuck && !card.sends, "{card:?}");
        assert_eq!(card.enter, "look again");
        assert_eq!(estate.run().status, RunStatus::Running);
        assert_eq!(estate.run().turn().unwrap().id, "verify");
        // However long the person takes to ask for the role, and however often looks again: it is no failure.
        estate.seconds += 3600;
        estate.settle();
        estate.press(Input::Enter).unwrap();
    }
}

#[test]
fn who_may_not_see_what_keeps_the_namespace_does_not_plan_as_if_nothing_did() {
    let mut estate = Estate::new();
    estate.hidden = Some("Kustomization");
    estate.open("billing").unwrap();
    estate.walk();
    let RunStatus::Failed(why) = &estate.run().status else {
        panic!("{:?}", estate.run().status)
    };
    assert_eq!(
        why.as_str(),
        "whether a Kustomization keeps billing is not known on aws-prod: list kustomizations is not yours; \
         ask for the role of `rbac emit`"
    );
}

#[test]
fn a_second_keeper_that_goes_on_is_said_in_the_plan() {
    let mut estate = Estate::new();
    let second = json!({"spec": {"suspend": false, "targetNamespace": "billing"}, "status": {}});
    (estate.server).put("kustomizations", "flux-system", "tariffs", second);
    estate.open("billing").unwrap();
    estate.walk_to("hold-automation");
    assert_eq!(
        estate.run().turn().unwrap().title.as_str(),
        "suspend Kustomization billing in flux-system; it does not hold flux-system/tariffs"
    );
    let said = evidence(estate.run(), "survey");
    assert!(said.contains("Kustomizations that go on 1"), "{said}");
}

#[test]
fn a_right_that_is_given_meanwhile_proves_the_rest() {
    let mut estate = unproved("Secret");
    estate.hidden = None;
    estate.press(Input::Enter).unwrap();
    estate.walk();
    assert_eq!(estate.run().status, RunStatus::Completed);
    assert_eq!(
        evidence(estate.run(), "verify"),
        "3 of 3 objects are there, new; every Deployment is available"
    );
}

#[test]
fn a_check_that_was_skipped_is_not_completed() {
    let mut estate = unproved("Secret");
    let reason = "the Secret was seen by carol".to_owned();
    estate.press(Input::Skip { reason }).unwrap();
    estate.walk();
    let run = estate.run();
    assert_eq!(run.status, RunStatus::Unchecked);
    assert!(run.ended());
    assert_eq!(
        run.ending.as_str(),
        "not proved: left out was 10 verify (the Secret was seen by carol)"
    );
    assert_eq!(run.owed, []);
    assert_eq!(card(&estate).title, "ENDED, A CHECK WAS SKIPPED");
}

#[test]
fn a_restore_of_nothing_but_what_may_not_be_listed_is_not_called_failed() {
    let mut estate = Estate::new();
    estate.server.fill("billing", None);
    estate.server.lose("secrets", "billing", "db");
    estate.hidden = Some("Secret");
    estate.open("billing").unwrap();
    estate.walk();
    assert!(
        evidence(estate.run(), "watch").contains("whether it created anything is not known"),
        "{}",
        evidence(estate.run(), "watch")
    );
    assert_eq!(estate.run().turn().unwrap().id, "verify");
}

#[test]
fn an_undo_says_what_stays_because_nobody_looked_at_it() {
    let mut estate = unproved("Secret");
    estate.press(Input::Undo).unwrap();
    estate.walk();
    let RunStatus::Aborted(reason) = &estate.run().status else {
        panic!("{:?}", estate.run().status)
    };
    assert!(
        reason
            .as_str()
            .contains("deleted 2 of what it created, left 1"),
        "{reason}"
    );
}
