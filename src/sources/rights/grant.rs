//! Which binding would allow what was refused, from the same table that `rbac emit` prints.

use super::role;
use super::role::Role;
use super::role::Scope;
use crate::sources::op::Gvr;
use crate::text::SafeText;

/// What to ask for so that this verb is allowed, in one clause: the binding, its role, and for whom. `groups` are those
/// that the server gives us. Velero's own namespace is taken from the question.
pub fn ask_for(verb: &str, gvr: &Gvr, namespace: Option<&str>, groups: &[SafeText]) -> String {
    let mut scope = Scope::default();
    if let Some(namespace) = namespace.filter(|_| gvr.group == "velero.io") {
        namespace.clone_into(&mut scope.velero);
    }
    let least = [Role::Viewer, Role::Operator].into_iter().find_map(|role| {
        let rights = role::rights(role, &scope);
        let found = rights.into_iter().find(|right| {
            let place = right.namespace.as_deref();
            right.verb == verb
                && right.group == gvr.group
                && right.resource == gvr.plural
                && (place.is_none() || place == namespace)
        });
        found.map(|right| (role, right.namespace))
    });
    let Some((role, place)) = least else {
        return format!(
            "no role of crashcart rbac emit holds {verb} {}: it is not needed here",
            gvr.resource()
        );
    };
    let own = |group: &&SafeText| !group.as_str().starts_with("system:");
    let whom = match (role, groups.iter().find(own)) {
        (Role::Viewer, Some(group)) => format!("group {group}"),
        (Role::Viewer, None) => "your group".to_owned(),
        // Not the group that was refused: all of it would rise with one person.
        (role, _) => format!("a group of {}s that you are in", role.word()),
    };
    let (kind, place) = match place {
        Some(namespace) => ("Role", format!(" in namespace {namespace}")),
        None => ("ClusterRole", String::new()),
    };
    let (name, word) = (role.name(), role.word());
    format!(
        "ask for {kind}Binding {name} to {kind} {name}{place} with {whom} (crashcart rbac emit --role {word})"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_binding_that_would_allow_it() {
        let groups = [SafeText::new("system:authenticated"), SafeText::new("sre")];
        let restores = Gvr::new("velero.io", "v1", "restores");
        assert_eq!(
            ask_for("create", &restores, Some("oadp"), &groups),
            "ask for RoleBinding crashcart-operator to Role crashcart-operator in namespace oadp with a group of \
             operators that you are in \
             (crashcart rbac emit --role operator)"
        );
        let pods = Gvr::new("", "v1", "pods");
        assert_eq!(
            ask_for("list", &pods, None, &[]),
            "ask for ClusterRoleBinding crashcart-viewer to ClusterRole crashcart-viewer with your group \
             (crashcart rbac emit --role viewer)"
        );
        assert!(ask_for("create", &pods, Some("emr"), &[]).contains("it is not needed here"));
    }
}
