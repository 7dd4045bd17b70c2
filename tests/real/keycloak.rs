//! The testbed of sign-ins: a real Keycloak, and a real API server that believes it.

use std::cell::RefCell;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use crate::bed::free_ports;
use crate::bed::script;
use crate::records::text;
use crate::web::Web;
use crate::web::encode;

/// A running testbed of sign-ins.
pub(crate) struct Keycloak {
    home: TempDir,
    about: Value,
    /// The header of the administrator who was signed in last.
    administrator: RefCell<String>,
}

impl Keycloak {
    /// A testbed, unless nobody asked for one: then one line says so.
    pub(crate) fn wanted() -> Option<Keycloak> {
        if std::env::var_os("CRASHCART_TESTBED_KEYCLOAK").is_none() {
            // Written past the test harness, which would keep the line of a test that passes to itself.
            let said = writeln!(
                std::io::stderr(),
                "left out: tests on a real Keycloak; testbed/keycloak/build makes it, docs/testbed.md says how"
            );
            drop(said);
            return None;
        }
        Some(Keycloak::up())
    }

    fn up() -> Keycloak {
        let home = tempfile::tempdir().expect("a folder");
        let mut keycloak = Keycloak {
            about: Value::Null,
            administrator: RefCell::default(),
            home,
        };
        let up = Command::new(script("up"))
            .arg(keycloak.folder())
            .arg(free_ports().to_string())
            .arg("sign-in")
            .stdout(Stdio::null())
            .status()
            .expect("testbed/up starts");
        assert!(up.success(), "testbed/up did not bring Keycloak up: {up}");
        let about = std::fs::read(keycloak.folder().join("testbed.json")).expect("testbed.json");
        keycloak.about = serde_json::from_slice(&about).expect("JSON");
        keycloak
    }

    /// Where the testbed keeps its files.
    pub(crate) fn folder(&self) -> PathBuf {
        self.home.path().join("bed")
    }

    /// A folder of these tests alone.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// What the testbed says of itself.
    pub(crate) fn said(&self, key: &str) -> &str {
        text(&self.about, &format!("/{key}"))
    }

    /// The authority of Keycloak and of the API server.
    pub(crate) fn ca(&self) -> PathBuf {
        PathBuf::from(self.said("ca"))
    }

    /// Ends Keycloak.
    pub(crate) fn stop(&self) {
        self.part("stop");
    }

    /// Starts Keycloak again, and comes back when it serves its realm.
    pub(crate) fn start(&self) {
        self.part("start");
        let served = Command::new("curl")
            .args([
                "-fsS",
                "-o",
                "/dev/null",
                "--retry-all-errors",
                "--retry-delay",
                "1",
            ])
            .args(["--retry", "60", "--cacert", self.said("ca")])
            .arg(format!(
                "{}/.well-known/openid-configuration",
                self.said("issuer")
            ))
            .stderr(Stdio::null())
            .status()
            .expect("curl starts");
        assert!(served.success(), "Keycloak did not come back: {served}");
    }

    fn part(&self, what: &str) {
        let done = Command::new(script("part"))
            .arg(self.folder())
            .args(["keycloak", what])
            .status()
            .expect("testbed/part starts");
        assert!(done.success(), "testbed/part keycloak {what}: {done}");
    }

    /// How often Keycloak was asked for a path that ends so, by its own log.
    pub(crate) fn asked(&self, path: &str) -> usize {
        self.count(path, "")
    }

    /// How often it refused such a question with 400.
    pub(crate) fn refused(&self, path: &str) -> usize {
        self.count(path, "400")
    }

    fn count(&self, path: &str, status: &str) -> usize {
        let log = std::fs::read_to_string(self.folder().join("keycloak.log")).expect("its log");
        let asked = log.lines().filter_map(|line| line.split_once("asked "));
        let asked = asked.filter_map(|(_, words)| words.split_once(' ')?.1.split_once(' '));
        asked
            .filter(|(one, code)| one.ends_with(path) && code.starts_with(status))
            .count()
    }

    /// kubectl with a kubeconfig of the testbed, or with a token alone; whether it went well, and what it printed.
    pub(crate) fn kubectl(&self, who: Who<'_>, args: &[&str], input: &str) -> (bool, String) {
        let mut kubectl = Command::new(self.said("kubectl"));
        match who {
            Who::Admin => {
                kubectl.args(["--kubeconfig", self.said("admin_kubeconfig")]);
            }
            Who::Token(token) => {
                kubectl.env("HOME", self.home()).args([
                    "--kubeconfig=/dev/null",
                    "--server",
                    self.said("server"),
                    "--certificate-authority",
                    self.said("ca"),
                    "--token",
                    token,
                ]);
            }
        }
        let mut kubectl = kubectl
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("kubectl starts");
        let mut stdin = kubectl.stdin.take().expect("its input");
        stdin.write_all(input.as_bytes()).expect("its input");
        drop(stdin);
        let output = kubectl.wait_with_output().expect("kubectl ends");
        let all = [output.stdout, output.stderr].concat();
        (
            output.status.success(),
            String::from_utf8_lossy(&all).trim().to_owned(),
        )
    }

    /// Asks Keycloak's administration, below the realm; gives what it answers.
    pub(crate) async fn admin(&self, method: &str, path: &str, body: &Value) -> Value {
        let (base, realm) = self.said("issuer").split_once("/realms/").expect("a realm");
        let url = format!("{base}/admin/realms/{realm}{path}");
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let mut web = Web::trusting(&self.ca());
        let mut bearer = self.administrator.borrow().clone();
        loop {
            let headers = [
                ("authorization", bearer.as_str()),
                ("content-type", "application/json"),
            ];
            let answer = web.send(method, &url, &headers, body.clone()).await;
            let answer = answer.expect("Keycloak answers");
            match answer.status {
                200..300 => return answer.json(),
                // The first time, and each minute again.
                401 => bearer = self.administrator(base).await,
                status => panic!("{method} {path}: {status} {}", answer.text),
            }
        }
    }

    /// Signs the administrator in; gives the header that says so.
    async fn administrator(&self, base: &str) -> String {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let form = [
            pair("grant_type", "password"),
            pair("client_id", "admin-cli"),
            pair("username", "admin"),
            pair("password", "admin-password"),
        ];
        let url = format!("{base}/realms/master/protocol/openid-connect/token");
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let mut web = Web::trusting(&self.ca());
        let token = web.send("POST", &url, &headers, encode(&form)).await;
        let token = token.expect("Keycloak answers").json();
        let bearer = format!("Bearer {}", text(&token, "/access_token"));
        self.administrator.replace(bearer.clone());
        bearer
    }

    /// The id of the first thing below a path that is found so.
    pub(crate) async fn id(&self, path: &str) -> String {
        let found = self.admin("GET", path, &Value::Null).await;
        text(&found, "/0/id").to_owned()
    }

    /// Changes settings of the realm.
    pub(crate) async fn set(&self, settings: Value) {
        self.admin("PUT", "", &settings).await;
    }

    /// Changes attributes of a client.
    pub(crate) async fn set_client(&self, client: &str, attributes: Value) {
        let id = self.id(&format!("/clients?clientId={client}")).await;
        let path = format!("/clients/{id}");
        let mut now = self.admin("GET", &path, &Value::Null).await;
        for (name, value) in attributes.as_object().into_iter().flatten() {
            now["attributes"][name] = value.clone();
        }
        self.admin("PUT", &path, &now).await;
    }

    /// Signs with a fresh key from now on; the key before stays listed.
    pub(crate) async fn rotate_keys(&self) {
        let realm = self.admin("GET", "", &Value::Null).await;
        let keys = "/components?type=org.keycloak.keys.KeyProvider";
        let keys = self.admin("GET", keys, &Value::Null).await;
        let priority = 200 + keys.as_array().map_or(0, Vec::len);
        let component = json!({
            "name": format!("rsa-{priority}"),
            "providerId": "rsa-generated",
            "providerType": "org.keycloak.keys.KeyProvider",
            "parentId": realm["id"],
            "config": {
                "priority": [priority.to_string()], "enabled": ["true"], "active": ["true"],
                "algorithm": ["RS256"], "keySize": ["2048"],
            },
        });
        self.admin("POST", "/components", &component).await;
    }
}

/// Who asks the API server.
#[derive(Clone, Copy)]
pub(crate) enum Who<'a> {
    /// The testbed's administrator, by certificate.
    Admin,
    /// Whoever a token speaks for.
    Token(&'a str),
}

impl Drop for Keycloak {
    fn drop(&mut self) {
        // A test that failed must not leave its servers behind; a testbed that never came up has nothing to end.
        drop(Command::new(script("down")).arg(self.folder()).status());
    }
}
