//! Objects of one kind in one cluster, by namespace and name, in one order that never moves.

use std::collections::BTreeMap;

use super::fact::Delta;
use super::kinds::Kind;
use crate::text::SafeText;

/// Objects of one kind; at most one for each namespace and name.
#[derive(Clone, Debug, PartialEq)]
pub struct Table<K> {
    rows: BTreeMap<(SafeText, SafeText), K>,
    gaps: usize,
}

impl<K> Default for Table<K> {
    fn default() -> Table<K> {
        Table {
            rows: BTreeMap::new(),
            gaps: 0,
        }
    }
}

impl<K: Kind> Table<K> {
    /// Makes a table of some objects.
    pub fn of(objects: impl IntoIterator<Item = K>) -> Table<K> {
        let mut table = Table::default();
        table.fold(Delta::Swap(objects.into_iter().collect()));
        table
    }

    /// The object of that uid.
    pub fn get(&self, uid: &str) -> Option<&K> {
        self.rows
            .values()
            .find(|row| row.meta().uid.as_str() == uid)
    }

    /// The object of that name; the namespace is empty for cluster-scoped kinds.
    pub fn by_name(&self, namespace: &str, name: &str) -> Option<&K> {
        self.rows
            .get(&(SafeText::new(namespace), SafeText::new(name)))
    }

    /// Every object, by namespace, then name.
    pub fn iter(&self) -> impl Iterator<Item = &K> {
        self.rows.values()
    }

    /// Every object of one namespace, by name.
    pub fn within(&self, namespace: &str) -> impl Iterator<Item = &K> {
        let namespace = SafeText::new(namespace);
        let from = (namespace.clone(), SafeText::default());
        self.rows
            .range(from..)
            .take_while(move |((at, _), _)| *at == namespace)
            .map(|(_, row)| row)
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many objects of the last list could not be understood (they have no uid) and are not judged.
    pub fn gaps(&self) -> usize {
        self.gaps
    }

    pub(super) fn fold(&mut self, delta: Delta<K>) {
        match delta {
            Delta::Swap(objects) => {
                let all = objects.len();
                self.rows = objects.into_iter().filter(known).map(keyed).collect();
                self.gaps = all - self.rows.len();
            }
            Delta::Apply(objects) => self
                .rows
                .extend(objects.into_iter().filter(known).map(keyed)),
            Delta::Delete(objects) => {
                for object in objects {
                    let (key, object) = keyed(object);
                    if self
                        .rows
                        .get(&key)
                        .is_some_and(|row| row.meta().uid == object.meta().uid)
                    {
                        self.rows.remove(&key);
                    }
                }
            }
        }
    }
}

fn known<K: Kind>(object: &K) -> bool {
    !object.meta().uid.is_empty() && !object.meta().name.is_empty()
}

fn keyed<K: Kind>(object: K) -> ((SafeText, SafeText), K) {
    (
        (object.meta().namespace.clone(), object.meta().name.clone()),
        object,
    )
}
