//! A frame as a picture: the same buffer that a terminal gets, in the theme's 16 colours.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::buffer::Cell;
use ratatui::style::Color;
use ratatui::style::Modifier;

/// Width of a cell in tenths of a pixel.
const CELL: u32 = 84;
/// Height of a line in pixels.
const LINE: u32 = 18;
const FORE: &str = "#d8d8d8";
const BACK: &str = "#16181d";

/// Draws a buffer as one SVG file.
pub fn picture(buffer: &Buffer) -> String {
    let area = buffer.area;
    let (width, height) = (
        u32::from(area.width) * CELL / 10 + 16,
        u32::from(area.height) * LINE + 16,
    );
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"{BACK}\"/>\n\
         <g font-family=\"'DejaVu Sans Mono','Liberation Mono',Menlo,Consolas,monospace\" font-size=\"14\" xml:space=\"preserve\">\n"
    );
    for y in 0..area.height {
        let mut x = 0;
        while x < area.width {
            x = run(buffer, &mut svg, x, y);
        }
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

/// Draws the cells from `x` on that look alike; gives the cell after them.
fn run(buffer: &Buffer, svg: &mut String, x: u16, y: u16) -> u16 {
    let Some(first) = buffer.cell((x, y)) else {
        return x + 1;
    };
    let look = look(first);
    let mut text = String::new();
    let mut end = x;
    while let Some(cell) = buffer
        .cell((end, y))
        .filter(|cell| end < buffer.area.right() && self::look(cell) == look)
    {
        text.push_str(cell.symbol());
        end += 1;
    }
    let left = 8 + u32::from(x) * CELL / 10;
    let length = u32::from(end - x) * CELL / 10;
    let top = 8 + u32::from(y) * LINE;
    if let Some(back) = look.back {
        let _ = writeln!(
            svg,
            "<rect x=\"{left}\" y=\"{top}\" width=\"{length}\" height=\"{LINE}\" fill=\"{back}\"/>"
        );
    }
    if !text.trim().is_empty() {
        let base = top + 14;
        let bold = if look.bold {
            " font-weight=\"bold\""
        } else {
            ""
        };
        let under = if look.under {
            " text-decoration=\"underline\""
        } else {
            ""
        };
        let dim = if look.dim { " opacity=\"0.6\"" } else { "" };
        let fill = look.fore;
        let _ = writeln!(
            svg,
            "<text x=\"{left}\" y=\"{base}\" textLength=\"{length}\" lengthAdjust=\"spacingAndGlyphs\" fill=\"{fill}\"{bold}{under}{dim}>{}</text>",
            escape(&text)
        );
    }
    end.max(x + 1)
}

/// How a cell looks.
#[derive(PartialEq, Eq)]
struct Look {
    fore: &'static str,
    back: Option<&'static str>,
    bold: bool,
    dim: bool,
    under: bool,
}

fn look(cell: &Cell) -> Look {
    let has = |modifier| cell.modifier.contains(modifier);
    let (fore, back) = (colour(cell.fg), colour(cell.bg));
    let (fore, back) = if has(Modifier::REVERSED) {
        (back.unwrap_or(BACK), Some(fore.unwrap_or(FORE)))
    } else {
        (fore.unwrap_or(FORE), back)
    };
    Look {
        fore,
        back,
        bold: has(Modifier::BOLD),
        dim: has(Modifier::DIM),
        under: has(Modifier::UNDERLINED),
    }
}

/// The 16 colours as a common terminal shows them; `None` is the terminal's own.
fn colour(colour: Color) -> Option<&'static str> {
    Some(match colour {
        Color::Black => "#101010",
        Color::Red => "#cc4444",
        Color::Green => "#5faf5f",
        Color::Yellow => "#d7af00",
        Color::Blue => "#5f87d7",
        Color::Magenta => "#c678dd",
        Color::Cyan => "#45b8c4",
        Color::Gray => "#d0d0d0",
        Color::DarkGray => "#7a7f8a",
        Color::LightRed => "#ff6b6b",
        Color::LightGreen => "#87d787",
        Color::LightYellow => "#ffd75f",
        Color::LightBlue => "#87afff",
        Color::LightMagenta => "#e6a0f0",
        Color::LightCyan => "#7fe0e8",
        Color::White => "#ffffff",
        _ => return None,
    })
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
