//! Talks to an issuer.
