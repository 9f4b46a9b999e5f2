//! What is to be told of look-ups, in order, and up to where it was.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};

use super::{Lookups, Outbox};
use crate::CatalogError;
use crate::db::{Write, pieces, within};
use crate::limits;
use crate::tables::lookup_notices::{ActiveModel, Column, Entity};
use crate::tables::lookup_stream;

/// The one row.
const STREAM: i64 = 1;
/// Numbers in one statement.
const ROWS: usize = 64;

pub(super) async fn add(write: &Write, body: &str) -> Result<(), DbErr> {
    let row = ActiveModel {
        body: Set(limits::object(body, limits::FIELDS_BYTES_MAX)),
        ..Default::default()
    };
    Entity::insert(row).exec_without_returning(write.on()).await?;
    Ok(())
}

impl Lookups {
    /// What is still to be told, at most `limit`; `epoch` names the stream if it has none yet.
    pub async fn outbox(&self, epoch: u64, limit: u64) -> Result<Outbox, CatalogError> {
        within("read what is to be told of look-ups", async {
            let stream = lookup_stream::Entity::find_by_id(STREAM)
                .one(self.db.connection())
                .await?;
            let (epoch, cursor) = if let Some(stream) = stream {
                (stream.epoch as u64, stream.cursor.max(0) as u64)
            } else {
                let write = self.db.begin().await?;
                put(&write, epoch, 0).await?;
                write.commit().await?;
                (epoch, 0)
            };
            let rows = Entity::find()
                .order_by_asc(Column::Id)
                .limit(limit)
                .all(self.db.connection())
                .await?;
            let notices = rows.into_iter().map(|row| (row.id, row.body)).collect();
            Ok(Outbox { epoch, cursor, notices })
        })
        .await
    }

    /// These are told; the last has position `cursor`.
    pub async fn told(&self, ids: &[i64], epoch: u64, cursor: u64) -> Result<(), CatalogError> {
        within("note what was told of look-ups", async {
            let write = self.db.begin().await?;
            for piece in pieces(ids, ROWS) {
                Entity::delete_many()
                    .filter(Column::Id.is_in(piece.iter().copied()))
                    .exec(write.on())
                    .await?;
            }
            put(&write, epoch, cursor).await?;
            write.commit().await
        })
        .await
    }

    /// The stream begins anew: what is still to be told is told under this epoch, from its beginning.
    pub async fn tell_anew(&self, epoch: u64) -> Result<(), CatalogError> {
        self.told(&[], epoch, 0).await
    }
}

async fn put(write: &Write, epoch: u64, cursor: u64) -> Result<(), DbErr> {
    use lookup_stream::Column;
    let row = lookup_stream::ActiveModel {
        id: Set(STREAM),
        // The same bits: no database has numbers without a sign.
        epoch: Set(epoch as i64),
        cursor: Set(i64::try_from(cursor).unwrap_or(i64::MAX)),
    };
    let again = OnConflict::column(Column::Id)
        .update_columns([Column::Epoch, Column::Cursor])
        .to_owned();
    lookup_stream::Entity::insert(row)
        .on_conflict(again)
        .exec_without_returning(write.on())
        .await?;
    Ok(())
}
