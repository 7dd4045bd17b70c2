//! The list is long enough, and each exchange is what it says it is.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::compare::Table;
use crate::play::Answers;
use crate::recording;
use crate::story;
use crate::story::Kind;

/// How many exchanges of each kind there must be.
const LEAST: &[(Kind, usize)] = &[
    (Kind::Write, 50),
    (Kind::Error, 30),
    (Kind::Watch, 25),
    (Kind::Access, 20),
    (Kind::Conflict, 15),
];
/// How many there must be in all, without what is only setup.
const IN_ALL: usize = 150;

/// True when the recorded answer is of the kind the exchange says.
fn is_honest(kind: Kind, ask: &str, answer: &Value) -> bool {
    let status = answer["status"].as_u64().unwrap_or(0);
    let (refused, reads) = (status >= 400, ask.starts_with("GET "));
    let cause = &answer["body"]["details"]["causes"][0]["reason"];
    match kind {
        Kind::Setup => !refused,
        Kind::Read => !refused && reads,
        Kind::Table => reads && answer["body"]["kind"] == "Table",
        Kind::Write => !refused && !reads,
        Kind::Error => refused || answer["body"][0]["type"] == "ERROR",
        Kind::Watch => reads && ask.contains("watch=") && answer["body"].is_array(),
        Kind::Access => ask.starts_with("POST ") && ask.contains("reviews"),
        Kind::Conflict => status == 409 && cause == "FieldManagerConflict",
    }
}

#[test]
fn the_list_is_long_enough_and_each_is_of_its_kind() {
    let stories = story::all();
    let said: Answers = recording(&stories);
    let mut counts: BTreeMap<Kind, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for story in &stories {
        for exchange in &story.exchange {
            *counts.entry(exchange.kind).or_default() += 1;
            let name = format!("{}/{}", story.name, exchange.id);
            let answer = said.get(&name).unwrap_or(&Value::Null);
            if !is_honest(exchange.kind, &exchange.request().ask, answer) {
                wrong.push(format!("{name} is no {:?}", exchange.kind));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let all: usize = counts
        .iter()
        .filter(|(kind, _)| **kind != Kind::Setup)
        .map(|(_, n)| n)
        .sum();
    assert!(all >= IN_ALL, "{all} exchanges: {counts:?}");
    for (kind, least) in LEAST {
        let there = counts.get(kind).copied().unwrap_or(0);
        assert!(
            there >= *least,
            "{there} of {kind:?}, and {least} are wanted"
        );
    }
}

#[test]
fn what_the_simulator_should_still_learn_is_few() {
    let open: Vec<String> = Table::read()
        .difference
        .into_iter()
        .filter(|known| known.open)
        .map(|known| known.exchange)
        .collect();
    assert!(open.len() <= 12, "{open:#?}");
}
