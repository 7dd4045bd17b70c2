//! The configuration that `crashcart init` proposes.
