//! What needs no cluster: the first frame, silence while nothing changes, and what a key costs.

use std::fmt::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;

use crate::figures::Figures;
use crate::program;
use crate::pty::Frame;
use crate::pty::Pty;
use crate::say;

/// Starts that are counted, after one that is not.
const STARTS: usize = 20;
/// How long nothing is done.
const IDLE: Duration = Duration::from_secs(60);
/// Keys that are pressed, and the pause before each: longer than the shortest time between two frames.
const KEYS: (usize, Duration) = (200, Duration::from_millis(90));

/// From the start of the program to its first whole frame, with clusters of which none can be reached.
pub(crate) fn first_frame() -> anyhow::Result<()> {
    for clusters in [2, 12] {
        let home = tempfile::tempdir()?;
        let config = unreachable(home.path(), clusters)?;
        let config = config.to_str().context("a readable path")?;
        let mut times = Vec::new();
        for _ in 0..=STARTS {
            let mut pty = Pty::start(&program(), &["--config", config], home.path())?;
            let drawn = pty.wait("the board", |screen| screen.contains("ZONE / CLUSTER"))?;
            times.push(drawn.duration_since(pty.started).as_secs_f64() * 1e3);
        }
        let figures = Figures::of(times.split_off(1));
        say(&format!(
            "first frame, {clusters} clusters that cannot be reached: {}",
            figures.words("ms")
        ));
    }
    Ok(())
}

/// A configuration with so many clusters on a port where nobody listens; gives its file.
fn unreachable(home: &Path, clusters: usize) -> anyhow::Result<PathBuf> {
    let key = rcgen::KeyPair::generate()?;
    let ca = rcgen::CertificateParams::new(vec!["ca.test".to_owned()])?.self_signed(&key)?;
    std::fs::write(home.join("ca.crt"), ca.pem())?;
    let kubeconfig = "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
        clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1', certificate-authority: ca.crt}}]\n\
        users: [{name: u, user: {token: none}}]\ncontexts: [{name: c, context: {cluster: c, user: u}}]\n";
    let file = home.join("kubeconfig");
    std::fs::write(&file, kubeconfig)?;
    private(&file)?;
    let mut text = String::from(
        "[estate]\nname = \"measured\"\nid = \"0b1f6a57-40de-4c0e-9f0d-0d9b4a7c2f11\"\n",
    );
    for number in 0..clusters {
        write!(
            text,
            "[[cluster]]\nname = \"c-{number}\"\nsite = \"on-prem\"\nserver = \"https://127.0.0.1:1\"\nca = \"ca.crt\"\n\
             kubeconfig = {{ path = \"kubeconfig\" }}\n\
             [[zone]]\nname = \"zone-{number}\"\ncriticality = \"high\"\nmembers = [{{ cluster = \"c-{number}\", namespaces = [\"n\"] }}]\n"
        )?;
    }
    let file = home.join("crashcart.toml");
    std::fs::write(&file, text)?;
    private(&file)?;
    Ok(file)
}

/// Makes a file its owner's alone.
pub(crate) fn private(file: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    Ok(std::fs::set_permissions(
        file,
        std::fs::Permissions::from_mode(0o600),
    )?)
}

/// Bytes written to the terminal in a minute in which nobody does anything, on the simulated estate.
pub(crate) fn idle() -> anyhow::Result<()> {
    let home = tempfile::tempdir()?;
    let mut pty = demo(home.path())?;
    silence(&mut pty)
}

/// What a terminal hears while nobody does anything.
pub(crate) fn silence(pty: &mut Pty) -> anyhow::Result<()> {
    let frames = pty.watch(IDLE)?;
    let (changed, unchanged): (Vec<&Frame>, Vec<&Frame>) =
        frames.iter().partition(|frame| frame.changed);
    let bytes = |frames: &[&Frame]| frames.iter().map(|frame| frame.bytes).sum::<usize>();
    say(&format!(
        "idle {} s: {} bytes in {} frames without a changed cell, {} bytes in {} frames with one",
        IDLE.as_secs(),
        bytes(&unchanged),
        unchanged.len(),
        bytes(&changed),
        changed.len()
    ));
    Ok(())
}

/// Bytes and time of a cursor key in both panes of the board, on the simulated estate.
pub(crate) fn keys() -> anyhow::Result<()> {
    let home = tempfile::tempdir()?;
    let mut pty = demo(home.path())?;
    cursor(&mut pty, "findings and what the marked one says")?;
    press_and_rest(&mut pty, "\t")?;
    cursor(&mut pty, "zones")
}

/// Presses keys that lead to another place, and waits until it is drawn.
pub(crate) fn press_and_rest(pty: &mut Pty, keys: &str) -> anyhow::Result<()> {
    pty.press(keys)?;
    pty.settle(Duration::from_secs(1))
}

/// Moves the mark down and up again, and says what a move costs.
pub(crate) fn cursor(pty: &mut Pty, place: &str) -> anyhow::Result<()> {
    let (keys, pause) = KEYS;
    let (mut times, mut bytes) = (Vec::new(), Vec::new());
    for number in 0..keys {
        // What the estate does by itself is taken in before, so that the next frame is the key's.
        pty.watch(pause)?;
        let key = if number % 2 == 0 { "j" } else { "k" };
        let pressed = pty.press(key)?;
        let Some(frame) = pty.frame(Instant::now() + Duration::from_secs(2))? else {
            anyhow::bail!("key {number} moved nothing in {place}:\n{}", pty.screen());
        };
        times.push(frame.at.duration_since(pressed).as_secs_f64() * 1e3);
        bytes.push(f64::from(u32::try_from(frame.bytes)?));
    }
    say(&format!(
        "key to frame, {place}: {}",
        Figures::of(times).words("ms")
    ));
    say(&format!(
        "bytes of a key, {place}: {}",
        Figures::of(bytes).words("bytes")
    ));
    Ok(())
}

/// The demo's console, once its board has come to rest.
fn demo(home: &Path) -> anyhow::Result<Pty> {
    let mut pty = Pty::start(&program(), &["demo", "--as", "alice"], home)?;
    pty.wait("the findings", |screen| screen.contains("NEEDS YOU"))?;
    pty.settle(Duration::from_secs(5))?;
    Ok(pty)
}
