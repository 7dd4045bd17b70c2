//! Keys, faults and silence in any order: what must never happen.

use proptest::prelude::*;

use super::estate::Estate;
use super::server::Fault;
use crate::audit::Class;
use crate::runbook::engine::Command;
use crate::runbook::event::RunEvent;
use crate::runbook::press::Input;
use crate::runbook::run::Run;
use crate::runbook::run::StepStatus;

#[derive(Clone, Debug)]
enum Act {
    Go,
    Press(Input),
    Fail(u32, Fault),
    Restart,
    Wait(i64),
    Silence(bool),
}

fn act() -> impl Strategy<Value = Act> {
    let typed = prop_oneof![Just("billing".to_owned()), Just("bill".to_owned())];
    let input = prop_oneof![
        6 => Just(Input::Enter),
        6 => typed.prop_map(Input::Typed),
        1 => Just(Input::Skip { reason: "because".to_owned() }),
        1 => Just(Input::Undo),
        1 => Just(Input::Hold),
        1 => Just(Input::Look),
    ];
    let fault = prop_oneof![
        Just(Fault::Lost),
        Just(Fault::AnswerLost),
        Just(Fault::Refused(403)),
        Just(Fault::Refused(409)),
        Just(Fault::Refused(500)),
        Just(Fault::RestoreEnds("Failed")),
    ];
    prop_oneof![
        12 => Just(Act::Go),
        12 => input.prop_map(Act::Press),
        2 => (1..12_u32, fault).prop_map(|(step, fault)| Act::Fail(step, fault)),
        1 => Just(Act::Restart),
        1 => (1..4000_i64).prop_map(Act::Wait),
        1 => any::<bool>().prop_map(Act::Silence),
    ]
}

/// What must hold whenever something is about to be sent.
fn allowed(run: &Run, op: &crate::sources::op::Op) {
    assert!(!run.in_flight(), "never two requests out at once");
    if op.class() == Class::Change {
        let confirm = run
            .steps
            .iter()
            .find(|step| step.kind == "confirm-target")
            .unwrap();
        assert_eq!(
            confirm.status,
            StepStatus::Done,
            "never a change before the name was typed"
        );
        assert!(
            run.plan.is_some() && run.memory.started,
            "never a change without a started plan"
        );
        assert_eq!(run.plan.as_ref().unwrap().digest(), run.digest);
    }
}

fn carry_out(estate: &mut Estate, command: Command) {
    if let Command::Send { op, .. } = &command {
        allowed(estate.run(), op);
        assert!(!estate.server.silent, "never to a cluster that is not seen");
    }
    estate.carry_out(command);
}

fn play(acts: Vec<Act>) {
    let mut estate = Estate::new();
    estate.open("billing").unwrap();
    for act in acts {
        match act {
            Act::Go => {
                for _ in 0..8 {
                    let Some(command) =
                        estate.look(|sight| estate.run().advance(sight, estate.now()))
                    else {
                        break;
                    };
                    carry_out(&mut estate, command);
                }
            }
            Act::Press(input) => {
                let commands = estate.look(|sight| estate.run().press(input, sight, estate.now()));
                for command in commands.unwrap_or_default() {
                    carry_out(&mut estate, command);
                }
            }
            Act::Fail(step, fault) => estate.faults.push((step, fault)),
            Act::Restart => estate.run = estate.run.take().map(Run::found_at_start),
            Act::Wait(seconds) => estate.seconds += seconds,
            Act::Silence(silent) => {
                estate.seconds += i64::from(silent) * 300;
                estate.server.silent = silent;
            }
        }
        estate.look(|sight| estate.run().card(sight, estate.now()));
        crate::runbook::paper::paper(estate.run());
    }
    once(&estate);
}

/// No create was done twice, and every intent has at most one outcome behind it.
fn once(estate: &Estate) {
    let mut open = None;
    for (event, ..) in &estate.log {
        match event {
            RunEvent::Intent { .. } => {
                assert_eq!(open, None, "never two intents open");
                open = Some(());
            }
            RunEvent::Outcome { .. } => open = None,
            _ => {}
        }
    }
    let restores = estate.log.iter().filter(|entry| {
        matches!(
            &entry.0,
            RunEvent::Outcome {
                step: 8,
                undo: false,
                status: Some(201),
                ..
            }
        )
    });
    assert!(restores.count() <= 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_forbidden_happens_whatever_the_order(acts in proptest::collection::vec(act(), 1..60)) {
        play(acts);
    }
}
