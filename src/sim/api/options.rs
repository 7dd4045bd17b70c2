//! The options of a request: which may stand beside which, and what a server says where they may not.

use crate::sim::api::Ask;
use crate::sim::api::list;
use crate::sim::store::Refusal;
use crate::sim::store::Store;

fn forbidden(field: &str, why: &str) -> Refusal {
    let why = format!("Forbidden: {why}");
    Refusal::option("ListOptions", field, "FieldValueForbidden", &why)
}

/// Refuses options that a list does not take.
pub(super) fn list(ask: &Ask, store: &Store) -> Result<(), Refusal> {
    let version = ask.query("resourceVersion");
    let matching = ask.query("resourceVersionMatch");
    let field = "resourceVersionMatch";
    if !ask.query("sendInitialEvents").is_empty() {
        let field = "sendInitialEvents";
        return Err(forbidden(field, "sendInitialEvents is forbidden for list"));
    }
    if !matching.is_empty() {
        if version.is_empty() {
            let why = "resourceVersionMatch is forbidden unless resourceVersion is provided";
            return Err(forbidden(field, why));
        }
        if !ask.query("continue").is_empty() {
            let why = "resourceVersionMatch is forbidden when continue is provided";
            return Err(forbidden(field, why));
        }
        if !matches!(matching, "Exact" | "NotOlderThan") {
            let why = format!(
                "Unsupported value: \"{matching}\": supported values: \"Exact\", \"NotOlderThan\", \"\""
            );
            let reason = "FieldValueNotSupported";
            return Err(Refusal::option("ListOptions", field, reason, &why));
        }
        if matching == "Exact" && version == "0" {
            let why = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
            return Err(forbidden(field, why));
        }
    }
    if !matches!(version, "" | "0") && !ask.query("continue").is_empty() {
        let why = "specifying resource version is not allowed when using continue";
        return Err(Refusal::bad_request(why));
    }
    reached(ask, store)
}

/// Refuses a resourceVersion that the server has not reached; a real one waits for three seconds first.
pub(super) fn reached(ask: &Ask, store: &Store) -> Result<(), Refusal> {
    let version = ask.query("resourceVersion");
    let wanted = match version {
        "" => 0,
        text => text.parse::<u64>().map_err(|_| {
            let why = list::unreadable("ParseUint", text);
            let field = "invalid resource version: resourceVersion";
            Refusal::bad_request(format!("{field}: Invalid value: \"{text}\": {why}"))
        })?,
    };
    let newest = store.rv();
    if wanted > newest {
        return Err(Refusal::too_new(wanted, newest));
    }
    Ok(())
}

/// Refuses options that a watch does not take.
pub(super) fn watch(ask: &Ask) -> Result<(), Refusal> {
    let initial = ask.query("sendInitialEvents");
    let matching = ask.query("resourceVersionMatch");
    let field = "resourceVersionMatch";
    if initial.is_empty() && !matching.is_empty() {
        let why =
            "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
        return Err(unsupported(forbidden(field, why), matching));
    }
    if !initial.is_empty() && matching != "NotOlderThan" {
        let why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
        return Err(unsupported(forbidden(field, why), matching));
    }
    Ok(())
}

/// A refusal that goes on with what a watch knows no meaning of.
fn unsupported(refusal: Refusal, matching: &str) -> Refusal {
    if matches!(matching, "" | "NotOlderThan") {
        return refusal;
    }
    let also = format!("Unsupported value: \"{matching}\": supported values: \"NotOlderThan\"");
    refusal.also("resourceVersionMatch", "FieldValueNotSupported", &also)
}

/// True when a write asks to be refused for a field that the kind does not have; `None` when it does not want to know.
pub(super) fn strict(ask: &Ask) -> Result<Option<bool>, Refusal> {
    let options = match ask.method.as_str() {
        "POST" => "CreateOptions",
        "PUT" => "UpdateOptions",
        _ => "PatchOptions",
    };
    match ask.query("fieldValidation") {
        "Ignore" => Ok(None),
        "" | "Warn" => Ok(Some(false)),
        "Strict" => Ok(Some(true)),
        other => {
            let why = format!(
                "Unsupported value: \"{other}\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\""
            );
            let (field, reason) = ("fieldValidation", "FieldValueNotSupported");
            Err(Refusal::option(options, field, reason, &why))
        }
    }
}
