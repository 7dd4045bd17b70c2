//! What is shipped is right: every runbook reads and lints, every scenario plays and can be won, and each bad file fails
//! with the expected words.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on panics"
)]
#![expect(
    clippy::format_push_string,
    reason = "what is wrong is gathered in one text, however slowly"
)]

mod shipped {
    mod boards;
    mod runbooks;
    mod scenarios;
}
