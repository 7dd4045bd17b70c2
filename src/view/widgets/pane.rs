//! A pane: a rule with its title, heads that stay, rows that scroll, tails that stay.

use ratatui::buffer::Buffer;

use super::row::Row;
use crate::text;
use crate::view::role::Role;
use crate::view::theme::Theme;

/// A part of the body under one rule.
#[derive(Clone, Debug, Default)]
pub struct Pane {
    /// Words of the rule; empty for a part without a rule of its own.
    pub title: String,
    /// Words at the rule's right end; what is not in view stands before them.
    pub note: String,
    /// True when keys go here.
    pub focus: bool,
    /// Lines that stay above the rows.
    pub heads: Vec<Row>,
    /// Lines that scroll.
    pub rows: Vec<Row>,
    /// Lines that stay below the rows.
    pub tails: Vec<Row>,
    /// The marked row, where this pane has one.
    pub marked: Option<usize>,
    /// First row in view of a text; a list follows its mark.
    pub first: usize,
    /// True for a text that is read by scrolling.
    pub read: bool,
    /// True when the rule says which rows are in view: `1-5 of 7`.
    pub counted: bool,
    /// Rows it keeps when there is too little room.
    pub least: usize,
    /// What its rows are called where some are left out: `findings`.
    pub noun: &'static str,
}

impl Pane {
    /// A pane with a rule.
    pub fn new(title: impl Into<String>) -> Pane {
        Pane {
            title: title.into(),
            least: 1,
            noun: "lines",
            ..Pane::default()
        }
    }

    /// The same pane, with words at its rule's right end.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Pane {
        self.note = note.into();
        self
    }

    /// The same pane, with or without the focus.
    #[must_use]
    pub fn focus(mut self, focus: bool) -> Pane {
        self.focus = focus;
        self
    }

    /// The same pane with these rows.
    #[must_use]
    pub fn rows(mut self, rows: impl IntoIterator<Item = Row>) -> Pane {
        self.rows.extend(rows);
        self
    }

    /// The same pane with one more head.
    #[must_use]
    pub fn head(mut self, head: Row) -> Pane {
        self.heads.push(head);
        self
    }

    /// The same pane with these tails.
    #[must_use]
    pub fn tails(mut self, tails: impl IntoIterator<Item = Row>) -> Pane {
        self.tails.extend(tails);
        self
    }

    /// The same pane as a list: the row of this identity is marked (the first when it is not there), rows are counted.
    #[must_use]
    pub fn list(mut self, mark: Option<&str>) -> Pane {
        let of = |mark: &str| {
            self.rows
                .iter()
                .position(|row| row.id.as_deref() == Some(mark))
        };
        let first = || self.rows.iter().position(|row| row.id.is_some());
        self.marked = mark.and_then(of).or_else(first);
        self.counted = self.marked.is_some();
        self
    }

    /// The same pane as a text that is read from this line on.
    #[must_use]
    pub fn text(mut self, first: usize) -> Pane {
        self.first = first;
        self.read = true;
        self
    }

    /// The same pane, keeping so many rows when there is too little room.
    #[must_use]
    pub fn least(mut self, least: usize) -> Pane {
        self.least = least;
        self
    }

    /// Lines it needs beside its rows.
    pub fn fixed(&self) -> usize {
        usize::from(!self.title.is_empty()) + self.heads.len() + self.tails.len()
    }

    /// First and last row in view when `shown` rows fit.
    fn view(&self, shown: usize) -> (usize, usize) {
        let last_first = self.rows.len().saturating_sub(shown);
        let first = match self.marked {
            Some(mark) => mark.saturating_sub(shown.saturating_sub(1)),
            None => self.first,
        };
        let first = first.min(last_first);
        (first, (first + shown).min(self.rows.len()))
    }

    /// Paints the pane from line `y` with room for `shown` rows; gives the line after it.
    pub fn paint(&self, buffer: &mut Buffer, theme: &Theme, y: u16, shown: usize) -> u16 {
        let mut y = y;
        let (first, last) = self.view(shown);
        if !self.title.is_empty() {
            self.rule(buffer, theme, y, (first, last));
            y += 1;
        }
        for head in &self.heads {
            head.paint(buffer, theme, y, false);
            y += 1;
        }
        for (index, row) in self.rows.iter().enumerate().take(last).skip(first) {
            row.paint(buffer, theme, y, self.marked == Some(index));
            y += 1;
        }
        for tail in &self.tails {
            tail.paint(buffer, theme, y, false);
            y += 1;
        }
        y
    }

    /// What the rule's right end says: which rows are in view, and the pane's own note.
    fn right_end(&self, (first, last): (usize, usize)) -> String {
        let all = self.rows.len();
        let whole = last - first == all;
        let seen = match (whole, self.note.is_empty()) {
            (true, false) => format!("{}-{last}", first + 1),
            _ => format!("{}-{last} of {all}", first + 1),
        };
        match (self.counted && all > 0 || !whole, self.note.is_empty()) {
            (true, true) => seen,
            (true, false) => format!("{seen}, {}", self.note),
            (false, _) => self.note.clone(),
        }
    }

    fn rule(&self, buffer: &mut Buffer, theme: &Theme, y: u16, view: (usize, usize)) {
        let sign = rule_sign(theme.ascii, self.focus);
        let role = if self.focus {
            Role::Focus
        } else {
            Role::Border
        };
        let width = usize::from(buffer.area.width);
        let note = self.right_end(view);
        let tail = if note.is_empty() {
            String::new()
        } else {
            format!(" {note} {sign}")
        };
        let room = width.saturating_sub(text::width(&tail) + 5);
        let head = format!("{sign}{sign} {} ", text::cut_end(&self.title, room));
        let fill = width.saturating_sub(text::width(&head) + text::width(&tail));
        let line = format!("{head}{}{tail}", sign.repeat(fill));
        buffer.set_stringn(buffer.area.x, y, line, width, theme.style(role));
    }
}

/// The sign a rule is drawn with.
pub fn rule_sign(ascii: bool, focus: bool) -> &'static str {
    match (ascii, focus) {
        (false, false) => "─",
        (false, true) => "═",
        (true, false) => "-",
        (true, true) => "=",
    }
}
