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

/// Kinds that controllers make anew, or that Velero itself leaves out of every backup, so that nothing is lost.
/// Pods are not among them: a file backup's data comes back only with its pod.
fn harmless(kind: &str) -> bool {
    let plural = kind.split('.').next().unwrap_or_default();
    matches!(
        plural,
        "events"
            | "volumesnapshots"
            | "volumesnapshotcontents"
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
        let velero = Scope {
            excluded_resources: vec![SafeText::new("events.events.k8s.io")],
            excluded_namespace_scoped_resources: vec![SafeText::new(
                "volumesnapshots.snapshot.storage.k8s.io",
            )],
            ..Scope::default()
        };
        assert_eq!(
            included(&velero, "emr"),
            Included::Yes,
            "what Velero 1.18 itself adds"
        );
    }
}
