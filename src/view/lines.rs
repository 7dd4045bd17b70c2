//! The same as plain lines, for pipes, scripts, screen readers and dumb terminals: no escape sequence, nothing cut.

use crate::config::Policy;
use crate::config::ZoneName;
use crate::runbook::event::Created;
use crate::runbook::run::Card;
use crate::runbook::run::Run;
use crate::runbook::run::RunStatus;
use crate::runbook::run::StepStatus;
use crate::sources::board::Board;
use crate::sources::finding::Finding;
use crate::state::State;
use crate::state::rows;
use crate::text;
use crate::text::SafeText;
use crate::view::screens;

/// What every screen and every verb says where no policy holds but the person's own; `None` where one does.
pub fn own_policy(policy: &Policy) -> Option<&'static str> {
    policy.is_self().then_some("policy: self")
}

/// Columns of the table and of prose.
const WIDTH: usize = 100;

/// The board and its findings once, as `demo` without a terminal and `status` print it.
pub fn board_text(state: &State, board: &Board) -> String {
    let shown = rows::with_history(state, board);
    let demo = if state.here.simulated {
        "  DEMO: this estate is simulated"
    } else {
        ""
    };
    let mut lines = vec![format!("crashcart  {}{demo}", state.config.estate.name)];
    lines.extend(own_policy(&state.config.policy).map(str::to_owned));
    lines.push(screens::clusters_words(&shown.board.clusters));
    lines.extend(read_only(state));
    lines.push(String::new());
    lines.extend(
        screens::table_rows(&shown)
            .iter()
            .map(|row| row.plain(WIDTH)),
    );
    lines.push(String::new());
    lines.extend(findings(state, &shown.board.findings));
    join(lines)
}

/// Every finding with since, why, owner and what to do, worst first.
pub fn findings_text(state: &State, board: &Board) -> String {
    let own = own_policy(&state.config.policy).map(str::to_owned);
    let mut lines: Vec<String> = own.into_iter().chain(read_only(state)).collect();
    let shown = rows::with_history(state, board);
    lines.extend(findings(state, &shown.board.findings));
    join(lines)
}

/// What is off while the log cannot be written, and why.
fn read_only(state: &State) -> Option<String> {
    let stopped = state.log.stopped.as_ref()?;
    let next = stopped
        .next
        .first()
        .map(SafeText::as_str)
        .unwrap_or_default();
    let line = format!("LOG STOPPED, read only: {} {next}", stopped.what);
    Some(line.trim_end().to_owned())
}

fn findings(state: &State, findings: &[Finding]) -> Vec<String> {
    if findings.is_empty() {
        let dark: Vec<&str> = dark(state);
        return vec![match dark.as_slice() {
            [] => "Nothing needs you.".to_owned(),
            dark => format!("Nothing known needs you; not heard: {}.", dark.join(" ")),
        }];
    }
    let mut lines = vec![format!("NEEDS YOU {}", findings.len())];
    for finding in findings {
        let zone = finding
            .zone
            .as_ref()
            .map_or(String::new(), |zone| format!("{}/", ZoneName::as_str(zone)));
        let since = text::clock(finding.since.at(), state.judged_at.wall);
        let level = text::pad(finding.level.word(), 4);
        lines.push(format!(
            "{level} {zone}{}  {}  since {since}",
            finding.cluster, finding.sentence
        ));
        lines.extend(finding.why.iter().map(|why| format!("     Why: {why}")));
        let books = state
            .library
            .books()
            .iter()
            .filter(|book| rows::treats(book, finding));
        let books: Vec<&str> = books.map(|book| book.id.as_str()).collect();
        if !books.is_empty() {
            lines.push(format!("     Do:  {}", books.join("   ")));
        }
        if !finding.owner.is_empty() {
            lines.push(format!("     Owner: {}", finding.owner));
        }
    }
    lines
}

fn dark(state: &State) -> Vec<&str> {
    let clusters = state
        .board
        .clusters
        .iter()
        .filter(|(_, freshness)| !freshness.counts());
    clusters.map(|(name, _)| name.as_str()).collect()
}

/// One run's card, as `crashcart run` prints it before it asks: the request and its body whole.
pub fn card_text(card: &Card, policy: &Policy) -> String {
    let own = own_policy(policy).map(|words| format!("   {words}"));
    let mut lines = vec![format!("{}{}", card.title, own.unwrap_or_default())];
    lines.extend(card.wire.iter().map(|line| format!("  {line}")));
    if !card.body.is_empty() {
        lines.push(format!("  {}", card.body));
    }
    if !card.digest.is_empty() {
        lines.push(format!("  sha256 {}", card.digest));
    }
    lines.extend(
        card.facts
            .iter()
            .map(|(label, words)| format!("  {}: {words}", label.trim_end_matches(':'))),
    );
    lines.extend(card.notes.iter().map(|note| format!("  {note}")));
    join(lines)
}

/// Where a run stands, one line for each step that is not simply to come.
pub fn run_text(state: &State, run: &Run) -> String {
    let demo = if state.here.simulated { "DEMO  " } else { "" };
    let signed = if run.trusted { "signed" } else { "not signed" };
    // What it was opened under is the run's own, whatever holds now.
    let own = if run.memory.policy == "self" {
        "  policy: self"
    } else {
        ""
    };
    let mut lines = vec![format!(
        "{demo}RUN {}  {} v{} {signed}  {}/{}  {}{own}",
        run.short(),
        run.book,
        run.version,
        run.cluster,
        run.namespace,
        run.ticket
    )];
    for step in run
        .steps
        .iter()
        .filter(|step| step.status != StepStatus::Next)
    {
        let (word, evidence) = match &step.status {
            StepStatus::Next => ("next", ""),
            StepStatus::Now => ("now", step.title.as_str()),
            StepStatus::Sent => ("sent", step.evidence.as_str()),
            StepStatus::Done => ("done", step.evidence.as_str()),
            StepStatus::Failed(why) => ("failed", why.as_str()),
            StepStatus::Skipped(why) => ("skipped", why.as_str()),
            StepStatus::InDoubt => ("in doubt", step.evidence.as_str()),
            StepStatus::Undone => ("undone", step.evidence.as_str()),
        };
        let of = run.steps.len();
        lines.push(format!(
            "{} of {of}  {word}  {}  {evidence}",
            step.number, step.id
        ));
    }
    lines.extend(taken_back(run));
    lines.extend(
        run.owed
            .iter()
            .map(|(step, words)| format!("owed, step {step}: {words}")),
    );
    join(lines)
}

/// What became of each object of an undo, a line each: whoever reads line by line misses none.
fn taken_back(run: &Run) -> Vec<String> {
    let Some(list) = &run.memory.undo_list else {
        return Vec::new();
    };
    let all = list.delete.len();
    let one = |(place, (object, what)): (usize, &(Created, Option<SafeText>))| {
        let what = what.as_ref()?;
        let (number, kind, name) = (place + 1, &object.kind, &object.name);
        Some(format!(
            "undoing {}, {number} of {all}: {kind} {name} {what}",
            list.step
        ))
    };
    list.delete.iter().enumerate().filter_map(one).collect()
}

/// How a run ended or was put down, in one sentence.
pub fn run_end(run: &Run) -> String {
    let owed = match run.owed.len() {
        0 => "nothing is owed".to_owned(),
        1 => "1 thing is owed".to_owned(),
        owed => format!("{owed} things are owed"),
    };
    let how = match &run.status {
        RunStatus::Completed => format!("completed: {}", run.ending),
        RunStatus::Unchecked => format!("ended, a check was skipped: {}", run.ending),
        RunStatus::NothingToDo => format!("ended, nothing to do: {}", run.ending),
        RunStatus::Aborted(why) => format!("aborted: {why}"),
        RunStatus::Failed(why) => format!("failed: {why}"),
        RunStatus::Held => format!("held; crashcart run --resume {} goes on", run.short()),
        RunStatus::Interrupted => format!(
            "interrupted; crashcart run --resume {} looks first",
            run.short()
        ),
        RunStatus::Preparing | RunStatus::Planned | RunStatus::Running => "still open".to_owned(),
    };
    let how = how.trim_end_matches([' ', ':', '.']);
    format!("Run {} {how}; {owed}.", run.short())
}

fn join(lines: Vec<String>) -> String {
    let mut text = String::new();
    for line in lines {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
