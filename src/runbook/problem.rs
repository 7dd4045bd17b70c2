//! What is wrong with a runbook file: one sentence, with its file, line and rule.

use std::fmt;

use crate::text::SafeText;

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The runbook cannot be used.
    Error,
    /// It can be used; somebody should look.
    Warn,
}

/// One thing that is wrong in a runbook file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file as it was named.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// How much it matters.
    pub severity: Severity,
    /// Id of the rule, `step.duplicate-id`.
    pub rule: &'static str,
    /// One sentence: what is wrong and what to do.
    pub words: String,
}

impl Problem {
    /// True when the runbook cannot be used because of it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warn => "warn",
        };
        write!(
            f,
            "{}:{}: {severity}: {} [{}]",
            self.file, self.line, self.words, self.rule
        )
    }
}

/// Collects the problems of one file.
#[derive(Debug)]
pub(crate) struct Problems<'a> {
    file: &'a str,
    /// What was found so far, in the order of finding.
    pub(crate) found: Vec<Problem>,
}

impl<'a> Problems<'a> {
    /// Nothing found yet in this file.
    pub(crate) fn new(file: &'a str) -> Self {
        Problems {
            file,
            found: Vec::new(),
        }
    }

    /// Adds something that makes the file unusable.
    pub(crate) fn error(&mut self, rule: &'static str, line: usize, words: impl Into<String>) {
        self.add(Severity::Error, rule, line, words.into());
    }

    /// Adds something that somebody should look at.
    pub(crate) fn warn(&mut self, rule: &'static str, line: usize, words: impl Into<String>) {
        self.add(Severity::Warn, rule, line, words.into());
    }

    /// True when something found so far makes the file unusable.
    pub(crate) fn any_error(&self) -> bool {
        self.found.iter().any(Problem::is_error)
    }

    fn add(&mut self, severity: Severity, rule: &'static str, line: usize, words: String) {
        let file = SafeText::new(self.file).to_string();
        self.found.push(Problem {
            file,
            line,
            severity,
            rule,
            words,
        });
    }
}
