//! What is shipped is right: every runbook reads and lints, every scenario plays and can be won, and each bad file fails
//! with the expected words.

mod shipped {
    mod boards;
    mod runbooks;
    mod scenarios;
}
