//! The simulator itself: how soon it serves, what a large list costs it, and what it uses while nobody asks.

use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use kube::config::KubeConfigOptions;
use kube::config::Kubeconfig;

use crate::figures;
use crate::figures::Figures;
use crate::program;
use crate::say;

/// How often a start is measured.
const STARTS: usize = 10;
/// Pods of a large cluster.
const MANY: usize = 50_000;
/// How long an idle simulator is listened to.
const IDLE: Duration = Duration::from_secs(30);

/// A served estate; its process ends with it.
pub(crate) struct Sim {
    child: Child,
    pub(crate) home: tempfile::TempDir,
    /// From its start until it said that it serves.
    ready: Duration,
}

impl Sim {
    pub(crate) fn start(words: &[&str]) -> anyhow::Result<Sim> {
        let home = tempfile::tempdir()?;
        let begun = Instant::now();
        let mut child = Command::new(program())
            .args(["sim", "--dir"])
            .arg(home.path())
            .args(words)
            .stdout(Stdio::piped())
            .spawn()
            .context("the simulator did not start")?;
        let out = child.stdout.take().context("its output")?;
        let mut lines = BufReader::new(out).lines().map_while(Result::ok);
        let serves = lines.any(|line| line.starts_with("kubectl:"));
        anyhow::ensure!(serves, "the simulator ended before it served");
        let ready = begun.elapsed();
        Ok(Sim { child, home, ready })
    }

    pub(crate) fn kubeconfig(&self) -> std::path::PathBuf {
        Path::join(self.home.path(), "alice.kubeconfig")
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Measures all of it.
pub(crate) fn measure() -> anyhow::Result<()> {
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let sim = Sim::start(&["--crowd", "1000"])?;
        starts.push(sim.ready.as_secs_f64() * 1000.0);
    }
    let words = Figures::of(starts).words("ms");
    say(&format!(
        "three clusters of 1000 pods served after: {words} (limit 300 ms)"
    ));
    idle()?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(pages())
}

fn idle() -> anyhow::Result<()> {
    let sim = Sim::start(&["--crowd", "1000"])?;
    std::thread::sleep(Duration::from_secs(5));
    let before = figures::cpu_s(sim.child.id())?;
    std::thread::sleep(IDLE);
    let used = figures::cpu_s(sim.child.id())? - before;
    let share = used / IDLE.as_secs_f64() * 100.0;
    let (_, now) = figures::memory_mb(sim.child.id())?;
    say(&format!(
        "idle: {share:.2} % of one core over {} s, {now:.0} MB (limit 1 %)",
        IDLE.as_secs()
    ));
    Ok(())
}

/// Every pod of a large cluster, page by page and packed, as the console asks for them.
async fn pages() -> anyhow::Result<()> {
    let many = MANY.to_string();
    let sim = Sim::start(&["--cluster", "lab-1", "--crowd", &many])?;
    let id = sim.child.id();
    let config = Kubeconfig::read_from(sim.kubeconfig())?;
    let config =
        kube::Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await?;
    let client = kube::Client::try_from(config)?;
    let (cpu, begun) = (figures::cpu_s(id)?, Instant::now());
    let (mut found, mut next) = (0, String::new());
    loop {
        let path = format!("/api/v1/pods?limit=500{next}");
        let page = client
            .request_text(http::Request::get(&path).body(Vec::new())?)
            .await?;
        let page: serde_json::Value = serde_json::from_str(&page)?;
        found += page["items"].as_array().map_or(0, Vec::len);
        match page["metadata"]["continue"].as_str() {
            Some(token) => next = format!("&continue={token}"),
            None => break,
        }
    }
    anyhow::ensure!(found >= MANY, "only {found} pods were served");
    let (seconds, used) = (begun.elapsed().as_secs_f64(), figures::cpu_s(id)? - cpu);
    let (most, now) = figures::memory_mb(id)?;
    say(&format!(
        "{found} pods in pages with gzip: {used:.2} s of one core, {seconds:.2} s in all, {most:.0} MB at most, {now:.0} MB now (limits 5 s, 500 MB); served after {:.1} s",
        sim.ready.as_secs_f64()
    ));
    Ok(())
}
