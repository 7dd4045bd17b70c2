//! Velero `DeleteBackupRequest`: somebody wants a backup gone.

use serde::Deserialize;

use super::Kind;
use super::lenient;
use super::meta::Meta;
use crate::text::SafeText;

/// A delete request, slim.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Raw")]
pub struct DeleteRequest {
    /// Who it is.
    pub meta: Meta,
    /// The backup that is to go.
    pub backup: SafeText,
    /// `New`, `InProgress`, `Processed`.
    pub phase: SafeText,
}

impl DeleteRequest {
    /// True while the backup is on its way out.
    pub fn pending(&self) -> bool {
        self.phase.as_str() != "Processed"
    }
}

impl Kind for DeleteRequest {
    const GROUP: &'static str = "velero.io";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "DeleteBackupRequest";
    const PLURAL: &'static str = "deletebackuprequests";
    fn meta(&self) -> &Meta {
        &self.meta
    }
}

type Raw = lenient::Object<Meta, RawSpec, RawStatus>;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawSpec {
    #[serde(deserialize_with = "lenient::text")]
    backup_name: SafeText,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawStatus {
    #[serde(deserialize_with = "lenient::text")]
    phase: SafeText,
}

impl From<Raw> for DeleteRequest {
    fn from(raw: Raw) -> DeleteRequest {
        DeleteRequest {
            meta: raw.metadata,
            backup: raw.spec.backup_name,
            phase: raw.status.phase,
        }
    }
}
