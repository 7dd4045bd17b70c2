//! A zone that needs two people: refused in words before anything is opened or sent.

use crate::sim::Sim;

#[test]
fn a_live_run_in_a_zone_that_needs_two_people_is_refused_and_nothing_is_sent() {
    let sim = Sim::start();
    let (code, text) = sim.restore("aws-prod", "emr").walk();
    assert_eq!(code, 2, "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains("clinical needs two people"), "{text}");
    assert!(
        text.contains("EHR on-call +46"),
        "it says whom to call: {text}"
    );
    for cluster in ["sth-prod", "aws-prod", "lab-1"] {
        assert_eq!(sim.changes(cluster), Vec::<String>::new(), "{cluster}");
    }
    assert!(!sim.log().join("\n").contains("run opened"));
    sim.verify();
}
