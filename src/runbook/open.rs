//! Opening a run: parameters checked, people counted, nothing asked of any service.

use std::collections::BTreeMap;

use super::book::Book;
use super::event::Opened;
use super::event::Outline;
use super::event::RunEvent;
use super::holds;
use super::plan::Mode;
use super::sight::Sight;
use crate::config::ClusterName;
use crate::sources::moment::Moment;
use crate::text::SafeText;

/// What a person asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// A fresh id, hex, made by the caller.
    pub run: String,
    /// Id of the runbook.
    pub book: String,
    /// Live or drill.
    pub mode: Mode,
    /// Parameters as given.
    pub params: BTreeMap<String, String>,
}

/// The entry that opens the run; nothing was asked or sent before it.
///
/// # Errors
/// One sentence: no such runbook, an unsigned one, a parameter that is missing, unknown or wrong, a cluster that is
/// not configured or not seen, or a zone that needs more people than one.
pub fn open(request: &Request, sight: &Sight<'_>, now: Moment) -> Result<RunEvent, SafeText> {
    let no = |words: String| Err(SafeText::new(&words));
    let Some(book) = sight.library.book(&request.book) else {
        let known: Vec<&str> = sight
            .library
            .books()
            .iter()
            .map(|book| book.id.as_str())
            .collect();
        return no(format!(
            "no runbook {}; there are: {}",
            request.book,
            known.join(", ")
        ));
    };
    if request.mode == Mode::Live {
        signed(book)?;
    }
    let params = params(book, &request.params).map_err(|words| SafeText::new(&words))?;
    let given = |name: &str| params.get(name).map_or("", String::as_str);
    let cluster = ClusterName::from(given("cluster"));
    if sight.config.cluster(&cluster).is_none() {
        let known: Vec<&str> = sight
            .config
            .clusters
            .iter()
            .map(|cluster| cluster.name.as_str())
            .collect();
        return no(format!(
            "no cluster {cluster} in the configuration; there are: {}",
            known.join(", ")
        ));
    }
    holds::people(
        sight,
        book,
        request.mode,
        (&cluster, given("namespace")),
        now,
    )?;
    sight.ready(&cluster, "", now)?;
    Ok(RunEvent::Opened(opened(
        request, book, params, cluster, sight,
    )))
}

/// Why a live run of this book on this target would be refused, before anything else is filled in.
///
/// # Errors
/// One sentence: the book is not signed, or the zone needs more people than one.
pub fn live(
    book: &Book,
    target: (&ClusterName, &str),
    sight: &Sight<'_>,
    now: Moment,
) -> Result<(), SafeText> {
    signed(book)?;
    holds::people(sight, book, Mode::Live, target, now)
}

/// Only what is built in or signed is run live.
///
/// # Errors
/// One sentence, when the book is neither.
pub fn signed(book: &Book) -> Result<(), SafeText> {
    if book.trusted() {
        return Ok(());
    }
    Err(SafeText::new(&format!(
        "runbook {} is not signed: it can be read, never run live",
        book.id
    )))
}

fn opened(
    request: &Request,
    book: &Book,
    params: BTreeMap<String, String>,
    cluster: ClusterName,
    sight: &Sight<'_>,
) -> Opened {
    let outline = book.steps.iter().map(|step| Outline {
        number: step.number,
        id: step.id.clone(),
        kind: step.kind.word().to_owned(),
        title: step.title.clone(),
    });
    Opened {
        run: request.run.clone(),
        book: book.id.clone(),
        version: book.version,
        book_digest: book.digest.clone(),
        trusted: book.trusted(),
        mode: request.mode,
        cluster_uid: sight
            .uid(&cluster)
            .map(ToString::to_string)
            .unwrap_or_default(),
        cluster,
        policy: holds::policy(sight),
        steps: outline.collect(),
        by: sight.person.login.clone(),
        params,
    }
}

/// What is wrong with one value of the form, in words; nothing when it may stay.
pub fn refuses(book: &Book, name: &str, value: &str) -> Option<String> {
    let param = book.params.iter().find(|param| param.name == name)?;
    match (value.is_empty(), param.optional) {
        (true, true) => None,
        (true, false) => Some(format!("missing: {name}; give --param {name}=...")),
        (false, _) => param
            .kind
            .refuses(value)
            .map(|why| format!("{name} \"{value}\" {why}")),
    }
}

/// Every parameter that has a value, checked.
fn params(
    book: &Book,
    given: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, String> {
    if let Some(name) = given
        .keys()
        .find(|name| !book.params.iter().any(|param| &param.name == *name))
    {
        let known: Vec<&str> = book
            .params
            .iter()
            .map(|param| param.name.as_str())
            .collect();
        return Err(format!(
            "runbook {} has no parameter {name}; it has: {}",
            book.id,
            known.join(", ")
        ));
    }
    let mut params = BTreeMap::new();
    for param in &book.params {
        let value = given
            .get(&param.name)
            .map(|value| SafeText::new(value.trim()))
            .unwrap_or_default();
        if let Some(words) = refuses(book, &param.name, value.as_str()) {
            return Err(words);
        }
        if !value.is_empty() {
            params.insert(param.name.clone(), value.to_string());
        }
    }
    Ok(params)
}
