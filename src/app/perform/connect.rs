//! One task for each connection: greet, then follow every watch, and tell what was heard. Tries again for ever.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::attendance::left_alone;
use super::aws;
use super::program;
use super::tools::Tools;
use super::weigh::Scale;
use crate::auth::Person;
use crate::config::Cluster;
use crate::config::ClusterAuth;
use crate::config::ClusterName;
use crate::config::KubeconfigUser;
use crate::config::Plugin;
use crate::sources::cluster::Link;
use crate::sources::cluster::TokenSlot;
use crate::sources::fact::Fact;
use crate::sources::fact::Greeting;
use crate::sources::fact::WatchNews;
use crate::sources::watch;
use crate::state::event::What;
use crate::text::SafeText;

/// How long a program that failed to give a token is left alone.
const ASK_AGAIN: Duration = Duration::from_secs(30);
/// Seconds before a program's token ends at which it is asked for the next.
const EARLY_S: i64 = 60;
/// Seconds by which a clock may seem to move: an answer's `Date` is looked at up to one pulse after it came.
const DRIFT_S: i64 = 10;
/// Facts of one cluster that may wait.
const FACTS: usize = 64;
/// How often a quiet watch is asked whether it heard anything.
const PULSE_EVERY: Duration = Duration::from_secs(5);
/// How often the API server is asked for something that it must read in its own store.
const QUORUM_EVERY: Duration = Duration::from_secs(20);
/// The shortest and the longest pause between two tries to reach a cluster.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(5));

/// Prepares a connection by what a cluster is entered with: its sign-in's token, a signed one, or its fallback.
pub(super) fn open(
    tools: &Tools,
    cluster: &Cluster,
    generation: u64,
    by_fallback: bool,
) -> Result<Link, Fact> {
    if by_fallback && let Some(link) = Link::open_by_fallback(cluster, generation) {
        return link;
    }
    let token = match &cluster.auth {
        // Signed, or asked of a program, before the greeting; until then nothing goes out without it.
        ClusterAuth::Eks(_) | ClusterAuth::Kubeconfig(KubeconfigUser::Program(_)) => {
            TokenSlot::of_sign_in()
        }
        _ => tools.token_for(cluster),
    };
    Link::open(cluster, generation, token)
}

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

/// Follows a cluster until the task is ended, or nobody is there any more and the loop hangs that should have ended it:
/// then nothing is asked on this connection, whatever it is entered with, and nothing is signed for it.
pub(super) async fn attended(tools: Tools, link: Arc<Link>, token: TokenSlot, generation: u64) {
    let cluster = link.cluster().clone();
    tokio::select! {
        biased;
        () = left_alone(&tools) => {}
        () = follow(tools.clone(), Arc::clone(&link), token.clone(), generation) => return,
    }
    link.close();
    if matches!(
        tools.config.cluster(&cluster).map(|one| &one.auth),
        Some(ClusterAuth::Eks(_))
    ) {
        token.set(None);
    }
    let fact = Fact::Unreachable("left alone, so the connection was closed".into());
    let told = What::Fact {
        cluster,
        generation,
        fact,
    };
    tools.tell(told).await;
}

/// Greets, then follows every watch until the task is ended.
async fn follow(tools: Tools, link: Arc<Link>, token: TokenSlot, generation: u64) {
    let cluster = link.cluster().clone();
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
    let plugin = plugin(&tools, &cluster);
    let mut next = None;
    if let Some(plugin) = &plugin {
        while let Err(why) = renew(&tools, plugin, &token, &mut next).await {
            tools.tell(told(Fact::Unreachable(why))).await;
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }
    aws::sign_first(&tools, &link, &told).await;
    let greeting = greeted(&tools, &link, &told).await;
    tools.actors.greeted(&cluster, &greeting);
    kubeconfig_person(&tools, &cluster, &greeting).await;
    let mut ahead = greeting.clock_ahead_s;
    let known = greeting.uid.is_some();
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
                    let date = link.pulse().date();
                    let news = date.map(|date| date - tools.clock.now().wall.as_second());
                    if let Some(now) = news.filter(|now| drifted(ahead, *now)) {
                        ahead = Some(now);
                        tools.tell(told(Fact::Clock(now))).await;
                    }
                }
            }
        }
    };
    let scale = Scale::default();
    let quorum = ask_quorum(&tools, (&link, &scale), known, told);
    let keep = keep_token(&tools, plugin.as_ref(), &token, next);
    let signed = aws::keep_signed(&tools, &cluster, link.token());
    let kept = async { tokio::join!(keep, signed, scale.weigh(&tools, &link)) };
    tokio::join!(watch::follow_all(&link, facts), pass_on, quorum, kept);
}

/// Greets until the cluster says who it is; each failure is told.
async fn greeted(tools: &Tools, link: &Link, told: impl Fn(Fact) -> What) -> Greeting {
    let mut pause = PAUSES.0;
    loop {
        match link.greet(tools.clock.now().wall).await {
            Ok(greeting) => return greeting,
            Err(fact) => tools.tell(told(fact)).await,
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSES.1);
    }
}

/// Asks now and then for what the server must read in its own store, where that may be read at all.
async fn ask_quorum(
    tools: &Tools,
    (link, scale): (&Link, &Scale),
    known: bool,
    told: impl Fn(Fact) -> What,
) {
    loop {
        tokio::time::sleep(QUORUM_EVERY).await;
        if known && let Some(fact) = scale.timed(tools, link.quorum()).await {
            tools.tell(told(fact)).await;
        }
    }
}

/// Asks for the next token each time that one is about to end.
async fn keep_token(
    tools: &Tools,
    plugin: Option<&Plugin>,
    token: &TokenSlot,
    mut next: Option<Duration>,
) {
    let Some(plugin) = plugin else { return };
    while let Some(wait) = next {
        tokio::time::sleep(wait).await;
        // A token that could not be renewed is used to its end; the server says when that was.
        if renew(tools, plugin, token, &mut next).await.is_err() {
            next = Some(ASK_AGAIN);
        }
    }
}

/// The program that a cluster's token comes from, if it does.
fn plugin(tools: &Tools, name: &ClusterName) -> Option<Plugin> {
    match &tools.config.cluster(name)?.auth {
        ClusterAuth::Kubeconfig(KubeconfigUser::Program(plugin)) => Some(plugin.clone()),
        _ => None,
    }
}

/// Asks the program for a token, and says when to ask again; on a thread that may block.
async fn renew(
    tools: &Tools,
    plugin: &Plugin,
    token: &TokenSlot,
    next: &mut Option<Duration>,
) -> Result<(), SafeText> {
    let (plugin, clock) = (plugin.clone(), tools.clock.clone());
    let asked = tokio::task::spawn_blocking(move || program::ask(&plugin, &clock)).await;
    let granted = asked.map_err(|_| SafeText::new("the program for its token did not end"))??;
    let now = tools.clock.now().wall.as_second();
    let left = granted.ends.map(|ends| ends.as_second() - now - EARLY_S);
    *next = left.map(|left| Duration::from_secs(u64::try_from(left).unwrap_or(0)).max(ASK_AGAIN));
    token.set(Some(granted.token));
    Ok(())
}

/// Whether a clock stands so much otherwise than it was known to that somebody should hear of it.
fn drifted(known: Option<i64>, now: i64) -> bool {
    known.is_none_or(|known| (known - now).abs() > DRIFT_S)
}

/// Where a kubeconfig or AWS keys are the way in, the person is whoever the cluster takes its credential for.
async fn kubeconfig_person(tools: &Tools, name: &ClusterName, greeting: &Greeting) {
    let Some(cluster) = tools.config.cluster(name) else {
        return;
    };
    let by_file = matches!(
        cluster.auth,
        ClusterAuth::Kubeconfig(_) | ClusterAuth::Eks(_)
    );
    let Some(user) = greeting.user.as_ref().filter(|_| by_file) else {
        return;
    };
    let groups = greeting.groups.iter();
    let own = groups.filter(|group| !group.as_str().starts_with("system:"));
    let person = Person {
        issuer: cluster.server.clone(),
        subject: user.to_string(),
        login: user.clone(),
        groups: own.cloned().collect(),
    };
    tools.actors.act([name], Some(&person));
    let cluster = Some(name.clone());
    tools.tell(What::Person { person, cluster }).await;
}

#[cfg(test)]
mod tests {
    use super::drifted;

    #[test]
    fn a_clock_is_told_anew_only_when_it_moved_beyond_what_a_pulse_blurs() {
        assert!(drifted(None, 0));
        assert!(!drifted(Some(0), -6), "an answer may wait for the pulse");
        assert!(drifted(Some(0), 94));
        assert!(drifted(Some(94), 0), "and when it was set right");
    }
}
