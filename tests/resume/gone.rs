//! The estate is gone, or is another one: the run says so, and nothing is asked or sent.

use crate::sim::Sim;

/// A run that stands before its plan, its console closed.
fn planned(sim: &Sim) -> String {
    let mut console = sim.restore("sth-prod", "billing");
    let run = console.run();
    console.walk_to("THE PLAN");
    let (code, text) = console.end();
    assert_eq!(code, 1, "{text}");
    assert!(text.contains(&format!("run --resume {run}")), "{text}");
    run
}

#[test]
fn a_run_whose_estate_is_gone_says_so_in_one_sentence_and_stays_where_it_is() {
    let mut sim = Sim::start();
    let run = planned(&sim);
    let before = sim.changes("sth-prod");
    sim.end();
    let (code, text) = sim.run(&["--resume", &run]).walk();
    assert_ne!(code, 0, "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(
        text.contains("its estate is gone or not reached; nothing is sent"),
        "{text}"
    );
    assert_eq!(sim.changes("sth-prod"), before);
    sim.verify();
}

#[test]
fn a_run_whose_estate_is_another_one_by_now_says_so_and_sends_nothing() {
    let mut sim = Sim::start();
    let run = planned(&sim);
    let before = sim.changes("sth-prod");
    sim.start_another();
    let (code, text) = sim.run(&["--resume", &run]).walk();
    assert_ne!(code, 0, "{text}");
    assert!(text.contains("is another cluster now"), "{text}");
    assert_eq!(sim.changes("sth-prod"), before);
    sim.verify();
}
