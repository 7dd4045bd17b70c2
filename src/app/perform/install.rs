//! Installs roles and policies on one cluster: each object is tried first, and each request is entered in the log before
//! it leaves. Nothing is ever forced, and nothing is sent twice.

use std::sync::Arc;

use super::run;
use super::tools::Tools;
use crate::audit::Bound;
use crate::audit::Class;
use crate::audit::Draft;
use crate::audit::Kind;
use crate::audit::Req;
use crate::config::ClusterName;
use crate::runbook::journal;
use crate::sources::apply;
use crate::sources::apply::Applied;
use crate::sources::cluster::Link;
use crate::sources::cluster::fault::Fault;
use crate::sources::op::Op;
use crate::sources::op::Targeted;
use crate::sources::rights::install;
use crate::sources::rights::install::Difference;
use crate::sources::rights::install::Object;
use crate::text::SafeText;

/// What installing an object would do, as a dry run told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Would {
    /// It is not there yet.
    Create,
    /// It is there, and this of it would change.
    Change(Vec<Difference>),
    /// It is there as it is to be.
    Nothing,
    /// It cannot be tried before that object is there, which is among those to be created.
    Follow(String),
    /// The server would refuse it, or nobody knows; the sentence says why.
    Refuse(SafeText),
}

/// Sends what is installed over one connection.
#[derive(Debug)]
pub struct Installer {
    tools: Tools,
    link: Arc<Link>,
}

impl Installer {
    pub(super) fn new(tools: Tools, link: Arc<Link>) -> Installer {
        Installer { tools, link }
    }

    fn cluster(&self) -> &ClusterName {
        self.link.cluster()
    }

    /// Looks at each object and tries it as a dry run, in order.
    ///
    /// # Errors
    /// When something could not be entered in the log: nothing more is sent then.
    pub async fn preview(&self, objects: &[Object]) -> Result<Vec<Would>, SafeText> {
        let mut found: Vec<Would> = Vec::new();
        for object in objects {
            let before = objects.iter().zip(&found);
            let new = before.filter(|(_, would)| matches!(would, Would::Create | Would::Follow(_)));
            let rests = new.map(|(one, _)| one).find(|one| object.rests_on(one));
            let would = self.would(object, rests).await?;
            found.push(would);
        }
        Ok(found)
    }

    async fn would(&self, object: &Object, rests: Option<&Object>) -> Result<Would, SafeText> {
        let path = object
            .gvr()
            .path(object.namespace.as_deref(), Some(&object.name));
        let there = match self.link.reader().get_json(&path).await {
            Ok(found) => Some(found),
            Err(Fault::NotFound) => None,
            Err(fault) => {
                let lacks = match &fault {
                    Fault::Forbidden(_) => install::lacks(&object.gvr(), ""),
                    _ => "try again".to_owned(),
                };
                let why = format!("it could not be looked at: {fault}; {lacks}");
                return Ok(Would::Refuse(SafeText::from(why)));
            }
        };
        let tried = self.send(object, true).await?;
        Ok(match (tried.class, there, rests) {
            (apply::Class::Applied, None, _) => Would::Create,
            (apply::Class::Applied, Some(before), _) => {
                let after = tried.object.unwrap_or_default();
                match install::differs(&before, &after) {
                    found if found.is_empty() => Would::Nothing,
                    found => Would::Change(found),
                }
            }
            (_, None, Some(first)) if tried.status == Some(404) => Would::Follow(first.words()),
            (class, ..) if tried.status == Some(409) => Would::Refuse(SafeText::from(format!(
                "{}; nothing is forced, so whoever wrote that must give it up first",
                class.words()
            ))),
            (class, ..) => Would::Refuse(class.words()),
        })
    }

    /// Installs one object, or tries it; the entry about it is on disk before it leaves, and what became of it after.
    ///
    /// # Errors
    /// When it could not be entered in the log, or the cluster is another one than it was; nothing was sent unless the
    /// sentence says so.
    pub async fn send(&self, object: &Object, dry: bool) -> Result<Applied, SafeText> {
        let (tools, link) = (&self.tools, &self.link);
        let object = object.clone();
        let op = Op::Install { object, dry };
        let (request, class) = (op.request(), op.class());
        if class == Class::Grant {
            link.still_itself().await?;
        }
        let bound = Bound {
            cluster: self.cluster().to_string(),
            cluster_uid: link.uid().unwrap_or_default(),
            generation: link.generation(),
            digest: request.digest(),
            class,
            run: None,
        };
        let begun = tools
            .desk
            .begin(self.intent(&op), Some(request.body), bound);
        let (permit, _) = begun
            .await
            .map_err(|why| SafeText::from(format!("Not recorded, so nothing was sent: {why}")))?;
        let (ticket, before) = (permit.ticket(), tools.clock.now());
        let cluster = self.cluster().clone();
        let targeted = Targeted { cluster, op };
        let applied = apply::apply(link, &targeted, permit, tools.clock.mono_ns()).await;
        let ms = tools.clock.now().mono_ms.saturating_sub(before.mono_ms);
        let outcome = run::became(tools, self.cluster(), &applied, ms);
        let ended = tools.desk.end(ticket, outcome).await;
        ended.map_err(|why| {
            SafeText::from(format!(
                "Sent, and its outcome could not be recorded: {why}"
            ))
        })?;
        Ok(applied)
    }

    fn intent(&self, op: &Op) -> Draft {
        let (gvr, namespace, name) = op.target();
        Draft {
            req: Some(Req {
                verb: SafeText::new(op.request().method),
                gvr: SafeText::from(journal::written(&gvr)),
                namespace: namespace.map(SafeText::new),
                name: Some(SafeText::new(name)),
                ..Req::default()
            }),
            ..self.tools.draft_on(Kind::ApiIntent, self.cluster())
        }
    }
}
