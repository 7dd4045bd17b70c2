//! A scenario file, read and checked against the estate it plays on.

use toml::Spanned;
use toml::de::DeTable;

use crate::sim::seed::Base;

use super::act;
use super::goals;
use super::model::Model;
use super::read::{Keys, Origin};
use super::{Event, First, Inject, Scenario, ScenarioError};

/// The keys of the file's first level.
const KEYS: &[&str] = &[
    "title", "premise", "base", "opens", "rows", "first", "event", "inject", "goal",
];
/// The most rows a board may promise to need.
const MOST_ROWS: u32 = 99;

/// Reads a whole file.
pub(super) fn scenario(name: &str, origin: Origin<'_>) -> Result<Scenario, ScenarioError> {
    let table = DeTable::parse(origin.text).map(Spanned::into_inner);
    let table = table.map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        origin.error(at, format!("this is not TOML: {}", error.message()))
    })?;
    let keys = Keys::new(origin, "the scenario", 0, &table);
    keys.only(KEYS)?;
    let base = match keys.text("base")? {
        None => Base::Quiet,
        Some(found) => match found.value {
            "quiet" => Base::Quiet,
            "night" => Base::Night,
            other => {
                let sentence = format!("base = {other:?} is not known; write quiet or night");
                return Err(origin.error(found.at, sentence));
            }
        },
    };
    let model = Model::new(base)?;
    let mut events = Vec::new();
    for table in keys.tables("event")? {
        events.push(Event {
            at: table.need_time("at")?,
            act: act::read(&table, &model)?,
        });
    }
    events.sort_by_key(|event| event.at);
    let mut goals = Vec::new();
    for table in keys.tables("goal")? {
        goals.push(goals::read(&table, &model)?);
    }
    if goals.is_empty() {
        return Err(keys.error("the scenario has no [[goal]]; add one, so that it can be scored"));
    }
    let rows = keys.number("rows", (0, MOST_ROWS))?.unwrap_or(MOST_ROWS);
    Ok(Scenario {
        name: name.to_owned(),
        title: keys
            .need("title", "\"A store locks us out\"")?
            .value
            .to_owned(),
        premise: keys
            .need("premise", "\"It is 03:10.\"")?
            .value
            .trim()
            .to_owned(),
        base,
        opens: keys.time("opens")?.unwrap_or_default(),
        first: keys
            .table("first")?
            .map(|table| first(&table, &model))
            .transpose()?,
        rows: usize::try_from(rows).unwrap_or_default(),
        injects: injects(&keys)?,
        goals,
        events,
    })
}

fn first(table: &Keys<'_>, model: &Model) -> Result<First, ScenarioError> {
    table.only(&["kind", "cluster", "says"])?;
    let cluster = table.text("cluster")?;
    if let Some(found) = cluster {
        act::known_cluster(table, found, model)?;
    }
    Ok(First {
        kind: table
            .need("kind", "\"store.unavailable\"")?
            .value
            .to_owned(),
        cluster: cluster.map_or("", |found| found.value).to_owned(),
        says: table.or("says", "")?,
    })
}

fn injects(keys: &Keys<'_>) -> Result<Vec<Inject>, ScenarioError> {
    let one = |table: Keys<'_>| {
        table.only(&["at", "from", "says"])?;
        Ok(Inject {
            at: table.need_time("at")?,
            from: table
                .need("from", "\"the storage team, by phone\"")?
                .value
                .to_owned(),
            says: table
                .need("says", "\"We changed a policy at nine.\"")?
                .value
                .to_owned(),
        })
    };
    let mut all: Vec<Inject> = keys
        .tables("inject")?
        .into_iter()
        .map(one)
        .collect::<Result<_, ScenarioError>>()?;
    all.sort_by_key(|inject| inject.at);
    Ok(all)
}
