//! The board: the mark, the runbooks that treat what is marked, and the parameters from it.

use crate::night;
use crate::play::Console;

#[test]
fn the_mark_keeps_its_finding_when_findings_are_sorted_anew() {
    let mut console = Console::new(night::board());
    console.play("press j j j");
    let mark = console.state.nav.mark().expect("a mark").to_owned();
    let words = console
        .state
        .board
        .findings
        .iter()
        .find(|one| one.id() == mark);
    let words = words.expect("the finding").sentence.to_string();
    let begin: String = words.chars().take(20).collect();
    console.play(&format!("marked {begin}"));
    console.state.board.findings.reverse();
    console.play(&format!(
        "marked {begin}\npress k j\nmarked {begin}\nasks nothing"
    ));
}

#[test]
fn r_opens_the_runbooks_that_treat_the_finding_and_enter_fills_in_from_it() {
    let mut console = Console::new(night::board());
    console.play("press /\ntype billing-forms\npress Enter\nsee billing-forms\npress r");
    console.play(
        "see restore-namespace
         press Enter
         see RESTORE A NAMESPACE FROM A BACKUP
         press Enter
         see from the finding
         see sth-prod
         see billing
         see missing: like INC-4411
         asks nothing",
    );
}

#[test]
fn parameters_that_are_missing_are_named_and_nothing_is_opened() {
    let mut console = Console::new(night::board());
    console.play(
        "press 7 Enter Enter
         press Tab Tab Tab Tab
         press Enter
         see Something is missing
         asks nothing
         press Esc
         asks nothing",
    );
}

#[test]
fn a_zone_that_needs_two_people_is_refused_before_anything_is_opened() {
    let mut console = Console::new(night::board());
    console.play(
        "press 7 Enter Enter
         type aws-prod
         press Enter
         type emr
         press Enter Enter
         type INC-1
         press Enter
         type lost
         press Enter
         see clinical needs two people
         asks nothing",
    );
}

#[test]
fn every_screen_of_a_simulated_estate_says_demo() {
    let mut console = Console::new(night::board());
    for key in ["1", "2", "3", "4", "5", "7", "8", "9", "0", "?"] {
        console.play(&format!("press {key}\nsee DEMO"));
    }
    let mut console = Console::new(night::plan());
    console.play("see DEMO");
}

#[test]
fn a_paste_where_no_field_is_open_is_refused_and_q_on_the_board_leaves() {
    let mut console = Console::new(night::board());
    console.play(
        "paste q
         see Paste ignored, 1 characters: no field is open.
         asks nothing
         press q
         asks SaveLastKnown Quit",
    );
}
