//! Taken back: what the restore made is deleted object by object, and what somebody changed since stays.

use crate::sim::Sim;

#[test]
fn undo_deletes_what_the_restore_made_and_says_what_it_leaves() {
    let sim = Sim::start();
    let mut console = sim.restore("sth-prod", "billing");
    let run = console.run();
    console.walk_to("POST restores/");
    console.say("billing");
    console.wait_for("now  verify");
    console.kill();

    let mut console = sim.run(&["--resume", &run]);
    console.prompt().expect("it asks before it goes on");
    console.say("u");
    let said = console.prompt().expect("it shows the first delete");
    assert!(said.contains("DELETE"), "{said}");
    assert!(said.contains("preconditions"), "{said}");
    assert!(said.contains("resourceVersion"), "{said}");
    console.say("");
    let (code, text) = console.walk();
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("taken back"), "{text}");
    // A Deployment that becomes available meanwhile is changed by its controller, and stays.
    let deleted = (0..=8).find(|deleted| {
        text.contains(&format!(
            "deleted {deleted} of what it created, left {}",
            8 - deleted
        ))
    });
    let deleted = deleted.unwrap_or_else(|| panic!("it says what it leaves: {text}"));
    assert!(deleted >= 7, "{text}");
    if deleted < 8 {
        assert!(
            text.contains("left 1: Deployment billing-print stays: somebody changed it"),
            "{text}"
        );
    }
    let deletes = sim.changes("sth-prod");
    let deletes = deletes.iter().filter(|line| line.starts_with("delete "));
    assert_eq!(deletes.count(), deleted, "{text}");
    sim.verify();
}
