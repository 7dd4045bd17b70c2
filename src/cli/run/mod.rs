//! `run`: the same run as on the screen, line by line, for dumb terminals and screen readers.
//!
//! Answers are typed at the terminal. Piped ones count only in a simulated estate: a script that presses Enter has
//! not read anything.

mod begin;

use std::io::IsTerminal;
use std::io::Write;
use std::time::Duration;

use anyhow::Context;
use anyhow::bail;
use anyhow::ensure;

use self::begin::known;
use self::begin::open;
use self::begin::parameters;
use self::begin::resume;
use super::args::RunArgs;
use super::login;
use crate::app::engine::Engine;
use crate::app::input;
use crate::config::Cluster;
use crate::runbook::paper;
use crate::runbook::run::Card;
use crate::runbook::run::Run;
use crate::runbook::run::RunStatus;
use crate::state::State;
use crate::state::action::Action;
use crate::state::event::What;
use crate::state::prompt::Prompt;
use crate::text::SafeText;
use crate::view::lines;

/// How long clusters have to answer before the run says that they do not.
const REACH: Duration = Duration::from_secs(20);
/// How long a cluster that did not answer at first has for its further tries.
const TRIES: Duration = Duration::from_secs(5);
/// How long one thing that was asked for outside may take before its state is said.
const STEP: Duration = Duration::from_secs(30);
/// A request counts as read this long after it was printed, as on the screen.
const SEEN: Duration = Duration::from_millis(350);

/// Signs in where the run needs it, and runs.
pub(super) async fn ask(engine: Engine, args: &RunArgs, out: &mut dyn Write) -> anyhow::Result<u8> {
    if args.book.as_deref() == Some("show") {
        return show(&engine.state, args, out);
    }
    if engine.state.log.stopped.is_some() {
        writeln!(out, "{}", said(&engine.state))?;
        return Ok(2);
    }
    let given = parameters(&args.params)?;
    if let (None, Some(book)) = (&args.resume, &args.book)
        && let Err(why) = known(&engine.state, book, &given)
    {
        writeln!(out, "{why:#}")?;
        return Ok(2);
    }
    let resumed = args.resume.as_deref().and_then(|id| {
        let run = engine
            .state
            .runs
            .iter()
            .find(|run| run.id.starts_with(id))?;
        Some(run.cluster.to_string())
    });
    let cluster = resumed.or_else(|| given.get("cluster").cloned());
    let needed = login::needed(&engine.state, cluster.as_deref());
    let engine = Box::pin(login::signed_in(engine, &needed, out)).await?;
    run(engine, args, out).await
}

/// Runs or resumes a runbook. Exit codes: 0 completed, 1 not, 2 refused before anything was sent, 3 ended with a
/// check left out, 4 nothing to do.
async fn run(mut engine: Engine, args: &RunArgs, out: &mut dyn Write) -> anyhow::Result<u8> {
    ensure!(
        std::io::stdin().is_terminal() || engine.state.here.simulated,
        "answers must be typed at a terminal; piped answers count only in a simulated estate"
    );
    engine
        .until(REACH, |state| state.person.is_some() && reached(state))
        .await;
    // A first connection may fail on a busy line: a cluster has a few tries before it counts as gone.
    engine.until(TRIES, greeted).await;
    ensure!(engine.state.person.is_some(), "{}", nobody(&engine.state));
    let begun = match (&args.resume, &args.book) {
        (Some(id), _) => resume(&mut engine, id),
        (None, Some(book)) => open(&mut engine, book, &args.params).await,
        (None, None) => bail!("name a runbook (crashcart runbook list) or --resume ID"),
    };
    if let Err(why) = begun {
        writeln!(out, "{why:#}")?;
        return Ok(2);
    }
    let code = walk(&mut engine, out).await?;
    engine.end(STEP).await;
    Ok(code)
}

/// Why nobody is known to act.
fn nobody(state: &State) -> &'static str {
    if state.config.identities.is_empty() {
        "no cluster has said who you are, so nothing is sent; crashcart doctor says why"
    } else {
        "nobody is signed in; run crashcart login first, or open the console"
    }
}

/// True once every cluster has said something: a greeting, or why not.
fn reached(state: &State) -> bool {
    super::status::settled(state)
}

/// True once every cluster has greeted and answered for each of its watches.
fn greeted(state: &State) -> bool {
    let there = |cluster: &Cluster| {
        let world = state.world.cluster(&cluster.name);
        !state.has_credential(cluster) || world.is_some_and(|world| world.greeting().is_some())
    };
    state.config.clusters.iter().all(there) && reached(state)
}

/// The reason that the console just gave.
fn said(state: &State) -> String {
    if let Some(stopped) = &state.log.stopped {
        let next = stopped
            .next
            .first()
            .map(SafeText::as_str)
            .unwrap_or_default();
        return format!("nothing can be run: {} {next}", stopped.what);
    }
    let refusal = state.refusal.as_ref().or(state.message.as_ref());
    refusal.map_or_else(
        || "the run could not be opened".to_owned(),
        ToString::to_string,
    )
}

/// Walks the run: prints what changed, asks where a person must answer, until it ends or is put down.
async fn walk(engine: &mut Engine, out: &mut dyn Write) -> anyhow::Result<u8> {
    let mut told = String::new();
    // A run that was held before is taken up here; one that is held here is put down.
    let mut answered = false;
    loop {
        if let Some(run) = engine.state.run() {
            tell(out, &mut told, &lines::run_text(&engine.state, run))?;
        }
        engine
            .until(STEP, |state| state.busy.is_none() && !state.reading)
            .await;
        let Some(run) = engine.state.run() else {
            bail!("the run is gone from the log")
        };
        tell(out, &mut told, &lines::run_text(&engine.state, run))?;
        if (answered || run.status != RunStatus::Held)
            && let Some(code) = over(run, out)?
        {
            return Ok(code);
        }
        let Some(card) = engine.state.card() else {
            bail!("nobody is signed in any more; the run stays where it is")
        };
        if card.enter.is_empty() && !card.stuck {
            for note in &card.notes {
                tell_once(out, &mut told, note.as_str())?;
            }
            let before = engine.state.revision;
            engine
                .until(Duration::from_secs(5), |state| {
                    state.revision != before && state.busy.is_none()
                })
                .await;
            continue;
        }
        question(engine, &card, out)?;
        let Some(line) = input::line().await? else {
            writeln!(
                out,
                "\nNo more answers: the run stays where it is. crashcart run --resume {}",
                short(&engine.state)
            )?;
            return Ok(1);
        };
        answered = true;
        engine.until(SEEN, |_| false).await;
        let said = press(engine, &line, card.typed.is_some());
        if let Some(words) = said.or_else(|| engine.state.message.take()) {
            writeln!(out, "{words}")?;
        }
    }
}

/// Prints what a person is asked about, whole, and then the question.
fn question(engine: &mut Engine, card: &Card, out: &mut dyn Write) -> anyhow::Result<()> {
    let policy = &engine.state.config.policy;
    write!(out, "{}", lines::card_text(card, policy))?;
    if let Some(id) = engine.state.card_id() {
        engine.happen(What::Drawn { card: Some(id) });
    }
    // What was typed before the request was on screen is forgotten before the question is asked.
    out.flush()?;
    input::forget_typed();
    match &card.typed {
        Some(want) => write!(out, "Type {want} ({}), or one of s u h a p: ", card.enter)?,
        None if card.enter.is_empty() => write!(out, "One of s u h a p: ")?,
        None => write!(out, "Enter to {}, or one of s u h a p: ", card.enter)?,
    }
    Ok(out.flush()?)
}

/// A typed line becomes the keys that the screen would take; gives back why it did not count, where a field says so.
fn press(engine: &mut Engine, line: &str, name: bool) -> Option<SafeText> {
    let (key, rest) = line.split_once(' ').unwrap_or((line, ""));
    let action = match (key, name) {
        ("", false) => Action::RunDo,
        ("s", _) => return with_text(engine, Action::RunSkip, rest),
        ("a", _) => return with_text(engine, Action::RunAbort, rest),
        ("u", _) => Action::RunUndo,
        ("h", _) => Action::RunHold,
        ("p", _) => Action::RunPlan,
        (_, true) => return with_text(engine, Action::RunDo, line),
        _ => {
            return Some(SafeText::new(&format!(
                "\"{key}\" is none of them: nothing was sent."
            )));
        }
    };
    engine.act(action, true);
    None
}

/// Takes an action and types into the field that it opens; a field that stays open is left, and says why.
fn with_text(engine: &mut Engine, action: Action, text: &str) -> Option<SafeText> {
    engine.act(action, true);
    engine.state.prompt.as_ref()?;
    for character in text.chars() {
        engine.act(Action::Type(character), true);
    }
    engine.act(Action::Accept, true);
    let why = match engine.state.prompt.as_ref()? {
        Prompt::Name { refused, .. } => refused.as_deref().map(SafeText::new),
        _ => engine.state.message.clone(),
    };
    engine.act(Action::Leave, true);
    why
}

/// How it ended, if it did.
fn over(run: &Run, out: &mut dyn Write) -> anyhow::Result<Option<u8>> {
    let code = match &run.status {
        RunStatus::Completed => 0,
        RunStatus::Unchecked => 3,
        RunStatus::NothingToDo => 4,
        RunStatus::Aborted(_) | RunStatus::Failed(_) | RunStatus::Held => 1,
        _ => return Ok(None),
    };
    writeln!(out, "{}", lines::run_end(run))?;
    Ok(Some(code))
}

fn tell(out: &mut dyn Write, told: &mut String, text: &str) -> anyhow::Result<()> {
    for line in text.lines() {
        tell_once(out, told, line)?;
    }
    Ok(())
}

/// Prints a line that was not printed before: only what changed is said again.
fn tell_once(out: &mut dyn Write, told: &mut String, line: &str) -> anyhow::Result<()> {
    if !told.lines().any(|known| known == line) {
        writeln!(out, "{line}")?;
        told.push_str(line);
        told.push('\n');
    }
    Ok(())
}

fn short(state: &State) -> String {
    state.open_run.clone().unwrap_or_default()
}

/// Prints a run from the log alone.
fn show(state: &State, args: &RunArgs, out: &mut dyn Write) -> anyhow::Result<u8> {
    let id = args
        .id
        .as_deref()
        .context("name the run: crashcart run show ID")?;
    let Some(run) = state.runs.iter().find(|run| run.id.starts_with(id)) else {
        bail!("there is no run {id} in this log; crashcart log show lists what happened");
    };
    let text = if args.paper {
        paper::paper(run).join("\n") + "\n"
    } else {
        lines::run_text(state, run)
    };
    write!(out, "{text}")?;
    Ok(0)
}
