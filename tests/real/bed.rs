//! The testbed: real etcd, kube-apiserver, controllers and Velero on loopback, brought up once and down again.

use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;

use crate::console::Console;
use crate::console::PROGRAM;
use crate::estate::ALICE;
use crate::estate::Estate;
use crate::records::text;

/// Ports that one testbed takes.
const PORTS: u16 = 6;

/// What alice is given: an operator's role, and Restores that are confined to the testbed's namespace.
const ALICE_MAY: [&str; 4] = ["--user", ALICE, "--restore-into", "shop"];

/// A running testbed, in which alice has exactly the role that `rbac emit` prints.
pub(crate) struct Bed {
    home: TempDir,
    config: PathBuf,
    audit_log: PathBuf,
    about: Value,
}

impl Bed {
    /// A testbed, unless nobody asked for one: then one line says so.
    pub(crate) fn wanted() -> Option<Bed> {
        let bin = std::env::var_os("CRASHCART_TESTBED_BIN");
        let must = std::env::var_os("CRASHCART_REAL").is_some_and(|real| real == "1");
        if bin.is_none() && !must {
            // Written past the test harness, which would keep the line of a test that passes to itself.
            let said = writeln!(
                std::io::stderr(),
                "left out: tests on a real kube-apiserver and Velero; testbed/build builds these, docs/testbed.md says how"
            );
            drop(said);
            return None;
        }
        Some(Bed::up())
    }

    fn up() -> Bed {
        let home = tempfile::tempdir().expect("a folder");
        let mut bed = Bed {
            config: home.path().join("crashcart.toml"),
            audit_log: PathBuf::new(),
            about: Value::Null,
            home,
        };
        let up = Command::new(script("up"))
            .arg(bed.folder())
            .arg(free_ports().to_string())
            .stdout(Stdio::null())
            .status()
            .expect("testbed/up starts");
        assert!(
            up.success(),
            "testbed/up did not bring the testbed up: {up}"
        );
        let about = std::fs::read(bed.folder().join("testbed.json")).expect("testbed.json");
        bed.about = serde_json::from_slice(&about).expect("JSON");
        bed.audit_log = PathBuf::from(bed.said("audit_log"));
        std::fs::write(&bed.config, bed.configuration()).expect("a configuration");
        let (made, said) = bed.kubectl(
            "admin_kubeconfig",
            &["create", "namespace", "monitoring"],
            "",
        );
        assert!(made, "{said}");
        bed.give_alice_her_role();
        bed
    }

    fn folder(&self) -> PathBuf {
        self.home.path().join("bed")
    }

    /// What the testbed says of itself.
    pub(crate) fn said(&self, key: &str) -> &str {
        text(&self.about, &format!("/{key}"))
    }

    /// The configuration a person would write for it.
    pub(crate) fn configuration(&self) -> String {
        let said = |key| self.said(key);
        format!(
            r#"[estate]
name = "testbed"
id = "6a1e2b34-9d3c-4b1f-8a55-0c9d8e7f6a5b"
outside = [{{ cluster = "bed", namespaces = ["crashcart-breakglass", "default", "kube-node-lease", "kube-public", "kube-system", "monitoring", "{velero}"] }}]

[[cluster]]
name = "bed"
site = "on-prem"
server = "{server}"
ca = "{ca}"
fingerprint = "sha256:{key}/{uid}"
kubeconfig = {{ path = "{alice}" }}

[[zone]]
name = "{zone}"
criticality = "high"
rpo = "24h"
members = [{{ cluster = "bed", namespaces = ["{namespace}"] }}]
"#,
            velero = said("velero_namespace"),
            server = said("server"),
            ca = said("ca"),
            key = said("ca_key_sha256"),
            uid = said("kube_system_uid"),
            alice = said("alice_kubeconfig"),
            zone = said("zone"),
            namespace = said("namespace"),
        )
    }

    /// kubectl with one of the testbed's kubeconfigs: whether it went well, and what it printed.
    pub(crate) fn kubectl(&self, who: &str, args: &[&str], input: &str) -> (bool, String) {
        let mut kubectl = Command::new(self.said("kubectl"))
            .args(["--kubeconfig", self.said(who)])
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
        let text = String::from_utf8_lossy(&all).trim().to_owned();
        (output.status.success(), text)
    }

    /// Applies what `rbac emit` prints, and nothing else. Its role for Alertmanager needs the namespace that lives in.
    pub(crate) fn give_alice_her_role(&self) {
        self.emit(&ALICE_MAY);
    }

    /// Takes the right to list Secrets away from alice: her role is the smaller one from now on.
    pub(crate) fn take_the_secrets_from_alice(&self) {
        self.emit(&[&ALICE_MAY[..], &["--without-secrets"]].concat());
    }

    /// The configuration of the administrator.
    pub(crate) fn configuration_of_the_administrator(&self) -> PathBuf {
        let file = self.home.path().join("admin.toml");
        let (alice, admin) = (self.said("alice_kubeconfig"), self.said("admin_kubeconfig"));
        let text = self.configuration().replace(alice, admin);
        std::fs::write(&file, text).expect("a configuration");
        file
    }

    /// Installs what these flags name by the console, as the administrator, who types the cluster's name; its exit code and
    /// its words.
    pub(crate) fn install(&self, flags: &[&str]) -> (u32, String) {
        let config = self.configuration_of_the_administrator();
        let console = Console::with(self, &config, "state-admin");
        console.install(flags)
    }

    /// Applies what `rbac emit` prints with these flags.
    pub(crate) fn emit(&self, flags: &[&str]) {
        let emit = Command::new(PROGRAM)
            .args(["rbac", "emit"])
            .args(flags)
            .output()
            .expect("rbac emit");
        let manifest = String::from_utf8(emit.stdout).expect("UTF-8");
        let (applied, said) = self.kubectl("admin_kubeconfig", &["apply", "-f", "-"], &manifest);
        assert!(applied, "{said}");
    }
}

pub(crate) fn script(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("testbed").join(name)
}

/// The first of six ports in a row that nobody listens on, below those of outgoing connections.
pub(crate) fn free_ports() -> u16 {
    let free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    // Start where another run of these tests probably does not.
    let first = 20_000 + u16::try_from(std::process::id() % 1_000).unwrap_or(0) * 10;
    (first..32_000)
        .step_by(10)
        .find(|base| (*base..base + PORTS).all(free))
        .expect("six free ports")
}

impl Estate for Bed {
    fn config(&self) -> &Path {
        &self.config
    }

    fn home(&self) -> &Path {
        self.home.path()
    }

    fn alice(&self) -> &[&str] {
        &[]
    }

    fn cluster(&self) -> &'static str {
        "bed"
    }

    fn namespace(&self) -> &str {
        self.said("namespace")
    }

    fn zone(&self) -> &str {
        self.said("zone")
    }

    fn admin(&self) -> &Path {
        Path::new(self.said("admin_kubeconfig"))
    }

    fn audit_log(&self) -> &Path {
        &self.audit_log
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        // A test that failed must not leave its servers behind; a testbed that never came up has nothing to end.
        let down = Command::new(script("down")).arg(self.folder()).status();
        drop(down);
    }
}
