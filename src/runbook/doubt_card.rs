//! The card of a request in doubt: what happened, what the world shows, and what may be done.

use super::card::LOOK_AGAIN;
use super::card::titled;
use super::doubt;
use super::event::Trace;
use super::reading::Answer;
use super::run::Card;
use super::run::Run;
use super::sight::Sight;
use crate::sources::moment::Moment;
use crate::text::SafeText;
use crate::text::clock_seconds;

impl Run {
    pub(crate) fn doubt_card(&self, key: (u32, bool), sight: &Sight<'_>, now: Moment) -> Card {
        let (number, undoing) = key;
        let mut card = titled("WHAT THE WORLD SHOWS", [] as [&str; 0]);
        let Some(attempt) = self.attempt(number, undoing) else {
            return card;
        };
        let at = clock_seconds(attempt.at, now.wall);
        let what = if undoing { "the undo of " } else { "" };
        let entry = attempt.entry;
        card.notes.push(SafeText::new(&format!(
            "{at}  entry {entry}: about to send {what}step {number}; no answer that tells"
        )));
        for (when, trace, words) in &attempt.looks {
            let sign = match trace {
                Trace::Arrived => "yes",
                Trace::Absent => "no",
                Trace::Foreign | Trace::Unreadable => "?",
            };
            card.notes.push(SafeText::new(&format!(
                "{sign}  {words}  read {}",
                clock_seconds(*when, now.wall)
            )));
        }
        match doubt::trace(self, key) {
            Some(Trace::Arrived) => {
                card.notes
                    .push(SafeText::new("So it arrived. Nothing will be sent again."));
                "it arrived, go on".clone_into(&mut card.enter);
            }
            Some(Trace::Absent) if doubt::looked_enough(attempt) => {
                if let Some(op) = doubt::op(self, key, sight, now) {
                    self.preview(&mut card, &op);
                    if self.denied(&mut card, Some(&op), (sight, now)) {
                        return card;
                    }
                    "send it".clone_into(&mut card.enter);
                    card.typed = self.plan.is_some().then(|| self.namespace.clone());
                    card.sends = true;
                }
                card.notes.push(SafeText::new(
                    "Enter sends it once more under the same name: a late twin is refused (409).",
                ));
            }
            Some(Trace::Foreign) => self.both(&mut card, key, sight, now),
            Some(Trace::Unreadable) if doubt::looked_enough(attempt) => {
                let words = format!(
                    "{number} stays in doubt. R looks again; h hands over; sending again is not possible."
                );
                card.notes.push(SafeText::new(&words));
                LOOK_AGAIN.clone_into(&mut card.enter);
                card.stuck = true;
            }
            _ => card.notes.push(SafeText::new(&format!(
                "Looking: {} is asked.",
                self.cluster
            ))),
        }
        card
    }

    /// Somebody else's object: what we would have sent and what is there, side by side.
    fn both(&self, card: &mut Card, key: (u32, bool), sight: &Sight<'_>, now: Moment) {
        if let Some(op) = doubt::op(self, key, sight, now) {
            card.body = format!("ours:   {}", String::from_utf8_lossy(&op.request().body));
        }
        if let Some(Answer::Object(Some(found))) = sight.heard.map(|heard| &heard.answer) {
            let spec = found
                .get("spec")
                .map(ToString::to_string)
                .unwrap_or_default();
            card.body = format!("{}\ntheirs: {}", card.body, SafeText::new(&spec));
        }
        card.stuck = true;
        card.notes.push(SafeText::new(
            "Only s (where it may be left out), u, h and a are possible.",
        ));
    }
}
