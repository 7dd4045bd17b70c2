//! One task for each connection: greet, then follow every watch, and tell what was heard. Tries again for ever.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::tools::Tools;
use crate::auth::Person;
use crate::config::ClusterAuth;
use crate::config::ClusterName;
use crate::sources::cluster::Link;
use crate::sources::fact::Fact;
use crate::sources::fact::Greeting;
use crate::sources::fact::WatchNews;
use crate::sources::watch;
use crate::state::event::What;

/// Facts of one cluster that may wait.
const FACTS: usize = 64;
/// How often a quiet watch is asked whether it heard anything.
const PULSE_EVERY: Duration = Duration::from_secs(5);
/// The shortest and the longest pause between two tries to reach a cluster.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(5));

/// The connection could not even be begun; nothing was sent.
pub(super) async fn refused(tools: Tools, cluster: ClusterName, generation: u64, fact: Fact) {
    tools
        .tell(What::Connecting {
            cluster: cluster.clone(),
            generation,
        })
        .await;
    tools
        .tell(What::Fact {
            cluster,
            generation,
            fact,
        })
        .await;
}

/// Greets, then follows every watch until the task is ended.
pub(super) async fn follow(tools: Tools, link: Arc<Link>, cluster: ClusterName, generation: u64) {
    let told = |fact| What::Fact {
        cluster: cluster.clone(),
        generation,
        fact,
    };
    tools
        .tell(What::Connecting {
            cluster: cluster.clone(),
            generation,
        })
        .await;
    let mut pause = PAUSES.0;
    let greeting = loop {
        match link.greet(tools.clock.now().wall).await {
            Ok(greeting) => break greeting,
            Err(fact) => tools.tell(told(fact)).await,
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSES.1);
    };
    certificate_person(&tools, &cluster, &greeting).await;
    tools.tell(told(Fact::Greeting(greeting))).await;

    let (facts, mut heard) = mpsc::channel(FACTS);
    let pass_on = async {
        let mut pulse = tokio::time::interval(PULSE_EVERY);
        loop {
            tokio::select! {
                fact = heard.recv() => match fact {
                    Some(fact) => tools.tell(told(fact)).await,
                    None => return,
                },
                _ = pulse.tick() => {
                    for watch in link.pulse().heard() {
                        tools.tell(told(Fact::Watch(watch, WatchNews::Heard))).await;
                    }
                }
            }
        }
    };
    tokio::join!(watch::follow_all(&link, facts), pass_on);
}

/// Without an issuer, the person is whoever the cluster takes the certificate or token for.
async fn certificate_person(tools: &Tools, cluster: &ClusterName, greeting: &Greeting) {
    let known = tools.config.cluster(cluster);
    let by_kubeconfig =
        known.is_some_and(|cluster| matches!(cluster.auth, ClusterAuth::Kubeconfig(_)));
    let (Some(user), true, true) = (
        &greeting.user,
        by_kubeconfig,
        tools.config.identities.is_empty(),
    ) else {
        return;
    };
    let person = Person {
        issuer: known
            .map(|cluster| cluster.server.clone())
            .unwrap_or_default(),
        subject: user.to_string(),
        login: user.clone(),
        groups: greeting
            .groups
            .iter()
            .filter(|group| !group.as_str().starts_with("system:"))
            .cloned()
            .collect(),
    };
    tools.acts_first(&person);
    tools.tell(What::Person(person)).await;
}
