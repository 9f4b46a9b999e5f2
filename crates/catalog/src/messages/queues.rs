//! The queue as people look at it: how each channel fares, what was given up, and sending that once more.

use sea_orm::sea_query::{Expr, Func};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};

use super::{CHANNELS_MAX, MESSAGES_MAX, Message, MessageState, Messages};
use crate::CatalogError;
use crate::db::within;
use crate::limits;
use crate::tables::messages::{Column, Entity};

/// How many messages of one channel are in one state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelQueue {
    /// The channel's name.
    pub channel: String,
    /// In this state,
    pub state: MessageState,
    /// so many,
    pub count: u64,
    /// the oldest of them enqueued then, in nanoseconds since 1970.
    pub oldest_ns: i64,
}

impl Messages {
    /// How many messages there are by channel and state; those that were removed by age are not counted.
    pub async fn queues(&self) -> Result<Vec<ChannelQueue>, CatalogError> {
        let rows = Entity::find()
            .select_only()
            .column(Column::Channel)
            .column(Column::State)
            .column_as(Column::Id.count(), "count")
            .column_as(Expr::expr(Func::min(Expr::col(Column::CreatedNs))), "oldest_ns")
            .group_by(Column::Channel)
            .group_by(Column::State)
            .order_by_asc(Column::Channel)
            .order_by_asc(Column::State)
            .limit(CHANNELS_MAX)
            .into_tuple::<(String, String, i64, i64)>()
            .all(self.db.connection());
        let rows = within("count messages", rows).await?;
        let queues = rows.into_iter().filter_map(|(channel, state, count, oldest_ns)| {
            Some(ChannelQueue {
                channel,
                state: MessageState::read(&state)?,
                count: count.max(0) as u64,
                oldest_ns,
            })
        });
        Ok(queues.collect())
    }

    /// Messages in this state, of one channel or of all, the newest first, at most `limit` (500 at most).
    pub async fn newest(
        &self,
        state: MessageState,
        channel: Option<&str>,
        limit: u64,
    ) -> Result<Vec<(Message, Option<i64>)>, CatalogError> {
        let mut query = Entity::find().filter(Column::State.eq(state.name()));
        if let Some(channel) = channel {
            query = query.filter(Column::Channel.eq(limits::id(channel)));
        }
        let rows = query
            .order_by_desc(Column::Id)
            .limit(limit.min(MESSAGES_MAX))
            .all(self.db.connection());
        let rows = within("list messages", rows).await?;
        let with_end = |row: crate::tables::messages::Model| (row.finished_ns, Message::from_row(row));
        Ok(rows
            .into_iter()
            .map(with_end)
            .map(|(end, message)| (message, end))
            .collect())
    }

    /// Puts messages that were given up at their old places in the queue again. Answers how many; 500 at a time.
    pub async fn resend(&self, ids: &[i64], now: i64) -> Result<u64, CatalogError> {
        within("send messages again", async {
            let mut write = self.db.begin().await?;
            let done = Entity::update_many()
                .col_expr(Column::State, Expr::value(MessageState::Waiting.name()))
                .col_expr(Column::NextNs, Expr::value(now))
                // Its age is counted from now, or it would be given up at once.
                .col_expr(Column::CreatedNs, Expr::value(now))
                .col_expr(Column::FinishedNs, Expr::value(Option::<i64>::None))
                .filter(Column::Id.is_in(ids.iter().copied().take(MESSAGES_MAX as usize)))
                .filter(Column::State.eq(MessageState::Dead.name()))
                .exec(write.on())
                .await?;
            if done.rows_affected == 0 {
                return Ok(0);
            }
            write.note(|note| note.detail("messages", done.rows_affected.into()));
            write.commit().await?;
            Ok(done.rows_affected)
        })
        .await
    }
}
