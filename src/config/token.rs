//! A bearer token, and a file that something else keeps renewing one in.

use super::ConfigError;
use super::file;
use super::secret::Secret;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::path::PathBuf;

/// A token without the blanks around it; `None` when it is empty or could not stand in a header.
pub(super) fn token(text: &str) -> Option<Secret> {
    let token = text.trim();
    let fits = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then(|| Secret::new(token))
}

/// A file that holds a token and may be replaced at any time, as a kubelet does with its pods'.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenFile {
    path: PathBuf,
}

/// What tells one state of a file from the next; never the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    inode: u64,
    length: u64,
    changed: (i64, i64),
}

impl TokenFile {
    /// The file of that path; nothing is read yet.
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_path_buf(),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its state now; `None` when it cannot be looked at.
    pub fn stamp(&self) -> Option<Stamp> {
        let about = std::fs::metadata(&self.path).ok()?;
        Some(Stamp {
            inode: about.ino(),
            length: about.len(),
            changed: (about.mtime(), about.mtime_nsec()),
        })
    }

    /// The token in it.
    ///
    /// # Errors
    /// When it cannot be read, others may write to it, or it holds no token.
    pub fn read(&self) -> Result<Secret, ConfigError> {
        let text = file::read_own(&self.path, "write the token there again")?;
        token(&text).ok_or_else(|| {
            let sentence = "it holds no token on one line; write the token there again";
            ConfigError::file(&self.path, sentence)
        })
    }
}
