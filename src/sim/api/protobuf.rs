//! The protobuf bodies that stock clients send for a few kinds, read into JSON.
//!
//! Field numbers follow the published `generated.proto` files of the Kubernetes API. A field that
//! is not in these tables makes the body unreadable: nothing a client sends is dropped silently.
//! To add a kind: its message table, and a line in [`KINDS`].

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

/// The media type of these bodies.
pub(super) const MEDIA: &str = "application/vnd.kubernetes.protobuf";
/// What they begin with.
const MAGIC: &[u8] = b"k8s\0";

#[derive(Clone, Copy)]
enum Shape {
    Text,
    Texts,
    Flag,
    /// A whole number behind a pointer: zero is said, not missing.
    Number,
    One(&'static [Field]),
    Many(&'static [Field]),
    /// A map of texts to texts.
    Labels,
    /// A map of texts to bytes.
    Blobs,
    /// Set by the server; what a client says of it does not count.
    Ignored,
}

/// Number, JSON name, shape.
type Field = (u64, &'static str, Shape);

const OWNER: &[Field] = &[
    (1, "kind", Shape::Text),
    (3, "name", Shape::Text),
    (4, "uid", Shape::Text),
    (5, "apiVersion", Shape::Text),
    (6, "controller", Shape::Flag),
    (7, "blockOwnerDeletion", Shape::Flag),
];
const META: &[Field] = &[
    (1, "name", Shape::Text),
    (2, "generateName", Shape::Text),
    (3, "namespace", Shape::Text),
    (4, "selfLink", Shape::Ignored),
    (5, "uid", Shape::Text),
    (6, "resourceVersion", Shape::Text),
    (7, "generation", Shape::Ignored),
    (8, "creationTimestamp", Shape::Ignored),
    (11, "labels", Shape::Labels),
    (12, "annotations", Shape::Labels),
    (13, "ownerReferences", Shape::Many(OWNER)),
    (14, "finalizers", Shape::Texts),
    (17, "managedFields", Shape::Ignored),
];
const RESOURCE_ATTRIBUTES: &[Field] = &[
    (1, "namespace", Shape::Text),
    (2, "verb", Shape::Text),
    (3, "group", Shape::Text),
    (4, "version", Shape::Text),
    (5, "resource", Shape::Text),
    (6, "subresource", Shape::Text),
    (7, "name", Shape::Text),
];
const NON_RESOURCE_ATTRIBUTES: &[Field] = &[(1, "path", Shape::Text), (2, "verb", Shape::Text)];
const SELF_ACCESS: &[Field] = &[
    (1, "resourceAttributes", Shape::One(RESOURCE_ATTRIBUTES)),
    (
        2,
        "nonResourceAttributes",
        Shape::One(NON_RESOURCE_ATTRIBUTES),
    ),
];
const ACCESS: &[Field] = &[
    (1, "resourceAttributes", Shape::One(RESOURCE_ATTRIBUTES)),
    (
        2,
        "nonResourceAttributes",
        Shape::One(NON_RESOURCE_ATTRIBUTES),
    ),
    (3, "user", Shape::Text),
    (4, "groups", Shape::Texts),
    (6, "uid", Shape::Text),
];
const RULE: &[Field] = &[
    (1, "verbs", Shape::Texts),
    (2, "apiGroups", Shape::Texts),
    (3, "resources", Shape::Texts),
    (4, "resourceNames", Shape::Texts),
    (5, "nonResourceURLs", Shape::Texts),
];
const SUBJECT: &[Field] = &[
    (1, "kind", Shape::Text),
    (2, "apiGroup", Shape::Text),
    (3, "name", Shape::Text),
    (4, "namespace", Shape::Text),
];
const ROLE_REF: &[Field] = &[
    (1, "apiGroup", Shape::Text),
    (2, "kind", Shape::Text),
    (3, "name", Shape::Text),
];
const ROLE: &[Field] = &[
    (1, "metadata", Shape::One(META)),
    (2, "rules", Shape::Many(RULE)),
];
const BINDING: &[Field] = &[
    (1, "metadata", Shape::One(META)),
    (2, "subjects", Shape::Many(SUBJECT)),
    (3, "roleRef", Shape::One(ROLE_REF)),
];
const CONTAINER: &[Field] = &[
    (1, "name", Shape::Text),
    (2, "image", Shape::Text),
    (3, "command", Shape::Texts),
    (4, "args", Shape::Texts),
    (5, "workingDir", Shape::Text),
    (8, "resources", Shape::Ignored),
    (13, "terminationMessagePath", Shape::Text),
    (14, "imagePullPolicy", Shape::Text),
];
const POD_SPEC: &[Field] = &[
    (2, "containers", Shape::Many(CONTAINER)),
    (3, "restartPolicy", Shape::Text),
    (6, "dnsPolicy", Shape::Text),
    (8, "serviceAccountName", Shape::Text),
    (9, "serviceAccount", Shape::Text),
    (10, "nodeName", Shape::Text),
    (16, "hostname", Shape::Text),
    (17, "subdomain", Shape::Text),
    (19, "schedulerName", Shape::Text),
    (24, "priorityClassName", Shape::Text),
];
const TEMPLATE: &[Field] = &[
    (1, "metadata", Shape::One(META)),
    (2, "spec", Shape::One(POD_SPEC)),
];
const DEPLOYMENT_SPEC: &[Field] = &[
    (1, "replicas", Shape::Number),
    (
        2,
        "selector",
        Shape::One(&[(1, "matchLabels", Shape::Labels)]),
    ),
    (3, "template", Shape::One(TEMPLATE)),
    (4, "strategy", Shape::One(&[(1, "type", Shape::Text)])),
];

/// The messages that are read, by kind.
const KINDS: &[(&str, &[Field])] = &[
    (
        "SelfSubjectReview",
        &[
            (1, "metadata", Shape::One(META)),
            (2, "status", Shape::Ignored),
        ],
    ),
    (
        "SelfSubjectAccessReview",
        &[
            (1, "metadata", Shape::One(META)),
            (2, "spec", Shape::One(SELF_ACCESS)),
            (3, "status", Shape::Ignored),
        ],
    ),
    (
        "SubjectAccessReview",
        &[
            (1, "metadata", Shape::One(META)),
            (2, "spec", Shape::One(ACCESS)),
            (3, "status", Shape::Ignored),
        ],
    ),
    (
        "SelfSubjectRulesReview",
        &[
            (1, "metadata", Shape::One(META)),
            (2, "spec", Shape::One(&[(1, "namespace", Shape::Text)])),
            (3, "status", Shape::Ignored),
        ],
    ),
    (
        "Namespace",
        &[
            (1, "metadata", Shape::One(META)),
            (2, "spec", Shape::One(&[(1, "finalizers", Shape::Texts)])),
            (3, "status", Shape::Ignored),
        ],
    ),
    (
        "ConfigMap",
        &[
            (1, "metadata", Shape::One(META)),
            (2, "data", Shape::Labels),
            (3, "binaryData", Shape::Blobs),
            (4, "immutable", Shape::Flag),
        ],
    ),
    (
        "Secret",
        &[
            (1, "metadata", Shape::One(META)),
            (2, "data", Shape::Blobs),
            (3, "type", Shape::Text),
            (4, "stringData", Shape::Labels),
            (5, "immutable", Shape::Flag),
        ],
    ),
    ("ServiceAccount", &[(1, "metadata", Shape::One(META))]),
    ("Role", ROLE),
    ("ClusterRole", ROLE),
    ("RoleBinding", BINDING),
    ("ClusterRoleBinding", BINDING),
    (
        "Deployment",
        &[
            (1, "metadata", Shape::One(META)),
            (2, "spec", Shape::One(DEPLOYMENT_SPEC)),
            (3, "status", Shape::Ignored),
        ],
    ),
];

/// A field as it stands on the wire.
enum Wire<'b> {
    Number(u64),
    Bytes(&'b [u8]),
}

/// Reads a body; `None` when it is broken, of an unknown kind, or says something unknown.
pub(super) fn read(body: &[u8]) -> Option<Value> {
    const TYPE: &[Field] = &[(1, "apiVersion", Shape::Text), (2, "kind", Shape::Text)];
    let mut object = None;
    let mut head = Value::Null;
    for (number, wire) in fields(body.strip_prefix(MAGIC)?)? {
        match (number, wire) {
            (1, Wire::Bytes(bytes)) => head = message(bytes, TYPE)?,
            (2, Wire::Bytes(bytes)) => object = Some(bytes),
            _ => {}
        }
    }
    let (_, table) = KINDS.iter().find(|(kind, _)| head["kind"] == *kind)?;
    let mut object = message(object?, table)?;
    object["apiVersion"] = head["apiVersion"].clone();
    object["kind"] = head["kind"].clone();
    Some(object)
}

fn message(bytes: &[u8], table: &[Field]) -> Option<Value> {
    let mut object = Map::new();
    for (number, wire) in fields(bytes)? {
        let Some((_, name, shape)) = table.iter().find(|field| field.0 == number) else {
            if is_empty(&wire) {
                continue;
            }
            return None;
        };
        let list = |object: &mut Map<String, Value>, value: Value| {
            if let Value::Array(list) = object.entry(*name).or_insert_with(|| json!([])) {
                list.push(value);
            }
        };
        match (shape, wire) {
            (Shape::Ignored, _) | (Shape::Text, Wire::Bytes([])) => {}
            (Shape::Number, Wire::Number(number)) => {
                object.insert((*name).to_owned(), number.into());
            }
            (Shape::Flag, Wire::Number(number)) => {
                object.insert((*name).to_owned(), (number != 0).into());
            }
            (Shape::Text, Wire::Bytes(bytes)) => {
                object.insert((*name).to_owned(), text(bytes)?.into());
            }
            (Shape::Texts, Wire::Bytes(bytes)) => list(&mut object, text(bytes)?.into()),
            (Shape::One(table), Wire::Bytes(bytes)) => {
                object.insert((*name).to_owned(), message(bytes, table)?);
            }
            (Shape::Many(table), Wire::Bytes(bytes)) => list(&mut object, message(bytes, table)?),
            (Shape::Labels | Shape::Blobs, Wire::Bytes(bytes)) => {
                let (key, value) = pair(bytes)?;
                let value = match shape {
                    Shape::Blobs => STANDARD.encode(value),
                    _ => text(value)?,
                };
                let map = object.entry(*name).or_insert_with(|| json!({}));
                map[key] = value.into();
            }
            _ => return None,
        }
    }
    Some(object.into())
}

fn is_empty(wire: &Wire<'_>) -> bool {
    match wire {
        Wire::Number(number) => *number == 0,
        Wire::Bytes(bytes) => bytes.is_empty(),
    }
}

fn text(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok()
}

/// An entry of a map: key and value.
fn pair(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (mut key, mut value): (String, &[u8]) = (String::new(), &[]);
    for field in fields(bytes)? {
        match field {
            (1, Wire::Bytes(bytes)) => key = text(bytes)?,
            (2, Wire::Bytes(bytes)) => value = bytes,
            _ => return None,
        }
    }
    Some((key, value))
}

/// The fields of a message in the order they stand.
fn fields(mut bytes: &[u8]) -> Option<Vec<(u64, Wire<'_>)>> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let wire = match tag & 7 {
            0 => Wire::Number(varint(&mut bytes)?),
            2 => {
                let length = usize::try_from(varint(&mut bytes)?).ok()?;
                let (body, rest) = bytes.split_at_checked(length)?;
                bytes = rest;
                Wire::Bytes(body)
            }
            _ => return None,
        };
        all.push((tag >> 3, wire));
    }
    Some(all)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(number: u8, body: &[u8]) -> Vec<u8> {
        let mut bytes = vec![number << 3 | 2, u8::try_from(body.len()).unwrap()];
        bytes.extend(body);
        bytes
    }

    fn envelope(version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
        let head = [put(1, version.as_bytes()), put(2, kind.as_bytes())].concat();
        [MAGIC.to_vec(), put(1, &head), put(2, raw)].concat()
    }

    #[test]
    fn a_namespace_is_read_with_its_labels() {
        let label = [put(1, b"zone"), put(2, b"clinical")].concat();
        let meta = [put(1, b"ehr"), put(2, b""), put(11, &label), put(8, &[])].concat();
        let raw = [put(1, &meta), put(2, &[]), put(3, &put(1, b""))].concat();
        assert_eq!(
            read(&envelope("v1", "Namespace", &raw)).unwrap(),
            json!({
                "apiVersion": "v1", "kind": "Namespace", "spec": {},
                "metadata": {"name": "ehr", "labels": {"zone": "clinical"}},
            })
        );
    }

    #[test]
    fn what_is_not_known_or_broken_is_not_read() {
        let strange = put(9, b"x");
        assert!(read(&envelope("v1", "Namespace", &strange)).is_none());
        assert!(read(&envelope("v1", "Strange", &[])).is_none());
        assert!(read(b"k8s\0\x0a\x7f").is_none());
        assert!(read(b"{}").is_none());
    }
}
