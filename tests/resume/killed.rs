//! Killed in the middle, with SIGKILL: the run is found again, the world is read, nothing is sent twice.

use crate::sim::Sim;
use crate::wire::Lost;
use crate::wire::Wire;

/// The run ended well, the log is whole, and one Restore was made and is there.
fn settled(sim: &Sim, (code, text): (i32, String)) {
    assert_eq!(code, 0, "{text}");
    assert!(
        text.contains("verify  8 of 8 objects are there, new"),
        "{text}"
    );
    sim.verify();
    assert_eq!(sim.count("sth-prod", "create", "restores"), 1, "{text}");
}

/// The intent of the step stands in the log, and nothing says what became of it.
fn in_doubt(sim: &Sim, words: &str) {
    let log = sim.log();
    let intent = log
        .iter()
        .filter(|line| line.contains(&format!("intent POST {words}")));
    assert_eq!(intent.count(), 1, "{log:#?}");
    let outcome = log
        .iter()
        .find(|line| line.contains(&format!("outcome POST {words}")));
    assert_eq!(outcome, None, "{log:#?}");
}

#[test]
fn a_restore_whose_answer_was_lost_is_found_by_reading_and_never_sent_again() {
    let sim = Sim::start();
    let wire = Wire::before("sth-prod", &sim.folder());
    let mut console = sim.restore("sth-prod", "billing");
    let run = console.run();
    console.walk_to("POST restores/");
    wire.lose(Lost::Answer, "restores");
    console.say("billing");
    wire.lost();
    console.kill();
    in_doubt(&sim, "restores/");
    assert_eq!(sim.count("sth-prod", "create", "restores"), 1, "it arrived");

    let again = sim.run(&["--resume", &run]).walk();
    assert!(again.1.contains("marked as this run's"), "{}", again.1);
    settled(&sim, again);
}

#[test]
fn a_restore_that_never_left_is_looked_for_then_sent_once_with_the_name_typed_again() {
    let sim = Sim::start();
    let wire = Wire::before("sth-prod", &sim.folder());
    let mut console = sim.restore("sth-prod", "billing");
    let run = console.run();
    console.walk_to("POST restores/");
    wire.lose(Lost::Request, "restores");
    console.say("billing");
    wire.lost();
    console.kill();
    in_doubt(&sim, "restores/");
    assert_eq!(
        sim.count("sth-prod", "create", "restores"),
        0,
        "it did not arrive"
    );

    let mut console = sim.run(&["--resume", &run]);
    let said = console.walk_to("Type billing (");
    assert!(said.contains("it did not arrive"), "{said}");
    assert_eq!(
        sim.count("sth-prod", "create", "restores"),
        0,
        "nothing by itself"
    );
    console.say("billing");
    settled(&sim, console.walk());
}

#[test]
fn a_run_killed_while_it_waits_for_the_world_goes_on_where_the_world_is() {
    let sim = Sim::start();
    let mut console = sim.restore("sth-prod", "billing");
    let run = console.run();
    console.walk_to("POST restores/");
    console.say("billing");
    console.wait_for("now  watch");
    console.kill();

    let again = sim.run(&["--resume", &run]).walk();
    settled(&sim, again);
}

/// Kills a run over its preparation's request, and resumes it.
fn before_the_plan(lost: Lost) {
    let sim = Sim::start();
    let wire = Wire::before("sth-prod", &sim.folder());
    wire.lose(lost, "downloadrequests");
    let console = sim.restore("sth-prod", "billing");
    wire.lost();
    console.kill();
    in_doubt(&sim, "downloadrequests/");

    let again = sim.run(&["--resume", &sim.run_opened()]).walk();
    settled(&sim, again);
    assert_eq!(sim.count("sth-prod", "create", "downloadrequests"), 1);
}

#[test]
fn a_run_killed_before_its_plan_asks_again_only_what_never_arrived_and_ends_well() {
    std::thread::scope(|both| {
        both.spawn(|| before_the_plan(Lost::Answer));
        both.spawn(|| before_the_plan(Lost::Request));
    });
}
