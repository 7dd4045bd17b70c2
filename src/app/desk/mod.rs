//! The desk: the one thread that writes the log. Whoever wants something recorded asks here and waits, with a deadline.
//!
//! Order is the order of asking. A disk that hangs holds up this thread and nothing else; who waited longer than
//! [`DEADLINE`] gets a refusal, so nothing is sent on an entry that nobody saw on disk.

mod job;

use std::io;
use std::time::Duration;

use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::sync::oneshot;

use self::job::Job;
use self::job::Reply;
use self::job::remind;
use crate::app::clock::Clock;
use crate::app::log_rows::rows;
use crate::app::others::Others;
use crate::audit::Answer;
use crate::audit::AuditError;
use crate::audit::Bound;
use crate::audit::Draft;
use crate::audit::Kind;
use crate::audit::Log;
use crate::audit::Permit;
use crate::audit::Res;
use crate::audit::Stamp;
use crate::audit::Ticket;
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

/// Asks the thread that writes the log.
#[derive(Clone, Debug)]
pub struct Desk {
    /// The way to the thread; where there is none, why.
    jobs: Result<mpsc::Sender<Job>, SafeText>,
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
            others: Others::default(),
        };
        std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || clerk.work(waiting))?;
        if let Ok(runtime) = Handle::try_current() {
            drop(runtime.spawn(remind(jobs.downgrade())));
        }
        Ok(Desk { jobs: Ok(jobs) })
    }

    /// A desk without a log: whatever is asked of it is refused with this reason.
    pub fn shut(why: SafeText) -> Desk {
        Desk { jobs: Err(why) }
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
        if let Ok(jobs) = &self.jobs {
            drop(jobs.send(Job::Try).await);
        }
    }

    async fn ask<T>(&self, job: impl FnOnce(Reply<T>) -> Job) -> Result<T, SafeText> {
        let (reply, answer) = oneshot::channel();
        let jobs = self.jobs.as_ref().map_err(SafeText::clone)?;
        let ask = async {
            jobs.send(job(reply))
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
    others: Others,
}

impl Clerk {
    fn work(mut self, mut jobs: mpsc::Receiver<Job>) {
        self.show(0);
        while let Some(job) = jobs.blocking_recv() {
            if job.is_forgotten() {
                // Who asked was told after the deadline that nothing was recorded: so it must stay.
                continue;
            }
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
                    if let Err(Ok((permit, _))) = reply.send(done) {
                        // Who asked gave up while this was written: the permit is void, and the log says so.
                        self.not_sent(&permit.ticket());
                    }
                }
                Job::End {
                    ticket,
                    draft,
                    reply,
                } => {
                    let done = self.end(&ticket, *draft);
                    drop(reply.send(done));
                }
                Job::Try => {
                    let done =
                        self.append(Draft::new(Kind::Other(SafeText::new("log.tried"))), None);
                    drop(done);
                }
                Job::Seal => self.seal(),
            }
            if self.log.size() != before {
                self.show(before);
            }
        }
    }

    fn append(&mut self, draft: Draft, body: Option<&[u8]>) -> Result<Written, SafeText> {
        let stamp = self.clock.stamp();
        self.not_elsewhere(draft.run.as_ref(), &stamp)?;
        let known = self.log.size();
        let receipt = self.log.append(draft, body, &stamp);
        let receipt = self.judge(receipt)?;
        self.note_others(known, receipt.seq);
        Ok(Written {
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
        let run = bound.run.as_deref().map(SafeText::new);
        self.not_elsewhere(run.as_ref(), &stamp)?;
        let known = self.log.size();
        let permit = self.log.begin(draft, body, bound, &stamp);
        let permit = self.judge(permit)?;
        let seq = permit.ticket().seq();
        self.note_others(known, seq);
        // Another console may have written between the look and the entry.
        if let Err(why) = self.still_ours(run.as_ref()) {
            self.not_sent(&permit.ticket());
            return Err(why);
        }
        Ok((permit, Written { seq, at: stamp.ts }))
    }

    fn end(&mut self, ticket: &Ticket, outcome: Draft) -> Result<Written, SafeText> {
        let stamp = self.clock.stamp();
        let known = self.log.size();
        let receipt = self.log.end(ticket, outcome, &stamp);
        let receipt = self.judge(receipt)?;
        self.note_others(known, receipt.seq);
        Ok(Written {
            seq: receipt.seq,
            at: stamp.ts,
        })
    }

    /// Puts a checkpoint over entries that have none, and takes note of those that others wrote meanwhile.
    fn seal(&mut self) {
        let known = self.log.size();
        let sealed = self.log.seal(&self.clock.stamp());
        drop(self.judge(sealed));
        self.note_others(known, self.log.size() + 1);
    }

    /// Refuses what belongs to a run that another console has written about, before anything is recorded: two consoles
    /// that know different halves of a run must not both tell it on.
    fn not_elsewhere(&mut self, run: Option<&SafeText>, stamp: &Stamp) -> Result<(), SafeText> {
        if run.is_none() {
            return Ok(());
        }
        let known = self.log.size();
        let read = self.log.refresh(stamp);
        self.judge(read)?;
        self.note_others(known, self.log.size() + 1);
        self.still_ours(run)
    }

    fn still_ours(&self, run: Option<&SafeText>) -> Result<(), SafeText> {
        match run {
            Some(run) => self.others.left(run),
            None => Ok(()),
        }
    }

    /// Remembers the runs of entries that stand between what was known and what was just written.
    fn note_others(&mut self, known: u64, written: u64) {
        if written > known + 1 {
            self.others.wrote(self.log.entries(known + 1, written - 1));
        }
    }

    /// Records that an intent was given up on this host.
    fn not_sent(&mut self, ticket: &Ticket) {
        let mut outcome = Draft::new(Kind::ApiOutcome);
        outcome.res = Some(Res {
            class: Some(Answer::NotSent),
            ..Res::default()
        });
        drop(self.end(ticket, outcome));
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
        let words = sentence(error);
        let what = match words.strip_prefix("entry ") {
            Some(named) => format!("Entry {named}."),
            None => format!("Entry {}: {words}.", count(self.log.size() + 1)),
        };
        Stopped {
            what: SafeText::from(what),
            place: SafeText::new(&folder),
            next: vec![
                SafeText::new(&format!(
                    "Look at the disk from another terminal: df -h {folder}"
                )),
                SafeText::new("Press R. The console writes a test entry and goes on by itself."),
            ],
            since: self.clock.now(),
            damaged: false,
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
pub(super) fn sentence(error: &AuditError) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Class;

    fn desk(folder: &std::path::Path) -> Desk {
        let clock = Clock::start();
        let log = Log::open(&folder.join("log"), "test", &clock.stamp()).unwrap();
        // Nobody listens: what it tells is dropped at once.
        let (events, _) = mpsc::channel(1);
        Desk::start(log, clock, events).unwrap()
    }

    fn of(run: &str, kind: Kind) -> Draft {
        let mut draft = Draft::new(kind);
        draft.run = Some(SafeText::new(run));
        draft
    }

    fn bound(run: &str) -> Bound {
        Bound {
            cluster: "aws-prod".to_owned(),
            cluster_uid: "c07a91e2".to_owned(),
            generation: 1,
            digest: [7; 32],
            class: Class::Change,
            run: Some(run.to_owned()),
        }
    }

    #[tokio::test]
    async fn a_run_that_another_console_took_further_is_not_told_on_here() {
        let folder = tempfile::tempdir().unwrap();
        let one = desk(folder.path());
        one.append(of("7f3a", Kind::RunOpened), None).await.unwrap();
        let two = desk(folder.path());
        let resumed = two.append(of("7f3a", Kind::RunResumed), None).await;
        let last = resumed.unwrap().seq;

        let told = one.append(of("7f3a", Kind::StepFailed), None).await;
        let words = told.unwrap_err();
        assert!(words.as_str().starts_with("another console"), "{words}");
        let begun = one.begin(of("7f3a", Kind::ApiIntent), None, bound("7f3a"));
        assert!(begun.await.is_err());
        let next = two.append(of("7f3a", Kind::StepDone), None).await.unwrap();
        assert_eq!(next.seq, last + 1, "the other console wrote nothing of it");

        one.append(of("c0de", Kind::RunOpened), None).await.unwrap();
        one.append(Draft::new(Kind::SessionClosed), None)
            .await
            .unwrap();
    }
    #[tokio::test]
    async fn what_another_console_took_further_is_known_after_an_outcome_and_a_checkpoint_too() {
        for sealed in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            let one = desk(folder.path());
            one.append(of("7f3a", Kind::RunOpened), None).await.unwrap();
            let intent = one.begin(of("7f3a", Kind::ApiIntent), None, bound("7f3a"));
            let ticket = intent.await.unwrap().0.ticket();
            let two = desk(folder.path());
            let resumed = two.append(of("7f3a", Kind::RunResumed), None).await;
            resumed.unwrap();
            if sealed {
                let jobs = one.jobs.as_ref().unwrap();
                jobs.send(Job::Seal).await.unwrap();
            } else {
                let outcome = Draft::new(Kind::ApiOutcome);
                one.end(ticket, outcome).await.unwrap();
            }
            let told = one.append(of("7f3a", Kind::StepDone), None).await;
            let words = told.unwrap_err();
            assert!(words.as_str().starts_with("another console"), "{words}");
        }
    }
}
