//! What a cluster and a hand can say, on every screen, through the program's own backend.

use crashcart::state::State;
use crashcart::state::action::Action;
use crashcart::state::event::Event;
use crashcart::state::event::What;
use crashcart::state::nav::Screen;
use crashcart::state::update::update;
use crashcart::view::lines;

use crate::corpus::Corpus;
use crate::corpus::harmless;
use crate::estate;
use crate::glass::Glass;
use crate::kinds;

/// Texts of the corpus that are told at once: so many stand on one screen together.
const AT_ONCE: usize = 7;
const SIZES: [(u16, u16); 2] = [(80, 24), (200, 60)];

fn happen(state: &mut State, what: What) {
    let at = state.now;
    update(state, Event { at, what });
    state.settle();
}

fn act(state: &mut State, action: Action) {
    happen(
        state,
        What::Action {
            action,
            alone: true,
        },
    );
}

#[test]
fn at_id_01_what_a_cluster_says_is_letters_on_every_screen_and_nothing_else() {
    let corpus = Corpus::read();
    for (turn, some) in corpus.text.chunks(AT_ONCE).enumerate() {
        let mut state = estate::night();
        let size = SIZES[turn % SIZES.len()];
        let mut glass = Glass::new(size);
        happen(&mut state, What::Resize(size.0, size.1));
        for (number, one) in some.iter().enumerate() {
            for what in kinds::told(&one.fit(), number, "sth-prod") {
                happen(&mut state, what);
            }
        }
        happen(&mut state, What::Tick);
        let names: Vec<&str> = some.iter().map(|one| one.name.as_str()).collect();
        let names = names.join(", ");
        let mut shown = String::new();
        for screen in [
            Screen::Board,
            Screen::Zone,
            Screen::Backups,
            Screen::Drift,
            Screen::Alerts,
            Screen::Session,
        ] {
            state.nav.zone = Some("clinical".into());
            act(&mut state, Action::Go(screen));
            shown += &glass.look(&state, &format!("{screen:?}: {names}"));
            for _ in 0..2 {
                act(&mut state, Action::Open);
                shown += &glass.look(&state, &format!("{screen:?} opened: {names}"));
                act(&mut state, Action::Go(screen));
                act(&mut state, Action::Move { by: 1, page: false });
            }
        }
        assert!(shown.contains("gotcha"), "{names}: on no screen");
        for text in [
            lines::board_text(&state, &state.board),
            lines::findings_text(&state, &state.board),
        ] {
            assert!(text.contains("gotcha"), "{names}: in no line");
            harmless(&text, &names);
        }
    }
}

#[test]
fn what_is_typed_or_pasted_shows_what_it_holds() {
    for one in &Corpus::read().text {
        let mut glass = Glass::new((80, 24));
        let book = || Action::RunBook("restore-namespace".to_owned());
        for (way, opens) in [
            ("filter", Action::Filter),
            ("palette", Action::Palette),
            ("parameters", book()),
        ] {
            let text = one.fit();
            let mut state = estate::night();
            happen(&mut state, What::Resize(80, 24));
            act(&mut state, opens);
            happen(
                &mut state,
                What::Action {
                    action: Action::Paste(text.clone()),
                    alone: false,
                },
            );
            glass.look(&state, &format!("{} pasted into the {way}", one.name));
            for character in text.chars().take(60) {
                act(&mut state, Action::Type(character));
            }
            glass.look(&state, &format!("{} typed into the {way}", one.name));
            act(&mut state, Action::Accept);
            glass.look(&state, &format!("{} accepted in the {way}", one.name));
        }
        let mut state = estate::night();
        happen(
            &mut state,
            What::Action {
                action: Action::Paste(one.fit()),
                alone: false,
            },
        );
        glass.look(&state, &format!("{} pasted into nothing", one.name));
    }
}

#[test]
fn a_hidden_letter_in_a_pasted_line_is_seen() {
    let mut state = estate::night();
    happen(&mut state, What::Resize(80, 24));
    act(&mut state, Action::Filter);
    let text = "sth\u{200b}-\u{202e}prod e\u{301}".to_owned();
    happen(
        &mut state,
        What::Action {
            action: Action::Paste(text),
            alone: false,
        },
    );
    let seen = Glass::new((80, 24)).look(&state, "a pasted filter");
    assert!(seen.contains("sth<U+200B>-<U+202E>prod e\u{301}"), "{seen}");
}
