//! The same plain requests at Keycloak and at the simulated issuer: status, refusal and fields of each answer.
//!
//! `manners.txt` has what Keycloak answered, a line each, and below a line, after `sim`, what the simulated issuer answers
//! where that is something else. Each is held to its side, so a difference that comes or goes is seen.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use serde_json::Value;

use crate::issuer::CLIENT;
use crate::issuer::Issuer;
use crate::web::Answer;
use crate::web::Web;

/// What both answer.
const RECORDED: &str = include_str!("manners.txt");
/// The verifier of RFC 7636's own example, and its challenge.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const BOUND: &str =
    "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
const CONSOLE: &str = "client_id=crashcart";
const POLL: &str = "grant_type=urn:ietf:params:oauth:grant-type:device_code";

/// Beginnings of a device grant that are no good, or odd.
const BEGINNINGS: [(&str, &str); 9] = [
    ("no client", "scope=openid&BOUND"),
    ("unknown client", "client_id=x&BOUND"),
    ("no challenge", "CONSOLE&scope=openid"),
    (
        "plain challenge",
        "CONSOLE&code_challenge=x&code_challenge_method=plain",
    ),
    ("method alone", "CONSOLE&code_challenge_method=S256"),
    (
        "short challenge",
        "CONSOLE&code_challenge=x&code_challenge_method=S256",
    ),
    ("unknown scope", "CONSOLE&scope=openid%20x&BOUND"),
    ("no scope", "CONSOLE&BOUND"),
    (
        "a parameter twice",
        "CONSOLE&scope=openid&scope=openid&BOUND",
    ),
];

/// Questions for a token that get none.
const QUESTIONS: [(&str, &str); 12] = [
    ("nothing", ""),
    ("no grant", "CONSOLE"),
    ("unknown grant", "CONSOLE&grant_type=x"),
    (
        "password grant",
        "CONSOLE&grant_type=password&username=a&password=b",
    ),
    ("no client", "POLL&device_code=x"),
    ("unknown client", "POLL&client_id=x&device_code=x"),
    ("no code", "POLL&CONSOLE"),
    ("unknown code", "POLL&CONSOLE&device_code=x"),
    (
        "a parameter twice",
        "POLL&CONSOLE&device_code=x&device_code=x",
    ),
    ("no refresh token", "grant_type=refresh_token&CONSOLE"),
    (
        "garbage to refresh",
        "grant_type=refresh_token&CONSOLE&refresh_token=x",
    ),
    (
        "unknown authorization code",
        "grant_type=authorization_code&CONSOLE&code=x&code_verifier=VERIFIER&redirect_uri=http://127.0.0.1:1/",
    ),
];

/// An issuer that is asked plainly; its answers are kept in lines.
struct Plain<'i, I: Issuer> {
    issuer: &'i I,
    web: Web,
    document: Value,
    lines: Vec<String>,
}

impl<I: Issuer> Plain<'_, I> {
    /// Sends a request to an endpoint of the discovery document.
    async fn send(&mut self, endpoint: &str, header: (&str, &str), form: Option<&str>) -> Answer {
        let url = self.document[endpoint].as_str().expect("an endpoint");
        let method = if form.is_some() { "POST" } else { "GET" };
        let body = form.unwrap_or_default();
        let body = [
            ("BOUND", BOUND),
            ("CONSOLE", CONSOLE),
            ("POLL", POLL),
            ("VERIFIER", VERIFIER),
        ]
        .iter()
        .fold(body.to_owned(), |body, (name, text)| {
            body.replace(name, text)
        });
        let answer = self.web.send(method, url, &[header], body).await;
        answer.expect("an answer")
    }

    /// Sends a form and keeps what comes back, under a name.
    async fn asks(&mut self, what: &str, endpoint: &str, form: &str) -> Value {
        let header = ("content-type", "application/x-www-form-urlencoded");
        let answer = self.send(endpoint, header, Some(form)).await;
        self.lines.push(format!("{what}: {}", said(&answer)));
        answer.json()
    }

    /// Asks for a token at the pace the issuer wants.
    async fn asks_in_time(&mut self, what: &str, form: &str) -> Value {
        loop {
            self.issuer.pause().await;
            let answer = self.asks(what, "token_endpoint", form).await;
            if answer["error"] != "slow_down" {
                return answer;
            }
            self.lines.pop();
        }
    }

    fn note(&mut self, what: &str, value: &str) {
        self.lines.push(format!("{what}: {value}"));
    }
}

/// Holds an issuer to its side of what is recorded.
pub(crate) async fn each_answers_as_recorded(issuer: &impl Issuer) {
    let simulated = issuer.key_reads().is_none();
    let mut expected: Vec<&str> = Vec::new();
    for line in RECORDED.lines() {
        match line.strip_prefix("    sim ") {
            None => expected.push(line),
            Some(line) if simulated => {
                expected.pop();
                expected.push(line);
            }
            Some(_) => {}
        }
    }
    let found = answers(issuer).await;
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected, "tests/real/manners.txt");
    }
    assert_eq!(found.len(), expected.len(), "{found:#?}");
}

/// Everything an issuer is asked, in a line each.
async fn answers(issuer: &impl Issuer) -> Vec<String> {
    let base = issuer.identity(CLIENT).issuer;
    let url = format!("{base}/.well-known/openid-configuration");
    let mut web = issuer.web();
    let document = web.send("GET", &url, &[], String::new()).await;
    let mut plain = Plain {
        issuer,
        web,
        document: document.expect("its documents").json(),
        lines: Vec::new(),
    };
    let keys = plain.send("jwks_uri", ("accept", "*/*"), None).await.json();
    let mut keys: Vec<String> = keys["keys"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|key| format!("key {} {}: {}", key["use"], key["alg"], names(key)))
        .collect();
    keys.sort();
    plain.lines.extend(keys);
    for (what, form) in BEGINNINGS {
        let what = format!("device, {what}");
        let endpoint = "device_authorization_endpoint";
        plain.asks(&what, endpoint, form).await;
    }
    for (what, form) in QUESTIONS {
        let what = format!("token, {what}");
        plain.asks(&what, "token_endpoint", form).await;
    }
    device(&mut plain).await;
    plain.lines
}

/// A grant that is denied, and one that is allowed.
async fn device<I: Issuer>(plain: &mut Plain<'_, I>) {
    let begin = "CONSOLE&scope=openid%20profile%20email%20groups&nonce=n-1&BOUND";
    let mut codes = Vec::new();
    for what in ["to be denied", "to be allowed"] {
        let what = format!("device, {what}");
        let endpoint = "device_authorization_endpoint";
        let code = plain.asks(&what, endpoint, begin).await;
        let text = |name: &str| code[name].as_str().unwrap_or_default().to_owned();
        let poll = format!("POLL&CONSOLE&device_code={}", text("device_code"));
        codes.push((text("user_code"), poll));
    }
    let (code, poll) = &codes[0];
    for what in ["not answered", "at once again"] {
        plain.asks(what, "token_endpoint", poll).await;
    }
    plain.issuer.answer(code, "erik", false).await;
    plain.asks_in_time("denied", poll).await;

    let (code, poll) = &codes[1];
    let foreign = poll.replace("CONSOLE", "client_id=crashcart-approve");
    plain
        .asks("another's code", "token_endpoint", &foreign)
        .await;
    plain.issuer.answer(code, "alice", true).await;
    for (what, verifier) in [
        ("allowed, no verifier", String::new()),
        ("allowed, short verifier", "&code_verifier=x".to_owned()),
        (
            "allowed, wrong verifier",
            format!("&code_verifier={}", "x".repeat(43)),
        ),
    ] {
        plain.asks_in_time(what, &format!("{poll}{verifier}")).await;
    }
    let right = format!("{poll}&code_verifier=VERIFIER");
    let tokens = plain.asks_in_time("allowed", &right).await;
    plain.asks("again", "token_endpoint", &right).await;
    look_at(plain, &tokens).await;
    spend(plain, &tokens).await;
}

/// What stands in tokens, and who may be asked about them.
async fn look_at<I: Issuer>(plain: &mut Plain<'_, I>, tokens: &Value) {
    for name in ["id_token", "access_token", "refresh_token"] {
        plain.note(name, &claims(&tokens[name]));
    }
    plain.note("scope", &tokens["scope"].to_string());
    let bearer = format!(
        "Bearer {}",
        tokens["access_token"].as_str().unwrap_or_default()
    );
    for (what, header) in [
        ("userinfo", ("authorization", bearer.as_str())),
        ("userinfo, garbage", ("authorization", "Bearer x")),
        ("userinfo, nobody", ("accept", "*/*")),
    ] {
        let answer = plain.send("userinfo_endpoint", header, None).await;
        plain.note(what, &said(&answer));
    }
}

/// Renews, gives back, signs out.
async fn spend<I: Issuer>(plain: &mut Plain<'_, I>, tokens: &Value) {
    let refresh = |tokens: &Value| {
        tokens["refresh_token"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let renew = format!("grant_type=refresh_token&refresh_token={}", refresh(tokens));
    for (what, client) in [
        ("renewed for another", "client_id=crashcart-approve"),
        ("renewed", CONSOLE),
    ] {
        let renewed = format!("{renew}&{client}");
        let renewed = plain.asks(what, "token_endpoint", &renewed).await;
        if client != CONSOLE {
            continue;
        }
        plain.note("renewed id_token", &claims(&renewed["id_token"]));
        let token = refresh(&renewed);
        for (what, form) in [
            ("given back, nothing", "CONSOLE".to_owned()),
            ("given back, garbage", "CONSOLE&token=x".to_owned()),
            ("given back", format!("CONSOLE&token={token}")),
            ("given back again", format!("CONSOLE&token={token}")),
        ] {
            plain.asks(what, "revocation_endpoint", &form).await;
        }
        let again = format!("grant_type=refresh_token&CONSOLE&refresh_token={token}");
        plain
            .asks("renewed after that", "token_endpoint", &again)
            .await;
        for (what, form) in [
            ("signed out, nothing", "CONSOLE".to_owned()),
            ("signed out, garbage", "CONSOLE&refresh_token=x".to_owned()),
            (
                "signed out after that",
                format!("CONSOLE&refresh_token={token}"),
            ),
        ] {
            plain.asks(what, "end_session_endpoint", &form).await;
        }
    }
}

/// An answer in words: its status, and a refusal, or the names of its fields.
fn said(answer: &Answer) -> String {
    let value = answer.json();
    let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let body = match &value {
        Value::Object(_) if !value["error"].is_null() => {
            format!("{}: {}", text("error"), text("error_description"))
        }
        Value::Object(_) => names(&value),
        _ if answer.text.is_empty() => "nothing".to_owned(),
        _ => "a page".to_owned(),
    };
    match &answer.challenge {
        Some(challenge) => format!("{} {body} ({challenge})", answer.status),
        None => format!("{} {body}", answer.status),
    }
}

/// The names of an object's fields.
fn names(value: &Value) -> String {
    let all = value.as_object().map(|all| all.keys().cloned());
    all.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// The names of a token's claims, unchecked.
fn claims(token: &Value) -> String {
    let part = token.as_str().unwrap_or_default().split('.').nth(1);
    let claims = B64.decode(part.unwrap_or_default()).unwrap_or_default();
    names(&serde_json::from_slice(&claims).unwrap_or_default())
}

/// The simulated issuer.
mod simulated {
    use crashcart::sim::issuer::Settings;

    use crate::night::Night;

    #[tokio::test]
    async fn it_answers_as_recorded() {
        let night = Night::start(Settings::default()).await;
        super::each_answers_as_recorded(&night).await;
    }
}
