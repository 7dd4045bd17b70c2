//! Who is who: the cluster says who acts, and a cluster that is another one than configured gets nothing.

use std::path::PathBuf;

use crate::bed::Bed;
use crate::console::Console;
use crate::estate::ALICE;
use crate::estate::Estate;
use crate::records;
use crate::records::text;
use crate::restore::row;

/// The server itself takes us for alice, and for nobody more.
pub(crate) fn the_cluster_says_who_acts(bed: &Bed) {
    let said = Console::of(bed).text(&["whoami"]);
    assert!(said.contains(ALICE), "{said}");
    assert!(said.contains("sre-operators"), "{said}");
    assert!(!said.contains("system:masters"), "{said}");
}

/// kube-system has another uid than configured: the board is read as before, and a run is refused before it begins.
pub(crate) fn a_changed_uid_turns_changes_off_and_reading_goes_on(bed: &Bed) {
    let other = "11111111-2222-4333-8444-555555555555";
    let config = changed(bed, "uid", bed.said("kube_system_uid"), other);
    let console = Console::with(bed, &config, "state-uid");
    let board = console.json(&["status", "-o", "json"]);
    assert_eq!(text(row(&board, bed), "/columns/health/level"), "OK");
    assert!(
        console.text(&["status"]).contains("changes are off"),
        "{board:#}"
    );

    let before = records::changes_of_alice(bed.audit_log());
    let (code, said) = console.restore();
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("nothing is sent"), "{said}");
    assert_eq!(records::changes_of_alice(bed.audit_log()), before);
}

/// The CA has another key than configured: not one request reaches the API server.
pub(crate) fn a_changed_key_sends_nothing(bed: &Bed) {
    let key = bed.said("ca_key_sha256");
    let config = changed(bed, "key", key, &"0".repeat(key.len()));
    let console = Console::with(bed, &config, "state-key");
    let before = records::of_alice(bed.audit_log()).len();
    let said = console.text(&["status"]);
    assert!(said.contains("another CA key; nothing is sent"), "{said}");
    let (code, run) = console.restore();
    assert_ne!(code, 0, "{run}");
    assert!(run.contains("so nothing is sent"), "{run}");
    assert_eq!(records::of_alice(bed.audit_log()).len(), before);
}

/// Pinned to another key and another uid: `trust` finds the real ones, and is on record.
pub(crate) fn another_fingerprint_is_accepted_by_its_name(bed: &Bed) {
    let uid = bed.said("kube_system_uid");
    let key = bed.said("ca_key_sha256");
    let other = "11111111-2222-4333-8444-555555555555";
    let config = changed(bed, "both", uid, other);
    let text = std::fs::read_to_string(&config).expect("a configuration");
    std::fs::write(&config, text.replace(key, &"0".repeat(key.len()))).expect("written");
    let cluster = bed.configuration();
    let (_, rest) = cluster
        .split_once("[[cluster]]\nname = \"")
        .expect("a cluster");
    let name = rest.split('"').next().expect("its name");
    let console = Console::with(bed, &config, "state-trust");
    let (code, said) = console.trust(name, "built anew");
    assert_eq!(code, 0, "{said}");
    for part in [uid, key, other] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let now = std::fs::read_to_string(&config).expect("a configuration");
    assert_eq!(now, bed.configuration(), "that value alone was changed");
    assert!(!console.text(&["status"]).contains("changes are off"));
    let log = console.text(&["log", "show", "--kind", "config.trusted"]);
    assert!(
        log.contains("built anew") && !log.contains("typed ahead"),
        "{log}"
    );
}

/// The testbed's configuration with one thing changed.
fn changed(bed: &Bed, name: &str, from: &str, to: &str) -> PathBuf {
    let file = bed.home().join(format!("changed-{name}.toml"));
    let text = bed.configuration();
    assert!(text.contains(from));
    std::fs::write(&file, text.replace(from, to)).expect("a configuration");
    file
}
