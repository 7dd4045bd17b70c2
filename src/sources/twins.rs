//! Clusters that answer with one uid: an etcd restored into a second cluster brings the uid of `kube-system` with it.
//!
//! Which of the two is meant cannot be seen from either, so neither takes a change until the configuration says which is
//! the copy (`copy_of`) and both are pinned to CA keys that differ: TLS then tells them apart before anything is sent.

use super::health::Reach;
use super::world::World;
use crate::config::Cluster;
use crate::config::ClusterName;
use crate::config::Config;

/// A cluster of the configuration that has the uid of this one and is not told apart from it; `None` when there is
/// none, or while no uid is known of this one.
pub fn twin<'c>(config: &'c Config, world: &World, name: &ClusterName) -> Option<&'c ClusterName> {
    let cluster = config.cluster(name)?;
    let own = uid(world, cluster)?;
    let twin = config.clusters.iter().find(|other| {
        other.name != cluster.name
            && uid(world, other).is_some_and(|uid| uid == own)
            && !told_apart(cluster, other)
    });
    twin.map(|other| &other.name)
}

/// Whether every cluster of the configuration has answered, was not reached or has nobody signed in: no uid that `twin`
/// could still learn is on its way.
pub fn settled(config: &Config, world: &World) -> bool {
    config.clusters.iter().all(|cluster| {
        world.cluster(&cluster.name).is_some_and(|one| {
            let out = one.unreachable() || matches!(one.reach(), Reach::NotSignedIn);
            one.greeting().is_some() || out
        })
    })
}

/// The uid that a cluster answers with; the one it is pinned to while it has not answered.
fn uid<'a>(world: &'a World, cluster: &'a Cluster) -> Option<&'a str> {
    let greeting = world.cluster(&cluster.name).and_then(|one| one.greeting());
    let said = greeting.and_then(|greeting| greeting.uid.as_ref());
    let pinned = cluster.fingerprint.as_ref();
    let pinned = pinned.and_then(|print| print.uid.as_deref());
    said.map(crate::text::SafeText::as_str).or(pinned)
}

/// Whether the configuration says which of two is the copy, and their pinned CA keys differ.
fn told_apart(one: &Cluster, other: &Cluster) -> bool {
    let copy = |of: &Cluster, what: &Cluster| of.copy_of.as_ref() == Some(&what.name);
    let keys = (one.fingerprint.as_ref()).zip(other.fingerprint.as_ref());
    let differ = keys.is_some_and(|(one, other)| one.ca_key != other.ca_key);
    differ && (copy(one, other) || copy(other, one))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::fact::Fact;
    use crate::sources::fixtures::at;
    use crate::sources::fixtures::config;
    use crate::sources::fixtures::greeting;
    use crate::sources::fixtures::name;
    use crate::sources::fixtures::uid_of;
    use crate::text::SafeText;

    /// Two clusters, the second with the uid of the first by what it answers.
    fn restored() -> (Config, World) {
        let mut world = World::default();
        world.connect(name("two"), 1);
        world.fold(&name("two"), 1, greeting(uid_of("one")), at(0));
        (config(), world)
    }

    fn pin(config: &mut Config, key: &str, copy_of: Option<&str>) {
        let print = config.clusters[1].fingerprint.as_mut().unwrap();
        print.ca_key = key.repeat(64);
        config.clusters[1].copy_of = copy_of.map(ClusterName::from);
    }

    #[test]
    fn clusters_of_their_own_uid_have_no_twin() {
        let (config, _) = restored();
        assert_eq!(twin(&config, &World::default(), &name("one")), None);
        assert_eq!(twin(&config, &World::default(), &name("none")), None);
    }

    #[test]
    fn a_restored_copy_and_its_original_are_twins_even_before_the_original_answers() {
        let (config, world) = restored();
        assert_eq!(twin(&config, &world, &name("one")), Some(&name("two")));
        assert_eq!(twin(&config, &world, &name("two")), Some(&name("one")));
    }

    #[test]
    fn nothing_is_settled_while_one_may_still_answer() {
        let (config, mut world) = restored();
        assert!(!settled(&config, &world), "one was not asked");
        world.connect(name("one"), 1);
        assert!(!settled(&config, &world), "one has not answered");
        let lost = Fact::Unreachable(SafeText::new("connection refused"));
        world.fold(&name("one"), 1, lost, at(1));
        assert!(settled(&config, &world), "one failed");
        world.connect(name("one"), 2);
        world.fold(&name("one"), 2, greeting(uid_of("one")), at(2));
        assert!(settled(&config, &world), "both answered");
        world.sign_out(name("one"));
        assert!(settled(&config, &world), "one is not asked");
    }

    #[test]
    fn only_a_named_copy_with_a_key_of_its_own_is_told_apart() {
        let (mut config, world) = restored();
        let both =
            |config: &Config| ["one", "two"].map(|one| twin(config, &world, &name(one)).is_some());
        pin(&mut config, "1", None);
        assert_eq!(both(&config), [true; 2], "another key alone says nothing");
        pin(&mut config, "0", Some("one"));
        assert_eq!(
            both(&config),
            [true; 2],
            "a copy with the same key may be either"
        );
        pin(&mut config, "1", Some("one"));
        assert_eq!(both(&config), [false; 2]);
        config.clusters[0].fingerprint = None;
        let mut world = world.clone();
        world.connect(name("one"), 1);
        world.fold(&name("one"), 1, greeting(uid_of("one")), at(1));
        assert!(
            twin(&config, &world, &name("two")).is_some(),
            "an original that is not pinned may be either"
        );
    }
}
