//! One finding whole: the sentence, why, what it is about, who owns it and what to do.

use super::Entry;
use super::Frame;
use super::Sheet;
use super::words;
use crate::sources::finding::Finding;
use crate::sources::finding::Since;
use crate::state::nav::Screen;
use crate::state::rows;
use crate::text;
use crate::view::role::Role;
use crate::view::widgets::pane::Pane;
use crate::view::widgets::row::Row;

pub(super) const SCREEN: Entry = Entry {
    screen: Screen::Finding,
    name: "a Finding",
    sheet,
};

fn sheet(frame: &Frame<'_>) -> Sheet {
    let Some(finding) = rows::marked_finding(frame.state) else {
        let words = "This finding is gone: what it said is no longer so. q goes back.";
        let pane = Pane::default().rows([Row::line(Role::Text, words)]);
        return Sheet {
            second: Row::line(Role::Text, "Finding  gone"),
            panes: vec![pane],
            left_out: Vec::new(),
        };
    };
    let place = match &finding.zone {
        Some(zone) => format!("{zone}/{}", finding.cluster),
        None => finding.cluster.to_string(),
    };
    let since = text::clock(finding.since.at(), frame.state.judged_at.wall);
    let second = Row::line(Role::Text, format!("Finding {place}  {}", finding.object)).right(
        1,
        Role::Dim,
        format!("since {since}"),
    );
    let panes = vec![sentence(frame, &finding), about(frame, &finding, &since)];
    Sheet {
        second,
        panes,
        left_out: Vec::new(),
    }
}

/// The sentence, its causes and what treats it, never cut.
fn sentence(frame: &Frame<'_>, finding: &Finding) -> Pane {
    let mut rows: Vec<Row> = Vec::new();
    for (index, line) in text::wrap(finding.sentence.as_str(), frame.width.saturating_sub(7))
        .into_iter()
        .enumerate()
    {
        let row = Row::new().put(6, Role::Title, line);
        rows.push(if index == 0 {
            row.level(1, finding.level)
        } else {
            row
        });
    }
    let facts = finding.why.iter().map(crate::text::SafeText::as_str);
    rows.extend(words::why(facts, frame.width, usize::MAX));
    rows.extend(words::treatments(
        frame.state,
        finding,
        frame.wide(),
        frame.width,
    ));
    Pane::default()
        .rows(rows)
        .text(frame.state.nav.scrolled())
        .least(6)
}

fn about(frame: &Frame<'_>, finding: &Finding, since: &str) -> Pane {
    let object = match finding.object.kind.as_str() {
        "" => format!("cluster {}", finding.cluster),
        kind => format!("{kind} {} on {}", finding.object, finding.cluster),
    };
    let owner = if finding.owner.is_empty() {
        "nobody is named in the configuration"
    } else {
        finding.owner.as_str()
    };
    let since = match finding.since {
        Since::Object(_) => format!("{since}, as the object says"),
        Since::Seen(_) => format!("{since}, seen since then by this console"),
    };
    let mut facts = vec![("object", object)];
    if !finding.object.uid.is_empty() {
        facts.push(("uid", finding.object.uid.to_string()));
    }
    facts.push(("since", since));
    facts.push(("owner", owner.to_owned()));
    facts.push(("kind", finding.kind.0.to_owned()));
    let rows = facts.into_iter().flat_map(|(label, words)| {
        let lines = text::wrap(&words, frame.width.saturating_sub(13));
        lines.into_iter().enumerate().map(move |(index, line)| {
            Row::new()
                .put(3, Role::Dim, if index == 0 { label } else { "" })
                .put(12, Role::Text, line)
        })
    });
    Pane::new("ABOUT").focus(true).rows(rows).least(1)
}
