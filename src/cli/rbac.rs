//! `rbac emit`: the least roles, and what confines Restores, as a manifest or installed.

use std::io::Write;

use super::args::Common;
use super::args::Emit;
use super::args::RoleWord;
use super::install;
use crate::runbook::library::Library;
use crate::runbook::steps;
use crate::sources::rights::confine::Confined;
use crate::sources::rights::manifest::Subject;
use crate::sources::rights::manifest::manifest;
use crate::sources::rights::role::Role;
use crate::sources::rights::role::Scope;

/// Prints or installs the roles, bindings where a group or user is named, and the admission policy where namespaces are.
/// What the role amounts to stands above it.
pub(super) async fn emit(
    common: &Common,
    library: &Library,
    asked: &Emit,
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    let text = text(library, asked)?;
    if asked.install.is_empty() {
        out.write_all(text.as_bytes())?;
        return Ok(0);
    }
    Box::pin(install::install(common, &asked.install, &text, out)).await
}

/// What is printed.
fn text(library: &Library, asked: &Emit) -> anyhow::Result<String> {
    let (group, user) = (asked.group.as_deref(), asked.user.as_deref());
    anyhow::ensure!(
        [group, user]
            .into_iter()
            .flatten()
            .all(|name| !name.starts_with("system:")),
        "a name that begins with system: is the cluster's own; bind the role to a group of your issuer"
    );
    let scope = scope(library, asked)?;
    let confined = if asked.restore_into.is_empty() {
        None
    } else {
        let names = asked.restore_into.clone();
        Some(Confined::new(&asked.velero, names, asked.with_volumes)?)
    };
    let subject = Subject { group, user };
    Ok(manifest(
        role(asked.role),
        &scope,
        subject,
        confined.as_ref(),
    ))
}

/// What the roles are made for: every runbook, or the one that is named.
fn scope(library: &Library, asked: &Emit) -> anyhow::Result<Scope> {
    let mut scope = Scope {
        velero: asked.velero.clone(),
        secrets: !asked.without_secrets,
        ..Scope::default()
    };
    if let Some(id) = &asked.runbook {
        let known: Vec<&str> = library
            .books()
            .iter()
            .map(|book| book.id.as_str())
            .collect();
        let Some(book) = library.book(id) else {
            anyhow::bail!("there is no runbook {id}; there are: {}", known.join(", "));
        };
        let parts = book.steps.iter().flat_map(|step| steps::parts(step.kind));
        scope.parts = parts.copied().collect();
        scope.parts.sort();
        scope.parts.dedup();
    }
    Ok(scope)
}

fn role(word: RoleWord) -> Role {
    match word {
        RoleWord::Viewer => Role::Viewer,
        RoleWord::Operator => Role::Operator,
        RoleWord::Approver => Role::Approver,
        RoleWord::BreakGlass => Role::BreakGlass,
    }
}
