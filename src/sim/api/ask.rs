//! A request, and how its parameters are read.

use axum::body::Bytes;
use http::header::USER_AGENT;
use http::{HeaderMap, Method, Uri};

use crate::sim::api::User;
use crate::sim::api::text;

/// A request that is read and judged.
pub(crate) struct Ask {
    pub(super) user: User,
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) queries: Vec<(String, String)>,
    pub(super) body: Bytes,
}

impl Ask {
    /// A query parameter; empty when it is not given.
    pub(super) fn query(&self, key: &str) -> &str {
        let found = self.queries.iter().find(|(name, _)| name == key);
        found.map_or("", |(_, value)| value)
    }

    /// A query parameter that is true or false.
    pub(super) fn flag(&self, key: &str) -> bool {
        is_on(&self.queries, key)
    }

    pub(super) fn agent(&self) -> &str {
        text(&self.headers, USER_AGENT.as_str())
    }
}

/// True when a parameter is given and does not say no; a real server reads any other word as yes.
pub(super) fn is_on(queries: &[(String, String)], key: &str) -> bool {
    let mut given = queries.iter().filter(|(name, _)| name == key);
    given.next().is_some_and(|(_, value)| {
        let no = value.eq_ignore_ascii_case("false") || value == "0";
        !no
    })
}
