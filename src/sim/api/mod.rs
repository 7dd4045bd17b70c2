//! The Kubernetes API over HTTP: who asks, may they, and what is the answer.
//!
//! `path` reads what is asked, `rbac` judges it, and one file for each manner of asking answers:
//! `list`, `watch`, `write`, `review`, `scale`, `proxy`, `discovery`. Objects live in `store`.

mod admit;
pub(in crate::sim) mod apply;
mod ask;
mod audit;
mod body;
pub mod bootstrap;
mod defaults;
mod delete;
mod discovery;
pub(in crate::sim) mod evict;
mod fields;
mod fill;
mod list;
mod logs;
pub(in crate::sim) mod managed;
mod openshift;
mod options;
mod patch;
mod path;
mod protobuf;
mod proxy;
mod rbac;
mod review;
mod rules;
mod scale;
mod schema;
mod selector;
mod shape;
mod table;
mod trouble;
mod types;
mod validate;
mod watch;
mod write;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Query, Request, State};
use axum::response::Response;
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method};

pub use crate::sim::api::audit::AuditLog;

use crate::sim::Cluster;
pub(crate) use crate::sim::api::ask::Ask;
use crate::sim::api::ask::is_on;
use crate::sim::api::audit::Arrival;
use crate::sim::api::audit::Open;
use crate::sim::api::list::Snapshots;
use crate::sim::api::path::Attributes;
use crate::sim::api::path::Route;
use crate::sim::api::path::Target;
use crate::sim::api::schema::Schemas;
use crate::sim::clock::Clock;
use crate::sim::faults::Line;
use crate::sim::faults::Trouble;
use crate::sim::issuer::Entrance;
use crate::sim::issuer::Issuer;
use crate::sim::people::People;
use crate::sim::store::Refusal;
use crate::sim::store::Store;

/// A real server takes no larger body than this, in bytes.
const BODY_LIMIT: usize = 3 * 1024 * 1024;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct User {
    /// The user name.
    pub(crate) name: String,
    /// The groups, `system:authenticated` among them.
    pub(crate) groups: Vec<String>,
}

/// One API server; clones share it.
#[derive(Clone)]
pub struct Server {
    inner: Arc<Inner>,
}

struct Inner {
    cluster: Cluster,
    people: Arc<People>,
    entrance: Entrance,
    audit: AuditLog,
    snapshots: Snapshots,
    schemas: Schemas,
    faults: Option<Line>,
}

impl Server {
    /// The API server of a cluster, with those who may sign in and a log of what they ask.
    pub fn new(cluster: Cluster, people: Arc<People>, issuer: Issuer, audit: AuditLog) -> Server {
        let inner = Inner {
            cluster,
            people,
            entrance: Entrance::Issuer(issuer),
            audit,
            snapshots: Snapshots::default(),
            schemas: Schemas::read(),
            faults: None,
        };
        Server {
            inner: Arc::new(inner),
        }
    }

    /// The same server with the faults of a plan; to be called before it is shared.
    #[must_use]
    pub(in crate::sim) fn with_faults(mut self, faults: Line) -> Server {
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            inner.faults = Some(faults);
        }
        self
    }

    /// The same server, entered in this way; to be called before it is shared.
    #[must_use]
    pub(in crate::sim) fn with_entrance(mut self, entrance: Entrance) -> Server {
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            inner.entrance = entrance;
        }
        self
    }

    fn cluster(&self) -> &Cluster {
        &self.inner.cluster
    }

    fn store(&self) -> &Store {
        &self.inner.cluster.store
    }

    fn clock(&self) -> &Clock {
        &self.inner.cluster.clock
    }

    fn snapshots(&self) -> &Snapshots {
        &self.inner.snapshots
    }

    fn schemas(&self) -> &Schemas {
        &self.inner.schemas
    }

    /// Who the bearer token speaks for.
    fn who(&self, headers: &HeaderMap) -> Option<User> {
        let header = headers.get(AUTHORIZATION)?.to_str().ok()?;
        let token = header.strip_prefix("Bearer ")?.trim();
        let (name, mut groups) = if let Some(person) = self.inner.people.by_token(token) {
            (person.user.clone(), person.groups.clone())
        } else {
            let claims = self.inner.entrance.verify(token).ok()?;
            (claims.user, claims.groups)
        };
        groups.push("system:authenticated".to_owned());
        Some(User { name, groups })
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("")
}

/// The router of one API server.
pub fn router(server: Server) -> Router {
    Router::new().fallback(handle).with_state(server)
}

async fn handle(State(server): State<Server>, request: Request) -> Response {
    let clock = server.clock().clone();
    let (parts, body) = request.into_parts();
    let id = match text(&parts.headers, "audit-id") {
        // Not by the dice of the store: a request that only reads must not change the story.
        "" => uuid::Uuid::new_v4().to_string(),
        id => id.to_owned(),
    };
    let mut arrival = Arrival {
        id: id.clone(),
        uri: parts.uri.to_string(),
        agent: text(&parts.headers, USER_AGENT.as_str()).to_owned(),
        user: server.who(&parts.headers),
        asked: Attributes::default(),
        at: clock.now(),
        allowed: None,
        refused: None,
    };
    let mut trouble = None;
    let answer = judge(&server, parts, body, &mut arrival, &mut trouble).await;
    let mut response = answer.unwrap_or_else(|refusal| {
        let response = shape::refused(&refusal);
        arrival.refused = Some(refusal.status());
        response
    });
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert("audit-id", id);
    }
    let no_cache = HeaderValue::from_static("no-cache, private");
    headers.entry(CACHE_CONTROL).or_insert(no_cache);
    let response = audit::answered(&server.inner.audit, arrival, &clock, response);
    match trouble {
        Some(trouble) => trouble.spoil(response).await,
        None => response,
    }
}

/// Reads, authenticates, authorizes and answers a request; `trouble` is set to what hits it.
async fn judge(
    server: &Server,
    mut parts: http::request::Parts,
    body: Body,
    arrival: &mut Arrival,
    trouble: &mut Option<Trouble>,
) -> Result<Response, Refusal> {
    let path = parts.uri.path().to_owned();
    let queries = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
        .map_err(|error| Refusal::bad_request(error.to_string()))?
        .0;
    let watch = is_on(&queries, "watch");
    let route = path::route(&path);
    let plain = Route::Plain;
    let route_or_plain = route.as_ref().unwrap_or(&plain);
    arrival.asked = path::attributes(&parts.method, &path, route_or_plain, watch);
    arrival.asked.narrow(&queries);
    *trouble = server.trouble(&parts, &arrival.asked);
    let trouble = trouble.as_ref();
    if let Some(trouble) = trouble {
        trouble.prepare(&mut parts.headers);
        if let Some(instead) = trouble.instead() {
            return instead;
        }
    }
    if trouble.is_none_or(|trouble| !trouble.unknown_token())
        && let Some(answer) = openshift::answer(server, &parts, arrival)
    {
        return answer;
    }
    let user = admit(server, &parts.headers, arrival, trouble)?;
    let body = to_bytes(body, BODY_LIMIT).await.map_err(|_| {
        Refusal::new(
            413,
            "RequestEntityTooLarge",
            "Request entity too large: limit is 3145728",
        )
    })?;
    let ask = Ask {
        user,
        method: parts.method,
        uri: parts.uri,
        headers: parts.headers,
        queries,
        body,
    };
    match route? {
        Route::Plain => plain_answer(&ask, &path),
        Route::Review(kind) if ask.method == Method::POST => review::review(server, &ask, kind),
        Route::Review(_) => Err(Refusal::method_not_allowed()),
        Route::Objects(target) => {
            let long = arrival.asked.verb == "watch";
            if trouble.is_some_and(Trouble::too_old)
                && let Some(gone) = trouble::too_old(server, &ask, long)
            {
                return gone;
            }
            if long {
                let audit = server.inner.audit.clone();
                let open = Open::new(audit, arrival.clone(), server.clock().clone());
                return watch::watch(server, &ask, &target, open);
            }
            objects(server, &ask, &target).await
        }
    }
}

/// Who asks, if they may.
fn admit(
    server: &Server,
    headers: &HeaderMap,
    arrival: &mut Arrival,
    trouble: Option<&Trouble>,
) -> Result<User, Refusal> {
    if trouble.is_some_and(Trouble::unknown_token) {
        return Err(Refusal::unauthorized());
    }
    let user = match &arrival.user {
        Some(user) => user.clone(),
        None if !headers.contains_key(AUTHORIZATION) => User {
            name: "system:anonymous".to_owned(),
            groups: vec!["system:unauthenticated".to_owned()],
        },
        None => return Err(Refusal::unauthorized()),
    };
    if headers.contains_key("impersonate-user") {
        return Err(Refusal::new(
            403,
            "Forbidden",
            "impersonation is not offered by the simulated server",
        ));
    }
    let shut = trouble.is_some_and(Trouble::no_right);
    let why = rbac::allowed(server.store(), &user, &arrival.asked).filter(|_| !shut);
    arrival.allowed = Some((why.is_some(), why.clone().unwrap_or_default()));
    if why.is_none() {
        return Err(rbac::refuse(&user, &arrival.asked));
    }
    Ok(user)
}

async fn objects(server: &Server, ask: &Ask, target: &Target) -> Result<Response, Refusal> {
    if target.sub == "proxy" && target.res.plural == "services" {
        let name = target.name.as_deref().unwrap_or("");
        return proxy::service(server, ask, target, name).await;
    }
    if ask.method == Method::GET {
        return object(server, ask, target);
    }
    (server.cluster().turn).write(server.clock(), || object(server, ask, target))
}

/// Answers what is asked of one object or of a list.
fn object(server: &Server, ask: &Ask, target: &Target) -> Result<Response, Refusal> {
    let known = discovery::subresources(target.res);
    if !target.sub.is_empty() && !known.iter().any(|sub| sub.0 == target.sub) {
        if target.res.custom && target.sub == "status" {
            let name = target.name.as_deref().unwrap_or("");
            return Err(Refusal::not_found(target.res, name));
        }
        return Err(Refusal::no_such_path());
    }
    let Some(name) = target.name.as_deref() else {
        return match ask.method {
            Method::GET => list::list(server, ask, target),
            Method::POST => write::create(server, ask, target),
            Method::DELETE => delete::delete_all(server, ask, target),
            _ => Err(Refusal::method_not_allowed()),
        };
    };
    match (target.sub.as_str(), ask.method.as_str()) {
        ("proxy", _) => Err(logs::no_port(name)),
        ("log", "GET") => logs::log(server, ask, target, name),
        ("eviction", "POST") => evict::evict(server, ask, target, name),
        ("scale", "GET" | "PUT" | "PATCH") => scale::scale(server, ask, target, name),
        ("" | "status", "GET") => proxy::object(server, ask, target, name),
        ("" | "status", "PUT") => write::replace(server, ask, target, name),
        ("" | "status", "PATCH") => write::patch(server, ask, target, name),
        ("", "DELETE") => delete::delete(server, ask, target, name),
        _ => Err(Refusal::method_not_allowed()),
    }
}

/// Health, version, discovery and API descriptions.
fn plain_answer(ask: &Ask, path: &str) -> Result<Response, Refusal> {
    let known = match path.trim_end_matches('/') {
        "/healthz" | "/readyz" | "/livez" | "/healthz/ping" | "/readyz/ping" | "/livez/ping" => {
            return Ok(shape::typed(
                200,
                "text/plain; charset=utf-8",
                Body::from("ok"),
            ));
        }
        "/version" => Some(discovery::version()),
        root @ ("/api" | "/apis") if discovery::wants_aggregated(&ask.headers) => {
            let answer = discovery::aggregated(root == "/api");
            let mut response = shape::json(200, &answer);
            let kind = HeaderValue::from_static(discovery::AGGREGATED);
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, kind);
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("public"));
            return Ok(response);
        }
        "/openapi/v3" => Some(discovery::openapi_index()),
        path if path.starts_with("/openapi/v3/") => discovery::openapi(path),
        path => discovery::legacy(path),
    };
    match known {
        Some(_) if ask.method != Method::GET => Err(Refusal::method_not_allowed()),
        Some(answer) => Ok(shape::json(200, &answer)),
        None => {
            let text = Body::from("404 page not found\n");
            Ok(shape::typed(404, "text/plain; charset=utf-8", text))
        }
    }
}
