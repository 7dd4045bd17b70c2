//! What a verification found, in sentences.

use std::path::Path;

use crate::audit::report::Line;
use crate::audit::report::Proof;
use crate::audit::report::Report;
use crate::audit::report::about;
use crate::audit::verify::Walk;
use crate::text::count;

impl Walk {
    /// Words what was found.
    pub(super) fn report(mut self, dir: &Path) -> Report {
        if let Some(fault) = self.marks.left(self.chain.seq) {
            self.found(fault);
        }
        self.unprovable.extend(self.marks.unsigned());
        let proof = match (&self.fault, self.unprovable.is_empty()) {
            (Some(_), _) => Proof::Tampered,
            (None, false) => Proof::CannotProve,
            (None, true) => Proof::Whole,
        };
        let mut lines = self.verdict(dir);
        let signed = self.signed();
        let vouched = self.vouched();
        lines.extend(self.notes);
        let open_intents: Vec<u64> = {
            let mut open: Vec<u64> = self.intents.into_values().collect();
            open.sort_unstable();
            open
        };
        if proof == Proof::Whole {
            lines.extend(signed);
            lines.push(vouched);
        }
        about(
            &mut lines,
            "WARN",
            &open_intents,
            "intents without an outcome",
            "look at their objects",
        );
        about(
            &mut lines,
            "-",
            &self.erased,
            "bodies erased",
            "the proof does not need them",
        );
        about(
            &mut lines,
            "WARN",
            &self.torn,
            "bytes torn by a crash",
            "they are kept in the files torn-*",
        );
        Report {
            proof,
            entries: self.entries,
            sealed: self.marks.sealed,
            checkpoints: self.marks.agreed,
            whole: proof == Proof::Whole,
            first_bad: self.fault.map(|fault| fault.seq),
            open_intents,
            erased: self.erased,
            torn: self.torn,
            breaks: self.breaks,
            lines,
        }
    }

    /// Words who says it besides this host.
    fn vouched(&self) -> Line {
        let (level, sentence) = match self.marks.elsewhere {
            (0, _) => (
                "WARN",
                "no witness is configured: whole, but only this host says so".to_owned(),
            ),
            (1, to) => (
                "OK",
                format!(
                    "the checkpoint kept elsewhere agrees, up to entry {}",
                    count(to)
                ),
            ),
            (n, to) => (
                "OK",
                format!(
                    "{} checkpoints kept elsewhere agree, the newest up to entry {}",
                    count(n),
                    count(to)
                ),
            ),
        };
        Line { level, sentence }
    }

    /// Words how far signed checkpoints reach.
    fn signed(&self) -> Option<Line> {
        let (sealed, end) = (self.marks.sealed, self.chain.seq);
        let by = match self.marks.agreed {
            0 if !self.marks.names_a_key() => return None,
            0 => {
                let sentence = "no checkpoint is there: every entry stands by chain and head alone";
                return Some(Line {
                    level: "WARN",
                    sentence: sentence.to_owned(),
                });
            }
            1 => "1 checkpoint".to_owned(),
            n => format!("{} checkpoints", count(n)),
        };
        let (level, rest) = match end - sealed {
            0 => ("OK", String::new()),
            1 => (
                "WARN",
                "; the entry after it stands by chain and head alone".to_owned(),
            ),
            n => (
                "WARN",
                format!(
                    "; the {} entries after it stand by chain and head alone",
                    count(n)
                ),
            ),
        };
        let sentence = format!("signed up to entry {} by {by}{rest}", count(sealed));
        Some(Line { level, sentence })
    }

    /// Words the verdict and its reasons.
    fn verdict(&self, dir: &Path) -> Vec<Line> {
        let mut lines = Vec::new();
        if let Some(fault) = &self.fault {
            let before = match fault.seq {
                0 | 1 => "No entry is proved".to_owned(),
                2 => "Entry 1 is whole".to_owned(),
                seq => format!("1 to {} are whole", count(seq - 1)),
            };
            let sentence = format!(
                "not whole: entry {} {}. {before}. Do: keep this host as it is, copy {} away, declare an incident",
                count(fault.seq),
                fault.what,
                dir.display()
            );
            lines.push(Line {
                level: "CRIT",
                sentence,
            });
        }
        for why in &self.unprovable {
            lines.push(Line {
                level: "?",
                sentence: format!("cannot be proved: {why}"),
            });
        }
        if lines.is_empty() {
            let n = count(self.entries);
            let sentence = format!("whole: {n} of {n} entries, chain unbroken, head agrees");
            lines.push(Line {
                level: "OK",
                sentence,
            });
        }
        lines
    }
}
