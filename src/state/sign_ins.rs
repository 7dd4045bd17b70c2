//! Every sign-in of the estate: one for each audience that some cluster takes, and which of them is on screen.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::auth::audience::Audience;
use crate::auth::given_back::GivenBack;
use crate::auth::session::Session;
use crate::auth::sign_in::Event;
use crate::auth::sign_in::SignIn;
use crate::config::Config;
use crate::sources::moment::Moment;
use crate::text::SafeText;

/// Where each sign-in stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignIns {
    /// In the order in which the clusters name them.
    order: Vec<Audience>,
    each: BTreeMap<Audience, SignIn>,
    shown: Option<Audience>,
    nobody: SignIn,
    /// Whose issuer gave no answer when it was last asked.
    silent: BTreeSet<Audience>,
    /// What the last renewal came to where it was answered with neither tokens nor a refusal.
    unrenewed: BTreeMap<Audience, SafeText>,
    /// Since when somebody is signed in, and when that was last renewed.
    times: BTreeMap<Audience, Times>,
    /// When the end of a sign-in, or of its code, was learned.
    learned: BTreeMap<Audience, Moment>,
    /// Where somebody is to be asked once the tokens are given back.
    anew: BTreeMap<Audience, Way>,
    /// Where it is not known yet whether a sign-in is kept from before.
    looking: BTreeSet<Audience>,
    /// What became of the tokens of the last sign-out.
    given_back: BTreeMap<Audience, GivenBack>,
}

/// In which way somebody is asked to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By the flow that the configuration names.
    Configured,
    /// By an address that is pasted.
    Paste,
}

/// Since when somebody is signed in, and when that was last renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// When this console got the first tokens of it.
    pub since: Timestamp,
    /// When it got the last ones.
    pub renewed: Timestamp,
    /// When it will ask for the next ones; `None` while that is not known.
    pub next: Option<Timestamp>,
}

impl SignIns {
    /// Nobody has asked anywhere yet.
    pub fn new(config: &Config) -> SignIns {
        let order = Audience::all(config);
        SignIns {
            shown: order.first().cloned(),
            order,
            ..SignIns::default()
        }
    }

    /// The audiences one can sign in to, in the order in which the clusters name them.
    pub fn audiences(&self) -> &[Audience] {
        &self.order
    }

    /// The audience that the sign-in screen is about; `None` when there is none at all.
    pub fn shown(&self) -> Option<&Audience> {
        self.shown.as_ref()
    }

    /// Where the sign-in on screen stands; idle when there is none at all.
    pub fn on_screen(&self) -> &SignIn {
        let shown = self.shown.as_ref();
        shown.map_or(&self.nobody, |audience| self.of(audience))
    }

    /// Where the sign-in to one audience stands.
    pub fn of(&self, audience: &Audience) -> &SignIn {
        self.each.get(audience).unwrap_or(&self.nobody)
    }

    /// Who is signed in to an audience, and until when.
    pub fn session(&self, audience: &Audience) -> Option<&Session> {
        self.of(audience).session()
    }

    /// The audiences somebody is signed in to, with their sessions, in order.
    pub fn sessions(&self) -> impl Iterator<Item = (&Audience, &Session)> {
        let session = |one| self.session(one).map(|session| (one, session));
        self.order.iter().filter_map(session)
    }

    /// Since when somebody is signed in to an audience, and when that was last renewed.
    pub fn times(&self, audience: &Audience) -> Option<Times> {
        self.times.get(audience).copied()
    }

    /// The audiences nobody is signed in to, in order.
    pub fn missing(&self) -> impl Iterator<Item = &Audience> {
        let missing = |one: &&Audience| self.session(one).is_none();
        self.order.iter().filter(missing)
    }

    /// Puts one on screen.
    pub fn show(&mut self, audience: &Audience) {
        self.shown = Some(audience.clone());
    }

    /// The tokens of a sign-in will be renewed then; true when that was not known.
    pub fn renews(&mut self, audience: &Audience, at: Timestamp) -> bool {
        let times = self.times.get_mut(audience);
        times.is_some_and(|times| times.next.replace(at) != Some(at))
    }

    /// From now on it is looked whether a sign-in is kept from before.
    pub fn look(&mut self, audience: &Audience) {
        self.looking.insert(audience.clone());
    }

    /// That is known now.
    pub fn looked(&mut self, audience: &Audience) {
        self.looking.remove(audience);
    }

    /// Whether a sign-in may come up that is kept from before.
    pub fn is_looking(&self) -> bool {
        !self.looking.is_empty()
    }

    /// What became of the tokens of the last sign-out; `None` before there was one.
    pub fn given_back(&self, audience: &Audience) -> Option<&GivenBack> {
        self.given_back.get(audience)
    }

    /// Notes what became of the tokens of a sign-out.
    pub fn gave_back(&mut self, audience: &Audience, how: GivenBack) {
        self.given_back.insert(audience.clone(), how);
    }

    /// Notes whether the issuer answered: an event that only the clock makes says nothing about it.
    pub fn hear(&mut self, audience: &Audience, event: &Event) {
        if !matches!(event, Event::Tick | Event::Asked { .. }) {
            self.looked(audience);
        }
        match event {
            Event::Unreachable { .. } => drop(self.silent.insert(audience.clone())),
            Event::Tick | Event::Asked { .. } | Event::Leaving { .. } => {}
            _ => drop(self.silent.remove(audience)),
        }
    }

    /// The sentence of a renewal that was answered with neither tokens nor a refusal, where it is not the same as that of
    /// the one before.
    pub fn newly_unrenewed(&mut self, audience: &Audience, event: &Event) -> Option<SafeText> {
        match event {
            Event::Unrenewed { sentence } => {
                let before = self.unrenewed.insert(audience.clone(), sentence.clone());
                (before.as_ref() != Some(sentence)).then(|| sentence.clone())
            }
            Event::Tick | Event::Unreachable { .. } => None,
            _ => {
                self.unrenewed.remove(audience);
                None
            }
        }
    }

    /// Whether the issuer gave no answer when it was last asked.
    pub fn is_silent(&self, audience: &Audience) -> bool {
        self.silent.contains(audience)
    }

    /// Whether the tokens of a sign-in are on their way back: until they are, nobody is asked anew.
    pub fn is_leaving(&self, audience: &Audience) -> bool {
        matches!(self.of(audience), SignIn::Leaving { .. })
    }

    /// Once the tokens are given back, somebody is asked to sign in again, in this way.
    pub fn ask_anew(&mut self, audience: &Audience, way: Way) {
        self.anew.insert(audience.clone(), way);
    }

    /// How somebody is to be asked now that the tokens are given back, if they are; said once.
    pub fn take_anew(&mut self, audience: &Audience) -> Option<Way> {
        self.anew.remove(audience)
    }

    /// The time by which a sign-in ends: that of the wall when its end was learned, gone on since by the clock that
    /// nobody can set.
    pub fn time(&self, audience: &Audience, now: Moment) -> Timestamp {
        let learned = self.learned.get(audience);
        learned.map_or(now.wall, |learned| learned.wall_at(now))
    }

    /// Seconds until somebody's sign-in ends; `None` where nobody is signed in.
    pub fn left_s(&self, audience: &Audience, now: Moment) -> Option<i64> {
        let session = self.session(audience)?;
        Some(session.left_s(self.time(audience, now)))
    }

    /// One sign-in moved on.
    pub fn step(&mut self, audience: &Audience, event: Event, now: Moment) {
        let ends = matches!(
            event,
            Event::Prompt(_) | Event::Page(_) | Event::SignedIn(_) | Event::TakenUp(_)
        );
        if ends {
            self.learned.insert(audience.clone(), now);
        }
        let now = self.time(audience, now);
        let came = matches!(event, Event::SignedIn(_) | Event::TakenUp(_));
        let old = self.each.remove(audience).unwrap_or_default();
        let was = old.session().is_some();
        self.put(audience, old.step(event, now));
        let since = self.times.get(audience).filter(|_| was);
        let since = since.map_or(now, |times| times.since);
        if self.session(audience).is_none() {
            self.times.remove(audience);
        } else if came {
            self.given_back.remove(audience);
            let renewed = now;
            let next = None;
            let times = Times {
                since,
                renewed,
                next,
            };
            self.times.insert(audience.clone(), times);
        }
    }

    /// Puts a sign-in where it is said to stand.
    pub fn put(&mut self, audience: &Audience, stands: SignIn) {
        self.each.insert(audience.clone(), stands);
    }
}
