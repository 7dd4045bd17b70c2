//! The kinds of steps: a closed list, one file each with `brief`, `op` and `verdict`.
//!
//! *Prepare* kinds only read and ask services; live kinds stand in the plan. To add one: its file, a variant of
//! `Kind`, its row in the tables below, and its place in docs/runbooks.md. A new kind of change needs a variant in
//! `sources/op.rs` as well.

mod choose_backup;
mod confirm_target;
mod give_back;
mod hold_automation;
mod kind;
mod may_i;
mod restore;
mod safety_copy;
mod server_alive;
mod survey;
mod verify;
mod watch;

pub use kind::Kind;

use super::book::BookStep;
use super::event::Created;
use super::plan::Frozen;
use super::plan::Plan;
use super::plan::PlanStep;
use super::plan::Undo;
use super::plan::short;
use super::reading::Answer;
use super::reading::Gvk;
use super::reading::Reading;
use super::run::Attempt;
use super::run::Run;
use super::sight::Sight;
use super::values::ValueError;
use super::values::Values;
use crate::sources::moment::Moment;
use crate::sources::op::Gvr;
use crate::sources::op::Mark;
use crate::sources::op::Op;
use crate::sources::rights::role::Part;
use crate::text::SafeText;

/// What a step says about the world.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It must read first.
    Need(Reading),
    /// It must ask a service first; only prepare steps say so.
    Send(Op),
    /// Not yet, and what is missing.
    Pending(SafeText),
    /// Everything before it is as planned: a person may be asked.
    Ask(SafeText),
    /// The world shows all that this person may see of it, and only a person can go on: what is missing, and what to do.
    Stuck(SafeText),
    /// It must not be sent now: something is not as the plan has it.
    Blocked(SafeText),
    /// The world shows it.
    Done(Found),
    /// It failed, and why.
    Failed(SafeText),
}

/// What a step found or saw.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// In one clause.
    pub words: SafeText,
    /// Everything frozen so far, when the step adds to it.
    pub frozen: Option<Frozen>,
    /// False when the step goes on after this was recorded.
    pub through: bool,
    /// Objects that the run brought.
    pub created: Vec<Created>,
}

impl Verdict {
    fn pending(words: impl AsRef<str>) -> Verdict {
        Verdict::Pending(SafeText::new(words.as_ref()))
    }

    fn stuck(words: impl AsRef<str>) -> Verdict {
        Verdict::Stuck(SafeText::new(words.as_ref()))
    }

    fn failed(words: impl AsRef<str>) -> Verdict {
        Verdict::Failed(SafeText::new(words.as_ref()))
    }

    fn blocked(words: impl AsRef<str>) -> Verdict {
        Verdict::Blocked(SafeText::new(words.as_ref()))
    }

    fn ask(words: impl AsRef<str>) -> Verdict {
        Verdict::Ask(SafeText::new(words.as_ref()))
    }

    fn done(words: impl AsRef<str>) -> Verdict {
        Verdict::Done(Found {
            words: SafeText::new(words.as_ref()),
            through: true,
            ..Found::default()
        })
    }

    fn found(words: impl AsRef<str>, frozen: Frozen) -> Verdict {
        let words = SafeText::new(words.as_ref());
        Verdict::Done(Found {
            words,
            frozen: Some(frozen),
            through: true,
            created: Vec::new(),
        })
    }
}

/// One step's turn: the run, the step's number, and what may be seen now.
#[derive(Clone, Copy, Debug)]
pub struct Turn<'a> {
    /// The run.
    pub run: &'a Run,
    /// The step's number.
    pub number: u32,
    /// What may be looked at.
    pub sight: &'a Sight<'a>,
    /// Now.
    pub now: Moment,
}

impl<'a> Turn<'a> {
    /// The step in the plan; `None` while preparing.
    pub fn step(&self) -> Option<&'a PlanStep> {
        self.plan()?.step(self.number)
    }

    /// The plan.
    pub fn plan(&self) -> Option<&'a Plan> {
        self.run.plan.as_ref()
    }

    /// What prepare has frozen so far.
    pub fn frozen(&self) -> &'a Frozen {
        &self.run.memory.frozen
    }

    /// The step's newest request.
    pub fn attempt(&self) -> Option<&'a Attempt> {
        self.run.attempt(self.number, false)
    }

    /// Which of the planned objects exist, as asked after the Restore had left.
    pub(crate) fn names_now(
        &self,
    ) -> Result<&'a [super::reading::Listed], Result<Box<Reading>, SafeText>> {
        let reading = self.names();
        let restore = self.plan().and_then(|plan| plan.step_of(Kind::Restore));
        let sent = restore
            .and_then(|step| self.run.attempt(step.number, false))
            .map(|attempt| attempt.at);
        match self.sight.answer_after(&reading, sent, self.now) {
            Some(Answer::Names(listed)) => Ok(listed),
            Some(Answer::Failed(why)) => Err(Err(why.clone())),
            _ => Err(Ok(Box::new(reading))),
        }
    }

    /// The question which of the planned objects exist now.
    pub fn names(&self) -> Reading {
        names(&self.run.namespace, self.frozen())
    }
}

/// The question which objects of the frozen kinds exist in the namespace now.
pub(crate) fn names(namespace: &str, frozen: &Frozen) -> Reading {
    let kinds = frozen.items().map(|item| Gvk {
        group: item.gvr.group.clone(),
        version: item.gvr.version.clone(),
        kind: item.kind.clone(),
    });
    let mut kinds: Vec<Gvk> = kinds.collect();
    kinds.sort();
    kinds.dedup();
    Reading::Names {
        namespace: namespace.to_owned(),
        kinds,
    }
}

/// What a step is expanded from.
#[derive(Clone, Copy, Debug)]
pub struct Expansion<'a> {
    /// The run.
    pub run: &'a Run,
    /// The step as its author wrote it.
    pub step: &'a BookStep,
    /// The number it will have in the run.
    pub number: u32,
    /// The step that it is `of`, as it stands in the plan so far.
    pub of: Option<&'a PlanStep>,
}

impl Expansion<'_> {
    fn frozen(&self) -> &Frozen {
        &self.run.memory.frozen
    }

    fn value(&self, key: &str) -> Result<String, ValueError> {
        self.fill(self.step.values.get(key).map_or("", String::as_str))
    }

    fn fill(&self, pattern: &str) -> Result<String, ValueError> {
        let run = self.run;
        Values {
            params: &run.params,
            short: short(&run.id),
            frozen: &run.memory.frozen,
        }
        .fill(pattern)
    }

    fn mark(&self) -> Mark {
        Mark {
            run: self.run.id.clone(),
            step: self.number,
            ticket: self.run.ticket.clone(),
        }
    }

    /// A step for which there is nothing to do in this run, and why: it keeps its number and is passed over.
    fn idle(&self, why: &str) -> Result<PlanStep, ValueError> {
        let step = self.plan_step(why.to_owned(), None, why.to_owned(), Undo::Nothing)?;
        Ok(PlanStep {
            done_when: why.to_owned(),
            ..step
        })
    }

    /// A step of the plan with everything the book says of it; the kind adds the rest.
    fn plan_step(
        &self,
        title: String,
        op: Option<Op>,
        before: String,
        undo: Undo,
    ) -> Result<PlanStep, ValueError> {
        Ok(PlanStep {
            number: self.number,
            id: self.step.id.clone(),
            kind: self.step.kind.word().to_owned(),
            title,
            op,
            before,
            done_when: self.fill(&self.step.done)?,
            undo,
            typed: None,
            timeout_s: self.step.timeout_s,
            skip: self.step.skip,
        })
    }
}

/// The step of the plan, with its request; without one where there is nothing for it to do in this run.
///
/// # Errors
/// A pattern that names something unknown.
pub fn brief(expansion: &Expansion<'_>) -> Result<PlanStep, ValueError> {
    match expansion.step.kind {
        Kind::MayI | Kind::ServerAlive | Kind::ChooseBackup | Kind::Survey => {
            expansion.idle("it was done before the plan")
        }
        Kind::ConfirmTarget => confirm_target::brief(expansion),
        Kind::HoldAutomation => hold_automation::brief(expansion),
        Kind::SafetyCopy => safety_copy::brief(expansion),
        Kind::Restore => restore::brief(expansion),
        Kind::Watch => watch::brief(expansion),
        Kind::Verify => verify::brief(expansion),
        Kind::GiveBack => give_back::brief(expansion),
    }
}

/// Whether everything before the step is as planned; for prepare steps, what they find.
pub fn before(kind: Kind, turn: &Turn<'_>) -> Verdict {
    match kind {
        Kind::MayI => may_i::verdict(turn),
        Kind::ServerAlive => server_alive::verdict(turn),
        Kind::ChooseBackup => choose_backup::verdict(turn),
        Kind::Survey => survey::verdict(turn),
        Kind::ConfirmTarget => confirm_target::before(turn),
        Kind::HoldAutomation => hold_automation::before(turn),
        Kind::SafetyCopy => safety_copy::before(turn),
        Kind::Restore => restore::before(turn),
        Kind::Watch => watch::verdict(turn),
        Kind::Verify => verify::verdict(turn),
        Kind::GiveBack => give_back::before(turn),
    }
}

/// Whether the world shows what the step is for, once its request has left or its name was typed.
pub fn verdict(kind: Kind, turn: &Turn<'_>) -> Verdict {
    match kind {
        Kind::ConfirmTarget => confirm_target::verdict(turn),
        Kind::HoldAutomation => hold_automation::verdict(turn),
        Kind::SafetyCopy => safety_copy::verdict(turn),
        Kind::Restore => restore::verdict(turn),
        Kind::GiveBack => give_back::verdict(turn),
        _ => before(kind, turn),
    }
}

/// The request of a step: of the plan, or of the service that a prepare step asks.
pub(crate) fn op(kind: Kind, turn: &Turn<'_>) -> Option<Op> {
    match kind {
        Kind::ServerAlive => Some(server_alive::op(turn)),
        Kind::Survey => Some(survey::op(turn)),
        _ => turn.step()?.op.clone(),
    }
}

/// Every right that a step of this kind needs, as verb, resource and namespace.
pub fn rights(kind: Kind, turn: &Turn<'_>, velero: &str) -> Vec<(&'static str, Gvr, String)> {
    match kind {
        Kind::ServerAlive => server_alive::rights(velero),
        Kind::Survey => survey::rights(velero),
        Kind::HoldAutomation | Kind::GiveBack => hold_automation::rights(turn),
        Kind::SafetyCopy => safety_copy::rights(velero),
        Kind::Restore | Kind::Watch => restore::rights(velero),
        _ => Vec::new(),
    }
}

/// What a step of this kind does to a cluster, as far as somebody must have been given a right for it.
pub fn parts(kind: Kind) -> &'static [Part] {
    match kind {
        Kind::ServerAlive => &[Part::SignOfLife],
        Kind::Survey => &[Part::BackupList, Part::Names],
        Kind::HoldAutomation | Kind::GiveBack => &[Part::Hold],
        Kind::SafetyCopy => &[Part::SafetyCopy],
        Kind::Restore => &[Part::Restore, Part::Names],
        Kind::Watch | Kind::Verify => &[Part::Names],
        Kind::MayI | Kind::ChooseBackup | Kind::ConfirmTarget => &[],
    }
}

/// The planned objects that a listing found and that are not the ones of the plan.
pub(crate) fn created(turn: &Turn<'_>, listed: &[super::reading::Listed]) -> Vec<Created> {
    verify::created(turn, listed)
}

/// The objects to be created that nobody looked for, because this person may not list their kind.
pub(crate) fn unseen<'a>(
    turn: &Turn<'a>,
    listed: &'a [super::reading::Listed],
) -> impl Iterator<Item = &'a super::plan::Item> {
    let create = turn.frozen().create.iter();
    create.filter(|item| restore::unseen(listed, item))
}

/// Velero's resource of that plural.
fn velero(plural: &str) -> Gvr {
    Gvr::new("velero.io", "v1", plural)
}

/// A field of an object by its path, as text; empty when there is none.
fn text(object: &serde_json::Value, path: &str) -> String {
    object
        .pointer(path)
        .and_then(serde_json::Value::as_str)
        .unwrap_or_default()
        .to_owned()
}
