//! Words that several screens share.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::config::ClusterName;
use crate::sources::board::Board;
use crate::sources::finding::Finding;
use crate::sources::level::Level;
use crate::sources::seen::Freshness;
use crate::state::State;
use crate::state::prompt::Line;
use crate::state::rows;
use crate::text;
use crate::view::role::Role;
use crate::view::widgets::pane::rule_sign;
use crate::view::widgets::row::Row;
use crate::view::widgets::row::level_role;

/// `5 clusters: 4 live, 1 silent 14m`; the age only where one alone is not live.
pub(super) fn clusters(clusters: &[(ClusterName, Freshness)]) -> String {
    let of = |class: fn(&Freshness) -> Option<i64>| {
        clusters
            .iter()
            .filter_map(|(_, f)| class(f))
            .collect::<Vec<_>>()
    };
    let live = of(|f| matches!(f, Freshness::Live).then_some(0)).len();
    let mut words = format!("{}: {live} live", plural(clusters.len(), "cluster"));
    for (name, ages) in [
        (
            "late",
            of(|f| {
                if let Freshness::Late(s) = f {
                    Some(*s)
                } else {
                    None
                }
            }),
        ),
        (
            "silent",
            of(|f| {
                if let Freshness::Silent(s) = f {
                    Some(*s)
                } else {
                    None
                }
            }),
        ),
    ] {
        match ages.as_slice() {
            [] => {}
            [one] => words = format!("{words}, 1 {name} {}", text::age(*one)),
            many => words = format!("{words}, {} {name}", many.len()),
        }
    }
    let never = of(|f| matches!(f, Freshness::Never).then_some(0)).len();
    if never > 0 {
        words = format!("{words}, {never} never heard");
    }
    words
}

/// `1 cluster`, `5 clusters`.
pub(super) fn plural(count: usize, noun: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{} {noun}{s}", text::count(count as u64))
}

/// The SEEN column: `live`, or for how long it is not; `?` when never.
pub(super) fn seen(freshness: Freshness) -> (Role, String) {
    match freshness {
        Freshness::Live => (Role::Text, "live".to_owned()),
        Freshness::Late(s) => (Role::Late, text::age(s)),
        Freshness::Silent(s) => (Role::Stale, text::age(s)),
        Freshness::Never => (Role::Unknown, "?".to_owned()),
    }
}

/// How many findings there are of each level that counts, as pieces from the right edge.
pub(super) fn counts(row: Row, board: &Board, columns: usize) -> Row {
    let parts = [
        (Level::Crit, "CRIT"),
        (Level::Unknown, "unknown"),
        (Level::Warn, "WARN"),
    ]
    .map(|(level, word)| (level, format!("{} {word}", board.count(level))));
    let length: usize = parts
        .iter()
        .map(|(_, words)| text::width(words))
        .sum::<usize>()
        + 4;
    let mut at = columns.saturating_sub(length + 1);
    let mut row = row;
    for (level, words) in parts {
        let length = text::width(&words);
        row = row.put(at, level_role(level), words);
        at += length + 2;
    }
    row
}

/// A time in a column: a clock time, or an age when times are swapped.
pub(super) fn since(state: &State, at: Timestamp) -> String {
    let now = state.judged_at.wall;
    if state.nav.times_swapped {
        text::age(now.duration_since(at).as_secs())
    } else {
        text::column_clock(at, now)
    }
}

/// A time to the second, or its age when times are swapped.
pub(super) fn second(state: &State, at: Timestamp) -> String {
    let now = state.judged_at.wall;
    if state.nav.times_swapped {
        text::age(now.duration_since(at).as_secs())
    } else {
        text::clock_seconds(at, now)
    }
}

/// A clock time that always carries its day: `08-15 04:16Z`.
pub(super) fn day_clock(at: Timestamp) -> String {
    let t = at.to_zoned(TimeZone::UTC);
    format!(
        "{:02}-{:02} {:02}:{:02}Z",
        t.month(),
        t.day(),
        t.hour(),
        t.minute()
    )
}

/// ` Why: ` and its facts in at most `lines` lines of so many columns.
pub(super) fn why<'w>(
    facts: impl IntoIterator<Item = &'w str>,
    columns: usize,
    lines: usize,
) -> Vec<Row> {
    let room = columns.saturating_sub(6);
    let mut wrapped: Vec<String> = facts
        .into_iter()
        .flat_map(|fact| text::wrap(fact, room))
        .collect();
    let cut = wrapped.len() > lines;
    wrapped.truncate(lines);
    if let Some(last) = wrapped.last_mut().filter(|_| cut) {
        *last = text::cut_end(&format!("{last} ~~"), room.min(text::width(last) + 1));
    }
    let row = |(index, line): (usize, String)| {
        let label = if index == 0 { "Why:" } else { "" };
        Row::line(Role::Dim, label).put(6, Role::Text, line)
    };
    wrapped.into_iter().enumerate().map(row).collect()
}

/// As [`treatment`]; where no runbook treats it, who owns it is not cut.
pub(super) fn treatments(state: &State, finding: &Finding, wide: bool, width: usize) -> Vec<Row> {
    let mut books = state.library.books().iter();
    if books.any(|book| rows::treats(book, finding)) {
        return vec![treatment(state, finding, wide)];
    }
    let lines = text::wrap(&untreated(finding), width.saturating_sub(7));
    let row = |(index, line)| {
        let label = if index == 0 { "Do:" } else { "" };
        Row::line(Role::Dim, label).put(6, Role::Text, line)
    };
    lines.into_iter().enumerate().map(row).collect()
}

/// What stands where no runbook does: who owns it.
fn untreated(finding: &Finding) -> String {
    match finding.owner.as_str() {
        "" => "no runbook treats this".to_owned(),
        owner => format!("no runbook treats this; its owner is {owner}"),
    }
}

/// ` Do:  ` and the runbooks that treat a finding.
pub(super) fn treatment(state: &State, finding: &Finding, wide: bool) -> Row {
    let books: Vec<_> = state
        .library
        .books()
        .iter()
        .filter(|book| rows::treats(book, finding))
        .collect();
    let row = Row::line(Role::Dim, "Do:");
    if books.is_empty() {
        return row.put(6, Role::Text, untreated(finding));
    }
    let mut row = row;
    for (index, book) in books.into_iter().enumerate() {
        row = if index == 0 {
            row.put(6, Role::Key, book.id.clone())
        } else {
            row.then(if wide { 5 } else { 3 }, Role::Key, book.id.clone())
        };
        if wide {
            row = row.then(
                2,
                Role::Dim,
                if book.trusted() {
                    "signed"
                } else {
                    "not signed"
                },
            );
        }
    }
    row
}

/// A typed line with its cursor, in at most `room` columns: the end of a longer one.
pub(super) fn typed(line: &Line, room: usize) -> String {
    let mut text: String = line.text.chars().take(line.cursor).collect();
    text.push('_');
    text.extend(line.text.chars().skip(line.cursor));
    let mut characters: Vec<char> = text.chars().collect();
    while text::width(&characters.iter().collect::<String>()) > room && !characters.is_empty() {
        characters.remove(0);
    }
    characters.into_iter().collect()
}

/// A rule inside a text, as a row; the first of a text may say that keys go there.
pub(super) fn rule(title: &str, columns: usize, ascii: bool, focus: bool) -> Row {
    let sign = rule_sign(ascii, focus);
    let role = if focus { Role::Focus } else { Role::Border };
    let head = format!("{sign}{sign} {title} ");
    let fill = columns.saturating_sub(text::width(&head));
    Row::new().put(0, role, format!("{head}{}", sign.repeat(fill)))
}

/// Bytes broken only by the edge, never cut: rows of at most so many columns, from column `at`.
pub(super) fn wire(body: &str, at: usize, columns: usize) -> Vec<Row> {
    let room = columns.saturating_sub(at + 1).max(1);
    let mut lines = vec![String::new()];
    let mut used = 0;
    for character in body.chars() {
        let wide = text::width(&character.to_string());
        if used + wide > room {
            lines.push(String::new());
            used = 0;
        }
        used += wide;
        if let Some(line) = lines.last_mut() {
            line.push(character);
        }
    }
    lines
        .into_iter()
        .filter(|line| !line.is_empty())
        .map(|line| Row::new().put(at, Role::Wire, line))
        .collect()
}

/// Hex in groups of four: `a323 10d4`.
pub(super) fn groups(hex: &str) -> String {
    let letters: Vec<char> = hex.chars().collect();
    letters
        .chunks(4)
        .map(|group| group.iter().collect::<String>())
        .collect::<Vec<_>>()
        .join(" ")
}
