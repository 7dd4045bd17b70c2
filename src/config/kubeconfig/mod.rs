//! Kubeconfig files, read by ourselves: server, authority and a credential, taken as data.
//!
//! Nothing here runs a program, opens a connection or skips a check. Several files count as one, as kubectl has it:
//! the first that has a name wins for all of that name. `server.rs` judges what a context's cluster says,
//! `credential.rs` what its user says, `program.rs` its `exec`.

mod credential;
mod program;
mod raw;
mod server;

use super::ConfigError;
use super::clusters::KubeconfigUser;
use super::file;
use super::pem::Pem;
use super::policy::Program;
use super::route::Route;
use raw::Named;
use raw::Raw;
use raw::RawContext;
use raw::Text;
use raw::line;
use raw::said;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt;
use std::path::Path;
use std::path::PathBuf;

/// The most letters of a name from a file that a sentence quotes.
const QUOTED: usize = 60;

/// One kubeconfig file, or several that count as one; nothing of it is trusted until a context is asked for.
pub struct Kubeconfig {
    files: Vec<Source>,
}

/// One file.
struct Source {
    path: PathBuf,
    raw: Raw,
    /// Whether users other than its owner and root may read it.
    open: bool,
}

/// What one context leads to.
#[derive(Clone, Debug)]
pub struct Access {
    /// The files that the context, its cluster and its user stand in, each once.
    pub paths: Vec<PathBuf>,
    /// The context's name.
    pub context: String,
    /// The server's address: `https://`, host, port and path, without a slash at the end.
    pub server: String,
    /// How its server is reached and what name its certificate must have, where the file says so.
    pub route: Route,
    /// The server's authority.
    pub ca: Pem,
    /// The credential.
    pub user: KubeconfigUser,
    /// Where an `oidc` auth-provider says that its token came from.
    pub issuer: Option<Issuer>,
    /// What is odd and still usable, one sentence each with its file and line.
    pub warnings: Vec<ConfigError>,
}

/// An issuer that a kubeconfig file names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// Its address.
    pub url: String,
    /// The client that asked for the token.
    pub client_id: String,
}

/// A named entry and the file it stands in.
struct Entry<'a, T> {
    source: &'a Source,
    name: &'a Text,
    /// `cluster "k"`, for sentences.
    what: String,
    value: &'a T,
}

/// Reads a kubeconfig file that nobody else may write.
///
/// # Errors
/// When it cannot be read or is no kubeconfig.
pub fn read(path: &Path) -> Result<Kubeconfig, ConfigError> {
    let files = vec![source(path)?];
    Ok(Kubeconfig { files })
}

/// Reads the files of a `KUBECONFIG` variable as one, as kubectl does: files that are not there are passed over, one
/// that stands twice counts once, and paths in each are taken from its own folder.
///
/// # Errors
/// When none is there, or one cannot be read or is no kubeconfig.
pub fn read_list(list: &OsStr) -> Result<Kubeconfig, ConfigError> {
    let named = std::env::split_paths(list).filter(|path| !path.as_os_str().is_empty());
    read_all(named)
}

/// Reads several files as one, as [`read_list`] does.
///
/// # Errors
/// As [`read_list`].
pub fn read_all(paths: impl IntoIterator<Item = PathBuf>) -> Result<Kubeconfig, ConfigError> {
    let mut files: Vec<Source> = Vec::new();
    let mut first = None;
    for path in paths {
        first.get_or_insert_with(|| path.clone());
        let known = files.iter().any(|one| one.path == path);
        // What cannot be looked at counts as there, so that reading it complains.
        if !known && path.try_exists().unwrap_or(true) {
            files.push(source(&path)?);
        }
    }
    if files.is_empty() {
        let sentence =
            "there is no such file, nor another of the same list; name a kubeconfig file";
        let first = first.unwrap_or_else(|| PathBuf::from("KUBECONFIG"));
        return Err(ConfigError::file(&first, sentence));
    }
    Ok(Kubeconfig { files })
}

fn source(path: &Path) -> Result<Source, ConfigError> {
    let (text, open) = file::read_own_open(path, "name a kubeconfig file")?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let raw: Option<Raw> = serde_saphyr::from_str(text).map_err(|error| {
        let sentence = unreadable(&error);
        match error.location() {
            Some(place) => ConfigError::Line {
                file: path.to_path_buf(),
                line: usize::try_from(place.line()).unwrap_or_default(),
                sentence: sentence.to_owned(),
            },
            None => ConfigError::file(path, sentence),
        }
    })?;
    let raw = raw.unwrap_or_default();
    let path = path.to_path_buf();
    let source = Source { path, raw, open };
    let kind = said(source.raw.kind.as_ref());
    if let Some(kind) = kind.filter(|kind| kind.value != "Config") {
        let sentence = format!(
            "kind is {}, and a kubeconfig file is of kind Config; name a kubeconfig file",
            quoted(&kind.value)
        );
        return Err(source.error(line(kind), sentence));
    }
    source.once("cluster", source.raw.clusters.as_deref())?;
    source.once("user", source.raw.users.as_deref())?;
    source.once("context", source.raw.contexts.as_deref())?;
    Ok(source)
}

/// Why a file is no kubeconfig. The parser's own words may quote the file, and the file holds secrets.
fn unreadable(error: &serde_saphyr::Error) -> &'static str {
    match error.without_snippet() {
        serde_saphyr::Error::DuplicateMappingKey { .. } => {
            "a key stands twice here, and only one of them can be meant; remove the other"
        }
        serde_saphyr::Error::MultipleDocuments { .. } => {
            "a second YAML document begins here; split the file, one kubeconfig in each"
        }
        serde_saphyr::Error::Unexpected { .. } | serde_saphyr::Error::SerdeInvalidType { .. } => {
            "what stands here is of another kind than a kubeconfig has in this place; kubectl config view shows one"
        }
        _ => "this is not a kubeconfig file in YAML; kubectl config view shows one",
    }
}

impl Source {
    /// The folder that its relative paths are taken from.
    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    fn error(&self, line: usize, sentence: impl Into<String>) -> ConfigError {
        ConfigError::Line {
            file: self.path.clone(),
            line,
            sentence: sentence.into(),
        }
    }

    /// Refuses a name that stands twice in one list: which is meant cannot be told.
    fn once<T>(&self, what: &str, list: Option<&[Named<T>]>) -> Result<(), ConfigError> {
        let mut known = BTreeSet::new();
        for one in list.unwrap_or_default() {
            if !known.insert(one.name.value.as_str()) {
                let name = quoted(&one.name.value);
                let sentence = format!("a second {what} is called {name}; rename or remove one");
                return Err(self.error(line(&one.name), sentence));
            }
        }
        Ok(())
    }
}

impl<T> Entry<'_, T> {
    /// An error at a field of this entry.
    fn error<F>(&self, field: &serde_saphyr::Spanned<F>, said: impl fmt::Display) -> ConfigError {
        self.source
            .error(line(field), format!("{} {said}", self.what))
    }

    /// An error about what this entry has not.
    fn lacks(&self, said: impl fmt::Display) -> ConfigError {
        self.source
            .error(line(self.name), format!("{} {said}", self.what))
    }
}

impl Kubeconfig {
    /// The files it was read from, the first first.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|one| one.path.as_path())
    }

    /// The names of its contexts, each once, in the order of the files.
    pub fn contexts(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        let all = self.files.iter().flat_map(|one| &one.raw.contexts);
        for context in all.flatten() {
            let name = context.name.value.as_str();
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// The name of its current context: of the first file that has one.
    pub fn current(&self) -> Option<&str> {
        let mut all = self.files.iter();
        all.find_map(|one| said(one.raw.current_context.as_ref()))
            .map(|name| name.value.as_str())
    }

    /// What a context leads to; the current one where none is named. `programs` are those that policy lets run.
    ///
    /// # Errors
    /// When the context does not exist, or its cluster or user has something that is refused.
    pub fn access(
        &self,
        context: Option<&str>,
        programs: &[Program],
    ) -> Result<Access, ConfigError> {
        let context = self.context(context)?;
        let nothing = raw::RawCluster::default();
        let nobody = raw::RawUser::default();
        let cluster = self.part(
            &context,
            "cluster",
            context.value.cluster.as_ref(),
            |one| one.clusters.as_deref(),
            &nothing,
        )?;
        let user = self.part(
            &context,
            "user",
            context.value.user.as_ref(),
            |one| one.users.as_deref(),
            &nobody,
        )?;
        let mut warnings = Vec::new();
        server::refuse(&cluster)?;
        let found = credential::read(&user, programs, &mut warnings)?;
        warnings.extend(namespace(&context));
        Ok(Access {
            paths: self.stand_in(&[context.source, cluster.source, user.source]),
            context: context.name.value.clone(),
            server: server::address(&cluster)?,
            route: server::route(&cluster)?,
            ca: server::authority(&cluster, &mut warnings)?,
            user: found.user,
            issuer: found.issuer,
            warnings,
        })
    }

    /// Those of the files that are named, each once and in their order.
    fn stand_in(&self, named: &[&Source]) -> Vec<PathBuf> {
        let all = self.files.iter().map(|one| &one.path);
        let named = |path: &&PathBuf| named.iter().any(|one| one.path == **path);
        all.filter(named).cloned().collect()
    }

    fn context(&self, name: Option<&str>) -> Result<Entry<'_, RawContext>, ConfigError> {
        let Some(name) = name.or(self.current()) else {
            let sentence = format!("it has no current context; name one: {}", self.list());
            return Err(ConfigError::file(self.first(), sentence));
        };
        let found = self.find(name, |one| one.contexts.as_deref());
        let Some((source, named)) = found else {
            let name = quoted(name);
            let sentence = format!("it has no context {name}; it has {}", self.list());
            return Err(ConfigError::file(self.first(), sentence));
        };
        let what = format!("context {}", quoted(name));
        let sentence = format!("{what} is empty; it needs a cluster and a user");
        let value = named.value.as_ref();
        let value = value.ok_or_else(|| source.error(line(&named.name), sentence))?;
        Ok(Entry {
            source,
            name: &named.name,
            what,
            value,
        })
    }

    /// The cluster or user that a context names.
    fn part<'a, T>(
        &'a self,
        context: &Entry<'_, RawContext>,
        kind: &'static str,
        name: Option<&Text>,
        list: impl Fn(&Raw) -> Option<&[Named<T>]>,
        empty: &'a T,
    ) -> Result<Entry<'a, T>, ConfigError> {
        let Some(name) = said(name) else {
            return Err(context.lacks(format!("names no {kind}; add one or choose another")));
        };
        let Some((source, named)) = self.find(&name.value, list) else {
            let sentence = format!(
                "has the {kind} {}, which no entry of {kind}s is called; correct the context or choose another",
                quoted(&name.value)
            );
            return Err(context.error(name, sentence));
        };
        Ok(Entry {
            source,
            name: &named.name,
            what: format!("{kind} {}", quoted(&named.name.value)),
            value: named.value.as_ref().unwrap_or(empty),
        })
    }

    /// The first entry of that name, and its file.
    fn find<'a, T>(
        &'a self,
        name: &str,
        list: impl Fn(&Raw) -> Option<&[Named<T>]>,
    ) -> Option<(&'a Source, &'a Named<T>)> {
        self.files.iter().find_map(|source| {
            let all = list(&source.raw).unwrap_or_default();
            let named = all.iter().find(|one| one.name.value == name)?;
            Some((source, named))
        })
    }

    fn first(&self) -> &Path {
        self.files
            .first()
            .map_or(Path::new(""), |one| one.path.as_path())
    }

    fn list(&self) -> String {
        let names: Vec<String> = self.contexts().into_iter().map(quoted).collect();
        match names.len() {
            0 => "no context at all".to_owned(),
            1..=12 => names.join(", "),
            many => format!("{} and {} more", names[..12].join(", "), many - 12),
        }
    }
}

/// A namespace that could not be one is nothing to stop for: crashcart asks for all of them.
fn namespace(context: &Entry<'_, RawContext>) -> Option<ConfigError> {
    let name = said(context.value.namespace.as_ref())?;
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let ends = name.value.starts_with('-') || name.value.ends_with('-');
    let fits = !ends && name.value.len() <= 63 && name.value.bytes().all(letter);
    let sentence = || {
        let name = quoted(&name.value);
        format!("has namespace {name}, which no namespace can be called; it is not used here")
    };
    (!fits).then(|| context.error(name, sentence()))
}

/// A text of a file in quotes, what cannot be seen escaped, and no longer than a line can take.
fn quoted(text: &str) -> String {
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{:?}~", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}
