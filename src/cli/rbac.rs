//! `rbac emit`: the least roles, and what confines Restores, as a manifest.

use std::io::Write;

use super::args::Emit;
use super::args::RoleWord;
use crate::runbook::library::Library;
use crate::runbook::steps;
use crate::sources::rights::confine::Confined;
use crate::sources::rights::manifest::Subject;
use crate::sources::rights::manifest::manifest;
use crate::sources::rights::role::Role;
use crate::sources::rights::role::Scope;

/// What stands above a manifest that is to be installed. Whoever gives rights must hold them, or `escalate`; the console
/// works with neither.
const INSTALL: &str = "\
# crashcart does not install this itself: whoever gives rights must hold all of them, and nobody who works with crashcart
# should. As an administrator of the cluster, look at the difference first, try it, then apply it:
#   crashcart rbac emit ... >crashcart-rbac.yaml
#   kubectl --context CONTEXT diff -f crashcart-rbac.yaml
#   kubectl --context CONTEXT apply --server-side --field-manager=crashcart-rbac --dry-run=server -f crashcart-rbac.yaml
#   kubectl --context CONTEXT apply --server-side --field-manager=crashcart-rbac -f crashcart-rbac.yaml
";

/// Prints the roles, bindings where a group or user is named, and the admission policy where namespaces are. What the
/// role amounts to stands above it.
pub(super) fn emit(library: &Library, asked: &Emit, out: &mut dyn Write) -> anyhow::Result<u8> {
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
    if asked.install {
        out.write_all(INSTALL.as_bytes())?;
    }
    let subject = Subject { group, user };
    let text = manifest(role(asked.role), &scope, subject, confined.as_ref());
    out.write_all(text.as_bytes())?;
    Ok(0)
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
