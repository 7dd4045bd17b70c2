//! One run to its end, word by word.

use super::estate::Estate;
use crate::runbook::event::RunEvent;
use crate::runbook::press::Input;
use crate::runbook::report;
use crate::runbook::run::RunStatus;

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
            "still stands, step 7: Backup pre-7f3a in velero: created; expires in 72h by itself",
            "still stands, step 8: Restore r-7f3a in velero: sent; what it created in billing stays until it is undone",
            "every step is done or was left out with a reason",
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
    assert!(
        whole
            .run()
            .ending
            .as_str()
            .starts_with("Nothing would be changed: 0 requests."),
        "{}",
        whole.run().ending
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
        estate.faults = vec![(8, super::estate::Fault::RestoreEnds(phase))];
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
fn the_same_run_has_the_same_plan_and_another_byte_has_another_digest() {
    let plan = |namespace: &str, change: fn(&mut Estate)| {
        let mut estate = Estate::new();
        change(&mut estate);
        estate.open(namespace).unwrap();
        estate.settle();
        estate.run().plan.clone().unwrap()
    };
    let plain = plan("billing", |_| {});
    assert_eq!(plain.digest(), plan("billing", |_| {}).digest());
    assert_eq!(plain.digest().len(), 64);
    let mut other = plain.clone();
    other.frozen.create[0].name.push('x');
    assert_ne!(plain.digest(), other.digest());
    let mut book = plain.clone();
    book.book_digest = crate::runbook::book::sha256_hex(
        format!("{} ", crate::runbook::library::BUILT_IN[0].1).as_bytes(),
    );
    assert_ne!(plain.digest(), book.digest());
    let keys = plain.canonical();
    assert!(
        keys.starts_with(r#"{"book":"#) && !keys.contains(": "),
        "keys are sorted, no spaces: {keys}"
    );
}
