//! Text that was made to fool: each of the corpus through what a cluster, an issuer, a file, a command line and a hand
//! can supply, to screens, standard output, standard error, files and pictures.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test starts the program, and panics where it cannot go on"
)]

mod answers;
mod corpus;
#[path = "../screens/estate.rs"]
#[expect(
    dead_code,
    clippy::too_many_lines,
    clippy::needless_pass_by_value,
    clippy::format_push_string,
    reason = "the night of the drawings, of which only some is told here"
)]
mod estate;
mod fields;
mod glass;
#[path = "../auth/issuer.rs"]
#[expect(
    dead_code,
    reason = "the scripted issuer, of which only some is asked here"
)]
mod issuer;
mod kinds;
mod odd;
mod runs;
mod screens;
mod sign_in;
mod verbs;
#[path = "../screens/world.rs"]
mod world;

use corpus::Corpus;
use corpus::harmless;
use crashcart::text::SafeText;
use crashcart::text::safe;
use proptest::prelude::*;

#[test]
fn the_whole_corpus_is_shown_for_what_it_is() {
    let corpus = Corpus::read();
    for one in &corpus.text {
        let (raw, name) = (one.whole(), &one.name);
        let safe = SafeText::new(&raw);
        harmless(safe.as_str(), name);
        assert!(!safe.as_str().contains('\n'), "{name}");
        assert!(safe.as_str().contains(&one.shows), "{name}: {safe:?}");
        assert!(safe.as_str().len() <= safe::MAX_BYTES, "{name}");
        assert_eq!(SafeText::new(safe.as_str()), safe, "{name}");
        harmless(&safe::lines(&raw), name);
        let written = serde_json::to_string(&raw).unwrap();
        assert_eq!(serde_json::from_str::<SafeText>(&written).unwrap(), safe);
    }
    for one in &corpus.bytes {
        let text = String::from_utf8_lossy(&one.whole()).into_owned();
        let safe = SafeText::new(&text);
        harmless(safe.as_str(), &one.name);
        assert!(safe.as_str().contains('\u{fffd}'), "{}: {safe:?}", one.name);
    }
    for one in &corpus.json {
        match serde_json::from_str::<SafeText>(&one.json) {
            Ok(safe) => harmless(safe.as_str(), &one.name),
            Err(error) => harmless(&error.to_string(), &one.name),
        }
    }
}

/// Pieces of the corpus in any order, cut anywhere: what one of them leaves open, the next may close.
fn mixtures() -> impl Strategy<Value = String> {
    let pieces: Vec<String> = Corpus::read()
        .text
        .iter()
        .map(|one| one.whole().chars().take(12).collect())
        .collect();
    let piece = (proptest::sample::select(pieces), 0_usize..12)
        .prop_map(|(piece, end)| piece.chars().take(end).collect::<String>());
    proptest::collection::vec(prop_oneof![piece, any::<String>()], 0..40)
        .prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn at_id_01_no_mixture_of_hostile_text_gets_through(raw in mixtures()) {
        let safe = SafeText::new(&raw);
        harmless(safe.as_str(), "a mixture");
        prop_assert!(!safe.as_str().contains('\n'));
        prop_assert!(safe.as_str().len() <= safe::MAX_BYTES);
        prop_assert_eq!(&SafeText::new(safe.as_str()), &safe);
        let lines = safe::lines(&raw);
        harmless(&lines, "lines of a mixture");
        prop_assert_eq!(lines.matches('\n').count(), raw.matches('\n').count());
        prop_assert_eq!(safe::lines(&lines), lines);
    }
}
