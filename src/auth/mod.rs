//! Who is acting? Identities, sessions and sign-in.
//!
//! Pure: [`person`] (who it is), [`audience`] (to whom a sign-in is worth something), [`session`] (for how long), [`tokens`] (when to renew), [`step_up`] (a proof for one deed), [`given_back`] (how it ended),
//! [`sign_in`] (what the screen says meanwhile), [`redirect`] (what a browser brought back), [`others`] (who else is on
//! this host). `oidc/` talks to an issuer and `store/` keeps sign-ins; neither starts a task or knows the time,
//! which comes in as `now`.

pub mod audience;
pub mod eks;
pub mod error;
pub mod given_back;
pub mod oidc;
pub mod others;
pub mod person;
pub mod redirect;
pub mod session;
pub mod sign_in;
pub mod step_up;
pub mod store;
pub mod tokens;

pub use audience::Audience;
pub use error::AuthError;
pub use given_back::GivenBack;
pub use person::Person;
pub use session::Session;
pub use sign_in::{DevicePrompt, PagePrompt, SignIn, Simulated};
pub use tokens::{Next, TokenState, Tokens};
