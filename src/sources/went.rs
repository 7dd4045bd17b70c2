//! When namespaces were seen to go, or were missing from the first list.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::fact::Delta;
use super::kinds::namespace::Namespace;
use super::table::Table;
use crate::text::SafeText;

/// When each namespace was seen to go; under the empty name, when the first list was complete.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Went {
    at: BTreeMap<SafeText, Timestamp>,
}

impl Went {
    /// Takes a change of the namespaces in, before it is folded into those that were known.
    pub(super) fn take(
        &mut self,
        delta: &Delta<Namespace>,
        known: &Table<Namespace>,
        at: Timestamp,
    ) {
        match delta {
            Delta::Swap(all) => {
                self.at.entry(SafeText::default()).or_insert(at);
                let stays =
                    |name: &SafeText| all.iter().any(|namespace| namespace.meta.name == *name);
                let old = known.iter().map(|old| old.meta.name.clone());
                let gone: Vec<SafeText> = old.filter(|name| !stays(name)).collect();
                self.at.extend(gone.into_iter().map(|name| (name, at)));
                self.at.retain(|name, _| !stays(name));
            }
            Delta::Apply(some) => some.iter().for_each(|namespace| {
                self.at.remove(&namespace.meta.name);
            }),
            Delta::Delete(some) => {
                let gone = some.iter().map(|namespace| namespace.meta.name.clone());
                self.at.extend(gone.map(|name| (name, at)));
            }
        }
    }

    /// When a namespace was seen to go, or a list was first complete without it.
    pub(super) fn since(&self, namespace: &str) -> Option<Timestamp> {
        let found = self.at.get(&SafeText::new(namespace));
        found.or_else(|| self.at.get(&SafeText::default())).copied()
    }

    /// True when a namespace was seen to go.
    pub(super) fn saw(&self, namespace: &SafeText) -> bool {
        self.at.contains_key(namespace)
    }
}
