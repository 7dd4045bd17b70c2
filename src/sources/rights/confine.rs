//! The admission policy that confines Restores: to named namespaces, without cluster-wide objects and without rights.
//!
//! The right to create a Restore has no size of its own, see `role::amounts`; only admission can give it one. What is
//! allowed stands in a `ConfigMap` beside Velero, so that a site changes data and not expressions. Everything is refused
//! where the `ConfigMap` is missing or an expression cannot be evaluated.

use std::fmt::Write as _;

use super::role::BREAK_GLASS;

/// Name of the policy, its binding and its `ConfigMap`.
pub const NAME: &str = "crashcart-restores";
/// Name of the policy on what may be downloaded, and of its binding.
pub const DOWNLOADS: &str = "crashcart-downloads";

/// Kinds of a namespace that give rights, as patterns that Velero reads: Roles and their bindings, under the names that
/// Kubernetes serves them by and under the second ones of `OpenShift`. Those of the whole cluster are left out with
/// everything that belongs to it.
pub const RIGHTS: [&str; 2] = [
    "role*.authorization.openshift.io",
    "role*.rbac.authorization.k8s.io",
];

/// What may be downloaded: lists, logs and results, never the contents of a backup or of its volumes.
const HARMLESS: [&str; 8] = [
    "BackupItemOperations",
    "BackupLog",
    "BackupResourceList",
    "BackupResults",
    "RestoreItemOperations",
    "RestoreLog",
    "RestoreResourceList",
    "RestoreResults",
];

/// What the expressions share: the lists of the `ConfigMap`, and lists of the Restore that may be absent.
const VARIABLES: [(&str, &str); 4] = [
    ("allowed", "params.data.namespaces.split(',')"),
    ("rights", "params.data.rights.split(',')"),
    (
        "kinds",
        "has(object.spec.includedResources) ? object.spec.includedResources : []",
    ),
    (
        "excluded",
        "has(object.spec.excludedResources) ? object.spec.excludedResources : []",
    ),
];

/// What a Restore must be, and the sentence of the refusal when it is not. The expressions are CEL.
pub const RULES: [(&str, &str); 8] = [
    (
        "has(object.spec.includedNamespaces) && size(object.spec.includedNamespaces) > 0 && \
         object.spec.includedNamespaces.all(n, n in variables.allowed && n != '*' && n != request.namespace)",
        "includedNamespaces must name namespaces, and only those that ConfigMap crashcart-restores lists",
    ),
    (
        "!has(object.spec.namespaceMapping) || object.spec.namespaceMapping.all(n, \
         object.spec.namespaceMapping[n] in variables.allowed && object.spec.namespaceMapping[n] != request.namespace)",
        "namespaceMapping must lead to namespaces that ConfigMap crashcart-restores lists",
    ),
    (
        "has(object.spec.includeClusterResources) ? object.spec.includeClusterResources == false : \
         params.data.volumes == 'with-claims'",
        "includeClusterResources must be false: a Restore brings nothing that belongs to the whole cluster",
    ),
    (
        "variables.kinds.all(k, k == '*' || !(k.contains('*') || k.lowerAscii().startsWith('role') || \
         k.lowerAscii().startsWith('clusterrole'))) && \
         ((size(variables.kinds) > 0 && !('*' in variables.kinds)) || variables.rights.all(k, k in variables.excluded))",
        "a Restore must leave out the kinds that give rights: name the kinds to restore, or exclude those that ConfigMap \
         crashcart-restores lists",
    ),
    (
        "!has(object.spec.existingResourcePolicy) || object.spec.existingResourcePolicy in ['', 'none']",
        "existingResourcePolicy must be none: a Restore leaves what exists as it is",
    ),
    (
        "!has(object.spec.hooks) || !has(object.spec.hooks.resources) || size(object.spec.hooks.resources) == 0",
        "hooks are refused: they run commands in restored pods",
    ),
    (
        "!has(object.spec.resourceModifier)",
        "resourceModifier is refused: it rewrites what is restored",
    ),
    // Velero itself writes the schedule of the backup beside its name, once it has begun.
    (
        "has(object.spec.backupName) && object.spec.backupName != '' && (request.operation == 'UPDATE' ? \
         has(oldObject.spec.backupName) && object.spec.backupName == oldObject.spec.backupName : \
         !has(object.spec.scheduleName) || object.spec.scheduleName == '')",
        "a Restore must name one Backup by backupName, and no Schedule",
    ),
];

/// What a `DownloadRequest` must be, and the sentence of the refusal.
const DOWNLOAD_RULES: [(&str, &str); 1] = [(
    "object.spec.target.kind in params.data.downloads.split(',')",
    "only lists, logs and results may be downloaded, as ConfigMap crashcart-restores lists them: the contents of a backup \
     hold its Secrets",
)];

/// Why Restores cannot be confined to these namespaces.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfineError {
    /// A name that no namespace can have.
    #[error(
        "--restore-into {0:?} is no name of a namespace; write one name, without stars, and the flag once for each"
    )]
    Name(String),
    /// A namespace whose objects decide over others.
    #[error(
        "--restore-into {0}: whoever may restore into it may do everything, so it is not allowed; leave it out"
    )]
    Grave(String),
}

/// Where Restores may write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confined {
    velero: String,
    namespaces: Vec<String>,
    volumes: bool,
}

impl Confined {
    /// Restores in the namespace `velero` may write to these namespaces only. With `volumes` a Restore may leave
    /// `includeClusterResources` unset: Velero then brings the volumes of the claims it restores, and nothing else of the
    /// whole cluster.
    ///
    /// # Errors
    /// A name that no namespace can have, or one whose objects decide over others: Velero's own, `kube-` and
    /// `openshift-` ones, and that of break-glass.
    pub fn new(
        velero: &str,
        namespaces: Vec<String>,
        volumes: bool,
    ) -> Result<Confined, ConfineError> {
        for name in &namespaces {
            let label = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if name.is_empty() || name.len() > 63 || !name.chars().all(label) {
                return Err(ConfineError::Name(name.clone()));
            }
            let grave = name == velero || name == BREAK_GLASS;
            if grave
                || ["kube-", "openshift-"]
                    .iter()
                    .any(|of| name.starts_with(of))
            {
                return Err(ConfineError::Grave(name.clone()));
            }
        }
        Ok(Confined {
            velero: velero.to_owned(),
            namespaces,
            volumes,
        })
    }
}

/// The two policies, their bindings and the `ConfigMap` with what is allowed, as YAML documents.
pub fn yaml(confined: &Confined) -> String {
    let mut out = data(confined);
    policy(&mut out, NAME, "restores", &VARIABLES, &RULES);
    binding(&mut out, NAME, &confined.velero);
    policy(
        &mut out,
        DOWNLOADS,
        "downloadrequests",
        &[],
        &DOWNLOAD_RULES,
    );
    binding(&mut out, DOWNLOADS, &confined.velero);
    out
}

fn data(confined: &Confined) -> String {
    let volumes = if confined.volumes {
        "with-claims"
    } else {
        "refused"
    };
    format!(
        "---\n\
         # What the policies below allow. Whoever may write this object decides where Restores may write.\n\
         apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {NAME}\n  namespace: {}\ndata:\n  \
         namespaces: \"{}\"\n  rights: \"{}\"\n  volumes: \"{volumes}\"\n  downloads: \"{}\"\n",
        confined.velero,
        confined.namespaces.join(","),
        RIGHTS.join(","),
        HARMLESS.join(",")
    )
}

fn policy(
    out: &mut String,
    name: &str,
    resource: &str,
    variables: &[(&str, &str)],
    rules: &[(&str, &str)],
) {
    // Writing into a String cannot fail. An update is judged only where it changes the spec: Velero writes the status.
    let _ = write!(
        out,
        "---\napiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata:\n  name: {name}\n\
         spec:\n  failurePolicy: Fail\n  paramKind:\n    apiVersion: v1\n    kind: ConfigMap\n  matchConstraints:\n    \
         resourceRules:\n    - apiGroups: [\"velero.io\"]\n      apiVersions: [\"*\"]\n      \
         operations: [\"CREATE\", \"UPDATE\"]\n      resources: [\"{resource}\"]\n  matchConditions:\n  - name: spec\n    \
         expression: \"request.operation == 'CREATE' || object.spec != oldObject.spec\"\n"
    );
    for (at, (name, expression)) in variables.iter().enumerate() {
        let head = if at == 0 { "  variables:\n" } else { "" };
        let _ = write!(
            out,
            "{head}  - name: {name}\n    expression: \"{expression}\"\n"
        );
    }
    out.push_str("  validations:\n");
    for (expression, message) in rules {
        let _ = write!(
            out,
            "  - expression: \"{expression}\"\n    message: \"{message}\"\n"
        );
    }
}

fn binding(out: &mut String, name: &str, velero: &str) {
    // Writing into a String cannot fail.
    let _ = write!(
        out,
        "---\napiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\nmetadata:\n  \
         name: {name}\nspec:\n  policyName: {name}\n  paramRef:\n    name: {NAME}\n    namespace: {velero}\n    \
         parameterNotFoundAction: Deny\n  validationActions: [\"Deny\"]\n"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_decides_over_others_is_no_place_to_restore_into() {
        let of = |name: &str| Confined::new("velero", vec![name.to_owned()], false);
        assert!(of("emr").is_ok());
        for grave in ["velero", "kube-system", "openshift-config", BREAK_GLASS] {
            assert_eq!(of(grave), Err(ConfineError::Grave(grave.to_owned())));
        }
        for name in ["", "*", "a,b", "Emr", "a b"] {
            assert_eq!(of(name), Err(ConfineError::Name(name.to_owned())));
        }
    }

    #[test]
    fn the_documents_are_yaml_whatever_the_expressions_hold() {
        let confined = Confined::new("velero", vec!["emr".to_owned()], true).unwrap();
        let text = yaml(&confined);
        assert!(text.contains("namespaces: \"emr\"") && text.contains("volumes: \"with-claims\""));
        for (expression, message) in RULES.iter().chain(&DOWNLOAD_RULES) {
            assert!(text.contains(&format!("\"{expression}\"")), "{expression}");
            assert!(!expression.contains(['"', '\\']) && !message.contains(['"', '\\']));
        }
        assert_eq!(text.matches("parameterNotFoundAction: Deny").count(), 2);
        assert_eq!(text.matches("failurePolicy: Fail").count(), 2);
    }
}
