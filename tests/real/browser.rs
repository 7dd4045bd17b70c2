//! The browser side of a sign-in at Keycloak: reads each page's form and fills it in as the person would.

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;

use jiff::Timestamp;

use crate::web::Answer;
use crate::web::Web;

/// The most pages that one sign-in has.
const PAGES: usize = 12;

/// A person of the realm at a browser of their own.
pub(crate) struct Browser {
    web: Web,
    name: String,
    code: String,
}

/// The first form of a page.
struct Form {
    action: String,
    fields: Vec<(String, String)>,
}

impl Browser {
    /// A fresh browser, in which nobody is signed in; `name` is a short name such as `alice`.
    pub(crate) fn of(name: &str, ca: &Path) -> Browser {
        Browser {
            web: Web::trusting(ca),
            name: name.to_owned(),
            code: String::new(),
        }
    }

    /// The same person, who types this code where the page asks for one.
    pub(crate) fn typing(self, code: &str) -> Browser {
        Browser {
            code: code.to_owned(),
            ..self
        }
    }

    /// Opens an address and answers every page, allowing what is asked, or refusing it where there is a choice. Gives
    /// the last answer: the page that has nothing to fill in, or a redirect to somewhere else.
    pub(crate) async fn walk(&mut self, address: &str, allow: bool) -> Answer {
        let html = [("accept", "text/html")];
        let mut at = address.to_owned();
        let first = self.web.send("GET", address, &html, String::new()).await;
        let mut answer = first.expect("the issuer answers");
        let mut filled: Vec<&str> = Vec::new();
        for _ in 0..PAGES {
            if let Some(to) = answer.location.clone() {
                let to = join(&at, &to);
                if origin(&to) != origin(address) {
                    return answer;
                }
                let next = self.web.send("GET", &to, &html, String::new()).await;
                (answer, at) = (next.expect("the issuer answers"), to);
                continue;
            }
            let Some(form) = form(&answer.text) else {
                return answer;
            };
            let (step, fields) = self.fill(&form, allow, &answer);
            assert!(
                !filled.contains(&step),
                "{step} was not taken: {}",
                words(&answer.text)
            );
            filled.push(step);
            at = join(&at, &form.action);
            let next = self.web.post(&at, &fields).await;
            answer = next.expect("the issuer answers");
        }
        panic!("more than {PAGES} pages; the last: {}", words(&answer.text));
    }

    /// What this person puts into a form, and a word for it.
    fn fill(
        &self,
        form: &Form,
        allow: bool,
        page: &Answer,
    ) -> (&'static str, Vec<(String, String)>) {
        let has = |name: &str| form.fields.iter().any(|(field, _)| field == name);
        let pair = |name: &str, value: String| (name.to_owned(), value);
        if has("device_user_code") {
            let fields = vec![pair("device_user_code", self.code.clone())];
            return ("the code", fields);
        }
        if has("password") {
            let login = format!("{}@meridian.test", self.name);
            let password = format!("{}-password", self.name);
            let fields = vec![pair("username", login), pair("password", password)];
            return ("the password", fields);
        }
        if has("otp") {
            let mut fields = form.fields.clone();
            fields.retain(|(name, _)| name == "selectedCredentialId");
            fields.push(pair("otp", second_factor(&self.name)));
            return ("the second factor", fields);
        }
        if has("accept") && has("cancel") {
            let out = if allow { "cancel" } else { "accept" };
            let mut fields = form.fields.clone();
            fields.retain(|(name, _)| name != out);
            return ("the consent", fields);
        }
        panic!("an unknown page ({}): {}", page.status, words(&page.text));
    }
}

/// The number that an authenticator shows now (RFC 6238), for the secret that the realm's file gives this person.
fn second_factor(name: &str) -> String {
    let secret = format!("{name}-second-factor-0000");
    let key = crashcart::text::hex(&secret.as_bytes()[..20]);
    let counter = Timestamp::now().as_second() / 30;
    let mut openssl = Command::new("openssl")
        .args(["dgst", "-sha1", "-mac", "HMAC", "-macopt"])
        .arg(format!("hexkey:{key}"))
        .arg("-binary")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("openssl");
    let mut stdin = openssl.stdin.take().expect("its input");
    stdin.write_all(&counter.to_be_bytes()).expect("its input");
    drop(stdin);
    let mac = openssl.wait_with_output().expect("openssl").stdout;
    let at = usize::from(mac[19] & 15);
    let four: [u8; 4] = mac[at..at + 4].try_into().expect("four bytes");
    let number = (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000;
    format!("{number:06}")
}

/// The first form that is posted, with its inputs and buttons that have a name.
fn form(html: &str) -> Option<Form> {
    let mut found: Option<Form> = None;
    for tag in html.split('<').skip(1) {
        let tag = tag.split_once('>').map_or(tag, |pair| pair.0);
        let name = tag.split_whitespace().next().unwrap_or_default();
        match (name, &mut found) {
            ("form", None) if attribute(tag, "method").eq_ignore_ascii_case("post") => {
                found = Some(Form {
                    action: attribute(tag, "action"),
                    fields: Vec::new(),
                });
            }
            ("/form", Some(_)) => break,
            ("input" | "button", Some(form)) if !attribute(tag, "name").is_empty() => {
                let field = (attribute(tag, "name"), attribute(tag, "value"));
                form.fields.push(field);
            }
            _ => {}
        }
    }
    found
}

/// The value of an attribute; empty when there is none.
fn attribute(tag: &str, name: &str) -> String {
    let start = format!(" {name}=\"");
    let tag = tag.replace(['\n', '\t', '\r'], " ");
    let value = tag.split_once(&start).map_or("", |pair| pair.1);
    let value = value.split('"').next().unwrap_or_default();
    value.replace("&amp;", "&").replace("&#x2F;", "/")
}

/// What a page says, without its tags.
fn words(html: &str) -> String {
    let body = html.split_once("<body").map_or(html, |pair| pair.1);
    let text = body.split('<').filter_map(|part| part.split_once('>'));
    let words: Vec<&str> = text.flat_map(|(_, text)| text.split_whitespace()).collect();
    words.join(" ").chars().take(400).collect()
}

/// Scheme, host and port of an address.
fn origin(url: &str) -> &str {
    let end = url.match_indices('/').nth(2).map_or(url.len(), |at| at.0);
    &url[..end]
}

/// An address of a page, from the page it stands on.
fn join(page: &str, to: &str) -> String {
    if to.starts_with('/') {
        return format!("{}{to}", origin(page));
    }
    to.to_owned()
}
