//! The limits that this program holds itself to, measured from outside; `docs/figures.md` has what came out.
//!
//! usage: `cargo bench --bench limits [-- PART ...]`, with the parts `first-frame`, `idle`, `keys`, `simulator`, `whoami`,
//! `log` and `cluster`; all of them unless told. `CRASHCART_BENCH_PROGRAM` names another binary than the one just built. `cluster` needs the parts
//! of the testbed (`CRASHCART_TESTBED_BIN`) or a testbed that is up and filled (`CRASHCART_BENCH_BED`), and says so
//! where it has neither. It prints figures and judges none: a busy machine is no failure.

#![expect(
    clippy::disallowed_methods,
    reason = "a measurement reads the clock, starts the program and listens to it on a thread"
)]

mod bare;
mod bed;
mod cluster;
mod console;
mod figures;
mod log;
mod pty;
mod simulator;
mod whoami;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

const PARTS: [&str; 7] = [
    "first-frame",
    "idle",
    "keys",
    "simulator",
    "whoami",
    "log",
    "cluster",
];

fn main() -> ExitCode {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    if !words.iter().any(|word| word == "--bench") {
        say("limits: measures only when asked by `cargo bench`");
        return ExitCode::SUCCESS;
    }
    words.retain(|word| word != "--bench");
    if let Some(wrong) = words.iter().find(|word| !PARTS.contains(&word.as_str())) {
        say(&format!(
            "limits: there is no part {wrong}; there are {}",
            PARTS.join(", ")
        ));
        return ExitCode::from(2);
    }
    let wanted = |part: &str| words.is_empty() || words.iter().any(|word| word == part);
    say(&format!("program: {}", program().display()));
    for part in PARTS.into_iter().filter(|part| wanted(part)) {
        say(&format!("\n{part} (load {})", figures::load()));
        let done = match part {
            "first-frame" => console::first_frame(),
            "idle" => console::idle(),
            "keys" => console::keys(),
            "simulator" => simulator::measure(),
            "whoami" => whoami::measure(),
            "log" => log::measure(),
            _ => cluster::measure(),
        };
        if let Err(error) = done {
            say(&format!("limits: {part} could not be measured: {error:#}"));
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// The binary that is measured.
fn program() -> PathBuf {
    std::env::var_os("CRASHCART_BENCH_PROGRAM")
        .map_or_else(|| env!("CARGO_BIN_EXE_crashcart").into(), PathBuf::from)
}

/// Prints one line; a reader that has gone away is no reason to stop.
fn say(line: &str) {
    drop(writeln!(std::io::stdout(), "{line}"));
}
