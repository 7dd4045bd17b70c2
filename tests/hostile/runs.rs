//! What a run can hold that others wrote: what was typed for it, what a log, a backup and a cluster named, what answers
//! said. On its screens, in its words, and in the pictures.

use crashcart::runbook::event::Created;
use crashcart::runbook::event::OutcomeClass;
use crashcart::runbook::event::Trace;
use crashcart::runbook::plan::Plan;
use crashcart::runbook::run::Attempt;
use crashcart::runbook::run::Run;
use crashcart::runbook::run::RunStatus;
use crashcart::runbook::run::StepStatus;
use crashcart::runbook::run::UndoList;
use crashcart::sources::op::Gvr;
use crashcart::state::State;
use crashcart::state::event::Event;
use crashcart::state::event::What;
use crashcart::state::nav::Screen;
use crashcart::state::update::update;
use crashcart::text::SafeText;
use serde_json::Value;

use crate::corpus::Corpus;
use crate::estate;
use crate::glass::Glass;

/// What is a word of the program or a number in letters, and stays.
const OURS: [&str; 9] = [
    "run",
    "mode",
    "cluster",
    "cluster_uid",
    "policy",
    "book",
    "book_digest",
    "started",
    "op",
];

fn spoil(value: &mut Value, text: &str) {
    match value {
        Value::String(own) => *own = format!("gotcha {text}"),
        Value::Array(items) => items.iter_mut().for_each(|item| spoil(item, text)),
        Value::Object(members) => {
            for (name, member) in members {
                let ours = OURS.contains(&name.as_str()) || name == "kind" && member.is_string();
                if !ours {
                    spoil(member, text);
                }
            }
        }
        _ => {}
    }
}

/// A plan each of whose texts is hostile, as a log could hold it.
fn plan(text: &str) -> Plan {
    let mut whole = serde_json::to_value(estate::run().plan.unwrap()).unwrap();
    spoil(&mut whole["frozen"], text);
    for step in whole["steps"].as_array_mut().unwrap() {
        for name in ["title", "before", "done_when", "typed"] {
            if step[name].is_string() {
                spoil(&mut step[name], text);
            }
        }
    }
    spoil(&mut whole["params"], text);
    serde_json::from_value(whole).unwrap()
}

fn created(text: &str) -> Created {
    Created {
        gvr: Gvr::new("", "v1", "configmaps"),
        kind: text.to_owned(),
        name: text.to_owned(),
        uid: text.to_owned(),
        resource_version: text.to_owned(),
        written: crashcart::sources::written::Written::default(),
    }
}

fn told(text: &str) -> Run {
    let safe = SafeText::new(text);
    let mut run = estate::run();
    run.plan = Some(plan(text));
    run.params = [("reason", text), ("ticket", text)]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    run.ticket = format!("gotcha {text}");
    run.reason = format!("gotcha {text}");
    run.by = safe.clone();
    run.owed = vec![(6, safe.clone())];
    run.ending = safe.clone();
    for step in &mut run.steps {
        step.title = format!("gotcha {text}");
    }
    run.memory.frozen = plan(text).frozen;
    run.memory.created = vec![created(text)];
    let attempt = Attempt {
        entry: 7,
        at: run.opened,
        digest: run.digest.clone(),
        audit_id: safe.clone(),
        gvr: Gvr::new("velero.io", "v1", "backups"),
        namespace: Some("velero".to_owned()),
        name: text.to_owned(),
        outcome: Some((OutcomeClass::Unknown, Some(500), safe.clone())),
        looks: vec![(run.opened, Trace::Absent, safe.clone())],
        arrived: false,
        in_flight: false,
    };
    run.memory.attempts = [((7, false), attempt)].into();
    run
}

/// The states of a run in which other people's words are shown.
fn shapes(run: &Run, text: &str) -> Vec<(&'static str, Run)> {
    let safe = SafeText::new(text);
    let with = |status: RunStatus| Run {
        status,
        ..run.clone()
    };
    let mut doubt = run.clone();
    let mut undone = run.clone();
    for step in &mut doubt.steps {
        if step.number == 7 {
            step.status = StepStatus::InDoubt;
        }
    }
    undone.memory.undoing = true;
    undone.memory.undo_list = Some(UndoList {
        step: 8,
        delete: vec![(created(text), None), (created(text), Some(safe.clone()))],
        left: vec![safe.clone()],
        ..UndoList::default()
    });
    vec![
        ("running", run.clone()),
        ("in doubt", doubt),
        ("taken back", undone),
        ("planned", with(RunStatus::Planned)),
        ("aborted", with(RunStatus::Aborted(safe.clone()))),
        ("failed", with(RunStatus::Failed(safe))),
    ]
}

#[test]
fn at_id_01_what_a_run_holds_is_letters_on_its_screens() {
    for (number, one) in Corpus::read().text.iter().enumerate() {
        // As it is once a log was read, or a person typed it.
        let text = SafeText::new(&one.fit()).to_string();
        let size = [(80, 24), (200, 60)][number % 2];
        let mut glass = Glass::new(size);
        let mut shown = String::new();
        let shapes = shapes(&told(&text), &text).into_iter();
        for (shape, run) in shapes.skip(number % 3).step_by(3) {
            let mut state: State = estate::running();
            state.runs = vec![run];
            let at = state.now;
            let what = What::Resize(size.0, size.1);
            update(&mut state, Event { at, what });
            state.settle();
            for screen in [Screen::Run, Screen::Plan, Screen::Runs, Screen::Board] {
                state.nav.screen = screen;
                shown += &glass.look(&state, &format!("{shape} {screen:?}: {}", one.name));
            }
        }
        assert!(shown.contains("gotcha"), "{}: on no screen", one.name);
    }
}
