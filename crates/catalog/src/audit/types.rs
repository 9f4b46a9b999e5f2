use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::DETAILS_BYTES_MAX;
use crate::limits;
use crate::tables::audit::{ActiveModel, Model};
use sea_orm::Set;

/// Longest address.
const ADDRESS_BYTES_MAX: usize = 64;

/// Who did something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditActor {
    /// The name that also stands beside what they changed: `anna`, `key:7`, `local`.
    pub name: String,
    /// `user`, `key`, `local`, `agent`, `chat`, `nobody`.
    pub kind: String,
    /// What people call it: a key's name; empty for others.
    pub label: String,
    /// From which address; empty where there is none.
    pub address: String,
}

/// What something was done to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditObject {
    /// `rule`, `alert`, `channel`…
    pub kind: String,
    /// What it is known by for ever; empty: the catalog fills it in where it makes the object.
    pub id: String,
    /// What people call it.
    pub name: String,
}

/// Whether it was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditOutcome {
    /// It was.
    #[default]
    Done,
    /// They may not do it.
    Refused,
}

impl AuditOutcome {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }

    /// What is no refusal was done.
    fn read(name: &str) -> Self {
        match name {
            "refused" => Self::Refused,
            _ => Self::Done,
        }
    }
}

/// Something to be written down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewAudit {
    /// When, in nanoseconds since 1970.
    pub time_ns: i64,
    /// Who.
    pub actor: AuditActor,
    /// What, such as `rule.disable`: an object and a verb.
    pub action: String,
    /// Whether it was done.
    pub outcome: AuditOutcome,
    /// To what.
    pub object: AuditObject,
    /// What else is to be known. Never a secret.
    pub details: Map<String, Value>,
}

/// Something that was written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Its number: later entries have higher ones.
    pub id: i64,
    /// When, in nanoseconds since 1970.
    pub time_ns: i64,
    /// Who.
    pub actor: AuditActor,
    /// What.
    pub action: String,
    /// Whether it was done.
    pub outcome: AuditOutcome,
    /// To what.
    pub object: AuditObject,
    /// What else is known.
    pub details: Map<String, Value>,
}

/// Which entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only of this name.
    pub who: Option<String>,
    /// Only this action; `rule.*` for all whose name begins with `rule.`.
    pub action: Option<String>,
    /// Only what was done, or refused.
    pub outcome: Option<AuditOutcome>,
    /// Only about objects of this kind.
    pub object_kind: Option<String>,
    /// Only about the object of this id or name.
    pub object: Option<String>,
    /// Only at or after this moment, in nanoseconds since 1970.
    pub from_ns: Option<i64>,
    /// Only before this moment.
    pub to_ns: Option<i64>,
    /// Only with a smaller number: the next page.
    pub before_id: Option<i64>,
    /// At most so many; 500 at most, and 0 for that.
    pub limit: u64,
}

impl NewAudit {
    /// As a row about one object.
    pub(super) fn row(&self, id: &str, name: &str) -> ActiveModel {
        let details = Value::Object(self.details.clone()).to_string();
        ActiveModel {
            time_ns: Set(self.time_ns),
            who: Set(limits::name(&self.actor.name)),
            who_kind: Set(limits::name(&self.actor.kind)),
            who_label: Set(limits::name(&self.actor.label)),
            address: Set(limits::text(&self.actor.address, ADDRESS_BYTES_MAX)),
            action: Set(limits::name(&self.action)),
            outcome: Set(self.outcome.name().to_owned()),
            object_kind: Set(limits::name(&self.object.kind)),
            object_id: Set(limits::id(id)),
            object_name: Set(limits::name(name)),
            details: Set(limits::object(&details, DETAILS_BYTES_MAX)),
            ..Default::default()
        }
    }
}

impl AuditEntry {
    pub(super) fn from_row(row: Model) -> Self {
        Self {
            id: row.id,
            time_ns: row.time_ns,
            actor: AuditActor {
                name: row.who,
                kind: row.who_kind,
                label: row.who_label,
                address: row.address,
            },
            action: row.action,
            outcome: AuditOutcome::read(&row.outcome),
            object: AuditObject {
                kind: row.object_kind,
                id: row.object_id,
                name: row.object_name,
            },
            details: serde_json::from_str(&row.details).unwrap_or_default(),
        }
    }
}
