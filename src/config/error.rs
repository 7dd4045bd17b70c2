//! The one error of this room: a file, a line where there is one, and one sentence.

use std::path::Path;
use std::path::PathBuf;

/// Why a configuration, policy or kubeconfig file cannot be used.
///
/// The sentence says what is wrong and what to do; what it quotes from the file is escaped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Something at one line of the file.
    #[error("{} line {line}: {sentence}", file.display())]
    Line {
        /// The file.
        file: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong and what to do.
        sentence: String,
    },
    /// Something about the file as a whole.
    #[error("{}: {sentence}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong and what to do.
        sentence: String,
    },
}

impl ConfigError {
    /// An error about a whole file.
    pub(crate) fn file(file: &Path, sentence: impl Into<String>) -> Self {
        Self::File {
            file: file.to_path_buf(),
            sentence: sentence.into(),
        }
    }

    /// The sentence without the file and line before it.
    pub fn sentence(&self) -> &str {
        match self {
            Self::Line { sentence, .. } | Self::File { sentence, .. } => sentence,
        }
    }
}
