//! Why a request was refused, as Kubernetes says it: a `Status` object.

use serde_json::{Value, json};

use crate::sim::store::Resource;

/// A refused request; it renders as a `Status` object with the code a real server would use.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// The HTTP status code.
    pub code: u16,
    /// The machine-readable reason (`NotFound`); empty where a real server gives none.
    pub reason: &'static str,
    /// The sentence a real server would write.
    pub message: String,
    /// `details` of the status: name, group, kind, causes; null when there are none.
    pub details: Value,
    /// What a client shows to its user besides.
    pub warnings: Vec<String>,
    /// The token that a list may go on with all the same; empty when there is none.
    pub goes_on: Box<str>,
}

impl Refusal {
    /// A refusal without details.
    pub fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Refusal {
        Refusal {
            code,
            reason,
            message: message.into(),
            details: Value::Null,
            warnings: Vec::new(),
            goes_on: Box::default(),
        }
    }

    fn about(mut self, res: &Resource, name: &str) -> Refusal {
        self.details = json!({ "kind": res.plural });
        if !name.is_empty() {
            self.details["name"] = name.into();
        }
        if !res.group.is_empty() {
            self.details["group"] = res.group.into();
        }
        self
    }

    /// 404: no such object.
    pub fn not_found(res: &Resource, name: &str) -> Refusal {
        let message = format!("{} \"{name}\" not found", res.qualified());
        Refusal::new(404, "NotFound", message).about(res, name)
    }

    /// 404: no such path.
    pub fn no_such_path() -> Refusal {
        let mut refusal = Refusal::new(
            404,
            "NotFound",
            "the server could not find the requested resource",
        );
        refusal.details = json!({});
        refusal
    }

    /// 409: the name is taken.
    pub fn already_exists(res: &Resource, name: &str) -> Refusal {
        let message = format!("{} \"{name}\" already exists", res.qualified());
        Refusal::new(409, "AlreadyExists", message).about(res, name)
    }

    /// 409: someone else wrote first, or a precondition does not hold.
    pub fn conflict(res: &Resource, name: &str, why: &str) -> Refusal {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{name}\": {why}",
            res.qualified()
        );
        Refusal::new(409, "Conflict", message).about(res, name)
    }

    /// 409: the resourceVersion given is not the newest.
    pub fn stale(res: &Resource, name: &str) -> Refusal {
        Refusal::conflict(
            res,
            name,
            "the object has been modified; please apply your changes to the latest version and try again",
        )
    }

    /// 403 with a sentence of its own.
    pub fn forbidden(res: &Resource, name: &str, why: &str) -> Refusal {
        let quoted = if name.is_empty() {
            String::new()
        } else {
            format!(" \"{name}\"")
        };
        let message = format!("{}{quoted} is forbidden: {why}", res.qualified());
        Refusal::new(403, "Forbidden", message).about(res, name)
    }

    /// 400: the request makes no sense.
    pub fn bad_request(message: impl Into<String>) -> Refusal {
        Refusal::new(400, "BadRequest", message)
    }

    /// 410: the resourceVersion or continue token is too old.
    pub fn expired(message: impl Into<String>) -> Refusal {
        Refusal::new(410, "Expired", message)
    }

    /// 504: the server has not reached the resourceVersion asked for.
    pub fn too_new(wanted: u64, newest: u64) -> Refusal {
        let message = format!("Timeout: Too large resource version: {wanted}, current: {newest}");
        let mut refusal = Refusal::new(504, "Timeout", message);
        let cause = "ResourceVersionTooLarge";
        refusal.details = json!({
            "causes": [{ "reason": cause, "message": "Too large resource version" }],
            "retryAfterSeconds": 1,
        });
        refusal
    }

    /// 422: the object breaks a rule; `field` and `why` become the cause.
    pub fn invalid(res: &Resource, name: &str, field: &str, reason: &str, why: &str) -> Refusal {
        let group = if res.group.is_empty() {
            String::new()
        } else {
            format!(".{}", res.group)
        };
        let message = format!("{}{group} \"{name}\" is invalid: {field}: {why}", res.kind);
        let mut refusal = Refusal::new(422, "Invalid", message).about(res, name);
        refusal.details["kind"] = res.kind.into();
        refusal.details["causes"] = json!([{ "reason": reason, "message": why, "field": field }]);
        refusal
    }

    /// 409: a precondition of a deletion does not hold.
    pub fn precondition(res: &Resource, name: &str, why: &str) -> Refusal {
        let group = if res.group.is_empty() {
            String::new()
        } else {
            format!(".{}", res.group)
        };
        let message = format!(
            "Operation cannot be fulfilled on {}{group} \"{name}\": {why}",
            res.kind
        );
        let mut refusal = Refusal::new(409, "Conflict", message).about(res, name);
        refusal.details["kind"] = res.kind.into();
        refusal
    }

    /// The same refusal with one more cause; its message lists both.
    #[must_use]
    pub fn also(mut self, field: &str, reason: &str, why: &str) -> Refusal {
        if let Some((start, first)) = self.message.split_once(" is invalid: ") {
            let first = first.trim_start_matches('[').trim_end_matches(']');
            self.message = format!("{start} is invalid: [{first}, {field}: {why}]");
        }
        if let Some(causes) = self.details["causes"].as_array_mut() {
            causes.push(json!({ "reason": reason, "message": why, "field": field }));
        }
        self
    }

    /// 422: an option of the request is not what it may be; `options` is their kind.
    pub fn option(options: &str, field: &str, reason: &str, why: &str) -> Refusal {
        let message = format!("{options}.meta.k8s.io \"\" is invalid: {field}: {why}");
        let mut refusal = Refusal::new(422, "Invalid", message);
        refusal.details = json!({
            "group": "meta.k8s.io",
            "kind": options,
            "causes": [{ "reason": reason, "message": why, "field": field }],
        });
        refusal
    }

    /// 405: the path does not take this method.
    pub fn method_not_allowed() -> Refusal {
        let mut refusal = Refusal::new(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        );
        refusal.details = json!({});
        refusal
    }

    /// 415: the body is of a type the server does not read.
    pub fn unsupported_media(wanted: &str) -> Refusal {
        Refusal::new(
            415,
            "UnsupportedMediaType",
            format!(
                "the body of the request was in an unknown format - accepted media types include: {wanted}"
            ),
        )
    }

    /// 401: no token, or one nobody knows.
    pub fn unauthorized() -> Refusal {
        Refusal::new(401, "Unauthorized", "Unauthorized")
    }

    /// The `Status` object of this refusal.
    pub fn status(&self) -> Value {
        let mut status = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "code": self.code,
        });
        if !self.goes_on.is_empty() {
            status["metadata"]["continue"] = (*self.goes_on).into();
        }
        if !self.reason.is_empty() {
            status["reason"] = self.reason.into();
        }
        if !self.details.is_null() {
            status["details"] = self.details.clone();
        }
        status
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::store::resources::{BACKUPS, PODS};

    #[test]
    fn sentences_are_those_of_a_real_server() {
        assert_eq!(
            Refusal::not_found(&PODS, "web").message,
            "pods \"web\" not found"
        );
        let conflict = Refusal::already_exists(&BACKUPS, "b1");
        assert_eq!(conflict.message, "backups.velero.io \"b1\" already exists");
        assert_eq!(
            conflict.status()["details"],
            json!({"name": "b1", "group": "velero.io", "kind": "backups"})
        );
    }
}
