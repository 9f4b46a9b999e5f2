use std::fmt;

use serde::{Deserialize, Serialize};

use crate::CatalogError;
use crate::tables::alerts::Model;

/// What became of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertState {
    /// Nobody has seen to it yet.
    Open,
    /// Somebody sees to it; it still grows.
    Acknowledged,
    /// Done with; the next detection opens another one.
    Closed,
}

impl AlertState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Open, Self::Acknowledged, Self::Closed];

    /// Its name: `open`, `acknowledged` or `closed`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Closed => "closed",
        }
    }

    pub(super) fn read(name: &str, id: i64) -> Result<Self, CatalogError> {
        let found = Self::ALL.into_iter().find(|state| state.name() == name);
        found.ok_or(CatalogError::BadAlert { id })
    }
}

impl fmt::Display for AlertState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Detections of one fingerprint near each other in time. Times are nanoseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Its number, never used again. Newer alerts have higher ones.
    pub id: i64,
    /// What its detections have in common.
    pub fingerprint: String,
    /// The rule's id.
    pub rule_id: String,
    /// What the rule is called.
    pub rule_title: String,
    /// The rule's level: 20, 40, 60, 80 or 100.
    pub level: u8,
    /// What became of it.
    pub state: AlertState,
    /// How many detections.
    pub count: u64,
    /// When the first of them happened.
    pub first_ns: i64,
    /// When the last of them happened.
    pub last_ns: i64,
    /// When it was opened, by our clock.
    pub created_ns: i64,
    /// When it last got a detection or another state, by our clock.
    pub updated_ns: i64,
    /// On which host the first one was.
    pub host_name: Option<String>,
    /// Who caused the first one.
    pub username: Option<String>,
    /// What the first one says.
    pub message: String,
    /// The first one's event: one JSON object of at most 64 KiB.
    pub event: String,
    /// Who saw to it.
    pub acknowledged_by: Option<String>,
    /// Since when.
    pub acknowledged_ns: Option<i64>,
    /// Who closed it.
    pub closed_by: Option<String>,
    /// When.
    pub closed_ns: Option<i64>,
    /// Why it was closed, in a word.
    pub close_reason: Option<String>,
    /// Who is to see to it.
    pub assignee: Option<String>,
    /// What people last wrote about it.
    pub note: Option<String>,
}

impl Alert {
    pub(super) fn from_row(row: Model) -> Result<Self, CatalogError> {
        Ok(Self {
            state: AlertState::read(&row.state, row.id)?,
            id: row.id,
            fingerprint: row.fingerprint,
            rule_id: row.rule_id,
            rule_title: row.rule_title,
            level: u8::try_from(row.level).unwrap_or_default(),
            count: row.count.max(0) as u64,
            first_ns: row.first_ns,
            last_ns: row.last_ns,
            created_ns: row.created_ns,
            updated_ns: row.updated_ns,
            host_name: row.host_name,
            username: row.username,
            message: row.message,
            event: row.event,
            acknowledged_by: row.acknowledged_by,
            acknowledged_ns: row.acknowledged_ns,
            closed_by: row.closed_by,
            closed_ns: row.closed_ns,
            close_reason: row.close_reason,
            assignee: row.assignee,
            note: row.note,
        })
    }
}

/// Which alerts. The default is the newest 500.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertFilter {
    /// In one of these states; empty: in any.
    pub states: Vec<AlertState>,
    /// Of this level or above.
    pub level_min: Option<u8>,
    /// Whose last detection happened then or later, in nanoseconds since 1970.
    pub since: Option<i64>,
    /// Whose first detection happened before, in nanoseconds since 1970.
    pub until: Option<i64>,
    /// At most so many; 0, or more than 500: 500.
    pub limit: u64,
    /// Older than this one: the last of the page before.
    pub before_id: Option<i64>,
}

/// How many alerts there are of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertCount {
    /// In this state,
    pub state: AlertState,
    /// of this level.
    pub level: u8,
    /// So many.
    pub count: u64,
}

/// One of the detections an alert consists of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertEvent {
    /// The detection's event id.
    pub event_id: String,
    /// When it happened, in nanoseconds since 1970.
    pub timestamp_ns: i64,
}
