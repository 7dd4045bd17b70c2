//! What a run wants, carried out in order: entries, readings, and requests between their two entries.
//!
//! The one place where a change leaves this host: the intent is on disk before the permit exists, the permit is
//! spent by the request, the outcome is on disk before the run hears of it.

use std::sync::Arc;

use super::tools::Tools;
use crate::app::desk::Written;
use crate::audit::Answer as Became;
use crate::audit::Bound;
use crate::audit::Class;
use crate::audit::Draft;
use crate::audit::Kind;
use crate::audit::Leaf;
use crate::audit::Permit;
use crate::audit::Res;
use crate::audit::Ticket;
use crate::config::ClusterName;
use crate::runbook::engine::Command;
use crate::runbook::event::OutcomeClass;
use crate::runbook::event::RunEvent;
use crate::runbook::journal;
use crate::runbook::reading::Answer;
use crate::runbook::reading::Heard;
use crate::runbook::reading::Reading;
use crate::runbook::run::Run;
use crate::sources::apply;
use crate::sources::apply::Applied;
use crate::sources::cluster::Link;
use crate::sources::op::Op;
use crate::sources::op::Targeted;
use crate::state::event::What;
use crate::text::SafeText;

/// Why the rest of what a run wanted is given up, in words.
type GivenUp = SafeText;

/// The run that wants something, and what was on screen when a person asked for it.
#[derive(Debug)]
pub(super) struct Wanted {
    /// The run as it stood.
    pub(super) run: Run,
    /// Generation of the connection it was previewed on.
    pub(super) generation: u64,
    /// SHA-256, hex, of the request that was shown; nothing for what goes on by itself.
    pub(super) digest: Option<String>,
}

/// Gives a run its id and records that it was opened.
pub(super) async fn open(tools: Tools, event: RunEvent) {
    let failed = match event {
        RunEvent::Opened(mut opened) => {
            uuid::Uuid::new_v4().simple().to_string()[..12].clone_into(&mut opened.run);
            let run = opened.run.clone();
            record(&tools, &run, None, RunEvent::Opened(opened))
                .await
                .err()
        }
        _ => Some(SafeText::new("only a run that is opened has no id yet")),
    };
    let (run, read) = (String::new(), false);
    tools.tell(What::Carried { run, read, failed }).await;
}

/// Carries out commands in order; the rest is dropped when one fails.
pub(super) async fn carry(
    tools: Tools,
    link: Option<Arc<Link>>,
    wanted: Wanted,
    commands: Vec<Command>,
) {
    let run = &wanted.run;
    let mut failed = None;
    let read = commands
        .iter()
        .all(|command| matches!(command, Command::Read(_)));
    for command in commands {
        let done = match command {
            Command::Record(event) => record(&tools, &run.id, Some(run), event).await,
            Command::Read(reading) => look_for(&tools, link.as_deref(), run, reading).await,
            Command::Send { step, op, undo } => {
                send(&tools, link.as_deref(), &wanted, step, op, undo).await
            }
        };
        if let Err(why) = done {
            failed = Some(why);
            break;
        }
    }
    let run = wanted.run.id;
    tools.tell(What::Carried { run, read, failed }).await;
}

/// Writes what a run did; the run hears of it once it is on disk.
async fn record(
    tools: &Tools,
    id: &str,
    run: Option<&Run>,
    event: RunEvent,
) -> Result<(), GivenUp> {
    let Some((draft, body)) = journal::draft(id, run, &event) else {
        return Err(SafeText::new(
            "this event is written with its request, not by itself",
        ));
    };
    let actor = match (&event, run) {
        (RunEvent::Opened(opened), _) => tools.actors.on(&opened.cluster),
        (_, Some(run)) => tools.actors.on(&run.cluster),
        (_, None) => tools.actors.all(),
    };
    let draft = Draft { actor, ..draft };
    let written = tools
        .desk
        .append(draft, Some(body))
        .await
        .map_err(|why| not_recorded(&why))?;
    tools
        .tell(What::RunLogged {
            run: id.to_owned(),
            event: Box::new(event),
            entry: written.seq,
            at: written.at,
        })
        .await;
    Ok(())
}

fn not_recorded(why: &SafeText) -> SafeText {
    SafeText::new(&format!("Not recorded, so not done: {why}"))
}

/// Reads for a run. What cannot be read is an answer as well.
async fn look_for(
    tools: &Tools,
    link: Option<&Link>,
    run: &Run,
    reading: Reading,
) -> Result<(), GivenUp> {
    let asked = tools.clock.now();
    let answer = match link {
        Some(link) => look(link, &reading).await,
        None => Answer::Failed(SafeText::new(&format!(
            "{} is not connected; nothing was asked",
            run.cluster
        ))),
    };
    let heard = Heard {
        reading,
        answer,
        asked,
        at: tools.clock.now(),
    };
    tools
        .tell(What::Answered {
            run: run.id.clone(),
            heard,
        })
        .await;
    Ok(())
}

async fn look(link: &Link, reading: &Reading) -> Answer {
    match reading {
        Reading::Rights(reviews) => {
            let mut rights = Vec::new();
            for op in reviews {
                let (allowed, why) = link.review(op).await;
                rights.push((op.clone(), allowed, why));
            }
            Answer::Rights(rights)
        }
        Reading::Object {
            gvr,
            namespace,
            name,
        } => match link.object(gvr, namespace.as_deref(), name).await {
            Ok(object) => Answer::Object(object),
            Err(why) => Answer::Failed(why),
        },
        Reading::Names { namespace, kinds } => super::names::names(link, namespace, kinds).await,
        Reading::Named {
            namespace,
            kind,
            gvr,
            name,
        } => super::names::one(link, namespace, (kind, gvr), name).await,
        Reading::Artefact {
            velero,
            download_request,
        } => super::names::artefact(link, velero, download_request).await,
    }
}

/// One request of a run.
struct Sending<'a> {
    tools: &'a Tools,
    run: &'a Run,
    generation: u64,
    step: u32,
    undo: bool,
}

/// Intent, permit, request, outcome.
async fn send(
    tools: &Tools,
    link: Option<&Link>,
    wanted: &Wanted,
    step: u32,
    op: Op,
    undo: bool,
) -> Result<(), GivenUp> {
    let run = &wanted.run;
    let Some(link) = link else {
        return Err(SafeText::new(&format!(
            "{} was connected anew since this was shown: nothing was sent. Look again.",
            run.cluster
        )));
    };
    let digest = Leaf::from_bytes(op.request().digest()).to_string();
    if wanted.digest.as_ref().is_some_and(|shown| *shown != digest) {
        return Err(SafeText::new(&format!(
            "step {step} would send another request than the one that was shown: nothing was sent. Look again."
        )));
    }
    // The server behind an address can be replaced while a connection stands: who it is is read again just before.
    if op.class() == Class::Change {
        link.still_itself().await?;
    }
    let sending = Sending {
        tools,
        run,
        generation: wanted.generation,
        step,
        undo,
    };
    let permit = sending.intend(&op).await?;
    let ticket = permit.ticket();
    let before = tools.clock.now();
    let targeted = Targeted {
        cluster: run.cluster.clone(),
        op,
    };
    let applied = apply::apply(link, &targeted, permit, tools.clock.mono_ns()).await;
    let ms = tools.clock.now().mono_ms.saturating_sub(before.mono_ms);
    sending.outcome(ticket, &applied, ms).await
}

impl Sending<'_> {
    /// Records that the request is about to leave; the permit is bound to exactly this request.
    async fn intend(&self, op: &Op) -> Result<Permit, GivenUp> {
        let request = op.request();
        let digest = request.digest();
        let bound = Bound {
            cluster: self.run.cluster.to_string(),
            cluster_uid: self.run.cluster_uid().to_owned(),
            generation: self.generation,
            digest,
            class: op.class(),
            run: Some(self.run.id.clone()),
        };
        let draft = Draft {
            actor: self.tools.actors.on(&self.run.cluster),
            ..journal::intent(self.run, self.step, self.undo, op)
        };
        let begun = self.tools.desk.begin(draft, Some(request.body), bound);
        let (permit, written) = begun.await.map_err(|why| not_recorded(&why))?;
        let (gvr, namespace, name) = op.target();
        let event = RunEvent::Intent {
            step: self.step,
            undo: self.undo,
            digest: Leaf::from_bytes(digest).to_string(),
            audit_id: permit.ticket().audit_id().cloned().unwrap_or_default(),
            gvr,
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
        };
        self.tell(event, written).await;
        Ok(permit)
    }

    /// Records what became of it.
    async fn outcome(&self, ticket: Ticket, applied: &Applied, ms: u64) -> Result<(), GivenUp> {
        let (_, class) = class(applied);
        let words = applied.class.words();
        let draft = became(self.tools, &self.run.cluster, applied, ms);
        let written = self.tools.desk.end(ticket, draft).await.map_err(|why| {
            SafeText::new(&format!(
                "Sent, and its outcome could not be recorded: {why}. The step is in doubt and will be read, never sent again."
            ))
        })?;
        let event = RunEvent::Outcome {
            step: self.step,
            undo: self.undo,
            class,
            status: applied.status,
            words,
        };
        self.tell(event, written).await;
        Ok(())
    }

    async fn tell(&self, event: RunEvent, written: Written) {
        let run = self.run.id.clone();
        let (entry, at) = (written.seq, written.at);
        self.tools
            .tell(What::RunLogged {
                run,
                event: Box::new(event),
                entry,
                at,
            })
            .await;
    }
}

/// The entry about what became of a request, which took so many milliseconds.
pub(super) fn became(tools: &Tools, cluster: &ClusterName, applied: &Applied, ms: u64) -> Draft {
    let words = applied.class.words();
    let mut draft = tools.draft_on(Kind::ApiOutcome, cluster);
    draft.reason = Some(words).filter(|words| !words.is_empty());
    draft.res = Some(Res {
        status: applied.status,
        audit_id: applied.audit_id_echo.clone(),
        uid: applied.uid.clone(),
        resource_version: applied.resource_version.clone(),
        ms: u32::try_from(ms).ok(),
        class: Some(class(applied).0),
    });
    draft
}

fn class(applied: &Applied) -> (Became, OutcomeClass) {
    match &applied.class {
        apply::Class::Applied => (Became::Applied, OutcomeClass::Applied),
        apply::Class::Refused { .. } => (Became::Refused, OutcomeClass::Refused),
        apply::Class::Unknown { .. } => (Became::Unknown, OutcomeClass::Unknown),
        apply::Class::NotSent { .. } => (Became::NotSent, OutcomeClass::NotSent),
    }
}
