//! The audit log: who did what, when and from where. A change carries its entry through its own transaction
//! ([`crate::Catalog::noting`]), so that there is neither one without the other. Entries are never changed; what is old
//! goes.

mod pending;
mod types;

use sea_orm::sea_query::{Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

pub(crate) use pending::Pending;
pub use types::{AuditActor, AuditEntry, AuditFilter, AuditObject, AuditOutcome, NewAudit};

use crate::CatalogError;
use crate::db::{Db, Write, within};
use crate::limits;
use crate::tables::audit::{Column, Entity};

/// Most entries in one answer.
const ENTRIES_MAX: u64 = 500;
/// Longest details, as JSON.
const DETAILS_BYTES_MAX: usize = 4 * 1024;
/// Most rows removed in one transaction: others wait meanwhile.
const REMOVED_MAX: u64 = 10_000;

/// The audit log of a catalog. Clones share it.
#[derive(Clone)]
pub struct Audit {
    db: Db,
}

impl Audit {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// Writes something down that is no change of the catalog: before it is done.
    pub async fn add(&self, entry: NewAudit) -> Result<(), CatalogError> {
        within("write an audit entry", async {
            self.db.noting(entry).begin().await?.commit().await
        })
        .await
    }

    /// Entries, the newest first.
    pub async fn list(&self, filter: &AuditFilter) -> Result<Vec<AuditEntry>, CatalogError> {
        let rows = Entity::find()
            .filter(filter.condition())
            .order_by_desc(Column::Id)
            .limit(filter.rows())
            .all(self.db.connection());
        let rows = within("list audit entries", rows).await?;
        Ok(rows.into_iter().map(AuditEntry::from_row).collect())
    }

    /// Removes entries from before a moment, and the oldest of more than `most`; at most `limit` of each (10,000 at most).
    /// Answers how many: call it again until it answers 0.
    pub async fn expire(&self, before_ns: i64, most: u64, limit: u64) -> Result<u64, CatalogError> {
        let limit = limit.min(REMOVED_MAX);
        within("remove old audit entries", async {
            let write = self.db.begin().await?;
            let mut removed = remove(&write, old(before_ns, limit)).await?;
            let last_kept: Option<i64> = Entity::find()
                .select_only()
                .column(Column::Id)
                .order_by_desc(Column::Id)
                .offset(most)
                .limit(1)
                .into_tuple()
                .one(write.on())
                .await?;
            if let Some(id) = last_kept {
                removed += remove(&write, up_to(id, limit)).await?;
            }
            write.commit().await?;
            Ok(removed)
        })
        .await
    }
}

async fn remove(write: &Write, which: SelectStatement) -> Result<u64, DbErr> {
    let done = Entity::delete_many().filter(Column::Id.in_subquery(which));
    Ok(done.exec(write.on()).await?.rows_affected)
}

fn old(before_ns: i64, limit: u64) -> SelectStatement {
    Query::select()
        .column(Column::Id)
        .from(Entity)
        .and_where(Column::TimeNs.lt(before_ns))
        .limit(limit)
        .to_owned()
}

fn up_to(id: i64, limit: u64) -> SelectStatement {
    Query::select()
        .column(Column::Id)
        .from(Entity)
        .and_where(Column::Id.lte(id))
        .limit(limit)
        .to_owned()
}

impl AuditFilter {
    fn condition(&self) -> Condition {
        let about = |object: &String| {
            Condition::any()
                .add(Column::ObjectId.eq(limits::id(object)))
                .add(Column::ObjectName.eq(limits::name(object)))
        };
        let action = |action: &String| match action.strip_suffix('*') {
            Some(prefix) => Column::Action.starts_with(limits::name(prefix)),
            None => Column::Action.eq(limits::name(action)),
        };
        Condition::all()
            .add_option(self.who.as_ref().map(|who| Column::Who.eq(limits::name(who))))
            .add_option(self.action.as_ref().map(action))
            .add_option(self.outcome.map(|outcome| Column::Outcome.eq(outcome.name())))
            .add_option(
                self.object_kind
                    .as_ref()
                    .map(|kind| Column::ObjectKind.eq(limits::name(kind))),
            )
            .add_option(self.object.as_ref().map(about))
            .add_option(self.from_ns.map(|from| Column::TimeNs.gte(from)))
            .add_option(self.to_ns.map(|to| Column::TimeNs.lt(to)))
            .add_option(self.before_id.map(|id| Column::Id.lt(id)))
    }

    fn rows(&self) -> u64 {
        match self.limit {
            0 => ENTRIES_MAX,
            limit => limit.min(ENTRIES_MAX),
        }
    }
}
