//! Reports that were made, as data: they are shown in any form later.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};
use serde::{Deserialize, Serialize};

use crate::CatalogError;
use crate::db::{Db, within};
use crate::limits;
use crate::tables::reports::{ActiveModel, Column, Entity, Model};

/// Most reports in one answer, and kept: the oldest go first.
const REPORTS_MAX: u64 = 500;

/// What a report is about. Times are nanoseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportHead {
    /// Its number.
    pub id: i64,
    /// `security` or `host`.
    pub kind: String,
    /// Whom it is about, when not everyone.
    pub subject: Option<String>,
    /// Which schedule asked for it; empty: a person did.
    pub schedule: String,
    /// The beginning of its time.
    pub from_ns: i64,
    /// Its end, excluded.
    pub to_ns: i64,
    /// When it was made.
    pub made_ns: i64,
    /// By whom.
    pub made_by: String,
}

/// A report to be kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewReport {
    /// `security` or `host`.
    pub kind: String,
    /// Whom it is about, when not everyone.
    pub subject: Option<String>,
    /// Which schedule asked for it; empty: a person did.
    pub schedule: String,
    /// The beginning of its time, in nanoseconds since 1970.
    pub from_ns: i64,
    /// Its end, excluded.
    pub to_ns: i64,
    /// Who asked for it.
    pub made_by: String,
    /// The report, JSON.
    pub body: String,
}

/// The reports of a catalog. Clones share it.
#[derive(Clone)]
pub struct Reports {
    db: Db,
}

impl Reports {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// Keeps one, and removes the oldest beyond 500. Of one schedule and end there is one: the one that is there is the
    /// answer then.
    pub async fn add(&self, new: NewReport, now: i64) -> Result<ReportHead, CatalogError> {
        within("keep a report", async {
            let mut write = self.db.begin().await?;
            write.lock_alerts().await?;
            if !new.schedule.is_empty() {
                let there = Entity::find()
                    .filter(Column::Schedule.eq(limits::id(&new.schedule)))
                    .filter(Column::ToNs.eq(new.to_ns))
                    .one(write.on())
                    .await?;
                if let Some(there) = there {
                    return Ok(ReportHead::from_row(there));
                }
            }
            let row = ActiveModel {
                kind: Set(limits::name(&new.kind)),
                subject: Set(new.subject.as_deref().map(limits::name)),
                schedule: Set(limits::id(&new.schedule)),
                from_ns: Set(new.from_ns),
                to_ns: Set(new.to_ns),
                made_ns: Set(now),
                made_by: Set(limits::name(&new.made_by)),
                body: Set(new.body),
                ..Default::default()
            };
            let made = Entity::insert(row).exec_with_returning(write.on()).await?;
            write.note(|note| note.about(&made.id, ""));
            let too_old: Vec<i64> = Entity::find()
                .select_only()
                .column(Column::Id)
                .order_by_desc(Column::Id)
                .offset(REPORTS_MAX)
                .limit(REPORTS_MAX)
                .into_tuple()
                .all(write.on())
                .await?;
            if !too_old.is_empty() {
                Entity::delete_many()
                    .filter(Column::Id.is_in(too_old))
                    .exec(write.on())
                    .await?;
            }
            write.commit().await?;
            Ok(ReportHead::from_row(made))
        })
        .await
    }

    /// A schedule's report up to this moment, with its data.
    pub async fn of_schedule(&self, schedule: &str, to_ns: i64) -> Result<Option<(ReportHead, String)>, CatalogError> {
        let row = Entity::find()
            .filter(Column::Schedule.eq(limits::id(schedule)))
            .filter(Column::ToNs.eq(to_ns))
            .one(self.db.connection());
        Ok(within("look for a report", row).await?.map(ReportHead::with_body))
    }

    /// The newest first, at most `limit` (500 at most).
    pub async fn list(&self, limit: u64) -> Result<Vec<ReportHead>, CatalogError> {
        type Head = (i64, String, Option<String>, String, i64, i64, i64, String);
        let rows = Entity::find()
            .select_only()
            .columns([
                Column::Id,
                Column::Kind,
                Column::Subject,
                Column::Schedule,
                Column::FromNs,
                Column::ToNs,
                Column::MadeNs,
                Column::MadeBy,
            ])
            .order_by_desc(Column::Id)
            .limit(limit.min(REPORTS_MAX))
            .into_tuple::<Head>()
            .all(self.db.connection());
        let rows = within("list reports", rows).await?;
        let head = |(id, kind, subject, schedule, from_ns, to_ns, made_ns, made_by)| ReportHead {
            id,
            kind,
            subject,
            schedule,
            from_ns,
            to_ns,
            made_ns,
            made_by,
        };
        Ok(rows.into_iter().map(head).collect())
    }

    /// One, with its data.
    pub async fn get(&self, id: i64) -> Result<Option<(ReportHead, String)>, CatalogError> {
        let row = Entity::find_by_id(id).one(self.db.connection());
        let row = within("look up a report", row).await?;
        Ok(row.map(ReportHead::with_body))
    }

    /// Removes one; false: there is none.
    pub async fn remove(&self, id: i64) -> Result<bool, CatalogError> {
        within("remove a report", async {
            let write = self.db.begin().await?;
            let done = Entity::delete_by_id(id).exec(write.on()).await?;
            if done.rows_affected == 0 {
                return Ok(false);
            }
            write.commit().await?;
            Ok(true)
        })
        .await
    }
}

impl ReportHead {
    fn with_body(mut row: Model) -> (Self, String) {
        let body = std::mem::take(&mut row.body);
        (Self::from_row(row), body)
    }

    fn from_row(row: Model) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            subject: row.subject,
            schedule: row.schedule,
            from_ns: row.from_ns,
            to_ns: row.to_ns,
            made_ns: row.made_ns,
            made_by: row.made_by,
        }
    }
}
