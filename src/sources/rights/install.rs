//! What `rbac emit` prints, as objects that can be applied one by one, and what applying each would change.

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use crate::sources::op::Gvr;

/// One object of a manifest, with its YAML as it will be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// Group and version, or the version of the core group.
    pub api_version: String,
    /// Kind, `ClusterRole`.
    pub kind: String,
    /// Namespace; `None` for what belongs to the whole cluster.
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
    /// The whole document.
    pub yaml: String,
}

impl Object {
    /// Its resource. The plural is its kind's, which is regular for every kind that is ever printed.
    pub fn gvr(&self) -> Gvr {
        let (group, version) = self
            .api_version
            .split_once('/')
            .unwrap_or(("", &self.api_version));
        let kind = self.kind.to_lowercase();
        let plural = match kind.strip_suffix('y') {
            Some(stem) => format!("{stem}ies"),
            None => format!("{kind}s"),
        };
        Gvr::new(group, version, &plural)
    }

    /// `Role crashcart-viewer in velero`.
    pub fn words(&self) -> String {
        let place = self.namespace.as_ref();
        let place = place.map_or(String::new(), |name| format!(" in {name}"));
        format!("{} {}{place}", self.kind, self.name)
    }

    /// True when this object cannot be tried before that one is there: the namespace it lives in, or the role that it
    /// binds.
    pub fn rests_on(&self, other: &Object) -> bool {
        let lives = other.kind == "Namespace" && self.namespace.as_ref() == Some(&other.name);
        let binds = self.kind == format!("{}Binding", other.kind)
            && self.name == other.name
            && self.namespace == other.namespace;
        lives || binds
    }
}

/// The objects of a manifest in its order; what is only a comment is none.
pub fn objects(manifest: &str) -> Vec<Object> {
    let documents = manifest.split("---\n");
    documents.filter_map(object).collect()
}

/// What a manifest says in words, without the signs of a comment: what its rights amount to, and what confines nothing.
/// What stands beside an object is not part of it.
pub fn notes(manifest: &str) -> String {
    let words = manifest.split("---\n").filter(|one| object(one).is_none());
    let lines = words.flat_map(str::lines).map(|line| {
        let line = line.strip_prefix('#').unwrap_or(line);
        format!("{}\n", line.strip_prefix(' ').unwrap_or(line))
    });
    lines.collect()
}

/// Reads the head of a document as `rbac emit` prints it: one key a line, metadata indented by two.
fn object(yaml: &str) -> Option<Object> {
    let metadata = yaml.split_once("\nmetadata:\n")?.1;
    let metadata = || metadata.lines().take_while(|line| line.starts_with("  "));
    Some(Object {
        api_version: after(yaml.lines(), "apiVersion: ")?,
        kind: after(yaml.lines(), "kind: ")?,
        namespace: after(metadata(), "  namespace: "),
        name: after(metadata(), "  name: ")?,
        yaml: yaml.to_owned(),
    })
}

/// What stands after a key on the first line that begins with it.
fn after<'a>(lines: impl Iterator<Item = &'a str>, key: &str) -> Option<String> {
    let mut values = lines.filter_map(|line| line.strip_prefix(key));
    values.next().map(|value| value.trim().to_owned())
}

/// What differs between an object as it is and as a dry run would leave it: labels, annotations, and every part beside
/// the metadata. What a server writes by itself does not count.
pub fn differs(before: &Value, after: &Value) -> Vec<String> {
    let (Some(before), Some(after)) = (before.as_object(), after.as_object()) else {
        return vec!["everything".to_owned()];
    };
    let mut found = Vec::new();
    for key in ["labels", "annotations"] {
        let of = |object: &serde_json::Map<String, Value>| {
            let part = object.get("metadata").and_then(|data| data.get(key));
            part.cloned().unwrap_or_default()
        };
        if of(before) != of(after) {
            found.push(key.to_owned());
        }
    }
    let own = ["apiVersion", "kind", "metadata", "status"];
    let keys = before.keys().chain(after.keys());
    let mut keys: Vec<&String> = keys.filter(|key| !own.contains(&key.as_str())).collect();
    keys.sort();
    keys.dedup();
    let differ = keys
        .into_iter()
        .filter(|key| before.get(*key) != after.get(*key));
    found.extend(differ.cloned());
    found
}

/// What lacks where a server refuses to have an object installed, in one clause; `message` is the server's.
pub fn lacks(gvr: &Gvr, message: &str) -> String {
    if message.contains("attempting to grant") {
        let verb = if gvr.plural.ends_with("bindings") {
            "bind on the role"
        } else {
            "escalate on roles and clusterroles"
        };
        return format!(
            "whoever gives rights must hold all of them, or {verb}: an administrator of the cluster installs it"
        );
    }
    format!(
        "it needs get, create and patch on {}, which no role of crashcart gives: an administrator of the cluster installs it",
        gvr.resource()
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sources::rights::confine::Confined;
    use crate::sources::rights::manifest::Subject;
    use crate::sources::rights::manifest::manifest;
    use crate::sources::rights::role::Role;
    use crate::sources::rights::role::Scope;

    fn all(role: Role) -> Vec<Object> {
        let subject = Subject {
            group: Some("sre"),
            user: None,
        };
        let confined = Confined::new("velero", vec!["emr".to_owned()], false).unwrap();
        objects(&manifest(role, &Scope::default(), subject, Some(&confined)))
    }

    #[test]
    fn every_document_is_an_object_with_the_path_that_its_kind_has() {
        let paths: Vec<String> = all(Role::BreakGlass)
            .iter()
            .map(|one| one.gvr().path(one.namespace.as_deref(), Some(&one.name)))
            .collect();
        let rbac = "/apis/rbac.authorization.k8s.io/v1";
        let own = "namespaces/crashcart-breakglass";
        for path in [
            "/api/v1/namespaces/crashcart-breakglass",
            &format!("/api/v1/{own}/serviceaccounts/breakglass-restore"),
            &format!("{rbac}/{own}/roles/crashcart-opener"),
            &format!("{rbac}/{own}/rolebindings/crashcart-opener"),
            &format!("{rbac}/clusterroles/breakglass-restore"),
            &format!("{rbac}/clusterrolebindings/breakglass-restore"),
            "/api/v1/namespaces/velero/configmaps/crashcart-restores",
            "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/crashcart-restores",
            "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/crashcart-restores",
        ] {
            assert!(paths.iter().any(|one| one == path), "{path}: {paths:#?}");
        }
        for role in Role::ALL {
            let text = manifest(role, &Scope::default(), Subject::default(), None);
            let kinds = text.matches("\nkind: ").count();
            assert_eq!(objects(&text).len(), kinds, "{role:?}");
        }
    }

    #[test]
    fn what_is_given_away_is_said_and_so_is_that_nothing_confines_it() {
        let of = |role, confined: Option<&Confined>| {
            notes(&manifest(
                role,
                &Scope::default(),
                Subject::default(),
                confined,
            ))
        };
        let confined = Confined::new("velero", vec!["emr".to_owned()], false).unwrap();
        let open = of(Role::Operator, None);
        for words in [
            "Rights that amount to more than they say:\n",
            "\ncreate restores.velero.io in velero\n  ",
            "\nNo admission policy is printed",
        ] {
            assert!(open.contains(words), "{words}: {open}");
        }
        let closed = of(Role::Operator, Some(&confined));
        assert_eq!(
            open.strip_prefix(&closed)
                .map(|more| more.starts_with("No admission policy")),
            Some(true),
            "{closed}"
        );
        assert!(of(Role::BreakGlass, Some(&confined)).contains("The opener is sealed"));
        assert_eq!(of(Role::Viewer, Some(&confined)), "", "it is what it says");
    }

    #[test]
    fn what_lives_in_a_new_namespace_or_binds_a_new_role_rests_on_it() {
        let all = all(Role::BreakGlass);
        let of = |kind: &str, name: &str| {
            let mut found = all.iter();
            found
                .find(|one| one.kind == kind && one.name == name)
                .unwrap()
        };
        let space = of("Namespace", "crashcart-breakglass");
        let (role, binding) = (
            of("Role", "crashcart-opener"),
            of("RoleBinding", "crashcart-opener"),
        );
        assert!(role.rests_on(space) && binding.rests_on(space) && binding.rests_on(role));
        assert!(!space.rests_on(role) && !role.rests_on(binding));
        assert!(!of("ClusterRole", "breakglass-restore").rests_on(space));
    }

    #[test]
    fn only_what_we_would_change_counts_as_a_change() {
        let before = json!({"kind": "Role", "metadata": {"name": "r", "resourceVersion": "1", "uid": "u"}, "rules": [1]});
        let mut after = before.clone();
        after["metadata"]["managedFields"] = json!([{"manager": "crashcart"}]);
        after["metadata"]["resourceVersion"] = json!("2");
        assert!(differs(&before, &after).is_empty());
        after["rules"] = json!([1, 2]);
        after["metadata"]["labels"] = json!({"a": "b"});
        assert_eq!(differs(&before, &after), ["labels", "rules"]);
    }

    #[test]
    fn a_refusal_says_what_lacks() {
        let roles = Gvr::new("rbac.authorization.k8s.io", "v1", "clusterroles");
        let bindings = Gvr::new("rbac.authorization.k8s.io", "v1", "clusterrolebindings");
        let grants =
            "user \"alice\" is attempting to grant RBAC permissions not currently held: {...}";
        assert!(lacks(&roles, grants).contains("or escalate on roles"));
        assert!(lacks(&bindings, grants).contains("or bind on the role"));
        let plain = "clusterroles is forbidden: User \"alice\" cannot patch resource";
        assert!(
            lacks(&roles, plain).starts_with("it needs get, create and patch on clusterroles.")
        );
    }
}
