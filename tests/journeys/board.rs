//! The board: the mark, the runbooks that treat what is marked, and the parameters from it.

use std::sync::Arc;

use crashcart::config::PolicyMember;
use crashcart::config::PolicyZone;

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
fn with_the_mark_on_a_cluster_why_and_r_are_about_what_is_found_there() {
    let mut console = Console::new(night::board());
    console.play(
        "press Tab j j j
         see >ADMINISTRATIVE
         see Why: api cannot be made
         press j r
         see LIBRARY  what treats billing/billing-api
         press q j
         see >RESEARCH
         unseen Why:
         asks nothing",
    );
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
         see no: not live, see below
         see no: clinical needs two people
         press Enter Enter
         type INC-1
         press Enter
         type lost
         press Enter
         see Something is missing or will not do
         see clinical needs two people
         asks nothing",
    );
}

#[test]
fn r_on_the_other_screens_offers_what_treats_the_marked_row() {
    let mut console = Console::new(night::board());
    console.play(
        "press 3
         marked emr
         press r
         see what treats emr has no restorable backup
         marked restore-namespace
         see call EHR on-call
         press q j r
         see Nothing is found against what is marked.
         press Tab
         marked eu-dr
         press r
         see what treats store eu-dr is Unavailable
         see No runbook treats this.
         press 2 r
         see what treats ehr/ehr-api
         see No runbook treats this.
         press 2 l r
         see what treats billing/billing-api
         see CRIT sth-prod
         see yes on sth-prod/billing
         press Enter Enter
         see taken from the finding on sth-prod billing/billing-api
         press Esc 4
         marked backups
         press r
         see what treats Kustomization backups is suspended
         press 5
         press r
         see what treats KubePodImagePull
         asks nothing",
    );
}

#[test]
fn what_z_unfolds_on_one_screen_stays_folded_on_another() {
    let mut console = Console::new(night::board());
    console.play("press 2 r z\nsee restore-namespace\npress 2\nsee more\npress z\nunseen more");
}

#[test]
fn going_back_from_the_plan_leads_to_the_run_by_q_and_by_esc() {
    for key in ["q", "Esc"] {
        let mut console = Console::new(night::plan());
        console.play(&format!("see Plan \npress {key}\nsee 1 done     may-i"));
        console.play("press p\nsee REQUEST OF STEP");
    }
}

#[test]
fn runs_open_on_the_pane_that_holds_some_and_the_answer_of_a_check_takes_its_message_away() {
    let mut state = night::restore();
    state.runs[0].status = crashcart::runbook::run::RunStatus::Completed;
    let mut console = Console::new(state);
    console.play("press 8\nmarked restore-namespace\npress Enter\nsee COMPLETED");
    console.play("press 9 v\nsee Verifying every entry\nasks VerifyLog");
    let sentences = vec![(crashcart::sources::level::Level::Ok, "whole: 9 of 9".into())];
    console.happen(crashcart::state::event::What::Verified(sentences));
    console.play("unseen Verifying\nsee whole: 9 of 9");
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

#[test]
fn a_zone_says_how_many_people_its_strictest_namespace_needs() {
    let mut console = Console::new(night::board());

    let uid = console
        .state
        .config
        .clusters
        .iter()
        .find(|cluster| cluster.name.as_str() == "sth-prod")
        .and_then(|cluster| cluster.fingerprint.clone()?.uid)
        .expect("a pinned uid");
    let mut config = (*console.state.config).clone();
    config.policy.zones.push(PolicyZone {
        name: "strict".into(),
        people: 3,
        members: vec![PolicyMember {
            cluster_uid: uid.parse().expect("a uid"),
            namespaces: vec!["billing".to_owned()],
        }],
    });
    console.state.nav.zone = Some("administrative".into());
    console.play("press 2\nsee Zone administrative\nsee 1 person");
    console.state.config = Arc::new(config);
    console.play("press 1 2\nsee Zone administrative\nsee 3 people\npress 7\nsee no in");
}
