//! What needs a real API server with many pods: all rows beside a bare client, memory, processor time, keys.

use std::process::Command;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use serde_json::Value;

use crate::bare;
use crate::bed::Bed;
use crate::bed::PODS;
use crate::console;
use crate::figures;
use crate::figures::Figures;
use crate::program;
use crate::pty::Pty;
use crate::say;

/// Fetches that are counted of each, in turn, after one of each that is not.
const TIMES: usize = 5;
/// Pods that change in a second, and for how long, while the console looks on.
const CHURN: (u32, Duration) = (20, Duration::from_secs(30));

/// Measures on the testbed, or says that there is none.
pub(crate) fn measure() -> anyhow::Result<()> {
    let Some(bed) = Bed::find()? else {
        say(
            "not measured: set CRASHCART_TESTBED_BIN to the folder that testbed/build prints, or CRASHCART_BENCH_BED to \
             a testbed that is up and filled",
        );
        return Ok(());
    };
    bed.grant()?;
    say(&format!("{PODS} pods, load {}", figures::load()));
    rows(&bed)?;
    say(&format!("console, load {}", figures::load()));
    screen(&bed)
}

/// The time until the board is judged on all rows, beside the bare client's.
fn rows(bed: &Bed) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let home = tempfile::tempdir()?;
    let config = bed.configuration(home.path())?;
    let (mut bare, mut whole, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for time in 0..=TIMES {
        let fetched = runtime.block_on(bare::fetch(bed))?;
        let begun = Instant::now();
        let status = Command::new(program())
            .arg("--config")
            .arg(&config)
            .args(["status", "-o", "json", "--wait", "120s"])
            .env_clear()
            .env("HOME", home.path())
            .output()?;
        let seconds = begun.elapsed().as_secs_f64();
        let pods = judged(&status.stdout).with_context(|| {
            format!(
                "status said nothing: {}",
                String::from_utf8_lossy(&status.stderr)
            )
        })?;
        anyhow::ensure!(
            pods >= PODS,
            "status judged {pods} pods, and there are {PODS}"
        );
        if time == 0 {
            let megabytes = f64::from(u32::try_from(fetched.bytes)?) / 1e6;
            say(&format!(
                "one fetch is {} pages, {megabytes:.1} MB packed; the board is judged on {pods} pods",
                fetched.pages
            ));
            continue;
        }
        bare.push(fetched.seconds);
        whole.push(seconds);
        ratios.push(seconds / fetched.seconds);
    }
    let (bare, whole, ratios) = (Figures::of(bare), Figures::of(whole), Figures::of(ratios));
    let milliseconds = |figures: &Figures| format!("{:.3} s", figures.median());
    say(&format!(
        "all rows: status {} (whole process), bare client {}: {:.2} times (medians of {TIMES} each; pair by pair {:.2} to {:.2})",
        milliseconds(&whole),
        milliseconds(&bare),
        whole.median() / bare.median(),
        ratios.quantile(0),
        ratios.quantile(100)
    ));
    Ok(())
}

/// How many pods the health column was judged on.
fn judged(json: &[u8]) -> anyhow::Result<usize> {
    let board: Value = serde_json::from_slice(json)?;
    let rows = board["zones"].as_array().into_iter().flatten();
    let clusters = rows.flat_map(|zone| zone["clusters"].as_array().into_iter().flatten());
    let figures = clusters.filter_map(|row| row["columns"]["health"]["headline"].as_str());
    Ok(figures
        .map(|figure| {
            let all = figure.rsplit_once(" of ").map_or(figure, |(_, all)| all);
            let digits: String = all.chars().filter(char::is_ascii_digit).collect();
            digits.parse::<usize>().unwrap_or(0)
        })
        .sum())
}

/// The console on that cluster: memory, a quiet minute, keys.
fn screen(bed: &Bed) -> anyhow::Result<()> {
    let home = tempfile::tempdir()?;
    let config = bed.configuration(home.path())?;
    let config = config.to_str().context("a readable path")?;
    let mut pty = Pty::start(&program(), &["--config", config], home.path())?;
    pty.wait("three zones judged", |screen| {
        screen.matches("OK").count() >= 3 && !screen.contains("asked")
    })?;
    pty.settle(Duration::from_secs(5))?;
    let process = pty.process()?;
    let (peak, now) = figures::memory_mb(process)?;
    say(&format!(
        "memory once all rows are there: peak {peak:.1} MB, now {now:.1} MB"
    ));
    let (begun, before) = (Instant::now(), figures::cpu_s(process)?);
    console::silence(&mut pty)?;
    let used = figures::cpu_s(process)? - before;
    let share = used / begun.elapsed().as_secs_f64() * 100.0;
    say(&format!(
        "processor in that time: {used:.2} s, {share:.2} % of a core"
    ));
    churn(bed, &mut pty)?;
    console::press_and_rest(&mut pty, "\t")?;
    console::cursor(&mut pty, "zones")?;
    console::press_and_rest(&mut pty, "\r")?;
    console::press_and_rest(&mut pty, "z")?;
    console::cursor(&mut pty, "a zone's 3,333 workloads")?;
    let (peak, now) = figures::memory_mb(process)?;
    say(&format!(
        "memory at the end: peak {peak:.1} MB, now {now:.1} MB"
    ));
    Ok(())
}

/// Processor time while pods change that concern nobody.
fn churn(bed: &Bed, pty: &mut Pty) -> anyhow::Result<()> {
    let (rate, time) = CHURN;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let process = pty.process()?;
    let (begun, before) = (Instant::now(), figures::cpu_s(process)?);
    let changes = std::thread::scope(|scope| {
        let changing = scope.spawn(|| runtime.block_on(bare::churn(bed, rate, time)));
        let watched = pty.watch(time);
        let changes = changing
            .join()
            .map_err(|_| anyhow::anyhow!("the changing thread panicked"))?;
        watched.and(changes)
    })?;
    let share = (figures::cpu_s(process)? - before) / begun.elapsed().as_secs_f64() * 100.0;
    say(&format!(
        "processor while {changes} pods changed in {} s: {share:.1} % of a core",
        time.as_secs()
    ));
    Ok(())
}
