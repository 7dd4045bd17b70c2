//! What must we remember? The append-only log, its proof, and the permit it gives.
pub mod permit;
