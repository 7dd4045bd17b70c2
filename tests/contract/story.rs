//! Exchanges as data: `exchanges/*.toml`, one story a file, asked in order in a namespace of its own.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;

/// What an exchange is there for; the counts that must be reached go by it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// Something a later exchange needs; compared like all others, counted nowhere.
    Setup,
    /// Reading: objects, lists, discovery, health.
    Read,
    /// A change that is made.
    Write,
    /// A refusal, other than the conflict of an apply.
    Error,
    /// A watch and what it tells.
    Watch,
    /// A review of who may do what.
    Access,
    /// A server-side apply over another manager's fields.
    Conflict,
    /// What `kubectl get` prints: a Table.
    Table,
}

/// A file of exchanges.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Story {
    /// The name of the file and of the namespace.
    #[serde(skip)]
    pub(crate) name: String,
    /// The whole file, to tell what the story itself says from what a server says.
    #[serde(skip)]
    pub(crate) text: String,
    pub(crate) exchange: Vec<Exchange>,
}

/// A request, and how its answer is read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exchange {
    /// Unique in its story.
    pub(crate) id: String,
    pub(crate) kind: Kind,
    ask: String,
    #[serde(default = "alice", rename = "as")]
    person: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    patch: Option<String>,
    body: Option<String>,
    /// Variables of the story, and where in the answer's body they are found (JSON pointers).
    #[serde(default)]
    pub(crate) keep: BTreeMap<String, String>,
    /// Items of lists that are compared, one list after the other; the others are left out.
    #[serde(default)]
    pub(crate) among: Vec<Among>,
    /// True when the server is to forget all history first, as it does after a while by itself.
    #[serde(default)]
    pub(crate) forgotten: bool,
    /// How many events of a watch are read; without it all until its end.
    pub(crate) until: Option<usize>,
    /// Requests made once the watch is open; they must succeed.
    #[serde(default)]
    pub(crate) during: Vec<Request>,
}

impl Exchange {
    /// What is asked.
    pub(crate) fn request(&self) -> Request {
        Request {
            ask: self.ask.clone(),
            person: self.person.clone(),
            headers: self.headers.clone(),
            patch: self.patch.clone(),
            body: self.body.clone(),
        }
    }
}

/// One HTTP request; `{ns}` and kept variables are filled in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// Method, path and query.
    pub(crate) ask: String,
    /// `alice`, who may everything, `erik`, `stranger` with a token nobody knows, `nobody` without one.
    #[serde(default = "alice", rename = "as")]
    pub(crate) person: String,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// `json`, `merge`, `strategic` or `apply`: the media type of a patch.
    pub(crate) patch: Option<String>,
    pub(crate) body: Option<String>,
}

/// Which items of a list are compared.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Among {
    /// JSON pointer of the list in the body.
    pub(crate) list: String,
    /// JSON pointer in an item, of what names it.
    pub(crate) key: String,
    /// The names; items in this order.
    pub(crate) of: Vec<String>,
}

fn alice() -> String {
    "alice".to_owned()
}

/// The folder of this suite.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contract")
}

/// All stories, by name.
pub(crate) fn all() -> Vec<Story> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder().join("exchanges"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
        .collect();
    files.sort();
    files.iter().map(|file| read(file)).collect()
}

fn read(file: &Path) -> Story {
    let text = std::fs::read_to_string(file).unwrap();
    let mut story: Story =
        toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    story.name = file.file_stem().unwrap().to_string_lossy().into_owned();
    story.text = text;
    let mut ids: Vec<&str> = story.exchange.iter().map(|e| e.id.as_str()).collect();
    ids.sort_unstable();
    let twice = ids.windows(2).find(|pair| pair[0] == pair[1]);
    assert!(twice.is_none(), "{}: {twice:?} twice", file.display());
    story
}
