//! Security events, and what was detected in them: all of a batch in one transaction, together with the position of
//! the reader it came from.

mod detections;
mod enqueue;
mod expire;
mod insert;
mod types;

use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, DbErr, EntityTrait, PaginatorTrait, Set};

use crate::CatalogError;
use crate::db::{Db, Write, within};
use crate::limits;
use crate::lookups;
use crate::tables::{reader, security_events};

pub use types::{AppliedReport, Detection, NewEvents, NewMessage, Rate, SecurityEvent, Terms};

/// The security events of a catalog. Clones share it.
#[derive(Clone)]
pub struct Events {
    db: Db,
}

impl Events {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// Keeps a batch: its events, its detections with the alerts and messages they cause, and the reader's position,
    /// all or nothing. A batch that comes again, or overlaps an earlier one, adds what is new. The stored position only
    /// rises. A detection joins the newest alert of its fingerprint that is not closed and whose newest detection is
    /// within the window, or between whose first and newest it happened; otherwise it opens one.
    pub async fn apply(&self, batch: &NewEvents) -> Result<AppliedReport, CatalogError> {
        within("keep security events", async {
            let write = self.db.begin().await?;
            // First: it makes batches of one reader wait for each other.
            advance(&write, batch).await?;
            let mut report = AppliedReport {
                events: insert::events(&write, &batch.events).await?,
                ..AppliedReport::default()
            };
            if !batch.detections.is_empty() {
                write.lock_alerts().await?;
                detections::add(&write, batch, &mut report).await?;
            }
            if !batch.lookups.is_empty() {
                write.lock_alerts().await?;
                lookups::note(&write, &batch.lookups, batch.now, &mut report).await?;
            }
            write.commit().await?;
            Ok(report)
        })
        .await
    }

    /// Up to which position of the ledger this reader's batches are kept; `None` before the first.
    pub async fn position(&self, reader: &str) -> Result<Option<u64>, CatalogError> {
        let row = reader::Entity::find_by_id(limits::id(reader)).one(self.db.connection());
        let row = within("look up a reader's position", row).await?;
        Ok(row.map(|row| row.position.max(0) as u64))
    }

    /// How many events are kept. Counts them: seconds when there are millions.
    pub async fn count(&self) -> Result<u64, CatalogError> {
        let count = security_events::Entity::find().count(self.db.connection());
        within("count security events", count).await
    }

    /// Removes what is older than `before_ns`, at most `limit` (10,000 at most) rows of each table, and answers how
    /// many. Call it again until nothing is left. Age is since when we received or last changed a row, by our clock,
    /// since an event's own time may be anything. Alerts go whatever their state, with all their rows; but no message
    /// that waits to be sent goes, nor its alert.
    pub async fn expire(&self, before_ns: i64, limit: u64) -> Result<u64, CatalogError> {
        within("remove old security events", async {
            let write = self.db.begin().await?;
            write.lock_alerts().await?;
            let removed = expire::all(&write, before_ns, limit).await?;
            write.commit().await?;
            Ok(removed)
        })
        .await
    }
}

async fn advance(write: &Write, batch: &NewEvents) -> Result<(), DbErr> {
    use reader::Column;
    let row = reader::ActiveModel {
        name: Set(limits::id(&batch.reader)),
        // A ledger that far does not fit on any disk.
        position: Set(i64::try_from(batch.position).unwrap_or(i64::MAX)),
        updated_ns: Set(batch.now),
    };
    let higher = OnConflict::column(Column::Name)
        .update_columns([Column::Position, Column::UpdatedNs])
        .action_and_where(Column::Position.lte(i64::try_from(batch.position).unwrap_or(i64::MAX)))
        .to_owned();
    reader::Entity::insert(row)
        .on_conflict(higher)
        .exec_without_returning(write.on())
        .await?;
    Ok(())
}
