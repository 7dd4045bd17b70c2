//! A secret: text that cannot be shown by accident.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

/// A token, key or password. It has no `Display`, its `Debug` says only that it is there, and its bytes are wiped when
/// the last that holds it is gone.
///
/// ```compile_fail
/// println!("{}", crashcart::config::Secret::new("canary"));
/// ```
#[derive(Clone)]
pub struct Secret(Arc<Zeroizing<String>>);

impl Secret {
    /// Takes the text in.
    pub fn new(text: &str) -> Self {
        Self(Arc::new(Zeroizing::new(text.to_owned())))
    }

    /// The text itself, for the one place that must send or use it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn debug_shows_nothing_of_it() {
        let secret = Secret::new("canary");
        assert_eq!(format!("{secret:?} {secret:#?}"), "Secret(..) Secret(..)");
        assert_eq!(secret.expose(), "canary");
    }
}
