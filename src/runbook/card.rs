//! The words of the run screen's lower pane: what Enter would do, what it rests on, and why it is off.

use super::doubt;
use super::engine::kind;
use super::holds;
use super::plan::PlanStep;
use super::plan::Undo;
use super::run::Card;
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
use crate::sources::moment::Moment;
use crate::sources::op::Op;
use crate::sources::rights::held::May;
use crate::text::SafeText;
use crate::text::clock_seconds;
use crate::text::hex;

impl Run {
    /// What the lower pane shows now.
    pub fn card(&self, sight: &Sight<'_>, now: Moment) -> Card {
        let mut card = if self.ended() {
            self.ended_card()
        } else if self.in_flight() {
            titled(
                "WAITING FOR THE ANSWER",
                ["the request is out; nothing else is sent meanwhile"],
            )
        } else if let (Some(key), false) = (doubt::open(self), self.status == RunStatus::Held) {
            self.doubt_card(key, sight, now)
        } else {
            match self.status {
                RunStatus::Preparing => self.prepare_card(sight, now),
                RunStatus::Planned => self.plan_card(sight, now),
                RunStatus::Held => {
                    let mut card = titled("HELD", ["put down on purpose; nothing is in flight"]);
                    "take it up again".clone_into(&mut card.enter);
                    card
                }
                RunStatus::Interrupted => self.interrupted_card(),
                _ if self.memory.undoing => self.undo_card(sight, now),
                _ => self.step_card(sight, now),
            }
        };
        let ready = sight.ready(&self.cluster, &self.memory.cluster_uid, now);
        if let (Err(words), false) = (holds::told(self).and(ready), self.ended()) {
            card.enter.clear();
            card.typed = None;
            card.sends = false;
            card.notes.push(words);
        }
        card
    }

    fn ended_card(&self) -> Card {
        let title = match &self.status {
            RunStatus::Completed => "COMPLETED",
            RunStatus::Unchecked => "ENDED, A CHECK WAS SKIPPED",
            RunStatus::NothingToDo => "NOTHING TO DO",
            RunStatus::Aborted(_) if self.memory.undoing && undo::target(self).is_none() => {
                "TAKEN BACK"
            }
            RunStatus::Aborted(_) => "ENDED BY HAND",
            _ => "FAILED",
        };
        let mut card = titled(title, [self.ending.as_str()]);
        for (number, words) in &self.owed {
            card.notes.push(SafeText::new(&format!(
                "still stands, step {number}: {words}"
            )));
        }
        card
    }

    fn prepare_card(&self, sight: &Sight<'_>, now: Moment) -> Card {
        let mut card = titled("PREPARING: NOTHING IS CHANGED", [] as [&str; 0]);
        let Some(step) = self.turn() else { return card };
        let turn = Turn {
            run: self,
            number: step.number,
            sight,
            now,
        };
        let words = match kind(step).map(|kind| steps::before(kind, &turn)) {
            Some(Verdict::Need(_)) => format!("{} is asked", self.cluster),
            Some(Verdict::Pending(words) | Verdict::Failed(words)) => words.to_string(),
            Some(Verdict::Send(op)) => {
                format!("{} on {} (a service, no change)", op.line(), self.cluster)
            }
            _ => String::new(),
        };
        card.notes.push(SafeText::new(&format!(
            "{} {}: {words}",
            step.number, step.id
        )));
        card
    }

    fn plan_card(&self, sight: &Sight<'_>, now: Moment) -> Card {
        let Some(plan) = &self.plan else {
            return Card::default();
        };
        let frozen = &plan.frozen;
        let mut card = titled("THE PLAN: NOTHING WAS SENT", [] as [&str; 0]);
        card.notes.push(SafeText::new(&format!(
            "{}   left to controllers {}",
            plan.counts("   "),
            frozen.left
        )));
        let lists = frozen.lists().into_iter();
        let lists = lists.map(|(word, names)| SafeText::new(&format!("{word}: {names}")));
        card.notes.extend(lists);
        card.notes.push(SafeText::new(&format!(
            "{} requests, from {}",
            plan.requests().len(),
            frozen.backup
        )));
        card.digest.clone_from(&self.digest);
        match holds::start(self, sight, now) {
            Ok(()) => "start".clone_into(&mut card.enter),
            Err(words) => {
                card.notes.push(words);
                card.stuck = true;
            }
        }
        card
    }

    fn interrupted_card(&self) -> Card {
        let mut card = titled("INTERRUPTED", ["its process ended in the middle"]);
        if self.memory.undoing {
            card.notes.push(SafeText::new(
                "It was being taken back: Enter shows what is still to be taken back; nothing is sent by that.",
            ));
            "show it".clone_into(&mut card.enter);
            return card;
        }
        let next = self.turn().map(|step| match step.status {
            StepStatus::Sent => format!(
                "Nothing is in doubt: {} was sent and answered. Enter goes on.",
                step.number
            ),
            _ => format!(
                "Nothing is in doubt: {} was not sent. Enter goes on.",
                step.number
            ),
        });
        card.notes.extend(next.map(|words| SafeText::new(&words)));
        "go on".clone_into(&mut card.enter);
        card
    }

    fn step_card(&self, sight: &Sight<'_>, now: Moment) -> Card {
        let Some(step) = self.turn() else {
            return titled("EVERY STEP IS OVER", [] as [&str; 0]);
        };
        let plan = self.plan.as_ref().and_then(|plan| plan.step(step.number));
        let (Some(kind), Some(planned)) = (kind(step), plan) else {
            return titled(
                "UNKNOWN STEP",
                ["this version does not know it: hold or abort"],
            );
        };
        let turn = Turn {
            run: self,
            number: step.number,
            sight,
            now,
        };
        match &step.status {
            StepStatus::Failed(why) => {
                let mut card = titled("FAILED", [why.as_str()]);
                card.notes.push(SafeText::new(
                    "Looking again sends nothing; s, u, h and a as the footer says.",
                ));
                self.words(&mut card, planned, (sight, now));
                LOOK_AGAIN.clone_into(&mut card.enter);
                card.stuck = true;
                card
            }
            StepStatus::Now if kind.changes() || kind == Kind::ConfirmTarget => {
                self.ask_card(step, planned, kind, &turn)
            }
            _ => {
                let mut card = titled("WAITING FOR THE WORLD", [] as [&str; 0]);
                let sent = self
                    .attempt(step.number, false)
                    .map(|attempt| clock_seconds(attempt.at, now.wall));
                let verdict = steps::verdict(kind, &turn);
                if let Verdict::Stuck(words) = &verdict {
                    return self.stuck_card(words, planned, (sight, now));
                }
                let words = match verdict {
                    Verdict::Pending(words)
                    | Verdict::Blocked(words)
                    | Verdict::Ask(words)
                    | Verdict::Failed(words) => words.to_string(),
                    Verdict::Done(found) => found.words.to_string(),
                    _ => format!("{} is asked", self.cluster),
                };
                let words = sent.map_or(words.clone(), |at| {
                    format!("sent {at}, waiting for the world: {words}")
                });
                card.notes.push(SafeText::new(&words));
                self.words(&mut card, planned, (sight, now));
                card
            }
        }
    }

    /// A step that only a person can bring to its end.
    fn stuck_card(
        &self,
        words: &SafeText,
        planned: &PlanStep,
        (sight, now): (&Sight<'_>, Moment),
    ) -> Card {
        let mut card = titled("NOT PROVED", [words.as_str()]);
        self.words(&mut card, planned, (sight, now));
        LOOK_AGAIN.clone_into(&mut card.enter);
        card.stuck = true;
        card
    }

    /// A step that a person is asked about.
    fn ask_card(&self, step: &StepState, planned: &PlanStep, kind: Kind, turn: &Turn<'_>) -> Card {
        let title = match kind {
            Kind::ConfirmTarget => "TYPE THE NAME",
            Kind::Restore => "CANNOT BE STOPPED ONCE SENT, NO DRY RUN",
            _ => "THIS WILL SEND ONE REQUEST",
        };
        let mut card = titled(title, [] as [&str; 0]);
        if let Some(op) = &planned.op {
            self.preview(&mut card, op);
        }
        self.words(&mut card, planned, (turn.sight, turn.now));
        match steps::before(kind, turn) {
            Verdict::Ask(words) => {
                fact(&mut card, "Before", &words);
                if self.denied(&mut card, planned.op.as_ref(), (turn.sight, turn.now)) {
                    return card;
                }
                card.typed.clone_from(&planned.typed);
                card.sends = planned.op.is_some();
                let enter = match (&planned.typed, card.sends) {
                    (Some(_), true) => "send it",
                    (Some(_), false) => "it is this one",
                    _ => "do it",
                };
                enter.clone_into(&mut card.enter);
            }
            Verdict::Blocked(words) | Verdict::Failed(words) | Verdict::Pending(words) => {
                card.notes.push(words);
            }
            Verdict::Need(_) => card.notes.push(SafeText::new(&format!(
                "Looking: {} is asked.",
                self.cluster
            ))),
            _ => card.notes.push(SafeText::new(
                "There is nothing to do; it goes on by itself.",
            )),
        }
        if step.evidence.as_str() != "" {
            card.notes.push(step.evidence.clone());
        }
        card
    }

    /// The request, whole: line, body and digest.
    pub(crate) fn preview(&self, card: &mut Card, op: &Op) {
        let request = op.request();
        card.wire = vec![format!("{} on {}", op.line(), self.cluster)];
        if let Op::Suspend { suspend, .. } = op {
            card.wire
                .push(format!("spec.suspend: {} -> {suspend}", !suspend));
        }
        card.wire
            .push(format!("{} {}", request.method, request.path));
        card.body = String::from_utf8_lossy(&request.body).into_owned();
        card.digest = hex(&request.digest());
    }

    fn words(&self, card: &mut Card, planned: &PlanStep, (sight, now): (&Sight<'_>, Moment)) {
        fact(card, "Done when", &SafeText::new(&planned.done_when));
        let undo = match &planned.undo {
            Undo::Nothing => String::new(),
            Undo::Op(_) => "set it back to false".to_owned(),
            Undo::DeleteCreated => {
                let count = planned.title.split(", ").last().unwrap_or_default();
                format!("delete the {count} it created, each only if nobody changed it since")
            }
            Undo::Expires(words) => words.clone(),
            Undo::Never(why) => format!("none: {why}"),
        };
        if !undo.is_empty() {
            fact(card, "Undo", &SafeText::new(&undo));
        }
        if let Some(op) = &planned.op {
            self.right(card, op, sight, now);
        }
    }

    /// The right that a request needs, and whether it is this person's: as the cluster said last, else as may-i was told.
    fn right(&self, card: &mut Card, op: &Op, sight: &Sight<'_>, now: Moment) {
        let (gvr, namespace, _) = op.target();
        let asked = self
            .steps
            .iter()
            .find(|step| step.kind == Kind::MayI.word());
        let asked = asked.and_then(|step| step.at);
        let may = sight.may(&self.cluster, op, now);
        let yours = match (&may, asked) {
            (May::Unknown(_), Some(at)) => {
                format!("yes, asked at {}", at.strftime("%H:%M:%SZ"))
            }
            // The binding is enough here: the card must be whole on the smallest window.
            (May::Yes(via), _) => {
                let binding = via.as_str().split(" to ").next().unwrap_or_default();
                May::Yes(SafeText::new(binding)).words()
            }
            _ => may.words(),
        };
        let place = namespace.unwrap_or("the cluster");
        let needs = format!("{} {} in {place}", op.verb(), gvr.resource());
        fact(
            card,
            "Right",
            &SafeText::new(&format!("{needs}; you: {yours}")),
        );
    }

    /// Turns Enter off where the cluster would refuse the request for certain, and says what to ask for.
    pub(crate) fn denied(
        &self,
        card: &mut Card,
        op: Option<&Op>,
        (sight, now): (&Sight<'_>, Moment),
    ) -> bool {
        let refusal = op.and_then(|op| sight.allowed(&self.cluster, op, now).err());
        card.stuck |= refusal.is_some();
        let off = refusal.is_some();
        card.notes.extend(
            refusal.map(|why| SafeText::from(format!("Enter is off: {why}. R asks again."))),
        );
        off
    }
}

/// What Enter does where nothing can be sent, and looking may show more.
pub(crate) const LOOK_AGAIN: &str = "look again";

/// A card of that title with these notes.
pub(crate) fn titled<'a>(title: &str, notes: impl IntoIterator<Item = &'a str>) -> Card {
    let notes = notes
        .into_iter()
        .filter(|words| !words.is_empty())
        .map(SafeText::new)
        .collect();
    Card {
        title: title.to_owned(),
        notes,
        ..Card::default()
    }
}

/// Adds a labelled fact; `Before` stands first.
pub(crate) fn fact(card: &mut Card, label: &str, words: &SafeText) {
    let at = if label == "Before" {
        0
    } else {
        card.facts.len()
    };
    card.facts.insert(at, (label.to_owned(), words.clone()));
}
