//! Bodies: objects and patches as clients send them, in JSON, YAML or protobuf.

use http::header::CONTENT_TYPE;
use serde_json::Value;

use crate::sim::api::Ask;
use crate::sim::api::protobuf;
use crate::sim::api::types;
use crate::sim::store::Refusal;
use crate::sim::store::Resource;

/// The media types of objects in bodies.
const READ: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

/// The body's bare media type; empty when the client sends none.
pub(super) fn media(ask: &Ask) -> &str {
    let kind = ask.headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
    kind.and_then(|kind| kind.split(';').next())
        .unwrap_or("")
        .trim()
}

/// The body as an object, from JSON or YAML.
pub(super) fn read(ask: &Ask) -> Result<Value, Refusal> {
    let read = match media(ask) {
        "" | "application/json" => json(ask),
        "application/yaml" => yaml(ask),
        protobuf::MEDIA => {
            protobuf::read(&ask.body).ok_or_else(|| Refusal::unsupported_media(READ))
        }
        _ => Err(Refusal::unsupported_media(READ)),
    }?;
    match read {
        Value::Object(_) => Ok(read),
        // Go reads nothing into an object, and leaves it empty.
        Value::Null => Ok(Value::Object(serde_json::Map::new())),
        other => Err(Refusal::bad_request(unshaped(&other))),
    }
}

/// What Go says of what is no object, where it reads the version and the kind first.
fn unshaped(read: &Value) -> String {
    let got = types::shape(read);
    format!(
        "couldn't get version/kind; json parse error: json: cannot unmarshal {got} into Go value of type struct {{ APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }}"
    )
}

/// The bytes of what is no object as a real server repeats them: the first thirty.
fn repeated(sent: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut hex = String::new();
    for byte in sent.iter().take(30) {
        // Writing into a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    if sent.len() > 30 {
        hex.push_str(" ...");
    }
    hex
}

fn json(ask: &Ask) -> Result<Value, Refusal> {
    serde_json::from_slice(&ask.body)
        .map_err(|error| Refusal::bad_request(unread(&error, &ask.body)))
}

pub(super) fn patch(ask: &Ask) -> Result<Value, Refusal> {
    serde_json::from_slice(&ask.body).map_err(|error| {
        let why = unread(&error, &ask.body);
        Refusal::bad_request(format!("error decoding patch: {why}"))
    })
}

/// The body as an object of a kind, which is named where the body cannot be read.
pub(super) fn object(ask: &Ask, res: &Resource) -> Result<Value, Refusal> {
    let json = matches!(media(ask), "" | "application/json");
    match serde_json::from_slice::<Value>(&ask.body) {
        Err(error) if json => {
            let sent = match String::from_utf8_lossy(&ask.body) {
                nothing if nothing.is_empty() => "<empty>".into(),
                sent => sent,
            };
            Err(Refusal::bad_request(format!(
                "the object provided is unrecognized (must be of type {}): couldn't get version/kind; json parse error: {} ({sent})",
                res.kind,
                unread(&error, &ask.body)
            )))
        }
        Ok(other) if json && !other.is_object() && !other.is_null() => {
            Err(Refusal::bad_request(format!(
                "the object provided is unrecognized (must be of type {}): {} ({})",
                res.kind,
                unshaped(&other),
                repeated(&ask.body)
            )))
        }
        _ => read(ask),
    }
}

/// Why JSON could not be read, in the words of Go's reader.
fn unread(error: &serde_json::Error, sent: &[u8]) -> String {
    if error.is_eof() {
        return "unexpected end of JSON input".to_owned();
    }
    let at = error.column().saturating_sub(1);
    let line = sent
        .split(|byte| *byte == b'\n')
        .nth(error.line().saturating_sub(1));
    let letter = line
        .and_then(|line| line.get(at))
        .copied()
        .map_or(' ', char::from);
    format!("invalid character '{letter}' looking for beginning of value")
}

pub(super) fn yaml(ask: &Ask) -> Result<Value, Refusal> {
    let text = std::str::from_utf8(&ask.body).unwrap_or_default();
    serde_saphyr::from_str(text)
        .map_err(|error| Refusal::bad_request(format!("error converting YAML to JSON: {error}")))
}
