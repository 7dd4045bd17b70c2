//! The role that `rbac emit` prints: enough for the run, and no more.

use crate::bed::Bed;
use crate::estate::Estate;
use crate::records;

/// What the role must not give, as `kubectl auth can-i` asks it.
const NEVER: [&[&str]; 12] = [
    &["get", "secrets", "--all-namespaces"],
    &["watch", "secrets", "--all-namespaces"],
    &["create", "secrets", "--all-namespaces"],
    &["create", "pods", "--all-namespaces"],
    &["create", "pods", "--subresource=exec", "--all-namespaces"],
    &["get", "pods", "--subresource=log", "--all-namespaces"],
    &["patch", "deployments.apps", "--all-namespaces"],
    &["delete", "namespaces"],
    &["delete", "backups.velero.io", "--all-namespaces"],
    &["create", "clusterrolebindings.rbac.authorization.k8s.io"],
    &["impersonate", "users"],
    &["*", "*", "--all-namespaces"],
];

/// kubectl, with alice's certificate, is told no.
pub(crate) fn the_emitted_role_is_not_too_much(bed: &Bed) {
    for question in NEVER {
        let mut args = vec!["auth", "can-i"];
        args.extend(question);
        let (yes, said) = bed.kubectl("alice_kubeconfig", &args, "");
        assert!(!yes && said.starts_with("no"), "{question:?}: {said}");
    }
    for may in [
        ["create", "restores.velero.io", "--namespace=velero"],
        ["list", "secrets", "--all-namespaces"],
    ] {
        let args = [&["auth", "can-i"][..], &may[..]].concat();
        let (yes, said) = bed.kubectl("alice_kubeconfig", &args, "");
        assert!(yes, "{may:?}: {said}");
    }
}

/// Nothing that the console asked for was forbidden.
pub(crate) fn the_emitted_role_was_enough(bed: &Bed) {
    let all = records::of_alice(bed.audit_log());
    assert!(!all.is_empty(), "alice asked for something");
    for event in all {
        assert_ne!(records::code(&event), 403, "{event:#}");
    }
}
