//! The role that `rbac emit` prints: enough for the run, and no more.

use crate::bed::Bed;
use crate::console::Console;
use crate::estate::ALICE;
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

/// What the console installs is tried, typed, recorded on both sides, and left alone where it stands.
pub(crate) fn roles_are_installed_by_who_may(bed: &Bed) {
    let viewer = ["--role", "viewer", "--group", "installed"];
    let (code, said) = bed.install(&viewer);
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("create   ClusterRole crashcart-viewer"),
        "{said}"
    );
    assert!(
        said.contains("create   RoleBinding crashcart-viewer in monitoring"),
        "{said}"
    );
    let ids: Vec<&str> = said
        .lines()
        .filter(|line| line.starts_with("  done "))
        .filter_map(|line| Some(line.split_once("Audit-ID ")?.1.trim()))
        .collect();
    assert_eq!(ids.len(), 4, "{said}");
    let audit = std::fs::read_to_string(bed.audit_log()).expect("the audit log");
    let config = bed.configuration_of_the_administrator();
    let console = Console::with(bed, &config, "state-admin");
    let log = console.text(&["log", "show", "-o", "json"]);
    for id in ids {
        assert!(audit.contains(id) && log.contains(id), "{id}");
    }
    assert_eq!(console.ask(&["log", "verify"]).status.code(), Some(0));

    let (code, said) = bed.install(&viewer);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("nothing is to be installed"), "{said}");

    let (code, said) = bed.install(&["--role", "viewer", "--group", "others"]);
    assert_eq!(code, 0, "{said}");
    let change = "change   ClusterRoleBinding crashcart-viewer: subjects";
    assert!(
        said.contains(change) && said.contains("same     ClusterRole "),
        "{said}"
    );
    for (word, group) in [("goes ", "installed"), ("comes", "others")] {
        let line = |line: &str| {
            line.contains(&format!(" {word}  subjects {{"))
                && line.contains(&format!("\"{group}\""))
        };
        assert!(said.lines().any(line), "{group}: {said}");
    }

    what_another_wrote_is_left_to_them(bed);
}

/// kubectl bound the operator's role to alice, and owns that; what it amounts to is said before it is tried.
fn what_another_wrote_is_left_to_them(bed: &Bed) {
    let (code, said) = bed.install(&["--role", "operator", "--group", "others"]);
    assert_eq!(code, 2, "{said}");
    assert!(
        said.contains("conflict") && said.contains("nothing is forced"),
        "{said}"
    );
    let tried = said.find("Each object was tried").expect("a preview");
    for given in [
        "Rights that amount to more than they say:",
        "No admission policy is printed",
    ] {
        assert!(said[..tried].contains(given), "{given}: {said}");
    }
    let args = [
        "get",
        "clusterrolebinding",
        "crashcart-operator",
        "-o",
        "yaml",
    ];
    let (_, binding) = bed.kubectl("admin_kubeconfig", &args, "");
    assert!(!binding.contains("others"), "{binding}");
}

/// What is refused after the trial stops the rest: nobody is given anything more.
pub(crate) fn a_late_refusal_stops_the_rest(bed: &Bed) {
    let config = bed.configuration_of_the_administrator();
    let console = Console::with(bed, &config, "state-admin");
    let role = r#"{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": {"name": "crashcart-approver"}, "rules": []}"#;
    let flags = ["--role", "approver", "--group", "late"];
    let (code, said) = console.install_after(&flags, || {
        let apply = ["apply", "--server-side", "-f", "-"];
        let (made, words) = bed.kubectl("admin_kubeconfig", &apply, role);
        assert!(made, "{words}");
    });
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("refused  ClusterRole crashcart-approver") && said.contains("0 of "),
        "{said}"
    );
    let about = ["clusterrole", "clusterrolebinding"];
    let there = about.map(|kind| {
        let gone = ["delete", kind, "crashcart-approver"];
        bed.kubectl("admin_kubeconfig", &gone, "").0
    });
    assert_eq!(there, [true, false], "the binding was not sent: {said}");
}

/// An operator gives nobody any rights: the server refuses the trial, and it is said what lacks. With the right to write
/// roles alone the server refuses what she does not hold herself.
pub(crate) fn who_may_not_install_is_told_what_lacks(bed: &Bed) {
    let flags = ["--role", "break-glass", "--group", "mine"];
    let console = Console::of(bed);
    let (code, said) = console.install(&flags);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("no role of crashcart gives"), "{said}");
    let role = r#"{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "writer"},
        "rules": [{"apiGroups": ["rbac.authorization.k8s.io"], "verbs": ["get", "create", "patch"],
            "resources": ["roles", "clusterroles", "rolebindings", "clusterrolebindings"]},
        {"apiGroups": [""], "verbs": ["get", "create", "patch"], "resources": ["namespaces", "serviceaccounts"]}]}"#;
    let (made, words) = bed.kubectl("admin_kubeconfig", &["apply", "-f", "-"], role);
    assert!(made, "{words}");
    let user = format!("--user={ALICE}");
    let bind = [
        "create",
        "clusterrolebinding",
        "writer",
        "--clusterrole=writer",
        &user,
    ];
    let (made, words) = bed.kubectl("admin_kubeconfig", &bind, "");
    assert!(made, "{words}");
    // It stood as it was to be, which gives nobody anything new.
    let gone = [
        "delete",
        "role",
        "crashcart-opener",
        "--namespace=crashcart-breakglass",
    ];
    let (made, words) = bed.kubectl("admin_kubeconfig", &gone, "");
    assert!(made, "{words}");
    let (code, said) = console.install(&flags);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("or escalate on roles"), "{said}");
    assert!(said.contains("Nothing was installed"), "{said}");
}

/// Nothing that the console asked for was forbidden.
pub(crate) fn the_emitted_role_was_enough(bed: &Bed) {
    let all = records::of_alice(bed.audit_log());
    assert!(!all.is_empty(), "alice asked for something");
    for event in all {
        assert_ne!(records::code(&event), 403, "{event:#}");
    }
}
