//! Shares the body among panes: who gets how many rows, and what is left out in a small window.

use super::pane::Pane;

/// How many rows each pane may show in `height` lines; a pane that gets nothing at all is left out.
///
/// Too little room is taken first from the pane that can spare most, then from the last one.
pub fn share(panes: &[Pane], height: usize) -> Vec<Option<usize>> {
    let mut shown: Vec<Option<usize>> = panes.iter().map(|pane| Some(pane.rows.len())).collect();
    loop {
        let used: usize = panes
            .iter()
            .zip(&shown)
            .map(|(pane, shown)| shown.map_or(0, |rows| pane.fixed() + rows))
            .sum();
        if used <= height {
            return shown;
        }
        let spare = |index: &usize| {
            shown[*index].map_or(0, |rows| rows.saturating_sub(panes[*index].least))
        };
        let widest = (0..panes.len())
            .max_by_key(spare)
            .filter(|index| spare(index) > 0);
        if let Some(index) = widest {
            shown[index] = shown[index].map(|rows| rows - 1);
            continue;
        }
        // Nobody can spare a row: the last pane without the focus goes, then rows of what is left.
        let last = (0..panes.len())
            .rev()
            .find(|index| shown[*index].is_some() && !panes[*index].focus);
        let left = shown.iter().flatten().count();
        match last {
            // What is left shares the room anew.
            Some(index) if left > 1 => {
                shown[index] = None;
                for (rows, pane) in shown.iter_mut().zip(panes) {
                    *rows = rows.map(|_| pane.rows.len());
                }
            }
            _ => {
                let Some(index) = (0..panes.len())
                    .rev()
                    .find(|index| shown[*index].is_some_and(|rows| rows > 0))
                else {
                    return shown;
                };
                shown[index] = shown[index].map(|rows| rows - 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::share;
    use crate::view::role::Role;
    use crate::view::widgets::pane::Pane;
    use crate::view::widgets::row::Row;

    fn pane(rows: usize) -> Pane {
        Pane::new("A").rows((0..rows).map(|_| Row::line(Role::Text, "x")))
    }

    #[test]
    fn the_longest_pane_gives_first_and_the_focus_stays_last() {
        assert_eq!(share(&[pane(9), pane(3)], 10), [Some(5), Some(3)]);
        assert_eq!(share(&[pane(9).focus(true), pane(3)], 3), [Some(2), None]);
        assert_eq!(share(&[pane(2)], 9), [Some(2)]);
        assert_eq!(share(&[pane(2).focus(true)], 0), [Some(0)]);
    }
}
