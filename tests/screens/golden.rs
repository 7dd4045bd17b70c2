//! Golden files: a frame as text and as a map of roles, one letter each.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use crashcart::state::State;
use crashcart::view::draw::draw;
use crashcart::view::role::Role;
use crashcart::view::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::style::Style;

/// A theme in which no two roles look alike; the selection only adds a modifier.
pub(crate) fn probe() -> Theme {
    const COLOURS: [&str; 16] = [
        "black",
        "red",
        "green",
        "yellow",
        "blue",
        "magenta",
        "cyan",
        "white",
        "bright-black",
        "bright-red",
        "bright-green",
        "bright-yellow",
        "bright-blue",
        "bright-magenta",
        "bright-cyan",
        "bright-white",
    ];
    let mut text = "name = \"probe\"\nselection = \"row\"\n[roles]\n".to_owned();
    for role in Role::all() {
        let place = role.place();
        let style = match role {
            Role::Selection => "dim".to_owned(),
            _ => format!("{} on {}", COLOURS[place % 16], COLOURS[place / 16]),
        };
        writeln!(text, "\"{}\" = \"{style}\"", role.name()).unwrap();
    }
    Theme::parse(&text, "probe").unwrap()
}

/// Draws a state at a size.
pub(crate) fn frame(state: &State, theme: &Theme, (width, height): (u16, u16)) -> Buffer {
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    let mut state = state.clone();
    state.size = (width, height);
    // The first frame tells how far its text goes; the second is the one that stays.
    state.nav.text_end = draw(&state, theme, area, &mut buffer).text_end;
    buffer.reset();
    draw(&state, theme, area, &mut buffer);
    buffer
}

/// The frame's lines, without blanks at their ends.
pub(crate) fn text(buffer: &Buffer) -> Vec<String> {
    let area = buffer.area;
    (0..area.height)
        .map(|y| {
            let line: String = (0..area.width).map(|x| buffer[(x, y)].symbol()).collect();
            line.trim_end().to_owned()
        })
        .collect()
}

/// The frame's roles; a line that wears the selection ends in ` <`. Blank cells of role text stay blank.
pub(crate) fn roles(buffer: &Buffer, theme: &Theme) -> Vec<String> {
    let key = |style: Style| (style.fg, style.bg);
    let letters: HashMap<_, _> = Role::all()
        .filter(|role| *role != Role::Selection)
        .map(|role| (key(theme.style(role)), role.letter()))
        .collect();
    let area = buffer.area;
    (0..area.height)
        .map(|y| {
            let mut marked = false;
            let line: String = (0..area.width)
                .map(|x| {
                    let cell = &buffer[(x, y)];
                    marked |= cell.modifier.contains(Modifier::DIM);
                    let letter = letters[&key(cell.style())];
                    if letter == 't' && cell.symbol() == " " {
                        ' '
                    } else {
                        letter
                    }
                })
                .collect();
            format!("{}{}", line.trim_end(), if marked { " <" } else { "" })
        })
        .collect()
}

/// Compares with a file of `tests/screens/golden/`, or writes it when `UPDATE_GOLDEN` is set.
pub(crate) fn check(file: &str, found: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/screens/golden")
        .join(file);
    check_path(&path, found);
}

/// Compares with a file, or writes it when `UPDATE_GOLDEN` is set.
pub(crate) fn check_path(path: &std::path::Path, found: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, found).unwrap();
        return;
    }
    let known = std::fs::read_to_string(path).unwrap_or_default();
    let same = known == found;
    let line = known
        .lines()
        .zip(found.lines())
        .position(|(a, b)| a != b)
        .unwrap_or(known.lines().count().min(found.lines().count()));
    assert!(
        same,
        "{} differs at line {}:\n  was {:?}\n  is  {:?}\nIf it is meant: UPDATE_GOLDEN=1 cargo test --test screens",
        path.display(),
        line + 1,
        known.lines().nth(line).unwrap_or(""),
        found.lines().nth(line).unwrap_or("")
    );
}
