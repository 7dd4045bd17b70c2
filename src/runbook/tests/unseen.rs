//! What a person may not list is not looked at, is never called there or missing, and is said.

use super::estate::Estate;
use crate::runbook::press::Input;
use crate::runbook::run::Run;
use crate::runbook::run::RunStatus;

fn evidence<'a>(run: &'a Run, id: &str) -> &'a str {
    let step = run.steps.iter().find(|step| step.id == id).unwrap();
    step.evidence.as_str()
}

fn without(kind: &'static str) -> Estate {
    let mut estate = Estate::new();
    estate.hidden = Some(kind);
    estate.open("billing").unwrap();
    estate
}

#[test]
fn a_run_ends_well_and_names_what_nobody_looked_at() {
    let mut estate = without("Secret");
    estate.walk();
    let run = estate.run();
    assert_eq!(run.status, RunStatus::Completed);
    assert!(
        evidence(run, "survey").contains("of create, 1 may be there already"),
        "{}",
        evidence(run, "survey")
    );
    assert_eq!(
        evidence(run, "verify"),
        "2 of 2 objects are there, new; every Deployment is available; not looked at, because listing them is not yours: Secret db"
    );
}

#[test]
fn an_undo_says_what_stays_because_nobody_looked_at_it() {
    let mut estate = without("Secret");
    estate.walk_to("give-back");
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
