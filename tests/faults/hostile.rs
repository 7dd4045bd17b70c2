//! Text that a cluster could hold to fool whoever looks: nothing of it reaches a screen or a script.

use crashcart::state::action::Action;
use crashcart::state::event::What;
use crashcart::state::nav::Screen;
use crashcart::view::draw::draw;
use crashcart::view::lines;
use crashcart::view::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::night::Night;
use crate::night::SICK;
use crate::night::play;

/// True for what must never be drawn: controls, turned directions, letters of no width, private ones.
fn is_hostile(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Looks at the screen in three sizes; true when a text that was made hostile stands there, without what made it so.
fn looks(night: &mut Night, what: &str) -> bool {
    let mut shown = false;
    for (width, height) in [(80, 24), (120, 40), (200, 60)] {
        night.engine.happen(What::Resize(width, height));
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        let theme = Theme::built_in("mono").unwrap();
        draw(&night.engine.state, &theme, area, &mut buffer);
        let letters: String = buffer
            .content
            .iter()
            .map(ratatui::buffer::Cell::symbol)
            .collect();
        shown |= letters.contains("gotcha") || letters.contains('病');
        for (at, cell) in buffer.content.iter().enumerate() {
            let found = cell.symbol().chars().find(|letter| is_hostile(*letter));
            assert_eq!(
                found,
                None,
                "{what} {width}x{height} at {at}: {:?}",
                cell.symbol()
            );
        }
    }
    shown
}

fn against(words: &str) {
    play(async |mut night| {
        night
            .estate
            .faults()
            .add(format!("cluster={SICK} {words}").parse().unwrap());
        // A list of everything is wanted, not the change of one thing.
        night.engine.act(Action::Refresh, true);
        night.pass(60, |_, _| {}).await;
        assert!(!night.engine.state.board.findings.is_empty());
        let mut shown = false;
        for screen in [
            Screen::Board,
            Screen::Backups,
            Screen::Drift,
            Screen::Alerts,
            Screen::Session,
        ] {
            night.engine.act(Action::Go(screen), true);
            shown |= looks(&mut night, &format!("{screen:?}"));
            for _ in 0..6 {
                night.engine.act(Action::Open, true);
                shown |= looks(&mut night, &format!("{screen:?}, opened"));
                night.engine.act(Action::Move { by: 1, page: false }, true);
            }
        }
        assert!(
            shown,
            "the hostile text was on no screen, so nothing was tested"
        );
        let state = &night.engine.state;
        let text = lines::board_text(state, &state.board);
        let found = text
            .chars()
            .find(|letter| *letter != '\n' && is_hostile(*letter));
        assert_eq!(found, None, "{text:?}");
    });
}

#[test]
fn hostile_text_reaches_no_screen() {
    against("fault=hostile");
}

#[test]
fn hostile_names_reach_no_screen() {
    against("fault=hostile-names");
}
