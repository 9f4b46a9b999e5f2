//! The audit log.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::Timestamp;

/// What somebody did, or was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditEntryInfo {
    /// Its number: later entries have higher ones.
    pub id: i64,
    /// When.
    pub time: Timestamp,
    /// Who: a user's name, `key:7`, `local`; empty where nobody is known.
    pub who: String,
    /// `user`, `key`, `local` (from the server's own host), `chat`, `agent`, `nobody`.
    pub kind: String,
    /// A key's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// From which address, where it came over the network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What: `rule.disable`, `login`, `denied`…
    pub action: String,
    /// `done` or `refused`.
    pub outcome: String,
    /// To what.
    pub object: AuditObjectInfo,
    /// What else is known of it; never a secret.
    pub details: Map<String, Value>,
}

/// What something was done to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditObjectInfo {
    /// `rule`, `alert`, `channel`, `agent`…
    pub kind: String,
    /// What it is known by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Who did what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditResponse {
    /// The newest first.
    pub entries: Vec<AuditEntryInfo>,
}
