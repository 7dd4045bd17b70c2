//! The options of a list: which version is asked for, and which answers a real server refuses to give.

use serde_json::json;

use crate::sim::api::Ask;
use crate::sim::store::Refusal;

/// Which state of the world a list is to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// The newest there is.
    Newest,
    /// That version and no other.
    Exactly(u64),
}

fn refuse(field: &str, reason: &str, why: &str) -> Refusal {
    Refusal::option("ListOptions", field, reason, why)
}

/// Judges `resourceVersion` and `resourceVersionMatch` of a list; `newest` is the newest version.
pub(super) fn version(ask: &Ask, limit: usize, newest: u64) -> Result<At, Refusal> {
    let (version, rule) = (
        ask.query("resourceVersion"),
        ask.query("resourceVersionMatch"),
    );
    let field = "resourceVersionMatch";
    let forbid = |why: &str| Err(refuse(field, "FieldValueForbidden", why));
    match (rule, version) {
        ("", _) => {}
        _ if !ask.query("continue").is_empty() => {
            return forbid(
                "Forbidden: resourceVersionMatch is forbidden when continue is provided",
            );
        }
        (_, "") => {
            return forbid(
                "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided",
            );
        }
        ("Exact", "0") => {
            return forbid(
                "Forbidden: resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"",
            );
        }
        ("Exact" | "NotOlderThan", _) => {}
        (other, _) => {
            let why = format!(
                "Unsupported value: \"{other}\": supported values: \"Exact\", \"NotOlderThan\", \"\""
            );
            return Err(refuse(field, "FieldValueNotSupported", &why));
        }
    }
    refuse_future(ask, newest)?;
    let wanted: u64 = version.parse().unwrap_or(0);
    // Pages of a version that is named are pages of that version, whether or not the client says so.
    let exact = rule == "Exact" || rule.is_empty() && limit > 0;
    Ok(if exact && wanted > 0 {
        At::Exactly(wanted)
    } else {
        At::Newest
    })
}

/// 504 for a version that does not exist yet.
pub(super) fn refuse_future(ask: &Ask, newest: u64) -> Result<(), Refusal> {
    let wanted = ask.query("resourceVersion").parse().unwrap_or(0);
    if wanted <= newest {
        return Ok(());
    }
    let words = format!("Timeout: Too large resource version: {wanted}, current: {newest}");
    let mut refusal = Refusal::new(504, "Timeout", words);
    refusal.details = json!({
        "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
        "retryAfterSeconds": 1,
    });
    Err(refusal)
}

/// Judges `resourceVersionMatch` of a watch that asks for no initial events.
pub(super) fn refuse_match_of_watch(ask: &Ask) -> Result<(), Refusal> {
    let rule = ask.query("resourceVersionMatch");
    if rule.is_empty() || !ask.query("sendInitialEvents").is_empty() {
        return Ok(());
    }
    let field = "resourceVersionMatch";
    let why = "Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
    let mut refusal = refuse(field, "FieldValueForbidden", why);
    if rule != "NotOlderThan" {
        let other = format!("Unsupported value: \"{rule}\": supported values: \"NotOlderThan\"");
        refusal.message =
            format!("ListOptions.meta.k8s.io \"\" is invalid: [{field}: {why}, {field}: {other}]");
        if let Some(causes) = refusal.details["causes"].as_array_mut() {
            causes.push(
                json!({"reason": "FieldValueNotSupported", "message": other, "field": field}),
            );
        }
    }
    Err(refusal)
}
