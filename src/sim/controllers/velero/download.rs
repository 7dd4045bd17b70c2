//! The object store's own door: signed addresses over plain HTTP on loopback.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;

use super::vault::{NoFile, Vault};

/// Serves the files of a vault on a free port of 127.0.0.1, for as long as it is awaited.
///
/// Without a port it returns at once; download requests then wait for ever, as they do when a
/// real server cannot sign.
pub(in crate::sim::controllers) async fn serve(vault: Vault) {
    let Ok(listener) = TcpListener::bind(("127.0.0.1", 0)).await else {
        return;
    };
    let Ok(address) = listener.local_addr() else {
        return;
    };
    vault.open_at(format!("http://{address}"));
    let router = Router::new().fallback(get_file).with_state(vault);
    // It ends with the process: an error here has nobody to be told.
    let _ = axum::serve(listener, router).await;
}

async fn get_file(
    State(vault): State<Vault>,
    uri: Uri,
    query: Query<BTreeMap<String, String>>,
) -> Response {
    let signature = query.get("X-Amz-Signature").map_or("", String::as_str);
    match vault.file(uri.path(), signature) {
        Ok(body) => ([(header::CONTENT_TYPE, "application/gzip")], body).into_response(),
        Err(why) => {
            let words = match why {
                NoFile::Expired => "Request has expired",
                NoFile::Unsigned => "Access Denied.",
            };
            let body = format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AccessDenied</Code>\
                 <Message>{words}</Message></Error>"
            );
            let kind = [(header::CONTENT_TYPE, "application/xml")];
            (StatusCode::FORBIDDEN, kind, body).into_response()
        }
    }
}
