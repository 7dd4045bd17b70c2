//! The configuration that `crashcart init` proposes: a text to read and correct, from kubeconfig
//! contexts and, where they could be read, the labels of namespaces.

use super::clusters::Fingerprint;
use super::kubeconfig::Access;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use toml::Value;
use uuid::Uuid;

/// The label that names a namespace's zone, the first that any namespace has.
const LABELS: [&str; 3] = ["crashcart/zone", "zone", "app.kubernetes.io/zone"];
/// Namespaces that belong to Kubernetes itself and stand in no zone.
const SYSTEM: [&str; 3] = ["kube-node-lease", "kube-public", "kube-system"];
/// Ends of host names of managed clusters.
const CLOUDS: [&str; 4] = [
    ".eks.amazonaws.com",
    ".azmk8s.io",
    ".gke.goog",
    ".k8s.ondigitalocean.com",
];

/// The labels of one namespace.
pub type Labels = BTreeMap<String, String>;

/// One kubeconfig context, and what could be read with it.
#[derive(Clone, Debug)]
pub struct Found {
    /// The kubeconfig file; several, as in `KUBECONFIG`, where the context is spread over them.
    pub kubeconfig: String,
    /// What the context leads to.
    pub access: Access,
    /// The labels of its namespaces by name; empty when they could not be read.
    pub namespaces: BTreeMap<String, Labels>,
    /// The uid of its `kube-system` namespace, when it could be read.
    pub uid: Option<String>,
}

/// A configuration and the files it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The text of `crashcart.toml`.
    pub text: String,
    /// Certificate files to write into the same folder: name and bytes.
    pub files: Vec<(String, Vec<u8>)>,
}

/// Proposes a configuration for an estate of that name and id.
pub fn propose(name: &str, id: Uuid, found: &[Found]) -> Proposal {
    let names = names(found);
    let clusters: Vec<(&str, &Found)> = names.iter().map(String::as_str).zip(found).collect();
    let mut text = String::from(
        "# Proposed by crashcart init from kubeconfig contexts. Read it line by line: what stands\n\
         # here decides what is called safe. Every key is in docs/configuration.md.\n\n",
    );
    estate(&mut text, name, id, &clusters);
    text.push_str(
        "\n# To sign in as a person instead of with a kubeconfig credential, add the issuer and\n\
         # write auth = \"oidc:NAME\" in place of kubeconfig:\n\
         # [[identity]]\n# name = \"keycloak\"\n",
    );
    let issuer = found.iter().find_map(|one| one.access.issuer.as_ref());
    let named = issuer.map(|one| (one.url.as_str(), one.client_id.as_str()));
    let (url, client) = named.unwrap_or(("https://id.example.org/realms/one", "crashcart"));
    line(
        &mut text,
        &format!("# issuer = {}", quoted(url).replace('\n', " ")),
    );
    line(&mut text, "# ca = \"id.crt\"");
    line(
        &mut text,
        &format!("# client_id = {}", quoted(client).replace('\n', " ")),
    );
    for (name, found) in &clusters {
        cluster(&mut text, name, found);
    }
    zones(&mut text, &clusters);
    let files = clusters
        .iter()
        .map(|(name, found)| (format!("{name}.crt"), found.access.ca.bytes.to_vec()))
        .collect();
    Proposal { text, files }
}

fn estate(text: &mut String, name: &str, id: Uuid, clusters: &[(&str, &Found)]) {
    line(text, "[estate]");
    pair(text, "name", name);
    pair(text, "id", &id.to_string());
    line(text, "regimes = []");
    line(text, "outside = [");
    for (name, found) in clusters {
        let known = |one: &&str| found.namespaces.is_empty() || found.namespaces.contains_key(*one);
        let system: Vec<String> = SYSTEM.iter().filter(|one| known(one)).map(quoted).collect();
        if !system.is_empty() {
            let list = system.join(", ");
            line(
                text,
                &format!("  {{ cluster = {}, namespaces = [{list}] }},", quoted(name)),
            );
        }
    }
    line(text, "]");
}

fn cluster(text: &mut String, name: &str, found: &Found) {
    let access = &found.access;
    line(text, "\n[[cluster]]");
    pair(text, "name", name);
    let host = access.server.trim_start_matches("https://");
    let host = host.split(['/', ':']).next().unwrap_or_default();
    let cloud = CLOUDS.iter().any(|end| host.ends_with(end));
    pair(text, "site", if cloud { "cloud" } else { "on-prem" });
    pair(text, "server", &access.server);
    pair(text, "ca", &format!("{name}.crt"));
    if let Some(key) = access.ca.spki_hashes().into_iter().next() {
        let fingerprint = Fingerprint {
            ca_key: key,
            uid: found.uid.clone(),
        };
        pair(text, "fingerprint", &fingerprint.to_string());
    }
    let path = quoted(&found.kubeconfig);
    let context = quoted(&access.context);
    line(
        text,
        &format!("kubeconfig = {{ path = {path}, context = {context} }}"),
    );
}

/// A zone for each value of the zone label; where no namespace has one, an example to fill in.
fn zones(text: &mut String, clusters: &[(&str, &Found)]) {
    let all = || {
        clusters
            .iter()
            .flat_map(|(_, found)| found.namespaces.values())
    };
    let label = LABELS
        .into_iter()
        .find(|label| all().any(|labels| labels.contains_key(*label)));
    let Some(label) = label else {
        text.push_str(
            "\n# No namespace says by a label which zone it is in. Until a zone claims them, all\n\
             # stand in NO ZONE:\n\
             # [[zone]]\n# name = \"clinical\"\n# criticality = \"critical\"\n# rpo = \"1h\"\n\
             # rto = \"4h\"\n# people = 2\n\
             # members = [{ cluster = \"...\", namespaces = [\"...\"] }]\n",
        );
        return;
    };
    let values: BTreeSet<&String> = all().filter_map(|labels| labels.get(label)).collect();
    let mut taken = BTreeSet::new();
    for value in values.into_iter().filter(|value| !value.is_empty()) {
        line(text, "\n[[zone]]");
        pair(text, "name", &unique(value, &mut taken));
        line(
            text,
            "criticality = \"high\" # critical, high, medium or low",
        );
        line(text, "# rpo = \"1h\"");
        line(text, "# rto = \"4h\"");
        line(text, "people = 1 # different people for a live change");
        line(text, "members = [");
        for (name, found) in clusters {
            let has = |labels: &Labels| labels.get(label) == Some(value);
            if found.namespaces.values().any(has) {
                let (name, selector) = (quoted(name), quoted(format!("{label}={value}")));
                line(
                    text,
                    &format!("  {{ cluster = {name}, selector = {selector} }},"),
                );
            }
        }
        line(text, "]");
    }
}

/// A name for each context: its last part, made to fit and to differ.
fn names(found: &[Found]) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let last = |context: &str| {
        let part = context
            .rsplit(['/', '@', ':'])
            .find(|part| !part.is_empty());
        part.unwrap_or("cluster").to_owned()
    };
    found
        .iter()
        .map(|one| unique(&last(&one.access.context), &mut taken))
        .collect()
}

/// A text as a name that nothing else has yet.
fn unique(text: &str, taken: &mut BTreeSet<String>) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let name: String = text
        .chars()
        .map(|c| if fits(c) { c } else { '-' })
        .take(56)
        .collect();
    let mut unique = name.clone();
    let mut number = 2;
    while !taken.insert(unique.clone()) {
        unique = format!("{name}-{number}");
        number += 1;
    }
    unique
}

fn pair(text: &mut String, key: &str, value: &str) {
    line(text, &format!("{key} = {}", quoted(value)));
}

fn line(text: &mut String, line: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{line}");
}

/// A text as TOML writes it.
fn quoted(text: impl AsRef<str>) -> String {
    Value::from(text.as_ref()).to_string()
}
