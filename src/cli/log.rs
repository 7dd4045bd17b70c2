//! `log show`, `log verify` and `log prove`: who did what, when, on what, and can it be proved?
//!
//! All of them only read, so an auditor runs them on a copy as well as the engineer on the live folder.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::io::Read as _;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context as _;
use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;

use crate::audit;
use crate::audit::Entry;
use crate::audit::Kind;
use crate::audit::Proven;
use crate::audit::checkpoint::Checkpoint;
use crate::audit::note::Key;
use crate::audit::note::Note;
use crate::audit::read;
use crate::audit::read::Row;
use crate::audit::verify::verify_against;
use crate::text::SafeText;
use crate::text::clock_seconds;
use crate::text::count;
use crate::text::pad;
use crate::text::pad_left;
use crate::text::width;

/// Bytes of a checkpoint or a proof that are read: no such file is longer.
const MOST: u64 = 1 << 20;

/// Which entries to show; what is not named is not asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    /// A person, in full or before the `@`, or an account.
    pub person: Option<String>,
    /// A run, in full or its beginning.
    pub run: Option<String>,
    /// A cluster by name.
    pub cluster: Option<String>,
    /// A kind, in full (`step.done`) or its first word (`step`).
    pub kind: Option<String>,
}

/// How to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form {
    /// JSON in place of text.
    pub json: bool,
    /// Whether the log is of a simulated estate.
    pub simulated: bool,
    /// The time it is now, for times of today.
    pub now: Timestamp,
}

/// Prints the entries a filter asks for as a table, newest first, or as JSON, oldest first.
///
/// # Errors
///
/// When the log cannot be read, or what is printed cannot be written.
pub(super) fn show(
    dir: &Path,
    filter: &Filter,
    form: Form,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let rows = read::rows(dir, 1, u64::MAX)?;
    let total = rows.len() as u64;
    let origin = rows
        .iter()
        .find_map(|row| Some(row.entry.as_ref()?.origin.clone()))
        .unwrap_or_default();
    let answered: BTreeSet<SafeText> = rows
        .iter()
        .filter_map(|row| {
            row.entry
                .as_ref()
                .filter(|entry| entry.kind == Kind::ApiOutcome)?
                .audit_id()
                .cloned()
        })
        .collect();
    let asked: Vec<Row> = rows.into_iter().filter(|row| filter.takes(row)).collect();
    if form.json {
        let entries: Vec<Value> = asked.iter().map(as_json).collect();
        let all = json!({"simulated": form.simulated, "origin": origin, "size": total, "entries": entries});
        return writeln!(out, "{all:#}").context("the log could not be printed");
    }
    let lines = table(dir, &asked, &answered, form.now);
    print_table(&origin, total, filter, form, &lines, out).context("the log could not be printed")
}

/// Proves a log, prints what was found, and gives the exit code: 0 whole, 1 tampered, 2 cannot be proved.
///
/// # Errors
///
/// When a given checkpoint cannot be read, or what is printed cannot be written.
pub(super) fn verify(
    dir: &Path,
    checkpoints: &[PathBuf],
    form: Form,
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    let kept: Vec<Note> = checkpoints
        .iter()
        .map(|path| checkpoint(path))
        .collect::<anyhow::Result<_>>()?;
    let report = verify_against(dir, &kept);
    let printed = if form.json {
        json_report(&report, form.simulated).and_then(|text| writeln!(out, "{text}"))
    } else {
        let demo = if form.simulated { "DEMO " } else { "" };
        report
            .lines
            .iter()
            .try_for_each(|line| writeln!(out, "{demo}{:<4} {}", line.level, line.sentence))
    };
    printed.context("what was found could not be printed")?;
    Ok(report.exit_code())
}

/// Prints the proof of one entry.
///
/// # Errors
///
/// When it cannot be proved, or what is printed cannot be written.
pub(super) fn prove(dir: &Path, seq: u64, out: &mut dyn Write) -> anyhow::Result<u8> {
    let proven = audit::prove(dir, seq)?;
    write!(out, "{proven}").context("the proof could not be printed")?;
    Ok(0)
}

/// Checks the proof of one entry, prints what it proves, and gives the exit code: 0 proved, 1 not.
///
/// # Errors
///
/// When the file or the key cannot be read, or what is printed cannot be written.
pub(super) fn check(path: &Path, key: &str, out: &mut dyn Write) -> anyhow::Result<u8> {
    let key = Key::parse(key)
        .context("the key cannot be read; give it as the log's first entry names it")?;
    let read = text(path).and_then(|text| Ok(Proven::parse(&text)?));
    let proven = read.with_context(|| {
        format!(
            "{} cannot be read; give a file that log prove printed",
            path.display()
        )
    })?;
    let (line, code) = match proven.check(&key) {
        Ok(over) => {
            let (seq, size) = (count(proven.seq), count(over.size));
            let origin = SafeText::new(&over.origin);
            let said = format!(
                "OK   entry {seq} is in the log {origin} as its checkpoint over {size} entries has it"
            );
            (said, 0)
        }
        Err(why) => (
            format!("CRIT entry {} is not proved: {why}", count(proven.seq)),
            1,
        ),
    };
    let entry = SafeText::new(&String::from_utf8_lossy(&proven.line));
    writeln!(out, "{line}\n{entry}").context("what was found could not be printed")?;
    Ok(code)
}

/// Reads a checkpoint that was kept elsewhere.
fn checkpoint(path: &Path) -> anyhow::Result<Note> {
    let read = text(path).and_then(|text| {
        let note = Note::parse(&text)?;
        Checkpoint::parse(&note.text)?;
        Ok(note)
    });
    read.with_context(|| {
        format!(
            "{} cannot be read as a checkpoint; give one as it was kept",
            path.display()
        )
    })
}

/// Reads a small file of text.
fn text(path: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(MOST).read_to_string(&mut text)?;
    Ok(text)
}

/// Writes a report as JSON.
fn json_report(report: &crate::audit::Report, simulated: bool) -> io::Result<String> {
    let mut value = serde_json::to_value(report)?;
    if let Value::Object(fields) = &mut value {
        fields.insert("simulated".to_owned(), Value::Bool(simulated));
    }
    Ok(format!("{value:#}"))
}

impl Filter {
    /// Tells whether a row is asked for; one that cannot be read could be, so it is.
    fn takes(&self, row: &Row) -> bool {
        let Some(entry) = &row.entry else {
            return true;
        };
        let text =
            |field: &Option<SafeText>| field.as_ref().map_or("", SafeText::as_str).to_owned();
        let cluster = entry.req.as_ref().map_or("", |req| req.cluster.as_str());
        let is =
            |asked: &Option<String>, test: &dyn Fn(&str) -> bool| asked.as_deref().is_none_or(test);
        is(&self.person, &|person| {
            let actor = &entry.actor;
            person == actor.short()
                || person == text(&actor.kube_user)
                || person == text(&actor.login)
        }) && is(&self.run, &|run| {
            !run.is_empty() && text(&entry.run).starts_with(run)
        }) && is(&self.cluster, &|name| name == cluster)
            && is(&self.kind, &|kind| {
                let name = entry.kind.name();
                name == kind || name.split('.').next() == Some(kind)
            })
    }

    /// Says what was asked for: `person=carol run=7f3a`.
    fn words(&self) -> String {
        let asked = [
            ("person", &self.person),
            ("run", &self.run),
            ("cluster", &self.cluster),
            ("kind", &self.kind),
        ];
        let named = asked.iter().filter_map(|(name, value)| {
            let value = SafeText::new(value.as_deref()?);
            Some(format!("{name}={value}"))
        });
        named.collect::<Vec<_>>().join(" ")
    }
}

/// Writes a row as JSON.
fn as_json(row: &Row) -> Value {
    let entry = row
        .entry
        .as_ref()
        .and_then(|entry| serde_json::to_value(entry).ok());
    entry.unwrap_or_else(|| json!({"seq": row.seq, "unreadable": true}))
}

/// The columns of one line: entry, time, who, run, what, result.
type Columns = [String; 6];

/// Puts rows into columns, newest first.
fn table(dir: &Path, rows: &[Row], answered: &BTreeSet<SafeText>, now: Timestamp) -> Vec<Columns> {
    rows.iter()
        .rev()
        .map(|row| {
            let Some(entry) = &row.entry else {
                let [time, who, run] = ["-"; 3].map(str::to_owned);
                let [what, result] = ["cannot be read", "run log verify"].map(str::to_owned);
                return [count(row.seq), time, who, run, what, result];
            };
            columns(dir, entry, answered, now)
        })
        .collect()
}

/// Puts one entry into columns.
fn columns(dir: &Path, entry: &Entry, answered: &BTreeSet<SafeText>, now: Timestamp) -> Columns {
    let open =
        entry.kind == Kind::ApiIntent && entry.audit_id().is_none_or(|id| !answered.contains(id));
    let result = if open {
        Some("no outcome".to_owned())
    } else {
        entry
            .result()
            .or_else(|| read::note(dir, entry).map(|note| note.to_string()))
    };
    let run = entry
        .run
        .as_ref()
        .map_or("-", |run| run.as_str().get(..4).unwrap_or(run.as_str()));
    [
        count(entry.seq),
        clock_seconds(entry.ts, now),
        entry.actor.short().to_owned(),
        run.to_owned(),
        entry.what(),
        result.unwrap_or_default(),
    ]
}

/// Prints the header, the column heads and the lines.
fn print_table(
    origin: &SafeText,
    total: u64,
    filter: &Filter,
    form: Form,
    lines: &[Columns],
    out: &mut dyn Write,
) -> io::Result<()> {
    let demo = if form.simulated { "DEMO  " } else { "" };
    let host = origin.as_str().split('/').next().unwrap_or_default();
    let asked = filter.words();
    let part = match (asked.is_empty(), lines.len() as u64) {
        (true, _) => String::new(),
        (false, n) => format!("  filter: {asked} {} of {}", count(n), count(total)),
    };
    writeln!(
        out,
        "{demo}Log of {host}  {} entries, newest first{part}",
        count(total)
    )?;
    if lines.is_empty() {
        let why = if asked.is_empty() {
            "The log holds no entry.".to_owned()
        } else {
            format!("No entry matches {asked}.")
        };
        return writeln!(out, "{why}");
    }
    let heads = ["ENTRY", "TIME", "WHO", "RUN", "WHAT", "RESULT"].map(str::to_owned);
    let widest = |at: usize| {
        lines
            .iter()
            .chain([&heads])
            .map(|line| width(&line[at]))
            .max()
            .unwrap_or(0)
    };
    let widths: [usize; 6] = std::array::from_fn(widest);
    for [entry, rest @ ..] in std::iter::once(&heads).chain(lines) {
        let mut line = format!(" {}", pad_left(entry, widths[0]));
        for (cell, cells) in rest.iter().zip(&widths[1..]) {
            line.push_str("  ");
            line.push_str(&pad(cell, *cells));
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::audit::Answer;
    use crate::audit::Bound;
    use crate::audit::Class;
    use crate::audit::Draft;
    use crate::audit::Log;
    use crate::audit::Req;
    use crate::audit::Res;
    use crate::audit::Stamp;

    use super::*;

    const FORM: Form = Form {
        json: false,
        simulated: false,
        now: Timestamp::constant(1_786_771_300, 0),
    };

    fn stamp(second: i64) -> Stamp {
        // 2026-08-15T05:03:00Z and so many seconds.
        let ts = Timestamp::from_second(1_786_770_180 + second).unwrap();
        Stamp {
            ts,
            mono_ns: 1,
            boot: "b1".to_owned(),
        }
    }

    fn alice(kind: Kind, step: Option<&str>) -> Draft {
        let mut draft = Draft::new(kind);
        draft.actor.kube_user = Some("alice@meridian.test".into());
        draft.step = step.map(SafeText::new);
        draft.run = step.map(|_| SafeText::new("7f3a55aa"));
        draft
    }

    fn intent(log: &mut Log, name: &str, second: i64) -> crate::audit::Ticket {
        let mut draft = alice(Kind::ApiIntent, Some("9"));
        draft.req = Some(Req {
            verb: "POST".into(),
            gvr: "velero.io/v1/restores".into(),
            name: Some(name.into()),
            ..Req::default()
        });
        let bound = Bound {
            cluster: "aws-prod".to_owned(),
            cluster_uid: "c07a91e2".to_owned(),
            generation: 1,
            digest: [1; 32],
            class: Class::Change,
            run: Some("7f3a55aa".to_owned()),
        };
        log.begin(draft, None, bound, &stamp(second))
            .unwrap()
            .ticket()
    }

    fn built() -> tempfile::TempDir {
        let temp = tempfile::tempdir().unwrap();
        let mut log = Log::open(&temp.path().join("log"), "jump-1/0197c1f2", &stamp(0)).unwrap();
        log.append(alice(Kind::SessionOpened, None), None, &stamp(1))
            .unwrap();
        let answered = alice(Kind::StepAnswered, Some("9"));
        log.append(answered, Some(br#"{"note":"typed emr"}"#), &stamp(18))
            .unwrap();
        let ticket = intent(&mut log, "r-1", 19);
        let mut outcome = Draft::new(Kind::ApiOutcome);
        outcome.res = Some(Res {
            status: Some(201),
            audit_id: Some("8b1e0000".into()),
            class: Some(Answer::Applied),
            ..Res::default()
        });
        log.end(&ticket, outcome, &stamp(20)).unwrap();
        intent(&mut log, "r-2", 21);
        temp
    }

    fn shown(temp: &tempfile::TempDir, filter: &Filter, form: Form) -> String {
        let mut out = Vec::new();
        show(&temp.path().join("log"), filter, form, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_table_says_who_did_what_and_what_came_of_it() {
        let text = shown(&built(), &Filter::default(), FORM);
        let expected = "\
Log of jump-1  6 entries, newest first
 ENTRY  TIME       WHO    RUN   WHAT                        RESULT
     6  05:03:21Z  alice  7f3a  9 intent POST restores/r-2  no outcome
     5  05:03:20Z  alice  7f3a  9 outcome POST restores/r-1  201 8b1e
";
        let squeeze = |text: &str| {
            text.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert!(squeeze(&text).starts_with(&squeeze(expected)), "{text}");
        assert!(
            text.contains("9 answered                   typed emr\n"),
            "{text}"
        );
        assert!(
            text.contains("     2  05:03:01Z  alice  -     session opened\n"),
            "{text}"
        );
    }

    #[test]
    fn filters_narrow_and_say_so() {
        let temp = built();
        let run = Filter {
            run: Some("7f3a".to_owned()),
            kind: Some("api".to_owned()),
            ..Filter::default()
        };
        let text = shown(&temp, &run, FORM);
        assert!(text.starts_with(
            "Log of jump-1  6 entries, newest first  filter: run=7f3a kind=api 3 of 6\n"
        ));
        assert_eq!(text.lines().count(), 5);
        let carol = Filter {
            person: Some("carol".to_owned()),
            ..Filter::default()
        };
        assert!(shown(&temp, &carol, FORM).ends_with("No entry matches person=carol.\n"));
        let cluster = Filter {
            cluster: Some("aws-prod".to_owned()),
            ..Filter::default()
        };
        assert_eq!(shown(&temp, &cluster, FORM).lines().count(), 5);
    }

    #[test]
    fn json_holds_the_records_and_says_what_is_simulated() {
        let form = Form {
            json: true,
            simulated: true,
            ..FORM
        };
        let value: Value =
            serde_json::from_str(&shown(&built(), &Filter::default(), form)).unwrap();
        assert_eq!(
            (&value["simulated"], &value["size"]),
            (&json!(true), &json!(6))
        );
        assert_eq!(value["entries"][3]["req"]["cluster"], "aws-prod");
    }

    #[test]
    fn verify_prints_its_verdict_and_gives_its_code() {
        let temp = built();
        let dir = temp.path().join("log");
        let mut out = Vec::new();
        assert_eq!(verify(&dir, &[], FORM, &mut out).unwrap(), 0);
        let text = String::from_utf8(out).unwrap();
        assert!(
            text.starts_with(
                "OK   whole: 6 of 6 entries, chain unbroken, head agrees\nWARN no checkpoint"
            ),
            "{text}"
        );
        assert!(
            text.contains("WARN intents without an outcome: entry 6; look at their objects\n"),
            "{text}"
        );

        let path = dir.join("log-000000000001.jsonl");
        let mut bytes = std::fs::read(&path).unwrap();
        let at = bytes.len() - 40;
        bytes[at] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let mut out = Vec::new();
        let json = Form { json: true, ..FORM };
        assert_eq!(verify(&dir, &[], json, &mut out).unwrap(), 1);
        let value: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(
            (&value["proof"], &value["first_bad"]),
            (&json!("tampered"), &json!(6))
        );
        assert_eq!(
            verify(&temp.path().join("none"), &[], FORM, &mut Vec::new()).unwrap(),
            2
        );
    }

    #[test]
    fn a_line_that_is_no_record_is_still_shown() {
        let temp = built();
        let path = temp.path().join("log/log-000000000001.jsonl");
        let text = std::fs::read_to_string(&path).unwrap().replacen(
            "{\"v\":1,\"seq\":2",
            "{\"v\":1,\"seq\":x",
            1,
        );
        std::fs::write(&path, text).unwrap();
        let text = shown(&temp, &Filter::default(), FORM);
        assert!(text.contains("     2  -"), "{text}");
        assert!(text.contains("cannot be read"), "{text}");
    }

    #[test]
    fn a_log_that_is_not_there_is_told_in_one_sentence() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("none");
        let e = show(&dir, &Filter::default(), FORM, &mut Vec::new()).unwrap_err();
        let said = format!(
            "{} cannot be read; check that it exists and that you may read it",
            dir.display()
        );
        assert_eq!(e.to_string(), said);
    }
}
