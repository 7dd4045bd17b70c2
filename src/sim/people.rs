//! The people of the simulated estate: who can sign in, their groups, and one bearer token each.
//!
//! Names and groups are the same in every run; the bearer tokens are random and live as long as
//! the process.

use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

/// The group whose members may start restores and hold automation.
pub const OPERATORS: &str = "sre-operators";
/// The group whose members may only read.
pub const VIEWERS: &str = "sre-viewers";

/// One person of the simulated estate, as the issuer and the API servers know them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The short name, unique in the estate, such as `alice`.
    pub name: String,
    /// The login and mail address, such as `alice@meridian.test`; the user name at the API servers.
    pub user: String,
    /// The groups, in the order in which the issuer puts them into a token.
    pub groups: Vec<String>,
    /// The subject at the issuer: a UUID that is the same in every run of one seed.
    pub subject: String,
    /// The static bearer token: 64 hexadecimal digits, fresh in every run.
    pub token: String,
}

/// Everyone who can act in the simulated estate.
#[derive(Debug, Clone)]
pub struct People {
    everyone: Vec<Person>,
}

/// Name and groups of everyone, in the order in which they are shown.
const ROSTER: [(&str, &[&str]); 5] = [
    ("alice", &["sre-oncall", OPERATORS]),
    ("carol", &["sre-oncall", OPERATORS]),
    ("dana", &["sre-oncall", OPERATORS]),
    ("bob", &[OPERATORS, "sre-approvers"]),
    ("erik", &[VIEWERS]),
];

impl People {
    /// Makes the five people; the seed decides their subjects, never their tokens.
    pub fn new(seed: u64) -> Self {
        Self::at("meridian.test", seed)
    }

    /// Makes the same five people with logins of another domain: as another issuer knows them.
    pub fn at(domain: &str, seed: u64) -> Self {
        let everyone = ROSTER
            .iter()
            .map(|(name, groups)| Person {
                name: (*name).to_owned(),
                user: format!("{name}@{domain}"),
                groups: groups.iter().map(|group| (*group).to_owned()).collect(),
                subject: subject(seed, name),
                token: secret(),
            })
            .collect();
        Self { everyone }
    }

    /// Everyone, in the order in which they are shown.
    pub fn all(&self) -> &[Person] {
        &self.everyone
    }

    /// Finds a person by short name or by login.
    pub fn find(&self, name: &str) -> Option<&Person> {
        let known = |person: &&Person| person.name == name || person.user == name;
        self.everyone.iter().find(known)
    }

    /// Finds the person whose static bearer token this is.
    pub fn by_token(&self, token: &str) -> Option<&Person> {
        self.everyone.iter().find(|person| person.token == token)
    }
}

/// The subject of a person: a UUID made from the seed and the name.
fn subject(seed: u64, name: &str) -> String {
    let digest = Sha256::digest(format!("subject/{seed}/{name}"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Builder::from_custom_bytes(bytes).into_uuid().to_string()
}

/// A random secret of 64 hexadecimal digits, taken from the operating system.
pub(in crate::sim) fn secret() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everyone_has_a_login_and_a_token_of_their_own() {
        let people = People::new(7);
        let users: Vec<_> = people.all().iter().map(|p| p.user.as_str()).collect();
        assert_eq!(users.len(), 5);
        assert_eq!(users[0], "alice@meridian.test");
        let alice = people.find("alice@meridian.test").unwrap();
        assert_eq!(people.by_token(&alice.token).unwrap().name, "alice");
        assert_ne!(alice.token, people.find("bob").unwrap().token);
        assert!(people.by_token("").is_none());
    }

    #[test]
    fn a_seed_fixes_the_subject_and_never_the_token() {
        let (one, two) = (People::new(7), People::new(7));
        assert_eq!(one.all()[0].subject, two.all()[0].subject);
        assert_ne!(one.all()[0].subject, one.all()[1].subject);
        assert_ne!(one.all()[0].token, two.all()[0].token);
    }

    #[test]
    fn only_erik_may_only_read() {
        let people = People::new(7);
        let operators = |p: &&Person| p.groups.iter().any(|group| group == OPERATORS);
        let names: Vec<_> = people.all().iter().filter(operators).collect();
        assert_eq!(names.len(), 4);
        assert_eq!(people.find("erik").unwrap().groups, [VIEWERS]);
    }
}
