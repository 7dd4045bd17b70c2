//! Real input: the same function restores a lost namespace in the simulated estate and on a real kube-apiserver with a
//! real Velero, and further tests hold the real parts to what the console says of them.
//!
//! The testbed's tests need `testbed/build`; without `CRASHCART_TESTBED_BIN` or `CRASHCART_REAL` they say so in one line
//! and pass. With `CRASHCART_REAL=1` a testbed that does not come up is a failure.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and starts the programs it asks"
)]

mod bed;
mod browser;
mod cluster;
mod confined;
mod console;
mod eks;
mod estate;
mod issuer;
mod keycloak;
mod manners;
mod matrix;
#[path = "../auth/night.rs"]
#[expect(
    dead_code,
    reason = "shared with the tests of sign-in, which use all of it"
)]
mod night;
#[path = "../terminal/pty.rs"]
#[expect(
    dead_code,
    reason = "shared with the tests of the terminal, which use all of it"
)]
mod pty;
mod records;
mod restore;
mod rights;
mod sign_in;
mod simulator;
mod threats;
mod trust;
mod undo;
mod web;

use bed::Bed;
use keycloak::Keycloak;
use simulator::Simulator;

#[test]
fn a_lost_namespace_is_restored_in_the_simulated_estate() {
    let simulator = Simulator::start();
    restore::restore_a_lost_namespace(&simulator);
    restore::restore_lost_objects(&simulator);
    // Again: the copy that the first run made of what was left is newer than the backup, and lacks what is lost.
    restore::restore_lost_objects(&simulator);
    undo::take_a_restore_back(&simulator);
}

/// One testbed for all of it: the parts that change nothing first.
#[test]
fn a_lost_namespace_is_restored_by_the_real_velero() {
    let Some(bed) = Bed::wanted() else { return };
    rights::the_emitted_role_is_not_too_much(&bed);
    confined::a_restore_stays_where_the_policy_keeps_it(&bed);
    rights::roles_are_installed_by_who_may(&bed);
    rights::a_late_refusal_stops_the_rest(&bed);
    matrix::each_role_may_do_its_verbs_and_no_other(&bed);
    trust::the_cluster_says_who_acts(&bed);
    trust::a_changed_uid_turns_changes_off_and_reading_goes_on(&bed);
    trust::a_changed_key_sends_nothing(&bed);
    trust::another_fingerprint_is_accepted_by_its_name(&bed);
    restore::restore_a_lost_namespace(&bed);
    restore::restore_lost_objects(&bed);
    restore::restore_lost_objects(&bed);
    bed.take_the_secrets_from_alice();
    restore::restore_without_the_proof(&bed);
    undo::take_a_restore_back(&bed);
    rights::the_emitted_role_was_enough(&bed);
    rights::who_may_not_install_is_told_what_lacks(&bed);
}

#[tokio::test]
async fn a_cluster_at_aws_is_entered_by_a_role() {
    let Some(moto) = eks::Moto::wanted() else {
        return;
    };
    eks::a_role_is_taken_by_its_token_file(&moto).await;
}

/// One Keycloak for all of it: what ends it for a while comes last.
#[tokio::test]
async fn people_sign_in_at_the_real_keycloak() {
    let Some(keycloak) = Keycloak::wanted() else {
        return;
    };
    manners::each_answers_as_recorded(&keycloak).await;
    sign_in::prepare(&keycloak);
    threats::a_browser_brings_a_code_back(&keycloak).await;
    threats::at_id_08_only_the_second_client_proves_for_a_deed(&keycloak).await;
    threats::at_id_11_a_refresh_token_is_spent_by_its_use(&keycloak).await;
    threats::at_id_13_a_new_key_is_looked_for_once_a_minute(&keycloak, 3).await;
    threats::at_id_14_clocks_a_minute_apart_and_no_more(&keycloak).await;
    threats::at_id_20_another_name_or_algorithm_is_refused(&keycloak).await;
    sign_in::login_says_who_the_cluster_takes_us_for(&keycloak).await;
    sign_in::a_viewer_is_refused_in_words(&keycloak).await;
    sign_in::only_an_id_token_of_the_console_opens_the_cluster(&keycloak).await;
    sign_in::tokens_that_claim_too_much_are_refused(&keycloak).await;
    sign_in::a_sign_out_ends_the_session(&keycloak).await;
    sign_in::at_id_11_two_consoles_that_share_a_token_never_use_it_twice(&keycloak).await;
    let console = sign_in::console_of_alice(&keycloak).await;
    threats::at_id_12_an_outage_ends_nothing_before_its_time(&keycloak).await;
    sign_in::it_goes_on_after_an_outage(console);
    keycloak.stop();
    sign_in::a_start_without_keycloak_is_one_sentence(&keycloak);
}
