//! The queue of messages to people. They are enqueued by [`crate::Events::apply`], in one transaction with their alert,
//! and leave only when they were sent or given up: a crash may send one twice, never lose one.

mod queues;
mod release;
mod state;

use sea_orm::sea_query::{Expr, Func, OnConflict};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set, UpdateMany};
use serde::{Deserialize, Serialize};

use crate::CatalogError;
use crate::db::{Db, one_more, within};
use crate::limits;
use crate::tables::messages::{ActiveModel, Column, Entity, Model};

pub use queues::ChannelQueue;
pub use release::{Compose, Held};
pub use state::MessageState;

/// Most messages in one answer.
const MESSAGES_MAX: u64 = 500;
/// Most channels in one answer.
const CHANNELS_MAX: u64 = 10_000;

/// A message that waits to be sent. Times are nanoseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its number. Later messages have higher ones.
    pub id: i64,
    /// The alert it is about.
    pub alert_id: i64,
    /// The detection that caused it.
    pub event_id: String,
    /// The channel's name.
    pub channel: String,
    /// What is sent.
    pub body: String,
    /// How often it was tried in vain.
    pub attempts: u32,
    /// Not to be tried before.
    pub next_ns: i64,
    /// When it was enqueued.
    pub created_ns: i64,
    /// Why the last try failed.
    pub error: Option<String>,
}

/// What became of a message. Times are nanoseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageFate {
    /// The channel's name.
    pub channel: String,
    /// Where it stands, see [`MessageState`].
    pub state: String,
    /// How often it was tried in vain.
    pub attempts: u32,
    /// When it was enqueued.
    pub created_ns: i64,
    /// When it was sent or given up, or settled otherwise.
    pub finished_ns: Option<i64>,
    /// Why the last try failed, or why it is not sent.
    pub error: Option<String>,
    /// How many detections it stands for.
    pub count: u64,
}

/// What waits for one channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingMessages {
    /// The channel's name.
    pub channel: String,
    /// How many messages.
    pub count: u64,
    /// When the oldest of them was enqueued, in nanoseconds since 1970.
    pub oldest_ns: i64,
}

/// The messages of a catalog. Clones share it.
#[derive(Clone)]
pub struct Messages {
    db: Db,
}

impl Messages {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// The first messages that wait, of one channel or of all, in the order they were enqueued, at most `limit` (500 at
    /// most), whether their time has come or not: who keeps the order must not send one past another. They stay until
    /// they are [sent](Self::sent), [put off](Self::retry) or [given up](Self::dead).
    pub async fn first(&self, channel: Option<&str>, limit: u64) -> Result<Vec<Message>, CatalogError> {
        let mut query = Entity::find().filter(Column::State.eq("waiting"));
        if let Some(channel) = channel {
            query = query.filter(Column::Channel.eq(limits::id(channel)));
        }
        let rows = query
            .order_by_asc(Column::Id)
            .limit(limit.min(MESSAGES_MAX))
            .all(self.db.connection());
        let rows = within("list waiting messages", rows).await?;
        Ok(rows.into_iter().map(Message::from_row).collect())
    }

    /// What became of an alert's messages, in the order they were enqueued, the first 500 at most.
    pub async fn of_alert(&self, alert: i64) -> Result<Vec<MessageFate>, CatalogError> {
        let rows = Entity::find()
            .filter(Column::AlertId.eq(alert))
            .order_by_asc(Column::Id)
            .limit(MESSAGES_MAX)
            .all(self.db.connection());
        let rows = within("list an alert's messages", rows).await?;
        let fates = rows.into_iter().map(|row| MessageFate {
            channel: row.channel,
            state: row.state,
            attempts: row.attempts.max(0) as u32,
            created_ns: row.created_ns,
            finished_ns: row.finished_ns,
            error: row.error,
            count: row.count.max(1) as u64,
        });
        Ok(fates.collect())
    }

    /// Puts a message in the queue that belongs to no alert; `name` names it for ever, and one that comes again for the
    /// same channel is not told twice. Whether it is new.
    pub async fn enqueue(&self, channel: &str, name: &str, body: &str, now: i64) -> Result<bool, CatalogError> {
        let row = ActiveModel {
            alert_id: Set(0),
            event_id: Set(limits::id(name)),
            channel: Set(limits::id(channel)),
            body: Set(limits::text(body, limits::BODY_BYTES_MAX)),
            state: Set(MessageState::Waiting.name().to_owned()),
            attempts: Set(0),
            next_ns: Set(now),
            created_ns: Set(now),
            count: Set(1),
            ..Default::default()
        };
        let once = OnConflict::columns([Column::EventId, Column::Channel])
            .do_nothing()
            .to_owned();
        within("enqueue a message", async {
            let write = self.db.begin().await?;
            let insert = Entity::insert(row).on_conflict(once);
            let added = insert.exec_without_returning(write.on()).await?;
            write.commit().await?;
            Ok(added > 0)
        })
        .await
    }

    /// Whether [`Self::enqueue`] has a message of this name for the channel, sent or not.
    pub async fn is_enqueued(&self, channel: &str, name: &str) -> Result<bool, CatalogError> {
        let row = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::EventId.eq(limits::id(name)))
            .filter(Column::Channel.eq(limits::id(channel)))
            .into_tuple::<i64>()
            .one(self.db.connection());
        Ok(within("look for a message", row).await?.is_some())
    }

    /// It was sent. False when it does not wait any more.
    pub async fn sent(&self, id: i64, now: i64) -> Result<bool, CatalogError> {
        let change = Entity::update_many()
            .col_expr(Column::State, Expr::value("sent"))
            .col_expr(Column::FinishedNs, Expr::value(now))
            .col_expr(Column::Error, Expr::value(Option::<String>::None));
        within("note that a message was sent", self.change(id, change)).await
    }

    /// It could not be sent: it is due again at `at`, in nanoseconds since 1970. False when it does not wait any more.
    pub async fn retry(&self, id: i64, at: i64, reason: &str) -> Result<bool, CatalogError> {
        let change = Entity::update_many()
            .col_expr(Column::Attempts, one_more(Column::Attempts))
            .col_expr(Column::NextNs, Expr::value(at))
            .col_expr(Column::Error, Expr::value(limits::text(reason, limits::NOTE_BYTES_MAX)));
        within("put off a message", self.change(id, change)).await
    }

    /// It will never be sent. False when it does not wait any more.
    pub async fn dead(&self, id: i64, now: i64, reason: &str) -> Result<bool, CatalogError> {
        let change = Entity::update_many()
            .col_expr(Column::State, Expr::value("dead"))
            .col_expr(Column::FinishedNs, Expr::value(now))
            .col_expr(Column::Error, Expr::value(limits::text(reason, limits::NOTE_BYTES_MAX)));
        within("give up a message", self.change(id, change)).await
    }

    /// How many messages wait, by channel; channels without any are left out.
    pub async fn waiting(&self) -> Result<Vec<WaitingMessages>, CatalogError> {
        let rows = Entity::find()
            .select_only()
            .column(Column::Channel)
            .column_as(Column::Id.count(), "count")
            .column_as(Expr::expr(Func::min(Expr::col(Column::CreatedNs))), "oldest_ns")
            .filter(Column::State.eq("waiting"))
            .group_by(Column::Channel)
            .order_by_asc(Column::Channel)
            .limit(CHANNELS_MAX)
            .into_tuple::<(String, i64, i64)>()
            .all(self.db.connection());
        let rows = within("count waiting messages", rows).await?;
        let waiting = rows.into_iter().map(|(channel, count, oldest_ns)| WaitingMessages {
            channel,
            count: count.max(0) as u64,
            oldest_ns,
        });
        Ok(waiting.collect())
    }

    async fn change(&self, id: i64, change: UpdateMany<Entity>) -> Result<bool, DbErr> {
        let write = self.db.begin().await?;
        let done = change
            .filter(Column::Id.eq(id))
            .filter(Column::State.eq("waiting"))
            .exec(write.on())
            .await?;
        write.commit().await?;
        Ok(done.rows_affected > 0)
    }
}

impl Message {
    fn from_row(row: Model) -> Self {
        Self {
            id: row.id,
            alert_id: row.alert_id,
            event_id: row.event_id,
            channel: row.channel,
            body: row.body,
            attempts: row.attempts.max(0) as u32,
            next_ns: row.next_ns,
            created_ns: row.created_ns,
            error: row.error,
        }
    }
}
