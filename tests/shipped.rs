//! What is shipped is right: every runbook reads and lints, and each bad one fails with the expected words.

mod shipped {
    mod runbooks;
}
