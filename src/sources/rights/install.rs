//! What `rbac emit` prints, as objects that can be applied one by one, and what applying each would change.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use crate::sources::op::Gvr;
use crate::text::SafeText;

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

/// One thing that differs between an object as it is and as it would be left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Where, by the names that lead to it from the object: `subjects`, `data.namespaces`.
    pub at: String,
    /// What is there and goes; `None` where nothing goes.
    pub goes: Option<Value>,
    /// What comes; `None` where nothing comes.
    pub comes: Option<Value>,
}

impl Difference {
    /// The part of the object that it is in: `data` of `data.namespaces`.
    pub fn part(&self) -> &str {
        self.at.split('.').next().unwrap_or_default()
    }

    /// A line for what goes and one for what comes, as JSON in one piece.
    pub fn lines(&self) -> Vec<SafeText> {
        let line = |word: &str, value: &Option<Value>| {
            let value = value.as_ref()?;
            Some(SafeText::from(format!("{word:<5}  {} {value}", self.at)))
        };
        let lines = [line("goes", &self.goes), line("comes", &self.comes)];
        lines.into_iter().flatten().collect()
    }
}

/// What differs between an object as it is and as a dry run would leave it: labels, annotations, and every part beside
/// the metadata; of a list what goes and what comes, of an object key by key. What a server writes by itself does not
/// count.
pub fn differs(before: &Value, after: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    let of = |object: &Value| object.get("metadata").cloned().unwrap_or_default();
    let (data, new) = (of(before), of(after));
    for key in ["labels", "annotations"] {
        compare(&mut found, key, data.get(key), new.get(key));
    }
    let own = ["apiVersion", "kind", "metadata", "status"];
    for key in keys(before, after).filter(|key| !own.contains(key)) {
        compare(&mut found, key, before.get(key), after.get(key));
    }
    found
}

/// The keys that either of two objects has, in order.
fn keys<'v>(one: &'v Value, other: &'v Value) -> impl Iterator<Item = &'v str> {
    let objects = [one.as_object(), other.as_object()].into_iter().flatten();
    let keys: BTreeSet<&str> = objects
        .flat_map(|one| one.keys().map(String::as_str))
        .collect();
    keys.into_iter()
}

/// Goes down two values as far as both are objects, and takes lists element by element.
fn compare(found: &mut Vec<Difference>, at: &str, before: Option<&Value>, after: Option<&Value>) {
    if before == after {
        return;
    }
    let mut add = |goes: Option<&Value>, comes: Option<&Value>| {
        found.push(Difference {
            at: at.to_owned(),
            goes: goes.cloned(),
            comes: comes.cloned(),
        });
    };
    match (before, after) {
        (Some(before @ Value::Object(_)), Some(after @ Value::Object(_))) => {
            for key in keys(before, after) {
                let at = format!("{at}.{key}");
                compare(found, &at, before.get(key), after.get(key));
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after)))
            if before.iter().any(|one| !after.contains(one))
                || after.iter().any(|one| !before.contains(one)) =>
        {
            for one in before.iter().filter(|one| !after.contains(one)) {
                add(Some(one), None);
            }
            for one in after.iter().filter(|one| !before.contains(one)) {
                add(None, Some(one));
            }
        }
        _ => add(before, after),
    }
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
        let found = differs(&before, &after);
        let parts: Vec<&str> = found.iter().map(Difference::part).collect();
        assert_eq!(parts, ["labels", "rules"]);
    }

    #[test]
    fn a_change_says_what_goes_and_what_comes() {
        let of = |before: &Value, after: &Value| {
            let found = differs(before, after);
            let lines = found.iter().flat_map(Difference::lines);
            lines.map(|line| line.to_string()).collect::<Vec<_>>()
        };
        let (sre, ops) = (json!({"name": "sre"}), json!({"name": "ops"}));
        assert_eq!(
            of(
                &json!({"subjects": [sre, {"name": "day"}]}),
                &json!({"subjects": [{"name": "day"}, ops]})
            ),
            [
                r#"goes   subjects {"name":"sre"}"#,
                r#"comes  subjects {"name":"ops"}"#
            ]
        );
        assert_eq!(
            of(
                &json!({"data": {"namespaces": "emr", "old": "x", "rights": "r"}}),
                &json!({"data": {"namespaces": "emr,kube-system", "rights": "r"}})
            ),
            [
                r#"goes   data.namespaces "emr""#,
                r#"comes  data.namespaces "emr,kube-system""#,
                r#"goes   data.old "x""#
            ]
        );
        let (one, two) = (json!({"rules": [1, 2]}), json!({"rules": [2, 1]}));
        assert_eq!(of(&one, &two), ["goes   rules [1,2]", "comes  rules [2,1]"]);
        assert_eq!(of(&json!({}), &json!({"rules": [1]})), ["comes  rules [1]"]);
        let said = of(
            &json!({"data": {}}),
            &json!({"data": {"a\u{1b}]0;": "b\u{202e}"}}),
        );
        assert!(!said[0].contains(['\u{1b}', '\u{202e}']), "{said:?}");
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
