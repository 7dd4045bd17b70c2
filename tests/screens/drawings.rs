//! Every screen of the night at four sizes, against its golden files.

use crashcart::sources::seen::Freshness;
use crashcart::state::LastKnown;
use crashcart::state::State;
use crashcart::state::nav::Screen;
use crashcart::state::prompt::Line;
use crashcart::state::prompt::Prompt;
use crashcart::view::theme::Theme;

use crate::estate;
use crate::golden;

const SIZES: [(u16, u16); 4] = [(60, 20), (80, 24), (120, 40), (200, 60)];

fn check(name: &str, state: &State) {
    let probe = golden::probe();
    for size in SIZES {
        let buffer = golden::frame(state, &probe, size);
        let text = golden::text(&buffer).join("\n");
        let roles = golden::roles(&buffer, &probe).join("\n");
        let (width, height) = size;
        golden::check(
            &format!("{name}-{width}x{height}.txt"),
            &format!("{text}\n{}\n{roles}\n", "~".repeat(usize::from(width))),
        );
    }
}

/// Every screen there is, by the name of its golden files.
pub fn all() -> Vec<(&'static str, State)> {
    let on = |screen| {
        let mut state = estate::night();
        state.nav.screen = screen;
        state.nav.back = vec![Screen::Board];
        state
    };
    let mut states = vec![("board", estate::night())];
    for (name, screen) in [
        ("zone", Screen::Zone),
        ("backups", Screen::Backups),
        ("drift", Screen::Drift),
        ("alerts", Screen::Alerts),
        ("runbooks", Screen::Runbooks),
        ("runs", Screen::Runs),
        ("log", Screen::Log),
        ("session", Screen::Session),
        ("help", Screen::Help),
    ] {
        let mut state = on(screen);
        state.nav.zone = Some("clinical".into());
        states.push((name, state));
    }
    let mut finding = on(Screen::Finding);
    let id = finding.board.findings[1].id();
    finding.nav.marks.insert(Screen::Finding, id);
    states.push(("finding", finding));
    let mut book = on(Screen::Book);
    book.nav.book = Some("restore-namespace".to_owned());
    states.push(("book", book));
    let mut palette = estate::night();
    palette.prompt = Some(Prompt::Palette {
        line: Line::of("re"),
        at: None,
    });
    states.push(("palette", palette));
    let mut filter = estate::night();
    filter.nav.filter = "sth".to_owned();
    filter.prompt = Some(Prompt::Filter(Line::of("sth")));
    states.push(("filter", filter));
    states.push(("stale", stale()));
    states.push(("sign-in", sign_in()));
    let mut who = sign_in();
    let people = ["alice", "bob", "carol"].map(str::to_owned).to_vec();
    who.prompt = Some(Prompt::WhoAnswers { people, at: 1 });
    who.here.simulated = true;
    states.push(("who-answers", who));
    states
}

fn sign_in() -> State {
    let mut state = estate::night();
    state.nav.screen = Screen::SignIn;
    state.nav.back = vec![Screen::Board];
    state.person = None;
    state.sign_in = estate::device();
    state
}

/// A start without a network: everything is history.
pub fn stale() -> State {
    let mut state = estate::night();
    let board = std::mem::take(&mut state.board);
    let never = |mut board: crashcart::sources::board::Board| {
        board.findings.clear();
        for zone in &mut board.zones {
            for row in &mut zone.clusters {
                row.freshness = Freshness::Never;
            }
        }
        for cluster in &mut board.clusters {
            cluster.1 = Freshness::Never;
        }
        board
    };
    state.board = never(board.clone());
    state.last_known = LastKnown {
        saved: Some(estate::at("04:40:00")),
        board,
    };
    state
}

#[test]
fn every_screen_looks_as_it_did() {
    for (name, state) in all() {
        check(name, &state);
    }
}

#[test]
fn ascii_draws_nothing_but_ascii() {
    let theme = Theme::built_in("mono").unwrap().in_ascii(true);
    for (name, state) in all() {
        for size in SIZES {
            for line in golden::text(&golden::frame(&state, &theme, size)) {
                assert!(line.is_ascii(), "{name}: {line}");
            }
        }
    }
}

#[test]
fn what_is_history_never_wears_the_role_of_ok() {
    let probe = golden::probe();
    let buffer = golden::frame(&stale(), &probe, (80, 24));
    let (text, roles) = (golden::text(&buffer), golden::roles(&buffer, &probe));
    assert!(text.iter().any(|line| line.contains("? was OK")));
    assert!(!roles.iter().any(|line| line.contains('O')), "{roles:#?}");
}
