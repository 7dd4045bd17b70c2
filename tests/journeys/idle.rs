//! An idle console: no word changes, so not a byte is written.

use crashcart::app::out::Lean;
use crashcart::sources::fact::Fact;
use crashcart::sources::fact::Watch;
use crashcart::sources::fact::WatchNews;
use crashcart::sources::world::ClusterWorld;
use crashcart::state::State;
use crashcart::state::nav::Screen;
use crashcart::view::draw::draw;
use crashcart::view::theme::Theme;
use ratatui::Terminal;
use ratatui::layout::Size;

use crate::night;
use crate::play::Console;

/// Draws every second for 59 seconds: the bytes of the first frame, of all the others, and of the one when the clusters
/// become late.
fn bytes_of_a_minute(state: State) -> [u64; 3] {
    let size = Size {
        width: 120,
        height: 40,
    };
    let theme = Theme::built_in("ansi").expect("a theme");
    let mut terminal = Terminal::new(Lean::new(Vec::new(), size, true)).expect("a terminal");
    let mut console = Console::new(state);
    // Everything was heard now, and is judged now: the minute begins.
    heard_now(&mut console.state);
    console.state.stale = true;
    console.pass(0);
    let mut draw = |console: &Console| {
        let drawn = terminal.draw(|frame| {
            let area = frame.area();
            draw(&console.state, &theme, area, frame.buffer_mut());
        });
        drawn.expect("drawn");
        terminal.backend().written()
    };
    let first = draw(&console);
    let mut last = first;
    for _ in 0..59 {
        console.pass(1000);
        last = draw(&console);
    }
    console.pass(2000);
    [first, last - first, draw(&console) - last]
}

/// Every watch of every cluster gives a sign of life at this moment.
fn heard_now(state: &mut State) {
    let clusters: Vec<_> = state
        .config
        .clusters
        .iter()
        .map(|cluster| cluster.name.clone())
        .collect();
    for name in clusters {
        let Some(generation) = state.world.cluster(&name).map(ClusterWorld::generation) else {
            continue;
        };
        for watch in Watch::ALL {
            let fact = Fact::Watch(watch, WatchNews::Heard);
            state.world.fold(&name, generation, fact, state.now);
        }
    }
}

#[test]
fn a_minute_without_a_changed_word_writes_nothing() {
    let on = |screen| {
        let mut state = night::board();
        state.nav.screen = screen;
        state
    };
    for (name, state) in [
        ("board", night::board()),
        ("zone", on(Screen::Zone)),
        ("backups", on(Screen::Backups)),
        ("alerts", on(Screen::Alerts)),
        ("log", on(Screen::Log)),
        ("session", on(Screen::Session)),
        ("plan", night::plan()),
    ] {
        let [first, more, late] = bytes_of_a_minute(state);
        assert!(first > 1000, "{name}: the first frame is whole");
        assert_eq!(more, 0, "{name}");
        assert!(name != "board" || late > 0, "what is late is drawn");
    }
}
