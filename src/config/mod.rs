//! What were we told? The estate, its clusters, zones, identities and the policy.
//!
//! Lives here: the nouns of the configuration file, its parser and checks, the kubeconfig reader
//! and the text that `crashcart init` proposes. Files are read; nothing here opens a connection,
//! knows the time or starts a program. To add a key: its field in the noun, its name in `keys.rs`,
//! its line in the parser of its section and its row in `docs/configuration.md` (a test compares).

mod certificate;
mod clusters;
mod der;
mod duration;
mod error;
mod estate;
mod file;
mod identity;
pub mod keys;
pub mod kubeconfig;
mod parse;
mod pem;
mod policy;
pub mod propose;
mod route;
mod secret;
mod selector;
mod table;
mod token;
mod tokens;
mod trusted;
mod zone;

pub use certificate::Subject;
pub use clusters::{
    Cluster, ClusterAuth, ClusterName, Eks, Fingerprint, KubeconfigUser, Plugin, Site,
};
pub use duration::{seconds, words};
pub use error::ConfigError;
pub use estate::{Estate, Outside};
pub use identity::{Flow, Identity};
pub use parse::load;
pub use pem::{Pem, spki_hash};
pub use policy::{
    Approver, DrillTarget, PersonKey, Policy, PolicyMember, PolicyZone, Program, SYSTEM_POLICY,
    SshKey, Witness,
};
pub use route::{Proxy, Route};
pub use secret::Secret;
pub use selector::LabelSelector;
pub use token::{Stamp, TokenFile};
pub use tokens::{TokenSettings, TokenStore};
pub use trusted::trusted;
pub use zone::{Application, Criticality, Member, MemberBy, Owner, Zone, ZoneName};

use std::ffi::OsStr;
use std::path::Path;
use std::path::PathBuf;

/// Everything one configuration file names, checked: every name it refers to exists and every
/// file it points to has been read.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file this was read from; relative paths in it are taken from its folder.
    pub path: PathBuf,
    /// The estate as a whole.
    pub estate: Estate,
    /// The issuers people sign in at, in the order of the file.
    pub identities: Vec<Identity>,
    /// The API servers, in the order of the file.
    pub clusters: Vec<Cluster>,
    /// The rows of the board, in the order of the file.
    pub zones: Vec<Zone>,
    /// What the person at the keyboard must not be able to change.
    pub policy: Policy,
    /// What is odd and still usable in the files it names.
    pub warnings: Vec<ConfigError>,
    /// How the tokens of sign-ins are kept.
    pub tokens: TokenSettings,
}

impl Config {
    /// After how many seconds without a key the console goes blank.
    pub fn idle_s(&self) -> i64 {
        self.tokens.idle_s(self.policy.idle_s)
    }

    /// The cluster of that name, if the file has it.
    pub fn cluster(&self, name: &ClusterName) -> Option<&Cluster> {
        self.clusters.iter().find(|cluster| &cluster.name == name)
    }

    /// The zone of that name, if the file has it.
    pub fn zone(&self, name: &ZoneName) -> Option<&Zone> {
        self.zones.iter().find(|zone| &zone.name == name)
    }

    /// The identity of that name, if the file has it.
    pub fn identity(&self, name: &str) -> Option<&Identity> {
        self.identities
            .iter()
            .find(|identity| identity.name == name)
    }
}

/// The configuration file to read: `--config`, else `CRASHCART_CONFIG` when it is not empty, else
/// `crashcart.toml` in the XDG configuration folder given. The file need not exist.
pub fn find(explicit: Option<&Path>, env: Option<&OsStr>, xdg: &Path) -> PathBuf {
    match (explicit, env) {
        (Some(path), _) => path.to_path_buf(),
        (None, Some(path)) if !path.is_empty() => PathBuf::from(path),
        _ => xdg.join("crashcart.toml"),
    }
}

#[cfg(test)]
mod tests {
    use super::find;
    use std::ffi::OsStr;
    use std::path::Path;

    #[test]
    fn the_nearest_place_wins() {
        let xdg = Path::new("/home/a/.config/crashcart");
        let flag = Some(Path::new("/f.toml"));
        let env = Some(OsStr::new("/e.toml"));
        assert_eq!(find(flag, env, xdg), Path::new("/f.toml"));
        assert_eq!(find(None, env, xdg), Path::new("/e.toml"));
        assert_eq!(
            find(None, Some(OsStr::new("")), xdg),
            xdg.join("crashcart.toml")
        );
        assert_eq!(find(None, None, xdg), xdg.join("crashcart.toml"));
    }
}
