//! The log cut after every entry: the run goes on to the same end, and no write is sent twice.

use jiff::Timestamp;

use super::estate::Estate;
use super::server::Server;
use crate::runbook::event::RunEvent;
use crate::runbook::run::Run;
use crate::runbook::run::RunStatus;

/// The run as the next process finds it, on a server as it is then.
pub(super) fn resume(
    estate: &Estate,
    log: &[(RunEvent, u64, Timestamp)],
    server: Server,
) -> Estate {
    let mut later = estate.clone();
    later.log = log.to_vec();
    later.server = server;
    later.heard = None;
    later.faults = Vec::new();
    later.past = estate.past[..log.len()].to_vec();
    later.run = None;
    for (event, seq, at) in log {
        match (&mut later.run, event) {
            (run @ None, RunEvent::Opened(opened)) => *run = Some(Run::open(opened, *seq, *at)),
            (Some(run), event) => run.take(event, *seq, *at),
            _ => {}
        }
    }
    later.run = later.run.map(Run::found_at_start);
    later
}

#[test]
fn a_run_cut_after_any_entry_goes_on_to_the_same_end_and_sends_no_write_twice() {
    let mut golden = Estate::new();
    golden.open("billing").unwrap();
    golden.walk();
    let steps = |estate: &Estate| {
        let steps = estate
            .run()
            .steps
            .iter()
            .map(|step| (step.id.clone(), step.status.clone()));
        steps.collect::<Vec<_>>()
    };
    for cut in 1..golden.log.len() {
        // After an intent the request may have arrived or not: the server as it was, and as it was one entry later.
        for server in [golden.past[cut - 1].clone(), golden.past[cut].clone()] {
            let mut later = resume(&golden, &golden.log[..cut], server);
            assert_eq!(later.run().status, RunStatus::Interrupted);
            later.walk();
            assert_eq!(
                later.run().status,
                RunStatus::Completed,
                "cut {cut}: {:?}",
                later.run().turn()
            );
            assert_eq!(steps(&later), steps(&golden), "cut {cut}");
            assert!(
                later.server.writes.values().all(|times| *times == 1),
                "cut {cut}: {:?}",
                later.server.writes
            );
            assert_eq!(later.server.writes.len(), golden.server.writes.len());
        }
    }
}

#[test]
fn a_run_folded_from_its_entries_is_the_run_that_was_lived() {
    let mut golden = Estate::new();
    golden.open("billing").unwrap();
    golden.walk();
    let folded = resume(&golden, &golden.log, golden.server.clone());
    assert_eq!(folded.run(), golden.run());
}
