//! Files that are wrong are refused in one sentence, with the line.

use super::*;

const GOOD: &str = "title = \"t\"\npremise = \"p\"\n[[goal]]\nname = \"g\"\nis = \"recorded\"\n";

fn wrong(text: &str) -> String {
    Scenario::read("mine", "mine.toml", text)
        .unwrap_err()
        .to_string()
}

fn event(body: &str) -> String {
    format!("{GOOD}[[event]]\nat = \"5m\"\n{body}")
}

#[test]
fn every_built_in_scenario_is_read() {
    for (name, _) in BUILT_IN {
        let scenario = Scenario::load(name, None).unwrap();
        assert!(
            !scenario.premise.is_empty() && !scenario.goals.is_empty(),
            "{name}"
        );
        assert!(scenario.length() <= Duration::from_secs(3600), "{name}");
    }
    let mut files: Vec<_> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let known: Vec<_> = BUILT_IN
        .iter()
        .map(|(name, _)| format!("{name}.toml"))
        .collect();
    assert_eq!(files, known);
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    for (text, words) in [
        ("title = ", "mine.toml line 1: this is not TOML: "),
        (
            &format!("colour = \"red\"\n{GOOD}"),
            "mine.toml line 1: unknown key \"colour\" in the scenario; it may hold title,",
        ),
        (
            "title = \"t\"\npremise = \"p\"\n",
            "mine.toml line 1: the scenario has no [[goal]]; add one",
        ),
        (
            &event("do = \"explode\"\n"),
            "mine.toml line 8: do = \"explode\" is not known; choose from break-registry,",
        ),
        (
            &event("do = \"stop-alerts\"\ncluster = \"mars\"\n"),
            "mine.toml line 9: there is no cluster \"mars\" in the simulated estate; choose from sth-prod",
        ),
        (
            &event("do = \"break-store\"\ncluster = \"sth-prod\"\nstore = \"s9\"\n"),
            "mine.toml line 10: sth-prod has no BackupStorageLocation \"s9\" in velero; there is sth-s3",
        ),
        (
            &event(
                "do = \"crash\"\ncluster = \"sth-prod\"\nnamespace = \"ehr\"\nworkload = \"x\"\n",
            ),
            "mine.toml line 11: sth-prod has no Deployment \"x\" in ehr; there is ehr-api",
        ),
        (
            &event("do = \"stop-alerts\"\ncluster = \"sth-prod\"\nnodes = []\n"),
            "mine.toml line 10: unknown key \"nodes\" in [[event]] stop-alerts; it may hold at, do, cluster",
        ),
        (
            &GOOD.replace("[[goal]]", "[[goal]]\nwithin = \"soon\""),
            "mine.toml line 4: unknown key \"within\" in [[goal]] recorded; it may hold name, is",
        ),
        (
            &format!("{GOOD}[[event]]\nat = \"noon\"\n"),
            "mine.toml line 7: at = \"noon\" is no time; write it as 90s, 5m or 1h30m, at most 7d",
        ),
        (
            &format!("{GOOD}[[event]]\ndo = \"stop-alerts\"\n"),
            "mine.toml line 6: [[event]] has no \"at\"; add at = \"5m\"",
        ),
    ] {
        let said = wrong(text);
        assert!(said.starts_with(words), "{said}\nwanted {words}");
        assert!(!said.contains('\n'), "{said}");
    }
}

#[test]
fn a_file_of_the_users_folder_wins() {
    let home = tempfile::tempdir().unwrap();
    let folder = Some(home.path());
    std::fs::write(home.path().join("quiet-night.toml"), GOOD).unwrap();
    assert_eq!(Scenario::load("quiet-night", folder).unwrap().title, "t");
    let unknown = Scenario::load("../quiet-night", folder).unwrap_err();
    assert!(
        unknown
            .to_string()
            .starts_with("there is no scenario \"../quiet-night\"; choose from alert-storm,")
    );
}
