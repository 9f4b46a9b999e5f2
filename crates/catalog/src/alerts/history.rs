//! What people did about an alert, each time with who and when.

use std::fmt;

use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};
use serde::{Deserialize, Serialize};

use super::Alerts;
use crate::CatalogError;
use crate::db::{Write, within};
use crate::limits;
use crate::tables::alert_notes::{ActiveModel, Column, Entity, Model};

/// Most notes in one answer.
const NOTES_MAX: u64 = 500;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertAction {
    /// Somebody sees to it.
    Acknowledged,
    /// It is done with.
    Closed,
    /// It is not done with after all.
    Reopened,
    /// Somebody else is to see to it, or nobody any more.
    Assigned,
    /// Something was said of it.
    Commented,
}

impl AlertAction {
    const ALL: [Self; 5] = [
        Self::Acknowledged,
        Self::Closed,
        Self::Reopened,
        Self::Assigned,
        Self::Commented,
    ];

    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Acknowledged => "acknowledged",
            Self::Closed => "closed",
            Self::Reopened => "reopened",
            Self::Assigned => "assigned",
            Self::Commented => "commented",
        }
    }
}

impl fmt::Display for AlertAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Who does something, and when.
#[derive(Clone, Copy, Debug)]
pub struct By<'a> {
    /// A person's name, or a program's.
    pub who: &'a str,
    /// In nanoseconds since 1970.
    pub now: i64,
}

/// One thing that was done about an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertNote {
    /// When, in nanoseconds since 1970.
    pub added_ns: i64,
    /// Who.
    pub author: String,
    /// What.
    pub action: AlertAction,
    /// In their words; of an assignment to whom.
    pub note: String,
}

impl Alerts {
    /// What was done about an alert, the oldest first; of more than 500 the newest.
    pub async fn history(&self, id: i64) -> Result<Vec<AlertNote>, CatalogError> {
        let rows = Entity::find()
            .filter(Column::AlertId.eq(id))
            .order_by_desc(Column::Id)
            .limit(NOTES_MAX)
            .all(self.db.connection());
        let rows = within("list what was done about an alert", rows).await?;
        Ok(rows.into_iter().rev().filter_map(AlertNote::from_row).collect())
    }
}

impl AlertNote {
    fn from_row(row: Model) -> Option<Self> {
        Some(Self {
            action: AlertAction::ALL
                .into_iter()
                .find(|action| action.name() == row.action)?,
            added_ns: row.added_ns,
            author: row.author,
            note: row.note,
        })
    }
}

/// Writes it down for each of these alerts.
pub(super) async fn add(write: &Write, ids: &[i64], by: By<'_>, action: AlertAction, note: &str) -> Result<(), DbErr> {
    let rows = ids.iter().map(|id| ActiveModel {
        alert_id: Set(*id),
        added_ns: Set(by.now),
        author: Set(limits::name(by.who)),
        action: Set(action.name().to_owned()),
        note: Set(limits::text(note, limits::NOTE_BYTES_MAX)),
        ..Default::default()
    });
    Entity::insert_many(rows).exec_without_returning(write.on()).await?;
    Ok(())
}
