//! What the API server of an OpenShift cluster has besides: where its OAuth server is, who I am there, and the tokens as
//! objects.
//!
//! Whoever knows the name of a token's object may delete it, as the cluster role that everybody has allows; the name is
//! the hash of the token. One's own are listed as `useroauthaccesstokens`.

use axum::response::Response;
use http::Method;
use http::header::AUTHORIZATION;
use http::request::Parts;
use serde_json::{Value, json};

use crate::sim::api::Server;
use crate::sim::api::User;
use crate::sim::api::audit::Arrival;
use crate::sim::api::shape;
use crate::sim::issuer::OAuth;
use crate::sim::store::Refusal;

const WELL_KNOWN: &str = "/.well-known/oauth-authorization-server";
const ME: &str = "/apis/user.openshift.io/v1/users/~";
const GROUP: &str = "/apis/oauth.openshift.io/v1/";

/// The answer to what only such a server has; `None` for everything else.
pub(super) fn answer(
    server: &Server,
    parts: &Parts,
    arrival: &mut Arrival,
) -> Option<Result<Response, Refusal>> {
    let oauth = server.inner.entrance.oauth()?;
    let path = parts.uri.path();
    let (get, known) = (parts.method == Method::GET, path.strip_prefix(GROUP));
    if path == WELL_KNOWN {
        // Everybody may read it, before anybody is known.
        arrival.allowed = Some((true, String::new()));
        return Some(if get {
            Ok(shape::json(200, &oauth.document()))
        } else {
            Err(Refusal::method_not_allowed())
        });
    }
    if path != ME && known.is_none() {
        return None;
    }
    let user = match &arrival.user {
        Some(user) => user.clone(),
        None if parts.headers.contains_key(AUTHORIZATION) => {
            return Some(Err(Refusal::unauthorized()));
        }
        None => return Some(Err(forbidden(path))),
    };
    arrival.allowed = Some((true, String::new()));
    Some(match known {
        None if get => oauth
            .user(&user.name)
            .map(|found| shape::json(200, &found))
            .ok_or_else(|| {
                Refusal::new(404, "NotFound", "users.user.openshift.io \"~\" not found")
            }),
        None => Err(Refusal::method_not_allowed()),
        Some(rest) => tokens(oauth, &user, &parts.method, rest),
    })
}

fn tokens(oauth: &OAuth, user: &User, method: &Method, rest: &str) -> Result<Response, Refusal> {
    let (kind, name) = rest.split_once('/').unwrap_or((rest, ""));
    let own = oauth.tokens(Some(&user.name));
    let dressed = |object: &Value| {
        let mut object = object.clone();
        object["kind"] = "UserOAuthAccessToken".into();
        object["apiVersion"] = "oauth.openshift.io/v1".into();
        object
    };
    let mine = own.iter().find(|(known, _)| known == name);
    match (kind, method.as_str()) {
        ("useroauthaccesstokens", "GET") if name.is_empty() => {
            let items: Vec<Value> = own.iter().map(|(_, object)| dressed(object)).collect();
            let list = json!({
                "kind": "UserOAuthAccessTokenList",
                "apiVersion": "oauth.openshift.io/v1",
                "metadata": {},
                "items": items,
            });
            Ok(shape::json(200, &list))
        }
        ("useroauthaccesstokens", "GET") => match mine {
            Some((_, object)) => Ok(shape::json(200, &dressed(object))),
            None => Err(gone(kind, name)),
        },
        ("useroauthaccesstokens", "DELETE") if mine.is_none() => Err(gone(kind, name)),
        ("useroauthaccesstokens" | "oauthaccesstokens", "DELETE") if !name.is_empty() => {
            if !oauth.delete(name) {
                return Err(gone(kind, name));
            }
            let status = json!({
                "kind": "Status",
                "apiVersion": "v1",
                "metadata": {},
                "status": "Success",
                "details": {"name": name, "group": "oauth.openshift.io", "kind": kind},
            });
            Ok(shape::json(200, &status))
        }
        ("oauthaccesstokens", _) => Err(Refusal::new(
            403,
            "Forbidden",
            format!(
                "oauthaccesstokens.oauth.openshift.io is forbidden: User \"{}\" may only delete them",
                user.name
            ),
        )),
        ("useroauthaccesstokens", _) => Err(Refusal::method_not_allowed()),
        _ => Err(Refusal::no_such_path()),
    }
}

fn gone(kind: &str, name: &str) -> Refusal {
    let words = format!("{kind}.oauth.openshift.io \"{name}\" not found");
    Refusal::new(404, "NotFound", words)
}

fn forbidden(path: &str) -> Refusal {
    let words = format!("forbidden: User \"system:anonymous\" cannot get path \"{path}\"");
    Refusal::new(403, "Forbidden", words)
}
