//! Scenarios: trouble over time, as data that a user can write.
//!
//! A file of `scenarios/` says how the estate stands when the story begins, what happens when
//! (`act`), what people are told (injects), which finding must then lead the board, and what a
//! drill is scored by (`goals`). `stage` plays it on the simulated clock. To add one: a file in
//! `scenarios/` and a line in [`BUILT_IN`]; a file of that name in the user's folder wins.

mod act;
mod carry;
pub mod goals;
mod model;
mod objects;
mod parse;
mod read;
pub(in crate::sim) mod script;
pub mod stage;

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::sim::SimError;
use crate::sim::seed::Base;

use act::Act;
use goals::Goal;

/// The scenarios that are built in: the name, and the text of the file.
pub const BUILT_IN: &[(&str, &str)] = &[
    (
        "alert-storm",
        include_str!("../../../scenarios/alert-storm.toml"),
    ),
    (
        "backup-store-locked-out",
        include_str!("../../../scenarios/backup-store-locked-out.toml"),
    ),
    (
        "half-silent-cluster",
        include_str!("../../../scenarios/half-silent-cluster.toml"),
    ),
    (
        "quiet-night",
        include_str!("../../../scenarios/quiet-night.toml"),
    ),
    (
        "ransomware-in-clinical",
        include_str!("../../../scenarios/ransomware-in-clinical.toml"),
    ),
    (
        "region-lost",
        include_str!("../../../scenarios/region-lost.toml"),
    ),
    (
        "registry-down",
        include_str!("../../../scenarios/registry-down.toml"),
    ),
    (
        "restore-that-lies",
        include_str!("../../../scenarios/restore-that-lies.toml"),
    ),
];

/// Why a scenario cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// Something in the file is not what it should be.
    #[error("{file} line {line}: {sentence}")]
    Line {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong there, and what would be right.
        sentence: String,
    },
    /// There is no scenario of that name.
    #[error("there is no scenario {name:?}; choose from {}", known.join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A file of the user's folder cannot be read.
    #[error("the scenario {} cannot be read; make it a file of yours in UTF-8", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The estate that the scenario is checked against cannot be made.
    #[error("the simulated estate that the scenario is checked against cannot be made")]
    Estate(#[from] SimError),
}

/// Something that happens to the estate, some time after the story begins.
#[derive(Clone, Debug)]
pub(in crate::sim) struct Event {
    pub(in crate::sim) at: Duration,
    pub(in crate::sim) act: Act,
}

/// Something that a person is told during a drill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inject {
    /// How long after the story begins.
    pub at: Duration,
    /// Who says it.
    pub from: String,
    /// The words.
    pub says: String,
}

/// The finding that must lead the board when the console opens; an empty word is not asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct First {
    /// Its kind, such as `store.unavailable`.
    pub kind: String,
    /// Its cluster.
    pub cluster: String,
    /// What its object or sentence holds.
    pub says: String,
}

/// A story that can be played and scored.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name: that of the file, without `.toml`.
    pub name: String,
    /// Its title, a few words.
    pub title: String,
    /// What a person is told before it begins.
    pub premise: String,
    /// How the estate stands at the beginning.
    pub base: Base,
    /// How long the story has run when the console opens.
    pub opens: Duration,
    /// The finding that must lead the board then; none when nothing may be wrong.
    pub first: Option<First>,
    /// The most rows that NEEDS YOU may hold then.
    pub rows: usize,
    /// What people are told, in order of time.
    pub injects: Vec<Inject>,
    /// What a drill is scored by.
    pub goals: Vec<Goal>,
    /// What happens, in order of time.
    pub(in crate::sim) events: Vec<Event>,
}

impl Scenario {
    /// Reads a scenario from the text of a file.
    ///
    /// # Errors
    /// The first thing that is not as it should be, with its line.
    pub fn read(name: &str, file: &str, text: &str) -> Result<Scenario, ScenarioError> {
        parse::scenario(name, read::Origin { file, text })
    }

    /// Finds a scenario by name: in the user's folder first, then among those built in.
    ///
    /// # Errors
    /// None of that name, a file that cannot be read, or one that is wrong.
    pub fn load(name: &str, folder: Option<&Path>) -> Result<Scenario, ScenarioError> {
        if let Some(path) = file_of(name, folder) {
            let text = std::fs::read_to_string(&path);
            let text = text.map_err(|source| ScenarioError::Unreadable {
                path: path.clone(),
                source,
            })?;
            return Scenario::read(name, &path.display().to_string(), &text);
        }
        match BUILT_IN.iter().find(|(known, _)| *known == name) {
            Some((name, text)) => Scenario::read(name, &format!("scenarios/{name}.toml"), text),
            None => Err(ScenarioError::Unknown {
                name: name.to_owned(),
                known: names(folder),
            }),
        }
    }

    /// When the last thing of the story happens, and the last goal is due.
    pub fn length(&self) -> Duration {
        let events = self.events.iter().map(|event| event.at);
        let injects = self.injects.iter().map(|inject| inject.at);
        let goals = self.goals.iter().filter_map(Goal::within);
        let last = events.chain(injects).chain(goals).max();
        last.unwrap_or_default().max(self.opens)
    }
}

/// The user's file of a scenario, if there is one; a name that leads elsewhere is none.
fn file_of(name: &str, folder: Option<&Path>) -> Option<PathBuf> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    if name.is_empty() || !name.chars().all(plain) {
        return None;
    }
    let path = folder?.join(format!("{name}.toml"));
    path.exists().then_some(path)
}

/// The names of all scenarios there are, in order.
pub fn names(folder: Option<&Path>) -> Vec<String> {
    let mut names: Vec<String> = BUILT_IN
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    let entries = folder.and_then(|folder| std::fs::read_dir(folder).ok());
    let files = entries.into_iter().flatten().flatten();
    let own = files.filter_map(|entry| entry.file_name().into_string().ok());
    names.extend(own.filter_map(|file| file.strip_suffix(".toml").map(str::to_owned)));
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests;
