//! A runbook as its author wrote it: front matter, prose and steps, every value still a pattern.

use crate::text::hex;
use std::collections::BTreeMap;

use sha2::Digest;
use sha2::Sha256;

use super::plan::Mode;
use super::steps::Kind;

/// What a parameter is, which decides how it is picked and checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ParamType {
    /// A cluster of the configuration, by its name.
    Cluster,
    /// A namespace of that cluster.
    Namespace,
    /// A Backup by its name, never a schedule.
    Backup,
    /// A ticket such as `INC-4411`.
    Ticket,
    /// One line of text.
    Text,
}

impl ParamType {
    /// Says what is wrong with a value of this type, or nothing.
    pub fn refuses(self, value: &str) -> Option<&'static str> {
        match self {
            ParamType::Cluster | ParamType::Namespace if !label(value, 63) => {
                Some("must be lower case letters, digits and `-`, at most 63")
            }
            ParamType::Backup if !label(&value.replace('.', "-"), 253) => {
                Some("must be lower case letters, digits, `-` and `.`, at most 253")
            }
            ParamType::Ticket if !ticket(value) => {
                Some("must be letters, digits, `-`, `_`, `#` and `.`, like INC-4411")
            }
            ParamType::Text if value.trim().is_empty() || value.contains('\n') => {
                Some("must be one line with at least one word")
            }
            _ => None,
        }
    }
}

fn label(value: &str, most: usize) -> bool {
    let inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !value.is_empty()
        && value.len() <= most
        && value.bytes().all(inside)
        && !value.starts_with('-')
        && !value.ends_with('-')
}

fn ticket(value: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || b"-_#.".contains(&byte);
    !value.is_empty() && value.len() <= 40 && value.bytes().all(inside)
}

/// One parameter, in the order of the file, which is the order of the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    /// Its name, `namespace`.
    pub name: String,
    /// What it is.
    pub kind: ParamType,
    /// True when the run finds a value by itself if none is given.
    pub optional: bool,
    /// What it is for, in one line; may be empty.
    pub help: String,
    /// Line of the file, from 1.
    pub line: usize,
}

/// How a step says that it is taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndoLine {
    /// The way: `resume`, `delete-created`, `expires`, `none`.
    pub by: String,
    /// Why so, in one clause.
    pub why: String,
}

/// One step as written; `${...}` is not yet filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookStep {
    /// The number in its heading, from 1.
    pub number: u32,
    /// The author's id, `restore`.
    pub id: String,
    /// What it does.
    pub kind: Kind,
    /// The heading: one imperative line.
    pub title: String,
    /// The prose below the heading, which says why.
    pub why: String,
    /// Seconds after which waiting is a failure.
    pub timeout_s: u32,
    /// What the world must show afterwards, in words.
    pub done: String,
    /// How it is taken back, where it changes something.
    pub undo: Option<UndoLine>,
    /// True when it may be left out with a reason.
    pub skip: bool,
    /// Values of its kind by key: `typed`, `name`, `keep`, `backup`, `of`.
    pub values: BTreeMap<String, String>,
    /// Line of its block's first line, from 1.
    pub line: usize,
}

/// How many different people a run needs, the one who runs it included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct People {
    /// On the estate as it is.
    pub live: u32,
    /// On a drill target.
    pub drill: u32,
}

/// Where a runbook comes from, which decides whether it may run live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Part of the binary.
    BuiltIn,
    /// A file of the user's folder, not signed: readable, never live.
    User(String),
}

/// A runbook, read and checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Book {
    /// Its id, `restore-namespace`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its version, from 1.
    pub version: u32,
    /// Who keeps it right.
    pub owner: String,
    /// Ids of the findings that it treats.
    pub treats: Vec<String>,
    /// Parameters in order.
    pub params: Vec<Param>,
    /// How many people it needs by itself; the zone may need more.
    pub people: People,
    /// The day by which somebody must have read it again, `2027-02-15`.
    pub review_by: String,
    /// What no two runs may act on at once, still a pattern.
    pub lock: String,
    /// Prose before the first step: `Use when`, `Do not use`, `What can go wrong`.
    pub summary: String,
    /// Steps in order.
    pub steps: Vec<BookStep>,
    /// The file's text, byte for byte.
    pub text: String,
    /// SHA-256 of that text, hex.
    pub digest: String,
    /// Where it comes from.
    pub origin: Origin,
}

impl Book {
    /// True when a live run may use it.
    pub fn trusted(&self) -> bool {
        self.origin == Origin::BuiltIn
    }

    /// How many people it asks for in this mode.
    pub fn needs(&self, mode: Mode) -> u32 {
        match mode {
            Mode::Live => self.people.live,
            Mode::Drill => self.people.drill,
        }
    }

    /// The step of that id.
    pub fn step(&self, id: &str) -> Option<&BookStep> {
        self.steps.iter().find(|step| step.id == id)
    }

    /// The sentence of the summary that begins with `Use when`, without Markdown; empty when there is none.
    pub fn use_when(&self) -> &str {
        self.paragraph("Use when")
    }

    /// The paragraph of the summary that begins with `Do not use`; empty when there is none.
    pub fn not_when(&self) -> &str {
        self.paragraph("Do not use")
    }

    fn paragraph(&self, start: &str) -> &str {
        let mut all = self.summary.split("\n\n").map(str::trim);
        all.find(|text| text.starts_with(start)).unwrap_or_default()
    }
}

/// SHA-256 of some bytes, 64 hex digits.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}
