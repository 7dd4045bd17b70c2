//! People sign in at the real Keycloak, by the real binary, and the real API server takes them for who they are.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use crashcart::auth::AuthError;
use crashcart::auth::Tokens;
use serde_json::Value;
use serde_json::json;

use crate::browser::Browser;
use crate::console::PROGRAM;
use crate::issuer::CLIENT;
use crate::issuer::Issuer as _;
use crate::issuer::signed_in;
use crate::keycloak::Keycloak;
use crate::keycloak::Who;
use crate::pty::Pty;

/// What the administrator puts into the cluster: a pod to read, and what a restore looks at before it asks for rights.
const OBJECTS: &str = include_str!("sign_in.yaml");
/// The groups of the realm as the API server names them, with the role that each gets.
const ROLES: [(&str, &[&str]); 2] = [
    ("oidc:sre-operators", &[]),
    ("oidc:sre-viewers", &["--role", "viewer"]),
];

/// Gives each group its role, and the cluster something to read.
pub(crate) fn prepare(bed: &Keycloak) {
    let (made, said) = bed.kubectl(Who::Admin, &["apply", "-f", "-"], OBJECTS);
    assert!(made, "{said}");
    for (group, flags) in ROLES {
        let role = Command::new(PROGRAM)
            .args(["rbac", "emit", "--group", group])
            .args(flags)
            .output()
            .expect("rbac emit");
        let role = String::from_utf8(role.stdout).expect("UTF-8");
        let (bound, said) = bed.kubectl(Who::Admin, &["apply", "-f", "-"], &role);
        assert!(bound, "{said}");
    }
    std::fs::write(config(bed), configuration(bed)).expect("a configuration");
}

fn config(bed: &Keycloak) -> PathBuf {
    bed.home().join("crashcart.toml")
}

/// The configuration that a person would write.
fn configuration(bed: &Keycloak) -> String {
    let said = |key| bed.said(key);
    format!(
        r#"[estate]
name = "testbed"
id = "6a1e2b34-9d3c-4b1f-8a55-0c9d8e7f6a5b"

[[identity]]
name = "keycloak"
issuer = "{issuer}"
ca = "{ca}"
client_id = "crashcart"

[[cluster]]
name = "bed"
site = "on-prem"
server = "{server}"
ca = "{ca}"
fingerprint = "sha256:{key}/{uid}"
auth = "oidc:keycloak"

[[zone]]
name = "{zone}"
criticality = "high"
members = [{{ cluster = "bed", namespaces = ["{namespace}"] }}]
"#,
        issuer = said("issuer"),
        ca = said("ca"),
        server = said("server"),
        key = said("ca_key_sha256"),
        uid = said("kube_system_uid"),
        zone = said("zone"),
        namespace = said("namespace"),
    )
}

/// Arguments of the binary, with a state of its own.
fn arguments(bed: &Keycloak, state: &str, verb: &[&str]) -> Vec<String> {
    let (config, state) = (config(bed), bed.home().join(state));
    let mut all = vec!["--config".to_owned(), config.display().to_string()];
    all.extend(["--state".to_owned(), state.display().to_string()]);
    all.extend(verb.iter().map(|word| (*word).to_owned()));
    all
}

/// `login` in lines: the code is typed on the page by hand, and the cluster says who it takes the person for.
pub(crate) async fn login_says_who_the_cluster_takes_us_for(bed: &Keycloak) {
    let mut login = Command::new(PROGRAM)
        .args(arguments(bed, "state-login", &["login"]))
        .env("HOME", bed.home())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut out = BufReader::new(login.stdout.take().expect("its output"));
    let (mut address, mut code) = (String::new(), String::new());
    while code.is_empty() {
        let mut line = String::new();
        let read = out.read_line(&mut line).expect("a line");
        assert!(read > 0, "it ended before it gave a code");
        if let Some(words) = line.strip_prefix("Open ") {
            words.trim().clone_into(&mut address);
        }
        if let Some(words) = line.strip_prefix("Type ") {
            words.trim().clone_into(&mut code);
        }
    }
    let mut browser = Browser::of("alice", &bed.ca()).typing(&code.to_lowercase());
    let last = browser.walk(&address, true).await;
    assert_eq!(last.status, 200, "{}", last.text);

    let mut said = String::new();
    out.read_to_string(&mut said).expect("UTF-8");
    assert!(login.wait().expect("it ends").success(), "{said}");
    for words in [
        "Signed in as alice@meridian.test (keycloak).",
        "oidc:alice@meridian.test  groups oidc:sre-oncall oidc:sre-operators",
    ] {
        assert!(said.contains(words), "no {words:?} in {said}");
    }
}

/// A viewer reads the board, and is told which rights a restore would need, before anything is asked for.
pub(crate) async fn a_viewer_is_refused_in_words(bed: &Keycloak) {
    let (cluster, namespace) = (
        "cluster=bed",
        format!("namespace={}", bed.said("namespace")),
    );
    let mut verb = vec!["run", "restore-namespace"];
    for parameter in [cluster, &namespace, "ticket=INC-1", "reason=it is gone"] {
        verb.extend(["--param", parameter]);
    }
    let mut run = terminal(bed, "state-erik", &verb, (200, 60));
    allow(bed, &mut run, "erik", "Type ").await;
    let whole = |screen: &str| screen.replace('\n', "");
    run.wait("the end of the run", |screen| {
        whole(screen).contains("nothing is owed")
    });
    let said = whole(&run.screen());
    assert!(
        said.contains("crashcart rbac emit --role operator"),
        "{said}"
    );
    assert!(said.contains("rights 0 of"), "{said}");
    assert!(said.contains("in velero is not yours"), "{said}");
    assert_ne!(run.ended().exit_code(), 0);
    let changes = audited(bed, "oidc:erik@meridian.test");
    let changes = changes.iter().filter(|event| {
        let verb = event["verb"].as_str().unwrap_or_default();
        let resource = event["objectRef"]["resource"].as_str().unwrap_or_default();
        !["get", "list", "watch"].contains(&verb) && !resource.starts_with("selfsubject")
    });
    assert_eq!(changes.count(), 0, "nothing was tried");
}

/// What the API server wrote down of one person.
fn audited(bed: &Keycloak, user: &str) -> Vec<Value> {
    let lines = std::fs::read_to_string(bed.said("audit_log")).expect("an audit log");
    let events = lines
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let all: Vec<Value> = events
        .filter(|event| event["user"]["username"] == user)
        .collect();
    assert!(!all.is_empty(), "{user} asked for something");
    all
}

/// The binary in a terminal.
fn terminal(bed: &Keycloak, state: &str, verb: &[&str], size: (u16, u16)) -> Pty {
    let arguments = arguments(bed, state, verb);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    Pty::start(
        Path::new(PROGRAM),
        &arguments,
        bed.home(),
        size,
        &BTreeMap::new(),
    )
}

/// Waits for the code that stands behind a word on the screen, and allows it in a browser.
async fn allow(bed: &Keycloak, screen: &mut Pty, person: &str, word: &str) {
    let code = |screen: &str| {
        let line = screen.lines().find_map(|line| line.split_once(word));
        let code = line?.1.split_whitespace().next()?;
        (code.len() == 9).then(|| code.to_owned())
    };
    screen.wait("a code", |screen| code(screen).is_some());
    let code = code(&screen.screen()).expect("a code");
    let address = format!("{}/device?user_code={code}", bed.said("issuer"));
    let last = Browser::of(person, &bed.ca()).walk(&address, true).await;
    assert_eq!(last.status, 200, "{}", last.text);
}

/// An ID token reads what its person may read, and nothing else opens the cluster.
pub(crate) async fn only_an_id_token_of_the_console_opens_the_cluster(bed: &Keycloak) {
    let (_, _, alice) = signed_in(bed, CLIENT, "alice").await;
    let (_, _, erik) = signed_in(bed, CLIENT, "erik").await;
    let namespace = bed.said("namespace").to_owned();
    let pods = ["-n", &namespace, "get", "pods", "-o", "name"];
    for tokens in [&alice, &erik] {
        let (read, said) = bed.kubectl(Who::Token(tokens.id.expose()), &pods, "");
        assert!(read && said.contains("pod/web"), "{said}");
    }
    let delete = ["-n", &namespace, "delete", "pod", "web"];
    let (deleted, said) = bed.kubectl(Who::Token(erik.id.expose()), &delete, "");
    assert!(!deleted && said.contains("Forbidden"), "{said}");
    assert!(said.contains("oidc:erik@meridian.test"), "{said}");
    refused(
        bed,
        alice.access.expose(),
        r#"expected audience \"crashcart\" got [\"account\"]"#,
    );

    // The second client: two factors, and a token that opens nothing.
    let (_, session, tokens) = signed_in(bed, "crashcart-approve", "bob").await;
    assert_eq!(session.acr.as_deref(), Some("2"));
    let age = session.auth_time.map(|at| bed.now().duration_since(at));
    assert!(age.is_some_and(|age| age.as_secs() < 60), "{age:?}");
    refused(
        bed,
        tokens.id.expose(),
        r#"expected audience \"crashcart\" got [\"crashcart-approve\"]"#,
    );
}

/// Names of the cluster's own and lives that are too long: Keycloak gives such tokens, and the API server refuses them.
pub(crate) async fn tokens_that_claim_too_much_are_refused(bed: &Keycloak) {
    let masters = json!({"name": "system:masters"});
    bed.admin("POST", "/groups", &masters).await;
    let group = bed.id("/groups?search=system%3Amasters&exact=true").await;
    let user = bed
        .id("/users?exact=true&username=dana%40meridian.test")
        .await;
    let membership = format!("/users/{user}/groups/{group}");
    bed.admin("PUT", &membership, &json!({})).await;
    let (_, session, tokens) = signed_in(bed, CLIENT, "dana").await;
    let claims = |name: &str| session.person.groups.iter().any(|group| *group == name);
    assert!(claims("system:masters"), "Keycloak does not mind");
    refused(bed, tokens.id.expose(), "a group begins with system");
    bed.admin("DELETE", &membership, &Value::Null).await;
    let (_, _, tokens) = signed_in(bed, CLIENT, "dana").await;
    taken(bed, &tokens);

    bed.set(json!({"accessTokenLifespan": 901})).await;
    let (_, _, tokens) = signed_in(bed, CLIENT, "dana").await;
    refused(bed, tokens.id.expose(), "good for more than 15 minutes");
    bed.set(json!({"accessTokenLifespan": 60})).await;
}

/// Signing out ends the session at Keycloak, the other renewals of that browser with it; the cluster cannot take the token
/// back, which ends by itself.
pub(crate) async fn a_sign_out_ends_the_session(bed: &Keycloak) {
    let (mut client, session, tokens) = signed_in(bed, CLIENT, "carol").await;
    assert_eq!(client.revoke(&tokens).await, Ok(true));
    let error = client.refresh(&tokens, &session.person, bed.now()).await;
    let error = error.expect_err("there is no session any more");
    let AuthError::Refused { reason, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(reason.as_str(), "Session not active");
    assert_eq!(client.revoke(&tokens).await, Ok(true), "as good as done");
    taken(bed, &tokens);

    let (mut client, session, tokens) = signed_in(bed, CLIENT, "carol").await;
    bed.end_sessions("carol").await;
    let error = client.refresh(&tokens, &session.person, bed.now()).await;
    assert!(
        matches!(&error, Err(AuthError::Refused { reason, .. }) if reason.as_str() == "Session not active"),
        "{error:?}"
    );
}

/// The console on a screen of the smallest size, signed in as alice with tokens of 20 s: it renews on its own.
pub(crate) async fn console_of_alice(bed: &Keycloak) -> Pty {
    bed.set(json!({"accessTokenLifespan": 20})).await;
    let mut console = terminal(bed, "state-alice", &[], (80, 24));
    allow(bed, &mut console, "alice", "code     ").await;
    console.wait_for("alice operator");
    console.wait_for("Signed in as alice.");
    console
}

/// Keycloak was away meanwhile. The console never asked for a new sign-in, and has renewed, or renews now.
pub(crate) fn it_goes_on_after_an_outage(mut console: Pty) {
    let before = entries(&console.screen());
    assert!(before.is_some(), "{}", console.screen());
    console.wait("a renewal, which makes an entry", |screen| {
        assert!(!screen.contains("Sign in: open"), "asked anew:\n{screen}");
        entries(screen) > before
    });
    let screen = console.screen();
    assert!(screen.contains("alice operator"), "{screen}");
    console.press("q");
    assert!(console.ended().success());
}

/// Two consoles of alice share one kept token: whoever renews first keeps the new one for both, and none is sent twice.
pub(crate) async fn at_id_11_two_consoles_that_share_a_token_never_use_it_twice(bed: &Keycloak) {
    bed.set(json!({"accessTokenLifespan": 4})).await;
    let shared =
        configuration(bed).replace("[estate]\n", "[estate]\ntoken_store = \"encrypted-file\"\n");
    std::fs::write(config(bed), shared).expect("a configuration");
    let mut one = terminal(bed, "state-shared", &[], (80, 24));
    for question in ["New passphrase", "The same again"] {
        one.wait_for(question);
        one.press("correct-horse-battery\r");
    }
    allow(bed, &mut one, "alice", "code     ").await;
    one.wait_for("alice operator");
    let before = bed.refused("/token");
    let mut two = terminal(bed, "state-shared", &[], (80, 24));
    two.wait_for("Passphrase of");
    two.press("correct-horse-battery\r");
    two.wait_for("alice operator");
    let mut both = [one, two];
    for turn in 0..4 {
        let console = &mut both[turn % 2];
        let now = entries(&console.screen());
        console.wait("a renewal, which makes an entry", |screen| {
            assert!(!screen.contains("Sign in: open"), "asked anew:\n{screen}");
            entries(screen) > now
        });
    }
    assert_eq!(bed.refused("/token"), before, "no token was used twice");
    for mut console in both {
        console.press("q");
        assert!(console.ended().success());
    }
    std::fs::write(config(bed), configuration(bed)).expect("a configuration");
}

/// How many entries the log has, as the header says.
fn entries(screen: &str) -> Option<u32> {
    let (_, count) = screen.lines().next()?.rsplit_once("log chained ")?;
    count.trim().parse().ok()
}

/// Nobody answers at the start: one sentence, and the console goes on with what was known.
pub(crate) fn a_start_without_keycloak_is_one_sentence(bed: &Keycloak) {
    let login = Command::new(PROGRAM)
        .args(arguments(bed, "state-login", &["login"]))
        .env("HOME", bed.home())
        .output()
        .expect("the program starts");
    let said = String::from_utf8_lossy(&login.stderr);
    assert!(!login.status.success(), "{said}");
    assert!(
        said.contains("does not answer: connection refused"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");

    let mut console = terminal(bed, "state-alice", &[], (80, 24));
    console.wait_for("does not answer: connection refused. Esc goes on without.");
    console.press("\u{1b}");
    console.wait_for("as known at");
    console.press("q");
    assert!(console.ended().success());
}

/// The API server takes this token for its person.
fn taken(bed: &Keycloak, tokens: &Tokens) {
    let (known, said) = bed.kubectl(Who::Token(tokens.id.expose()), &["auth", "whoami"], "");
    assert!(known && said.contains("oidc:"), "{said}");
}

/// The API server does not believe this token, for a reason that it keeps in its own log.
fn refused(bed: &Keycloak, token: &str, why: &str) {
    let log = bed.folder().join("apiserver.log");
    let read = || std::fs::read_to_string(&log).expect("its log");
    let before = read().len();
    let (known, said) = bed.kubectl(Who::Token(token), &["auth", "whoami"], "");
    assert!(!known && said.contains("Unauthorized"), "{why}: {said}");
    let log = read();
    let log = log.get(before..).unwrap_or_default();
    assert!(log.contains(why), "no {why:?} in:\n{log}");
}
