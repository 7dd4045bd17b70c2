//! What if? A simulated estate that speaks only HTTP to the rest.
