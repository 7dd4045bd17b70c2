//! What is asked of the desk, and who waits for the answer.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::sync::oneshot;

use super::Written;
use crate::audit::Bound;
use crate::audit::Draft;
use crate::audit::Permit;
use crate::audit::Ticket;
use crate::text::SafeText;

/// How often entries without a checkpoint over them are looked for, besides those that ask for one at once.
const SEAL_EVERY: Duration = Duration::from_secs(60);
pub(super) type Reply<T> = oneshot::Sender<Result<T, SafeText>>;

pub(super) enum Job {
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
    Seal,
}

impl Job {
    /// True when nobody waits for the answer any more.
    pub(super) fn is_forgotten(&self) -> bool {
        match self {
            Job::Append { reply, .. } | Job::End { reply, .. } => reply.is_closed(),
            Job::Begin { reply, .. } => reply.is_closed(),
            Job::Try | Job::Seal => false,
        }
    }
}

/// Reminds the desk of entries that stand without a checkpoint, until it is closed.
pub(super) async fn remind(jobs: mpsc::WeakSender<Job>) {
    loop {
        tokio::time::sleep(SEAL_EVERY).await;
        let Some(jobs) = jobs.upgrade() else {
            return;
        };
        // A desk that is busy or behind is asked again in a minute.
        drop(jobs.try_send(Job::Seal));
    }
}
