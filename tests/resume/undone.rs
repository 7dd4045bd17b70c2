//! Taken back: what the restore made is listed, deleted object by object, and what somebody changed since stays.

use crate::console::Console;
use crate::sim::Sim;
use crate::wire::Lost;
use crate::wire::Wire;

/// Restored up to its verification, killed there, and asked to be taken back: the list is on screen.
fn listed(sim: &Sim) -> (String, Console) {
    let mut console = sim.restore("sth-prod", "billing");
    let run = console.run();
    console.walk_to("POST restores/");
    console.say("billing");
    console.wait_for("now  verify");
    console.kill();

    let mut console = sim.run(&["--resume", &run]);
    console.prompt().expect("it asks before it goes on");
    console.say("u");
    let said = console.walk_to("Type billing (delete these)");
    assert!(said.contains("Deletes: all 8: "), "{said}");
    assert!(said.contains("Deployment billing-print"), "{said}");
    assert!(said.contains("sha256"), "{said}");
    (run, console)
}

fn deletes(sim: &Sim) -> usize {
    let changes = sim.changes("sth-prod");
    changes
        .iter()
        .filter(|line| line.starts_with("delete "))
        .count()
}

/// Everything that the restore made is gone, by one delete each, and the log is whole.
fn gone(sim: &Sim, (code, text): (i32, String)) {
    assert_eq!(code, 1, "{text}");
    let end = "taken back";
    assert!(text.contains(end), "{text}");
    assert!(
        text.contains("deleted 8 of what it created, left "),
        "{text}"
    );
    assert_eq!(deletes(sim), 8, "{text}");
    sim.verify();
}

#[test]
fn undo_lists_then_deletes_what_the_restore_made_its_busy_deployment_too() {
    let sim = Sim::start_unhurried();
    let (_, mut console) = listed(&sim);
    assert_eq!(deletes(&sim), 0, "nothing by the list alone");
    console.say("billing");
    console.wait_for("undoing ");
    gone(&sim, console.walk());
}

#[test]
fn undo_goes_back_to_the_run_while_nothing_was_sent() {
    let sim = Sim::start_unhurried();
    let (_, mut console) = listed(&sim);
    console.say("u");
    let (code, text) = console.walk();
    assert_eq!(code, 0, "{text}");
    assert_eq!(deletes(&sim), 0, "{text}");
    sim.verify();
}

/// Kills an undo over one of its deletes, and resumes it.
fn killed(lost: Lost) {
    let sim = Sim::start_unhurried();
    let wire = Wire::before("sth-prod", &sim.folder());
    let (run, mut console) = listed(&sim);
    wire.lose(lost, "secrets");
    console.say("billing");
    wire.lost();
    console.kill();
    let before = deletes(&sim);
    assert!((1..8).contains(&before), "in the middle: {before}");

    let mut console = sim.run(&["--resume", &run]);
    let said = console.walk_to("Type billing (delete these)");
    assert!(
        !said.contains("all 8"),
        "what is gone is not listed: {said}"
    );
    assert_eq!(deletes(&sim), before, "nothing by itself");
    console.say("billing");
    gone(&sim, console.walk());
}

#[test]
fn an_undo_killed_over_a_delete_looks_first_and_deletes_once() {
    std::thread::scope(|both| {
        both.spawn(|| killed(Lost::Answer));
        both.spawn(|| killed(Lost::Request));
    });
}
