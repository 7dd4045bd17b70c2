//! What is being typed. A prompt takes the last pane and the footer; nothing is drawn over it.

use crate::auth::audience::Audience;
use crate::state::effect::Shown;
use crate::text::safe;

/// One line of text and where its cursor stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// The text.
    pub text: String,
    /// Cursor, in characters from the left.
    pub cursor: usize,
}

/// One field of the parameters screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Parameter name.
    pub name: String,
    /// What is typed or chosen.
    pub line: Line,
    /// Where the value came from: `from the finding`, `newest restorable, 5h12 old`, `missing: like INC-4411`.
    pub from: String,
    /// True when the value will not do; `from` says why.
    pub bad: bool,
    /// True when it must be given.
    pub required: bool,
}

/// What is being typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// The target's name, letter by letter, before something is sent.
    Name {
        /// What must be typed.
        want: String,
        /// What is typed.
        line: Line,
        /// A sentence when the last Enter did not count.
        refused: Option<String>,
        /// The request that was on screen when the name was asked for.
        shown: Shown,
    },
    /// A reason, for a skip or an abort.
    Reason {
        /// True for abort, false for skip.
        abort: bool,
        /// What is typed.
        line: Line,
    },
    /// The parameters of a runbook.
    Fill {
        /// Id of the runbook.
        book: String,
        /// The fields in the runbook's order.
        fields: Vec<Field>,
        /// The field that is typed in.
        at: usize,
    },
    /// Words that rows must hold.
    Filter(Line),
    /// A command, chosen from the palette.
    Palette {
        /// What is typed.
        line: Line,
        /// Palette name of the marked command.
        at: Option<String>,
    },
    /// The address that a browser ended on.
    Redirect(Line),
    /// Enter ends a sign-in.
    SignOut {
        /// Which.
        audience: Audience,
        /// True to begin a new one at once.
        anew: bool,
    },
    /// In the demo: who answers the sign-in.
    WhoAnswers {
        /// Names that can be chosen.
        people: Vec<String>,
        /// The marked one.
        at: usize,
    },
}

impl Line {
    /// A line that already holds `text`, cursor at its end.
    pub fn of(text: &str) -> Line {
        Line {
            text: text.to_owned(),
            cursor: text.chars().count(),
        }
    }

    /// Types one character at the cursor; control characters are dropped, and what would not be seen is typed as its
    /// stand-in, so that a line that was pasted never holds more than it shows.
    pub fn insert(&mut self, character: char) {
        if character.is_control() || self.text.chars().count() >= 4096 {
            return;
        }
        let at = self.byte(self.cursor);
        self.text.insert(at, character);
        self.cursor += 1;
        if character.is_ascii() || safe::lines(&self.text) == self.text {
            return;
        }
        self.backspace();
        // A letter before it carries it, where it is a mark: only one too many has no stand-in, and is dropped.
        let alone = safe::lines(&format!("a{character}"));
        for shown in alone.chars().skip(1).filter(|shown| *shown != character) {
            self.text.insert(self.byte(self.cursor), shown);
            self.cursor += 1;
        }
    }

    /// Deletes the character before the cursor.
    pub fn backspace(&mut self) {
        if self.cursor > 0 {
            self.cursor -= 1;
            let at = self.byte(self.cursor);
            self.text.remove(at);
        }
    }

    /// Deletes the character under the cursor.
    pub fn delete(&mut self) {
        let at = self.byte(self.cursor);
        if at < self.text.len() {
            self.text.remove(at);
        }
    }

    /// Deletes the word before the cursor.
    pub fn erase_word(&mut self) {
        while self.before().is_some_and(char::is_whitespace) {
            self.backspace();
        }
        while self.before().is_some_and(|c| !c.is_whitespace()) {
            self.backspace();
        }
    }

    /// Deletes everything before the cursor.
    pub fn erase_left(&mut self) {
        let at = self.byte(self.cursor);
        self.text.drain(..at);
        self.cursor = 0;
    }

    /// Moves the cursor by so many characters, never out of the line.
    pub fn shift(&mut self, by: isize) {
        self.cursor = self
            .cursor
            .saturating_add_signed(by)
            .min(self.text.chars().count());
    }

    fn before(&self) -> Option<char> {
        self.cursor
            .checked_sub(1)
            .and_then(|at| self.text.chars().nth(at))
    }

    fn byte(&self, character: usize) -> usize {
        self.text
            .char_indices()
            .nth(character)
            .map_or(self.text.len(), |(at, _)| at)
    }
}

#[cfg(test)]
mod tests {
    use super::Line;

    #[test]
    fn editing_counts_characters_not_bytes() {
        let mut line = Line::of("åb");
        line.shift(-1);
        line.insert('ö');
        assert_eq!(line.text, "åöb");
        line.backspace();
        line.backspace();
        line.backspace();
        assert_eq!(line.text, "b");
        line.insert('\u{1b}');
        assert_eq!(line.text, "b");
    }

    #[test]
    fn a_line_holds_no_more_than_it_shows() {
        let typed = |text: &str| {
            let mut line = Line::default();
            text.chars().for_each(|c| line.insert(c));
            assert_eq!(line.cursor, line.text.chars().count(), "{text:?}");
            line.text
        };
        assert_eq!(typed("sth\u{200b}-\u{202e}x"), "sth<U+200B>-<U+202E>x");
        assert_eq!(typed("a\u{a0}b"), "a b");
        assert_eq!(typed("e\u{301} 日本"), "e\u{301} 日本");
        assert_eq!(typed("\u{301}e"), "e", "a mark with nothing before it");
        let flood = format!("e{}", "\u{301}".repeat(9));
        assert_eq!(typed(&flood), format!("e{}", "\u{301}".repeat(4)));
    }

    #[test]
    fn a_word_goes_with_the_space_after_it() {
        let mut line = Line::of("restore emr ");
        line.erase_word();
        assert_eq!(line.text, "restore ");
        line.erase_left();
        assert_eq!(line.text, "");
    }
}
