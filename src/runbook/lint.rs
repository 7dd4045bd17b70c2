//! What a runbook must and should be; the same rules in the editor, in tests and when a library is loaded.
//!
//! To add a rule: its check here, a file in `tests/runbooks/bad/` and the sentence it must give beside it.

use super::book::Book;
use super::book::BookStep;
use super::book::Param;
use super::book::ParamType;
use super::problem::Problems;
use super::steps::Kind;
use super::values;

/// Ids of the findings that exist; a runbook that treats another one is warned about.
const FINDINGS: [&str; 25] = [
    "cluster.silent",
    "cluster.other-ca",
    "cluster.other-uid",
    "cluster.same-uid",
    "cluster.forbidden",
    "cluster.unread",
    "cluster.clock",
    "zone.overlap",
    "zone.unclaimed",
    "zone.namespace-missing",
    "zone.namespace-leaving",
    "workload.down",
    "workload.config-missing",
    "workload.restarts",
    "node.not-ready",
    "backup.rpo-breach",
    "backup.at-risk",
    "backup.unknown",
    "backup.none",
    "store.unavailable",
    "drift.suspended",
    "drift.failing",
    "alerts.dead",
    "alerts.not-wired",
    "alerts.firing",
];
/// Words of a step's prose above which it is no longer read at night.
const PROSE_WORDS: usize = 60;

/// Checks everything that needs the whole book.
pub(crate) fn book(book: &Book, problems: &mut Problems<'_>) {
    front(book, problems);
    for (index, step) in book.steps.iter().enumerate() {
        if let Some(first) = book.steps[..index].iter().find(|other| other.id == step.id) {
            let words = format!(
                "step id `{}` is taken on line {}; give this one its own",
                step.id, first.line
            );
            problems.error("step.duplicate-id", step.line, words);
        }
        self::step(step, problems);
        references(book, index, step, problems);
    }
    order(book, problems);
    patterns(book, problems);
}

fn front(book: &Book, problems: &mut Problems<'_>) {
    if !is_id(&book.id) {
        let words = format!("id \"{}\" must be lower case words joined by `-`", book.id);
        problems.error("front.id", line_with(book, "id:"), words);
    }
    if book.people.live == 0 || book.people.drill == 0 {
        problems.error(
            "front.people",
            line_with(book, "people:"),
            "a run needs at least one person; write 1 or more",
        );
    }
    if !is_day(&book.review_by) {
        let words = format!(
            "review_by \"{}\" is not a day; write it like 2027-02-15",
            book.review_by
        );
        problems.error("front.review-by", line_with(book, "review_by:"), words);
    }
    for kind in book
        .treats
        .iter()
        .filter(|kind| !FINDINGS.contains(&kind.as_str()))
    {
        let words = format!(
            "treats `{kind}`, which no source finds; see docs/runbooks.md for the ids that exist"
        );
        problems.warn("front.treats-unknown", line_with(book, "treats:"), words);
    }
    if book.steps.is_empty() {
        problems.error(
            "book.no-steps",
            1,
            "it has no step; add a heading \"## 1. ...\" with a ```yaml step=<id> block",
        );
    }
    if book.use_when().is_empty() {
        problems.warn(
            "book.no-use-when",
            1,
            "no paragraph begins with \"Use when\"; say before step 1 what it is for",
        );
    }
}

/// Reads `45m`, `90s`, `2h` into seconds; 0 and a problem when it is missing or something else.
pub(crate) fn timeout(
    id: &str,
    text: Option<&str>,
    line: usize,
    problems: &mut Problems<'_>,
) -> u32 {
    let Some(text) = text else {
        let words = format!(
            "step {id} has no timeout; say how long waiting is right, such as `timeout: 5m`"
        );
        problems.error("step.no-timeout", line, words);
        return 0;
    };
    seconds(text).unwrap_or_else(|| {
        let words = format!(
            "timeout \"{text}\" of step {id} is not a duration; write it like 30s, 5m or 2h"
        );
        problems.error("step.bad-timeout", line, words);
        0
    })
}

/// Seconds of `30s`, `5m` or `2h`; `None` for anything else, zero included.
pub(crate) fn seconds(text: &str) -> Option<u32> {
    let unit = match text.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        _ => return None,
    };
    let count: u32 = text.get(..text.len() - 1)?.parse().ok()?;
    count.checked_mul(unit).filter(|seconds| *seconds > 0)
}

fn step(step: &BookStep, problems: &mut Problems<'_>) {
    let id = &step.id;
    if !is_id(id) {
        let words = format!("step id \"{id}\" must be lower case words joined by `-`");
        problems.error("step.bad-id", step.line, words);
    }
    if step.done.trim().is_empty() {
        let words = format!("step {id} has no `done`; say what the world must show afterwards");
        problems.error("step.no-done", step.line, words);
    }
    undo(step, problems);
    for key in step
        .kind
        .keys()
        .iter()
        .filter(|key| !step.values.contains_key(**key))
    {
        let words = format!(
            "step {id} of kind {} has no `{key}`; write one",
            step.kind.word()
        );
        problems.error("step.missing-key", step.line, words);
    }
    for key in step
        .values
        .keys()
        .filter(|key| !step.kind.keys().contains(&key.as_str()))
    {
        let words = format!(
            "step {id} of kind {} does not know `{key}`; take it out",
            step.kind.word()
        );
        problems.error("step.unknown-key", step.line, words);
    }
    if step.skip && !step.kind.may_skip() {
        let words = format!(
            "step {id} of kind {} may not be left out; take `skip` out",
            step.kind.word()
        );
        problems.error("step.skip", step.line, words);
    }
    if let Some(keep) = step.values.get("keep")
        && seconds(keep).is_none()
    {
        let words = format!("keep \"{keep}\" of step {id} is not a duration; write it like 72h");
        problems.error("step.bad-keep", step.line, words);
    }
    let words = step.why.split_whitespace().count();
    if words > PROSE_WORDS {
        let words = format!(
            "the prose of step {id} has {words} words; above {PROSE_WORDS} nobody reads it at night"
        );
        problems.warn("prose.long", step.line, words);
    }
}

fn undo(step: &BookStep, problems: &mut Problems<'_>) {
    let (id, kind) = (&step.id, step.kind);
    match (&step.undo, kind.undo()) {
        (None, Some(way)) => {
            let words = format!(
                "step {id} changes something and has no `undo`; write `undo: {{by: {way}}}`"
            );
            problems.error("step.no-undo", step.line, words);
        }
        (Some(undo), Some(way)) if undo.by != way => {
            let words = format!(
                "step {id} of kind {} is taken back by `{way}`, not by `{}`",
                kind.word(),
                undo.by
            );
            problems.error("step.undo-way", step.line, words);
        }
        (Some(undo), Some("none")) if undo.why.trim().is_empty() => {
            let words = format!(
                "step {id} cannot be taken back; say why in `undo: {{by: none, why: \"...\"}}`"
            );
            problems.error("step.undo-why", step.line, words);
        }
        (Some(_), None) => {
            let words = format!(
                "step {id} of kind {} changes nothing; take `undo` out",
                kind.word()
            );
            problems.error("step.undo-of-nothing", step.line, words);
        }
        _ => {}
    }
}

/// `of: restore` must name an earlier step of the kind that is meant.
fn references(book: &Book, index: usize, step: &BookStep, problems: &mut Problems<'_>) {
    let Some(of) = step.values.get("of") else {
        return;
    };
    let meant = match step.kind {
        Kind::GiveBack => Kind::HoldAutomation,
        _ => Kind::Restore,
    };
    if !book.steps[..index]
        .iter()
        .any(|other| &other.id == of && other.kind == meant)
    {
        let words = format!(
            "step {} is of `{of}`, but no earlier step of kind {} has that id",
            step.id,
            meant.word()
        );
        problems.error("step.of-unknown", step.line, words);
    }
}

/// What reads comes first, then the typed name, then what changes.
fn order(book: &Book, problems: &mut Problems<'_>) {
    let mut live = false;
    let mut confirmed = false;
    for step in &book.steps {
        if step.kind.prepares() && live {
            let words = format!(
                "step {} only prepares and stands behind a live step; move it before",
                step.id
            );
            problems.error("step.order", step.line, words);
        }
        if step.kind.changes() && !confirmed {
            let words = format!(
                "step {} changes something before any confirm-target step; confirm first",
                step.id
            );
            problems.error("step.unconfirmed", step.line, words);
            confirmed = true;
        }
        live |= !step.kind.prepares();
        confirmed |= step.kind == Kind::ConfirmTarget;
    }
    let restores = book.steps.iter().find(|step| step.kind == Kind::Restore);
    if let Some(restore) = restores
        && !book.steps.iter().any(|step| step.kind == Kind::Survey)
    {
        let words = format!(
            "step {} restores what no survey step has looked at; add one before",
            restore.id
        );
        problems.error("step.no-survey", restore.line, words);
    }
}

/// Every `${...}` is known; every parameter is used somewhere or needed by each run.
fn patterns(book: &Book, problems: &mut Problems<'_>) {
    let params: Vec<&str> = book
        .params
        .iter()
        .map(|param| param.name.as_str())
        .collect();
    let mut used = vec![
        "cluster".to_owned(),
        "namespace".to_owned(),
        "ticket".to_owned(),
        "reason".to_owned(),
    ];
    let lock = (line_with(book, "lock:"), &book.lock);
    let steps = book.steps.iter().flat_map(|step| {
        let texts = step.values.values().chain([&step.done]);
        texts.map(|text| (step.line, text))
    });
    for (line, text) in steps.chain([lock]) {
        match values::names(text) {
            Err(error) => problems.error("value.open", line, error.to_string()),
            Ok(names) => {
                for name in names {
                    if !values::known(name, &params) {
                        let error = values::ValueError::Unknown(name.to_owned());
                        problems.error("value.unknown", line, error.to_string());
                    }
                    used.push(name.trim_start_matches("params.").to_owned());
                }
            }
        }
    }
    for need in ["cluster", "namespace", "ticket", "reason"] {
        if !params.contains(&need) {
            let words =
                format!("it has no parameter `{need}`, which every run needs; add it to `params`");
            problems.error("param.missing", line_with(book, "params:"), words);
        }
    }
    let chooses = book
        .steps
        .iter()
        .any(|step| step.kind == Kind::ChooseBackup);
    let taken = |param: &Param| chooses && param.kind == ParamType::Backup;
    let unused = book.params.iter();
    for param in unused.filter(|param| !used.contains(&param.name) && !taken(param)) {
        let words = format!(
            "parameter `{}` is used by no step; take it out or use it",
            param.name
        );
        problems.warn("param.unused", param.line, words);
    }
}

fn line_with(book: &Book, start: &str) -> usize {
    book.text
        .lines()
        .position(|line| line.starts_with(start))
        .map_or(1, |line| line + 1)
}

fn is_id(id: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !id.is_empty()
        && id.len() <= 40
        && id.bytes().all(inside)
        && !id.starts_with('-')
        && !id.ends_with('-')
}

fn is_day(text: &str) -> bool {
    text.parse::<jiff::civil::Date>().is_ok() && text.len() == 10
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn a_duration_has_one_unit_and_is_never_nothing() {
        assert_eq!(seconds("45m"), Some(2700));
        assert_eq!(seconds("72h"), Some(259_200));
        for wrong in ["", "m", "0s", "5", "5d", "-5m", "99999999h", "5 m", "é"] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }
}
