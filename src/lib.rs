//! crashcart: the sealed emergency cart for a hybrid Kubernetes estate.
//!
//! This page is the architecture. Each room answers one question and imports only the rooms named
//! in its row; `tests/rooms.rs` holds the same table and fails on a closed door.
//!
//! | room | the question it answers | may import |
//! | --- | --- | --- |
//! | [`text`] | is it safe to show? | nothing |
//! | [`config`] | what were we told? | text |
//! | [`auth`] | who is acting? | config, text |
//! | [`audit`] | what must we remember? | auth, text |
//! | [`sources`] | what is out there? | config, auth, audit, text |
//! | [`runbook`] | what should we do? | sources (pure part), audit, auth, config, text |
//! | [`state`] | what is true now? | all above (pure parts) |
//! | [`keys`] | what was pressed? | state |
//! | [`view`] | what is seen? | state, keys, nouns of the rooms above |
//! | [`app`] | how does it run? | everything but sim |
//! | [`sim`] | what if? | config, text; it speaks only HTTP to the rest |
//! | [`cli`] | how is it asked? | everything |
//!
//! ```text
//!  keys ──keymap──▶ Action ─┐
//!  sources ───────▶ Fact ───┼─▶ Event{at, cluster, generation, ..} ─▶ update(&mut State, Event) ─▶ Vec<Effect>
//!  perform ───────▶ Outcome ┘                                             │                          │
//!                                                                         ▼                          ▼
//!                                           view::draw(&State, &Theme) ─▶ frame        app::perform(Effect)
//!                                                                                        1 audit.begin(..) ─▶ Permit
//!                                                                                        2 sources::apply(op, permit)
//!                                                                                        3 audit.end(..)
//!                                                                                        4 Outcome comes back as an Event
//! ```
//!
//! Only `update` changes [`state`]; only `perform` changes the world; nothing that is not a plain
//! read leaves without a permit, and only the log makes one, after the entry is on disk.

pub mod app;
pub mod audit;
pub mod auth;
pub mod cli;
pub mod config;
pub mod keys;
pub mod runbook;
pub mod sim;
pub mod sources;
pub mod state;
pub mod text;
pub mod view;
