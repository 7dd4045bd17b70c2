//! What a run does next: by itself (`advance`) or because a key was pressed (`press`). Pure; it only says what to do.
//!
//! The caller hands one command at a time to the outside and comes back with what became of it: a recorded event, an
//! answer, or an intent and its outcome. Between the two it does not call `advance` again.

use jiff::Timestamp;

use super::doubt;
use super::event::OutcomeClass;
use super::event::RunEvent;
use super::expand;
use super::holds;
use super::plan;
use super::plan::Frozen;
use super::plan::PlanStep;
use super::reading::Reading;
use super::run::Attempt;
use super::run::Run;
use super::run::RunStatus;
use super::run::StepState;
use super::run::StepStatus;
use super::sight::Sight;
use super::steps;
use super::steps::Found;
use super::steps::Kind;
use super::steps::Turn;
use super::steps::Verdict;
use super::undo;
use crate::sources::moment::Moment;
use crate::sources::op::Op;
use crate::text::SafeText;
use crate::text::age;

/// What a run wants from the outside.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "one at a time, never kept")]
pub enum Command {
    /// Write this into the log, then fold it.
    Record(RunEvent),
    /// Read this; nothing is recorded.
    Read(Reading),
    /// Record the intent, send the request, record the outcome.
    Send {
        /// Number of the step.
        step: u32,
        /// What is sent.
        op: Op,
        /// True when it takes the step back.
        undo: bool,
    },
}

impl Run {
    /// What goes on by itself: prepare, verdicts, timeouts, looks. At most one thing, none while a request is out.
    pub fn advance(&self, sight: &Sight<'_>, now: Moment) -> Option<Command> {
        if self.ended() || self.in_flight() || self.status == RunStatus::Held {
            return None;
        }
        if self.status == RunStatus::Planned || holds::told(self).is_err() {
            return None;
        }
        if let Err(words) = sight.ready(&self.cluster, &self.memory.cluster_uid, now) {
            return self.late(&words, now);
        }
        if let Some((number, undo)) = doubt::open(self) {
            return doubt::advance(self, (number, undo), sight, now);
        }
        match self.status {
            RunStatus::Preparing => self.prepare(sight, now),
            RunStatus::Running if self.memory.undoing => undo::advance(self, sight, now),
            RunStatus::Running => self.go_on(sight, now),
            _ => None,
        }
    }

    /// While the cluster is not seen only time goes on: a waiting step fails when its time is over.
    fn late(&self, words: &SafeText, now: Moment) -> Option<Command> {
        let step = self.turn()?;
        let waits = match self.status {
            RunStatus::Preparing => true,
            RunStatus::Running => step.status == StepStatus::Sent && !self.memory.undoing,
            _ => false,
        };
        let limit = self.limit(step, None);
        (waits && self.over(step, limit, now)).then(|| failed(step, words.as_str()))
    }

    fn prepare(&self, sight: &Sight<'_>, now: Moment) -> Option<Command> {
        let book = match holds::book(self, sight) {
            Ok(book) => book,
            Err(words) => return Some(failed(self.turn()?, words.as_str())),
        };
        let Some(step) = self
            .turn()
            .filter(|step| kind(step).is_some_and(Kind::prepares))
        else {
            return Some(Command::Record(self.plan_or_end(book)));
        };
        let turn = Turn {
            run: self,
            number: step.number,
            sight,
            now,
        };
        let limit = self.limit(step, book.step(&step.id).map(|step| step.timeout_s));
        match steps::before(kind(step)?, &turn) {
            Verdict::Done(found) => Some(Command::Record(self.prepared(step, found))),
            Verdict::Send(op) => match self.unsent(step.number) {
                Some((_, words)) if self.over(step, limit, now) => {
                    let limit = age(i64::from(limit));
                    Some(failed(step, &format!("not sent within {limit}: {words}")))
                }
                Some((at, _)) if now.seconds_after(at) < PAUSE_S => None,
                _ => Some(Command::Send {
                    step: step.number,
                    op,
                    undo: false,
                }),
            },
            other => self.handle(step, limit, other, sight, now),
        }
    }

    /// When this step's newest request did not leave this host, and why.
    fn unsent(&self, number: u32) -> Option<(Timestamp, &SafeText)> {
        let (step, at, words) = self.memory.unsent.as_ref()?;
        (*step == number).then_some((*at, words))
    }

    fn prepared(&self, step: &StepState, found: Found) -> RunEvent {
        RunEvent::Prepared {
            step: step.number,
            done: found.through,
            evidence: found.words,
            frozen: found.frozen.unwrap_or_else(|| self.memory.frozen.clone()),
        }
    }

    /// The plan, or the end when nothing would be changed.
    fn plan_or_end(&self, book: &super::book::Book) -> RunEvent {
        let frozen = &self.memory.frozen;
        if frozen.create.is_empty() {
            return RunEvent::NothingToDo {
                words: SafeText::new(&nothing(frozen, &self.namespace)),
            };
        }
        match expand::plan(self, book) {
            Ok(plan) => RunEvent::Planned {
                digest: plan.digest(),
                plan,
            },
            Err(error) => {
                let reason = SafeText::new(&format!("the plan could not be made: {error}"));
                RunEvent::Aborted { reason }
            }
        }
    }

    fn go_on(&self, sight: &Sight<'_>, now: Moment) -> Option<Command> {
        let Some(step) = self.turn() else {
            return Some(Command::Record(self.end_of_steps()));
        };
        let kind = kind(step)?;
        let turn = Turn {
            run: self,
            number: step.number,
            sight,
            now,
        };
        let limit = self.limit(step, None);
        match &step.status {
            StepStatus::Sent => match refusal(self, step) {
                Some(why) => Some(failed(step, &why)),
                None => self.handle(step, limit, steps::verdict(kind, &turn), sight, now),
            },
            StepStatus::Now if self.idle(step) => Some(Command::Record(RunEvent::Skipped {
                step: step.number,
                reason: SafeText::new(&step.title),
            })),
            StepStatus::Now if kind == Kind::ConfirmTarget => match steps::verdict(kind, &turn) {
                Verdict::Done(found) => Some(done(step, found)),
                _ => None,
            },
            StepStatus::Now if kind.changes() => match steps::before(kind, &turn) {
                Verdict::Done(found) => Some(done(step, found)),
                Verdict::Need(reading) => ask(reading, sight, now),
                // The answer is renewed before it is too old to act on, so that Enter does not come and go.
                Verdict::Ask(_) if kind == Kind::Restore && sight.fades(&turn.names(), now) => {
                    Some(Command::Read(turn.names()))
                }
                _ => None,
            },
            StepStatus::Now => self.handle(step, limit, steps::verdict(kind, &turn), sight, now),
            _ => None,
        }
    }

    /// True when there is nothing for the step to do in this run.
    fn idle(&self, step: &StepState) -> bool {
        let planned = self.plan.as_ref().and_then(|plan| plan.step(step.number));
        planned.is_some_and(PlanStep::idle)
    }

    /// How a run ends whose steps are all over: what was not checked is not called completed.
    fn end_of_steps(&self) -> RunEvent {
        let skipped = |step: &StepState| match &step.status {
            StepStatus::Skipped(why) if !self.idle(step) => {
                Some(format!("{} {} ({why})", step.number, step.id))
            }
            _ => None,
        };
        let check = |step: &&StepState| kind(step) == Some(Kind::Verify);
        let unchecked: Vec<String> = self
            .steps
            .iter()
            .filter(check)
            .filter_map(skipped)
            .collect();
        if !unchecked.is_empty() {
            let words = format!("not proved: left out was {}", unchecked.join(", "));
            let words = SafeText::new(&words);
            return RunEvent::Unchecked { words };
        }
        let left_out: Vec<String> = self.steps.iter().filter_map(skipped).collect();
        let words = if left_out.is_empty() {
            "every step is done".to_owned()
        } else {
            format!("every step is done but {}", left_out.join(", "))
        };
        let words = SafeText::new(&words);
        RunEvent::Completed { words }
    }

    fn handle(
        &self,
        step: &StepState,
        limit: u32,
        verdict: Verdict,
        sight: &Sight<'_>,
        now: Moment,
    ) -> Option<Command> {
        match verdict {
            Verdict::Need(reading) => ask(reading, sight, now),
            Verdict::Done(found) => Some(done(step, found)),
            Verdict::Failed(why) => Some(failed(step, why.as_str())),
            Verdict::Pending(words) | Verdict::Blocked(words) | Verdict::Ask(words) => {
                if self.over(step, limit, now) {
                    return Some(failed(
                        step,
                        &format!("not seen within {}: {words}", age(i64::from(limit))),
                    ));
                }
                let again = sight.heard.filter(|_| kind(step).is_some_and(polls))?;
                ask(again.reading.clone(), sight, now)
            }
            // It waits for a person and not for the world: without a limit, and asked again only when it gets old.
            Verdict::Stuck(_) => {
                let again = sight.heard.map(|heard| &heard.reading)?;
                sight
                    .fades(again, now)
                    .then(|| Command::Read(again.clone()))
            }
            Verdict::Send(_) => None,
        }
    }

    /// Seconds that this step may wait.
    fn limit(&self, step: &StepState, book: Option<u32>) -> u32 {
        let plan = self.plan.as_ref().and_then(|plan| plan.step(step.number));
        plan.map(|step| step.timeout_s).or(book).unwrap_or(LIMIT_S)
    }

    /// True when the step has waited longer than its limit, counted from its request or from when its turn came.
    fn over(&self, step: &StepState, limit: u32, now: Moment) -> bool {
        let sent = self.attempt(step.number, false).map(|attempt| attempt.at);
        let begun: Option<Timestamp> = sent.or_else(|| self.before(step.number));
        let from = begun.max(self.memory.since);
        from.is_some_and(|from| now.seconds_after(from) > i64::from(limit))
    }
}

/// Seconds before what did not leave this host is tried again by itself: each try is two entries in the log.
const PAUSE_S: i64 = 5;
/// Seconds that a step may wait when nothing says how long.
const LIMIT_S: u32 = 300;

/// Why nothing would be sent: everything that could be brought back is there.
fn nothing(frozen: &Frozen, namespace: &str) -> String {
    let there = frozen.skip.len() + frozen.collide.len();
    let all = there + frozen.unknown.len();
    let backup = &frozen.backup;
    let mut words = format!("{there} of {all} objects of {backup} are in {namespace}");
    if !frozen.collide.is_empty() {
        let others = plan::named(&frozen.collide);
        words = format!("{words}, but made after it and so others than it holds: {others}");
    }
    if !frozen.unknown.is_empty() {
        let unknown = plan::named(&frozen.unknown);
        words = format!("{words}, of kinds that the cluster does not have: {unknown}");
    }
    if frozen.left > 0 {
        words = format!("{words}, {} are left to controllers", frozen.left);
    }
    format!("{words}; 0 requests")
}

/// True for kinds whose answer may change when the same question is asked again.
fn polls(kind: Kind) -> bool {
    matches!(kind, Kind::ServerAlive | Kind::Survey | Kind::Verify)
}

/// The kind of a step; `None` when a later version wrote it.
pub(crate) fn kind(step: &StepState) -> Option<Kind> {
    Kind::parse(&step.kind)
}

/// Asks, unless the same was asked a moment ago.
pub(crate) fn ask(reading: Reading, sight: &Sight<'_>, now: Moment) -> Option<Command> {
    sight
        .may_ask(&reading, now)
        .then_some(Command::Read(reading))
}

fn done(step: &StepState, found: Found) -> Command {
    Command::Record(RunEvent::Done {
        step: step.number,
        evidence: found.words,
        created: found.created,
    })
}

fn failed(step: &StepState, why: &str) -> Command {
    Command::Record(RunEvent::Failed {
        step: step.number,
        why: SafeText::new(why),
    })
}

/// Why the step's request was refused, in words; nothing when it was not.
fn refusal(run: &Run, step: &StepState) -> Option<String> {
    let attempt: &Attempt = run.attempt(step.number, false)?;
    let Some((OutcomeClass::Refused, status, words)) = &attempt.outcome else {
        return None;
    };
    if attempt.arrived {
        return None;
    }
    let status = status.map_or_else(String::new, |status| format!(" ({status})"));
    let verb = run
        .plan
        .as_ref()?
        .step(step.number)?
        .op
        .as_ref()
        .map(Op::line)
        .unwrap_or_default();
    Some(
        format!(
            "refused{status} by {}: {verb}. Nothing changed. {words}",
            run.cluster
        )
        .trim_end()
        .to_owned(),
    )
}
