//! What is out there? Facts, the world they fold into, findings, and every change that can be asked for.
//!
//! Pure files: the nouns (`moment`, `level`, `seen`, `finding`, `fact`, `table`, `health`, `world`, `ground`, `board`, `op`, `rights`, `secret`, `went`, `written`, `kinds`) and each
//! source's `mod.rs`. Async files: `cluster.rs` (the two clients), `watch.rs` (kube's watcher to facts), each source's
//! `watch.rs`, and `apply.rs` (asks for a change). No pure file imports an async one.
//!
//! To add a source: a folder with `mod.rs` (nouns, fold, findings), `watch.rs` (to facts), one variant in `fact`,
//! one field in `world`, one column in `board`.

pub mod alerts;
pub mod apply;
pub mod backups;
pub mod board;
pub mod cluster;
mod cluster_findings;
pub mod drift;
pub mod fact;
pub mod finding;
#[cfg(test)]
mod fixtures;
pub mod ground;
mod health;
pub mod kinds;
pub mod level;
pub mod moment;
pub mod op;
mod request;
pub mod rights;
pub mod secret;
pub mod seen;
pub mod table;
pub mod traffic;
pub mod twins;
pub mod watch;
mod went;
pub mod world;
pub mod written;
pub mod zones;
