//! A run is put down, taken up again, its steps left out and ended by a person, each with its reason.

use crate::sim::Sim;

#[test]
fn a_held_run_is_taken_up_again_where_it_was() {
    let sim = Sim::start();
    let mut console = sim.restore("sth-prod", "billing");
    let run = console.run();
    console.walk_to("POST backups/pre-");
    console.say("h");
    let (code, text) = console.walk();
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("held; crashcart run --resume"), "{text}");
    assert_eq!(sim.count("sth-prod", "create", "backups"), 0);

    let mut console = sim.run(&["--resume", &run]);
    let said = console.walk_to("take it up again");
    assert!(
        said.contains("put down on purpose; nothing is in flight"),
        "{said}"
    );
    console.say("");
    let said = console.walk_to("POST backups/pre-");
    assert!(!said.contains("in doubt"), "{said}");
    console.say("a the objects were found elsewhere");
    let (code, text) = console.walk();
    assert_eq!(code, 1, "{text}");
    assert!(
        text.contains("aborted: the objects were found elsewhere"),
        "{text}"
    );
    sim.verify();
    let log = sim.log().join("\n");
    for words in ["run held", "run resumed", "run aborted"] {
        assert!(log.contains(words), "{words}: {log}");
    }
    assert!(!sim.changes("sth-prod").join(" ").contains("restores"));
}

#[test]
fn a_step_is_left_out_and_a_run_is_ended_only_with_a_reason() {
    let sim = Sim::start();
    let mut console = sim.restore("sth-prod", "billing");
    console.walk_to("POST backups/pre-");
    console.say("s");
    console.walk_to("POST backups/pre-");
    assert!(
        console.text.contains("A reason is needed"),
        "{}",
        console.text
    );
    console.say("s the night is short");
    let said = console.walk_to("POST restores/");
    assert!(
        said.contains("skipped  safety-copy  the night is short"),
        "{said}"
    );
    console.say("s this one too");
    console.walk_to("Type billing (");
    assert!(
        console.text.contains("may not be left out"),
        "{}",
        console.text
    );
    console.say("emr");
    console.walk_to("Type billing (");
    assert!(
        console
            .text
            .contains("\"emr\" is not billing: nothing was sent"),
        "{}",
        console.text
    );
    console.say("a");
    console.walk_to("Type billing (");
    console.say("a enough");
    let (code, text) = console.walk();
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("aborted: enough"), "{text}");
    assert_eq!(sim.count("sth-prod", "create", "restores"), 0);
    assert_eq!(sim.count("sth-prod", "create", "backups"), 0);
    sim.verify();
}
