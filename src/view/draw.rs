//! Draws the state: header, rule, body, footer. Pure: the same state and size give the same frame.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::lines;
use super::role::Role;
use super::screens;
use super::screens::Frame;
use super::screens::Sheet;
use super::theme::Theme;
use super::widgets::footer;
use super::widgets::header;
use super::widgets::pane::Pane;
use super::widgets::pane::rule_sign;
use super::widgets::row::Row;
use super::widgets::stack;
use crate::keys;
use crate::state::State;
use crate::state::WHOLE;
use crate::state::nav::Screen;
use crate::text;

/// The smallest window that shows a screen at all.
const LEAST: (u16, u16) = (60, 20);
/// A sentence that says what to do is not cut: a message takes up to so many of the last lines.
const MESSAGE: usize = 4;

/// What a frame shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drawn {
    /// True when the pane that has the focus is on screen whole: only then a key may send what it shows.
    pub whole: bool,
    /// How far a text that is read can be scrolled, in lines; 0 when all of it shows.
    pub text_end: usize,
}

/// Draws the screen in view into `area`, the whole of a buffer of any size.
///
/// Says what of it the frame shows.
pub fn draw(state: &State, theme: &Theme, area: Rect, buffer: &mut Buffer) -> Drawn {
    let area = area.intersection(buffer.area);
    buffer.set_style(area, theme.style(Role::Text));
    if area.width == 0 || area.height == 0 {
        return Drawn::default();
    }
    if let Some(words) = screens::blank(state) {
        paint_all(&[Row::line(Role::Text, words)], buffer, theme);
        return Drawn::default();
    }
    if area.width < LEAST.0 || area.height < LEAST.1 {
        paint_all(
            &screens::too_small(state, area.width, area.height),
            buffer,
            theme,
        );
        return Drawn::default();
    }
    let small = area.width < WHOLE.0 || area.height < WHOLE.1;
    let frame = Frame {
        state,
        width: usize::from(area.width),
        body: usize::from(area.height) - 4,
        ascii: theme.ascii,
    };
    let mut sheet = screens::sheet(&frame);
    header::first(state, frame.width).paint(buffer, theme, 0, false);
    header::alarm(state)
        .unwrap_or_else(|| std::mem::take(&mut sheet.second))
        .paint(buffer, theme, 1, false);
    rule(&frame, buffer, theme);
    let mut room = frame.body;
    let mut last: Vec<Row> = Vec::new();
    if small {
        last.extend(one_pane(&mut sheet, &frame, area.height));
    }
    if let Some(message) = &state.message {
        let lines = text::wrap(message.as_str(), frame.width.saturating_sub(2));
        let lines = lines.into_iter().take(MESSAGE);
        last = lines.map(|line| Row::line(Role::Message, line)).collect();
    }
    room -= last.len();
    let drawn = body(&sheet.panes, buffer, theme, room);
    let first = area.height - 1 - u16::try_from(last.len()).unwrap_or(1);
    for (y, row) in (first..).zip(&last) {
        row.paint(buffer, theme, y, false);
    }
    let mut keys = keys::footer(state);
    if theme.ascii && state.nav.screen == Screen::SignIn {
        // In ASCII there is no picture whose black and white could be swapped.
        keys.retain(|(key, _)| key != "b");
    }
    footer::footer(&keys, frame.width).paint(buffer, theme, area.height - 1, false);
    Drawn {
        whole: drawn.whole && !small,
        ..drawn
    }
}

/// Draws the rule below the header; at its end, on every screen, that no policy holds but the person's own.
fn rule(frame: &Frame<'_>, buffer: &mut Buffer, theme: &Theme) {
    let line = rule_sign(theme.ascii, false).repeat(frame.width);
    buffer.set_stringn(0, 2, line, frame.width, theme.style(Role::Border));
    if let Some(words) = lines::own_policy(&frame.state.config.policy) {
        let words = format!(" {words} ");
        let at = frame.width.saturating_sub(text::width(&words) + 1);
        let at = u16::try_from(at).unwrap_or(0);
        buffer.set_stringn(at, 2, &words, frame.width, theme.style(Role::Warn));
    }
}

/// Draws the panes from line 3 on in so many lines.
fn body(panes: &[Pane], buffer: &mut Buffer, theme: &Theme, room: usize) -> Drawn {
    let mut drawn = Drawn::default();
    let mut y = 3;
    let shown = stack::share(panes, room);
    let bottom = 3 + u16::try_from(room).unwrap_or(u16::MAX);
    for (pane, rows) in panes.iter().zip(shown) {
        let Some(rows) = rows else { continue };
        if y + u16::try_from(pane.fixed() + rows).unwrap_or(u16::MAX) > bottom {
            return Drawn {
                whole: false,
                ..drawn
            };
        }
        drawn.whole |= pane.focus && rows == pane.rows.len();
        if pane.read {
            drawn.text_end = pane.rows.len() - rows;
        }
        y = pane.paint(buffer, theme, y, rows);
    }
    drawn
}

/// In a small window one pane at a time, and a sentence that says what is left out.
fn one_pane(sheet: &mut Sheet, frame: &Frame<'_>, height: u16) -> Vec<Row> {
    let panes = std::mem::take(&mut sheet.panes);
    let focus = panes.iter().position(|pane| pane.focus).unwrap_or(0);
    let mut left = std::mem::take(&mut sheet.left_out);
    let room = frame.body.saturating_sub(1);
    for (index, mut pane) in panes.into_iter().enumerate() {
        pane.least = pane.least.min(4);
        if index == focus || (pane.title.is_empty() && index < focus) {
            sheet.panes.push(pane);
        } else if !pane.title.is_empty() {
            left.push(pane.title.split("  ").next().unwrap_or_default().to_owned());
        }
    }
    let known = left.len();
    let mut lines = Vec::new();
    // What is left out may need a second line, which leaves out one more.
    for taken in 1..=2 {
        left.truncate(known);
        hidden_rows(&sheet.panes, room + 1 - taken, &mut left);
        if left.is_empty() {
            return Vec::new();
        }
        let words = format!(
            "Left out: {} (window {}x{height})",
            left.join(", "),
            frame.width
        );
        lines = text::wrap(&words, frame.width.saturating_sub(2));
        if lines.len() <= taken {
            break;
        }
    }
    let lines = lines.into_iter().take(2);
    lines.map(|line| Row::line(Role::Dim, line)).collect()
}

/// How many rows of each pane do not fit in so many lines, in words.
fn hidden_rows(panes: &[Pane], room: usize, left: &mut Vec<String>) {
    let shown = stack::share(panes, room);
    for (pane, rows) in panes.iter().zip(shown) {
        let hidden = pane.rows.len() - rows.unwrap_or(0);
        // A text is read by scrolling, and its header says which lines are in view.
        if hidden > 0 && !pane.read {
            let noun = if pane.noun.is_empty() {
                "rows"
            } else {
                pane.noun
            };
            let noun = if hidden == 1 {
                noun.trim_end_matches('s')
            } else {
                noun
            };
            left.push(format!("{hidden} {noun}"));
        }
    }
}

/// Paints rows from the top, as many as there are lines.
fn paint_all(rows: &[Row], buffer: &mut Buffer, theme: &Theme) {
    for (y, row) in (0..buffer.area.height).zip(rows) {
        row.paint(buffer, theme, y, false);
    }
}
