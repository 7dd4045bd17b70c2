//! Signing in at a cluster's own OAuth server, as OpenShift has one: in the simulated estate, and against a scripted one
//! where something has to be wrong.

use crate::issuer::Issuer;
use crate::issuer::Reply;
use crate::night::Browser;
use crate::now;
use crashcart::auth::AuthError;
use crashcart::auth::Session;
use crashcart::auth::Tokens;
use crashcart::auth::oidc;
use crashcart::auth::oidc::CodeGrant;
use crashcart::auth::oidc::PASTE_REDIRECT;
use crashcart::auth::oidc::Return;
use crashcart::auth::oidc::openshift::OpenShift;
use crashcart::config::Cluster;
use crashcart::config::Pem;
use crashcart::config::load;
use crashcart::sim::Estate;
use crashcart::sim::Options;
use crashcart::sim::issuer::Entrance;
use crashcart::sources::cluster::Link;
use crashcart::sources::cluster::TokenSlot;
use serde_json::Value;
use serde_json::json;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use tempfile::TempDir;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::net::TcpStream;

const REVIEW: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
const WELL_KNOWN: &str = "/.well-known/oauth-authorization-server";

/// A simulated cluster with an OAuth server of its own, as its written configuration names it.
struct House {
    estate: Estate,
    cluster: Cluster,
    _dir: TempDir,
}

impl House {
    async fn open() -> House {
        let estate = Estate::start(Options {
            only: vec!["lab-1".to_owned()],
            openshift: vec!["lab-1".to_owned()],
            ..Options::default()
        });
        let estate = estate.await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        estate.write_to(dir.path()).unwrap();
        let config = load(&dir.path().join("crashcart.toml"), None).unwrap();
        House {
            cluster: config.clusters[0].clone(),
            estate,
            _dir: dir,
        }
    }

    async fn discovered(&self) -> OpenShift {
        let found = OpenShift::discover(&self.cluster, oidc::DEADLINE).await;
        found.unwrap()
    }

    fn browser(&self) -> Browser {
        let Entrance::OpenShift { oauth, ca } = &self.estate.clusters()[0].entrance else {
            panic!("no OAuth server");
        };
        Browser::at(oauth.url(), ca)
    }

    /// The address a browser ends on when that person logs in, or when somebody cancels.
    async fn ended_on(&self, grant: &CodeGrant, person: Option<&str>) -> String {
        let mut browser = self.browser();
        let shown = grant.prompt.address.as_str();
        let path = &shown[shown.find("/oauth/").unwrap()..];
        let sent = browser.get(path).await;
        assert_eq!(sent.status, 302, "{sent:?}");
        let form = browser.get(&sent.location).await;
        assert_eq!(form.status, 200, "{form:?}");
        let back = match person {
            None => browser.get(&format!("{path}&error=access_denied")).await,
            Some(person) => {
                let csrf = form.text.split("name=csrf value=").nth(1).unwrap();
                let csrf = csrf.split('>').next().unwrap();
                let then = sent.sent("then");
                let filled = format!("then={then}&csrf={csrf}&username={person}&password=x");
                let logged_in = browser.post("/login/sim", &filled).await;
                assert_eq!(logged_in.location, path, "{logged_in:?}");
                browser.get(&logged_in.location).await
            }
        };
        assert_eq!(back.status, 302, "{back:?}");
        back.location
    }

    async fn signed_in(&self, person: &str) -> (OpenShift, Session, Tokens) {
        let server = self.discovered().await;
        let grant = server.start_code(PASTE_REDIRECT, false, now());
        let address = self.ended_on(&grant, Some(person)).await;
        let came = server.redeem(&grant, &address, now()).await.unwrap();
        let Return::Done(done) = came else {
            panic!("{person} is not signed in");
        };
        (server, done.0, done.1)
    }

    fn link(&self, tokens: &Tokens) -> Link {
        Link::open(&self.cluster, 1, TokenSlot::new(tokens.access.clone())).unwrap()
    }
}

#[tokio::test]
async fn a_pasted_code_opens_the_cluster_until_the_sign_out_deletes_the_token() {
    let house = House::open().await;
    let (server, session, tokens) = house.signed_in("alice").await;
    assert_eq!(session.person.login, "alice@meridian.test");
    assert_eq!(session.person.groups, ["sre-oncall", "sre-operators"]);
    assert_eq!(session.expires_at.as_second(), now().as_second() + 86_400);
    assert!(tokens.refresh.is_none(), "there is nothing to renew with");
    let shown = tokens.access.expose().strip_prefix("sha256~").unwrap();
    assert!(!format!("{tokens:?}").contains(shown));

    let link = house.link(&tokens);
    let greeting = link.greet(now()).await.unwrap();
    assert_eq!(greeting.user.unwrap(), "alice@meridian.test");
    let said = greeting
        .groups
        .iter()
        .any(|one| *one == "system:authenticated:oauth");
    assert!(said, "{:?}", greeting.groups);
    let get = |path: &'static str| {
        let reader = link.reader();
        async move { reader.get_json(path).await }
    };
    let pods = get("/api/v1/namespaces/cohort/pods").await.unwrap();
    assert!(!pods["items"].as_array().unwrap().is_empty());
    let me = get("/apis/user.openshift.io/v1/users/~").await.unwrap();
    assert_eq!(me["metadata"]["name"], "alice@meridian.test");
    let own = "/apis/oauth.openshift.io/v1/useroauthaccesstokens";
    let listed = get(own).await.unwrap();
    let object: &Value = &listed["items"][0];
    assert_eq!(object["clientName"], "openshift-cli-client");
    assert!(
        !listed.to_string().contains(shown),
        "the name opens nothing"
    );

    let (_, _, of_bob) = house.signed_in("bob").await;
    server.log_out(&tokens).await.unwrap();
    assert!(link.greet(now()).await.is_err(), "401 from now on");
    assert!(server.log_out(&tokens).await.is_ok(), "gone already");
    let still = house.link(&of_bob).greet(now()).await.unwrap();
    assert_eq!(still.user.unwrap(), "bob@meridian.test");
}

#[tokio::test]
async fn what_belongs_to_another_sign_in_sends_nothing_and_a_code_is_good_once() {
    let house = House::open().await;
    let server = house.discovered().await;
    let grant = server.start_code(PASTE_REDIRECT, false, now());
    let address = grant.prompt.address.as_str();
    assert!(
        !address.contains("nonce="),
        "there is no ID token to carry it"
    );
    let good = house.ended_on(&grant, Some("dana")).await;
    let (_, query) = good.split_once('?').unwrap();
    let state = query.split_once("state=").unwrap().1;
    let elsewhere = good.replace("127.0.0.1:18250", "127.0.0.1:18251");
    for wrong in [
        good.replace(state, "other"),
        elsewhere,
        "nonsense".to_owned(),
    ] {
        let came = server.redeem(&grant, &wrong, now()).await;
        assert!(matches!(came, Ok(Return::Odd(_))), "{wrong}: {came:?}");
    }
    // Another sign-in cannot use it either: the verifier is not its own.
    let other = server.start_code(PASTE_REDIRECT, false, now());
    let theirs = other
        .prompt
        .address
        .as_str()
        .split_once("state=")
        .unwrap()
        .1;
    let theirs = theirs.split('&').next().unwrap();
    let came = server
        .redeem(&other, &good.replace(state, theirs), now())
        .await;
    assert!(matches!(came, Err(AuthError::CodeSpent { .. })), "{came:?}");

    let came = server.redeem(&grant, &good, now()).await;
    assert!(matches!(came, Ok(Return::Done(_))), "{came:?}");
    let again = server.redeem(&grant, &good, now()).await;
    let error = again.err().unwrap();
    assert!(matches!(error, AuthError::CodeSpent { .. }), "{error}");

    let denied = server.start_code(PASTE_REDIRECT, false, now());
    let address = house.ended_on(&denied, None).await;
    let came = server.redeem(&denied, &address, now()).await;
    assert!(matches!(came, Ok(Return::Denied)), "{came:?}");
}

#[tokio::test]
async fn a_token_of_which_it_is_not_said_whose_it_is_is_given_back() {
    let server = Issuer::start().await;
    let (_dir, cluster) = scripted(&server.url, &[&server.ca], "");
    server.say(WELL_KNOWN, document(&server.url));
    let found = OpenShift::discover(&cluster, oidc::DEADLINE).await.unwrap();
    let grant = found.start_code(PASTE_REDIRECT, false, now());
    let shown = grant.prompt.address.as_str();
    let state = shown.split_once("state=").unwrap().1;
    let state = state.split('&').next().unwrap();
    let token = json!({"access_token": "sha256~canary", "expires_in": 86400});
    server.say("/oauth/token", Reply::Json(200, token));
    server.say(REVIEW, Reply::Json(403, json!({"kind": "Status"})));
    let address = format!("{PASTE_REDIRECT}?code=sha256~c&state={state}");
    let came = found.redeem(&grant, &address, now()).await;
    let error = came.err().unwrap().to_string();
    assert!(error.contains("who the token is for"), "{error}");
    let desk = server.desk.lock().unwrap();
    let last = desk.heard.last().unwrap();
    let deleted = "/apis/oauth.openshift.io/v1/oauthaccesstokens/sha256~";
    assert!(last.0.starts_with(deleted), "{:?}", desk.heard);
}

/// A cluster at a scripted server: its configuration, with more keys.
fn scripted(server: &str, cas: &[&str], more: &str) -> (TempDir, Cluster) {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("ca.crt"), cas.concat()).unwrap();
    let text = format!(
        "[estate]\nname = \"one\"\nid = \"0197c1f2-7a52-7f0e-9a36-0d6c4a9f6b11\"\n\
         [[cluster]]\nname = \"ocp\"\nsite = \"on-prem\"\nserver = \"{server}\"\nca = \"ca.crt\"\n\
         auth = \"openshift-oauth\"\n{more}\n\
         [[zone]]\nname = \"z\"\ncriticality = \"low\"\nrpo = \"1h\"\nrto = \"1h\"\npeople = 1\n\
         members = [{{ cluster = \"ocp\", namespaces = [\"a\"] }}]\n"
    );
    let file = dir.path().join("crashcart.toml");
    fs::write(&file, text).unwrap();
    let config = load(&file, None).unwrap();
    let cluster = config.clusters[0].clone();
    (dir, cluster)
}

fn key_of(ca: &str) -> String {
    let pem = Pem::new(Path::new("ca.crt"), ca.as_bytes()).unwrap();
    pem.spki_hashes().remove(0)
}

fn document(url: &str) -> Reply {
    Reply::Json(
        200,
        json!({
            "issuer": url,
            "authorization_endpoint": format!("{url}/oauth/authorize"),
            "token_endpoint": format!("{url}/oauth/token"),
        }),
    )
}

async fn error_of(cluster: &Cluster) -> AuthError {
    let found = OpenShift::discover(cluster, oidc::DEADLINE).await;
    found.err().unwrap()
}

#[tokio::test]
async fn a_cluster_that_takes_an_issuers_tokens_instead_says_so() {
    let server = Issuer::start().await;
    server.say(WELL_KNOWN, Reply::Json(404, json!({"kind": "Status"})));
    let (_dir, cluster) = scripted(&server.url, &[&server.ca], "");
    let error = error_of(&cluster).await;
    assert!(matches!(error, AuthError::NoOAuth { .. }), "{error}");
    assert!(error.to_string().contains("set auth = \"oidc:IDENTITY\""));
}

#[tokio::test]
async fn of_a_bundle_only_the_pinned_key_vouches_for_the_api_server() {
    let (real, other) = (Issuer::start().await, Issuer::start().await);
    other.say(WELL_KNOWN, document(&other.url));
    let pinned = format!("fingerprint = \"sha256:{}\"", key_of(&real.ca));
    let both = [real.ca.as_str(), &other.ca];
    let (_dir, cluster) = scripted(&other.url, &both, &pinned);
    let error = error_of(&cluster).await;
    assert!(matches!(error, AuthError::Untrusted { .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains("check ca and fingerprint of cluster ocp")
    );
    assert_eq!(other.heard(WELL_KNOWN).len(), 0, "nothing was asked");

    let (_dir, cluster) = scripted(&other.url, &[&other.ca], &pinned);
    let error = error_of(&cluster).await;
    assert!(matches!(error, AuthError::OtherKey { .. }), "{error}");
    assert_eq!(other.desk.lock().unwrap().handshakes, 0);
}

#[tokio::test]
async fn the_oauth_server_is_trusted_by_oauth_ca_or_as_the_api_server_is() {
    let (api, oauth) = (Issuer::start().await, Issuer::start().await);
    let pinned = format!("fingerprint = \"sha256:{}\"", key_of(&api.ca));
    let both = [api.ca.as_str(), &oauth.ca];
    let (dir, cluster) = scripted(&api.url, &both, &pinned);
    let redeemed = async |cluster: &Cluster| {
        api.say(WELL_KNOWN, document(&oauth.url));
        let server = OpenShift::discover(cluster, oidc::DEADLINE).await.unwrap();
        let grant = server.start_code(PASTE_REDIRECT, false, now());
        let state = grant
            .prompt
            .address
            .as_str()
            .split_once("state=")
            .unwrap()
            .1;
        let state = state.split('&').next().unwrap();
        let address = format!("{PASTE_REDIRECT}?code=c&state={state}");
        server.redeem(&grant, &address, now()).await
    };
    let error = redeemed(&cluster).await.err().unwrap();
    assert!(matches!(error, AuthError::Untrusted { .. }), "{error}");
    assert!(
        error.to_string().contains("check oauth_ca of cluster ocp"),
        "{error}"
    );
    assert_eq!(oauth.heard("/oauth/token").len(), 0, "no code was sent");

    fs::write(dir.path().join("route.crt"), &oauth.ca).unwrap();
    let text = fs::read_to_string(dir.path().join("crashcart.toml")).unwrap();
    let text = text.replace("fingerprint", "oauth_ca = \"route.crt\"\nfingerprint");
    fs::write(dir.path().join("crashcart.toml"), text).unwrap();
    let config = load(&dir.path().join("crashcart.toml"), None).unwrap();
    oauth.say(
        "/oauth/token",
        Reply::Json(400, json!({"error": "invalid_request"})),
    );
    let refused = redeemed(&config.clusters[0]).await.err().unwrap();
    assert!(matches!(refused, AuthError::Refused { .. }), "{refused}");
    let sent = &oauth.heard("/oauth/token")[0];
    assert_eq!(sent["client_id"], "openshift-cli-client");
    assert_eq!(
        sent["client_secret"], "",
        "else nobody is taken for a client"
    );
    assert!(sent["code_verifier"].len() >= 43);
}

/// A proxy that answers CONNECT, whatever it names, with a connection to one server; it counts.
#[expect(clippy::disallowed_methods, reason = "a test's own server")]
async fn proxy(to: String) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let (to, counted) = (to.clone(), Arc::clone(&counted));
            tokio::spawn(async move {
                let mut asked = Vec::new();
                while !asked.ends_with(b"\r\n\r\n") {
                    asked.push(near.read_u8().await.unwrap());
                }
                let asked = String::from_utf8(asked).unwrap();
                // u:p@ss in base64.
                if asked.starts_with("CONNECT ") && asked.contains("Basic dTpwQHNz") {
                    counted.fetch_add(1, Ordering::Relaxed);
                }
                let mut far = TcpStream::connect(to).await.unwrap();
                near.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            });
        }
    });
    (address, count)
}

#[tokio::test]
async fn both_servers_are_reached_through_the_proxy_of_the_cluster() {
    let server = Issuer::start().await;
    let (address, count) = proxy(server.url.replace("https://", "")).await;
    let more = format!("proxy = \"http://u:p%40ss@{address}\"\ntls_server_name = \"127.0.0.1\"");
    // A name that is looked up nowhere: only the proxy leads there.
    let (_dir, cluster) = scripted("https://api.ocp.invalid:6443", &[&server.ca], &more);
    server.say(WELL_KNOWN, document("https://127.0.0.1:1"));
    let found = OpenShift::discover(&cluster, oidc::DEADLINE).await.unwrap();
    assert_eq!(count.load(Ordering::Relaxed), 1);
    let grant = found.start_code(PASTE_REDIRECT, false, now());
    let state = grant
        .prompt
        .address
        .as_str()
        .split_once("state=")
        .unwrap()
        .1;
    let state = state.split('&').next().unwrap();
    server.say("/oauth/token", Reply::Json(400, json!({"error": "x"})));
    let address = format!("{PASTE_REDIRECT}?code=c&state={state}");
    let refused = found.redeem(&grant, &address, now()).await.err().unwrap();
    assert!(matches!(refused, AuthError::Refused { .. }), "{refused}");
    assert_eq!(count.load(Ordering::Relaxed), 2, "the OAuth server too");
}
