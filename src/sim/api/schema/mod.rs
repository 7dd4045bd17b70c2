//! The schemas of the custom kinds: what an object may hold, what is left out, and what it starts with.
//!
//! `kinds/*.txt` are the schemas, one file a kind; `read` reads them, `fit` prunes and fills in, `check` refuses. A new
//! custom kind is a new file there, and a line in `read`. Built-in kinds have their rules in `validate`.

mod check;
mod fit;
mod read;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::sim::api::schema::check::Fault;
use crate::sim::store::Refusal;
use crate::sim::store::Resource;
use crate::sim::store::meta;

/// The schemas of the custom kinds.
#[derive(Debug)]
pub(super) struct Schemas {
    kinds: BTreeMap<&'static str, Value>,
}

impl Schemas {
    /// Reads them.
    pub(super) fn read() -> Schemas {
        Schemas { kinds: read::all() }
    }

    /// The schema of a kind as its definition holds it; `None` for built-in kinds.
    pub(super) fn of(&self, res: &Resource) -> Option<&Value> {
        self.kinds.get(res.plural).filter(|_| res.custom)
    }

    /// Takes out what the kind does not have, and names it in order.
    pub(super) fn prune(&self, res: &Resource, object: &mut Value) -> Vec<String> {
        let mut unknown = Vec::new();
        if let Some(schema) = self.of(res) {
            fit::prune(schema, object, "", &mut unknown);
        }
        unknown.sort();
        unknown
    }

    /// Gives an object what its kind starts with, and drops nulls that mean nothing.
    pub(super) fn complete(&self, res: &Resource, object: &mut Value) {
        if let Some(schema) = self.of(res) {
            fit::complete(schema, object);
        }
    }

    /// Refuses an object that does not fit its schema. What was wrong in `before` already may stay; `sub` is the
    /// subresource that was written.
    pub(super) fn check(
        &self,
        res: &Resource,
        sub: &str,
        before: &Value,
        object: &Value,
    ) -> Result<(), Refusal> {
        let Some(schema) = self.of(res) else {
            return Ok(());
        };
        let old = check::faults(schema, before, sub);
        let mut faults = check::faults(schema, object, sub);
        faults.retain(|fault| !old.contains(fault));
        refuse(res, object, faults)
    }

    /// Refuses what is applied when it holds a field or a type that the schema does not.
    pub(super) fn check_applied(&self, res: &Resource, applied: &Value) -> Result<(), Refusal> {
        let Some(schema) = self.of(res) else {
            return Ok(());
        };
        untyped(res, applied, &check::untyped(schema, applied))
    }
}

fn refuse(res: &Resource, object: &Value, faults: Vec<Fault>) -> Result<(), Refusal> {
    let name = meta::name(object);
    let mut faults = faults.into_iter();
    let Some(Fault { field, reason, why }) = faults.next() else {
        return Ok(());
    };
    let first = Refusal::invalid(res, name, &field, reason, &why);
    Err(faults.fold(first, |refusal, fault| {
        refusal.also(&fault.field, fault.reason, &fault.why)
    }))
}

/// 500: what is applied does not have the types of its kind, as the library that merges it says.
pub(super) fn untyped(res: &Resource, applied: &Value, told: &[String]) -> Result<(), Refusal> {
    let why = match told {
        [] => return Ok(()),
        [one] => one.clone(),
        many => format!("errors:\n  {}", many.join("\n  ")),
    };
    let version = res.api_version();
    let version = if res.group.is_empty() {
        format!("/{version}")
    } else {
        version
    };
    let (ns, name) = (meta::namespace(applied), meta::name(applied));
    let kind = res.kind;
    let message =
        format!("failed to create typed patch object ({ns}/{name}; {version}, Kind={kind}): {why}");
    Err(Refusal::new(500, "", message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::store::resources::{ALL, CONFIGMAPS, RESTORES};
    use serde_json::json;

    #[test]
    fn every_custom_kind_has_a_schema_and_no_other() {
        let schemas = Schemas::read();
        for res in ALL {
            assert_eq!(schemas.of(res).is_some(), res.custom, "{}", res.plural);
        }
    }

    #[test]
    fn what_was_wrong_before_may_stay() {
        let schemas = Schemas::read();
        let wrong = json!({"metadata": {"name": "r"}, "spec": {"backupName": 7}});
        let refused = schemas.check(&RESTORES, "", &Value::Null, &wrong);
        let refused = refused.unwrap_err();
        assert_eq!(refused.code, 422);
        assert_eq!(
            refused.message,
            "Restore.velero.io \"r\" is invalid: spec.backupName: Invalid value: \"integer\": spec.backupName in body must be of type string: \"integer\""
        );
        let mut more = wrong.clone();
        more["status"] = json!({"phase": "New"});
        assert!(schemas.check(&RESTORES, "", &wrong, &more).is_ok());
        assert!(schemas.check(&CONFIGMAPS, "", &Value::Null, &more).is_ok());
    }
}
