//! The desk: the one thread that writes the log. Whoever wants something recorded asks here and waits, with a deadline.
//!
//! Order is the order of asking. A disk that hangs holds up this thread and nothing else; who waited longer than
//! [`DEADLINE`] gets a refusal, so nothing is sent on an entry that nobody saw on disk.

use std::io;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::sync::oneshot;

use super::clock::Clock;
use crate::audit::AuditError;
use crate::audit::Bound;
use crate::audit::Draft;
use crate::audit::Entry;
use crate::audit::Kind;
use crate::audit::Log;
use crate::audit::Permit;
use crate::audit::Ticket;
use crate::state::LogRow;
use crate::state::Stopped;
use crate::state::event::Event;
use crate::state::event::What;
use crate::text::SafeText;
use crate::text::count;

/// How long anybody waits for the disk.
pub const DEADLINE: Duration = Duration::from_secs(2);
/// Jobs that may wait; beyond, asking waits.
const QUEUE: usize = 64;

/// An entry that is on disk.
#[derive(Clone, Copy, Debug)]
pub struct Written {
    /// Its number.
    pub seq: u64,
    /// Its time.
    pub at: Timestamp,
}

type Reply<T> = oneshot::Sender<Result<T, SafeText>>;

enum Job {
    Append {
        draft: Box<Draft>,
        body: Option<Vec<u8>>,
        reply: Reply<Written>,
    },
    Begin {
        draft: Box<Draft>,
        body: Option<Vec<u8>>,
        bound: Box<Bound>,
        reply: Reply<(Permit, Written)>,
    },
    End {
        ticket: Box<Ticket>,
        draft: Box<Draft>,
        reply: Reply<Written>,
    },
    Try,
}

/// Asks the thread that writes the log.
#[derive(Clone, Debug)]
pub struct Desk {
    jobs: mpsc::Sender<Job>,
}

impl Desk {
    /// Starts the thread over an open log.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(log: Log, clock: Clock, events: mpsc::Sender<Event>) -> io::Result<Desk> {
        let (jobs, waiting) = mpsc::channel(QUEUE);
        let clerk = Clerk {
            log,
            clock,
            events,
            stopped: false,
        };
        std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || clerk.work(waiting))?;
        Ok(Desk { jobs })
    }

    /// Records something; returns once it is on disk.
    ///
    /// # Errors
    /// The reason in words when it is not, or when nobody knows within the deadline.
    pub async fn append(&self, draft: Draft, body: Option<Vec<u8>>) -> Result<Written, SafeText> {
        self.ask(|reply| Job::Append {
            draft: Box::new(draft),
            body,
            reply,
        })
        .await
    }

    /// Records that a request is about to be sent; returns the permit once that is on disk.
    ///
    /// # Errors
    /// As [`Desk::append`]; there is no permit then.
    pub async fn begin(
        &self,
        draft: Draft,
        body: Option<Vec<u8>>,
        bound: Bound,
    ) -> Result<(Permit, Written), SafeText> {
        self.ask(|reply| Job::Begin {
            draft: Box::new(draft),
            body,
            bound: Box::new(bound),
            reply,
        })
        .await
    }

    /// Records what became of a request.
    ///
    /// # Errors
    /// As [`Desk::append`]; the intent stays without an outcome then.
    pub async fn end(&self, ticket: Ticket, draft: Draft) -> Result<Written, SafeText> {
        self.ask(|reply| Job::End {
            ticket: Box::new(ticket),
            draft: Box::new(draft),
            reply,
        })
        .await
    }

    /// Tries to write again after a failure.
    pub async fn try_again(&self) {
        drop(self.jobs.send(Job::Try).await);
    }

    async fn ask<T>(&self, job: impl FnOnce(Reply<T>) -> Job) -> Result<T, SafeText> {
        let (reply, answer) = oneshot::channel();
        let ask = async {
            self.jobs
                .send(job(reply))
                .await
                .map_err(|_| SafeText::new("the log is closed"))?;
            answer
                .await
                .map_err(|_| SafeText::new("the log is closed"))?
        };
        match tokio::time::timeout(DEADLINE, ask).await {
            Ok(answer) => answer,
            Err(_) => Err(SafeText::new(
                "the disk of the log did not answer within 2s",
            )),
        }
    }
}

/// Who sits at the desk.
struct Clerk {
    log: Log,
    clock: Clock,
    events: mpsc::Sender<Event>,
    stopped: bool,
}

impl Clerk {
    fn work(mut self, mut jobs: mpsc::Receiver<Job>) {
        self.show(0);
        while let Some(job) = jobs.blocking_recv() {
            let before = self.log.size();
            match job {
                Job::Append { draft, body, reply } => {
                    let done = self.append(*draft, body.as_deref());
                    drop(reply.send(done));
                }
                Job::Begin {
                    draft,
                    body,
                    bound,
                    reply,
                } => {
                    let done = self.begin(*draft, body.as_deref(), *bound);
                    drop(reply.send(done));
                }
                Job::End {
                    ticket,
                    draft,
                    reply,
                } => {
                    let stamp = self.clock.stamp();
                    let receipt = self.log.end(&ticket, *draft, &stamp);
                    let done = self.judge(receipt).map(|receipt| Written {
                        seq: receipt.seq,
                        at: stamp.ts,
                    });
                    drop(reply.send(done));
                }
                Job::Try => {
                    let done =
                        self.append(Draft::new(Kind::Other(SafeText::new("log.tried"))), None);
                    drop(done);
                }
            }
            if self.log.size() != before {
                self.show(before);
            }
        }
    }

    fn append(&mut self, draft: Draft, body: Option<&[u8]>) -> Result<Written, SafeText> {
        let stamp = self.clock.stamp();
        let receipt = self.log.append(draft, body, &stamp);
        self.judge(receipt).map(|receipt| Written {
            seq: receipt.seq,
            at: stamp.ts,
        })
    }

    fn begin(
        &mut self,
        draft: Draft,
        body: Option<&[u8]>,
        bound: Bound,
    ) -> Result<(Permit, Written), SafeText> {
        let stamp = self.clock.stamp();
        let permit = self.log.begin(draft, body, bound, &stamp);
        let permit = self.judge(permit)?;
        let seq = permit.ticket().seq();
        Ok((permit, Written { seq, at: stamp.ts }))
    }

    /// Tells the console when the log stops and when it goes on.
    fn judge<T>(&mut self, result: Result<T, AuditError>) -> Result<T, SafeText> {
        match result {
            Ok(value) => {
                if std::mem::take(&mut self.stopped) {
                    self.tell(What::LogBack);
                }
                Ok(value)
            }
            Err(error @ (AuditError::NoRun { .. } | AuditError::TooLong { .. })) => {
                Err(SafeText::new(&error.to_string()))
            }
            Err(error) => {
                self.stopped = true;
                let stopped = self.stopped(&error);
                self.tell(What::LogStopped(stopped));
                Err(SafeText::new(&sentence(&error)))
            }
        }
    }

    fn stopped(&self, error: &AuditError) -> Stopped {
        let folder = self.log.folder().display().to_string();
        Stopped {
            what: SafeText::new(&format!(
                "Entry {}: {}",
                count(self.log.size() + 1),
                sentence(error)
            )),
            place: SafeText::new(&folder),
            next: vec![
                SafeText::new(&format!(
                    "Look at the disk from another terminal: df -h {folder}"
                )),
                SafeText::new("Press R. The console writes a test entry and goes on by itself."),
            ],
            since: self.clock.now(),
        }
    }

    /// Shows the entries after `from`, and how many there are.
    fn show(&self, from: u64) {
        let news = self.log.size().saturating_sub(from).min(200);
        let news = usize::try_from(news).unwrap_or(usize::MAX).max(1);
        // An outcome changes the line of its intent: show a few lines more than are new.
        let entries = self.log.tail(news + 20).unwrap_or_default();
        self.tell(What::Logged {
            entries: self.log.size(),
            rows: rows(&entries),
        });
    }

    fn tell(&self, what: What) {
        drop(self.events.blocking_send(Event {
            at: self.clock.now(),
            what,
        }));
    }
}

/// The error and what the system said, without saying it twice.
fn sentence(error: &AuditError) -> String {
    let mut words = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_words = cause.to_string();
        if !words.contains(&cause_words) {
            words = format!("{words}: {cause_words}");
        }
        source = cause.source();
    }
    words
}

/// Lines of the log screen. An intent shows `no outcome` until its outcome is among the entries.
pub fn rows(entries: &[Entry]) -> Vec<LogRow> {
    let answered = |intent: &Entry| {
        entries.iter().any(|entry| {
            entry.kind == Kind::ApiOutcome
                && entry.audit_id().is_some()
                && entry.audit_id() == intent.audit_id()
        })
    };
    let row = |entry: &Entry| LogRow {
        entry: entry.seq,
        at: entry.ts,
        who: entry.actor.login.as_ref().map_or_else(
            || SafeText::new("-"),
            |login| SafeText::new(short(login.as_str())),
        ),
        run: entry.run.as_ref().map_or_else(
            || SafeText::new("-"),
            |run| SafeText::new(run.as_str().get(..4).unwrap_or(run.as_str())),
        ),
        what: SafeText::new(&entry.what()),
        result: match entry.kind {
            Kind::ApiIntent if !answered(entry) => SafeText::new("no outcome"),
            Kind::ApiIntent => SafeText::default(),
            _ => SafeText::new(&entry.result().unwrap_or_default()),
        },
    };
    entries.iter().map(row).collect()
}

fn short(login: &str) -> &str {
    login.split_once('@').map_or(login, |(name, _)| name)
}
