//! The `exec` of a user: data until policy lists that very program; it is started elsewhere, through one door.

use super::Entry;
use super::quoted;
use super::raw::RawExec;
use super::raw::RawUser;
use super::raw::said;
use crate::config::ConfigError;
use crate::config::clusters::Plugin;
use crate::config::policy::Program;
use serde_saphyr::Spanned;
use std::path::Path;

/// The versions of its answer that are understood.
const VERSIONS: [&str; 2] = [
    "client.authentication.k8s.io/v1",
    "client.authentication.k8s.io/v1beta1",
];

/// The program as policy lists it, with the arguments of the file.
pub(super) fn read(
    user: &Entry<'_, RawUser>,
    exec: &Spanned<RawExec>,
    programs: &[Program],
) -> Result<Plugin, ConfigError> {
    let it = &exec.value;
    let command = said(it.command.as_ref())
        .ok_or_else(|| user.error(exec, "has an exec without a command; add it"))?;
    let listed = programs
        .iter()
        .find(|one| one.path == Path::new(&command.value));
    let Some(listed) = listed else {
        let why = format!(
            "has exec {}: it runs a program, and crashcart starts none that policy does not list by absolute path and sha256; use a client certificate, a token, or auth = \"oidc:...\"",
            quoted(&command.value)
        );
        return Err(user.error(command, why));
    };
    let version = it.api_version.as_ref();
    let known = version.and_then(|one| VERSIONS.into_iter().find(|known| *known == one.value));
    let Some(api_version) = known else {
        let why = format!(
            "has an exec of a version that is not understood; it must be {}",
            VERSIONS.join(" or ")
        );
        return Err(match version {
            Some(version) => user.error(version, why),
            None => user.error(exec, why),
        });
    };
    if let Some(mode) = it
        .interactive
        .as_ref()
        .filter(|mode| mode.value == "Always")
    {
        let why = "has an exec that must talk to a person (interactiveMode: Always), and here it cannot; use another way to sign in";
        return Err(user.error(mode, why));
    }
    let mut env = Vec::new();
    for variable in it.env.iter().flatten() {
        if !listed.env.contains(&variable.name.value) {
            let why = format!(
                "has an exec with the variable {}, which policy does not name for that program; remove it or ask for it",
                quoted(&variable.name.value)
            );
            return Err(user.error(&variable.name, why));
        }
        env.push((variable.name.value.clone(), variable.value.clone()));
    }
    Ok(Plugin {
        program: listed.clone(),
        args: it.args.clone().unwrap_or_default(),
        env,
        api_version: api_version.to_owned(),
    })
}
