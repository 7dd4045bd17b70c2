//! The record: what a caller fills in, and what stands on disk.
//!
//! All text is [`SafeText`], so a log can be printed as it is. There are no floats, and no number
//! reaches 2^53, so every JSON reader sees the same values; nanoseconds of uptime pass that
//! limit after 104 days and are written as text.

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;

use crate::audit::body::Body;
use crate::audit::form;
use crate::audit::kind::Kind;
use crate::audit::leaf::Leaf;
use crate::audit::permit::Class;
use crate::text::SafeText;

/// The longest line, newline included, in bytes.
pub const MAX_LINE: usize = 64 * 1024;

/// The version of the record's form.
pub const VERSION: u32 = 1;

/// The moment something is recorded, read by the caller: this room has no clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Wall clock; kept to the microsecond.
    pub ts: Timestamp,
    /// Nanoseconds on the clock that never goes back, since this host started.
    pub mono_ns: u64,
    /// The id of this start of the host.
    pub boot: String,
}

/// Who is behind an entry, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Actor {
    /// The name of the account on this host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<SafeText>,
    /// The number of the account the process runs as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// The number of the account that signed in to this host; survives a change of account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loginuid: Option<u32>,
    /// The fingerprint of the SSH key that opened the connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssh_key: Option<SafeText>,
    /// The person as the clusters know them: `alice@meridian.test`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kube_user: Option<SafeText>,
    /// The groups the clusters know the person in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<SafeText>,
    /// The name of this host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<SafeText>,
    /// The id of this session of crashcart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<SafeText>,
    /// The terminal: `pts/3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tty: Option<SafeText>,
    /// The address the connection came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote: Option<SafeText>,
}

impl Actor {
    /// Gives the short name a table shows: the person before the `@`, else the account, else `-`.
    pub fn short(&self) -> &str {
        let name = self
            .kube_user
            .as_ref()
            .or(self.login.as_ref())
            .map_or("", SafeText::as_str);
        match name.split('@').next() {
            Some(short) if !short.is_empty() => short,
            _ => "-",
        }
    }
}

/// A request to a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Req {
    /// The cluster's name in the estate.
    #[serde(skip_serializing_if = "SafeText::is_empty")]
    pub cluster: SafeText,
    /// The uid of its `kube-system` namespace.
    #[serde(skip_serializing_if = "SafeText::is_empty")]
    pub cluster_uid: SafeText,
    /// The method as sent: `POST`.
    #[serde(skip_serializing_if = "SafeText::is_empty")]
    pub verb: SafeText,
    /// Group, version and resource: `velero.io/v1/restores`, `v1/pods`.
    #[serde(skip_serializing_if = "SafeText::is_empty")]
    pub gvr: SafeText,
    /// The namespace, where the resource has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<SafeText>,
    /// The object's name, where one is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<SafeText>,
    /// The part of the object: `scale`, `log`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subresource: Option<SafeText>,
    /// Whether the server was asked to try only.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// SHA-256 of the body as sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_hash: Option<Leaf>,
    /// SHA-256 of the whole request; what the permit was given for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Leaf>,
    /// What sort of request it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
    /// The id sent with the request, by which the cluster's own audit log knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audit_id: Option<SafeText>,
}

/// What became of a request, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The server did it.
    Applied,
    /// The server said no, or asked to come again: nothing changed.
    Refused,
    /// No answer, or one that leaves it open: only reading can tell.
    Unknown,
    /// Reading showed later what had become of it.
    Reconciled,
    /// It was recorded and never left this host.
    NotSent,
    /// A later build wrote a word this one does not know.
    #[serde(other)]
    Other,
}

/// An answer of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Res {
    /// The HTTP status, where one came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The Audit-ID the server answered with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audit_id: Option<SafeText>,
    /// The uid of the object as answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<SafeText>,
    /// The resource version of the object as answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_version: Option<SafeText>,
    /// How long the answer took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ms: Option<u32>,
    /// What became of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<Answer>,
}

/// What a caller says about what happened; the log adds number, chain and time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// What the entry is about.
    pub kind: Kind,
    /// Who is behind it.
    pub actor: Actor,
    /// The run it belongs to.
    pub run: Option<SafeText>,
    /// The step of the run.
    pub step: Option<SafeText>,
    /// Which try of the step, from 1.
    pub attempt: Option<u32>,
    /// The mode of the console: `READ`, `RUN`, `DRILL`, `BREAK-GLASS`.
    pub mode: Option<SafeText>,
    /// The token of the lock that was held.
    pub lock_token: Option<SafeText>,
    /// The digest of the plan.
    pub plan: Option<SafeText>,
    /// The request, for `api.*` and what is about an object.
    pub req: Option<Req>,
    /// The answer.
    pub res: Option<Res>,
    /// Why, as typed by a person; never a patient's data.
    pub reason: Option<SafeText>,
    /// The ticket, as typed by a person.
    pub ticket: Option<SafeText>,
}

impl Draft {
    /// Starts a draft of a kind, with nothing else said.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            actor: Actor::default(),
            run: None,
            step: None,
            attempt: None,
            mode: None,
            lock_token: None,
            plan: None,
            req: None,
            res: None,
            reason: None,
            ticket: None,
        }
    }
}

/// One record as it stands on disk, one JSON object a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The version of the record's form.
    pub v: u32,
    /// The entry's number, from 1, without a gap.
    pub seq: u64,
    /// The hash of the line before; zeros for the first.
    pub prev: Leaf,
    /// The id of the log: host and uuid.
    pub origin: SafeText,
    /// Wall clock in UTC, to the microsecond; never before the entry before.
    #[serde(with = "form::rfc3339")]
    pub ts: Timestamp,
    /// Nanoseconds since the host started.
    #[serde(with = "form::digits")]
    pub mono_ns: u64,
    /// The id of that start.
    pub boot: SafeText,
    /// Who is behind it.
    pub actor: Actor,
    /// What the entry is about.
    pub kind: Kind,
    /// The run it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<SafeText>,
    /// The step of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<SafeText>,
    /// Which try of the step, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// The mode of the console.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<SafeText>,
    /// The token of the lock that was held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock_token: Option<SafeText>,
    /// The digest of the plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<SafeText>,
    /// The digest of the policy that was in force, or `self` where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<SafeText>,
    /// The request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub req: Option<Req>,
    /// The answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub res: Option<Res>,
    /// The commitment to what is kept beside the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Body>,
    /// Why, as typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<SafeText>,
    /// The ticket, as typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<SafeText>,
}

impl Entry {
    /// Gives the Audit-ID of the request this entry is about.
    pub fn audit_id(&self) -> Option<&SafeText> {
        self.req.as_ref()?.audit_id.as_ref()
    }

    /// Says what happened in a few words, step first: `9 intent POST restores/r-7f3a`.
    pub fn what(&self) -> String {
        let mut words = Vec::new();
        if let Some(step) = &self.step {
            words.push(step.as_str().to_owned());
            words.push(self.kind.verb());
        } else if matches!(self.kind, Kind::ApiIntent | Kind::ApiOutcome) {
            words.push(self.kind.verb());
        } else {
            words.push(self.kind.name().replace(['.', '_'], " "));
        }
        if let Some(req) = &self.req {
            words.extend(req.words());
        }
        words.join(" ")
    }

    /// Says how it ended, in a few words: `201 77c0`, `unknown`, or the reason given; else nothing.
    pub fn result(&self) -> Option<String> {
        if let Some(res) = &self.res {
            let status = res.status.map(|status| status.to_string());
            let id = res.audit_id.as_ref().or(self.audit_id());
            let id = id.and_then(|id| id.as_str().get(..4)).map(str::to_owned);
            let class = res
                .class
                .filter(|_| status.is_none())
                .map(|class| class.word().to_owned());
            let words: Vec<String> = [status, class, id].into_iter().flatten().collect();
            return (!words.is_empty()).then(|| words.join(" "));
        }
        self.reason
            .as_ref()
            .map(|reason| reason.as_str().to_owned())
    }
}

impl Req {
    /// Says the request in a few words: `POST restores/r-7f3a`.
    fn words(&self) -> Vec<String> {
        let resource = self.gvr.as_str().rsplit('/').next().unwrap_or_default();
        let mut object = resource.to_owned();
        for part in [self.name.as_ref(), self.subresource.as_ref()]
            .into_iter()
            .flatten()
        {
            if !object.is_empty() {
                object.push('/');
            }
            object.push_str(part.as_str());
        }
        [self.verb.as_str().to_owned(), object]
            .into_iter()
            .filter(|word| !word.is_empty())
            .collect()
    }
}

impl Answer {
    /// Gives the answer as a word or two for a table.
    pub fn word(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
            Self::Reconciled => "reconciled",
            Self::NotSent => "not sent",
            Self::Other => "other",
        }
    }
}

/// Drops what is finer than a microsecond.
pub(super) fn to_micros(ts: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(ts.as_microsecond()).unwrap_or(ts)
}
