//! Any size: never a panic, and every line fits.

use proptest::prelude::*;

use crate::drawings;
use crate::golden;

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_size_is_drawn_without_a_panic(width in 1u16..=200, height in 1u16..=60) {
        let theme = golden::probe();
        for (_, state) in drawings::all() {
            let buffer = golden::frame(&state, &theme, (width, height));
            for line in golden::text(&buffer) {
                prop_assert!(line.chars().count() <= usize::from(width));
            }
        }
    }
}

#[test]
fn the_smallest_windows_say_what_fits() {
    let theme = golden::probe();
    for (_, state) in drawings::all() {
        for (width, height) in [
            (1, 1),
            (1, 60),
            (200, 1),
            (2, 3),
            (59, 19),
            (60, 20),
            (79, 24),
            (80, 23),
        ] {
            let buffer = golden::frame(&state, &theme, (width, height));
            assert_eq!(golden::text(&buffer).len(), usize::from(height));
        }
    }
}
