//! The parameters of a runbook: filled from the finding, then from what is live, then typed.

use std::collections::BTreeMap;

use crate::config::ClusterName;
use crate::runbook::book::Book;
use crate::runbook::book::Param;
use crate::runbook::book::ParamType;
use crate::sources::backups;
use crate::sources::finding::Finding;
use crate::state::State;
use crate::state::action::Action;
use crate::state::effect::Effect;
use crate::state::nav::Screen;
use crate::state::prompt::Field;
use crate::state::prompt::Line;
use crate::state::prompt::Prompt;
use crate::state::rows;
use crate::text::SafeText;
use crate::text::age;

/// Opens the parameters of the runbook that is read, marked or named.
pub(super) fn open(state: &mut State, action: Action) -> Vec<Effect> {
    let id = match action {
        Action::RunBook(id) => Some(id),
        _ => state.nav.book.clone(),
    };
    let Some(book) = id.and_then(|id| state.library.book(&id).cloned()) else {
        state.say("No runbook is marked: 7 shows them.");
        return Vec::new();
    };
    if let Some(why) = refusal(state) {
        state.say(why);
        return Vec::new();
    }
    let finding = rows::treated(state);
    if let Some(why) = state.live_refused(&book, finding.as_ref()) {
        state.say(format!("no: {why}"));
        return Vec::new();
    }
    let fields = book
        .params
        .iter()
        .map(|param| field(state, param, finding.as_ref()))
        .collect();
    state.nav.book = Some(book.id.clone());
    super::go::push(state, Screen::Fill);
    state.prompt = Some(Prompt::Fill {
        book: book.id.clone(),
        fields,
        at: 0,
    });
    judge(state);
    first_missing(state);
    Vec::new()
}

/// Why nothing can be filled in now, in words.
fn refusal(state: &State) -> Option<String> {
    if state.log.stopped.is_some() {
        return Some("no: the log cannot be written, so nothing can be run.".to_owned());
    }
    if state.person.is_none() {
        return Some(
            "no: nobody is signed in. 0 shows the session; Enter there signs in.".to_owned(),
        );
    }
    let reached = state
        .board
        .clusters
        .iter()
        .any(|(_, freshness)| freshness.counts());
    (!reached).then(|| "no: no cluster is reached.".to_owned())
}

/// One field with its first value and where that is from.
fn field(state: &State, param: &Param, finding: Option<&Finding>) -> Field {
    let (value, from) = match (param.kind, finding) {
        (ParamType::Cluster, Some(finding)) => (finding.cluster.to_string(), "from the finding"),
        (ParamType::Cluster, None) if state.config.clusters.len() == 1 => {
            (state.config.clusters[0].name.to_string(), "the only one")
        }
        (ParamType::Namespace, Some(finding)) => {
            (finding.object.namespace.to_string(), "from the finding")
        }
        _ => (String::new(), ""),
    };
    Field {
        name: param.name.clone(),
        line: Line::of(&value),
        from: from.to_owned(),
        bad: false,
        required: !param.optional,
    }
}

/// A value was typed: judge every field anew.
pub(super) fn edited(state: &mut State) {
    judge(state);
}

/// Says beside each field where its value is from, or what is wrong with it.
fn judge(state: &mut State) {
    let Some(Prompt::Fill { book, fields, .. }) = &state.prompt else {
        return;
    };
    let Some(book) = state.library.book(book) else {
        return;
    };
    let values: BTreeMap<_, _> = fields
        .iter()
        .map(|field| (field.name.clone(), field.line.text.clone()))
        .collect();
    let judged: Vec<Field> = fields
        .iter()
        .zip(&book.params)
        .map(|(field, param)| {
            let (from, bad) = verdict(state, param, field, &values, book);
            Field {
                from,
                bad,
                ..field.clone()
            }
        })
        .collect();
    if let Some(Prompt::Fill { fields, .. }) = state.prompt.as_mut() {
        *fields = judged;
    }
}

/// Where a field's value is from, or what is wrong with it, and whether it will not do.
fn verdict(
    state: &State,
    param: &Param,
    field: &Field,
    values: &BTreeMap<String, String>,
    book: &Book,
) -> (String, bool) {
    let value = field.line.text.as_str();
    if value.is_empty() {
        return empty(state, param, values, book);
    }
    if let Some(wrong) = param.kind.refuses(value) {
        return (format!("no: it {wrong}"), true);
    }
    if param.kind == ParamType::Namespace && refused(state, values, book).is_some() {
        return ("no: not live, see below".to_owned(), true);
    }
    let cluster = of_kind(values, book, ParamType::Cluster);
    match param.kind {
        ParamType::Cluster => pinned(state, field),
        ParamType::Namespace => {
            let known = state
                .config
                .clusters
                .iter()
                .find(|known| Some(known.name.as_str()) == cluster);
            let world = known.and_then(|known| state.world.cluster(&known.name));
            let here = world.and_then(|world| {
                world
                    .namespaces(state.judged_at)
                    .now()
                    .map(|all| all.by_name("", value).is_some())
            });
            match here {
                Some(true) => (format!("{}it is there", lead(&field.from)), false),
                Some(false) => (
                    format!(
                        "{}it is gone from {}",
                        lead(&field.from),
                        cluster.unwrap_or("?")
                    ),
                    false,
                ),
                None => (
                    format!("? {} cannot be read now", cluster.unwrap_or("the cluster")),
                    false,
                ),
            }
        }
        _ => ("as typed".to_owned(), false),
    }
}

/// The pin of the cluster that a field names.
fn pinned(state: &State, field: &Field) -> (String, bool) {
    let value = field.line.text.as_str();
    match state.config.cluster(&ClusterName::from(value)) {
        Some(known) => {
            let pin = known
                .fingerprint
                .as_ref()
                .map_or("not pinned", |print| print.short8());
            (format!("{}is {pin}", lead(&field.from)), false)
        }
        None => (
            format!("no such cluster in the configuration: {value}"),
            true,
        ),
    }
}

/// Why a live run on the typed target would be refused; `None` while it is not typed whole.
fn refused(state: &State, values: &BTreeMap<String, String>, book: &Book) -> Option<SafeText> {
    let cluster = ClusterName::from(of_kind(values, book, ParamType::Cluster)?);
    let namespace = of_kind(values, book, ParamType::Namespace)?;
    state.config.cluster(&cluster)?;
    state.live_refused_on(book, Some((&cluster, namespace)))
}

/// What stands beside an empty field.
fn empty(
    state: &State,
    param: &Param,
    values: &BTreeMap<String, String>,
    book: &Book,
) -> (String, bool) {
    match param.kind {
        ParamType::Backup if param.optional => (newest(state, values, book), false),
        _ if param.optional => ("may stay empty".to_owned(), false),
        ParamType::Ticket => ("missing: like INC-4411".to_owned(), true),
        ParamType::Text => ("missing: one sentence, no patients".to_owned(), true),
        _ => ("missing".to_owned(), true),
    }
}

/// The recovery point that would be taken when none is named.
fn newest(state: &State, values: &BTreeMap<String, String>, book: &Book) -> String {
    let (cluster, namespace) = (
        of_kind(values, book, ParamType::Cluster),
        of_kind(values, book, ParamType::Namespace),
    );
    let detail = backups::detail(&state.config, &state.world, state.judged_at);
    let row = detail.rows.iter().find(|row| {
        Some(row.cluster.as_str()) == cluster
            && namespace.is_some_and(|namespace| {
                row.points
                    .iter()
                    .any(|_| row.namespace.as_str() == namespace)
            })
    });
    match row.and_then(|row| row.newest.as_ref().zip(row.age_s)) {
        Some((_, seconds)) => {
            format!("newest restorable, {} old", age(seconds))
        }
        None => "the newest restorable, sought later".to_owned(),
    }
}

/// `from the finding; ` before what is said of the value, when it is from there.
fn lead(from: &str) -> &'static str {
    if from.starts_with("from the finding") {
        "from the finding; "
    } else {
        ""
    }
}

fn of_kind<'a>(
    values: &'a BTreeMap<String, String>,
    book: &Book,
    kind: ParamType,
) -> Option<&'a str> {
    let param = book.params.iter().find(|param| param.kind == kind)?;
    values
        .get(&param.name)
        .map(String::as_str)
        .filter(|value| !value.is_empty())
}

/// The focus stands on the first field that must still be given.
fn first_missing(state: &mut State) {
    if let Some(Prompt::Fill { fields, at, .. }) = state.prompt.as_mut() {
        *at = fields.iter().position(|field| field.bad).unwrap_or(0);
    }
}

/// Nothing is kept when the form is left.
pub(super) fn leave(state: &mut State) {
    if state.nav.screen == Screen::Fill {
        state.nav.screen = state.nav.back.pop().unwrap_or(Screen::Board);
    }
}

/// Enter: the next field; on the last, with nothing missing, the run opens and prepares.
pub(super) fn accept(
    state: &mut State,
    book: String,
    fields: Vec<Field>,
    at: usize,
) -> Vec<Effect> {
    let last = at + 1 >= fields.len();
    let bad = fields.iter().position(|field| field.bad);
    if !last || bad.is_some() {
        let next = if last { bad.unwrap_or(0) } else { at + 1 };
        if last {
            state.say("Something is missing or will not do: the marked field says what.");
        }
        state.prompt = Some(Prompt::Fill {
            book,
            fields,
            at: next,
        });
        return Vec::new();
    }
    let given = |field: &Field| {
        (!field.line.text.is_empty())
            .then(|| (field.name.clone(), field.line.text.trim().to_owned()))
    };
    let params: BTreeMap<String, String> = fields.iter().filter_map(given).collect();
    leave(state);
    super::run::open(state, &book, params)
}
