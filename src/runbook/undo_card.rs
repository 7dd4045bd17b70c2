//! The card of a run that is taken back: the list before anything is sent, then one object after the other.

use super::card::fact;
use super::card::titled;
use super::plan::PlanStep;
use super::run::Attempt;
use super::run::Card;
use super::run::Run;
use super::run::UndoList;
use super::sight::Sight;
use super::undo;
use super::undo_item;
use super::undo_list;
use crate::sources::moment::Moment;
use crate::text::SafeText;

/// How many objects that stay are named before the rest is only counted; the end and the log name all.
const NAMED: usize = 3;
/// How many objects that are settled are shown while it goes on.
const SETTLED: usize = 4;

impl Run {
    pub(crate) fn undo_card(&self, sight: &Sight<'_>, now: Moment) -> Card {
        let Some(step) = undo::target(self) else {
            return titled(
                "TAKEN BACK",
                ["everything that a request can take back is; the run ends"],
            );
        };
        match undo::list(self) {
            Some(list) if undo_item::asks(self, list) => self.list_card(step, list),
            Some(list) => self.progress_card(list, sight, now),
            None => self.request_card(step, sight, now),
        }
    }

    /// One request that the plan names: Enter sends it.
    fn request_card(&self, step: &PlanStep, sight: &Sight<'_>, now: Moment) -> Card {
        let sent = self.attempt(step.number, true);
        let Some(op) = undo::op(self).filter(|_| !sent.is_some_and(Attempt::applied)) else {
            let words = format!("{} {}: waiting for the world", step.number, step.id);
            let why = undo_list::waits(self, step, sight, now).unwrap_or_default();
            return titled("TAKING BACK", [words.as_str(), why.as_str()]);
        };
        let mut card = titled("THIS WILL SEND ONE REQUEST", [] as [&str; 0]);
        self.preview(&mut card, &op);
        let words = format!("step {} {}", step.number, step.id);
        fact(&mut card, "Takes back", &SafeText::new(&words));
        self.afterwards(&mut card);
        card.notes.extend(last_try(sent));
        self.way_back(&mut card);
        if !self.denied(&mut card, Some(&op), (sight, now)) {
            "do it".clone_into(&mut card.enter);
            card.sends = true;
        }
        card
    }

    /// What will be deleted and what stays, before anything is sent.
    fn list_card(&self, step: &PlanStep, list: &UndoList) -> Card {
        let (part, all) = (undo_list::part(list), list.delete.len());
        let title = format!("UNDO {} {}: THE LIST", step.number, step.id);
        let mut card = titled(&title, [] as [&str; 0]);
        let (from, to) = (
            undo_item::number(list),
            undo_item::number(list) + part.len() - 1,
        );
        let which = if (from, to) == (1, all) {
            format!("all {all}")
        } else {
            format!("{from} to {to} of {all}")
        };
        let words = format!("{which}: {}", undo_list::words(list));
        fact(&mut card, "Deletes", &SafeText::new(&words));
        if !list.left.is_empty() {
            fact(&mut card, "Leaves", &SafeText::new(&left(list)));
        }
        let rule = "one request each, read again just before, only if nobody changed it since; pods go with their owner";
        fact(&mut card, "How", &SafeText::new(rule));
        self.afterwards(&mut card);
        card.digest = undo_list::digest(self, list);
        let words = format!("sha256 {}", card.digest.get(..16).unwrap_or_default());
        fact(&mut card, "List", &SafeText::new(&words));
        card.notes.extend(last_try(self.attempt(list.step, true)));
        self.way_back(&mut card);
        card.typed = Some(self.namespace.clone());
        "delete these".clone_into(&mut card.enter);
        card.sends = true;
        card
    }

    /// It goes on by itself: where it is, and what became of the last few.
    fn progress_card(&self, list: &UndoList, sight: &Sight<'_>, now: Moment) -> Card {
        let at = undo_item::number(list).min(list.delete.len());
        let title = format!("UNDOING {}, {at} of {}", list.step, list.delete.len());
        let mut card = titled(&title, [] as [&str; 0]);
        let settled: Vec<String> = list
            .delete
            .iter()
            .filter_map(|(object, words)| {
                let words = words.as_ref()?;
                Some(format!("{} {} {words}", object.kind, object.name))
            })
            .collect();
        let first = settled.len().saturating_sub(SETTLED);
        card.notes
            .extend(settled[first..].iter().map(|words| SafeText::new(words)));
        if let Some(object) = undo_item::next(list) {
            let sent = self.attempt(list.step, true);
            let doing = if sent.is_some_and(Attempt::applied) {
                "deleted, until it is gone"
            } else {
                "read again, then one request"
            };
            let words = format!(
                "undoing {}, {at} of {}: {} {}: {doing}",
                list.step,
                list.delete.len(),
                object.kind,
                object.name
            );
            card.notes.push(SafeText::new(&words));
            if let Some(super::reading::Answer::Failed(why)) =
                sight.answer(&undo_item::look(self, object), now)
            {
                card.notes.push(why.clone());
            }
        }
        card
    }

    /// What is taken back after this.
    fn afterwards(&self, card: &mut Card) {
        let rest: Vec<String> = undo::open(self)
            .skip(1)
            .map(|step| format!("{} {}", step.number, step.id))
            .collect();
        if !rest.is_empty() {
            fact(card, "Then", &SafeText::new(&rest.join(", ")));
        }
    }

    /// While nothing was sent, the run can still go on.
    fn way_back(&self, card: &mut Card) {
        if !undo::begun(self) {
            let words = "Nothing was sent. u goes back to the run.";
            card.notes.push(SafeText::new(words));
        }
    }
}

fn left(list: &UndoList) -> String {
    let shown = list.left.len().min(NAMED);
    let words: Vec<&str> = list.left[..shown].iter().map(SafeText::as_str).collect();
    let more = match list.left.len() - shown {
        0 => String::new(),
        more => format!("; and {more} more, named at the end"),
    };
    format!("{}: {}{more}", list.left.len(), words.join("; "))
}

/// What became of the request before, when it did not do it.
fn last_try(sent: Option<&Attempt>) -> Option<SafeText> {
    let sent = sent?;
    if let Some((_, trace, words)) = sent.looks.last()
        && *trace != super::event::Trace::Arrived
    {
        return Some(SafeText::new(&format!("the last request: {words}")));
    }
    let (_, status, words) = sent.outcome.as_ref()?;
    let status = status.map_or_else(String::new, |status| format!(" ({status})"));
    Some(SafeText::new(&format!(
        "the last request was not done{status} {words}"
    )))
}
