//! How a connection and its watches fare: what may be believed, and why the rest may not.

use super::fact::WatchNews;
use super::moment::Moment;
use crate::text::SafeText;

/// How far the connection has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// Nobody has tried.
    #[default]
    NotAsked,
    /// Nobody is signed in to it, so nothing is sent.
    NotSignedIn,
    /// A connection is being made.
    Asked,
    /// The API server has answered.
    Reached,
    /// No connection could be made, and why; nothing was sent.
    Unreachable(SafeText),
    /// Another CA key than the configuration's; nothing was sent.
    OtherCa {
        /// The key of the configuration, hex.
        expected: SafeText,
        /// What was found instead.
        found: SafeText,
    },
}

impl Reach {
    /// How far the connection has come, in words for one line.
    pub fn words(&self) -> String {
        match self {
            Reach::NotAsked => "not asked yet".to_owned(),
            Reach::NotSignedIn => "not signed in".to_owned(),
            Reach::Asked => "asked, no answer yet".to_owned(),
            Reach::Reached => "reached".to_owned(),
            Reach::Unreachable(why) => format!("not reached: {why}; nothing was sent"),
            Reach::OtherCa { expected, found } => format!(
                "another CA key than the configuration's: expected {expected}, found {found}; nothing was sent"
            ),
        }
    }
}

/// How one watch fares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WatchHealth {
    /// True once a list was complete.
    pub synced: bool,
    /// The newest bad news; `None` while all is well.
    pub news: Option<WatchNews>,
    /// When that news began.
    pub since: Option<Moment>,
    /// Refused connections in a row.
    pub refused: u32,
    /// When its last byte came.
    pub last_heard: Option<Moment>,
    last_refused: Option<Moment>,
}

impl WatchHealth {
    /// The same rows on a new connection: what went wrong on the old one is forgotten.
    pub(super) fn anew(&self) -> WatchHealth {
        WatchHealth {
            synced: self.synced,
            last_heard: self.last_heard,
            ..WatchHealth::default()
        }
    }

    pub(super) fn heard(&mut self, at: Moment) {
        *self = WatchHealth {
            synced: self.synced,
            last_heard: self.last_heard.max(Some(at)),
            ..WatchHealth::default()
        };
    }

    fn bad(&mut self, news: WatchNews, at: Moment) {
        let same = self
            .news
            .as_ref()
            .is_some_and(|old| std::mem::discriminant(old) == std::mem::discriminant(&news));
        self.since = self.since.filter(|_| same).or(Some(at));
        self.news = Some(news);
    }

    /// Takes news in. A byte mends a refused connection; what failed is mended by a complete list or a change only,
    /// because until then nothing says that the rows follow the cluster.
    pub(super) fn take(&mut self, news: WatchNews, at: Moment) {
        match news {
            WatchNews::Heard
                if matches!(
                    self.news,
                    Some(WatchNews::NotInstalled | WatchNews::Forbidden(_) | WatchNews::Failed(_))
                ) => {}
            WatchNews::Heard => self.heard(at),
            WatchNews::Synced => {
                self.heard(at);
                self.synced = true;
            }
            WatchNews::NotInstalled | WatchNews::Forbidden(_) => {
                self.last_heard = self.last_heard.max(Some(at));
                self.refused = 0;
                self.synced = false;
                self.bad(news, at);
            }
            WatchNews::Refused(_) => {
                if self.last_refused != Some(at) {
                    self.refused = self.refused.saturating_add(1);
                    self.last_refused = Some(at);
                }
                self.bad(news, at);
            }
            WatchNews::Failed(_) => self.bad(news, at),
        }
    }

    /// True once it has said something final: a first list, that it is not there or not ours, or that it fails.
    pub fn has_answered(&self) -> bool {
        self.synced || self.news.is_some()
    }

    /// True when the server answers that there is nothing to see here.
    pub fn shut(&self) -> bool {
        matches!(
            self.news,
            Some(WatchNews::NotInstalled | WatchNews::Forbidden(_))
        )
    }
}

/// Tries to connect that failed, in a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tries {
    /// How many.
    pub(super) count: u32,
    last: Option<Moment>,
}

impl Tries {
    /// One more failed; the same one told twice counts once.
    pub(super) fn failed(&mut self, at: Moment) {
        if self.last != Some(at) {
            self.count = self.count.saturating_add(1);
            self.last = Some(at);
        }
    }
}

/// Whether the API server still reaches its own store: without it, watches live on in its memory and nothing moves.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Quorum {
    /// When it last did.
    proved: Option<Moment>,
    /// Why it did not when it was last asked.
    pub(super) lost: Option<SafeText>,
}

impl Quorum {
    /// Takes in whether it was answered: `None`, or why not.
    pub(super) fn take(&mut self, lost: Option<SafeText>, at: Moment) {
        if lost.is_none() {
            self.proved = Some(at);
        }
        self.lost = lost;
    }

    /// When a watch last said something that may be believed; one that fails by itself needs no other reason.
    pub(super) fn heard(&self, health: &WatchHealth) -> Option<Moment> {
        let stalled = self.lost.is_some() && health.news.is_none();
        let proved = self.proved.filter(|_| stalled);
        let heard = health.last_heard;
        heard.map(|heard| proved.unwrap_or(heard).min(heard))
    }
}

/// What one source rests on, put together from its watches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// May be believed; seconds since its oldest watch was heard.
    Now(i64),
    /// History; the seconds likewise.
    Silent(i64),
    /// Asked, no answer yet.
    Asked,
    /// The right is missing, in words.
    NoRight(SafeText),
    /// Could never be read, and why.
    Never(SafeText),
    /// The API server has no such kind.
    NotInstalled,
}

/// The order in which the standings of several watches win: what explains most comes last.
pub(super) fn rank(standing: &Standing) -> (u8, i64) {
    match standing {
        Standing::Now(s) => (0, *s),
        Standing::Silent(s) => (1, *s),
        Standing::Asked => (2, 0),
        Standing::Never(_) => (3, 0),
        Standing::NoRight(_) => (4, 0),
        Standing::NotInstalled => (5, 0),
    }
}
