//! The scenario that `demo` and `sim` play: found, told, and scored in words.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use super::args::Story;
use super::place;
use super::sim;
use crate::config;
use crate::sim::Estate;
use crate::sim::Options;
use crate::sim::scenario::Inject;
use crate::sim::scenario::Scenario;
use crate::sim::scenario::goals::Standing;
use crate::sim::scenario::goals::Verdict;

/// Columns of a line of prose.
const WIDTH: usize = 78;

/// The options of an estate that plays the story with its faults; a scenario in the user's own folder wins.
pub(super) fn options(story: &Story, options: Options) -> anyhow::Result<Options> {
    let options = Options {
        faults: sim::faults(&story.trouble)?,
        ..options
    };
    let Some(name) = &story.scenario else {
        return Ok(options);
    };
    let folder = place::folders().ok();
    let folder = folder.map(|folders| folders.config_dir().join("scenarios"));
    Ok(Options {
        scenario: Some(Scenario::load(name, folder.as_deref())?),
        told: story.at,
        ..options
    })
}

/// The title and premise of the story that an estate plays; empty when it plays none.
pub(super) fn premise(estate: &Estate) -> String {
    let Some(scenario) = estate.scenario() else {
        return String::new();
    };
    let words = scenario.premise.split_whitespace();
    format!(
        "scenario:  {}, {}\n{}\n",
        scenario.name,
        scenario.title,
        prose(words)
    )
}

/// Words in lines that fit.
fn prose<'w>(words: impl Iterator<Item = &'w str>) -> String {
    let mut text = String::new();
    let mut column = 0;
    for word in words {
        if column > 0 && column + 1 + word.len() > WIDTH {
            text.push('\n');
            column = 0;
        } else if column > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += word.len();
    }
    text
}

/// One line for what somebody says during the story.
pub(super) fn inject(inject: &Inject) -> String {
    let (at, from, says) = (length(inject.at), &inject.from, &inject.says);
    format!("{at:>6}  {from}: {says}")
}

/// The score in lines, the log's folder being where crashcart's own records are.
pub(super) fn score(estate: &Estate, log: Option<&Path>) -> String {
    // Without a log nothing was recorded, which is what the score then says.
    let verdicts = estate.score(log).or_else(|_| estate.score(None));
    let Some(scenario) = estate.scenario() else {
        return String::new();
    };
    let mut text = format!(
        "score of {} after {}:\n",
        scenario.name,
        length(estate.elapsed())
    );
    for verdict in verdicts.unwrap_or_default() {
        // Writing into a String cannot fail.
        let _ = writeln!(text, "{}", line(&verdict));
    }
    text
}

fn line(verdict: &Verdict) -> String {
    let Verdict {
        name,
        standing,
        after,
        why,
    } = verdict;
    let when = after.map_or_else(String::new, |after| {
        if after.is_zero() {
            ", it held all the time".to_owned()
        } else {
            format!(", since {}", length(after))
        }
    });
    let why = match standing {
        Standing::Open | Standing::Missed if !why.is_empty() => format!(": {why}"),
        _ => String::new(),
    };
    format!("  {:<7} {name}{when}{why}", standing.word())
}

fn length(length: Duration) -> String {
    config::words(i64::try_from(length.as_secs()).unwrap_or(i64::MAX))
}
