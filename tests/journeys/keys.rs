//! Keys shown are keys that work: on every screen each key of the footer does what it says, or it is not shown.

use crashcart::keys;
use crashcart::runbook::run::RunStatus;
use crashcart::state::State;
use crashcart::state::Stopped;
use crashcart::state::event::What;
use crashcart::state::prompt::Prompt;

use crate::night;
use crate::play::Console;

/// A console after some keys.
fn after(state: State, journey: &str) -> (String, Console) {
    let mut console = Console::new(state);
    console.play(journey);
    (journey.to_owned(), console)
}

/// Every screen there is, as far as keys lead there, and every prompt.
fn everywhere() -> Vec<(String, Console)> {
    let mut all: Vec<(String, Console)> = [
        "press 1",
        "press 1 Tab",
        "press Enter",
        "press Tab Enter",
        "press 2",
        "press 2 z",
        "press 2 Tab",
        "press 2 l",
        "press 3",
        "press 3 j",
        "press 3 Tab",
        "press 4",
        "press 5",
        "press 5 Tab",
        "press 7",
        "press 7 Enter",
        "press r",
        "press r Enter",
        "press 8",
        "press 9",
        "press 9 j",
        "press 0",
        "press ?",
        "press 9 ?",
        "press /",
        "press :",
        "press 7 Enter Enter",
    ]
    .into_iter()
    .map(|journey| after(night::board(), journey))
    .collect();
    all.push(after(night::plan(), "wait 400"));
    all.push(after(night::plan(), "press q"));
    all.push(after(night::plan(), "press a"));
    all.push(after(night::restore(), "wait 400"));
    all.push(after(night::restore(), "press p"));
    all.push(after(night::restore(), "press k"));
    all.push(after(night::restore(), "press s"));
    all.push(after(night::restore(), "wait 400\npress Enter"));
    all.push(after(ended(), "press 8"));
    all.push(after(ended(), "press 8 Enter"));
    let mut nobody = night::board();
    nobody.person = None;
    all.push(after(nobody.clone(), "press 0"));
    all.push(after(nobody, "press 0 Enter"));
    let (_, mut stopped) = after(night::board(), "press 3");
    stopped.happen(What::LogStopped(Stopped {
        what: "Entry 3 could not be written: no space left on device.".into(),
        place: "/var/lib/crashcart/log".into(),
        next: vec!["Press R.".into()],
        since: stopped.state.now,
        damaged: false,
    }));
    all.push(("stopped".to_owned(), stopped));
    all
}

/// The run of the night, ended.
fn ended() -> State {
    let mut state = night::restore();
    for run in &mut state.runs {
        run.status = RunStatus::Completed;
    }
    state
}

#[test]
fn each_key_of_every_footer_does_something() {
    let mut idle = Vec::new();
    for (place, mut console) in everywhere() {
        for (width, height) in [(60, 20), (80, 24), (120, 40)] {
            console.happen(What::Resize(width, height));
            console.frame();
            console.pass(400);
            for (names, words) in keys::footer(&console.state) {
                // Of two directions one is enough: at an end the other has nowhere to go.
                if !names.split(' ').any(|name| works(&console.state, name)) {
                    idle.push(format!("{names} {words} after {place} at {width}x{height}"));
                }
            }
        }
    }
    assert!(idle.is_empty(), "{idle:#?}");
}

/// Presses a key on a copy: true when a frame changes or something is asked for, and nothing is refused.
fn works(state: &State, name: &str) -> bool {
    let mut console = Console::still(state.clone());
    console.state.message = None;
    let before = console.screen();
    console.key(name, true);
    let asked = console.asked();
    let said = console.state.message.as_ref().map(ToString::to_string);
    let said = said.unwrap_or_default();
    let refused = [
        "no",
        "Nothing is",
        "There is no",
        "Enter did not",
        "Every cluster knows",
    ];
    let done = !asked.is_empty() || console.screen() != before;
    done && !refused.iter().any(|start| said.starts_with(start))
}

#[test]
fn the_footer_offers_no_fill_where_a_live_run_would_be_refused() {
    let (_, console) = after(
        night::board(),
        "press /
         type emr has no restorable
         press Enter r Enter
         see Fill in: no, clinical needs two people
         unseen Enter fill in
         press Enter
         see no: clinical needs two people
         asks nothing",
    );
    assert!(!matches!(console.state.prompt, Some(Prompt::Fill { .. })));
}
