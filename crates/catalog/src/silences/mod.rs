//! Silences: what people are not to be told for a time, kept with who said so and why.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};
use serde::{Deserialize, Serialize};

use crate::CatalogError;
use crate::db::{Db, within};
use crate::limits;
use crate::tables::silences::{ActiveModel, Column, Entity, Model};

/// Most silences in one answer.
const SILENCES_MAX: u64 = 1_000;
/// Longest query.
const QUERY_BYTES_MAX: usize = 4 * 1024;

/// A silence. Times are nanoseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// Its number.
    pub id: i64,
    /// Which detections.
    pub query: String,
    /// When within its time, such as `Sat,Sun 02:00-06:00`; empty: always.
    pub hours: String,
    /// Why.
    pub reason: String,
    /// From when on.
    pub from_ns: i64,
    /// Until when.
    pub until_ns: i64,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_ns: i64,
    /// Who ended it before its time.
    pub ended_by: Option<String>,
    /// When.
    pub ended_ns: Option<i64>,
}

/// A silence to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewSilence {
    /// Which detections; checked by the caller.
    pub query: String,
    /// When within its time; checked by the caller.
    pub hours: String,
    /// Why.
    pub reason: String,
    /// From when on, in nanoseconds since 1970.
    pub from_ns: i64,
    /// Until when.
    pub until_ns: i64,
}

/// The silences of a catalog. Clones share it.
#[derive(Clone)]
pub struct Silences {
    db: Db,
}

impl Silences {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// Makes one.
    pub async fn create(&self, new: &NewSilence, who: &str, now: i64) -> Result<Silence, CatalogError> {
        let row = ActiveModel {
            query: Set(limits::text(&new.query, QUERY_BYTES_MAX)),
            hours: Set(limits::name(&new.hours)),
            reason: Set(limits::text(&new.reason, limits::NOTE_BYTES_MAX)),
            from_ns: Set(new.from_ns),
            until_ns: Set(new.until_ns),
            created_by: Set(limits::name(who)),
            created_ns: Set(now),
            ..Default::default()
        };
        within("make a silence", async {
            let mut write = self.db.begin().await?;
            let made = Entity::insert(row).exec_with_returning(write.on()).await?;
            write.note(|note| note.about(&made.id, &made.query));
            write.commit().await?;
            Ok(Silence::from_row(made))
        })
        .await
    }

    /// Those in force at this moment or later, the one that ends first first, 1,000 at most.
    pub async fn current(&self, now: i64) -> Result<Vec<Silence>, CatalogError> {
        let rows = Entity::find()
            .filter(Column::UntilNs.gt(now))
            .filter(Column::EndedNs.is_null())
            .order_by_asc(Column::UntilNs)
            .order_by_asc(Column::Id)
            .limit(SILENCES_MAX)
            .all(self.db.connection());
        let rows = within("list silences", rows).await?;
        Ok(rows.into_iter().map(Silence::from_row).collect())
    }

    /// Those that are over, the newest first, at most `limit` (1,000 at most).
    pub async fn past(&self, now: i64, limit: u64) -> Result<Vec<Silence>, CatalogError> {
        let over = Condition::any()
            .add(Column::UntilNs.lte(now))
            .add(Column::EndedNs.is_not_null());
        let rows = Entity::find()
            .filter(over)
            .order_by_desc(Column::Id)
            .limit(limit.min(SILENCES_MAX))
            .all(self.db.connection());
        let rows = within("list past silences", rows).await?;
        Ok(rows.into_iter().map(Silence::from_row).collect())
    }

    /// Ends one before its time. None when there is none that is not over.
    pub async fn end(&self, id: i64, who: &str, now: i64) -> Result<Option<Silence>, CatalogError> {
        within("end a silence", async {
            let mut write = self.db.begin().await?;
            let done = Entity::update_many()
                .col_expr(Column::EndedBy, Expr::value(limits::name(who)))
                .col_expr(Column::EndedNs, Expr::value(now))
                .filter(Column::Id.eq(id))
                .filter(Column::UntilNs.gt(now))
                .filter(Column::EndedNs.is_null())
                .exec(write.on())
                .await?;
            if done.rows_affected == 0 {
                return Ok(None);
            }
            let row = Entity::find_by_id(id).one(write.on()).await?;
            if let Some(row) = &row {
                write.note(|note| note.about(&row.id, &row.query));
            }
            write.commit().await?;
            Ok(row.map(Silence::from_row))
        })
        .await
    }
}

impl Silence {
    fn from_row(row: Model) -> Self {
        Self {
            id: row.id,
            query: row.query,
            hours: row.hours,
            reason: row.reason,
            from_ns: row.from_ns,
            until_ns: row.until_ns,
            created_by: row.created_by,
            created_ns: row.created_ns,
            ended_by: row.ended_by,
            ended_ns: row.ended_ns,
        }
    }
}
