//! Whether the program goes on after an event.

/// Whether the program goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It goes on.
    On,
    /// Everything must be drawn anew.
    Redraw,
    /// It ends.
    End,
}

/// The weightier of two turns: an end, then a redraw.
pub(super) fn worst(one: Turn, other: Turn) -> Turn {
    match (one, other) {
        (Turn::End, _) | (_, Turn::End) => Turn::End,
        (Turn::Redraw, _) | (_, Turn::Redraw) => Turn::Redraw,
        _ => Turn::On,
    }
}
