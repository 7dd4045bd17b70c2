//! `trust`: accept that a cluster is another one than it was, or has another CA key, after both were seen side by side.
//!
//! Nothing that could be stolen is sent before the new key was accepted by name: until then only TLS and `/version`,
//! without a credential, tell which of the authorities in the `ca` file vouches for the server.

use std::io::IsTerminal;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use anyhow::bail;
use anyhow::ensure;
use sha2::Digest;
use sha2::Sha256;

use super::Sits;
use super::args::Common;
use super::login;
use super::people;
use super::place;
use crate::app::clock::Clock;
use crate::app::input;
use crate::app::perform::tools;
use crate::audit::Actor;
use crate::audit::Actual;
use crate::audit::Answer;
use crate::audit::Bound;
use crate::audit::Class;
use crate::audit::Draft;
use crate::audit::Kind;
use crate::audit::Log;
use crate::audit::Req;
use crate::audit::Res;
use crate::audit::own;
use crate::config;
use crate::config::Cluster;
use crate::config::ClusterAuth;
use crate::config::ClusterName;
use crate::config::Config;
use crate::config::Fingerprint;
use crate::sources::cluster::Link;
use crate::sources::cluster::TokenSlot;
use crate::sources::fact::Fact;
use crate::sources::fact::Greeting;
use crate::text::SafeText;
use crate::view::lines;

/// How long a cluster has for each answer.
const ANSWER: Duration = Duration::from_secs(10);
/// Refused, or left as it was.
const REFUSED: u8 = 2;

/// What is to be accepted.
struct Change {
    cluster: ClusterName,
    old: Option<Fingerprint>,
    new: Fingerprint,
    actor: Actor,
    reason: String,
}

/// Shows the old and the new fingerprint, asks for the name and a reason, records it, and writes the new one down.
pub(super) async fn trust(common: &Common, name: &str, out: &mut dyn Write) -> anyhow::Result<u8> {
    let file = place::config_file(common)?;
    let config = place::load(&file)?;
    let simulated = place::simulated(&config);
    ensure!(
        std::io::stdin().is_terminal() || simulated,
        "another fingerprint is accepted by a name typed at a terminal; piped answers count only in a simulated estate"
    );
    let name = ClusterName::from(name);
    let cluster = known(&config, &name)?;
    if let Some(words) = lines::own_policy(&config.policy) {
        writeln!(out, "{words}")?;
    }
    let old = cluster.fingerprint.clone();
    let pinned = old.as_ref().and_then(|print| print.uid.as_deref());
    if let Some(why) = refused(&config, &name, pinned) {
        writeln!(out, "{why}")?;
        return Ok(REFUSED);
    }
    let Some(key) = accepted_key(cluster, out).await? else {
        return left(out);
    };
    let pinned = pinned_to(&config, &name, &key);
    let greeting = Box::pin(greeting(common, pinned, &name, simulated, out)).await?;
    let new = fingerprint(key, &greeting)?;
    if let Some(why) = refused(&config, &name, new.uid.as_deref()) {
        writeln!(out, "{why}")?;
        return Ok(REFUSED);
    }
    if old.as_ref() == Some(&new) {
        let words = "has the fingerprint that it is pinned to; nothing is to be accepted.";
        writeln!(out, "{name} {words}")?;
        return Ok(0);
    }
    let Some(reason) = agreed(&config, &name, (old.as_ref(), &new), out)? else {
        return left(out);
    };
    let actor = Actor {
        kube_user: greeting.user,
        groups: greeting.groups,
        ..tools::actor(&host())
    };
    let change = Change {
        cluster: name,
        old,
        new,
        actor,
        reason,
    };
    let log = place::place(&place::state_root(common)?, &config, simulated)?.log;
    accept(&file, &log, &config, &change)?;
    writeln!(out, "{} is pinned to {}", change.cluster, change.new)?;
    writeln!(out, "recorded, and written to {}", file.display())?;
    Ok(0)
}

/// Shows both fingerprints and asks for the name and a reason; `None` when it is left as it was.
fn agreed(
    config: &Config,
    name: &ClusterName,
    (old, new): (Option<&Fingerprint>, &Fingerprint),
    out: &mut dyn Write,
) -> anyhow::Result<Option<String>> {
    side_by_side(old, &new.ca_key, new.uid.as_deref(), out)?;
    if let Some(words) = twin(config, name, new) {
        writeln!(out, "{words}")?;
    }
    writeln!(
        out,
        "Compare it with what the keepers of {name} say, by another way than this one."
    )?;
    if !typed(name, out)? {
        return Ok(None);
    }
    let reason = asked("Reason: ", out)?;
    Ok((!reason.is_empty()).then_some(reason))
}

/// The cluster of that name.
pub(super) fn known<'c>(config: &'c Config, name: &ClusterName) -> anyhow::Result<&'c Cluster> {
    config.cluster(name).with_context(|| {
        let names = config.clusters.iter().map(|one| one.name.as_str());
        let names = names.collect::<Vec<_>>().join(", ");
        format!("no cluster is called {name}; there are: {names}")
    })
}

/// The fingerprint of a cluster that proved this key and greeted.
fn fingerprint(ca_key: String, greeting: &Greeting) -> anyhow::Result<Fingerprint> {
    let uid = greeting.uid.as_ref().map(ToString::to_string);
    let uid = uid.context("the uid of kube-system may not be read; ask for get on namespaces")?;
    Ok(Fingerprint {
        ca_key,
        uid: Some(uid),
    })
}

/// The key that the server proves to have, when it is the pinned one or was accepted by name.
async fn accepted_key(cluster: &Cluster, out: &mut dyn Write) -> anyhow::Result<Option<String>> {
    let key = vouching(cluster).await?;
    let old = cluster.fingerprint.as_ref();
    if old.is_some_and(|print| print.ca_key == key) {
        return Ok(Some(key));
    }
    side_by_side(old, &key, None, out)?;
    let words = "Its credential is sent to that key only if you accept it.";
    writeln!(out, "{words}")?;
    Ok(typed(&cluster.name, out)?.then_some(key))
}

/// The configuration with one cluster pinned to a key, and to no uid yet.
fn pinned_to(config: &Config, name: &ClusterName, key: &str) -> Config {
    let mut config = config.clone();
    for one in config.clusters.iter_mut().filter(|one| one.name == *name) {
        one.fingerprint = Some(Fingerprint {
            ca_key: key.to_owned(),
            uid: None,
        });
    }
    config
}

/// That another cluster has the same uid, if so: both take no change until they are told apart.
fn twin(config: &Config, name: &ClusterName, new: &Fingerprint) -> Option<String> {
    let mut others = config.clusters.iter().filter(|one| one.name != *name);
    let other = others.find(|one| {
        let print = one.fingerprint.as_ref();
        print.is_some_and(|print| print.uid.is_some() && print.uid == new.uid)
    })?;
    Some(format!(
        "{} has this kube-system uid too: {name} may be a copy of it. Neither takes a change until copy_of in the configuration says which is the copy, and their CA keys differ.",
        other.name
    ))
}

/// Why one person may not accept another fingerprint, if so.
fn refused(config: &Config, name: &ClusterName, uid: Option<&str>) -> Option<String> {
    let what = format!("to accept another fingerprint of {name}");
    let next = "whoever keeps the configuration writes it there, with a second person beside them";
    people::needs_more(config, (name, uid), (&what, next))
}

/// The key of the authority in the cluster's `ca` file that its server's certificate leads to. No credential is sent.
async fn vouching(cluster: &Cluster) -> anyhow::Result<String> {
    for key in cluster.ca.spki_hashes() {
        let mut bare = cluster.clone();
        bare.auth = ClusterAuth::Oidc {
            identity: String::new(),
        };
        let (ca_key, uid) = (key.clone(), None);
        bare.fingerprint = Some(Fingerprint { ca_key, uid });
        let link = Link::open(&bare, 1, TokenSlot::default());
        let seen = match link {
            Ok(link) => tokio::time::timeout(ANSWER, link.vouched()).await,
            Err(fact) => Ok(Err(fact)),
        };
        match seen {
            Ok(Ok(())) => return Ok(key),
            Ok(Err(Fact::OtherCa { .. })) => {}
            Ok(Err(Fact::Unreachable(why))) => bail!("{} is not reached: {why}", cluster.name),
            Ok(Err(_)) => bail!("{} did not say who it is", cluster.name),
            Err(_) => bail!("{} did not answer in time", cluster.name),
        }
    }
    bail!(
        "the server of {} shows a certificate that no authority in {} signed: get the new authority's certificate from its keepers, put it there, then try again",
        cluster.name,
        cluster.ca.path.display()
    )
}

/// What the cluster says of itself, with the person's own credential, on the key that was accepted.
async fn greeting(
    common: &Common,
    config: Config,
    name: &ClusterName,
    simulated: bool,
    out: &mut dyn Write,
) -> anyhow::Result<Greeting> {
    let engine = super::engine_on(common, config, simulated, Sits::ToType)?;
    let wanted = login::needed(&engine.state, Some(name.as_str()));
    let mut engine = Box::pin(login::signed_in(engine, &wanted, out)).await?;
    engine
        .until(ANSWER, |state| {
            let world = state.world.cluster(name);
            world.is_some_and(|world| world.greeting().is_some() || world.unreachable())
        })
        .await;
    let state = engine.end(Duration::ZERO).await;
    let world = state.world.cluster(name);
    let greeting = world.and_then(|world| world.greeting()).cloned();
    greeting.with_context(|| {
        let why = world.map(|world| world.reach().words());
        let why = why.map_or("not asked".to_owned(), |why| why.as_str().to_owned());
        format!("{name} did not say who it is: {why}")
    })
}

/// Both fingerprints, one above the other, each part in full.
fn side_by_side(
    old: Option<&Fingerprint>,
    key: &str,
    uid: Option<&str>,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let none = "none was pinned";
    let old_key = old.map_or(none, |print| print.ca_key.as_str());
    let old_uid = old.and_then(|print| print.uid.as_deref()).unwrap_or(none);
    let mark = |same: bool| if same { "same" } else { "DIFFERS" };
    writeln!(out, "CA key       {}", mark(old_key == key))?;
    writeln!(out, "  was        {old_key}")?;
    writeln!(out, "  is         {key}")?;
    if let Some(uid) = uid {
        writeln!(out, "kube-system  {}", mark(old_uid == uid))?;
        writeln!(out, "  was        {old_uid}")?;
        writeln!(out, "  is         {uid}")?;
    }
    Ok(())
}

fn typed(name: &ClusterName, out: &mut dyn Write) -> anyhow::Result<bool> {
    Ok(asked(&format!("Type {name} to accept it: "), out)? == name.as_str())
}

/// What is typed at a question; what was typed before it was asked is forgotten.
fn asked(question: &str, out: &mut dyn Write) -> anyhow::Result<String> {
    out.flush()?;
    input::forget_typed();
    write!(out, "{question}")?;
    out.flush()?;
    let mut line = String::new();
    let read = std::io::stdin().read_line(&mut line)?;
    if read == 0 || !line.ends_with('\n') {
        writeln!(out)?;
    }
    Ok(SafeText::new(line.trim()).to_string())
}

fn left(out: &mut dyn Write) -> anyhow::Result<u8> {
    writeln!(out, "Nothing was accepted and nothing was changed.")?;
    Ok(REFUSED)
}

fn host() -> SafeText {
    SafeText::new(&rustix::system::uname().nodename().to_string_lossy())
}

/// The record first, then the file, then what became of it. The permit is for this very text of the file.
fn accept(file: &Path, log: &Path, config: &Config, change: &Change) -> anyhow::Result<()> {
    let text = config::trusted(file, &change.cluster, &change.new)?;
    let clock = Clock::start();
    let origin = format!("{}/{}", host(), config.estate.id);
    let mut log = Log::open_under(log, &origin, config.policy.mark(), &clock.stamp())
        .context("nothing was changed, because it cannot be recorded")?;
    let uid = change.new.uid.clone().unwrap_or_default();
    let digest: [u8; 32] = Sha256::digest(&text).into();
    let (draft, bound, body) = intent(change, &uid, digest);
    let permit = log
        .begin(draft, Some(body.as_bytes()), bound, &clock.stamp())
        .context("nothing was changed, because it cannot be recorded")?;
    let ticket = permit.ticket();
    let now = Actual {
        cluster_uid: &uid,
        generation: 1,
        digest,
        class: Class::Trust,
    };
    let written = permit
        .spend(&now, clock.stamp().mono_ns)
        .map_err(anyhow::Error::from)
        .and_then(|_| own::replace(file, text.as_bytes()).map_err(anyhow::Error::from));
    let why = written.as_ref().err();
    let outcome = Draft {
        reason: why.map(|why| SafeText::from(why.to_string())),
        res: Some(Res {
            class: Some(match &written {
                Ok(()) => Answer::Applied,
                Err(_) => Answer::NotSent,
            }),
            ..Res::default()
        }),
        ..Draft::new(Kind::ConfigTrusted)
    };
    log.end(&ticket, outcome, &clock.stamp())
        .context("it was recorded as begun, and its end could not be recorded")?;
    written.with_context(|| format!("{} was not changed", file.display()))
}

/// The entry that stands before the change, what its permit is bound to, and both fingerprints.
fn intent(change: &Change, uid: &str, digest: [u8; 32]) -> (Draft, Bound, String) {
    let bound = Bound {
        cluster: change.cluster.to_string(),
        cluster_uid: uid.to_owned(),
        generation: 1,
        digest,
        class: Class::Trust,
        run: None,
    };
    let draft = Draft {
        actor: change.actor.clone(),
        reason: Some(SafeText::new(&change.reason)),
        req: Some(Req {
            verb: SafeText::new("trust"),
            name: Some(SafeText::new(change.cluster.as_str())),
            ..Req::default()
        }),
        ..Draft::new(Kind::ConfigTrusted)
    };
    let old = change.old.as_ref().map(ToString::to_string);
    let body = serde_json::json!({"old": old, "new": change.new.to_string()});
    (draft, bound, body.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PolicyMember;
    use crate::config::PolicyZone;

    const UID: &str = "5f1c0b1e-7a52-4f0e-9a36-0d6c4a9f6b11";
    const OTHER: &str = "6a1c0b1e-7a52-4f0e-9a36-0d6c4a9f6b11";

    /// Clusters of zones that one person may change, by the configuration and by policy's word for these zones; policy
    /// counts a namespace of one uid to a zone of two.
    fn estate() -> Config {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/good/crashcart.toml");
        let mut config = config::load(&file, Some(Path::new("/nonexistent/policy.toml"))).unwrap();
        let zone = |name: &str, people, members| PolicyZone {
            name: name.into(),
            people,
            members,
        };
        let names: Vec<String> = config
            .zones
            .iter()
            .map(|one| one.name.to_string())
            .collect();
        for zone in &mut config.zones {
            zone.people = 1;
        }
        let claimed = PolicyMember {
            cluster_uid: UID.parse().unwrap(),
            namespaces: vec!["emr".to_owned()],
        };
        config.policy.zones = names.iter().map(|name| zone(name, 1, Vec::new())).collect();
        config.policy.zones.push(zone("strict", 2, vec![claimed]));
        config
    }

    #[test]
    fn a_uid_that_another_cluster_has_is_said() {
        let config = estate();
        let print = |uid: &str| Fingerprint {
            ca_key: "0".repeat(64),
            uid: Some(uid.to_owned()),
        };
        let said = |name: &str, uid| twin(&config, &ClusterName::from(name), &print(uid));
        let words = said("aws-prod", UID).unwrap();
        assert!(
            words.starts_with("sth-prod has this kube-system uid too"),
            "{words}"
        );
        assert_eq!(said("sth-prod", UID), None, "its own");
        assert_eq!(said("aws-prod", OTHER), None);
    }

    #[test]
    fn no_zone_of_the_users_file_lowers_what_a_whole_cluster_needs() {
        let mut config = estate();
        let name: ClusterName = config.zones[0].members[0].cluster.clone();
        let said = refused(&config, &name, Some(UID)).unwrap();
        let words = format!("strict, to which policy counts a part of {name}, needs 2 people");
        assert!(said.starts_with(&words), "{said}");
        let words = format!("all of {name}, with what stands there in no zone, needs 2 people");
        for uid in [Some(OTHER), None] {
            let said = refused(&config, &name, uid).unwrap();
            assert!(said.starts_with(&words), "{said}");
        }
        config.policy.zones.pop();
        assert_eq!(
            refused(&config, &name, Some(UID)),
            None,
            "nobody asks for two"
        );
        config.zones[0].people = 3;
        let said = refused(&config, &name, Some(UID)).unwrap();
        let words = format!("{} needs 3 people", config.zones[0].name);
        assert!(
            said.starts_with(&words),
            "the file may ask for more: {said}"
        );
    }
}
