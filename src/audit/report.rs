//! What a verification found, in figures and in sentences.

use serde::Serialize;

use crate::text::count;

/// What could be proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// Every entry is as it was written, and none is missing.
    Whole,
    /// An entry was altered, moved or taken away.
    Tampered,
    /// What is needed for a proof is missing or unreadable.
    CannotProve,
}

/// One line of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// `OK`, `WARN`, `CRIT`, `?` or `-`.
    pub level: &'static str,
    /// What was found, and what to do about it.
    pub sentence: String,
}

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// What could be proved.
    pub proof: Proof,
    /// How many lines were read.
    pub entries: u64,
    /// How many entries are under the newest signed checkpoint that agrees.
    pub sealed: u64,
    /// How many signed checkpoints agree.
    pub checkpoints: u64,
    /// Whether every entry is proved.
    pub whole: bool,
    /// The first entry that is not as it was written; all before it are whole.
    pub first_bad: Option<u64>,
    /// Intents no outcome was recorded for, by entry.
    pub open_intents: Vec<u64>,
    /// Entries whose body was taken away; the proof does not need it.
    pub erased: Vec<u64>,
    /// Entries that record bytes torn by a crash.
    pub torn: Vec<u64>,
    /// Entries that record damage found by an earlier session.
    pub breaks: Vec<u64>,
    /// The report in sentences, the verdict first.
    pub lines: Vec<Line>,
}

impl Report {
    /// Gives the exit code: 0 whole, 1 tampered, 2 cannot be proved.
    pub fn exit_code(&self) -> u8 {
        match self.proof {
            Proof::Whole => 0,
            Proof::Tampered => 1,
            Proof::CannotProve => 2,
        }
    }
}

/// Adds a line about some entries, where there are any: `what: entries 3, 9; next`.
pub(super) fn about(
    lines: &mut Vec<Line>,
    level: &'static str,
    entries: &[u64],
    what: &str,
    next: &str,
) {
    const SHOWN: usize = 8;
    let mut shown: Vec<String> = entries.iter().take(SHOWN).map(|seq| count(*seq)).collect();
    if entries.len() > SHOWN {
        shown.push(format!(
            "and {} more",
            count((entries.len() - SHOWN) as u64)
        ));
    }
    let noun = match entries.len() {
        0 => return,
        1 => "entry",
        _ => "entries",
    };
    let sentence = format!("{what}: {noun} {}; {next}", shown.join(", "));
    lines.push(Line { level, sentence });
}
