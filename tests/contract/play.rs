//! Plays a story on a server: fills in what is kept, asks, and gives normalised answers.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::json;

use crate::normal::Normal;
use crate::story::Among;
use crate::story::Exchange;
use crate::story::Request;
use crate::story::Story;
use crate::wire;
use crate::wire::Raw;
use crate::wire::Server;

/// Headers that are compared; all others are a server's own matter.
const HEADERS: &[&str] = &[
    "allow",
    "audit-id",
    "cache-control",
    "content-encoding",
    "content-type",
    "location",
    "retry-after",
    "warning",
];

/// Normalised answers by the exchange's full name, `story/id`.
pub(crate) type Answers = BTreeMap<String, Value>;

/// Plays a whole story in a namespace of its own.
pub(crate) async fn story(server: &Server, story: &Story) -> Answers {
    let mut told = Told {
        server,
        variables: vec![("ns".to_owned(), story.name.clone())],
        normal: Normal::new(&story.text),
    };
    told.begin().await;
    let mut answers = Answers::new();
    for exchange in &story.exchange {
        let answer = told.exchange(exchange).await;
        answers.insert(format!("{}/{}", story.name, exchange.id), answer);
    }
    answers
}

/// A story that is being told.
struct Told<'s> {
    server: &'s Server,
    variables: Vec<(String, String)>,
    normal: Normal,
}

impl Told<'_> {
    /// A namespace, and the account that pods run as where no controller makes one.
    async fn begin(&self) {
        let make = |ask: &str, body: &str| Request {
            ask: ask.to_owned(),
            person: "alice".to_owned(),
            headers: BTreeMap::new(),
            patch: None,
            body: Some(body.to_owned()),
        };
        let named = r#"{"metadata": {"name": "{ns}"}}"#;
        self.must(&make("POST /api/v1/namespaces", named)).await;
        let account = r#"{"metadata": {"name": "default"}}"#;
        let accounts = "POST /api/v1/namespaces/{ns}/serviceaccounts";
        self.must(&make(accounts, account)).await;
    }

    async fn must(&self, request: &Request) {
        let (ask, headers, body) = self.filled(request, "");
        let raw = self
            .server
            .send(&ask, &request.person, &headers, body.as_deref())
            .await;
        let text = String::from_utf8_lossy(&raw.body);
        assert!(raw.status < 300, "{ask}: {} {text}", raw.status);
    }

    fn fill(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, value) in &self.variables {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        // What is too long to be written down: `{mega}` for a config map, `{big}` for any request.
        for (name, length) in [("{mega}", 1_100_000), ("{big}", 3_200_000)] {
            if text.contains(name) {
                text = text.replace(name, &"x".repeat(length));
            }
        }
        text
    }

    fn filled(
        &self,
        request: &Request,
        id: &str,
    ) -> (String, Vec<(String, String)>, Option<String>) {
        let mut headers: Vec<(String, String)> = request
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), self.fill(value)))
            .collect();
        if !id.is_empty() {
            headers.push(("audit-id".to_owned(), id.to_owned()));
        }
        if let Some(kind) = &request.patch {
            let kind = match kind.as_str() {
                "json" => "application/json-patch+json",
                "merge" => "application/merge-patch+json",
                "strategic" => "application/strategic-merge-patch+json",
                "apply" => "application/apply-patch+yaml",
                other => panic!("{id}: no patch is called {other}"),
            };
            headers.push(("content-type".to_owned(), kind.to_owned()));
        } else if request.body.is_some() && !request.headers.contains_key("content-type") {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        let body = request.body.as_deref().map(|body| self.fill(body));
        (self.fill(&request.ask), headers, body)
    }

    async fn exchange(&mut self, exchange: &Exchange) -> Value {
        if exchange.forgotten {
            self.server.forget();
        }
        let request = exchange.request();
        let (ask, headers, body) = self.filled(&request, &exchange.id);
        let person = &request.person;
        let open = self.server.open(&ask, person, &headers, body.as_deref());
        let open = open.await;
        for request in &exchange.during {
            self.must(request).await;
        }
        let raw = wire::read(open, &ask, exchange.until).await;
        let mut body = parsed(&raw, ask.contains("watch=") && raw.status == 200);
        for (name, pointer) in &exchange.keep {
            let found = body.pointer(pointer).unwrap_or_else(|| {
                panic!("{ask}: nothing at {pointer} of {body}");
            });
            let found = found
                .as_str()
                .map_or_else(|| found.to_string(), str::to_owned);
            if pointer == "/metadata/name" {
                self.normal.name(&found, name);
            }
            self.variables.retain(|(known, _)| known != name);
            self.variables.push((name.clone(), found));
        }
        for among in &exchange.among {
            choose(&mut body, among);
        }
        let body = self.normal.body(&exchange.id, body);
        let mut answer =
            json!({ "status": raw.status, "headers": self.headers(&raw), "body": body });
        if !raw.over {
            answer["over"] = false.into();
        }
        answer
    }

    fn headers(&self, raw: &Raw) -> Value {
        HEADERS
            .iter()
            .filter_map(|name| {
                let values: Vec<&str> = raw
                    .headers
                    .get_all(*name)
                    .iter()
                    .filter_map(|value| value.to_str().ok())
                    .collect();
                let shown = self.normal.text(&values.join("; "));
                (!values.is_empty()).then(|| ((*name).to_owned(), Value::from(shown)))
            })
            .collect::<serde_json::Map<_, _>>()
            .into()
    }
}

/// The body as JSON where it is JSON; the events of a watch as a list.
fn parsed(raw: &Raw, watch: bool) -> Value {
    let text = String::from_utf8_lossy(&raw.body).into_owned();
    if watch {
        let lines = text.lines().filter(|line| !line.is_empty());
        return lines
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .collect();
    }
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}

/// Leaves in a list what the exchange names, in that order.
fn choose(body: &mut Value, among: &Among) {
    let Some(list) = body.pointer_mut(&among.list).filter(|list| list.is_array()) else {
        return;
    };
    let items = list.as_array().cloned().unwrap_or_default();
    *list = among
        .of
        .iter()
        .map(|name| {
            let name = Value::from(name.as_str());
            let found = items
                .iter()
                .find(|item| item.pointer(&among.key) == Some(&name));
            found.cloned().unwrap_or(Value::Null)
        })
        .collect();
}
