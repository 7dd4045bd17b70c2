//! Runbooks: the built-in ones have no problem; each file of `tests/runbooks/bad/` has the one beside it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crashcart::runbook::book::Origin;
use crashcart::runbook::library::BUILT_IN;
use crashcart::runbook::library::Library;
use crashcart::runbook::parse::check;

#[test]
fn every_shipped_runbook_is_built_in_and_has_no_problem() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<String> = fs::read_dir(root.join("runbooks"))
        .unwrap()
        .map(|entry| {
            format!(
                "runbooks/{}",
                entry.unwrap().file_name().into_string().unwrap()
            )
        })
        .collect();
    files.sort();
    let known: Vec<&str> = BUILT_IN.iter().map(|(file, _)| *file).collect();
    assert_eq!(
        files, known,
        "a file in runbooks/ is built in, and the other way round"
    );
    for (file, text) in BUILT_IN {
        let checked = check(file, text, Origin::BuiltIn);
        assert_eq!(checked.problems, [], "{file}");
        assert!(checked.book.is_some_and(|book| book.trusted()));
    }
    assert_eq!(Library::built_in().books().len(), BUILT_IN.len());
}

#[test]
fn each_bad_runbook_fails_with_the_expected_words() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/runbooks/bad");
    let mut wrong = Vec::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|end| end != "md") {
            continue;
        }
        let file = path.file_name().unwrap().to_str().unwrap().to_owned();
        let found = check(&file, &fs::read_to_string(&path).unwrap(), Origin::BuiltIn);
        let found: Vec<String> = found.problems.iter().map(ToString::to_string).collect();
        let expected = fs::read_to_string(path.with_extension("txt")).unwrap();
        if found.join("\n") != expected.trim_end() {
            wrong.push(format!(
                "{file}:\nexpected\n{}\nfound\n{}\n",
                expected.trim_end(),
                found.join("\n")
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every rule of the linter has a bad file, so that a rule that never fires is seen.
#[test]
fn every_rule_has_a_bad_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut rules = BTreeSet::new();
    for file in ["lint.rs", "parse.rs", "yaml.rs"] {
        let text = fs::read_to_string(root.join("src/runbook").join(file)).unwrap();
        let parts = ["front", "book", "step", "yaml", "param", "value", "prose"];
        let named = |rule: &str| {
            rule.len() > 2
                && rule
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        };
        let quoted = text.split('"').filter(|part| {
            part.split_once('.')
                .is_some_and(|(part, rule)| parts.contains(&part) && named(rule))
        });
        rules.extend(quoted.map(str::to_owned));
    }
    assert!(rules.len() > 25, "{rules:?}");
    let mut seen = BTreeSet::new();
    for entry in fs::read_dir(root.join("tests/runbooks/bad")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "txt") {
            let text = fs::read_to_string(path).unwrap();
            seen.extend(
                text.lines()
                    .filter_map(|line| line.rsplit_once('['))
                    .map(|(_, rule)| rule.trim_end_matches(']').to_owned()),
            );
        }
    }
    assert_eq!(
        rules.difference(&seen).collect::<Vec<_>>(),
        Vec::<&String>::new()
    );
}
