//! Lists: pages of one consistent snapshot, in any shape.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::sim::api::Ask;
use crate::sim::api::Server;
use crate::sim::api::options;
use crate::sim::api::path::Target;
use crate::sim::api::selector::Selector;
use crate::sim::api::shape;
use crate::sim::api::shape::Shape;
use crate::sim::api::table;
use crate::sim::store::Kept;
use crate::sim::store::Refusal;
use crate::sim::store::Resource;
use crate::sim::store::meta;

/// How many lists with further pages are remembered; older ones answer 410.
const KEPT: usize = 64;

type Items = Arc<Vec<Arc<Kept>>>;

/// Lists of which a client may still fetch a page.
#[derive(Debug, Default)]
pub(super) struct Snapshots {
    kept: Mutex<VecDeque<(String, u64, Items)>>,
}

impl Snapshots {
    fn keep(&self, key: String, rv: u64, items: Items) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back((key, rv, items));
        if kept.len() > KEPT {
            kept.pop_front();
        }
    }

    fn find(&self, key: &str, rv: u64) -> Option<Items> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter()
            .find(|(at, version, _)| at == key && *version == rv)
            .map(|(_, _, items)| Arc::clone(items))
    }
}

/// One page, ready to be written.
struct Page {
    items: Vec<Arc<Kept>>,
    metadata: Value,
}

/// Answers a list request.
pub(super) fn list(server: &Server, ask: &Ask, target: &Target) -> Result<Response, Refusal> {
    let selector = Selector::parse(
        target.res,
        ask.query("labelSelector"),
        ask.query("fieldSelector"),
    )?;
    let shape = Shape::wanted(&ask.headers, ask.query("includeObject"))?;
    let page = page(server, ask, target, &selector)?;
    let body = write(server, target.res, shape, &page)
        .map_err(|error| Refusal::new(500, "InternalError", error.to_string()))?;
    Ok(shape::compressed(&ask.headers, body))
}

fn page(server: &Server, ask: &Ask, target: &Target, selector: &Selector) -> Result<Page, Refusal> {
    let key = format!("{} {:?}", target.res.qualified(), target.ns);
    let limit = limit(ask)?;
    let asked = ask.query("resourceVersion");
    options::list(ask, server.store())?;
    let (items, rv, start, fresh) = match ask.query("continue") {
        "" => {
            let (items, rv, start) = start(server, ask, target, limit)?;
            (items, rv, start, true)
        }
        token => go_on(server, target, &key, token)?,
    };
    let mut chosen = Vec::new();
    let mut next = items.len();
    for (at, item) in items.iter().enumerate().skip(start) {
        if !selector.takes_kept(item) {
            continue;
        }
        // The cache of a real server gives the whole list for version 0, whatever the limit.
        if limit > 0 && chosen.len() == limit && asked != "0" {
            next = at;
            break;
        }
        chosen.push(Arc::clone(item));
    }
    let mut metadata = json!({ "resourceVersion": rv.to_string() });
    let whole = Shape::wanted(&ask.headers, "")? == Shape::Whole;
    if target.res.custom && whole {
        // Lists of custom resources always say where they go on.
        metadata["continue"] = "".into();
    }
    if next < items.len() {
        let after = chosen
            .last()
            .map(|item| place(&item.open()))
            .unwrap_or_default();
        metadata["continue"] = token(Some(rv), next, &after).into();
        if selector.is_empty() {
            metadata["remainingItemCount"] = (items.len() - next).into();
        }
        if fresh {
            server.snapshots().keep(key, rv, items);
        }
    }
    Ok(Page {
        items: chosen,
        metadata,
    })
}

/// What a list starts from: what is there now, or what was there at the very version asked for.
fn start(
    server: &Server,
    ask: &Ask,
    target: &Target,
    limit: usize,
) -> Result<(Items, u64, usize), Refusal> {
    let (store, ns) = (server.store(), target.ns.as_deref());
    let version = ask.query("resourceVersion").parse().unwrap_or(0);
    let matching = ask.query("resourceVersionMatch");
    if version > 0 && (matching == "Exact" || (matching.is_empty() && limit > 0)) {
        let items = store.list_at(target.res, ns, version)?;
        return Ok((Arc::new(items), version, 0));
    }
    let (items, rv) = store.kept(target.res, ns);
    Ok((Arc::new(items), rv, 0))
}

/// Where a list goes on by a token: in the list that was begun, or with what is there now. True when that is new.
fn go_on(
    server: &Server,
    target: &Target,
    key: &str,
    token: &str,
) -> Result<(Items, u64, usize, bool), Refusal> {
    let token = read_token(token)
        .ok_or_else(|| Refusal::bad_request("invalid continue token: continue key is not valid"))?;
    let store = server.store();
    let Some(rv) = token.rv else {
        let (items, rv) = store.kept(target.res, target.ns.as_deref());
        let start = items.partition_point(|item| place(&item.open()) <= token.after);
        return Ok((Arc::new(items), rv, start, true));
    };
    let items = server
        .snapshots()
        .find(key, rv)
        .filter(|_| store.remembers(target.res, rv))
        .ok_or_else(|| too_old(&token.after))?;
    Ok((items, rv, token.start, false))
}

/// How many objects a page may hold; 0 for all. A negative limit is none.
fn limit(ask: &Ask) -> Result<usize, Refusal> {
    let text = ask.query("limit");
    if text.is_empty() {
        return Ok(0);
    }
    let limit: i64 = text
        .parse()
        .map_err(|_| Refusal::bad_request(unreadable("ParseInt", text)))?;
    Ok(usize::try_from(limit).unwrap_or(0))
}

/// What a real server says of a number it cannot read.
pub(super) fn unreadable(function: &str, text: &str) -> String {
    format!("strconv.{function}: parsing \"{text}\": invalid syntax")
}

/// Where a list goes on.
#[derive(Debug, PartialEq, Eq)]
struct Token {
    /// The version of the list; none when it goes on with what is there by then.
    rv: Option<u64>,
    /// The place in the list of that version.
    start: usize,
    /// The place of the last object given.
    after: String,
}

/// The place of an object in lists: the smaller comes first. Namespaces and names have no zero in them.
fn place(item: &Value) -> String {
    format!("{}\0{}", meta::namespace(item), meta::name(item))
}

/// A token; as on a real server, version -1 stands for what is there by then.
fn token(rv: Option<u64>, start: usize, after: &str) -> String {
    let rv = rv.map_or(json!(-1), Value::from);
    let token = json!({"v": "meta.k8s.io/v1", "rv": rv, "start": start, "after": after});
    URL_SAFE_NO_PAD.encode(token.to_string())
}

fn read_token(token: &str) -> Option<Token> {
    let plain = URL_SAFE_NO_PAD.decode(token).ok()?;
    let token: Value = serde_json::from_slice(&plain).ok()?;
    Some(Token {
        rv: token["rv"].as_u64(),
        start: usize::try_from(token["start"].as_u64()?).ok()?,
        after: token["after"].as_str()?.to_owned(),
    })
}

/// 410 for a later page, with a token that gives the rest all the same.
fn too_old(after: &str) -> Refusal {
    let mut refusal = Refusal::expired(
        "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
    );
    refusal.goes_on = token(None, 0, after).into();
    refusal
}

/// 410 for the page that a token asks for.
pub(super) fn page_too_old(given: &str) -> Refusal {
    let after = read_token(given).map(|token| token.after);
    too_old(&after.unwrap_or_default())
}

/// The body, item by item: only one of them is open at a time.
fn write(
    server: &Server,
    res: &'static Resource,
    shape: Shape,
    page: &Page,
) -> Result<Vec<u8>, serde_json::Error> {
    let mut head = match shape {
        Shape::Whole => json!({
            "kind": format!("{}List", res.kind),
            "apiVersion": res.api_version(),
        }),
        Shape::Metadata => json!({
            "kind": "PartialObjectMetadataList",
            "apiVersion": "meta.k8s.io/v1",
        }),
        Shape::Table(_) => table::head(res, true),
    };
    head["metadata"] = page.metadata.clone();
    if shape == Shape::Metadata && page.items.is_empty() {
        // A real server writes `null` where it holds nothing, in this form alone.
        head["items"] = Value::Null;
        return serde_json::to_vec(&head);
    }
    let name = match shape {
        Shape::Table(_) => "rows",
        Shape::Whole | Shape::Metadata => "items",
    };
    if let Some(head) = head.as_object_mut() {
        head.remove(name);
    }
    let mut body = serde_json::to_vec(&head)?;
    body.pop();
    body.extend_from_slice(format!(",\"{name}\":[").as_bytes());
    for (at, item) in page.items.iter().enumerate() {
        if at > 0 {
            body.push(b',');
        }
        match shape {
            Shape::Whole => item.write(&mut body)?,
            Shape::Metadata => {
                serde_json::to_writer(&mut body, &shape::metadata_of(&item.open()))?;
            }
            Shape::Table(rows) => {
                let row = shape::row(res, &item.open(), rows, server.clock());
                serde_json::to_writer(&mut body, &row)?;
            }
        }
    }
    body.extend_from_slice(b"]}");
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_the_way_to_the_client_and_back() {
        let read = read_token(&token(Some(1042), 500, "shop\0web")).unwrap();
        assert_eq!(
            (read.rv, read.start, read.after.as_str()),
            (Some(1042), 500, "shop\0web")
        );
        let fresh = read_token(&too_old("shop\0web").goes_on).unwrap();
        assert_eq!((fresh.rv, fresh.after.as_str()), (None, "shop\0web"));
        assert_eq!(read_token("nonsense"), None);
    }
}
