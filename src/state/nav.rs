//! Where the person is: screen, mark, pane and filter. The mark sits on an identity, never on a row number.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::config::ZoneName;

/// The screens that exist. Digits switch between the first of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Screen {
    /// Who am I, to every cluster of this issuer?
    SignIn,
    /// What is wrong anywhere?
    Board,
    /// One zone.
    Zone,
    /// Recovery points and stores.
    Backups,
    /// GitOps.
    Drift,
    /// Alertmanager.
    Alerts,
    /// The library.
    Runbooks,
    /// One runbook, as its author wrote it.
    Book,
    /// Filling in a runbook's parameters.
    Fill,
    /// The plan, byte for byte.
    Plan,
    /// One run, step by step.
    Run,
    /// Every run.
    Runs,
    /// Who did what.
    Log,
    /// Identity, clusters, rights.
    Session,
    /// One cluster: its connection, its errors, the rights to ask for.
    Cluster,
    /// One finding whole: sentence, why, evidence, what to do.
    Finding,
    /// The names of a Secret's keys.
    Secret,
    /// The key map in words.
    Help,
    /// The log cannot be written.
    Stopped,
}

/// Where the person is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nav {
    /// The screen in view.
    pub screen: Screen,
    /// Where Esc and q go, the last the nearest.
    pub back: Vec<Screen>,
    /// The marked identity on each screen (a finding's id, an object's uid, a run's id, an entry's number).
    pub marks: BTreeMap<Screen, String>,
    /// The focused pane of each screen, from 0.
    pub panes: BTreeMap<Screen, usize>,
    /// First line in view of a text that is longer than its pane (runbook, plan body, help).
    pub scroll: BTreeMap<Screen, usize>,
    /// The zone on the zone screen; `None` is `NO ZONE`.
    pub zone: Option<ZoneName>,
    /// The runbook being read or filled in.
    pub book: Option<String>,
    /// Words that a list's rows must hold; empty shows all.
    pub filter: String,
    /// The furthest that the text in view can be scrolled, as the last frame had it; 0 when all of it shows.
    pub text_end: usize,
    /// The screens on which folded and hidden rows are shown.
    pub hidden_shown: BTreeSet<Screen>,
    /// True when ages are shown as clock times and clock times as ages.
    pub times_swapped: bool,
    /// True when `r` narrowed the runbooks to those that treat the marked finding (its id).
    pub treating: Option<String>,
}

impl Default for Nav {
    fn default() -> Nav {
        Nav {
            screen: Screen::Board,
            back: Vec::new(),
            marks: BTreeMap::new(),
            panes: BTreeMap::new(),
            scroll: BTreeMap::new(),
            zone: None,
            book: None,
            filter: String::new(),
            text_end: 0,
            hidden_shown: BTreeSet::new(),
            times_swapped: false,
            treating: None,
        }
    }
}

impl Nav {
    /// The marked identity on the screen in view.
    pub fn mark(&self) -> Option<&str> {
        self.marks.get(&self.screen).map(String::as_str)
    }

    /// True when folded and hidden rows are shown on the screen in view.
    pub fn unfolded(&self) -> bool {
        self.hidden_shown.contains(&self.screen)
    }

    /// Shows what is folded on the screen in view, or folds it again.
    pub fn fold_or_unfold(&mut self) {
        if !self.hidden_shown.remove(&self.screen) {
            self.hidden_shown.insert(self.screen);
        }
    }

    /// The focused pane of the screen in view.
    pub fn pane(&self) -> usize {
        self.panes.get(&self.screen).copied().unwrap_or(0)
    }

    /// First line in view on the screen in view.
    pub fn scrolled(&self) -> usize {
        self.scroll.get(&self.screen).copied().unwrap_or(0)
    }
}
