//! In which shape an answer is wanted: whole objects, metadata only, or a table.

use std::io::Write;

use axum::body::Body;
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::HeaderMap;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER, VARY, WARNING,
};
use serde_json::{Value, json};

use crate::sim::api::table;
use crate::sim::clock::Clock;
use crate::sim::store::Refusal;
use crate::sim::store::Resource;
use crate::sim::store::meta;
use crate::sim::store::resources;

/// A real server compresses answers from this size on, in bytes.
const GZIP_FROM: usize = 128 * 1024;

/// The shape of objects in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// The object as it is.
    Whole,
    /// `PartialObjectMetadata`.
    Metadata,
    /// A `Table` whose rows carry the object as told.
    Table(Rows),
}

/// What a table's rows carry besides their cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    /// Nothing.
    Bare,
    /// The object's metadata.
    Metadata,
    /// The whole object.
    Whole,
}

impl Shape {
    /// Reads the Accept header and `includeObject`; 406 when nothing wanted can be given.
    pub(super) fn wanted(headers: &HeaderMap, include: &str) -> Result<Shape, Refusal> {
        let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
        let Some(accept) = accept.filter(|accept| !accept.trim().is_empty()) else {
            return Ok(Shape::Whole);
        };
        let rows = match include {
            "None" => Rows::Bare,
            "Object" => Rows::Whole,
            _ => Rows::Metadata,
        };
        for range in accept.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let kind = parts.next().unwrap_or("");
            if !matches!(kind, "application/json" | "application/*" | "*/*") {
                continue;
            }
            let parts: Vec<&str> = parts.collect();
            let of = |key: &str| parts.iter().find_map(|part| part.strip_prefix(key));
            let known = of("g=") == Some("meta.k8s.io") && of("v=") == Some("v1");
            match of("as=") {
                None => return Ok(Shape::Whole),
                Some("Table") if known => return Ok(Shape::Table(rows)),
                Some("PartialObjectMetadata" | "PartialObjectMetadataList") if known => {
                    return Ok(Shape::Metadata);
                }
                Some(_) => {}
            }
        }
        if accept.contains("as=") {
            let why = "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf";
            return Err(Refusal::new(406, "NotAcceptable", why));
        }
        let mut refusal = Refusal::new(
            406,
            "NotAcceptable",
            "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf, application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch",
        );
        refusal.details = json!({});
        Err(refusal)
    }

    /// One object in this shape; `first` is false for later events of a watch.
    pub(super) fn one(self, res: &Resource, object: &Value, clock: &Clock, first: bool) -> Value {
        match self {
            Shape::Whole => object.clone(),
            Shape::Metadata => metadata_of(object),
            Shape::Table(rows) => {
                let mut whole = table::head(res, first);
                whole["metadata"] =
                    json!({ "resourceVersion": object["metadata"]["resourceVersion"] });
                whole["rows"] = json!([row(res, object, rows, clock)]);
                whole
            }
        }
    }
}

/// The object's metadata as `PartialObjectMetadata`.
pub(super) fn metadata_of(object: &Value) -> Value {
    json!({
        "apiVersion": "meta.k8s.io/v1",
        "kind": "PartialObjectMetadata",
        "metadata": object["metadata"],
    })
}

/// One row of a table.
pub(super) fn row(res: &Resource, object: &Value, rows: Rows, clock: &Clock) -> Value {
    let mut row = json!({ "cells": table::cells(res, object, clock.now()) });
    match rows {
        Rows::Bare => row["object"] = Value::Null,
        Rows::Metadata => row["object"] = metadata_of(object),
        Rows::Whole => row["object"] = object.clone(),
    }
    let phase = meta::text(object, "/status/phase");
    let pod = std::ptr::eq(res, &raw const resources::PODS);
    if pod && matches!(phase, "Failed" | "Succeeded") {
        let message = if phase == "Failed" {
            "The pod failed."
        } else {
            "The pod completed successfully."
        };
        row["conditions"] = json!([
            { "type": "Completed", "status": "True", "reason": phase, "message": message }
        ]);
    }
    row
}

/// The answer to a refused request.
pub(super) fn refused(refusal: &Refusal) -> Response {
    let response = json(refusal.code, &refusal.status());
    let mut response = warned(response, &refusal.warnings);
    if let Some(seconds) = refusal.details.get("retryAfterSeconds") {
        let seconds = http::HeaderValue::from_str(&seconds.to_string());
        let headers = response.headers_mut();
        if let Ok(seconds) = seconds {
            headers.insert(RETRY_AFTER, seconds);
        }
    }
    response
}

/// An answer with the warnings a client shows to its user.
pub(super) fn warned(mut response: Response, warnings: &[String]) -> Response {
    for warning in warnings {
        let quoted = warning.replace('\\', "\\\\").replace('"', "\\\"");
        let header = http::HeaderValue::from_str(&format!("299 - \"{quoted}\""));
        let headers = response.headers_mut();
        if let Ok(header) = header {
            headers.append(WARNING, header);
        }
    }
    response
}

/// A JSON answer.
pub(super) fn json(code: u16, value: &Value) -> Response {
    bytes(code, value.to_string().into_bytes())
}

/// An answer of ready JSON bytes.
pub(super) fn bytes(code: u16, body: Vec<u8>) -> Response {
    typed(code, "application/json", Body::from(body))
}

/// An answer of any type.
pub(super) fn typed(code: u16, kind: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() =
        http::StatusCode::from_u16(code).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    let kind = http::HeaderValue::from_static(kind);
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// A JSON answer that is compressed when it is large and the client reads gzip.
pub(super) fn compressed(headers: &HeaderMap, body: Vec<u8>) -> Response {
    let reads = headers
        .get(ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.split(',').any(|v| v.trim().starts_with("gzip")));
    if !reads || body.len() < GZIP_FROM {
        return bytes(200, body);
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let Ok(small) = encoder.write_all(&body).and_then(|()| encoder.finish()) else {
        return bytes(200, body);
    };
    let mut response = bytes(200, small);
    let headers = response.headers_mut();
    headers.insert(CONTENT_ENCODING, http::HeaderValue::from_static("gzip"));
    headers.insert(VARY, http::HeaderValue::from_static("Accept-Encoding"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(accept: &str) -> Result<Shape, Refusal> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, accept.parse().unwrap());
        Shape::wanted(&headers, "")
    }

    #[test]
    fn the_first_shape_the_server_can_give_wins() {
        let kubectl = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
        assert_eq!(shape(kubectl).unwrap(), Shape::Table(Rows::Metadata));
        let old = "application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
        assert_eq!(shape(old).unwrap(), Shape::Whole);
        let meta = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
        assert_eq!(shape(meta).unwrap(), Shape::Metadata);
        assert_eq!(
            shape("application/vnd.kubernetes.protobuf")
                .unwrap_err()
                .code,
            406
        );
        assert_eq!(
            shape("application/vnd.kubernetes.protobuf, */*").unwrap(),
            Shape::Whole
        );
    }

    #[test]
    fn only_large_answers_are_compressed() {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, "gzip".parse().unwrap());
        let encoded = |size: usize, headers: &HeaderMap| {
            let response = compressed(headers, vec![b' '; size]);
            response.headers().contains_key(CONTENT_ENCODING)
        };
        assert!(encoded(GZIP_FROM, &headers));
        assert!(!encoded(GZIP_FROM - 1, &headers));
        assert!(!encoded(GZIP_FROM, &HeaderMap::new()));
    }
}
