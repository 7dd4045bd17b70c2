//! The two servers: the simulated one, and a real kube-apiserver over etcd from the testbed.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use crashcart::sim::Estate;
use crashcart::sim::Options;
use crashcart::sim::Served;
use crashcart::sim::api::bootstrap;
use crashcart::sim::clock::Clock;
use crashcart::sim::store::Store;
use crashcart::sim::store::resources;
use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use crate::story;
use crate::wire::Server;

/// Ports that etcd and the API server take.
const PORTS: u16 = 3;

/// A simulated estate of one bare cluster, in which alice may do everything and erik nothing.
pub(crate) struct Bench {
    pub(crate) estate: Estate,
}

impl Bench {
    /// Starts it.
    pub(crate) async fn start() -> Bench {
        let options = Options {
            seed: 11,
            only: vec!["lab-1".to_owned()],
            bare: true,
            ..Options::default()
        };
        let estate = Estate::start(options).await.unwrap();
        let bench = Bench { estate };
        let admin = json!({
            "metadata": {"name": "contract"},
            "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"kind": "User", "name": "alice@meridian.test"}],
        });
        let store = &bench.served().cluster.store;
        store
            .create(&resources::CLUSTERROLEBINDINGS, None, admin)
            .unwrap();
        bench
    }

    /// Its one cluster.
    pub(crate) fn served(&self) -> &Served {
        &self.estate.clusters()[0]
    }

    /// It as a server to ask.
    pub(crate) fn server(&self) -> Server {
        let people = self.estate.people().all();
        let tokens = people.iter().map(|p| (p.name.clone(), p.token.clone()));
        let store = self.served().cluster.store.clone();
        let forget = Box::new(move || store.compact());
        let (url, ca) = (&self.served().url, &self.served().ca);
        Server::new(url, ca, tokens.collect(), forget)
    }
}

/// A running real server; alice may do everything and erik nothing.
pub(crate) struct Bed {
    home: TempDir,
    about: Value,
}

impl Bed {
    /// A real server, unless nobody asked for one: then one line says so.
    pub(crate) fn wanted() -> Option<Bed> {
        let must = std::env::var_os("CRASHCART_REAL").is_some_and(|real| real == "1");
        if !must {
            // Written past the test harness, which would keep the line of a test that passes to itself.
            let said = writeln!(
                std::io::stderr(),
                "left out: exchanges with a real kube-apiserver; CRASHCART_REAL=1 asks for them, docs/testbed.md says how"
            );
            drop(said);
            return None;
        }
        Some(Bed::up())
    }

    fn up() -> Bed {
        let mut bed = Bed {
            home: tempfile::tempdir().unwrap(),
            about: Value::Null,
        };
        let up = Command::new(script("up"))
            .arg(bed.folder())
            .arg(free_ports().to_string())
            .arg("api")
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(up.success(), "testbed/up did not bring the server up: {up}");
        let about = std::fs::read(bed.folder().join("testbed.json")).unwrap();
        bed.about = serde_json::from_slice(&about).unwrap();
        bed.kubectl(&["apply", "-f", bed.kinds().to_str().unwrap()]);
        let names = [
            "crd/kustomizations.kustomize.toolkit.fluxcd.io",
            "crd/gitrepositories.source.toolkit.fluxcd.io",
        ];
        bed.kubectl(
            &[
                &["wait", "--for=condition=Established", "--timeout=20s"],
                &names[..],
            ]
            .concat(),
        );
        let bind = ["--clusterrole=cluster-admin", "--user=alice@meridian.test"];
        bed.kubectl(&[&["create", "clusterrolebinding", "contract"], &bind[..]].concat());
        bed
    }

    /// The definitions of Flux's kinds with the schemas that the simulated server has.
    fn kinds(&self) -> PathBuf {
        let text = std::fs::read_to_string(story::folder().join("kinds.yaml")).unwrap();
        let definitions: Vec<Value> = text
            .split("\n---\n")
            .map(|definition| {
                let mut definition: Value = serde_saphyr::from_str(definition).unwrap();
                let name = definition["metadata"]["name"].as_str().unwrap();
                let schema = schema(name);
                definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"] = schema;
                definition
            })
            .collect();
        let kinds = self.home.path().join("kinds.json");
        let list = json!({"apiVersion": "v1", "kind": "List", "items": definitions});
        std::fs::write(&kinds, list.to_string()).unwrap();
        kinds
    }

    fn folder(&self) -> PathBuf {
        self.home.path().join("bed")
    }

    fn said(&self, key: &str) -> &str {
        self.about[key].as_str().unwrap()
    }

    /// The kubectl that was built beside the server.
    pub(crate) fn tool(&self) -> PathBuf {
        PathBuf::from(self.said("kubectl"))
    }

    /// A kubeconfig for alice.
    pub(crate) fn kubeconfig(&self) -> String {
        let people = self.people();
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: bed\nclusters:\n- name: bed\n  cluster: {{server: \"{}\", certificate-authority: \"{}\"}}\nusers:\n- name: alice\n  user: {{token: {}}}\ncontexts:\n- name: bed\n  context: {{cluster: bed, user: alice}}\n",
            self.said("server"),
            self.said("ca"),
            people["alice"]
        )
    }

    fn kubectl(&self, arguments: &[&str]) {
        let kubectl = Command::new(self.said("kubectl"))
            .arg(format!("--kubeconfig={}", self.said("admin_kubeconfig")))
            .args(arguments)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&kubectl.stderr);
        assert!(kubectl.status.success(), "{arguments:?}: {said}");
    }

    /// It as a server to ask.
    pub(crate) fn server(&self) -> Server {
        let ca = std::fs::read_to_string(self.said("ca")).unwrap();
        let folder = self.folder();
        let forget = Box::new(move || {
            let forgot = Command::new(script("forget"))
                .arg(&folder)
                .status()
                .unwrap();
            assert!(forgot.success(), "testbed/forget: {forgot}");
        });
        Server::new(self.said("server"), &ca, self.people(), forget)
    }

    /// The tokens of the people, by name.
    fn people(&self) -> BTreeMap<String, String> {
        let people = std::fs::read_to_string(self.folder().join("tokens.csv")).unwrap();
        people
            .lines()
            .map(|line| {
                let mut parts = line.split(',');
                let token = parts.next().unwrap().to_owned();
                let (name, _) = parts.next().unwrap().split_once('@').unwrap();
                (name.to_owned(), token)
            })
            .collect()
    }
}

/// The schema that the simulated server has for a kind, by the name of its definition.
pub(crate) fn schema(name: &str) -> Value {
    let store = Store::new(Clock::manual(Timestamp::UNIX_EPOCH), 1);
    bootstrap::fill(&store).unwrap();
    let definition = store.get(&resources::CUSTOMRESOURCEDEFINITIONS, None, name);
    definition.unwrap()["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone()
}

impl Drop for Bed {
    fn drop(&mut self) {
        // A test that failed must not leave its servers behind.
        let down = Command::new(script("down")).arg(self.folder()).status();
        drop(down);
    }
}

fn script(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("testbed").join(name)
}

/// The first of a few ports in a row that nobody listens on, below those of outgoing connections.
fn free_ports() -> u16 {
    let free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    // Start where another run of these tests probably does not.
    let first = 27_100 + u16::try_from(std::process::id() % 400).unwrap_or(0) * 10;
    (first..32_000)
        .step_by(10)
        .find(|base| (*base..base + PORTS).all(free))
        .unwrap()
}
