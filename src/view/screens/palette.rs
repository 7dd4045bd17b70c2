//! The palette: what can I do here, with which key, and why not the rest? It stands over the lower panes.

use super::Frame;
use super::Sheet;
use super::prompts;
use super::words;
use crate::keys;
use crate::state::prompt::Line;
use crate::state::rows;
use crate::text;
use crate::view::role::Role;
use crate::view::widgets::pane::Pane;
use crate::view::widgets::row::Row;

/// Lines of the screen below that stay in view.
const STAYS: usize = 5;

/// Puts the palette over the lower panes of a screen.
pub(super) fn over(sheet: &mut Sheet, frame: &Frame<'_>, line: &Line, at: Option<&str>) {
    prompts::unfocus(&mut sheet.panes);
    let mut left = STAYS;
    let mut kept = Vec::new();
    for mut pane in std::mem::take(&mut sheet.panes) {
        let head = usize::from(!pane.title.is_empty()) + pane.heads.len();
        if left < head + 1 {
            break;
        }
        pane.tails.clear();
        pane.counted = false;
        pane.rows.truncate(left - head);
        pane.marked = pane.marked.filter(|mark| *mark < pane.rows.len());
        pane.least = pane.rows.len();
        left -= head + pane.rows.len();
        kept.push(pane);
    }
    sheet.panes = kept;
    sheet.panes.push(pane(frame, line, at));
}

fn pane(frame: &Frame<'_>, line: &Line, at: Option<&str>) -> Pane {
    let target = rows::marked_finding(frame.state).map_or(String::new(), |finding| {
        format!("  for the marked finding on {}", finding.object)
    });
    let typed = Row::line(Role::Key, ":").put(
        3,
        Role::Input,
        words::typed(line, frame.width.saturating_sub(4)),
    );
    let found = keys::palette(frame.state, &line.text);
    let mut pane = Pane::new(format!("COMMAND{target}"))
        .focus(true)
        .head(typed)
        .least(3);
    if found.is_empty() {
        let words = format!("No command matches {}. Backspace.", line.text);
        return pane.rows([Row::new().put(3, Role::Text, words)]);
    }
    for row in &found {
        let role = if row.allowed { Role::Text } else { Role::Off };
        let lines = text::wrap(&row.words, frame.width.saturating_sub(37));
        for (index, words) in lines.into_iter().enumerate() {
            let line = Row::new().put(36, role, words);
            pane = pane.rows([if index == 0 {
                let key = if row.allowed { Role::Key } else { Role::Off };
                line.id(row.name.clone())
                    .name(3, 24, role, row.name.clone())
                    .put(28, key, row.key.clone())
            } else {
                line
            }]);
        }
    }
    pane.list(at).tails([
        Row::line(
            Role::Text,
            "Enter does what is marked; on a \"no\" it does nothing.",
        ),
        Row::new(),
    ])
}
