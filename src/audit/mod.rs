//! What must we remember? The append-only log, its proof, and the permit it gives.
//!
//! [`Log`] writes entries, one JSON object a line, each durable before its receipt is given and
//! each naming the hash of the one before. [`verify()`] proves a log from its bytes alone. [`Permit`]
//! is the only way to send anything but a plain read, and only [`Log::begin`] makes one, after the
//! entry that says so is on disk. `docs/log-format.md` describes the files for a reader without us.
//!
//! The room knows no Kubernetes and no clock: time comes in as a [`Stamp`]. To record something
//! new, add its [`Kind`]; to keep more about it, put that in the entry's body.

mod body;
mod chain;
pub mod checkpoint;
mod disk;
pub mod entry;
pub mod error;
mod folder;
mod form;
mod head;
mod kind;
mod leaf;
mod levels;
mod log;
mod marks;
mod mend;
pub mod note;
pub mod own;
pub mod permit;
mod proof;
pub mod prove;
pub mod read;
mod report;
mod seal;
mod settle;
#[cfg(test)]
mod tests;
mod tree;
pub mod verify;
pub mod volume;
mod write;

pub use body::Body;
pub use entry::{Actor, Answer, Draft, Entry, Req, Res, Stamp};
pub use error::AuditError;
pub use kind::Kind;
pub use leaf::Leaf;
pub use log::{Log, Receipt};
pub use permit::{Actual, AuditId, Bound, Class, Permit, Refused, Ticket};
pub use prove::Proven;
pub use prove::prove;
pub use report::{Line, Proof, Report};
pub use verify::verify;
