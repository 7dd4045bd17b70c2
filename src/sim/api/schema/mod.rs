//! The schemas of the custom kinds: what an object may hold, what is left out, and what it starts with.
//!
//! `kinds/*.txt` are the schemas, one file a kind; `read` reads them, `fit` prunes and fills in, `check` refuses. A new
//! custom kind is a new file there, and a line in `read`. Built-in kinds have their rules in `validate`.

mod check;
mod fit;
mod read;

use std::collections::BTreeMap;

use serde_json::{Value, json};

pub(super) use crate::sim::api::schema::check::Fault;
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
        refuse(res, object, &faults)
    }

    /// Refuses what is applied when it holds a field or a type that the schema does not.
    pub(super) fn check_applied(&self, res: &Resource, applied: &Value) -> Result<(), Refusal> {
        let Some(schema) = self.of(res) else {
            return Ok(());
        };
        untyped(res, applied, &check::untyped(schema, applied))
    }
}

/// Refuses an object for what is wrong with it, if anything is.
pub(super) fn refuse(res: &Resource, object: &Value, faults: &[Fault]) -> Result<(), Refusal> {
    let name = meta::name(object);
    // The sentence says once what the causes may say more often.
    let mut told: Vec<&Fault> = Vec::new();
    for fault in faults {
        if !told.contains(&fault) {
            told.push(fault);
        }
    }
    let mut told = told.into_iter();
    let Some(first) = told.next() else {
        return Ok(());
    };
    let first = Refusal::invalid(res, name, &first.field, first.reason, &first.why);
    let mut refusal = told.fold(first, |refusal, fault| {
        refusal.also(&fault.field, fault.reason, &fault.why)
    });
    let causes = faults
        .iter()
        .map(|fault| json!({ "reason": fault.reason, "message": fault.why, "field": fault.field }));
    refusal.details["causes"] = causes.collect();
    Err(refusal)
}

/// 500: what is applied does not have the types of its kind, as the library that merges it says.
pub(super) fn untyped(res: &Resource, applied: &Value, told: &[String]) -> Result<(), Refusal> {
    let why = match told {
        [] => return Ok(()),
        // A real server stops at the first it meets.
        [first, ..] => first,
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
    use crate::sim::Cluster;
    use crate::sim::clock::Clock;
    use crate::sim::controllers::Controllers;
    use crate::sim::seed;
    use crate::sim::store::resources::{ALL, CONFIGMAPS, RESTORES};

    #[test]
    fn every_custom_kind_has_a_schema_and_no_other() {
        let schemas = Schemas::read();
        for res in ALL {
            assert_eq!(schemas.of(res).is_some(), res.custom, "{}", res.plural);
        }
    }

    #[test]
    fn what_the_estate_begins_with_and_its_controllers_make_fits() {
        let schemas = Schemas::read();
        let mut wrong = Vec::new();
        for name in ["sth-prod", "aws-prod", "lab-1"] {
            let start = "2026-08-15T04:53:17Z".parse().unwrap();
            let cluster = Cluster::new(name, &Clock::manual(start), 7).unwrap();
            seed::fill(&cluster).unwrap();
            let mut controllers = Controllers::new(cluster.clone());
            for _ in 0..200 {
                controllers.pass();
                cluster.clock.advance(std::time::Duration::from_secs(5));
            }
            for res in ALL.iter().filter(|res| res.custom) {
                for object in cluster.store.list(res, None).0 {
                    let mut pruned = Value::clone(&object);
                    let unknown = schemas.prune(res, &mut pruned);
                    let refused = schemas.check(res, "", &Value::Null, &object).err();
                    if !unknown.is_empty() || refused.is_some() {
                        wrong.push(format!(
                            "{name} {}: {unknown:?} {refused:?}",
                            meta::name(&object)
                        ));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
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
