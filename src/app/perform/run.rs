//! What a run wants, carried out in order: entries, readings, and requests between their two entries.
//!
//! The one place where a change leaves this host: the intent is on disk before the permit exists, the permit is
//! spent by the request, the outcome is on disk before the run hears of it.

use std::sync::Arc;

use super::tools::Tools;
use crate::audit::Answer as Became;
use crate::audit::Bound;
use crate::audit::Draft;
use crate::audit::Kind;
use crate::audit::Res;
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

/// Gives a run its id and records that it was opened.
pub(super) async fn open(tools: Tools, event: RunEvent) {
    let failed = match event {
        RunEvent::Opened(mut opened) => {
            opened.run = uuid::Uuid::new_v4().simple().to_string()[..12].to_owned();
            let run = opened.run.clone();
            record(&tools, &run, None, RunEvent::Opened(opened))
                .await
                .err()
        }
        _ => Some(SafeText::new("only a run that is opened has no id yet")),
    };
    tools.tell(What::Carried { failed }).await;
}

/// Carries out commands in order; the rest is dropped when one fails.
pub(super) async fn carry(tools: Tools, link: Option<Arc<Link>>, run: Run, commands: Vec<Command>) {
    let mut failed = None;
    for command in commands {
        let done = match command {
            Command::Record(event) => record(&tools, &run.id, Some(&run), event).await,
            Command::Read(reading) => read(&tools, link.as_deref(), &run, reading).await,
            Command::Send { step, op, undo } => {
                send(&tools, link.as_deref(), &run, step, op, undo).await
            }
        };
        if let Err(why) = done {
            failed = Some(why);
            break;
        }
    }
    tools.tell(What::Carried { failed }).await;
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
    let draft = Draft {
        actor: tools.draft(Kind::RunOpened).actor,
        ..draft
    };
    let written = tools
        .desk
        .append(draft, Some(body))
        .await
        .map_err(|why| not_recorded(&why))?;
    tools
        .tell(What::RunLogged {
            run: id.to_owned(),
            event,
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
async fn read(
    tools: &Tools,
    link: Option<&Link>,
    run: &Run,
    reading: Reading,
) -> Result<(), GivenUp> {
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
        Reading::Artefact {
            velero,
            download_request,
        } => super::names::artefact(link, velero, download_request).await,
    }
}

/// Intent, permit, request, outcome.
async fn send(
    tools: &Tools,
    link: Option<&Link>,
    run: &Run,
    step: u32,
    op: Op,
    undo: bool,
) -> Result<(), GivenUp> {
    let Some(link) = link else {
        return Err(SafeText::new(&format!(
            "{} was connected anew since this was shown: nothing was sent. Look again.",
            run.cluster
        )));
    };
    let request = op.request();
    let bound = Bound {
        cluster: run.cluster.to_string(),
        cluster_uid: link.uid().unwrap_or_default(),
        generation: link.generation(),
        digest: request.digest(),
        class: op.class(),
        run: Some(run.id.clone()),
    };
    let draft = Draft {
        actor: tools.draft(Kind::ApiIntent).actor,
        ..journal::intent(run, step, undo, &op)
    };
    let (permit, written) = tools
        .desk
        .begin(draft, Some(request.body), bound)
        .await
        .map_err(|why| not_recorded(&why))?;
    let ticket = permit.ticket();
    let (gvr, namespace, name) = op.target();
    let intent = RunEvent::Intent {
        step,
        undo,
        digest: hex(&op.request().digest()),
        audit_id: ticket.audit_id().cloned().unwrap_or_default(),
        gvr,
        namespace: namespace.map(str::to_owned),
        name: name.to_owned(),
    };
    tools
        .tell(What::RunLogged {
            run: run.id.clone(),
            event: intent,
            entry: written.seq,
            at: written.at,
        })
        .await;

    let before = tools.clock.now();
    let targeted = Targeted {
        cluster: run.cluster.clone(),
        op,
    };
    let applied = apply::apply(link, &targeted, permit, tools.clock.mono_ns()).await;
    let ms = u32::try_from(tools.clock.now().mono_ms.saturating_sub(before.mono_ms)).ok();

    let (became, class) = class(&applied);
    let words = applied.class.words();
    let mut outcome = tools.draft(Kind::ApiOutcome);
    outcome.reason = Some(words.clone()).filter(|words| !words.as_str().is_empty());
    outcome.res = Some(Res {
        status: applied.status,
        audit_id: applied.audit_id_echo.clone(),
        uid: applied.uid.clone(),
        resource_version: applied.resource_version.clone(),
        ms,
        class: Some(became),
    });
    let written = tools.desk.end(ticket, outcome).await.map_err(|why| {
        SafeText::new(&format!("Sent, and its outcome could not be recorded: {why}. The step is in doubt and will be read, never sent again."))
    })?;
    let event = RunEvent::Outcome {
        step,
        undo,
        class,
        status: applied.status,
        words,
    };
    tools
        .tell(What::RunLogged {
            run: run.id.clone(),
            event,
            entry: written.seq,
            at: written.at,
        })
        .await;
    Ok(())
}

fn class(applied: &Applied) -> (Became, OutcomeClass) {
    match &applied.class {
        apply::Class::Applied => (Became::Applied, OutcomeClass::Applied),
        apply::Class::Refused { .. } => (Became::Refused, OutcomeClass::Refused),
        apply::Class::Unknown { .. } => (Became::Unknown, OutcomeClass::Unknown),
        apply::Class::NotSent { .. } => (Became::NotSent, OutcomeClass::NotSent),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
