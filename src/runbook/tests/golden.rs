//! One run to its end, word by word.

use super::estate::Estate;
use crate::runbook::event::RunEvent;
use crate::runbook::press::Input;
use crate::runbook::report;
use crate::runbook::run::RunStatus;
use crate::runbook::steps;
use crate::runbook::steps::Kind;
use crate::runbook::steps::Turn;
use crate::runbook::steps::Verdict;

#[test]
fn a_run_is_walked_from_prepare_to_its_end() {
    let mut estate = Estate::new();
    estate.open("billing").unwrap();
    estate.walk();
    let lines = report::lines(estate.run());
    let lines: Vec<&str> = lines
        .iter()
        .map(|line| line.split("  0").next().unwrap().trim_end())
        .collect();
    assert_eq!(
        lines[3..],
        [
            "  1 done     may-i            9 of 9 verbs allowed",
            "  2 done     server-alive     Velero 1.18.1 answered in 2.0s",
            "  3 done     choose-backup    1 looked at, newest restorable 04:42Z",
            "  4 done     survey           create 2  skip 1  collide 0  left to controllers 2",
            "  5 done     confirm-target   typed billing",
            "  6 done     hold-automation  Kustomization billing is suspended  2.0s",
            "  7 done     safety-copy      pre-7f3a Completed: 77 of 77 objects in eu-main  2.0s",
            "  8 done     restore          r-7f3a is there, marked run 7f3a step 8  2.0s",
            "  9 done     watch            r-7f3a Completed: 2 of 2 objects are there",
            " 10 done     verify           2 of 2 objects are there, new; every Deployment is available",
            " 11 done     give-back        Kustomization billing is resumed  2.0s",
            "every step is done",
        ]
    );
    assert_eq!(estate.run().status, RunStatus::Completed);
    assert!(estate.server.get("deployments", "billing", "api").is_some());
}

#[test]
fn nothing_missing_ends_the_run_before_anything_is_sent() {
    let mut estate = Estate::new();
    estate.open("billing").unwrap();
    let mut whole = Estate::new();
    for (key, object) in [("configmaps", "forms"), ("deployments", "api")].map(|(plural, name)| {
        let key = (plural.to_owned(), "billing".to_owned(), name.to_owned());
        (key, serde_json::json!({"metadata": {"name": name, "namespace": "billing", "uid": name, "resourceVersion": "1"}}))
    }) {
        whole.server.objects.insert(key, object);
    }
    whole.open("billing").unwrap();
    whole.walk();
    assert_eq!(whole.run().status, RunStatus::NothingToDo);
    assert_eq!(
        whole.run().ending.as_str(),
        "3 of 3 objects of hourly-billing-1 are in billing, 2 are left to controllers; 0 requests"
    );
    assert!(
        whole
            .server
            .writes
            .keys()
            .all(|line| line.contains("requests/")),
        "{:?}",
        whole.server.writes
    );
}

#[test]
fn a_restore_that_created_nothing_is_a_failure_and_says_so() {
    for (phase, words) in [
        (
            "Completed",
            "r-7f3a is Completed and created nothing: none of 2 planned objects is there",
        ),
        (
            "PartiallyFailed",
            "r-7f3a is PartiallyFailed: store went away; 0 errors, 0 warnings",
        ),
        (
            "FailedValidation",
            "r-7f3a is FailedValidation: store went away; 0 errors, 0 warnings",
        ),
    ] {
        let mut estate = Estate::new();
        estate.faults = vec![(8, super::server::Fault::RestoreEnds(phase))];
        estate.open("billing").unwrap();
        estate.walk();
        let last = estate.log.last().map(|entry| entry.0.clone());
        assert_eq!(
            last,
            Some(RunEvent::Failed {
                step: 9,
                why: words.into()
            })
        );
        assert_eq!(
            estate.run().status,
            RunStatus::Running,
            "it can be taken back"
        );
        assert!(
            estate
                .press(Input::Skip {
                    reason: "no".to_owned()
                })
                .is_err(),
            "watch may not be left out"
        );
    }
}

#[test]
fn a_restore_that_nobody_takes_up_says_since_when_and_where_to_look() {
    let mut estate = Estate::new();
    estate.faults = vec![(8, super::server::Fault::RestoreEnds("New"))];
    estate.open("billing").unwrap();
    estate.walk_to("restore");
    estate.press(Input::Typed("billing".to_owned())).unwrap();
    let said = |estate: &Estate| {
        estate.look(|sight| {
            let turn = Turn {
                run: estate.run(),
                number: 9,
                sight,
                now: estate.now(),
            };
            steps::verdict(Kind::Watch, &turn)
        })
    };
    let Verdict::Pending(words) = said(&estate) else {
        panic!("{:?}", said(&estate))
    };
    assert_eq!(words.as_str(), "r-7f3a is New: Velero has not begun");
    estate.seconds += 90;
    let Verdict::Pending(words) = said(&estate) else {
        panic!("{:?}", said(&estate))
    };
    assert_eq!(
        words.as_str(),
        "r-7f3a is New since 05:00Z: Velero has not begun; see whether it runs in velero"
    );
}

#[test]
fn the_same_run_has_the_same_plan_and_another_byte_has_another_digest() {
    let plan = |namespace: &str, change: fn(&mut Estate)| {
        let mut estate = Estate::new();
        change(&mut estate);
        estate.open(namespace).unwrap();
        estate.settle();
        estate.run().plan.clone().unwrap()
    };
    let first = plan("billing", |_| {});
    assert_eq!(first.digest(), plan("billing", |_| {}).digest());
    assert_eq!(first.digest().len(), 64);
    let mut other = first.clone();
    other.frozen.create[0].name.push('x');
    assert_ne!(first.digest(), other.digest());
    let mut book = first.clone();
    book.book_digest = crate::runbook::book::sha256_hex(
        format!("{} ", crate::runbook::library::BUILT_IN[0].1).as_bytes(),
    );
    assert_ne!(first.digest(), book.digest());
    let keys = first.canonical();
    assert!(
        keys.starts_with(r#"{"book":"#) && !keys.contains(": "),
        "keys are sorted, no spaces: {keys}"
    );
}

#[test]
fn what_there_is_nothing_to_do_for_keeps_its_number_and_is_passed_over() {
    let mut estate = Estate::new();
    estate
        .server
        .objects
        .retain(|key, _| key.1 != "billing" && key.2 != "billing");
    estate.open("billing").unwrap();
    estate.walk_to("restore");
    let asked = estate.run().plan.as_ref().unwrap().requests().len();
    assert_eq!(asked, 1, "nothing but the restore is sent");
    estate.walk();
    let steps: Vec<(u32, &str, &str, &str)> = estate.run().steps[4..]
        .iter()
        .map(|step| {
            (
                step.number,
                step.status.word(),
                step.id.as_str(),
                step.evidence.as_str(),
            )
        })
        .filter(|step| step.1 == "skipped")
        .collect();
    assert_eq!(
        steps,
        [
            (
                6,
                "skipped",
                "hold-automation",
                "nothing to hold: no Kustomization keeps billing, or it is suspended already"
            ),
            (
                7,
                "skipped",
                "safety-copy",
                "nothing to copy: billing does not exist"
            ),
            (
                11,
                "skipped",
                "give-back",
                "nothing to give back: nothing is held"
            ),
        ]
    );
    assert_eq!(estate.run().ending.as_str(), "every step is done");
    assert_eq!(
        estate.run().status,
        RunStatus::Completed,
        "{:?}",
        estate.look(|sight| estate.run().card(sight, estate.now()))
    );
}

#[test]
fn an_object_made_after_the_backup_collides_unless_it_was_restored_from_it() {
    let later = |labels: serde_json::Value| {
        let mut estate = Estate::new();
        let secret = serde_json::json!({"metadata": {"name": "db", "namespace": "billing", "uid": "new",
            "resourceVersion": "9", "labels": labels, "creationTimestamp": "2026-08-15T04:50:00Z"}});
        let key = ("secrets".to_owned(), "billing".to_owned(), "db".to_owned());
        estate.server.objects.insert(key, secret);
        estate.open("billing").unwrap();
        estate.settle();
        estate.run().plan.clone().unwrap().frozen
    };
    let collides = later(serde_json::json!({}));
    assert_eq!(collides.counts("  "), "create 2  skip 0  collide 1");
    assert_eq!(
        collides.lists(),
        [
            ("create", "ConfigMap forms; Deployment api".to_owned()),
            (
                "collide",
                "made after the backup, so others than it holds; left as they are: Secret db"
                    .to_owned()
            ),
        ]
    );
    let restored = later(serde_json::json!({"velero.io/backup-name": "hourly-billing-1"}));
    assert_eq!(restored.counts("  "), "create 2  skip 1  collide 0");
}

#[test]
fn a_backup_that_was_named_is_taken_or_refused_with_its_reason() {
    for (name, words) in [
        ("hourly-billing-1", "1 looked at, taken as named 04:42Z"),
        ("nightly", "no backup nightly of billing is on aws-prod"),
    ] {
        let mut estate = Estate::new();
        let mut params = Estate::params("billing");
        params.insert("backup".to_owned(), name.to_owned());
        estate.open_with(params).unwrap();
        estate.settle();
        assert_eq!(estate.run().step(3).unwrap().evidence.as_str(), words);
    }
}

#[test]
fn the_card_of_the_restore_shows_the_whole_request_and_asks_for_the_name() {
    let mut estate = Estate::new();
    estate.open("billing").unwrap();
    estate.walk_to("restore");
    let card = estate.look(|sight| estate.run().card(sight, estate.now()));
    assert_eq!(card.title, "CANNOT BE STOPPED ONCE SENT, NO DRY RUN");
    assert_eq!(
        card.wire,
        [
            "POST restores/r-7f3a in velero on aws-prod",
            "POST /apis/velero.io/v1/namespaces/velero/restores?fieldManager=crashcart"
        ]
    );
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
    assert_eq!(
        card.body.as_bytes(),
        op.request().body,
        "what is shown is what is sent"
    );
    assert_eq!(card.digest, crate::text::hex(&op.request().digest()));
    let facts: Vec<String> = card
        .facts
        .iter()
        .map(|(label, words)| format!("{label}: {words}"))
        .collect();
    assert_eq!(
        facts,
        [
            "Before: no Restore r-7f3a; 2 of 2 missing, 1 of 1 present (live)",
            "Done when: the Restore is there, marked with this run and step",
            "Undo: delete the 2 objects it created, each only if nobody changed it since",
            "Right: create restores.velero.io in velero; you: yes, asked at 05:00:03Z",
        ]
    );
    assert_eq!(
        (card.typed.as_deref(), card.enter.as_str(), card.sends),
        (Some("billing"), "send it", true)
    );
}
