//! What a connection carries and how long it takes, looked at now and then: nothing on screen moves for it by the second.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::tools::Tools;
use crate::sources::cluster::Link;
use crate::sources::fact::Fact;
use crate::sources::traffic::Traffic;
use crate::state::event::What;

/// When the counters of a new connection are looked at first; a read's time is known by then.
const FIRST: Duration = Duration::from_secs(25);
/// How often they are looked at: a round number of the reads that go on by themselves.
const EVERY: Duration = Duration::from_secs(60);

/// What one connection is weighed with.
#[derive(Debug, Default)]
pub(super) struct Scale {
    /// Milliseconds that the last answered read took; 0 before the first.
    took_ms: AtomicU64,
}

impl Scale {
    /// Waits for a read and notes how long it took, where it was answered; a reason means that it was not.
    pub(super) async fn timed(
        &self,
        tools: &Tools,
        read: impl Future<Output = Option<Fact>>,
    ) -> Option<Fact> {
        let asked = tools.clock.now().mono_ms;
        let told = read.await;
        if let Some(Fact::Quorum(None)) = told {
            let took = tools.clock.now().mono_ms.saturating_sub(asked);
            self.took_ms.store(took.max(1), Ordering::Relaxed);
        }
        told
    }

    /// Looks at the counters at intervals, and tells what was carried since the last look; for ever.
    pub(super) async fn weigh(&self, tools: &Tools, link: &Link) {
        let wire = link.wire();
        let mut pause = FIRST;
        let (mut then, mut before) = (tools.clock.now().mono_ms, wire.bytes());
        loop {
            tokio::time::sleep(pause).await;
            pause = EVERY;
            let (now, bytes) = (tools.clock.now().mono_ms, wire.bytes());
            let went_ms = now.saturating_sub(then).max(1);
            let took = self.took_ms.load(Ordering::Relaxed);
            let traffic = Traffic {
                bytes_s: bytes.saturating_sub(before).saturating_mul(1000) / went_ms,
                bytes,
                connections: wire.open(),
                latency_ms: (took > 0).then_some(took),
            };
            (then, before) = (now, bytes);
            let (cluster, generation) = (link.cluster().clone(), link.generation());
            let told = What::Traffic {
                cluster,
                generation,
                traffic,
            };
            tools.tell(told).await;
        }
    }
}
