//! What stands in a token, in the manners of the issuer.

use serde_json::{Value, json};

use crate::sim::people::Person;

use super::session::Opened;
use super::settings::Manners;
use super::settings::Settings;

/// The claims of one pair of tokens.
pub(super) struct Pair {
    /// Those of the ID token.
    pub(super) id: Value,
    /// Those of the access token.
    pub(super) access: Value,
}

/// Makes the claims. `ids` are the identifiers of the two tokens, `at` the issuer's own second.
pub(super) fn claims(
    url: &str,
    opened: &Opened,
    person: &Person,
    settings: &Settings,
    ids: [String; 2],
    at: i64,
) -> Pair {
    let mut id = json!({
        "exp": at + settings.token_seconds,
        "iat": at,
        "iss": url,
        "aud": opened.client.id,
        "sub": person.subject,
        "email_verified": true,
        "preferred_username": person.user,
        "email": person.user,
    });
    if let Some(nonce) = &opened.nonce {
        id["nonce"] = json!(nonce);
    }
    let asked = settings.manners == Manners::Keycloak || opened.has("groups");
    if asked && !person.groups.is_empty() {
        id["groups"] = json!(person.groups);
    }
    if settings.manners == Manners::Dex {
        id["name"] = json!(person.name);
        let access = id.clone();
        return Pair { id, access };
    }
    let [id_jti, access_jti] = ids;
    id["auth_time"] = json!(opened.since.as_second());
    id["azp"] = json!(opened.client.id);
    id["sid"] = json!(opened.session);
    id["acr"] = json!(opened.acr.to_string());
    let mut access = id.clone();
    id["jti"] = json!(id_jti);
    id["typ"] = json!("ID");
    access["jti"] = json!(access_jti);
    access["typ"] = json!("Bearer");
    // The API servers refuse it for that.
    access["aud"] = json!("account");
    access["scope"] = json!(opened.scope);
    Pair { id, access }
}
