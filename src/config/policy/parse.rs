//! A policy file, from text to checked nouns.

use super::Approver;
use super::Policy;
use super::PolicyMember;
use super::PolicyZone;
use super::Program;
use super::parties;
use crate::config::ConfigError;
use crate::config::file;
use crate::config::keys;
use crate::config::parse::namespaces;
use crate::config::parse::values;
use crate::config::table::Found;
use crate::config::table::Origin;
use crate::config::table::Table;
use crate::config::tokens::TokenStore;
use crate::config::zone::ZoneName;
use crate::text::hex;
use jiff::Timestamp;
use sha2::Digest as _;
use sha2::Sha256;
use std::path::Path;
use std::path::PathBuf;
use uuid::Uuid;

pub(super) fn parse(path: &Path, bytes: Vec<u8>) -> Result<Policy, ConfigError> {
    let digest = hex(&Sha256::digest(&bytes));
    let text = file::text(path, bytes)?;
    let origin = Origin { path, text: &text };
    let table = origin.parse()?;
    let top = Table::new(origin, &keys::POLICY, 0, &table)?;
    let mut zones = Vec::new();
    for table in top.tables("zone", &keys::POLICY_ZONE)? {
        let name = ZoneName::from(table.name()?.value);
        let people = table
            .people("people")?
            .ok_or_else(|| table.missing("people", "2"))?;
        zones.push(PolicyZone {
            name,
            people,
            members: members(&table)?,
        });
    }
    let mut approvers = Vec::new();
    for table in top.tables("approver", &keys::POLICY_APPROVER)? {
        let names = table.texts("zones")?;
        approvers.push(Approver {
            group: table.need("group", "\"...\"")?.value.to_owned(),
            zones: names.iter().map(|name| name.value.into()).collect(),
        });
    }
    Ok(Policy {
        label: path.display().to_string(),
        digest,
        programs: programs(&top)?,
        simulated_only: top.flag("simulated_only")?,
        serial: top.whole("serial")?,
        key: None,
        not_after: not_after(&top)?,
        issuers: issuers(&top)?,
        token_stores: token_stores(&top)?,
        idle_s: top.seconds("idle")?,
        person_claim: parties::person_claim(&top)?,
        signers: parties::signers(&top)?,
        witnesses: parties::witnesses(&top)?,
        ssh_keys: parties::ssh_keys(&top)?,
        drill_targets: parties::drill_targets(&top)?,
        zones,
        approvers,
        narrowed: Vec::new(),
    })
}

/// The namespaces that a zone has by policy.
fn members(zone: &Table<'_>) -> Result<Vec<PolicyMember>, ConfigError> {
    let mut members = Vec::new();
    for table in zone.tables("members", &keys::POLICY_MEMBER)? {
        members.push(PolicyMember {
            cluster_uid: cluster_uid(&table)?,
            namespaces: values(namespaces(&table)?),
        });
    }
    Ok(members)
}

/// The uid of the cluster that a table is about.
pub(super) fn cluster_uid(table: &Table<'_>) -> Result<Uuid, ConfigError> {
    let uid = table.need(
        "cluster_uid",
        "\"...\" (the uid of its kube-system namespace)",
    )?;
    Uuid::try_parse(uid.value).map_err(|_| {
        let sentence = format!(
            "cluster_uid = {:?} is not a UUID; write the uid of the cluster's kube-system namespace",
            uid.value
        );
        table.error(uid.at, sentence)
    })
}

/// Until when the policy is good.
fn not_after(top: &Table<'_>) -> Result<Option<Timestamp>, ConfigError> {
    let Some(found) = top.text("not_after")? else {
        return Ok(None);
    };
    found.value.parse().map(Some).map_err(|_| {
        let sentence = format!(
            "not_after = {:?} is not a moment; write it like \"2027-01-31T00:00:00Z\"",
            found.value
        );
        top.error(found.at, sentence)
    })
}

/// The issuers that people may sign in at; empty where any will do.
fn issuers(top: &Table<'_>) -> Result<Vec<String>, ConfigError> {
    let found = top.texts("issuers")?;
    if let Some(bad) = found.iter().find(|one| !one.value.starts_with("https://")) {
        let sentence = format!("issuer {:?} must begin with https://", bad.value);
        return Err(top.error(bad.at, sentence));
    }
    Ok(values(found))
}

/// The places where refresh tokens may be kept; `None` where any will do. Memory always may.
fn token_stores(top: &Table<'_>) -> Result<Option<Vec<TokenStore>>, ConfigError> {
    let mut stores = Vec::new();
    for found in top.texts("token_stores")? {
        let store = TokenStore::from_word(found.value).ok_or_else(|| {
            let sentence = format!(
                "token_stores names {:?}, which is none of \"memory\", \"session-keyring\", \"os-keyring\" and \"encrypted-file\"",
                found.value
            );
            top.error(found.at, sentence)
        })?;
        stores.push(store);
    }
    Ok((!stores.is_empty()).then_some(stores))
}

/// The programs that may be started: each by its absolute path and the hash of its bytes.
fn programs(top: &Table<'_>) -> Result<Vec<Program>, ConfigError> {
    let mut programs = Vec::new();
    for table in top.tables("program", &keys::POLICY_PROGRAM)? {
        let path = table.need("path", "\"/usr/local/bin/...\"")?;
        if !Path::new(path.value).is_absolute() {
            let sentence = format!("path = {:?} must be absolute", path.value);
            return Err(table.error(path.at, sentence));
        }
        let sha256 = table.need("sha256", "\"64 hex digits\" (sha256sum prints them)")?;
        let hex = sha256.value.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !hex || sha256.value.len() != 64 {
            let sentence = "sha256 must be 64 hex digits, as sha256sum prints them";
            return Err(table.error(sha256.at, sentence));
        }
        let env = table.texts("env")?;
        let loads = |name: &&Found<&str>| name.value.starts_with("LD_") || name.value.contains('=');
        if let Some(agent) = env.iter().find(|name| name.value == "SSH_AUTH_SOCK") {
            let sentence =
                "env may not name SSH_AUTH_SOCK: no program is given the keys of a person's agent";
            return Err(table.error(agent.at, sentence));
        }
        if let Some(bad) = env.iter().find(loads) {
            let sentence = format!("env may not name {:?}: it changes what is run", bad.value);
            return Err(table.error(bad.at, sentence));
        }
        programs.push(Program {
            path: PathBuf::from(path.value),
            sha256: sha256.value.to_ascii_lowercase(),
            env: env.iter().map(|name| name.value.to_owned()).collect(),
        });
    }
    Ok(programs)
}
