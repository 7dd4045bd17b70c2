//! Bodies: objects and patches as clients send them, in JSON, YAML or protobuf.

use http::header::CONTENT_TYPE;
use serde_json::Value;

use crate::sim::api::Ask;
use crate::sim::api::protobuf;
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
    if read.is_object() {
        return Ok(read);
    }
    let got = match read {
        Value::Array(_) => "array",
        Value::String(_) => "string",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        _ => "null",
    };
    // Where Go reads the version and the kind first.
    let why = format!(
        "couldn't get version/kind; json parse error: json: cannot unmarshal {got} into Go value of type struct {{ APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }}"
    );
    Err(Refusal::bad_request(why))
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
