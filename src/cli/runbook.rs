//! `runbook list|show|lint`: the library on paper.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;

use super::args::RunbookVerb;
use crate::runbook::book::Origin;
use crate::runbook::library::Library;
use crate::runbook::parse;

/// Answers one question about runbooks.
pub(super) fn ask(
    library: &Library,
    verb: &RunbookVerb,
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    match verb {
        RunbookVerb::List => list(library, out),
        RunbookVerb::Show { id } => show(library, id, out),
        RunbookVerb::Lint { files } => lint(files, out),
    }
}

fn list(library: &Library, out: &mut dyn Write) -> anyhow::Result<u8> {
    writeln!(
        out,
        "{:<26} {:>3}  SIGNED  {:>5}  TREATS",
        "RUNBOOK", "V", "STEPS"
    )?;
    for book in library.books() {
        writeln!(
            out,
            "{:<26} {:>3}  {:<6}  {:>5}  {}",
            book.id,
            book.version,
            if book.trusted() { "yes" } else { "no" },
            book.steps.len(),
            book.treats.join(" ")
        )?;
    }
    for problem in library.problems() {
        writeln!(out, "{problem}")?;
    }
    Ok(0)
}

fn show(library: &Library, id: &str, out: &mut dyn Write) -> anyhow::Result<u8> {
    let known: Vec<&str> = library
        .books()
        .iter()
        .map(|book| book.id.as_str())
        .collect();
    let book = library
        .book(id)
        .with_context(|| format!("there is no runbook {id}; there are: {}", known.join(" ")))?;
    write!(out, "{}", book.text)?;
    Ok(0)
}

fn lint(files: &[PathBuf], out: &mut dyn Write) -> anyhow::Result<u8> {
    let mut wrong = false;
    for file in files {
        let name = file.display().to_string();
        let text =
            std::fs::read_to_string(file).with_context(|| format!("{name} cannot be read"))?;
        let problems = parse::check(&name, &text, Origin::User(name.clone())).problems;
        for problem in &problems {
            wrong |= problem.is_error();
            writeln!(out, "{problem}")?;
        }
        if problems.is_empty() {
            writeln!(out, "{name}: nothing to say")?;
        }
    }
    Ok(u8::from(wrong))
}
