//! `doctor`: one line for each thing that must be right before the night, with what to do when it is not.

use std::fmt::Write as _;
use std::io::IsTerminal;
use std::io::Write;
use std::time::Duration;

use jiff::Timestamp;

use super::args::Common;
use super::place;
use crate::app::clock::Clock;
use crate::app::engine::Engine;
use crate::audit;
use crate::auth::Audience;
use crate::auth::oidc;
use crate::config::Cluster;
use crate::config::ClusterAuth;
use crate::config::Config;
use crate::config::Policy;
use crate::sources::fact::Greeting;
use crate::sources::level::Level;
use crate::sources::seen::Freshness;
use crate::sources::twins::twin;
use crate::sources::world::ClusterWorld;
use crate::state::State;
use crate::state::action::Action;
use crate::state::nav::Screen;
use crate::text::age;

/// How long clusters and issuers have to answer.
const WAIT: Duration = Duration::from_secs(10);
/// Seconds before the end of a client certificate or a policy from which it is warned of: 14 days.
const ENDS_SOON_S: i64 = 14 * 86_400;
/// Seconds of difference between clocks above which sign-in and leases go wrong.
const SKEW_WARN_S: i64 = 30;

/// Collects lines and the worst level.
struct Report<'a> {
    out: &'a mut dyn Write,
    levels: Vec<Level>,
}

impl Report<'_> {
    fn say(&mut self, level: Level, thing: &str, words: &str) -> anyhow::Result<()> {
        self.levels.push(level);
        writeln!(self.out, "{:<5}{thing:<20} {words}", level.word())?;
        Ok(())
    }
}

/// Checks everything; the exit code is that of the worst line.
pub(super) async fn doctor(common: &Common, out: &mut dyn Write) -> anyhow::Result<u8> {
    let mut report = Report {
        out,
        levels: Vec::new(),
    };
    let file = place::config_file(common)?;
    let config = match place::load(&file) {
        Ok(config) => config,
        Err(error) => {
            report.say(Level::Crit, "configuration", &format!("{error:#}"))?;
            return Ok(Level::Crit.exit_code());
        }
    };
    let counts = format!(
        "{}: {} clusters, {} zones",
        file.display(),
        config.clusters.len(),
        config.zones.len()
    );
    report.say(Level::Ok, "configuration", &counts)?;
    credentials(&config, &mut report)?;
    audiences(&config, &mut report)?;
    policy(&config, &mut report)?;
    terminal(&mut report)?;
    for identity in &config.identities {
        match oidc::discover(identity, WAIT).await {
            Ok(issuer) => report.say(
                Level::Ok,
                &format!("issuer {}", identity.name),
                &format!("{} answers", issuer.host()),
            )?,
            Err(error) => report.say(
                Level::Crit,
                &format!("issuer {}", identity.name),
                &error.to_string(),
            )?,
        }
    }
    match super::engine(common, super::Sits::Nobody) {
        Ok(engine) => clusters(engine, &mut report).await?,
        Err(error) => report.say(Level::Crit, "log", &super::chain(&error))?,
    }
    Ok(Level::worst(report.levels).exit_code())
}

/// What is odd in kubeconfig files, and client certificates that have ended or soon will.
fn credentials(config: &Config, report: &mut Report<'_>) -> anyhow::Result<()> {
    for warning in &config.warnings {
        report.say(Level::Warn, "kubeconfig", &warning.to_string())?;
    }
    let now = Clock::start().now().wall;
    for cluster in &config.clusters {
        let ClusterAuth::Kubeconfig(user) = &cluster.auth else {
            continue;
        };
        let Some(ends) = user.ends() else { continue };
        let name = format!("credential {}", cluster.name);
        let left = ends.as_second() - now.as_second();
        if left <= 0 {
            let words = format!(
                "its client certificate ended {}; ask for a new one",
                day(ends)
            );
            report.say(Level::Crit, &name, &words)?;
        } else if left < ENDS_SOON_S {
            let words = format!(
                "its client certificate ends {}, in {}; ask for a new one",
                day(ends),
                age(left)
            );
            report.say(Level::Warn, &name, &words)?;
        }
    }
    Ok(())
}

fn day(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

/// One line for each sign-in whose token is taken by clusters of different criticality.
fn audiences(config: &Config, report: &mut Report<'_>) -> anyhow::Result<()> {
    for audience in Audience::all(config) {
        let clusters = audience.criticalities(config);
        let one = clusters.first().map(|(_, criticality)| *criticality);
        if clusters.iter().all(|(_, other)| Some(*other) == one) {
            continue;
        }
        let named: Vec<String> = clusters
            .iter()
            .map(|(cluster, criticality)| format!("{cluster} {}", criticality.word()))
            .collect();
        let words = format!(
            "one token opens clusters of different criticality ({}): give each level an audience of its own",
            named.join(", ")
        );
        let thing = format!("audience {}", audience.client_id);
        report.say(Level::Warn, &thing, &words)?;
    }
    Ok(())
}

/// Which policy holds and until when, and what of the configuration it does not let have its way.
fn policy(config: &Config, report: &mut Report<'_>) -> anyhow::Result<()> {
    let policy = &config.policy;
    if policy.is_self() {
        let words = "self: nothing that needs two people can run live; root puts one at /etc/crashcart/policy.toml";
        report.say(Level::Warn, "policy", words)?;
    } else {
        let digest = policy.digest.get(..8).unwrap_or_default();
        let mut words = format!("{}, sha256 {digest}", policy.label);
        if let Some(serial) = policy.serial {
            let _ = write!(words, ", serial {serial}");
        }
        let (level, end) = ends(policy, Clock::start().now().wall);
        words.push_str(&end);
        report.say(level, "policy", &words)?;
    }
    if let Some(words) = lists(policy) {
        report.say(Level::Ok, "policy lists", &words)?;
    }
    for words in &policy.narrowed {
        report.say(Level::Ok, "policy holds", words)?;
    }
    Ok(())
}

/// What a policy lists of others, and what it names people by; `None` where it says nothing of either.
fn lists(policy: &Policy) -> Option<String> {
    let counted = [
        (policy.signers.len(), "signer", "signers"),
        (policy.ssh_keys.len(), "key of a person", "keys of persons"),
        (policy.witnesses.len(), "witness", "witnesses"),
        (policy.drill_targets.len(), "drill target", "drill targets"),
    ];
    let listed = counted.into_iter().filter(|(count, ..)| *count > 0);
    let mut words: Vec<String> = listed
        .map(|(count, one, many)| format!("{count} {}", if count == 1 { one } else { many }))
        .collect();
    if !words.is_empty() {
        words.push("nothing asks for these yet".to_owned());
    }
    words.extend(
        policy
            .person_claim
            .iter()
            .map(|claim| format!("people are named by {claim}")),
    );
    (!words.is_empty()).then(|| words.join(", "))
}

/// How long a policy is good, and how bad that is.
fn ends(policy: &Policy, now: Timestamp) -> (Level, String) {
    let Some(end) = policy.not_after else {
        return (Level::Ok, String::new());
    };
    if policy.has_ended(now) {
        let words = format!(
            ", ended {}: no live change is made; ask whoever keeps it for a new one",
            day(end)
        );
        return (Level::Crit, words);
    }
    let left = end.as_second() - now.as_second();
    let level = if left < ENDS_SOON_S {
        Level::Warn
    } else {
        Level::Ok
    };
    (level, format!(", good until {}", day(end)))
}

fn terminal(report: &mut Report<'_>) -> anyhow::Result<()> {
    if !std::io::stdout().is_terminal() {
        return report.say(
            Level::Absent,
            "terminal",
            "standard output is no terminal; the console needs one",
        );
    }
    let size = crate::app::term::size();
    let words = format!(
        "{}x{}, TERM={}",
        size.width,
        size.height,
        std::env::var("TERM").unwrap_or_default()
    );
    if size.width < 80 || size.height < 24 {
        return report.say(
            Level::Warn,
            "terminal",
            &format!("{words}: changes need 80x24 to show a request in full"),
        );
    }
    report.say(Level::Ok, "terminal", &words)
}

async fn clusters(mut engine: Engine, report: &mut Report<'_>) -> anyhow::Result<()> {
    engine.until(WAIT, super::status::settled).await;
    // The session is what asks for rights; they are known when every cluster that is heard has said them.
    let _turn = engine.act(Action::Go(Screen::Session), true);
    engine.until(WAIT, told).await;
    let state = engine.end(Duration::ZERO).await;
    for cluster in &state.config.clusters {
        let name = format!("cluster {}", cluster.name);
        match state.world.cluster(&cluster.name) {
            _ if !state.has_credential(cluster) => report.say(
                Level::Unknown,
                &name,
                "not asked: nobody is signed in; crashcart login checks it with you",
            )?,
            None => report.say(Level::Unknown, &name, "not asked")?,
            Some(world) => {
                let (level, words) = cluster_words(&state, cluster, world);
                report.say(level, &name, &words)?;
                for (level, words) in rights_words(world) {
                    report.say(level, &format!("rights {}", cluster.name), &words)?;
                }
            }
        }
    }
    log(&state, report)
}

/// One cluster in one line: reached, the same as pinned, and its clock.
fn cluster_words(state: &State, cluster: &Cluster, world: &ClusterWorld) -> (Level, String) {
    let Some(greeting) = world.greeting() else {
        return (
            Level::Crit,
            format!("{}: {}", cluster.server, world.reach().words()),
        );
    };
    let skew = greeting.clock_ahead_s.unwrap_or(0);
    match world.uid_matches(cluster) {
        Some(false) => (Level::Crit, "kube-system has another uid than the configuration: changes are off; is it the right cluster?".to_owned()),
        None => (Level::Warn, format!("{} answers; changes are off until its fingerprint is pinned: {}", greeting.version, fingerprint(cluster, greeting))),
        Some(true) if twin(&state.config, &state.world, &cluster.name).is_some() => {
            (Level::Crit, same_uid(state, cluster))
        }
        Some(true) if greeting.clock_ahead_s.is_none() => {
            (Level::Unknown, format!("{} answers, fingerprint equal; it did not tell its clock", greeting.version))
        }
        Some(true) if skew.abs() > SKEW_WARN_S => {
            (Level::Warn, format!("{} answers; its clock is {skew}s from this one: set the clock", greeting.version))
        }
        Some(true) if world.freshness(state.now) != Freshness::Live => {
            (Level::Unknown, format!("{} answered, fingerprint equal; {}", greeting.version, world.freshness(state.now).words()))
        }
        Some(true) => (Level::Ok, format!("{} answers, fingerprint equal, {}", greeting.version, world.freshness(state.now).words())),
    }
}

fn same_uid(state: &State, cluster: &Cluster) -> String {
    let other = twin(&state.config, &state.world, &cluster.name);
    let other = other.map(ToString::to_string).unwrap_or_default();
    format!(
        "it has the kube-system uid of {other}: changes are off on both; give the copy a CA of its own, pin both keys, and write copy_of at the copy"
    )
}

/// True when every cluster that has greeted has said what this person may do.
fn told(state: &State) -> bool {
    let mut worlds = state.config.clusters.iter();
    worlds.all(|cluster| {
        let world = state.world.cluster(&cluster.name);
        world.is_none_or(|world| world.greeting().is_none() || world.held().is_some())
    })
}

/// What is more than the console needs, a line each; one line where nothing is.
fn rights_words(world: &ClusterWorld) -> Vec<(Level, String)> {
    let Some(greeting) = world.greeting() else {
        return Vec::new();
    };
    let rules = match world
        .held()
        .map(|held| (&held.said.rules, &held.said.namespace))
    {
        None => {
            return vec![(
                Level::Unknown,
                "not told in time; run doctor again".to_owned(),
            )];
        }
        Some((Err(why), _)) => {
            return vec![(
                Level::Unknown,
                format!("what you may do could not be listed: {why}"),
            )];
        }
        Some((Ok(rules), namespace)) => (rules, namespace),
    };
    let (rules, namespace) = rules;
    let mut lines: Vec<(Level, String)> = rules
        .excess(&greeting.groups)
        .into_iter()
        .map(|words| {
            let words = format!("you: {words}; work with a role of crashcart rbac emit instead");
            (Level::Warn, words)
        })
        .collect();
    if rules.incomplete {
        let words = "the server's list is not complete: not every authoriser can list what it allows, so there may be more";
        lines.push((Level::Unknown, words.to_owned()));
    }
    if lines.is_empty() {
        let lists = if rules.lists_secrets() {
            "; list on Secrets, part of the operator's role, amounts to reading them"
        } else {
            ""
        };
        let words =
            format!("nothing more than the console needs, everywhere and in {namespace}{lists}");
        lines.push((Level::Ok, words));
    }
    lines
}

fn log(state: &State, report: &mut Report<'_>) -> anyhow::Result<()> {
    if let Some(stopped) = &state.log.stopped {
        let next = stopped.next.first().map(ToString::to_string);
        let words = format!("{} {}", stopped.what, next.unwrap_or_default());
        report.say(Level::Crit, "log", words.trim())?;
    }
    let folder = std::path::PathBuf::from(state.here.log_dir.as_str());
    for line in audit::verify(&folder).lines {
        let level = [Level::Ok, Level::Warn, Level::Crit, Level::Absent]
            .into_iter()
            .find(|level| level.word() == line.level);
        report.say(level.unwrap_or(Level::Unknown), "log", &line.sentence)?;
    }
    Ok(())
}

/// The line to write into the configuration, after comparing it with what the cluster's keepers say.
fn fingerprint(cluster: &Cluster, greeting: &Greeting) -> String {
    let key = cluster.ca.spki_hashes().into_iter().next();
    match (key, &greeting.uid) {
        (Some(key), Some(uid)) => format!("fingerprint = \"sha256:{key}/{uid}\""),
        _ => "the uid of kube-system may not be read; ask for get on namespaces".to_owned(),
    }
}
