//! A terminal to look at: frames go through the program's own backend into one, and what stands there is compared with
//! what was meant, cell by cell.

use std::io;
use std::io::Write;
use std::sync::Arc;
use std::sync::Mutex;

use crashcart::app::out::Lean;
use crashcart::state::State;
use crashcart::view::draw::draw;
use crashcart::view::svg;
use crashcart::view::theme::Theme;
use ratatui::Terminal;
use ratatui::buffer::Buffer;
use ratatui::buffer::Cell;
use ratatui::layout::Size;
use ratatui::style::Color;
use ratatui::style::Modifier;
use unicode_width::UnicodeWidthStr;

use crate::corpus::harmless;
use crate::odd::Odd;

/// What the backend wrote since it was last looked at.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a terminal was asked for beyond letters, colours and places.
#[derive(Default)]
struct Asked(Vec<String>);

impl vt100::Callbacks for Asked {
    fn audible_bell(&mut self, _: &mut vt100::Screen) {
        self.0.push("a bell".to_owned());
    }
    fn visual_bell(&mut self, _: &mut vt100::Screen) {
        self.0.push("a flash".to_owned());
    }
    fn resize(&mut self, _: &mut vt100::Screen, to: (u16, u16)) {
        self.0.push(format!("a size of {to:?}"));
    }
    fn set_window_icon_name(&mut self, _: &mut vt100::Screen, name: &[u8]) {
        self.0.push(format!("an icon name: {name:?}"));
    }
    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        self.0.push(format!("a title: {title:?}"));
    }
    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8], data: &[u8]) {
        self.0.push(format!("the clipboard: {data:?}"));
    }
    fn paste_from_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8]) {
        self.0.push("what is in the clipboard".to_owned());
    }
    fn unhandled_char(&mut self, _: &mut vt100::Screen, c: char) {
        self.0.push(format!("{c:?}"));
    }
    fn unhandled_control(&mut self, _: &mut vt100::Screen, byte: u8) {
        self.0.push(format!("control {byte:#x}"));
    }
    fn unhandled_escape(&mut self, _: &mut vt100::Screen, one: Option<u8>, two: Option<u8>, b: u8) {
        self.0.push(format!("escape {one:?} {two:?} {b:#x}"));
    }
    fn unhandled_csi(
        &mut self,
        _: &mut vt100::Screen,
        one: Option<u8>,
        _: Option<u8>,
        params: &[&[u16]],
        c: char,
    ) {
        // The marks around a frame, which hold it together where they are known.
        if (one, params, c) != (Some(b'?'), &[&[2026]], 'h')
            && (one, params, c) != (Some(b'?'), &[&[2026]], 'l')
        {
            self.0.push(format!("sequence {one:?} {params:?} {c:?}"));
        }
    }
    fn unhandled_osc(&mut self, _: &mut vt100::Screen, params: &[&[u8]]) {
        self.0.push(format!("command {params:?}"));
    }
}

/// A terminal of one size for as long as a test looks at it: frames follow on one another, as they do in a night.
pub(crate) struct Glass {
    size: (u16, u16),
    theme: Theme,
    terminal: Terminal<Lean<Written>>,
    written: Written,
    seen: vt100::Parser<Asked>,
    odd: Vec<Odd>,
}

impl Glass {
    /// An empty one.
    pub(crate) fn new((width, height): (u16, u16)) -> Glass {
        let written = Written::default();
        let lean = Lean::new(written.clone(), Size { width, height }, true);
        Glass {
            size: (width, height),
            theme: Theme::built_in("ansi").unwrap(),
            terminal: Terminal::new(lean).unwrap(),
            written,
            seen: vt100::Parser::new_with_callbacks(height, width, 0, Asked::default()),
            odd: Odd::all((width, height)),
        }
    }

    /// Draws a state and looks at what became of it; gives the letters that stand there.
    pub(crate) fn look(&mut self, state: &State, what: &str) -> String {
        let mut state = state.clone();
        state.size = self.size;
        let theme = &self.theme;
        let mut meant = Buffer::default();
        let drawn = self.terminal.draw(|frame| {
            let area = frame.area();
            draw(&state, theme, area, frame.buffer_mut());
            meant = frame.buffer_mut().clone();
        });
        drawn.unwrap();
        let bytes = std::mem::take(&mut *self.written.0.lock().unwrap());
        only_ours(&bytes, what);
        // This terminal takes the replacement character for its own sign of a broken byte; it is told of another letter.
        let letters = String::from_utf8_lossy(&bytes).replace('\u{fffd}', "?");
        self.seen.process(letters.as_bytes());
        let asked = &self.seen.callbacks().0;
        assert!(
            asked.is_empty(),
            "{what}: the terminal was asked for {asked:?}"
        );
        self.as_meant(&meant, what);
        for odd in &mut self.odd {
            odd.hear(&letters);
            odd.as_meant(&meant, what);
        }
        let picture = svg::picture(&meant);
        harmless(&picture, what);
        assert!(!picture.contains("<script"), "{what}");
        meant.content.iter().map(Cell::symbol).collect()
    }

    /// The terminal shows, cell by cell, the letters and the looks that were meant, and nothing of its modes is changed.
    fn as_meant(&self, meant: &Buffer, what: &str) {
        let screen = self.seen.screen();
        assert!(
            !screen.alternate_screen() && !screen.hide_cursor(),
            "{what}"
        );
        assert!(
            !screen.bracketed_paste() && !screen.application_cursor(),
            "{what}"
        );
        assert!(!screen.application_keypad(), "{what}");
        assert_eq!(
            screen.mouse_protocol_mode(),
            vt100::MouseProtocolMode::None,
            "{what}"
        );
        for y in 0..meant.area.height {
            let mut hidden = 0;
            for x in 0..meant.area.width {
                let (ours, theirs) = (&meant[(x, y)], screen.cell(y, x).unwrap());
                if hidden > 0 {
                    hidden -= 1;
                    continue;
                }
                let symbol = ours.symbol();
                hidden = symbol.width().saturating_sub(1);
                let place = format!("{what}: row {y}, column {x}");
                let first = |text: &str| match text.chars().next() {
                    Some('\u{fffd}') => '?',
                    letter => letter.unwrap_or(' '),
                };
                // What might go over the edge is not written there.
                let edge = usize::from(meant.area.width - x) < 2 * symbol.chars().count();
                if !(edge && !symbol.is_ascii() && first(theirs.contents()) == '?') {
                    assert_eq!(
                        first(theirs.contents()),
                        first(symbol),
                        "{place}: {symbol:?}"
                    );
                }
                if symbol != " " {
                    assert_eq!(theirs.fgcolor(), colour(ours.fg), "{place}: {symbol:?}");
                }
                assert_eq!(theirs.bgcolor(), colour(ours.bg), "{place}: {symbol:?}");
                for (has, modifier) in [
                    (theirs.bold() && symbol != " ", Modifier::BOLD),
                    (theirs.dim() && symbol != " ", Modifier::DIM),
                    (theirs.underline(), Modifier::UNDERLINED),
                    (theirs.inverse(), Modifier::REVERSED),
                ] {
                    let seen =
                        symbol != " " || !(Modifier::BOLD | Modifier::DIM).contains(modifier);
                    assert_eq!(
                        has,
                        seen && ours.modifier.contains(modifier),
                        "{place}: {modifier:?}"
                    );
                }
            }
        }
    }
}

fn colour(colour: Color) -> vt100::Color {
    let index = match colour {
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 8,
        Color::LightRed => 9,
        Color::LightGreen => 10,
        Color::LightYellow => 11,
        Color::LightBlue => 12,
        Color::LightMagenta => 13,
        Color::LightCyan => 14,
        Color::White => 15,
        _ => return vt100::Color::Default,
    };
    vt100::Color::Idx(index)
}

/// The bytes are letters and the four sequences of the backend: a place, a look, a clear screen, the marks of a frame.
fn only_ours(bytes: &[u8], what: &str) {
    let text = std::str::from_utf8(bytes).unwrap_or_else(|error| panic!("{what}: {error}"));
    let mut parts = text.split('\u{1b}');
    let mut letters = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !matches!(c, '[' | '?' | ';' | '0'..='9'));
        let (sequence, rest) = part.split_at(end.map_or(part.len(), |end| end + 1));
        let ours = match sequence.chars().last() {
            Some('H' | 'm') => !sequence.contains('?'),
            Some('J') => sequence == "[2J",
            Some('h') => sequence == "[?2026h",
            Some('l') => sequence == "[?2026l",
            _ => false,
        };
        assert!(
            ours && sequence.starts_with('['),
            "{what}: escape {sequence:?}"
        );
        letters.push_str(rest);
    }
    assert!(!letters.contains('\n'), "{what}: a line end");
    harmless(&letters, what);
}
