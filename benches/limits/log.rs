//! The log: what an entry costs beside a bare write that is waited for, how fast a log is verified, and how soon one entry
//! of many is proved. In this process, by the library: a start of the program would be most of the figure.

use std::fs;
use std::fs::OpenOptions;
use std::io::BufWriter;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use crashcart::audit;
use crashcart::audit::Draft;
use crashcart::audit::Entry;
use crashcart::audit::Kind;
use crashcart::audit::Leaf;
use crashcart::audit::Log;
use crashcart::audit::Stamp;
use crashcart::text::SafeText;

use crate::figures::Figures;
use crate::say;

/// How many entries are appended, each beside a bare write.
const APPENDS: u64 = 500;
/// How many entries the large log has, unless `CRASHCART_BENCH_ENTRIES` says so.
const MANY: u64 = 1_000_000;
/// How many of them are proved.
const PROOFS: u64 = 200;
/// When a segment of the large log ends, as in a log that crashcart wrote.
const SEGMENT: u64 = 64 << 20;
const ORIGIN: &str = "jump-1/0197c1f2";

pub(crate) fn measure() -> anyhow::Result<()> {
    // A folder on the disk that the program was built on: a folder in memory waits for nothing.
    let home = tempfile::tempdir_in(Path::new(env!("CARGO_TARGET_TMPDIR")))?;
    append(home.path())?;
    let many = match std::env::var("CRASHCART_BENCH_ENTRIES") {
        Ok(said) => said
            .parse()
            .context("CRASHCART_BENCH_ENTRIES is no number")?,
        Err(_) => MANY,
    };
    large(&home.path().join("large"), many)
}

fn append(home: &Path) -> anyhow::Result<()> {
    let mut log = Log::open(&home.join("log"), ORIGIN, &stamp(0)?)?;
    let mut bare = OpenOptions::new()
        .create_new(true)
        .append(true)
        .open(home.join("bare"))?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let line = vec![b'x'; 640];
    for n in 0..APPENDS {
        let begun = Instant::now();
        log.append(draft(), None, &stamp(n)?)?;
        ours.push(begun.elapsed().as_secs_f64() * 1e3);
        let begun = Instant::now();
        bare.write_all(&line)?;
        bare.sync_data()?;
        theirs.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    let (ours, theirs) = (Figures::of(ours), Figures::of(theirs));
    say(&format!("append                 {}", ours.words("ms")));
    say(&format!("bare write, fdatasync  {}", theirs.words("ms")));
    say(&format!(
        "append / bare          {:.2} times",
        ours.median() / theirs.median()
    ));
    Ok(())
}

fn large(dir: &Path, many: u64) -> anyhow::Result<()> {
    let bytes = write(dir, many)?;
    say(&format!(
        "a log of {many} entries, {} bytes each",
        bytes / many.max(1)
    ));
    let begun = Instant::now();
    let mut log = Log::open(dir, ORIGIN, &stamp(0)?)?;
    say(&format!(
        "first opened, its tree built after {:.2} s",
        begun.elapsed().as_secs_f64()
    ));
    log.seal(&stamp(0)?)?;
    drop(log);
    let begun = Instant::now();
    drop(Log::open(dir, ORIGIN, &stamp(0)?)?);
    say(&format!(
        "opened again after {:.2} s",
        begun.elapsed().as_secs_f64()
    ));
    for _ in 0..3 {
        let begun = Instant::now();
        let report = audit::verify(dir);
        let took = begun.elapsed().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a figure for a person")]
        let speed = report.entries as f64 / took;
        say(&format!(
            "verified after {took:.2} s: {speed:.0} entries a second on one core, exit {}, signed up to {}",
            report.exit_code(),
            report.sealed
        ));
    }
    let mut proofs = Vec::new();
    for n in 0..PROOFS {
        // Spread over the log, and no two in one place.
        let seq = 1 + n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % many;
        let begun = Instant::now();
        audit::prove(dir, seq)?;
        proofs.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    say(&format!(
        "one entry proved  {}",
        Figures::of(proofs).words("ms")
    ));
    Ok(())
}

/// Writes a log of before there were checkpoints, without waiting for the disk; gives its length.
fn write(dir: &Path, many: u64) -> anyhow::Result<u64> {
    let scratch = dir.with_extension("one");
    let mut one = Log::open(&scratch, ORIGIN, &stamp(0)?)?;
    one.append(draft(), None, &stamp(0)?)?;
    let mut entry: Entry = one.tail(1)?.pop().context("an entry")?;
    fs::create_dir(dir)?;
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700))?;
    let (mut prev, mut first, mut length, mut all) = (Leaf::default(), 1, 0, 0);
    let mut segment = open(&dir.join("log-000000000001.jsonl"))?;
    for seq in 1..=many {
        if length > SEGMENT {
            segment.flush()?;
            (first, length) = (seq, 0);
            segment = open(&dir.join(format!("log-{seq:012}.jsonl")))?;
        }
        (entry.seq, entry.prev) = (seq, prev);
        let mut line = serde_json::to_vec(&entry)?;
        prev = Leaf::of(&line);
        line.push(b'\n');
        segment.write_all(&line)?;
        length += line.len() as u64;
        all += line.len() as u64;
    }
    segment.flush()?;
    let head = format!(
        "{{\"v\":1,\"size\":{many},\"leaf\":\"{prev}\",\"segment\":{first},\"bytes\":{length}}}\n"
    );
    open(&dir.join("head"))?.write_all(head.as_bytes())?;
    Ok(all)
}

fn open(path: &Path) -> anyhow::Result<BufWriter<fs::File>> {
    let file = fs::File::create(path)?;
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    Ok(BufWriter::new(file))
}

fn stamp(n: u64) -> anyhow::Result<Stamp> {
    Ok(Stamp {
        ts: jiff::Timestamp::from_second(1_786_767_060)?,
        mono_ns: 1_000_000 * n,
        boot: "b1".to_owned(),
    })
}

/// An entry of the usual length.
fn draft() -> Draft {
    let mut draft = Draft::new(Kind::StepAnswered);
    draft.actor.kube_user = Some(SafeText::new("alice@meridian.test"));
    draft.actor.groups = vec![SafeText::new("oncall"), SafeText::new("platform")];
    draft.actor.host = Some(SafeText::new("jump-1"));
    draft.actor.session = Some(SafeText::new("0197c1f2-7a60-7c3e-9f25-0a1c5f4be001"));
    draft.actor.tty = Some(SafeText::new("pts/3"));
    draft.run = Some(SafeText::new("7f3a"));
    draft.step = Some(SafeText::new("confirm-cluster"));
    draft.plan = Some(SafeText::from(Leaf::of(b"plan").to_string()));
    draft.mode = Some(SafeText::new("RUN"));
    draft
}
