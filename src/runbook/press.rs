//! What a key does to a run, or why it does nothing, in words.

use super::doubt;
use super::engine::Command;
use super::engine::kind;
use super::event::RunEvent;
use super::event::Trace;
use super::holds;
use super::run::Run;
use super::run::RunStatus;
use super::run::StepState;
use super::run::StepStatus;
use super::sight::Sight;
use super::steps;
use super::steps::Kind;
use super::steps::Turn;
use super::steps::Verdict;
use super::undo;
use super::undo_item;
use super::undo_list;
use crate::sources::moment::Moment;
use crate::text::SafeText;

/// What a person does to a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Do what the card shows.
    Enter,
    /// Do what the card shows, with the name typed that it asks for.
    Typed(String),
    /// Leave the step out.
    Skip {
        /// Why, as typed.
        reason: String,
    },
    /// Take back everything, newest first.
    Undo,
    /// Put the run down.
    Hold,
    /// End the run.
    Abort {
        /// Why, as typed.
        reason: String,
    },
    /// Look at the world again.
    Look,
}

type Pressed = Result<Vec<Command>, SafeText>;

fn no(words: impl AsRef<str>) -> Pressed {
    Err(SafeText::new(words.as_ref()))
}

fn record(event: RunEvent) -> Command {
    Command::Record(event)
}

impl Run {
    /// What a key does; the commands are carried out in order, and the rest is dropped when one fails.
    ///
    /// # Errors
    /// Why it does nothing, in one sentence.
    pub fn press(
        &self,
        input: Input,
        sight: &Sight<'_>,
        now: Moment,
    ) -> Result<Vec<Command>, SafeText> {
        if self.ended() {
            return no("the run has ended; nothing can be sent by it");
        }
        if self.in_flight() {
            return no("a request is out: its answer comes first");
        }
        if !matches!(input, Input::Abort { .. } | Input::Hold) {
            holds::told(self)?;
        }
        match input {
            Input::Enter => self.enter(None, sight, now),
            Input::Typed(text) => self.enter(Some(&text), sight, now),
            Input::Skip { reason } => self.skip(&reason),
            Input::Undo => self.undo(),
            Input::Hold if self.status == RunStatus::Held => {
                no("the run is held already; Enter takes it up again")
            }
            Input::Hold => Ok(vec![record(RunEvent::Held)]),
            Input::Abort { reason } => match worded(&reason) {
                None => no("say why: a run is ended with a reason"),
                Some(reason) => Ok(vec![record(RunEvent::Aborted { reason })]),
            },
            Input::Look => self.look(),
        }
    }

    fn enter(&self, typed: Option<&str>, sight: &Sight<'_>, now: Moment) -> Pressed {
        sight.ready(&self.cluster, &self.memory.cluster_uid, now)?;
        if self.memory.started
            && let Some(plan) = &self.plan
            && plan.digest() != self.digest
        {
            return no("the plan is not the one that was shown: nothing is sent; open a new run");
        }
        if self.memory.started && !self.memory.undoing {
            holds::law(self, sight, now)?;
        }
        let open = doubt::open(self);
        match self.status {
            RunStatus::Interrupted | RunStatus::Running | RunStatus::Preparing
                if open.is_some() =>
            {
                self.doubted(open.unwrap_or_default(), typed, sight, now)
            }
            RunStatus::Held | RunStatus::Interrupted => Ok(vec![record(RunEvent::Resumed)]),
            RunStatus::Preparing => no("prepare goes on by itself; nothing was changed"),
            RunStatus::Planned => {
                holds::start(self, sight, now)?;
                Ok(vec![record(RunEvent::Started)])
            }
            RunStatus::Running if self.memory.undoing => self.undo_next(typed, sight, now),
            RunStatus::Running => self.do_it(typed, sight, now),
            _ => no("the run has ended"),
        }
    }

    /// Enter at a request in doubt: record its arrival, or send it once more when it is not there.
    fn doubted(
        &self,
        key: (u32, bool),
        typed: Option<&str>,
        sight: &Sight<'_>,
        now: Moment,
    ) -> Pressed {
        let (step, undo) = key;
        let attempt = self.attempt(step, undo);
        let look = attempt.and_then(|attempt| attempt.looks.last());
        let mut commands = Vec::new();
        if self.status == RunStatus::Interrupted {
            commands.push(record(RunEvent::Resumed));
        }
        match look {
            Some((_, Trace::Arrived, words)) => {
                commands.push(record(RunEvent::Arrived {
                    step,
                    undo,
                    words: words.clone(),
                }));
                Ok(commands)
            }
            Some((_, Trace::Absent, _)) if attempt.is_some_and(doubt::looked_enough) => {
                let Some(op) = doubt::op(self, key, sight, now) else {
                    return no("what would be sent is not known; hold or abort");
                };
                sight.allowed(&self.cluster, &op, now)?;
                if self.plan.is_some() {
                    right_name(&self.namespace, typed, "it did not arrive")?;
                    let text = SafeText::new(typed.unwrap_or_default());
                    commands.push(record(RunEvent::Typed { step, text }));
                }
                commands.push(Command::Send { step, op, undo });
                Ok(commands)
            }
            Some((_, Trace::Foreign, words)) => no(format!("{words}; skip, undo, hold or abort")),
            Some((_, Trace::Unreadable, _)) if attempt.is_some_and(doubt::looked_enough) => {
                self.look()
            }
            _ => no(format!(
                "looking: {} was asked; nothing is sent meanwhile",
                self.cluster
            )),
        }
    }

    fn do_it(&self, typed: Option<&str>, sight: &Sight<'_>, now: Moment) -> Pressed {
        let Some(step) = self.turn() else {
            return no("every step is over");
        };
        let (Some(kind), Some(planned)) = (
            kind(step),
            self.plan.as_ref().and_then(|plan| plan.step(step.number)),
        ) else {
            return no(format!(
                "step {} is of a kind that this version does not know; hold or abort",
                step.number
            ));
        };
        if step.status != StepStatus::Now {
            return self.waiting(step);
        }
        let turn = Turn {
            run: self,
            number: step.number,
            sight,
            now,
        };
        match steps::before(kind, &turn) {
            Verdict::Ask(_) => {}
            Verdict::Blocked(words) | Verdict::Failed(words) => return Err(words),
            Verdict::Need(_) => {
                return no(format!(
                    "looking at {} first; nothing is sent meanwhile",
                    self.cluster
                ));
            }
            Verdict::Stuck(_) => return Ok(vec![Command::Read(turn.names())]),
            _ => return no("there is nothing to do here; it goes on by itself"),
        }
        if let Some(op) = &planned.op {
            sight.allowed(&self.cluster, op, now)?;
        }
        let mut commands = Vec::new();
        if let Some(name) = &planned.typed {
            right_name(name, typed, "cannot be stopped or taken back by a key")?;
            let text = SafeText::new(typed.unwrap_or_default());
            commands.push(record(RunEvent::Typed {
                step: step.number,
                text,
            }));
        }
        if let Some(op) = &planned.op {
            if kind.changes() && !self.confirmed() {
                return no(format!(
                    "the name of {} was not typed yet: nothing is sent",
                    self.namespace
                ));
            }
            commands.push(Command::Send {
                step: step.number,
                op: op.clone(),
                undo: false,
            });
        }
        Ok(commands)
    }

    /// True once the target's name was typed in its own step.
    pub(crate) fn confirmed(&self) -> bool {
        let confirm = self
            .steps
            .iter()
            .find(|step| step.kind == Kind::ConfirmTarget.word());
        confirm.is_some_and(|step| step.status == StepStatus::Done)
    }

    fn skip(&self, reason: &str) -> Pressed {
        let Some(reason) = worded(reason) else {
            return no("say why: a step is left out with a reason");
        };
        if self.memory.undoing || !self.memory.started {
            return no("only a step of a started plan can be left out");
        }
        let Some(step) = self.turn() else {
            return no("every step is over");
        };
        let allowed = self
            .plan
            .as_ref()
            .and_then(|plan| plan.step(step.number))
            .is_some_and(|step| step.skip);
        if !allowed {
            return no(format!(
                "step {} {} may not be left out; undo, hold or abort",
                step.number, step.id
            ));
        }
        if matches!(step.status, StepStatus::Sent) && kind(step).is_some_and(Kind::changes) {
            return no(format!(
                "step {} was sent and is not over; wait for the world",
                step.number
            ));
        }
        let skipped = record(RunEvent::Skipped {
            step: step.number,
            reason,
        });
        Ok(self.taken_up([skipped]))
    }

    fn undo(&self) -> Pressed {
        if self.memory.undoing {
            if undo::begun(self) {
                return no("it is being taken back already, and something was sent for it");
            }
            return Ok(self.taken_up([record(RunEvent::UndoLeft)]));
        }
        if undo::target(self).is_none() {
            return no("nothing was changed that a request could take back; abort ends the run");
        }
        Ok(self.taken_up([record(RunEvent::UndoBegun)]))
    }

    /// Enter while the run is taken back: the one request that is shown, or a part of the list with the name typed.
    fn undo_next(&self, typed: Option<&str>, sight: &Sight<'_>, now: Moment) -> Pressed {
        let Some(step) = undo::target(self) else {
            return no("everything that can be taken back is");
        };
        if let Some(list) = undo::list(self) {
            if !undo_item::asks(self, list) {
                return no("it goes on by itself, one request each; h puts it down");
            }
            right_name(&self.namespace, typed, "what is deleted does not come back")?;
            return Ok(vec![record(RunEvent::UndoConfirmed {
                step: list.step,
                digest: undo_list::digest(self, list),
                text: SafeText::new(typed.unwrap_or_default()),
            })]);
        }
        if self
            .attempt(step.number, true)
            .is_some_and(super::run::Attempt::applied)
        {
            return no("sent; waiting for the world");
        }
        match undo::op(self) {
            Some(op) => {
                sight.allowed(&self.cluster, &op, now)?;
                Ok(vec![Command::Send {
                    step: step.number,
                    op,
                    undo: true,
                }])
            }
            None => no(format!(
                "looking at what {} created; nothing is sent meanwhile",
                step.id
            )),
        }
    }

    fn look(&self) -> Pressed {
        if let Some((step, _)) = doubt::open(self) {
            return Ok(vec![record(RunEvent::LookAgain { step })]);
        }
        match self.turn() {
            Some(step) if matches!(step.status, StepStatus::Failed(_)) && self.plan.is_some() => {
                let again = record(RunEvent::LookAgain { step: step.number });
                Ok(self.taken_up([again]))
            }
            Some(step) if self.status == RunStatus::Running && kind(step) == Some(Kind::Verify) => {
                let frozen = &self.memory.frozen;
                Ok(vec![Command::Read(steps::names(&self.namespace, frozen))])
            }
            _ => no("nothing is in doubt and nothing failed: there is nothing to look at again"),
        }
    }

    /// Enter at a step that is not waiting for a person: a failed one is looked at again, nothing is sent.
    fn waiting(&self, step: &StepState) -> Pressed {
        match &step.status {
            StepStatus::Failed(_) => self.look(),
            _ => no(format!(
                "step {} waits for the world; nothing is sent again",
                step.number
            )),
        }
    }

    /// The commands, after taking the run up again where it was put down or interrupted.
    fn taken_up(&self, commands: impl IntoIterator<Item = Command>) -> Vec<Command> {
        let down = matches!(self.status, RunStatus::Held | RunStatus::Interrupted);
        let resumed = down.then(|| record(RunEvent::Resumed));
        resumed.into_iter().chain(commands).collect()
    }
}

fn worded(reason: &str) -> Option<SafeText> {
    let reason = reason.trim();
    (!reason.is_empty()).then(|| SafeText::new(reason))
}

/// Checks a typed name, letter by letter.
fn right_name(name: &str, typed: Option<&str>, why: &str) -> Result<(), SafeText> {
    match typed {
        Some(text) if text == name => Ok(()),
        Some(text) => Err(SafeText::new(&format!(
            "\"{text}\" is not {name}: nothing was sent"
        ))),
        None => Err(SafeText::new(&format!("{why}: type {name} to send this"))),
    }
}
