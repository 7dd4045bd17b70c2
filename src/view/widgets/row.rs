//! One line of the screen: pieces of text at columns, each in a role, cut the one way that is allowed for it.

use ratatui::buffer::Buffer;
use ratatui::style::Modifier;

use crate::sources::level::Level;
use crate::text;
use crate::view::role::Role;
use crate::view::theme::Theme;

/// How a piece that does not fit is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    /// At a word, from the end: sentences.
    Word,
    /// Out of the middle: names.
    Middle,
}

/// Where a piece begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// At this column, from 0.
    Column(usize),
    /// So that it ends this many columns before the right edge.
    Right(usize),
    /// So many columns after the piece before it ends.
    After(usize),
}

/// Some text in one role.
#[derive(Clone, Debug)]
struct Piece {
    at: At,
    room: Option<usize>,
    role: Role,
    text: String,
    cut: Cut,
    reversed: bool,
}

/// One line of the screen, before its width is known.
#[derive(Clone, Debug, Default)]
pub struct Row {
    pieces: Vec<Piece>,
    /// What the mark binds to; a row without one cannot be marked.
    pub id: Option<String>,
    /// Column of the `>` of a marked row, from 0.
    pub mark_at: usize,
}

/// A piece that is placed and cut for one width.
struct Placed {
    x: usize,
    role: Role,
    text: String,
    reversed: bool,
}

impl Row {
    /// An empty line.
    pub fn new() -> Row {
        Row {
            pieces: Vec::new(),
            id: None,
            mark_at: 1,
        }
    }

    /// A line with one text from column 1.
    pub fn line(role: Role, text: impl Into<String>) -> Row {
        Row::new().put(1, role, text)
    }

    /// The same line, with the identity that a mark binds to.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Row {
        self.id = Some(id.into());
        self
    }

    /// The same line, with its `>` at that column.
    #[must_use]
    pub fn mark_at(mut self, column: usize) -> Row {
        self.mark_at = column;
        self
    }

    /// Text from a column on, cut at a word before the next piece or the edge.
    #[must_use]
    pub fn put(self, at: usize, role: Role, text: impl Into<String>) -> Row {
        self.piece(At::Column(at), None, role, text.into(), Cut::Word)
    }

    /// Text from a column on in at most `room` columns, cut at a word.
    #[must_use]
    pub fn put_in(self, at: usize, room: usize, role: Role, text: impl Into<String>) -> Row {
        self.piece(At::Column(at), Some(room), role, text.into(), Cut::Word)
    }

    /// A name from a column on in at most `room` columns, cut out of its middle.
    #[must_use]
    pub fn name(self, at: usize, room: usize, role: Role, text: impl Into<String>) -> Row {
        self.piece(At::Column(at), Some(room), role, text.into(), Cut::Middle)
    }

    /// A figure in a column of `room`, flush right in it.
    #[must_use]
    pub fn figure(self, at: usize, room: usize, role: Role, text: impl Into<String>) -> Row {
        let text = text.into();
        let start = at + room.saturating_sub(text::width(&text));
        self.piece(At::Column(start), None, role, text, Cut::Word)
    }

    /// Text that ends `margin` columns before the right edge.
    #[must_use]
    pub fn right(self, margin: usize, role: Role, text: impl Into<String>) -> Row {
        self.piece(At::Right(margin), None, role, text.into(), Cut::Word)
    }

    /// Text `gap` columns after the piece before it.
    #[must_use]
    pub fn then(self, gap: usize, role: Role, text: impl Into<String>) -> Row {
        self.piece(At::After(gap), None, role, text.into(), Cut::Word)
    }

    /// The same line, the last piece with fore and back swapped: light signs of a picture stand light.
    #[must_use]
    pub fn reversed(mut self, reversed: bool) -> Row {
        if let Some(piece) = self.pieces.last_mut() {
            piece.reversed = reversed;
        }
        self
    }

    /// The word of a level, in its role, in four columns.
    #[must_use]
    pub fn level(self, at: usize, level: Level) -> Row {
        self.put(at, level_role(level), level.word())
    }

    fn piece(mut self, at: At, room: Option<usize>, role: Role, text: String, cut: Cut) -> Row {
        if !text.is_empty() {
            self.pieces.push(Piece {
                at,
                room,
                role,
                text,
                cut,
                reversed: false,
            });
        }
        self
    }

    /// The line as plain text of at most `width` columns, without blanks at its end.
    pub fn plain(&self, width: usize) -> String {
        let mut line = String::new();
        for piece in self.placed(width) {
            line = text::pad(&line, piece.x);
            line.push_str(&piece.text);
        }
        line.trim_end().to_owned()
    }

    /// Paints the line; `marked` adds the sign, and the selection's style where the theme wants it.
    pub fn paint(&self, buffer: &mut Buffer, theme: &Theme, y: u16, marked: bool) {
        let area = buffer.area;
        if y >= area.bottom() {
            return;
        }
        for piece in self.placed(usize::from(area.width)) {
            let x = area
                .x
                .saturating_add(u16::try_from(piece.x).unwrap_or(u16::MAX));
            let room = usize::from(area.right().saturating_sub(x));
            if room > 0 {
                let style = theme.style(piece.role);
                let style = if piece.reversed {
                    style.add_modifier(Modifier::REVERSED)
                } else {
                    style
                };
                buffer.set_stringn(x, y, &piece.text, room, style);
            }
        }
        if marked {
            let x = area
                .x
                .saturating_add(u16::try_from(self.mark_at).unwrap_or(u16::MAX));
            if x < area.right() {
                buffer.set_stringn(x, y, ">", 1, theme.style(Role::Selection));
            }
            if theme.marks_row() {
                let line = ratatui::layout::Rect {
                    x: area.x,
                    y,
                    width: area.width,
                    height: 1,
                };
                buffer.set_style(line, theme.style(Role::Selection));
            }
        }
    }

    /// Places and cuts every piece for one width, from the left.
    fn placed(&self, width: usize) -> Vec<Placed> {
        let mut placed: Vec<Placed> = Vec::new();
        let starts = self.starts(width);
        for (index, piece) in self.pieces.iter().enumerate() {
            let ended = placed
                .last()
                .map_or(0, |before| before.x + text::width(&before.text));
            let x = match piece.at {
                At::After(gap) => ended + gap,
                At::Column(_) | At::Right(_) => starts[index].unwrap_or(ended),
            };
            let next = starts
                .iter()
                .flatten()
                .copied()
                .filter(|start| *start > x)
                .min();
            let edge = next
                .map_or(width, |start| start.saturating_sub(1))
                .min(width);
            let room = piece.room.unwrap_or(usize::MAX).min(edge.saturating_sub(x));
            let text = match piece.cut {
                Cut::Word => text::cut_end(&piece.text, room),
                Cut::Middle => text::cut_middle(&piece.text, room),
            };
            if !text.is_empty() {
                placed.push(Placed {
                    x,
                    role: piece.role,
                    text,
                    reversed: piece.reversed,
                });
            }
        }
        placed.sort_by_key(|piece| piece.x);
        placed
    }

    /// The columns at which pieces begin that do not follow another one.
    fn starts(&self, width: usize) -> Vec<Option<usize>> {
        let start = |piece: &Piece| match piece.at {
            At::Column(column) => Some(column),
            At::Right(margin) => Some(width.saturating_sub(margin + text::width(&piece.text))),
            At::After(_) => None,
        };
        self.pieces.iter().map(start).collect()
    }
}

/// The role that a level's word and figure wear.
pub fn level_role(level: Level) -> Role {
    match level {
        Level::Crit => Role::Crit,
        Level::Unknown => Role::Unknown,
        Level::Warn => Role::Warn,
        Level::Ok => Role::Ok,
        Level::Absent => Role::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_cut_at_a_word_before_the_next_piece() {
        let row = Row::new()
            .put(3, Role::Text, "three of twelve pods down")
            .right(1, Role::Dim, "04:31Z");
        assert_eq!(row.plain(30), "   three of twelve~    04:31Z");
        assert_eq!(row.plain(60).len(), 59);
    }

    #[test]
    fn pieces_that_follow_move_with_what_is_before_them() {
        let row = Row::new()
            .put(1, Role::Key, "Enter")
            .then(1, Role::Text, "open")
            .then(2, Role::Key, "q");
        assert_eq!(row.plain(80), " Enter open  q");
    }

    #[test]
    fn a_name_loses_its_middle_and_a_figure_stands_right() {
        let row = Row::new()
            .name(0, 8, Role::Text, "ehr-api-7c9f4-2kx8p")
            .figure(10, 4, Role::Text, "38m");
        assert_eq!(row.plain(20).len(), 14);
        assert!(row.plain(20).contains('~'));
    }
}
