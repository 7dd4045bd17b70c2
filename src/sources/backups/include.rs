//! Does a backup hold a namespace? As Velero decides it, as far as its spec tells.

use crate::sources::kinds::backup::Scope;
use crate::text::SafeText;

/// Whether a backup holds a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Included {
    /// All of it.
    Yes,
    /// Not at all.
    No,
    /// Only a part, or it cannot be told; in which way.
    Unknown(SafeText),
}

/// Judges one namespace against what a backup or a schedule holds.
pub fn included(scope: &Scope, namespace: &str) -> Included {
    let named = |names: &[SafeText]| names.iter().any(|name| glob(name.as_str(), namespace));
    if !scope.included_namespaces.is_empty() && !named(&scope.included_namespaces) {
        return Included::No;
    }
    if named(&scope.excluded_namespaces) {
        return Included::No;
    }
    if scope.labelled || scope.labelled_either {
        return Included::Unknown(SafeText::new("only objects with a label are in it"));
    }
    let all = |kinds: &[SafeText]| kinds.is_empty() || kinds.iter().any(|kind| kind == "*");
    if !all(&scope.included_resources) || !all(&scope.included_namespace_scoped_resources) {
        return Included::Unknown(SafeText::new("only some kinds of objects are in it"));
    }
    let left_out = scope
        .excluded_resources
        .iter()
        .chain(&scope.excluded_namespace_scoped_resources);
    match left_out.map(SafeText::as_str).find(|kind| !harmless(kind)) {
        Some(kind) => Included::Unknown(SafeText::from(format!("{kind} are left out of it"))),
        None => Included::Yes,
    }
}

/// Kinds that Velero leaves out of every backup by itself: its own plugin keeps the snapshots of volumes.
const LEFT_OUT_ALWAYS: [&str; 2] = [
    "volumesnapshots.snapshot.storage.k8s.io",
    "volumesnapshotcontents.snapshot.storage.k8s.io",
];

/// Kinds that leaving out loses nothing: controllers make them anew, or Velero writes every backup so.
fn harmless(kind: &str) -> bool {
    if LEFT_OUT_ALWAYS.contains(&kind) {
        return true;
    }
    let plural = kind.split('.').next().unwrap_or_default();
    matches!(
        plural,
        "events"
            | "pods"
            | "replicasets"
            | "endpoints"
            | "endpointslices"
            | "nodes"
            | "leases"
            | "restores"
            | "backups"
    )
}

/// A shell pattern with `*` and `?`, as Velero matches namespaces.
fn glob(pattern: &str, name: &str) -> bool {
    let mut letters = pattern.chars();
    match letters.next() {
        None => name.is_empty(),
        Some('*') => {
            let rest = letters.as_str();
            let ends = name
                .char_indices()
                .map(|(at, _)| at)
                .chain(std::iter::once(name.len()));
            ends.into_iter().any(|at| glob(rest, &name[at..]))
        }
        Some(letter) => {
            let mut name = name.chars();
            name.next()
                .is_some_and(|first| letter == '?' || letter == first)
                && glob(letters.as_str(), name.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(included: &[&str], excluded: &[&str]) -> Scope {
        let texts = |names: &[&str]| names.iter().map(|name| SafeText::new(name)).collect();
        Scope {
            included_namespaces: texts(included),
            excluded_namespaces: texts(excluded),
            ..Scope::default()
        }
    }

    #[test]
    fn namespaces_go_in_as_velero_decides() {
        let table = [
            (scope(&[], &[]), Included::Yes),
            (scope(&["*"], &[]), Included::Yes),
            (scope(&["emr"], &[]), Included::Yes),
            (scope(&["emr-*"], &[]), Included::No),
            (scope(&["e?r", "x"], &[]), Included::Yes),
            (scope(&["*"], &["emr"]), Included::No),
            (scope(&["*"], &["*r"]), Included::No),
            (scope(&["fhir"], &[]), Included::No),
        ];
        for (scope, expected) in table {
            assert_eq!(included(&scope, "emr"), expected, "{scope:?}");
        }
    }

    #[test]
    fn a_part_of_a_namespace_is_never_taken_for_all_of_it() {
        let labelled = Scope {
            labelled: true,
            ..Scope::default()
        };
        let kinds = Scope {
            included_resources: vec![SafeText::new("configmaps")],
            ..Scope::default()
        };
        let without = Scope {
            excluded_resources: vec![SafeText::new("secrets")],
            ..Scope::default()
        };
        for scope in [labelled, kinds, without] {
            assert!(
                matches!(included(&scope, "emr"), Included::Unknown(_)),
                "{scope:?}"
            );
        }
        let events = Scope {
            excluded_resources: vec![SafeText::new("events.events.k8s.io")],
            ..Scope::default()
        };
        assert_eq!(included(&events, "emr"), Included::Yes);
    }

    #[test]
    fn what_velero_leaves_out_of_every_backup_by_itself_is_not_missing() {
        // As Velero 1.18 writes the spec of each backup, with the old filters and with the new ones.
        let always: Vec<SafeText> = LEFT_OUT_ALWAYS
            .iter()
            .map(|kind| SafeText::new(kind))
            .collect();
        let old = Scope {
            excluded_resources: always.clone(),
            ..Scope::default()
        };
        let new = Scope {
            excluded_namespace_scoped_resources: always[..1].to_vec(),
            ..Scope::default()
        };
        for scope in [old, new] {
            assert_eq!(included(&scope, "emr"), Included::Yes, "{scope:?}");
        }
    }
}
