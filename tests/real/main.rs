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
mod cluster;
mod console;
mod estate;
#[path = "../terminal/pty.rs"]
#[expect(
    dead_code,
    reason = "shared with the tests of the terminal, which use all of it"
)]
mod pty;
mod records;
mod restore;
mod rights;
mod simulator;
mod trust;
mod undo;

use bed::Bed;
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
}
