//! `rbac emit`: the least role that the console and its runbooks need, as a manifest.

use std::io::Write;

use crate::sources::rbac;

/// Prints the roles, and bindings where a group or user is named.
pub(super) fn emit(
    group: Option<&str>,
    user: Option<&str>,
    read_only: bool,
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    anyhow::ensure!(
        [group, user]
            .into_iter()
            .flatten()
            .all(|name| !name.starts_with("system:")),
        "a name that begins with system: is the cluster's own; bind the role to a group of your issuer"
    );
    write!(out, "{}", rbac::manifest(read_only, group, user))?;
    Ok(0)
}
