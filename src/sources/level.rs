//! How bad it is, in the one order that every screen and exit code uses.

use serde::Serialize;

/// A level. The order is the order of worst: `Crit`, `Unknown`, `Warn`, `Ok`, `Absent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Somebody must act now.
    Crit,
    /// Not known: never counted as well.
    Unknown,
    /// Somebody must act soon.
    Warn,
    /// Judged now, from a source that is live.
    Ok,
    /// Nothing to judge: not installed, or no target set.
    Absent,
}

impl Level {
    /// The word of at most four columns that stands on every screen.
    pub fn word(self) -> &'static str {
        match self {
            Level::Crit => "CRIT",
            Level::Unknown => "?",
            Level::Warn => "WARN",
            Level::Ok => "OK",
            Level::Absent => "-",
        }
    }

    /// The worst of some levels; `Absent` when there is none, because `-` never counts.
    pub fn worst(levels: impl IntoIterator<Item = Level>) -> Level {
        levels.into_iter().min().unwrap_or(Level::Absent)
    }

    /// The exit code of `status` and `findings`: 0 OK, 1 WARN, 2 CRIT, 3 unknown.
    pub fn exit_code(self) -> u8 {
        match self {
            Level::Ok | Level::Absent => 0,
            Level::Warn => 1,
            Level::Crit => 2,
            Level::Unknown => 3,
        }
    }
}

impl Serialize for Level {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::Level;

    #[test]
    fn worst_puts_unknown_above_warn_and_never_counts_absent() {
        assert_eq!(
            Level::worst([Level::Ok, Level::Warn, Level::Unknown]),
            Level::Unknown
        );
        assert_eq!(Level::worst([Level::Absent, Level::Ok]), Level::Ok);
        assert_eq!(Level::worst([]), Level::Absent);
    }
}
