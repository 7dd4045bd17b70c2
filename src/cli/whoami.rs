//! `whoami`: what the token says of you beside what each server says, and where the two differ.

use std::collections::BTreeSet;
use std::io::Write;
use std::time::Duration;

use crate::app::engine::Engine;
use crate::auth::Audience;
use crate::auth::Person;
use crate::config::Cluster;
use crate::config::ClusterAuth;
use crate::sources::fact::Greeting;
use crate::state::State;
use crate::text;
use crate::text::SafeText;
use crate::view::lines;

/// How long clusters have to say who they take us for.
const GREET: Duration = Duration::from_secs(15);
/// The groups that a server adds of its own: they say nothing about a person.
const SERVERS_OWN: &str = "system:";

/// Says who each issuer and each cluster takes you for.
pub(super) async fn whoami(mut engine: Engine, out: &mut dyn Write) -> anyhow::Result<u8> {
    let said = say(&mut engine, out).await;
    engine.end(Duration::ZERO).await;
    said
}

/// The same, of an engine that goes on.
pub(super) async fn say(engine: &mut Engine, out: &mut dyn Write) -> anyhow::Result<u8> {
    super::login::taken_up(engine).await;
    engine.until(GREET, greeted).await;
    let state = &engine.state;
    if state.here.simulated {
        writeln!(out, "DEMO: this estate is simulated.")?;
    }
    if let Some(words) = lines::own_policy(&state.config.policy) {
        writeln!(out, "{words}")?;
    }
    for audience in state.sign_ins.audiences() {
        writeln!(out, "{}", sign_in(state, audience))?;
    }
    if let Some(why) = &state.unkept {
        writeln!(out, "tokens: {why}")?;
    }
    let known = state.config.clusters.iter();
    let unused = state.config.identities.iter().filter(|identity| {
        let mut all = state.sign_ins.audiences().iter();
        !all.any(|one| one.identity == identity.name)
    });
    for identity in unused {
        writeln!(
            out,
            "identity {}: no cluster takes its tokens",
            identity.name
        )?;
    }
    let mut any = false;
    for cluster in known {
        let (words, asked) = server(state, cluster);
        any |= asked;
        writeln!(out, "{:<16} {words}", cluster.name.as_str())?;
    }
    Ok(if any { 0 } else { 3 })
}

/// One sign-in: who the token says you are, until when, and whom it serves.
fn sign_in(state: &State, audience: &Audience) -> String {
    let config = &state.config;
    let clusters = audience.clusters(config).into_iter();
    let names: Vec<&str> = clusters.map(|one| one.name.as_str()).collect();
    let (name, host, names) = (
        audience.name(config),
        audience.host(config),
        names.join(" "),
    );
    match state.sign_ins.session(audience) {
        Some(session) => format!(
            "identity {name}: {} at {host}, serves {names}, ends {}, groups {}",
            session.person.login,
            text::clock(session.expires_at, state.now.wall),
            listed(&session.person.groups)
        ),
        None => format!("identity {name}: ? not signed in at {host}, serves {names}"),
    }
}

/// One server: whom it takes you for and how that differs from the token; whether it was asked.
fn server(state: &State, cluster: &Cluster) -> (String, bool) {
    let world = state.world.cluster(&cluster.name);
    let greeting = world.and_then(|world| world.greeting());
    if let Some((greeting, user)) = greeting.and_then(|one| Some((one, one.user.as_ref()?))) {
        let groups = listed(&greeting.groups);
        let differs = match state.session_on(&cluster.name) {
            _ if state.fallbacks.contains(&cluster.name) => "  (fallback: not proved)".to_owned(),
            Some(session) => compared(cluster, &session.person, user, greeting),
            None => String::new(),
        };
        return (format!("{user}  groups {groups}{differs}"), true);
    }
    let words = match (world, Audience::of(cluster, &state.config)) {
        (_, Some(audience)) if !state.has_credential(cluster) => format!(
            "? not asked: nobody is signed in (crashcart login {})",
            audience.name(&state.config)
        ),
        (Some(world), _) if state.has_credential(cluster) => format!("? {}", world.reach().words()),
        _ => "? not asked".to_owned(),
    };
    (words, false)
}

/// A server's view of a person beside the token's; a token of the cluster's own says nothing, so there it is beside what
/// the cluster said at the sign-in.
fn compared(cluster: &Cluster, person: &Person, user: &SafeText, greeting: &Greeting) -> String {
    let own = matches!(cluster.auth, ClusterAuth::OpenShift { .. });
    let (than, same) = if own {
        (
            "the sign-in",
            "the cluster's own word: its token says nothing",
        )
    } else {
        ("the token", "as the token says")
    };
    match differences(than, person, user, greeting) {
        words if words.is_empty() => format!("  ({same})"),
        words => format!("  DIFFERS from {than}: {}", words.join("; ")),
    }
}

/// How a server's view of a person differs from that of `than`; empty where it does not.
fn differences(than: &str, person: &Person, user: &SafeText, greeting: &Greeting) -> Vec<String> {
    let mut words = Vec::new();
    if *user != person.login {
        words.push(format!("{than} says {}", person.login));
    }
    let own = |groups: &[SafeText]| -> BTreeSet<String> {
        let own = groups.iter().map(ToString::to_string);
        own.filter(|group| !group.starts_with(SERVERS_OWN))
            .collect()
    };
    let (token, server) = (own(&person.groups), own(&greeting.groups));
    let named = |groups: Vec<&String>| groups.into_iter().cloned().collect::<Vec<_>>().join(" ");
    let missing: Vec<&String> = token.difference(&server).collect();
    if !missing.is_empty() {
        words.push(format!("without {}", named(missing)));
    }
    let more: Vec<&String> = server.difference(&token).collect();
    if !more.is_empty() {
        words.push(format!("and also {}", named(more)));
    }
    words
}

fn listed(groups: &[SafeText]) -> String {
    let names: Vec<&str> = groups.iter().map(SafeText::as_str).collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(" ")
    }
}

fn greeted(state: &State) -> bool {
    state.config.clusters.iter().all(|cluster| {
        let world = state.world.cluster(&cluster.name);
        !state.has_credential(cluster)
            || world.is_some_and(|world| world.greeting().is_some() || world.unreachable())
    })
}

#[cfg(test)]
mod tests {
    use super::differences;
    use crate::auth::Person;
    use crate::sources::fact::Greeting;

    #[test]
    fn what_a_server_says_otherwise_than_the_token_is_named() {
        let person = Person {
            issuer: "https://id.test".to_owned(),
            subject: "s".to_owned(),
            login: "alice@a.test".into(),
            groups: vec!["ops".into(), "oncall".into()],
        };
        let greeting = |user: &str, groups: &[&str]| Greeting {
            version: "v1.34.3".into(),
            uid: None,
            user: Some(user.into()),
            groups: groups.iter().map(|group| (*group).into()).collect(),
            clock_ahead_s: None,
        };
        let same = greeting("alice@a.test", &["oncall", "ops", "system:authenticated"]);
        assert_eq!(
            differences("the token", &person, &"alice@a.test".into(), &same),
            [""; 0]
        );
        let other = greeting("oidc:alice", &["ops", "admins"]);
        assert_eq!(
            differences("the token", &person, &"oidc:alice".into(), &other),
            [
                "the token says alice@a.test",
                "without oncall",
                "and also admins"
            ]
        );
    }
}
