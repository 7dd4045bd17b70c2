//! From the entries of the log to runs. Total: an entry that makes no sense here changes nothing.

use jiff::Timestamp;

use super::event::Opened;
use super::event::OutcomeClass;
use super::event::RunEvent;
use super::event::Trace;
use super::owed;
use super::plan::Frozen;
use super::plan::Plan;
use super::run::Attempt;
use super::run::Memory;
use super::run::Run;
use super::run::RunStatus;
use super::run::StepState;
use super::run::StepStatus;
use super::steps::Kind;
use super::undo;
use crate::text::SafeText;

impl Run {
    /// The run that its first entry opens.
    pub fn open(opened: &Opened, seq: u64, at: Timestamp) -> Run {
        let param = |name: &str| opened.params.get(name).cloned().unwrap_or_default();
        let outline = opened.steps.iter();
        let mut run = Run {
            id: opened.run.clone(),
            book: opened.book.clone(),
            version: opened.version,
            trusted: opened.trusted,
            mode: opened.mode,
            cluster: opened.cluster.clone(),
            namespace: param("namespace"),
            params: opened.params.clone(),
            ticket: param("ticket"),
            reason: param("reason"),
            by: opened.by.clone(),
            opened: at,
            status: RunStatus::Preparing,
            steps: outline
                .map(|step| fresh(step.number, &step.id, &step.kind, &step.title))
                .collect(),
            plan: None,
            digest: String::new(),
            owed: Vec::new(),
            ending: SafeText::default(),
            memory: Memory {
                cluster_uid: opened.cluster_uid.clone(),
                book_digest: opened.book_digest.clone(),
                policy: opened.policy.clone(),
                since: Some(at),
                frozen: Frozen::default(),
                ..Memory::default()
            },
        };
        if let Some(first) = run.steps.first_mut() {
            first.entry = Some(seq);
        }
        run.turn_on();
        run
    }

    /// Takes one more entry of this run into account.
    pub fn take(&mut self, event: &RunEvent, seq: u64, at: Timestamp) {
        match event {
            RunEvent::Opened(_) => return,
            RunEvent::Prepared {
                step,
                done,
                evidence,
                frozen,
            } => {
                self.memory.frozen = frozen.clone();
                let status = if *done {
                    StepStatus::Done
                } else {
                    StepStatus::Now
                };
                self.mark(*step, status, evidence, seq, at);
            }
            RunEvent::Planned { plan, digest } => self.planned(plan, digest),
            RunEvent::Started => {
                self.memory.started = true;
                self.status = RunStatus::Running;
                self.memory.since = Some(at);
            }
            RunEvent::Typed { step, .. } => {
                self.memory.typed.insert(*step);
                self.touch(*step, seq, at);
            }
            RunEvent::Intent { .. } => self.intent(event, seq, at),
            RunEvent::Outcome {
                step,
                undo,
                class,
                status,
                words,
            } => {
                self.outcome(*step, *undo, (*class, *status, words.clone()), seq, at);
            }
            RunEvent::Looked {
                step,
                undo,
                trace,
                words,
            } => self.looked(*step, *undo, *trace, words, at),
            RunEvent::Arrived { step, undo, words } => self.arrived(*step, *undo, words, seq, at),
            RunEvent::LookAgain { step } => self.look_again(*step, seq, at),
            RunEvent::Done { .. }
            | RunEvent::Failed { .. }
            | RunEvent::Skipped { .. }
            | RunEvent::Undone { .. } => {
                self.settled(event, seq, at);
            }
            _ => self.turned(event, at),
        }
        self.turn_on();
        self.owed = owed::of(self);
    }

    /// A change of the run as a whole.
    fn turned(&mut self, event: &RunEvent, at: Timestamp) {
        match event {
            RunEvent::Held => self.status = RunStatus::Held,
            RunEvent::Resumed => {
                self.status = self.going();
                self.memory.since = Some(at);
                self.memory.typed.retain(|_| false);
                undo::taken_up(&mut self.memory);
            }
            RunEvent::Aborted { reason } => {
                self.end(RunStatus::Aborted(reason.clone()), reason);
            }
            RunEvent::Completed { words } => self.end(RunStatus::Completed, words),
            RunEvent::Unchecked { words } => self.end(RunStatus::Unchecked, words),
            RunEvent::NothingToDo { words } => self.end(RunStatus::NothingToDo, words),
            RunEvent::UndoBegun | RunEvent::UndoLeft => {
                undo::fold(self, event);
                self.memory.since = Some(at);
            }
            _ => undo::fold(self, event),
        }
    }

    fn end(&mut self, status: RunStatus, words: &SafeText) {
        self.status = status;
        self.ending = words.clone();
    }

    /// What it is while it goes on.
    pub(crate) fn going(&self) -> RunStatus {
        match (&self.plan, self.memory.started) {
            (None, _) => RunStatus::Preparing,
            (Some(_), false) => RunStatus::Planned,
            (Some(_), true) => RunStatus::Running,
        }
    }

    fn planned(&mut self, plan: &Plan, digest: &str) {
        if plan.digest() != digest {
            let why =
                "the plan in the log does not have the digest it was shown with; open a new run";
            self.status = RunStatus::Failed(SafeText::new(why));
            self.ending = SafeText::new(why);
            return;
        }
        self.steps
            .retain(|step| Kind::parse(&step.kind).is_some_and(Kind::prepares));
        let live = plan
            .steps
            .iter()
            .map(|step| fresh(step.number, &step.id, &step.kind, &step.title));
        self.steps.extend(live);
        digest.clone_into(&mut self.digest);
        self.memory.frozen = plan.frozen.clone();
        self.plan = Some(plan.clone());
        self.status = RunStatus::Planned;
    }

    fn intent(&mut self, event: &RunEvent, seq: u64, at: Timestamp) {
        let RunEvent::Intent {
            step,
            undo,
            digest,
            audit_id,
            gvr,
            namespace,
            name,
        } = event
        else {
            return;
        };
        let attempt = Attempt {
            entry: seq,
            at,
            digest: digest.clone(),
            audit_id: audit_id.clone(),
            gvr: gvr.clone(),
            namespace: namespace.clone(),
            name: name.clone(),
            outcome: None,
            looks: Vec::new(),
            arrived: false,
            in_flight: true,
        };
        self.memory.attempts.insert((*step, *undo), attempt);
        if *undo {
            undo::asked(&mut self.memory, *step);
        } else {
            self.mark(*step, StepStatus::Sent, &SafeText::default(), seq, at);
        }
    }

    fn outcome(
        &mut self,
        number: u32,
        undo: bool,
        outcome: super::run::Seen,
        seq: u64,
        at: Timestamp,
    ) {
        let (class, status) = (outcome.0, outcome.1);
        self.memory.unsent =
            (class == OutcomeClass::NotSent).then(|| (number, at, outcome.2.clone()));
        let Some(attempt) = self.memory.attempts.get_mut(&(number, undo)) else {
            return;
        };
        attempt.outcome = Some(outcome);
        attempt.in_flight = false;
        if undo {
            undo::answered(&mut self.memory, class, status);
            return;
        }
        let status = match class {
            OutcomeClass::Unknown => StepStatus::InDoubt,
            OutcomeClass::NotSent => {
                self.memory.attempts.remove(&(number, false));
                self.memory.typed.remove(&number);
                StepStatus::Now
            }
            OutcomeClass::Applied | OutcomeClass::Refused => StepStatus::Sent,
        };
        if let Some(step) = self.step_mut(number) {
            step.status = status;
            step.entry = Some(seq);
            step.at.get_or_insert(at);
        }
    }

    fn looked(&mut self, number: u32, undo: bool, trace: Trace, words: &SafeText, at: Timestamp) {
        if let Some(attempt) = self.memory.attempts.get_mut(&(number, undo)) {
            attempt.in_flight = false;
            attempt.looks.push((at, trace, words.clone()));
        }
        if let Some(step) = self.step_mut(number).filter(|_| !undo) {
            step.status = StepStatus::InDoubt;
            step.evidence = words.clone();
        }
    }

    fn arrived(&mut self, number: u32, undo: bool, words: &SafeText, seq: u64, at: Timestamp) {
        if let Some(attempt) = self.memory.attempts.get_mut(&(number, undo)) {
            attempt.in_flight = false;
            attempt.arrived = true;
        }
        if !undo {
            let sent = self.step(number).and_then(|step| step.at);
            self.mark(number, StepStatus::Sent, words, seq, sent.unwrap_or(at));
        }
    }

    /// A failed step is looked at anew; its time begins again. A step in doubt gets new looks.
    fn look_again(&mut self, number: u32, seq: u64, at: Timestamp) {
        for undo in [false, true] {
            if let Some(attempt) = self.memory.attempts.get_mut(&(number, undo)) {
                attempt.looks.clear();
            }
        }
        self.memory.since = Some(at);
        if self
            .step(number)
            .is_some_and(|step| matches!(step.status, StepStatus::Failed(_)))
        {
            let sent = self.attempt(number, false).is_some_and(Attempt::applied);
            let status = if sent {
                StepStatus::Sent
            } else {
                StepStatus::Now
            };
            self.mark(number, status, &SafeText::default(), seq, at);
        }
    }

    fn settled(&mut self, event: &RunEvent, seq: u64, at: Timestamp) {
        match event {
            RunEvent::Done {
                step,
                evidence,
                created,
            } => {
                let sent = self.attempt(*step, false).map(|attempt| attempt.at);
                let begun = sent.or_else(|| self.before(*step));
                let took = begun.map(|begun| at.as_millisecond() - begun.as_millisecond());
                self.mark(*step, StepStatus::Done, evidence, seq, at);
                if let Some(state) = self.step_mut(*step).filter(|_| sent.is_some()) {
                    state.took_ms = took.and_then(|took| u64::try_from(took).ok());
                }
                if !created.is_empty() {
                    self.memory.created.clone_from(created);
                }
            }
            RunEvent::Failed { step, why } => {
                self.mark(*step, StepStatus::Failed(why.clone()), why, seq, at);
                if self.plan.is_none() {
                    self.status = RunStatus::Failed(why.clone());
                    self.ending = why.clone();
                }
            }
            RunEvent::Skipped { step, reason } => {
                self.mark(*step, StepStatus::Skipped(reason.clone()), reason, seq, at);
            }
            RunEvent::Undone { step, evidence } => {
                self.mark(*step, StepStatus::Undone, evidence, seq, at);
            }
            _ => {}
        }
    }

    /// When the step before this one was last written about.
    pub(crate) fn before(&self, number: u32) -> Option<Timestamp> {
        self.steps
            .iter()
            .rev()
            .find(|step| step.number < number)
            .map_or(Some(self.opened), |step| step.at)
    }

    fn mark(
        &mut self,
        number: u32,
        status: StepStatus,
        evidence: &SafeText,
        seq: u64,
        at: Timestamp,
    ) {
        if let Some(step) = self.step_mut(number) {
            step.status = status;
            step.evidence = evidence.clone();
            step.entry = Some(seq);
            step.at = Some(at);
        }
    }

    fn touch(&mut self, number: u32, seq: u64, at: Timestamp) {
        if let Some(step) = self.step_mut(number) {
            step.entry = Some(seq);
            step.at = Some(at);
        }
    }

    fn step_mut(&mut self, number: u32) -> Option<&mut StepState> {
        self.steps.iter_mut().find(|step| step.number == number)
    }

    /// The first step that is not over is the one whose turn it is.
    fn turn_on(&mut self) {
        let turn = self.turn().map(|step| step.number);
        for step in &mut self.steps {
            match (&step.status, turn == Some(step.number)) {
                (StepStatus::Next, true) => step.status = StepStatus::Now,
                (StepStatus::Now, false) => step.status = StepStatus::Next,
                _ => {}
            }
        }
    }
}

fn fresh(number: u32, id: &str, kind: &str, title: &str) -> StepState {
    StepState {
        number,
        id: id.to_owned(),
        kind: kind.to_owned(),
        title: title.to_owned(),
        status: StepStatus::Next,
        evidence: SafeText::default(),
        at: None,
        entry: None,
        took_ms: None,
    }
}
