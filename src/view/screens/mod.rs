//! One file for each screen: what it shows, as rows under rules. Each ends in one `SCREEN`, listed here.

mod alerts;
mod backups;
mod blank;
mod board;
mod book;
mod browser;
mod drift;
mod fill;
mod finding;
mod help;
mod log;
mod palette;
mod plan;
mod prompts;
mod run;
mod runbooks;
mod runs;
mod secret;
mod session;
mod sign_in;
mod small;
mod stopped;
mod table;
mod words;
mod zone;

use crate::config::ClusterName;
use crate::sources::seen::Freshness;
use crate::state::State;
use crate::state::WHOLE;
use crate::state::nav::Screen;
use crate::state::prompt::Prompt;
use crate::state::rows;
use crate::state::rows::Shown;
use crate::text;
use crate::view::widgets::pane::Pane;
use crate::view::widgets::row::Row;

pub(super) use blank::blank;
pub(super) use small::too_small;

/// What a screen is drawn from.
pub struct Frame<'s> {
    /// What is true.
    pub state: &'s State,
    /// Columns.
    pub width: usize,
    /// Lines between the rule and the footer.
    pub body: usize,
    /// True when no sign outside ASCII may be drawn.
    pub ascii: bool,
}

impl Frame<'_> {
    /// True with room for what 80 columns leave out.
    pub fn wide(&self) -> bool {
        self.width >= 120
    }

    /// True below 80 columns, where whole columns are left out and named.
    fn narrow(&self) -> bool {
        self.width < usize::from(WHOLE.0)
    }

    /// True when the focus is in that pane.
    fn pane(&self, pane: usize) -> bool {
        rows::pane(self.state) == pane
    }
}

/// One screen, before it is laid out.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    /// Header line 2.
    pub second: Row,
    /// Its panes, from the top.
    pub panes: Vec<Pane>,
    /// What this width leaves out, in words.
    pub left_out: Vec<String>,
}

/// A screen and what draws it.
pub struct Entry {
    screen: Screen,
    name: &'static str,
    sheet: fn(&Frame<'_>) -> Sheet,
}

/// Every screen.
const SCREENS: [Entry; 19] = [
    sign_in::SCREEN,
    board::SCREEN,
    zone::SCREEN,
    backups::SCREEN,
    drift::SCREEN,
    alerts::SCREEN,
    finding::SCREEN,
    runbooks::SCREEN,
    book::SCREEN,
    fill::SCREEN,
    plan::SCREEN,
    run::SCREEN,
    runs::SCREEN,
    log::SCREEN,
    session::SCREEN,
    session::cluster::SCREEN,
    secret::SCREEN,
    help::SCREEN,
    stopped::SCREEN,
];

fn entry(screen: Screen) -> &'static Entry {
    const FIRST: &Entry = &SCREENS[0];
    SCREENS
        .iter()
        .find(|entry| entry.screen == screen)
        .unwrap_or(FIRST)
}

/// `5 clusters: 4 live, 1 silent 14m`, for plain lines.
pub(super) fn clusters_words(clusters: &[(ClusterName, Freshness)]) -> String {
    words::clusters(clusters)
}

/// The table of the board, unfolded, for plain lines.
pub(super) fn table_rows(shown: &Shown) -> Vec<Row> {
    let longest = shown
        .board
        .clusters
        .iter()
        .map(|(name, _)| text::width(name.as_str()))
        .max()
        .unwrap_or(0);
    let grid = table::Grid::of(100, longest);
    let mut rows = vec![grid.head()];
    rows.extend(grid.rows(shown, usize::MAX, true));
    rows
}

/// What a screen is called in a sentence: `the Board`.
pub fn name(screen: Screen) -> &'static str {
    entry(screen).name
}

/// The screen in view, with what is typed over its lower panes.
pub fn sheet(frame: &Frame<'_>) -> Sheet {
    let mut sheet = (entry(frame.state.nav.screen).sheet)(frame);
    match &frame.state.prompt {
        Some(Prompt::Palette { line, at }) => palette::over(&mut sheet, frame, line, at.as_deref()),
        Some(Prompt::Filter(line)) => sheet.panes.push(prompts::filter(line)),
        Some(Prompt::Reason { abort, line }) => {
            let last = sheet.panes.len().saturating_sub(1);
            sheet.panes.truncate(last);
            prompts::unfocus(&mut sheet.panes);
            sheet.panes.push(prompts::reason(frame, *abort, line));
        }
        Some(Prompt::Name {
            want,
            line,
            refused,
            ..
        }) => {
            prompts::under_name(
                &mut sheet,
                frame,
                prompts::name(frame, want, line, refused.as_deref()),
            );
        }
        Some(
            Prompt::Fill { .. }
            | Prompt::WhoAnswers { .. }
            | Prompt::Redirect(_)
            | Prompt::SignOut { .. },
        )
        | None => {}
    }
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_screen_stands_once_in_the_list() {
        let screens: BTreeSet<Screen> = SCREENS.iter().map(|entry| entry.screen).collect();
        assert_eq!(screens.len(), SCREENS.len());
    }
}
