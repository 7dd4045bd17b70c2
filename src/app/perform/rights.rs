//! Asks a cluster what this person may do, and reads the names of a Secret's keys once that is on record.

use std::sync::Arc;

use super::tools::Tools;
use crate::audit::Kind;
use crate::audit::Req;
use crate::config::ClusterName;
use crate::sources::cluster::Link;
use crate::sources::fact::Fact;
use crate::sources::op::Op;
use crate::sources::secret::SecretKeys;
use crate::sources::secret::SecretRef;
use crate::state::event::What;
use crate::text::SafeText;

/// Asks every question, then tells the answers as one fact.
pub(super) async fn ask(
    tools: Tools,
    link: Arc<Link>,
    cluster: ClusterName,
    (questions, namespace, places): (Vec<Op>, String, Vec<String>),
) {
    let said = link.rights(&questions, &namespace, &places).await;
    let generation = link.generation();
    let fact = Fact::Rights(said);
    tools
        .tell(What::Fact {
            cluster,
            generation,
            fact,
        })
        .await;
}

/// Records the view, then reads; what cannot be recorded is not read.
pub(super) async fn keys(tools: Tools, link: Option<Arc<Link>>, which: SecretRef) {
    let answer = view(&tools, link, &which).await;
    tools.tell(What::SecretKeys { which, answer }).await;
}

async fn view(
    tools: &Tools,
    link: Option<Arc<Link>>,
    which: &SecretRef,
) -> Result<SecretKeys, SafeText> {
    let Some(link) = link else {
        return Err(SafeText::from(format!(
            "Secret {which} was not asked for: {} was connected anew; ask again.",
            which.cluster
        )));
    };
    let mut draft = tools.draft_on(Kind::ViewSensitive, &which.cluster);
    draft.req = Some(Req {
        cluster: SafeText::new(which.cluster.as_str()),
        cluster_uid: SafeText::from(link.uid().unwrap_or_default()),
        verb: SafeText::new("GET"),
        gvr: SafeText::new("v1/secrets"),
        namespace: Some(SafeText::new(&which.namespace)),
        name: Some(SafeText::new(&which.name)),
        ..Req::default()
    });
    let recorded = tools.desk.append(draft, None).await;
    recorded.map_err(|why| SafeText::from(format!("Not recorded, so not asked: {why}")))?;
    link.secret_keys(which).await
}
