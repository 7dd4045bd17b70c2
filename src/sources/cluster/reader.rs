//! The client that only reads: get, list, watch and questions about oneself.

use std::collections::BTreeMap;

use std::fmt::Write as _;
use std::time::Duration;

use http::Request;
use http::header::ACCEPT;
use http::header::CONTENT_TYPE;
use jiff::Timestamp;
use kube::Client;
use kube::client::Body;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::fault::Fault;
use crate::audit::Class;
use crate::sources::op::Gvr;
use crate::sources::op::Op;
use crate::sources::written::Written;
use crate::text::SafeText;

/// Objects on one page of a list.
const PAGE: u32 = 500;
/// Pages after which a list is given up: nobody reads a quarter of a million names.
const PAGES: usize = 500;
/// How long a read waits before it asks a busy server again.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
];
/// Without `application/json` as a second choice: a server that cannot leave the objects out must answer with none, so
/// that no value of a Secret ever enters this process.
const NAMES_ONLY: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
/// The same for a single object.
pub(in crate::sources) const METADATA_ONLY: &str =
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

/// A client with no method that changes anything.
#[derive(Clone)]
pub struct Reader {
    client: Client,
}

/// One kind that an API server serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Group, version and plural.
    pub gvr: Gvr,
    /// Kind, `ConfigMap`.
    pub kind: String,
    /// True when its objects live in namespaces.
    pub namespaced: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Resources {
    resources: Vec<Served>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Served {
    name: SafeText,
    kind: SafeText,
    namespaced: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Names {
    metadata: Continue,
    /// A real API server writes `null` for a list of metadata that holds nothing.
    items: Option<Vec<Item>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Continue {
    #[serde(rename = "continue")]
    next: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Item {
    metadata: Value,
}

/// The metadata of one object; its texts are safe.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// Its resourceVersion.
    pub resource_version: String,
    /// When it was made, RFC 3339.
    pub creation_timestamp: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// True when it was deleted and waits for its finalizers.
    pub going: bool,
    /// Who wrote it, as far as its metadata tells.
    pub written: Written,
}

impl Named {
    fn of(metadata: &Value) -> Named {
        let text = |value: Option<&Value>| {
            let text = value.and_then(Value::as_str);
            SafeText::new(text.unwrap_or_default()).to_string()
        };
        let labels = metadata.get("labels").and_then(Value::as_object);
        Named {
            name: text(metadata.get("name")),
            uid: text(metadata.get("uid")),
            resource_version: text(metadata.get("resourceVersion")),
            creation_timestamp: text(metadata.get("creationTimestamp")),
            labels: (labels.into_iter().flatten())
                .map(|(key, value)| (SafeText::new(key).to_string(), text(Some(value))))
                .collect(),
            going: metadata.get("deletionTimestamp").is_some(),
            written: Written::of(metadata),
        }
    }
}

impl Reader {
    pub(super) fn new(client: Client) -> Reader {
        Reader { client }
    }

    /// kube's client, for the watchers of this room only.
    pub(in crate::sources) fn kube(&self) -> Client {
        self.client.clone()
    }

    /// Reads one path as JSON.
    ///
    /// # Errors
    /// Why it could not be read, in words.
    pub async fn get_json(&self, path: &str) -> Result<Value, Fault> {
        self.get(path, "application/json").await
    }

    /// Reads one object as JSON; of a Secret only the metadata, because its values are nobody's business here.
    ///
    /// # Errors
    /// Why it could not be read, in words.
    pub async fn object(
        &self,
        gvr: &Gvr,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Value, Fault> {
        let secret = gvr.group.is_empty() && gvr.plural == "secrets";
        let accept = if secret {
            METADATA_ONLY
        } else {
            "application/json"
        };
        self.get(&gvr.path(namespace, Some(name)), accept).await
    }

    /// Reads one path as text.
    ///
    /// # Errors
    /// Why it could not be read, in words.
    pub async fn get_text(&self, path: &str) -> Result<String, Fault> {
        let request = Request::get(path)
            .body(Vec::new())
            .map_err(|error| Fault::transport(&error))?;
        patient(|| self.client.request_text(request.clone())).await
    }

    /// The metadata of every object of a kind, read page by page without the objects themselves.
    ///
    /// # Errors
    /// Why they could not be read, in words.
    pub async fn names(&self, gvr: &Gvr, namespace: Option<&str>) -> Result<Vec<Named>, Fault> {
        let base = gvr.path(namespace, None);
        let mut names = Vec::new();
        let mut next = String::new();
        for _ in 0..PAGES {
            let token = if next.is_empty() {
                String::new()
            } else {
                format!("&continue={}", escaped(&next))
            };
            let page: Names = self
                .get(&format!("{base}?limit={PAGE}{token}"), NAMES_ONLY)
                .await?;
            let items = page.items.into_iter().flatten();
            names.extend(items.map(|item| Named::of(&item.metadata)));
            next = page.metadata.next;
            if next.is_empty() {
                return Ok(names);
            }
        }
        Err(Fault::Failed(SafeText::from(format!(
            "more than {} objects at {base}",
            names.len()
        ))))
    }

    /// The metadata of the object of that name, by listing: what may be listed need not be ours to read.
    ///
    /// # Errors
    /// Why it could not be read, in words.
    pub async fn named(
        &self,
        gvr: &Gvr,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Named>, Fault> {
        let base = gvr.path(Some(namespace), None);
        let path = format!("{base}?fieldSelector=metadata.name%3D{}", escaped(name));
        let page: Names = self.get(&path, NAMES_ONLY).await?;
        let mut found = page.items.into_iter().flatten();
        Ok(found
            .next()
            .map(|item| Named::of(&item.metadata))
            .filter(|found| found.name == name))
    }

    /// Every kind of one group and version, without subresources; the group is empty for the core group.
    ///
    /// # Errors
    /// `NotFound` when the server has no such group, else why it could not be read.
    pub async fn resources(&self, group: &str, version: &str) -> Result<Vec<Resource>, Fault> {
        let path = match group {
            "" => format!("/api/{version}"),
            group => format!("/apis/{group}/{version}"),
        };
        let found: Resources = self.get(&path, "application/json").await?;
        let whole = found
            .resources
            .into_iter()
            .filter(|one| !one.name.as_str().contains('/'));
        Ok(whole
            .map(|one| Resource {
                gvr: Gvr::new(group, version, one.name.as_str()),
                kind: one.kind.to_string(),
                namespaced: one.namespaced,
            })
            .collect())
    }

    /// The resource of one kind; `None` when the server does not serve it.
    ///
    /// # Errors
    /// Why it could not be read, in words.
    pub async fn resource(
        &self,
        group: &str,
        version: &str,
        kind: &str,
    ) -> Result<Option<Resource>, Fault> {
        match self.resources(group, version).await {
            Ok(all) => Ok(all.into_iter().find(|one| one.kind == kind)),
            Err(Fault::NotFound) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// Asks one question about what we may do: the answer, and why.
    ///
    /// # Errors
    /// When the operation is no question, or why it could not be asked.
    pub async fn review(&self, op: &Op) -> Result<(bool, SafeText), Fault> {
        if op.class() != Class::Review {
            return Err(Fault::Failed(SafeText::new(
                "only access reviews are asked through the reader",
            )));
        }
        let request = op.request();
        let answer: Value = self.ask(&request.path, request.body).await?;
        let allowed = answer.pointer("/status/allowed").and_then(Value::as_bool) == Some(true);
        let why = answer
            .pointer("/status/reason")
            .and_then(Value::as_str)
            .unwrap_or_default();
        Ok((allowed, SafeText::new(why)))
    }

    /// Whom the server takes us for, and our groups.
    ///
    /// # Errors
    /// Why it could not be asked, in words.
    pub async fn whoami(&self) -> Result<(Option<SafeText>, Vec<SafeText>), Fault> {
        let body =
            br#"{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}"#.to_vec();
        let answer: Value = self
            .ask("/apis/authentication.k8s.io/v1/selfsubjectreviews", body)
            .await?;
        let user = answer
            .pointer("/status/userInfo/username")
            .and_then(Value::as_str)
            .map(SafeText::new);
        let groups = answer
            .pointer("/status/userInfo/groups")
            .and_then(Value::as_array);
        let groups = groups
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(SafeText::new)
            .collect();
        Ok((user, groups))
    }

    /// The server's version and its clock.
    pub(super) async fn version(&self) -> Result<(SafeText, Option<Timestamp>), Fault> {
        let request = Request::get("/version")
            .body(Body::empty())
            .map_err(|error| Fault::transport(&error))?;
        let response = self
            .client
            .send(request)
            .await
            .map_err(|error| Fault::of(&error))?;
        let status = response.status();
        let date = super::layers::date(response.headers());
        let body = response
            .into_body()
            .collect_bytes()
            .await
            .map_err(|error| Fault::of(&error))?;
        if !status.is_success() {
            return Err(Fault::status(status.as_u16(), &message(&body)));
        }
        let found: Value = serde_json::from_slice(&body).unwrap_or_default();
        let version = found
            .get("gitVersion")
            .and_then(Value::as_str)
            .unwrap_or("unknown version");
        Ok((SafeText::new(version), date))
    }

    async fn get<T: DeserializeOwned>(&self, path: &str, accept: &str) -> Result<T, Fault> {
        let request = Request::get(path).header(ACCEPT, accept).body(Vec::new());
        let request = request.map_err(|error| Fault::transport(&error))?;
        patient(|| self.client.request(request.clone())).await
    }

    /// The one POST a reader can send: a question that is kept nowhere.
    pub(super) async fn ask(&self, path: &str, body: Vec<u8>) -> Result<Value, Fault> {
        let request = Request::post(path)
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        let request = request.map_err(|error| Fault::transport(&error))?;
        patient(|| self.client.request(request.clone())).await
    }
}

/// Asks again, a little later each time, while the server only says that it is too busy.
async fn patient<T, F>(ask: impl Fn() -> F) -> Result<T, Fault>
where
    F: Future<Output = Result<T, kube::Error>>,
{
    let busy = |error: &kube::Error| matches!(error, kube::Error::Api(status) if matches!(status.code, 429 | 503 | 504));
    for pause in PAUSES {
        match ask().await {
            Err(error) if busy(&error) => tokio::time::sleep(pause).await,
            answer => return answer.map_err(|error| Fault::of(&error)),
        }
    }
    ask().await.map_err(|error| Fault::of(&error))
}

/// The sentence of a Status, or the start of whatever was answered.
pub(in crate::sources) fn message(body: &[u8]) -> String {
    let status: Value = serde_json::from_slice(body).unwrap_or_default();
    match status.get("message").and_then(Value::as_str) {
        Some(message) => message.to_owned(),
        None => String::from_utf8_lossy(body).chars().take(200).collect(),
    }
}

/// A value in a query; a continue token is base64 and holds `+`, `/` and `=`.
pub(super) fn escaped(token: &str) -> String {
    let mut out = String::with_capacity(token.len());
    for byte in token.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            // Writing into a String cannot fail.
            other => drop(write!(out, "%{other:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_metadata_that_holds_nothing_is_empty_and_no_fault() {
        // As kube-apiserver 1.36 answers for a namespace that is not there.
        let answer = r#"{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1",
            "metadata":{"resourceVersion":"893"},"items":null}"#;
        let page: Names = serde_json::from_str(answer).unwrap();
        assert!(page.items.is_none());
        assert!(page.metadata.next.is_empty());
    }
}
