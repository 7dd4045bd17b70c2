//! What the screen offers to send, and why a key on it does not count: nothing is sent that is not on screen whole.

use super::run::SMALL;
use crate::auth::Person;
use crate::config::ClusterName;
use crate::runbook::book::Book;
use crate::runbook::open;
use crate::runbook::press::Input;
use crate::runbook::run::Card;
use crate::runbook::run::Run;
use crate::runbook::run::RunStatus;
use crate::runbook::sight::Sight;
use crate::sources::finding::Finding;
use crate::sources::world::ClusterWorld;
use crate::state::State;
use crate::state::action::Action;
use crate::state::effect::Effect;
use crate::state::nav::Screen;
use crate::state::rows;
use crate::text::SafeText;

/// Milliseconds that a request must have been on screen, whole, before a key may send it.
const SEEN_FOR_MS: u64 = 300;

/// Why Enter does nothing now, when it does nothing.
pub(super) fn enter_off(state: &State, run: &Run, card: &Card) -> Option<SafeText> {
    let nothing = || SafeText::new("There is nothing to do here now.");
    let off = || card.notes.first().cloned().unwrap_or_else(nothing);
    elsewhere(state, run)
        .map(SafeText::from)
        .or_else(|| card.enter.is_empty().then(off))
}

/// Why Enter is off on this screen, when it is: it acts only on what is shown.
fn elsewhere(state: &State, run: &Run) -> Option<String> {
    match state.nav.screen {
        Screen::Run => off_turn(state, run),
        Screen::Plan if run.status != RunStatus::Planned => {
            Some("Enter does nothing here: p goes back to the steps.".to_owned())
        }
        _ => None,
    }
}

/// Why Enter is off while another step than the one whose turn it is stands marked.
fn off_turn(state: &State, run: &Run) -> Option<String> {
    let turn = run.turn()?.number.to_string();
    let marked = rows::marked(state)?;
    (marked != turn)
        .then(|| format!("This is step {marked}; the turn is at step {turn}: move the mark there."))
}

/// Why an Enter does not count, when it does not.
pub(super) fn not_yet(state: &State, alone: bool) -> Option<String> {
    if !state.roomy() {
        return Some(SMALL.to_owned());
    }
    if !alone {
        return Some(
            "Enter did not count: it came together with other keys. Press it alone.".to_owned(),
        );
    }
    let seen = state
        .card_id()
        .zip(state.card_shown.as_ref())
        .is_some_and(|(id, (shown, at))| {
            *shown == id && state.now.mono_ms.saturating_sub(at.mono_ms) >= SEEN_FOR_MS
        });
    (!seen).then(|| "Enter did not count: the request was on screen for less than 0.3s. Read it, then press Enter.".to_owned())
}

/// What the frame shows whole. What it does not show cannot be sent by a key.
pub(super) fn drawn(state: &mut State, card: Option<String>) -> Vec<Effect> {
    let shown = state.card_shown.take();
    let now = state.now;
    state.card_shown = card.map(|card| match shown {
        Some((known, at)) if known == card => (card, at),
        _ => (card, now),
    });
    Vec::new()
}

/// The pane of the open run.
pub(super) fn card(state: &State) -> Option<Card> {
    let (run, person) = state.run().zip(state.acting())?;
    Some(run.card(&sight(state, person), state.now))
}

/// What a run may look at.
pub(super) fn sight<'a>(state: &'a State, person: &'a Person) -> Sight<'a> {
    let (config, world, library) = (&*state.config, &state.world, &*state.library);
    Sight {
        config,
        world,
        library,
        heard: state.heard.as_ref(),
        person,
    }
}

impl State {
    /// Why this book cannot be run live, on what the finding is about where there is one; `None` when nothing is
    /// known against it.
    pub fn live_refused(&self, book: &Book, finding: Option<&Finding>) -> Option<SafeText> {
        let target = finding.map(|one| (&one.cluster, one.object.namespace.as_str()));
        self.live_refused_on(book, target)
    }

    /// The same for a target that is typed: cluster and namespace.
    pub fn live_refused_on(
        &self,
        book: &Book,
        target: Option<(&ClusterName, &str)>,
    ) -> Option<SafeText> {
        let known = target.filter(|(_, namespace)| !namespace.is_empty());
        let person = known.and_then(|(cluster, _)| self.person_on(cluster));
        match (known, person) {
            (Some(target), Some(person)) => {
                open::live(book, target, &sight(self, person), self.now).err()
            }
            _ => open::signed(book).err(),
        }
    }

    /// Why a key on the open run would do nothing, when it would; the run itself says so.
    pub fn run_refuses(&self, action: &Action) -> Option<SafeText> {
        let Some((run, person)) = self.run().zip(self.acting()) else {
            return Some(SafeText::new("nobody is signed in"));
        };
        let reason = String::from("-");
        let input = match action {
            Action::RunDo => return enter_off(self, run, &self.card()?),
            Action::RunSkip => Input::Skip { reason },
            Action::RunUndo => Input::Undo,
            Action::RunHold => Input::Hold,
            Action::RunAbort => Input::Abort { reason },
            _ => return None,
        };
        run.press(input, &sight(self, person), self.now).err()
    }

    /// The pane of the open run: what Enter would do now.
    pub fn card(&self) -> Option<Card> {
        card(self)
    }

    /// Identity of what the screen offers to send; `None` when it offers nothing: on other screens, while another
    /// step is looked at, while something is typed.
    pub fn card_id(&self) -> Option<String> {
        let run = self.run()?;
        let offered = match self.nav.screen {
            Screen::Run => off_turn(self, run).is_none(),
            Screen::Plan => run.status == RunStatus::Planned,
            _ => false,
        };
        if !offered || self.prompt.is_some() {
            return None;
        }
        let card = card(self)?;
        let world = self.world.cluster(&run.cluster);
        let generation = world.map_or(0, ClusterWorld::generation);
        Some(format!(
            "{} {generation} {} {} {}",
            run.id, card.title, card.digest, card.enter
        ))
    }
}
