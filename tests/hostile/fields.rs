//! The ledger of what is read raw. Whatever a cluster, an issuer, a program or a file of ours says is parsed into structs;
//! their texts are `SafeText`, and each that is not stands here with the reason. A new one fails until it is either.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

use crate::kinds;

/// Struct of a file, its raw fields, and why they may be raw.
const RAW: [(&str, &str, &[&str]); 29] = [
    // Compared with selectors, and shown nowhere; what is shown of them is made safe where it is taken out.
    ("sources/kinds/namespace.rs", "Namespace", &["labels"]),
    (
        "sources/kinds/meta.rs",
        "WideMeta",
        &["labels", "annotations"],
    ),
    (
        "sources/kinds/kustomization.rs",
        "RawMeta",
        &["annotations"],
    ),
    // Given back to the server as it came, percent-encoded.
    ("sources/cluster/reader.rs", "Continue", &["next"]),
    // A hash of our own.
    ("sources/written.rs", "Writer", &["fields"]),
    // Addresses and secrets of an issuer, compared, parsed or sent back; sentences that name them are made safe.
    (
        "auth/oidc/wire.rs",
        "Discovery",
        &[
            "issuer",
            "token_endpoint",
            "authorization_endpoint",
            "code_challenge_methods_supported",
            "scopes_supported",
            "jwks_uri",
            "device_authorization_endpoint",
            "revocation_endpoint",
        ],
    ),
    (
        "auth/oidc/wire.rs",
        "SimulatedMember",
        &["people", "answer_endpoint"],
    ),
    (
        "auth/oidc/wire.rs",
        "DeviceAnswer",
        &[
            "device_code",
            "user_code",
            "verification_uri",
            "verification_uri_complete",
        ],
    ),
    (
        "auth/oidc/wire.rs",
        "TokenAnswer",
        &["access_token", "id_token", "refresh_token"],
    ),
    (
        "auth/oidc/wire.rs",
        "Refusal",
        &["error", "error_description"],
    ),
    (
        "auth/oidc/openshift.rs",
        "Document",
        &["authorization_endpoint", "token_endpoint"],
    ),
    ("auth/oidc/openshift.rs", "TokenAnswer", &["access_token"]),
    ("auth/oidc/id_token.rs", "Rest", &["claims"]),
    // A program's answer: two words to compare, and a secret.
    ("app/perform/program.rs", "Answer", &["api_version", "kind"]),
    ("app/perform/program.rs", "Status", &["token"]),
    // A name that counts only where the configuration has a zone of that name.
    ("app/perform/keep.rs", "KeptZone", &["zone"]),
    // Bodies of the log's entries, each made safe as a whole document before it is parsed.
    ("runbook/event.rs", "Outline", &["id", "kind", "title"]),
    (
        "runbook/event.rs",
        "Opened",
        &[
            "run",
            "book",
            "book_digest",
            "cluster_uid",
            "policy",
            "params",
        ],
    ),
    (
        "runbook/event.rs",
        "Created",
        &["kind", "name", "uid", "resource_version"],
    ),
    ("runbook/plan.rs", "Item", &["kind", "name", "uid"]),
    (
        "runbook/plan.rs",
        "Frozen",
        &[
            "backup",
            "started",
            "store",
            "velero",
            "kustomization",
            "not_held",
        ],
    ),
    (
        "runbook/plan.rs",
        "PlanStep",
        &["id", "kind", "title", "before", "done_when", "typed"],
    ),
    (
        "runbook/plan.rs",
        "Plan",
        &[
            "run",
            "book",
            "book_digest",
            "policy",
            "cluster_uid",
            "namespace",
            "params",
        ],
    ),
    ("sources/op.rs", "Gvr", &["group", "version", "plural"]),
    // What this program prints itself, and the list of this build.
    (
        "sources/rights/install.rs",
        "Object",
        &["api_version", "kind", "namespace", "name", "yaml"],
    ),
    (
        "sources/rights/grave.rs",
        "Entry",
        &["verbs", "groups", "resources", "amounts", "excess"],
    ),
    // Addresses of an issuer that were kept with its tokens: compared, parsed and sent to.
    (
        "auth/store/kept.rs",
        "Endpoints",
        &["keys", "revocation", "token"],
    ),
    // A kept sign-in of our own, in a slot that only this user opens: secrets, an id and a key, compared and parsed.
    (
        "auth/store/kept.rs",
        "Written",
        &["subject", "refresh", "id", "key"],
    ),
    ("sources/op.rs", "Mark", &["run", "ticket"]),
];
/// Rooms and files whose data no stranger writes: the user's own files (each quoted in letters, `verbs.rs`), built-in or
/// signed runbooks, themes, and the simulator, which speaks only HTTP to the rest.
const OWN: [&str; 4] = ["config/", "sim/", "runbook/yaml.rs", "view/theme.rs"];

/// A struct that is parsed from outside: its file, its name, and each field with its type and attributes.
struct Parsed {
    file: String,
    name: String,
    fields: Vec<(String, String, String)>,
}

fn sources(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        match entry.path() {
            path if path.is_dir() => sources(&path, found),
            path => found.push(path),
        }
    }
}

fn parsed() -> Vec<Parsed> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    sources(&root, &mut paths);
    let mut found = Vec::new();
    for path in paths {
        let file = path
            .strip_prefix(&root)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        if file.contains("tests") || OWN.iter().any(|own| file.starts_with(own)) {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let own = text.split("#[cfg(test)]").next().unwrap();
        structs(&file, own, &mut found);
    }
    assert!(found.len() > 60, "{}", found.len());
    found
}

/// The structs of a file that derive `Deserialize`, as rustfmt writes them: one field a line, the brace at the margin.
fn structs(file: &str, text: &str, found: &mut Vec<Parsed>) {
    let (mut derives, mut listing, mut open) = (false, false, None::<Parsed>);
    let mut attributes = String::new();
    for line in text.lines() {
        let bare = line
            .trim()
            .trim_start_matches("pub(super) ")
            .trim_start_matches("pub(crate) ");
        let bare = bare.trim_start_matches("pub ");
        if let Some(own) = &mut open {
            if line == "}" {
                found.extend(open.take());
            } else if bare.starts_with('#') {
                attributes.push_str(bare);
            } else if !bare.starts_with("//")
                && let Some((name, kind)) = bare.split_once(": ")
            {
                own.fields.push((
                    name.to_owned(),
                    kind.to_owned(),
                    std::mem::take(&mut attributes),
                ));
            }
        } else if line.starts_with("#[derive(") {
            derives = line.contains("Deserialize");
            listing = !line.ends_with(")]");
        } else if listing {
            derives |= line.contains("Deserialize");
            listing = !line.ends_with(")]");
        } else if let Some(name) = bare.strip_prefix("struct ") {
            let ends = name
                .find(|c: char| !c.is_alphanumeric())
                .unwrap_or(name.len());
            if derives && line.ends_with('{') {
                let (file, name) = (file.to_owned(), name[..ends].to_owned());
                open = Some(Parsed {
                    file,
                    name,
                    fields: Vec::new(),
                });
            }
            derives = false;
        }
    }
}

#[test]
fn every_text_that_is_parsed_raw_is_known_and_has_its_reason() {
    let mut raw: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for one in parsed() {
        for (name, kind, _) in one.fields {
            let of = (one.file.clone(), one.name.clone());
            let text = kind
                .split(|c: char| !c.is_alphanumeric())
                .any(|word| word == "String");
            if text {
                raw.entry(of).or_default().insert(name);
            }
        }
    }
    let known = RAW.iter().map(|(file, name, fields)| {
        let fields = fields.iter().map(|field| (*field).to_owned());
        (
            (file.to_string(), name.to_string()),
            fields.collect::<BTreeSet<_>>(),
        )
    });
    let known: BTreeMap<_, _> = known.collect();
    for (of, fields) in &raw {
        let (file, name) = of;
        assert_eq!(
            known.get(of),
            Some(fields),
            "{file}: {name}: make it SafeText, or say in this file why it is not"
        );
    }
    for of in known.keys() {
        assert!(raw.contains_key(of), "{of:?} has no raw text any more");
    }
}

#[test]
fn every_field_of_every_kind_stands_in_the_walk_through_the_corpus() {
    let walked = kinds::words();
    let (mut seen, mut missing) = (0, Vec::new());
    for one in parsed()
        .iter()
        .filter(|one| one.file.starts_with("sources/kinds/"))
    {
        for (name, kind, attributes) in &one.fields {
            // What a kind is made into has no attributes; what it is read from has SafeText or a struct of its own.
            if !kind.contains("SafeText") || attributes.contains("skip") {
                continue;
            }
            let renamed = attributes
                .split("rename = \"")
                .nth(1)
                .and_then(|rest| rest.split('"').next());
            let key = renamed.map_or_else(|| camel(name), str::to_owned);
            if !walked.contains(&key) && !is_made(one) {
                missing.push(format!("{}.{name} ({key})", one.name));
            }
            seen += 1;
        }
    }
    assert!(
        missing.is_empty(),
        "put into a specimen of kinds.rs: {missing:?}"
    );
    assert!(seen > 60, "{seen}");
}

/// True for a struct that is made from the one that is read (`#[serde(from = ..)]`): its fields have names of their own.
fn is_made(one: &Parsed) -> bool {
    one.fields.iter().any(|(name, kind, attributes)| {
        name == "meta" && kind.starts_with("Meta") && attributes.is_empty()
    })
}

fn camel(name: &str) -> String {
    let mut upper = false;
    let mut out = String::new();
    for c in name.chars() {
        if c == '_' {
            upper = true;
        } else {
            out.push(if std::mem::take(&mut upper) {
                c.to_ascii_uppercase()
            } else {
                c
            });
        }
    }
    out
}
