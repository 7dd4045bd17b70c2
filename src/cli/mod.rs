//! How is it asked? One file per verb, and the exit codes.

pub mod log;

use std::process::ExitCode;

/// Reads the command line, runs the verb it names and returns its exit code.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
