//! From a namespace that is gone to a namespace that is back, and the proof of it.

use serde_json::Value;

use crate::cluster::Cluster;
use crate::console::Console;
use crate::estate::Estate;
use crate::records;
use crate::records::Changes;
use crate::records::text;

/// Loses the namespace, finds that on the board, restores it by the runbook, and compares what everybody wrote down.
pub(crate) fn restore_a_lost_namespace(estate: &dyn Estate) {
    let (cluster, console) = (Cluster::of(estate), Console::of(estate));
    let before = cluster.objects();
    let board = console.json(&["status", "-o", "json"]);
    let row = row(&board, estate);
    let health = text(row, "/columns/health/headline");
    let pods = cluster.pods_of_zone(estate.zone()).to_string();
    assert_eq!(health.rsplit(' ').next(), Some(pods.as_str()), "{row:#}");
    assert_eq!(text(row, "/columns/backup/level"), "OK", "{row:#}");
    assert_eq!(gone(&board, estate), None);

    cluster.lose_the_namespace();
    let board = console.json(&["status", "-o", "json"]);
    let finding = gone(&board, estate).expect("the board says that the namespace is gone");
    assert_eq!(finding["level"], "CRIT", "{finding:#}");
    assert_eq!(finding["zone"], estate.zone(), "{finding:#}");
    let runbooks = finding["runbooks"].as_array().expect("runbooks");
    assert!(
        runbooks.contains(&"restore-namespace".into()),
        "{finding:#}"
    );

    let (code, said) = console.restore();
    assert_eq!(code, 0, "the run ends well:\n{said}");
    // The run itself has seen every object, Secrets like the others.
    assert!(before.keys().any(|object| object.starts_with("Secret ")));
    assert!(said.contains("objects are there, new; every Deployment is available"));
    assert!(!said.contains("not looked at"), "{said}");

    let after = cluster.objects();
    for (object, uid) in &before {
        let new = after.get(object);
        assert!(new.is_some(), "{object} is not back:\n{said}");
        assert_ne!(new, Some(uid), "{object} was never lost");
    }
    assert_eq!(cluster.unavailable(), Vec::<String>::new());
    let board = console.json(&["status", "-o", "json"]);
    assert_eq!(gone(&board, estate), None, "the finding is gone");

    proved(estate, &console);
}

/// Loses some objects of a living namespace: these come back, what is still there is left as it is, and a copy of that
/// was made first.
pub(crate) fn restore_lost_objects(estate: &dyn Estate) {
    let (cluster, console) = (Cluster::of(estate), Console::of(estate));
    let before = cluster.objects();
    let lost = cluster.lose_the_config_maps();
    assert!(lost.len() > 1, "{lost:?}");

    let (code, said) = console.restore();
    assert_eq!(code, 0, "the run ends well:\n{said}");

    let after = cluster.objects();
    for (object, uid) in &before {
        let now = after.get(object);
        assert!(now.is_some(), "{object} is not back:\n{said}");
        assert_eq!(now != Some(uid), lost.contains(object), "{object}");
    }
    let ours = proved(estate, &console);
    assert!(
        ours.values().any(|change| change.1 == "backups"),
        "{ours:?}"
    );
}

/// Loses the namespace again, and alice may not list Secrets: the run is at no point called done, asks her, and ends with
/// a check skipped.
pub(crate) fn restore_without_the_proof(estate: &dyn Estate) {
    let (cluster, console) = (Cluster::of(estate), Console::of(estate));
    cluster.lose_the_namespace();
    let (code, said) = console.walk("s carol looks at the Secrets");
    assert_eq!(code, 3, "a check was skipped:\n{said}");
    // The lines are as wide as the terminal, so that no sentence is broken.
    for words in [
        "not looked at, because listing secrets is not yours: Secret ",
        "ended, a check was skipped: not proved",
    ] {
        assert!(said.contains(words), "{words}:\n{said}");
    }
    let log = console.text(&["log", "show"]);
    assert!(
        log.contains("run ended") && log.contains("not proved"),
        "{log}"
    );
    proved(estate, &console);
}

/// The log is whole, and the API server wrote down the same changes under the same Audit-IDs, one to one.
pub(crate) fn proved(estate: &dyn Estate, console: &Console<'_>) -> Changes {
    let verify = console.ask(&["log", "verify"]);
    let words = String::from_utf8_lossy(&verify.stdout).into_owned();
    assert_eq!(verify.status.code(), Some(0), "{words}");

    let ours = records::changes_in_log(&console.json(&["log", "show", "-o", "json"]));
    let theirs = records::changes_of_alice(estate.audit_log());
    assert_eq!(records::ids(&ours), records::ids(&theirs));
    assert!(
        ours.values().any(|change| change.1 == "restores"),
        "{ours:?}"
    );
    for (id, (verb, resource, name)) in &ours {
        let (their_verb, their_resource, their_name) = &theirs[id];
        assert_eq!((verb, resource), (their_verb, their_resource), "{id}");
        // An API server names what is created only where the address does.
        assert!(their_name.is_empty() || their_name == name, "{id}");
    }
    ours
}

/// The row of the estate's cluster in the estate's zone.
pub(crate) fn row<'a>(board: &'a Value, estate: &dyn Estate) -> &'a Value {
    let named = |list: &'a Value, name: &str| -> Option<&'a Value> {
        list.as_array()?.iter().find(|one| one["name"] == name)
    };
    named(&board["zones"], estate.zone())
        .and_then(|zone| named(&zone["clusters"], estate.cluster()))
        .unwrap_or_else(|| panic!("no such row: {board:#}"))
}

/// The finding that the namespace is gone.
fn gone<'a>(board: &'a Value, estate: &dyn Estate) -> Option<&'a Value> {
    let id = format!(
        "zone.namespace-missing/{}/{}",
        estate.cluster(),
        estate.namespace()
    );
    let findings = board["findings"].as_array().expect("findings");
    findings.iter().find(|finding| finding["id"] == id.as_str())
}
