//! One fault as data: what goes wrong, for whom, when and how much of it.

use std::time::Duration;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Each piece of an answer comes `by` later.
    Latency,
    /// Each piece of an answer comes up to `by` later, by the dice.
    Jitter,
    /// An answer stops in the middle of a line and goes on when the fault is over.
    Stall,
    /// The connection closes in the middle of an answer, without a goodbye.
    Cut,
    /// The connection is reset, by default before anything was answered.
    Reset,
    /// Silent death: TCP stays, nothing comes any more, not even when the fault is over; only a new connection helps.
    Dead,
    /// The server shows a certificate of another authority of the same name.
    WrongCertificate,
    /// The server shows a certificate that ended an hour ago.
    ExpiredCertificate,
    /// 401: the token is not known.
    Unauthorized,
    /// 403: RBAC does not allow it.
    Forbidden,
    /// 410: the version of a watch, or a continue token, is too old.
    Gone,
    /// 429 with `Retry-After` of `by`.
    Busy,
    /// 500: the server's own storage did not answer.
    Error,
    /// 503: what stands before the server has nobody behind it.
    Unavailable,
    /// Nobody listens: every connection ends and new ones are refused, as while a server is started again.
    Outage,
    /// What was asked is done, and nobody is told: the answer comes when the fault is over.
    LateAnswer,
    /// 200 with a page of HTML, as a portal between client and server gives it.
    Html,
    /// The first object of an answer carries an annotation of so many bytes.
    Oversized,
    /// The server's `Date` differs from its clock by `by`.
    Skew,
    /// Texts that people read carry control characters, escapes and directions; names, labels and states stay.
    Hostile,
    /// As hostile, and every other text as well.
    HostileNames,
}

/// Where a fault does its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layer {
    /// Before connections are made.
    Port,
    /// When a connection is made.
    Door,
    /// Below HTTP, on the bytes.
    Wire,
    /// In what is answered.
    Answer,
}

/// Every fault by the word that names it.
pub(super) const WORDS: &[(&str, What)] = &[
    ("latency", What::Latency),
    ("jitter", What::Jitter),
    ("stall", What::Stall),
    ("cut", What::Cut),
    ("reset", What::Reset),
    ("dead", What::Dead),
    ("wrong-certificate", What::WrongCertificate),
    ("expired-certificate", What::ExpiredCertificate),
    ("401", What::Unauthorized),
    ("403", What::Forbidden),
    ("410", What::Gone),
    ("429", What::Busy),
    ("500", What::Error),
    ("503", What::Unavailable),
    ("outage", What::Outage),
    ("late-answer", What::LateAnswer),
    ("html", What::Html),
    ("oversized", What::Oversized),
    ("skew", What::Skew),
    ("hostile", What::Hostile),
    ("hostile-names", What::HostileNames),
];

impl What {
    /// The word that names it on the command line and in files.
    pub fn word(self) -> &'static str {
        let found = WORDS.iter().find(|(_, what)| *what == self);
        found.map_or("", |(word, _)| word)
    }

    pub(super) fn works_at(self, layer: Layer) -> bool {
        match layer {
            Layer::Port => self == What::Outage,
            Layer::Door => matches!(
                self,
                What::Dead | What::Reset | What::WrongCertificate | What::ExpiredCertificate
            ),
            Layer::Wire => matches!(
                self,
                What::Latency | What::Jitter | What::Stall | What::Cut | What::Reset | What::Dead
            ),
            Layer::Answer => {
                let certificate = matches!(self, What::WrongCertificate | What::ExpiredCertificate);
                !certificate && !self.works_at(Layer::Wire) && !self.works_at(Layer::Port)
            }
        }
    }

    /// How much of it, in milliseconds, when nobody says.
    pub(super) fn usual_ms(self) -> i64 {
        match self {
            What::Busy => 1_000,
            What::Skew => 600_000,
            _ => 500,
        }
    }

    /// How many bytes of it when nobody says: enough of a watch event to be inside its line, or a large annotation.
    pub(super) fn usual_bytes(self) -> u64 {
        match self {
            What::Oversized => 4 << 20,
            What::Reset => 0,
            _ => 64,
        }
    }
}

/// One fault: it hits what all of its words name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What goes wrong.
    pub what: What,
    /// Only this cluster, or `issuer`; all when none.
    pub cluster: Option<String>,
    /// Only requests for this resource (`pods`, `backups.velero.io`, `services/proxy`); all when none.
    pub kind: Option<String>,
    /// Only requests with this verb, as RBAC names it (`list`, `watch`, `create`); all when none.
    pub verb: Option<String>,
    /// How long after it was set it begins, in simulated time.
    pub after: Duration,
    /// How long it lasts, in simulated time; until it is cleared when none.
    pub length: Option<Duration>,
    /// How many requests or connections it hits at most.
    pub times: Option<u32>,
    /// How many of a hundred it hits, by the dice.
    pub chance: u8,
    /// How much later, how far off, when to come again: milliseconds; negative only for a clock that is behind.
    pub by_ms: i64,
    /// After how many bytes of an answer, or how large.
    pub bytes: u64,
}

impl Fault {
    /// This fault for everyone, at once, until it is cleared.
    pub fn of(what: What) -> Fault {
        Fault {
            what,
            cluster: None,
            kind: None,
            verb: None,
            after: Duration::ZERO,
            length: None,
            times: None,
            chance: 100,
            by_ms: what.usual_ms(),
            bytes: what.usual_bytes(),
        }
    }

    pub(super) fn by(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.by_ms).unwrap_or(0))
    }

    /// True when the fault names what was asked; a connection that was asked nothing yet is hit by a fault for all alone.
    pub(super) fn takes(&self, cluster: &str, asked: &Asked) -> bool {
        let same = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|w| w == is);
        let kind = self
            .kind
            .as_deref()
            .is_none_or(|kind| kind == asked.resource || kind == asked.qualified);
        same(&self.cluster, cluster) && kind && same(&self.verb, &asked.verb)
    }
}

/// What a connection is being asked, as faults look at it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::sim) struct Asked {
    /// `pods`, `services/proxy`; empty for what is no resource.
    pub(in crate::sim) resource: String,
    /// `backups.velero.io`; as `resource` in the core group.
    pub(in crate::sim) qualified: String,
    /// `list`, `watch`, `create`.
    pub(in crate::sim) verb: String,
}
