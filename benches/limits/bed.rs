//! A testbed filled with pods, and what leads a program to it.

use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use anyhow::Context;
use serde_json::Value;

use crate::console::private;
use crate::program;
use crate::say;

/// Running pods that are asked of a testbed.
pub(crate) const PODS: usize = 10_000;
/// The first of six ports of a testbed that is started here; `CRASHCART_BENCH_PORT` names another.
const PORT: &str = "30100";
/// The certificate user that reads, as the testbed makes it.
const USER: &str = "alice@meridian.test";
/// The testbed has no Alertmanager, and the role for reading alerts wants its namespace.
const MONITORING: &[u8] = b"apiVersion: v1\nkind: Namespace\nmetadata: {name: monitoring}\n---\n";

/// A testbed that is up and filled.
pub(crate) struct Bed {
    folder: PathBuf,
    own: Option<tempfile::TempDir>,
    facts: Value,
}

impl Bed {
    /// The testbed of `CRASHCART_BENCH_BED`, or one that is started and filled here when its parts are there
    /// (`CRASHCART_TESTBED_BIN`) and ended with this value; `None` when there is neither.
    pub(crate) fn find() -> anyhow::Result<Option<Bed>> {
        if let Some(folder) = std::env::var_os("CRASHCART_BENCH_BED") {
            return Bed::at(folder.into(), None).map(Some);
        }
        if std::env::var_os("CRASHCART_TESTBED_BIN").is_none() {
            return Ok(None);
        }
        let own = tempfile::tempdir()?;
        let folder = own.path().to_path_buf();
        let port = std::env::var("CRASHCART_BENCH_PORT").unwrap_or_else(|_| PORT.to_owned());
        testbed("up", &[&folder.display().to_string(), &port])?;
        let bed = Bed::at(folder, Some(own))?;
        let place = bed.folder.display().to_string();
        testbed("populate", &[&place, &PODS.to_string()])?;
        Ok(Some(bed))
    }

    fn at(folder: PathBuf, own: Option<tempfile::TempDir>) -> anyhow::Result<Bed> {
        let file = folder.join("testbed.json");
        let text = std::fs::read_to_string(&file)
            .with_context(|| format!("no testbed is up: {} cannot be read", file.display()))?;
        Ok(Bed {
            folder,
            own,
            facts: serde_json::from_str(&text)?,
        })
    }

    /// One of the facts of `testbed.json`; empty when it is not there.
    pub(crate) fn fact(&self, name: &str) -> &str {
        self.facts[name].as_str().unwrap_or_default()
    }

    /// A file of the testbed's folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Gives the certificate user the least role for reading, as the program prints it.
    pub(crate) fn grant(&self) -> anyhow::Result<()> {
        let role = Command::new(program())
            .args(["rbac", "emit", "--role", "viewer", "--user", USER])
            .output()?;
        anyhow::ensure!(role.status.success(), "rbac emit failed");
        let mut kubectl = Command::new(self.fact("kubectl"))
            .args(["--kubeconfig", self.fact("admin_kubeconfig")])
            .args(["apply", "-f", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        let mut input = kubectl.stdin.take().context("kubectl's input")?;
        input.write_all(MONITORING)?;
        input.write_all(&role.stdout)?;
        drop(input);
        anyhow::ensure!(
            kubectl.wait()?.success(),
            "kubectl could not apply the role"
        );
        Ok(())
    }

    /// Writes a configuration with this one cluster and the zones of its namespaces; gives its file.
    pub(crate) fn configuration(&self, home: &Path) -> anyhow::Result<PathBuf> {
        let zone = |name: &str| {
            format!(
                "[[zone]]\nname = \"{name}\"\ncriticality = \"high\"\n\
                 members = [{{ cluster = \"bed\", selector = \"zone={name}\" }}]\n"
            )
        };
        let text = format!(
            "[estate]\nname = \"measured\"\nid = \"7c3d9be2-5a0e-4f4e-8d5f-2f6f0c1f9a33\"\n\
             [[cluster]]\nname = \"bed\"\nsite = \"on-prem\"\nserver = \"{}\"\nca = \"{}\"\n\
             fingerprint = \"sha256:{}/{}\"\nkubeconfig = {{ path = \"{}\" }}\n{}{}{}",
            self.fact("server"),
            self.fact("ca"),
            self.fact("ca_key_sha256"),
            self.fact("kube_system_uid"),
            self.fact("alice_kubeconfig"),
            zone("clinical"),
            zone("administrative"),
            zone("research"),
        );
        let file = home.join("crashcart.toml");
        std::fs::write(&file, text)?;
        private(&file)?;
        Ok(file)
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        if self.own.is_some()
            && let Err(error) = testbed("down", &[&self.folder.display().to_string()])
        {
            say(&format!("limits: the testbed was left running: {error:#}"));
        }
    }
}

/// Runs one of the testbed's scripts.
fn testbed(script: &str, args: &[&str]) -> anyhow::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("testbed")
        .join(script);
    let done = Command::new(&path)
        .args(args)
        .stdout(Stdio::null())
        .status()
        .with_context(|| format!("{} cannot be started", path.display()))?;
    anyhow::ensure!(done.success(), "{} ended with {done}", path.display());
    Ok(())
}
