//! Where the fault plan reaches into the API: what hits a request, and what is forgotten on purpose.

use axum::response::Response;

use crate::sim::api::Ask;
use crate::sim::api::Server;
use crate::sim::api::list;
use crate::sim::api::path::Attributes;
use crate::sim::api::watch;
use crate::sim::faults::Asked;
use crate::sim::faults::Talk;
use crate::sim::faults::Trouble;
use crate::sim::store::Refusal;

impl Server {
    /// What goes wrong with one request; its connection is told what is asked.
    pub(super) fn trouble(
        &self,
        parts: &http::request::Parts,
        asked: &Attributes,
    ) -> Option<Trouble> {
        let line = self.inner.faults.as_ref()?;
        let asked = asked.as_asked();
        let trouble = Trouble::draw(line, &asked);
        if let Some(talk) = parts.extensions.get::<Talk>() {
            talk.asks(asked);
        }
        Some(trouble)
    }
}

impl Attributes {
    /// As faults name it.
    fn as_asked(&self) -> Asked {
        let resource = match self.sub.as_str() {
            "" => self.resource.clone(),
            sub => format!("{}/{sub}", self.resource),
        };
        let qualified = match self.group.as_str() {
            "" => resource.clone(),
            group => format!("{resource}.{group}"),
        };
        Asked {
            resource,
            qualified,
            verb: self.verb.clone(),
        }
    }
}

/// The answer to a request for what is forgotten; `None` for one that asks for what is there now.
pub(super) fn too_old(
    server: &Server,
    ask: &Ask,
    watch: bool,
) -> Option<Result<Response, Refusal>> {
    let version = ask.query("resourceVersion");
    if watch && !matches!(version, "" | "0") {
        let newest = server.store().rv();
        let words = format!("too old resource version: {version} ({newest})");
        return Some(Ok(watch::expired(&Refusal::expired(words))));
    }
    let page = ask.query("continue");
    (!watch && !page.is_empty()).then(|| Err(list::page_too_old(page)))
}
