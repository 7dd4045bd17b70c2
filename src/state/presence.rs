//! Whether somebody sits at this console, and who has left it.

use std::collections::BTreeMap;

use crate::auth::audience::Audience;
use crate::auth::person::Person;
use crate::config::ClusterName;
use crate::sources::moment::Moment;
use crate::state::nav::Nav;

/// Whether somebody sits here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Presence {
    /// When a key was last pressed, by the clock that goes on while the host sleeps; `None` where nobody is watched
    /// for, because there is no console.
    pub touched: Option<Moment>,
    /// Who signed in last to each audience, also when that has ended since: the console is theirs until somebody else
    /// signs in.
    pub last: BTreeMap<Audience, Person>,
    /// Who left, and what they left; the screen is blank meanwhile.
    pub away: Option<Box<Away>>,
}

impl Presence {
    /// Whether somebody sits here, or is signing in to come back.
    pub fn is_here(&self) -> bool {
        self.away.as_ref().is_none_or(|away| away.proving)
    }
}

/// A console that its person left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Away {
    /// Since when it is blank.
    pub since: Moment,
    /// Who is awaited: whoever signed in, else whoever acts by a file; `None` where nobody did: at most a fallback was
    /// read.
    pub person: Option<Person>,
    /// Who was signed in to each audience, or had been last where all had ended; empty where nobody signed in, because
    /// files or `--as` say who acts.
    pub signed_in: BTreeMap<Audience, Person>,
    /// Who acted on each cluster.
    pub people: BTreeMap<ClusterName, Person>,
    /// Where they were.
    pub nav: Nav,
    /// True until the run was put down: only then are the tokens dropped.
    pub leaving: bool,
    /// When the open run was put down, or would have been where there is none to hold; `None` while a request is out.
    pub put_down: Option<Moment>,
    /// True while a sign-in is on screen in place of the blank.
    pub proving: bool,
    /// Somebody else who signed in meanwhile, and got nothing.
    pub stranger: Option<Person>,
}

impl Away {
    /// Whether this is somebody who left: the same subject of the same issuer. Where nobody had signed in, anybody may.
    pub fn knows(&self, audience: &Audience, person: &Person) -> bool {
        let left = self.signed_in.get(audience);
        self.person.is_none() || left.is_some_and(|left| left.is(person))
    }
}
