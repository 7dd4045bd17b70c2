//! Requests whose fate nobody knows.

use super::estate::Estate;
use super::server::Fault;
use crate::runbook::event::RunEvent;
use crate::runbook::press::Input;
use crate::runbook::run::RunStatus;
use crate::runbook::run::StepStatus;

const RESTORE: &str = "POST restores/r-7f3a in velero";

fn card(estate: &Estate) -> crate::runbook::run::Card {
    estate.look(|sight| estate.run().card(sight, estate.now()))
}

fn at_restore(fault: Fault) -> Estate {
    let mut estate = Estate::new();
    estate.open("billing").unwrap();
    estate.walk_to("restore");
    estate.faults = vec![(8, fault)];
    estate.press(Input::Typed("billing".into())).unwrap();
    estate
}

#[test]
fn a_lost_answer_is_found_by_reading_and_never_sent_again() {
    let mut estate = at_restore(Fault::AnswerLost);
    assert!(
        estate
            .log
            .iter()
            .any(|entry| matches!(entry.0, RunEvent::Arrived { step: 8, .. }))
    );
    estate.walk();
    assert_eq!(estate.run().status, RunStatus::Completed);
    assert_eq!(estate.server.writes[RESTORE], 1);
}

#[test]
fn a_lost_request_is_sent_once_more_only_with_the_name_typed() {
    let mut estate = at_restore(Fault::Lost);
    assert_eq!(estate.run().step(8).unwrap().status, StepStatus::InDoubt);
    let looks = estate
        .log
        .iter()
        .filter(|entry| matches!(entry.0, RunEvent::Looked { .. }))
        .count();
    assert_eq!(looks, 3, "looking comes to an end");
    assert_eq!(card(&estate).typed.as_deref(), Some("billing"));
    assert!(estate.press(Input::Enter).is_err());
    assert!(!estate.server.writes.contains_key(RESTORE));
    estate.walk();
    assert_eq!(estate.run().status, RunStatus::Completed);
    assert_eq!(estate.server.writes[RESTORE], 1);
}

#[test]
fn a_409_with_our_mark_has_arrived() {
    let mut estate = at_restore(Fault::Lost);
    // The late twin arrives just before the second try.
    let op = estate
        .run()
        .plan
        .as_ref()
        .unwrap()
        .step(8)
        .unwrap()
        .op
        .clone()
        .unwrap();
    let mut body: serde_json::Value = serde_json::from_slice(&op.request().body).unwrap();
    body["status"] = serde_json::json!({"phase": "InProgress"});
    body["metadata"]["uid"] = serde_json::json!("u-late");
    estate
        .server
        .objects
        .insert(("restores".into(), "velero".into(), "r-7f3a".into()), body);
    estate.press(Input::Typed("billing".into())).unwrap();
    assert!(estate.log.iter().any(|entry| matches!(
        entry.0,
        RunEvent::Outcome {
            status: Some(409),
            ..
        }
    )));
    assert_eq!(
        estate.run().step(8).unwrap().status,
        StepStatus::Done,
        "{:?}",
        estate.run().steps[7]
    );
}

#[test]
fn somebody_elses_object_is_shown_beside_ours_and_nothing_is_sent() {
    let mut estate = Estate::new();
    estate.open("billing").unwrap();
    estate.walk_to("restore");
    estate.faults = vec![(8, Fault::Lost)];
    let theirs = serde_json::json!({"metadata": {"name": "r-7f3a", "namespace": "velero", "uid": "u-x",
        "creationTimestamp": "2026-08-15T05:00:09Z"}, "spec": {"backupName": "other"}});
    estate.press(Input::Typed("billing".into())).unwrap();
    estate.server.objects.insert(
        ("restores".into(), "velero".into(), "r-7f3a".into()),
        theirs,
    );
    estate.press(Input::Look).unwrap();
    let card = card(&estate);
    assert!(card.enter.is_empty() && !card.sends, "{card:?}");
    assert!(
        card.body.contains("ours:   {") && card.body.contains("theirs: {\"backupName\":\"other\"}"),
        "{}",
        card.body
    );
    let why = estate.press(Input::Typed("billing".into())).unwrap_err();
    assert!(
        why.as_str()
            .ends_with("somebody else made it; skip, undo, hold or abort"),
        "{why}"
    );
    estate.press(Input::Hold).unwrap();
    assert_eq!(estate.run().status, RunStatus::Held);
}

#[test]
fn a_refusal_changes_nothing_and_says_whose_it_was() {
    let estate = at_restore(Fault::Refused(403));
    let StepStatus::Failed(why) = &estate.run().step(8).unwrap().status else {
        panic!("failed")
    };
    assert_eq!(
        why.as_str(),
        "refused (403) by aws-prod: POST restores/r-7f3a in velero. Nothing changed."
    );
    assert!(
        estate.run().owed.iter().all(|owed| owed.0 != 8),
        "{:?}",
        estate.run().owed
    );
}

#[test]
fn a_run_that_is_found_at_the_start_says_what_is_in_doubt_and_waits() {
    let mut estate = Estate::new();
    estate.open("billing").unwrap();
    estate.walk_to("restore");
    estate.faults = vec![(8, Fault::AnswerLost)];
    let (before, sent) = (estate.log.len(), estate.server.writes.clone());
    estate.press(Input::Typed("billing".into())).unwrap();
    let (log, server) = (estate.log[..before + 2].to_vec(), estate.server.clone());
    let mut later = super::cut::resume(&estate, &log, server);
    assert_eq!(later.run().status, RunStatus::Interrupted);
    later.settle();
    let card = card(&later);
    assert_eq!(
        (card.title.as_str(), card.enter.as_str(), card.sends),
        ("WHAT THE WORLD SHOWS", "it arrived, go on", false)
    );
    later.walk();
    assert_eq!(later.run().status, RunStatus::Completed);
    assert_eq!(
        later.server.writes[RESTORE],
        1 + sent.get(RESTORE).unwrap_or(&0)
    );
}
