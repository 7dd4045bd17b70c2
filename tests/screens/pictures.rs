//! `screenshots/`: drawn from the same buffers as the tests; a stale picture fails.

use std::path::PathBuf;

use crashcart::state::State;
use crashcart::state::nav::Screen;
use crashcart::view::svg::picture;
use crashcart::view::theme::Theme;

use crate::estate;
use crate::golden;

fn check(file: &str, state: &State, size: (u16, u16)) {
    let theme = Theme::built_in("ansi").unwrap();
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("screenshots")
        .join(file);
    golden::check_path(&path, &picture(&golden::frame(state, &theme, size)));
}

#[test]
fn the_board() {
    check("board.svg", &estate::night(), (120, 40));
}

#[test]
fn a_run() {
    check("run.svg", &estate::running(), (120, 40));
}

#[test]
fn the_log() {
    let mut state = estate::night();
    state.nav.screen = Screen::Log;
    check("log.svg", &state, (80, 24));
}
