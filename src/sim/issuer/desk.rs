//! What a test or a story turns while an issuer runs.

use super::Issuer;
use super::settings::Settings;

/// What an issuer was asked since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Requests of any kind, also those that a fault answered.
    pub requests: u64,
    /// Device codes that were asked for.
    pub codes: u64,
    /// Renewals that were asked for, whatever the answer.
    pub renewals: u64,
    /// Renewals with a token that had been spent before.
    pub reused: u64,
}

impl Issuer {
    /// What it was asked since it began.
    pub fn heard(&self) -> Heard {
        self.state().heard
    }

    /// Every refresh token that it ever gave: a test looks for them where none may be.
    pub fn refresh_tokens(&self) -> Vec<String> {
        self.state().sessions.known()
    }

    /// Changes how it behaves from now on; codes that were given keep their length and interval.
    pub fn set(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.state().settings);
    }

    /// Signs with a fresh key from now on. The key before stays listed until [`Issuer::drop_old_keys`].
    ///
    /// # Errors
    /// A sentence, when no key can be made.
    pub fn rotate_keys(&self) -> Result<(), String> {
        let rotated = self.state().keys.rotate();
        rotated.map_err(|error| error.to_string())
    }

    /// Takes every key but the newest off the list: the issuer no longer believes their tokens. API servers that have
    /// read them go on to.
    pub fn drop_old_keys(&self) {
        self.state().keys.drop_old();
    }

    /// Gives a person these groups from the next token on; false when there is no such person.
    pub fn set_groups(&self, person: &str, groups: &[&str]) -> bool {
        self.account(person, |account| {
            account.groups = Some(groups.iter().map(|group| (*group).to_owned()).collect());
        })
    }

    /// Disables an account or enables it again; false when there is no such person.
    pub fn set_disabled(&self, person: &str, disabled: bool) -> bool {
        self.account(person, |account| account.disabled = disabled)
    }

    /// What the token endpoint was asked until now: the grant type, and the words of the refusal or `ok`.
    pub fn asked(&self) -> Vec<(String, String)> {
        self.state().asked.clone()
    }

    /// Signs a person out everywhere, as an administrator does.
    pub fn end_sessions(&self, person: &str) {
        self.state().sessions.end_all(person);
    }

    /// Refuses every token that was given until now, as an administrator does after a theft.
    pub fn revoke_all_until_now(&self) {
        let now = self.now();
        let mut state = self.state();
        state.not_before = Some(now.as_second());
        state.sessions.stale(now);
    }

    fn account(&self, person: &str, change: impl FnOnce(&mut super::Account)) -> bool {
        let Some(known) = self.inner.people.find(person) else {
            return false;
        };
        let name = known.name.clone();
        change(self.state().accounts.entry(name).or_default());
        true
    }
}
