//! Can an alert pipeline be believed, and what does it say?

use jiff::Timestamp;

use super::Alert;
use super::Answer;
use super::Pipeline;
use crate::sources::fact::Watch;
use crate::sources::fact::WatchNews;
use crate::sources::ground::Ground;
use crate::sources::level::Level;
use crate::sources::world::Reach;
use crate::text::age;
use crate::text::clock;

/// A sender's cadence in seconds when its Watchdog does not tell it (Prometheus' own default).
const CADENCE_S: i64 = 60;
/// Seconds after which a poll of 30 s that was not answered is no answer any more.
const POLL_S: i64 = 90;

/// Whether one pipeline can be believed, with its words and since when it is so.
pub(super) struct Judgement {
    pub(super) state: Pipeline,
    pub(super) words: String,
    /// `dead 6m`, for a cell of 7 columns.
    pub(super) figure: String,
    pub(super) since: Option<Timestamp>,
}

/// Judges the pipeline of one cluster.
pub(super) fn pipeline(ground: &Ground<'_>) -> Judgement {
    let health = ground.world.watch(Watch::Alerts);
    let silence = health
        .last_heard
        .map(|heard| ground.now.seconds_since(heard));
    let last = silence.map(|s| ground.heard_at(s));
    let good = last.map_or_else(
        || "never answered".to_owned(),
        |at| format!("last good {}", clock(at, ground.now.wall)),
    );
    let make = |state, words: String, figure: &str| Judgement {
        state,
        words,
        figure: figure.to_owned(),
        since: last,
    };
    match (&health.news, ground.world.reach()) {
        (Some(WatchNews::NotInstalled), _) => {
            make(Pipeline::Absent, "no Alertmanager found".to_owned(), "")
        }
        (Some(WatchNews::Forbidden(why)), _) => {
            make(Pipeline::NoAccess, why.to_string(), "no right")
        }
        (_, Reach::Unreachable(why)) => make(
            Pipeline::Unreachable,
            format!("no: {why}; {good}"),
            "silent",
        ),
        (_, Reach::OtherCa { .. }) => make(
            Pipeline::Unreachable,
            format!("no: other CA key; {good}"),
            "silent",
        ),
        (Some(WatchNews::Failed(why) | WatchNews::Refused(why)), _) => make(
            Pipeline::Unreachable,
            format!("no: {why}; {good}"),
            "no answer",
        ),
        (_, Reach::NotSignedIn) => make(
            Pipeline::Unreachable,
            format!("no: not signed in; {good}"),
            "never",
        ),
        (_, Reach::NotAsked) if !health.synced => {
            make(Pipeline::Unreachable, "not asked".to_owned(), "never")
        }
        _ if !health.synced => make(
            Pipeline::Unreachable,
            "asked, no answer yet".to_owned(),
            "asked",
        ),
        _ if silence.is_none_or(|s| s > POLL_S) || ground.world.is_silent(ground.now) => {
            let words = format!("no: cluster silent {}; {good}", age(silence.unwrap_or(0)));
            make(Pipeline::Unreachable, words, "silent")
        }
        _ => fresh(ground, ground.world.alerts(ground.now).known().copied()),
    }
}

fn fresh(ground: &Ground<'_>, answer: Option<&Answer>) -> Judgement {
    let now = ground.now.wall;
    let watchdog = answer.and_then(Answer::watchdog);
    let Some(updated) = watchdog.and_then(|watchdog| watchdog.updated_at) else {
        return match ground.world.watchdog() {
            Some(last) => Judgement {
                state: Pipeline::Dead,
                words: format!(
                    "no: its Watchdog is gone, last refreshed {}",
                    clock(last, now)
                ),
                figure: dead(now, last),
                since: Some(last),
            },
            None => Judgement {
                state: Pipeline::NotWired,
                words: "no: no Watchdog was seen here; its rule is missing or its sender is dead"
                    .to_owned(),
                figure: "no dog".to_owned(),
                since: None,
            },
        };
    };
    let cadence = watchdog.map_or(CADENCE_S, cadence);
    let (late, limit) = (cadence * 5 / 2, cadence * 4);
    let old = now.as_second() - updated.as_second();
    let ago = age(old);
    let at = clock(updated, now);
    let (state, sentence) = match old {
        old if old > limit => (
            Pipeline::Dead,
            format!(
                "no: Watchdog refreshed {ago} ago, {at}; limit {}",
                limit_words(late)
            ),
        ),
        old if old > late => (
            Pipeline::Stale,
            format!(
                "no: Watchdog refreshed {ago} ago, {at}; limit {}",
                limit_words(late)
            ),
        ),
        _ => (Pipeline::Live, format!("yes: Watchdog refreshed {at}")),
    };
    let figure = match state {
        Pipeline::Dead => dead(now, updated),
        Pipeline::Stale => format!("stale {ago}"),
        _ => String::new(),
    };
    Judgement {
        state,
        words: sentence,
        figure,
        since: Some(updated),
    }
}

fn dead(now: Timestamp, last: Timestamp) -> String {
    format!("dead {}", age(now.as_second() - last.as_second()))
}

/// `2m30`, as limits are written.
pub(super) fn limit_words(seconds: i64) -> String {
    match (seconds / 60, seconds % 60) {
        (0, s) => format!("{s}s"),
        (m, 0) => format!("{m}m"),
        (m, s) => format!("{m}m{s:02}"),
    }
}

/// Seconds between two refreshes: `endsAt - updatedAt` is four of them.
fn cadence(watchdog: &Alert) -> i64 {
    let span = watchdog
        .ends_at
        .zip(watchdog.updated_at)
        .map(|(ends, updated)| ends.as_second() - updated.as_second());
    span.map(|span| span / 4)
        .filter(|cadence| *cadence > 0)
        .unwrap_or(CADENCE_S)
}

/// The level of a severity; `None` for what only informs. One that is not known counts as unknown.
pub(super) fn severity(word: &str) -> Option<Level> {
    match word.to_ascii_lowercase().as_str() {
        "critical" | "page" | "disaster" | "emergency" => Some(Level::Crit),
        "warning" | "warn" | "ticket" => Some(Level::Warn),
        "info" | "none" => None,
        _ => Some(Level::Unknown),
    }
}
