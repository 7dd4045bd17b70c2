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
    assert!(
        text.contains("deleted 8 of what it created, left 0"),
        "{text}"
    );
    let deletes = sim.changes("sth-prod");
    let deletes = deletes.iter().filter(|line| line.starts_with("delete "));
    assert_eq!(deletes.count(), 8, "{text}");
    sim.verify();
}
