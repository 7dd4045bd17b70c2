//! The lean backend: one buffer a frame, one write, nothing when nothing changed.
//!
//! crossterm's own backend writes 25 bytes for an unchanged frame and the sixteen colours as `38;5;n`, which a
//! serial console reads as blink. This one writes 30-37 and 90-97, skips what is already set, and holds a frame
//! together with a synchronized update where the terminal knows one.
//!
//! Terminals differ on how far some letters go: marks, scripts that join, pictures newer than the terminal. Where one of
//! these is written its cells are emptied first, what stands behind it is written anew, and each is put in its place by
//! name, so no terminal's opinion moves or covers the words beside it.

use std::io;
use std::io::Write;

use ratatui::backend::Backend;
use ratatui::backend::ClearType;
use ratatui::backend::WindowSize;
use ratatui::buffer::Cell;
use ratatui::layout::Position;
use ratatui::layout::Size;
use ratatui::style::Color;
use ratatui::style::Modifier;
use unicode_width::UnicodeWidthChar;
use unicode_width::UnicodeWidthStr;

/// Attributes in the order of their codes.
const ATTRIBUTES: [(Modifier, u8); 6] = [
    (Modifier::BOLD, 1),
    (Modifier::DIM, 2),
    (Modifier::ITALIC, 3),
    (Modifier::UNDERLINED, 4),
    (Modifier::SLOW_BLINK, 5),
    (Modifier::REVERSED, 7),
];

/// Writes frames to a terminal, as few bytes as it can.
#[derive(Debug)]
pub struct Lean<W: Write> {
    out: W,
    frame: Vec<u8>,
    pen: Pen,
    at: Option<(u16, u16)>,
    size: Size,
    /// What stands on the terminal, row by row; `None` where nothing was written since it was cleared.
    shown: Vec<Option<Cell>>,
    synchronized: bool,
    written: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pen {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

const PLAIN: Pen = Pen {
    fg: Color::Reset,
    bg: Color::Reset,
    modifier: Modifier::empty(),
};

impl<W: Write> Lean<W> {
    /// A backend over `out`, for a terminal of `size`. `synchronized` marks each frame for terminals that know the
    /// private mode 2026 (others ignore it; it is left off for serial consoles).
    pub fn new(out: W, size: Size, synchronized: bool) -> Lean<W> {
        Lean {
            out,
            frame: Vec::new(),
            pen: PLAIN,
            at: None,
            size,
            shown: empty(size),
            synchronized,
            written: 0,
        }
    }

    /// Bytes written so far.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// The terminal has another size now.
    pub fn resize(&mut self, size: Size) {
        self.size = size;
        self.shown = empty(size);
    }

    /// Writes one cell; gives the column where its letters end, and the one where they may end at the latest.
    fn paint(&mut self, x: u16, y: u16, cell: &Cell) -> (u16, u16) {
        let symbol = cell.symbol();
        let width = cells(symbol.width().max(1));
        let (end, settled) = (x.saturating_add(width), is_settled(symbol));
        let last = if settled {
            end
        } else {
            x.saturating_add(farthest(symbol))
        };
        self.place(x, y);
        self.dip(Pen {
            fg: cell.fg,
            bg: cell.bg,
            modifier: cell.modifier,
        });
        // A terminal that goes further at the edge would go on in the next row, and in the last row move them all.
        let standin = "?".repeat(usize::from(width));
        let over = last > self.size.width;
        if !settled && !over && width > 1 {
            self.frame
                .resize(self.frame.len() + usize::from(width), b' ');
            self.at = None;
            self.place(x, y);
        }
        let letters = if over { &standin } else { symbol };
        self.frame.extend_from_slice(letters.as_bytes());
        // After the last column the cursor's place differs between terminals: name the next place anew.
        self.at = ((settled || over) && end < self.size.width).then_some((end, y));
        (end, if over { end } else { last })
    }

    /// Moves the cursor, where it does not stand there already.
    fn place(&mut self, x: u16, y: u16) {
        if self.at != Some((x, y)) {
            self.frame
                .extend_from_slice(format!("\x1b[{};{}H", y + 1, x + 1).as_bytes());
        }
    }

    /// Writes again what stands in a row from `x` on and before `until`, as far as letters before it may `reach`; gives
    /// how far letters may reach then.
    fn mend(&mut self, y: u16, mut x: u16, until: u16, mut reach: u16) -> u16 {
        while x < until.min(reach) {
            let cell = self.shown.get(self.index(x, y)).cloned().flatten();
            let (end, last) = self.paint(x, y, &cell.unwrap_or_default());
            (x, reach) = (end, reach.max(last));
        }
        reach
    }

    /// Remembers what stands in a cell now, and that nothing stands in those that it takes besides; gives how far what
    /// stood there before may reach.
    fn keep(&mut self, x: u16, y: u16, cell: &Cell) -> u16 {
        let at = self.index(x, y);
        let before = self.shown.get(at).cloned().flatten();
        let mut blank = cell.clone();
        blank.set_symbol(" ");
        for taken in 0..cell.symbol().width().max(1) {
            if let Some(shown) = self.shown.get_mut(at + taken) {
                *shown = Some(if taken == 0 { cell } else { &blank }.clone());
            }
        }
        let odd = before.filter(|before| !is_settled(before.symbol()));
        odd.map_or(0, |odd| x.saturating_add(farthest(odd.symbol())))
    }

    fn index(&self, x: u16, y: u16) -> usize {
        usize::from(y) * usize::from(self.size.width) + usize::from(x)
    }

    fn dip(&mut self, pen: Pen) {
        if pen == self.pen {
            return;
        }
        let mut codes: Vec<String> = Vec::new();
        let taken_off = !(self.pen.modifier - pen.modifier).is_empty();
        let from = if taken_off { PLAIN } else { self.pen };
        if taken_off {
            codes.push("0".to_owned());
        }
        for (attribute, code) in ATTRIBUTES {
            if (pen.modifier - from.modifier).contains(attribute) {
                codes.push(code.to_string());
            }
        }
        if pen.fg != from.fg {
            codes.push(colour(pen.fg, 30, 39));
        }
        if pen.bg != from.bg {
            codes.push(colour(pen.bg, 40, 49));
        }
        self.frame
            .extend_from_slice(format!("\x1b[{}m", codes.join(";")).as_bytes());
        self.pen = pen;
    }
}

/// A terminal of that size on which nothing stands.
fn empty(size: Size) -> Vec<Option<Cell>> {
    vec![None; usize::from(size.width) * usize::from(size.height)]
}

/// True for what takes the same cells on every terminal: one letter of the alphabets of Europe, or a sign like those of
/// our own lines. Everything else is written as if it went further.
fn is_settled(symbol: &str) -> bool {
    let mut letters = symbol.chars();
    letters.next().is_none_or(is_plain) && letters.next().is_none()
}

fn is_plain(c: char) -> bool {
    let ranges = matches!(c, ' '..='\u{2ff}' | '\u{370}'..='\u{52f}' | '\u{2000}'..='\u{25ff}');
    ranges && c.width() == Some(1)
}

/// The most cells that a terminal gives to letters: one to what is plain and to a mark, two to all others.
fn farthest(symbol: &str) -> u16 {
    let most = |c: char| {
        if is_plain(c) || c.width() == Some(0) {
            1
        } else {
            2
        }
    };
    cells(symbol.chars().map(most).sum())
}

fn cells(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

/// The code of a colour: `base` is 30 or 40, `reset` 39 or 49.
fn colour(colour: Color, base: u8, reset: u8) -> String {
    let dark = |n: u8| (base + n).to_string();
    let bright = |n: u8| (base + 60 + n).to_string();
    match colour {
        Color::Reset => reset.to_string(),
        Color::Black => dark(0),
        Color::Red => dark(1),
        Color::Green => dark(2),
        Color::Yellow => dark(3),
        Color::Blue => dark(4),
        Color::Magenta => dark(5),
        Color::Cyan => dark(6),
        Color::Gray => dark(7),
        Color::DarkGray => bright(0),
        Color::LightRed => bright(1),
        Color::LightGreen => bright(2),
        Color::LightYellow => bright(3),
        Color::LightBlue => bright(4),
        Color::LightMagenta => bright(5),
        Color::LightCyan => bright(6),
        Color::White => bright(7),
        Color::Indexed(n) => format!("{};5;{n}", base + 8),
        Color::Rgb(r, g, b) => format!("{};2;{r};{g};{b}", base + 8),
    }
}

impl<W: Write> Backend for Lean<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        // What was written last: its row, where it ends, and how far it may reach on some terminal.
        let (mut row, mut end, mut reach) = (0, 0, 0);
        for (x, y, cell) in content {
            if y == row {
                reach = self.mend(row, end, x, reach);
            } else {
                self.mend(row, end, self.size.width, reach);
                reach = 0;
            }
            let covered = self.keep(x, y, cell);
            let (to, last) = self.paint(x, y, cell);
            (row, end, reach) = (y, to, reach.max(last).max(covered));
        }
        self.mend(row, end, self.size.width, reach);
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        // Hidden once by the terminal guard; ratatui asks for it with every frame.
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        // Asking the terminal would wait for an answer that may never come.
        let (x, y) = self.at.unwrap_or_default();
        Ok(Position { x, y })
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let Position { x, y } = position.into();
        self.frame
            .extend_from_slice(format!("\x1b[{};{}H", y + 1, x + 1).as_bytes());
        self.at = Some((x, y));
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.frame.extend_from_slice(b"\x1b[0m\x1b[2J");
        self.pen = PLAIN;
        self.at = None;
        self.shown = empty(self.size);
        Ok(())
    }

    fn clear_region(&mut self, _: ClearType) -> io::Result<()> {
        self.clear()
    }

    fn size(&self) -> io::Result<Size> {
        Ok(self.size)
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize {
            columns_rows: self.size,
            pixels: Size::default(),
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.frame.is_empty() {
            return Ok(());
        }
        if self.pen != PLAIN {
            self.frame.extend_from_slice(b"\x1b[0m");
            self.pen = PLAIN;
        }
        let mut whole = Vec::with_capacity(self.frame.len() + 16);
        if self.synchronized {
            whole.extend_from_slice(b"\x1b[?2026h");
        }
        whole.append(&mut self.frame);
        if self.synchronized {
            whole.extend_from_slice(b"\x1b[?2026l");
        }
        self.written += whole.len() as u64;
        self.out.write_all(&whole)?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::style::Style;

    use super::*;

    fn terminal() -> Terminal<Lean<Vec<u8>>> {
        Terminal::new(Lean::new(
            Vec::new(),
            Size {
                width: 20,
                height: 3,
            },
            false,
        ))
        .expect("a terminal")
    }

    #[test]
    fn an_unchanged_frame_writes_nothing() {
        let mut terminal = terminal();
        let words = |frame: &mut ratatui::Frame<'_>| {
            frame
                .buffer_mut()
                .set_string(2, 1, "sth-prod", Style::new().fg(Color::Red));
        };
        terminal.draw(words).expect("drawn");
        let before = terminal.backend().written();
        assert!(before > 0);
        terminal.draw(words).expect("drawn");
        assert_eq!(terminal.backend().written(), before);
    }

    #[test]
    fn what_stands_behind_joined_letters_is_put_in_its_place() {
        let mut terminal = terminal();
        terminal
            .draw(|frame| {
                let words = "\u{1f44d}\u{1f3fd}x";
                frame.buffer_mut().set_string(0, 0, words, Style::new());
            })
            .expect("drawn");
        let bytes = String::from_utf8_lossy(&terminal.backend().out).into_owned();
        assert!(bytes.contains("\u{1f3fd}\x1b[1;3Hx"), "{bytes:?}");
    }

    #[test]
    fn words_beside_letters_that_may_cover_them_are_written_again() {
        let mut terminal = terminal();
        let mut written = |words: &str| {
            let before = terminal.backend().out.len();
            terminal
                .draw(|frame| frame.buffer_mut().set_string(0, 0, words, Style::new()))
                .expect("drawn");
            String::from_utf8_lossy(&terminal.backend().out[before..]).into_owned()
        };
        written("ab down");
        assert_eq!(written("a\u{915} down"), "\x1b[1;2H\u{915}\x1b[1;3H ");
        assert_eq!(
            written("e\u{301}\u{915} down"),
            "\x1b[1;1He\u{301}\x1b[1;2H\u{915}\x1b[1;3H "
        );
    }

    #[test]
    fn letters_that_may_go_over_the_edge_are_not_written_there() {
        let mut terminal = terminal();
        let words = format!("{:19}\u{915}", "");
        terminal
            .draw(|frame| frame.buffer_mut().set_string(0, 2, &words, Style::new()))
            .expect("drawn");
        let bytes = String::from_utf8_lossy(&terminal.backend().out).into_owned();
        assert_eq!(bytes, "\x1b[3;20H?");
    }

    #[test]
    fn sixteen_colours_are_written_without_38() {
        let mut terminal = terminal();
        terminal
            .draw(|frame| {
                frame.buffer_mut().set_string(
                    0,
                    0,
                    "CRIT",
                    Style::new()
                        .fg(Color::LightRed)
                        .add_modifier(Modifier::BOLD),
                );
            })
            .expect("drawn");
        let bytes = String::from_utf8_lossy(&terminal.backend().out).into_owned();
        assert!(bytes.contains("\x1b[1;91mCRIT"), "{bytes:?}");
        assert!(!bytes.contains("38;5"), "{bytes:?}");
    }

    #[test]
    fn one_changed_cell_costs_about_a_dozen_bytes() {
        let mut terminal = terminal();
        terminal
            .draw(|frame| frame.buffer_mut().set_string(0, 0, "3 of 12", Style::new()))
            .expect("drawn");
        let before = terminal.backend().written();
        terminal
            .draw(|frame| frame.buffer_mut().set_string(0, 0, "4 of 12", Style::new()))
            .expect("drawn");
        assert!(
            terminal.backend().written() - before <= 12,
            "{}",
            terminal.backend().written() - before
        );
    }
}
