//! Terminals that differ from the program on how far letters go: whatever they think, the plain words of a frame stand
//! where they were meant to.

use ratatui::buffer::Buffer;
use unicode_width::UnicodeWidthChar;

/// How many cells a letter takes after another.
type Opinion = fn(before: Option<char>, letter: char) -> usize;

/// A terminal of its own opinion.
pub(crate) struct Odd {
    name: &'static str,
    /// The cells of a letter, and whether it is joined to the one before.
    width: Opinion,
    size: (usize, usize),
    rows: Vec<Vec<char>>,
    at: (usize, usize),
    before: Option<char>,
}

/// The second half of a letter of two cells.
const HALF: char = '\0';

impl Odd {
    /// One of each opinion.
    pub(crate) fn all((width, height): (u16, u16)) -> Vec<Odd> {
        let size = (usize::from(width), usize::from(height));
        let opinions: [(&str, Opinion); 5] = [
            ("each letter by itself", |_, c| c.width().unwrap_or(0)),
            ("marks have cells", |_, c| c.width().unwrap_or(0).max(1)),
            ("nothing is wide", |_, c| c.width().unwrap_or(0).min(1)),
            ("what is foreign is wide", |_, c| match c.width() {
                Some(1) if is_foreign(c) => 2,
                width => width.unwrap_or(0),
            }),
            ("what is foreign is joined", |before, c| match before {
                Some(before) if is_foreign(before) && is_foreign(c) => 0,
                _ => c.width().unwrap_or(0),
            }),
        ];
        let odd = |(name, width)| Odd {
            name,
            width,
            size,
            rows: vec![vec![' '; size.0]; size.1],
            at: (0, 0),
            before: None,
        };
        opinions.into_iter().map(odd).collect()
    }

    /// Does what the backend wrote.
    pub(crate) fn hear(&mut self, written: &str) {
        let mut parts = written.split('\u{1b}');
        self.letters(parts.next().unwrap_or_default());
        for part in parts {
            let end = part.find(|c: char| c.is_ascii_alphabetic()).unwrap();
            let (sequence, rest) = part.split_at(end + 1);
            self.obey(sequence);
            self.letters(rest);
        }
    }

    fn obey(&mut self, sequence: &str) {
        if sequence == "[2J" {
            self.rows = vec![vec![' '; self.size.0]; self.size.1];
        } else if let Some(place) = sequence.strip_suffix('H') {
            let (row, column) = place[1..].split_once(';').unwrap();
            let number = |text: &str| text.parse::<usize>().unwrap() - 1;
            self.at = (number(column), number(row));
            self.before = None;
        }
    }

    fn letters(&mut self, letters: &str) {
        for letter in letters.chars() {
            let width = (self.width)(self.before, letter);
            self.before = Some(letter);
            if width == 0 {
                continue;
            }
            if self.at.0 + width > self.size.0 {
                self.at = (0, self.at.1 + 1);
            }
            if self.at.1 == self.size.1 {
                self.rows.remove(0);
                self.rows.push(vec![' '; self.size.0]);
                self.at.1 -= 1;
            }
            let (x, y) = self.at;
            let row = &mut self.rows[y];
            if row[x] == HALF {
                row[x - 1] = ' ';
            }
            if row.get(x + width) == Some(&HALF) {
                row[x + width] = ' ';
            }
            row[x..x + width].fill(HALF);
            row[x] = letter;
            self.at.0 += width;
        }
    }

    /// Every plain letter stands in its place, and no other does where nothing should be.
    pub(crate) fn as_meant(&self, meant: &Buffer, what: &str) {
        let mut hidden = 0;
        for y in 0..meant.area.height {
            for x in 0..meant.area.width {
                let symbol = meant[(x, y)].symbol();
                if hidden > 0 {
                    hidden -= 1;
                    continue;
                }
                hidden = unicode_width::UnicodeWidthStr::width(symbol).saturating_sub(1);
                let mut letters = symbol.chars();
                let (Some(letter), None) = (letters.next(), letters.next()) else {
                    continue;
                };
                if is_foreign(letter) {
                    continue;
                }
                let found = self.rows[usize::from(y)][usize::from(x)];
                let name = self.name;
                assert_eq!(
                    found,
                    letter,
                    "{what}: {name}: row {y}, column {x} of {:?}",
                    self.rows[usize::from(y)].iter().collect::<String>()
                );
            }
        }
    }
}

/// True for what terminals are known to differ on.
fn is_foreign(c: char) -> bool {
    !matches!(c, '\0'..='\u{2ff}' | '\u{370}'..='\u{52f}' | '\u{2000}'..='\u{25ff}')
        || c.width() != Some(1)
}
