//! `rbac emit`: the least role that the console and its runbooks need, as a manifest.

use std::io::Write;

use crate::sources::rbac;
use crate::sources::rbac::Role;

/// Prints the roles, and bindings where a group or user is named. What the role amounts to stands above it.
pub(super) fn emit(
    group: Option<&str>,
    user: Option<&str>,
    role: Role,
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    anyhow::ensure!(
        [group, user]
            .into_iter()
            .flatten()
            .all(|name| !name.starts_with("system:")),
        "a name that begins with system: is the cluster's own; bind the role to a group of your issuer"
    );
    write!(out, "{}", rbac::manifest(role, group, user))?;
    Ok(0)
}

/// The role that the flags of the command line name.
pub(super) fn role(read_only: bool, without_secrets: bool) -> Role {
    match (read_only, without_secrets) {
        (true, _) => Role::Viewer,
        (false, true) => Role::OperatorWithoutSecrets,
        (false, false) => Role::Operator,
    }
}
