//! Who stands behind an entry: one about a cluster names the person as that cluster knows them, any other names all.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use crate::audit::Actor;
use crate::auth::Person;
use crate::config::ClusterName;
use crate::sources::fact::Greeting;
use crate::text::SafeText;

/// A group that holds everybody a cluster knows, so it says nothing.
const EVERYBODY: &str = "system:authenticated";

/// Whom each cluster knows. Cheap to clone; clones share what is known.
#[derive(Clone, Debug)]
pub struct Actors {
    /// What this process knows of its person by itself.
    host: Actor,
    known: Arc<Mutex<BTreeMap<ClusterName, Known>>>,
}

/// One cluster's person.
#[derive(Clone, Debug, Default)]
struct Known {
    /// As the issuer names them.
    person: Option<Person>,
    /// As the cluster itself does.
    says: Option<(SafeText, Vec<SafeText>)>,
}

impl Actors {
    /// Nobody is known yet but the process itself.
    pub fn new(host: Actor) -> Actors {
        Actors {
            host,
            known: Arc::default(),
        }
    }

    /// From now on this person acts on these clusters; `None` when nobody does.
    pub fn act<'c>(
        &self,
        clusters: impl IntoIterator<Item = &'c ClusterName>,
        person: Option<&Person>,
    ) {
        let mut known = self.lock();
        for cluster in clusters {
            match person {
                Some(person) => {
                    known.entry(cluster.clone()).or_default().person = Some(person.clone());
                }
                None => drop(known.remove(cluster)),
            }
        }
    }

    /// A cluster said whom it takes us for.
    pub fn greeted(&self, cluster: &ClusterName, greeting: &Greeting) {
        let groups = greeting.groups.iter();
        let groups = groups.filter(|group| group.as_str() != EVERYBODY);
        let says = greeting.user.clone();
        self.lock().entry(cluster.clone()).or_default().says =
            says.map(|user| (user, groups.cloned().collect()));
    }

    /// Who acts on one cluster, as it knows them.
    pub fn on(&self, cluster: &ClusterName) -> Actor {
        let known = self.lock().get(cluster).cloned().unwrap_or_default();
        let (user, groups) = known.says.unzip();
        let person = known.person.as_ref();
        Actor {
            login: person.map(|person| person.login.clone()).or(user.clone()),
            groups: groups
                .or(person.map(|person| person.groups.clone()))
                .unwrap_or_default(),
            kube_user: user,
            ..self.host.clone()
        }
    }

    /// Everybody who acts: for entries about no cluster. Several logins stand side by side.
    pub fn all(&self) -> Actor {
        let (mut logins, mut groups) = (Vec::new(), Vec::new());
        for known in self.lock().values() {
            let (login, of) = match (&known.person, &known.says) {
                (Some(person), _) => (&person.login, &person.groups),
                (None, Some((user, of))) => (user, of),
                (None, None) => continue,
            };
            if !logins.contains(&login.as_str().to_owned()) {
                logins.push(login.as_str().to_owned());
            }
            for group in of
                .iter()
                .filter(|group| !groups.contains(*group))
                .cloned()
                .collect::<Vec<_>>()
            {
                groups.push(group);
            }
        }
        Actor {
            login: (!logins.is_empty()).then(|| SafeText::new(&logins.join(", "))),
            groups,
            ..self.host.clone()
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ClusterName, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(login: &str) -> Person {
        Person {
            issuer: "https://id.test".to_owned(),
            subject: login.to_owned(),
            login: login.into(),
            groups: vec!["sre".into()],
        }
    }

    fn greeting(user: &str) -> Greeting {
        Greeting {
            version: "v1.34.3".into(),
            uid: None,
            user: Some(user.into()),
            groups: vec!["ops".into(), EVERYBODY.into()],
            clock_ahead_s: None,
        }
    }

    #[test]
    fn an_entry_about_a_cluster_names_the_person_as_that_cluster_knows_them() {
        let actors = Actors::new(Actor::default());
        let (one, two) = (ClusterName::from("one"), ClusterName::from("two"));
        actors.act([&one], Some(&person("alice@a.test")));
        actors.act([&two], Some(&person("asmith@b.test")));
        actors.greeted(&two, &greeting("lab:asmith"));
        assert_eq!(actors.on(&one).login.unwrap(), "alice@a.test");
        assert_eq!(actors.on(&one).kube_user, None, "it has not said");
        assert_eq!(actors.on(&two).login.unwrap(), "asmith@b.test");
        assert_eq!(actors.on(&two).kube_user.unwrap(), "lab:asmith");
        assert_eq!(actors.on(&two).groups, [SafeText::new("ops")]);
        assert_eq!(actors.all().login.unwrap(), "alice@a.test, asmith@b.test");
        actors.act([&two], None);
        assert_eq!(actors.on(&two).login, None);
        assert_eq!(actors.all().login.unwrap(), "alice@a.test");
    }
}
