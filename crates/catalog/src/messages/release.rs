//! Messages whose time has come: what was held is told together, what waited for somebody to react is sent or dropped.

use std::collections::BTreeMap;

use sea_orm::sea_query::{Expr, Func, Query};
use sea_orm::{ColumnTrait, Condition, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set, UpdateMany};

use super::{MessageState, Messages};
use crate::CatalogError;
use crate::db::{Write, within};
use crate::limits;
use crate::tables::alerts;
use crate::tables::messages::{ActiveModel, Column, Entity, Model};

/// Messages of one call.
const ROWS_MAX: u64 = 10_000;
/// Values in one statement.
const VALUES: usize = 500;
/// A message that is so far ahead was made by a clock that was: its time may never come.
const CLOCK_NS: i64 = 60_000_000_000;

/// What was held of one alert for one channel. Times are nanoseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The alert's number.
    pub alert_id: i64,
    /// What its rule is called.
    pub rule_title: String,
    /// The rule's level: 20, 40, 60, 80 or 100.
    pub level: u8,
    /// On which host the alert's first detection was.
    pub host_name: Option<String>,
    /// For how many detections the message was held.
    pub count: u64,
    /// When the first of them was.
    pub created_ns: i64,
}

/// Makes one message of a channel's name and what was held for it; `None`: nobody would send it.
pub type Compose<'a> = &'a (dyn Fn(&str, &[Held]) -> Option<String> + Sync);

impl Messages {
    /// When the next message is to be let go, at the latest now where the clock was set back behind one; `None`: none is
    /// held or put off.
    pub async fn next_release(&self, now: i64) -> Result<Option<i64>, CatalogError> {
        within("look for held messages", async {
            let due = Entity::find()
                .select_only()
                .column_as(Expr::expr(Func::min(Expr::col(Column::NextNs))), "next_ns")
                .filter(is_held())
                .into_tuple::<Option<i64>>()
                .one(self.db.connection())
                .await?
                .flatten();
            let ahead = Entity::find()
                .select_only()
                .column(Column::Id)
                .filter(is_held())
                .filter(Column::CreatedNs.gt(now.saturating_add(CLOCK_NS)))
                .into_tuple::<i64>()
                .one(self.db.connection())
                .await?;
            Ok(if ahead.is_some() { Some(now) } else { due })
        })
        .await
    }

    /// The alerts with a number above `after` whose messages are due, the first 500 of them: a silence may concern them
    /// by now.
    pub async fn due_alerts(&self, now: i64, after: i64) -> Result<Vec<i64>, CatalogError> {
        let ids = Entity::find()
            .select_only()
            .column(Column::AlertId)
            .distinct()
            .filter(is_due(now))
            .filter(Column::AlertId.gt(after))
            .order_by_asc(Column::AlertId)
            .limit(VALUES as u64)
            .into_tuple()
            .all(self.db.connection());
        within("look for held messages", ids).await
    }

    /// What is held or put off of this alert is not told, for this reason.
    pub async fn silence(&self, alert: i64, reason: &str, now: i64) -> Result<u64, CatalogError> {
        within("silence held messages", async {
            let write = self.db.begin().await?;
            let done = settle(MessageState::Silenced, reason, now)
                .filter(is_held())
                .filter(Column::AlertId.eq(alert))
                .exec(write.on())
                .await?;
            write.commit().await?;
            Ok(done.rows_affected)
        })
        .await
    }

    /// Lets go what is due, and answers how many messages wait to be sent because of it. Of alerts that somebody sees to
    /// nothing is told. What was held for a channel becomes one message, whose body `compose` makes of the channel's name
    /// and what was held, in order of time; a single one is sent as it is.
    pub async fn release(&self, now: i64, compose: Compose<'_>) -> Result<u64, CatalogError> {
        within("let held messages go", async {
            let write = self.db.begin().await?;
            write.lock_alerts().await?;
            let mut released = escalate(&write, now).await?;
            for (channel, rows) in held(&write, now).await? {
                released += together(&write, now, &channel, rows, compose).await?;
            }
            write.commit().await?;
            Ok(released)
        })
        .await
    }
}

fn is_held() -> Condition {
    let states = [MessageState::Held, MessageState::Later].map(MessageState::name);
    Condition::all().add(Column::State.is_in(states))
}

/// Or made by a clock that was ahead.
fn is_due(now: i64) -> Condition {
    let time = Condition::any()
        .add(Column::NextNs.lte(now))
        .add(Column::CreatedNs.gt(now.saturating_add(CLOCK_NS)));
    is_held().add(time)
}

fn settle(state: MessageState, reason: &str, now: i64) -> UpdateMany<Entity> {
    Entity::update_many()
        .col_expr(Column::State, Expr::value(state.name()))
        .col_expr(Column::FinishedNs, Expr::value(now))
        .col_expr(Column::Error, Expr::value(limits::text(reason, limits::NOTE_BYTES_MAX)))
}

/// Those of open alerts are sent; of the others nobody is told, also not of what was held.
async fn escalate(write: &Write, now: i64) -> Result<u64, DbErr> {
    let open = Query::select()
        .column(alerts::Column::Id)
        .from(alerts::Entity)
        .and_where(alerts::Column::State.eq("open"))
        .to_owned();
    settle(MessageState::Dropped, "somebody saw to the alert in time", now)
        .filter(is_due(now))
        .filter(Column::AlertId.not_in_subquery(open))
        .exec(write.on())
        .await?;
    let send = Entity::update_many()
        .col_expr(Column::State, Expr::value(MessageState::Waiting.name()))
        .col_expr(Column::CreatedNs, Expr::value(now))
        .filter(is_due(now))
        .filter(Column::State.eq(MessageState::Later.name()))
        .exec(write.on())
        .await?;
    Ok(send.rows_affected)
}

/// By channel, in the order they were held.
async fn held(write: &Write, now: i64) -> Result<BTreeMap<String, Vec<Model>>, DbErr> {
    let rows = Entity::find()
        .filter(is_due(now))
        .filter(Column::State.eq(MessageState::Held.name()))
        .order_by_asc(Column::Id)
        .limit(ROWS_MAX)
        .all(write.on())
        .await?;
    let mut by_channel: BTreeMap<String, Vec<Model>> = BTreeMap::new();
    for mut row in rows {
        // A single one is sent as it stands in the table.
        row.body = String::new();
        by_channel.entry(row.channel.clone()).or_default().push(row);
    }
    Ok(by_channel)
}

async fn together(
    write: &Write,
    now: i64,
    channel: &str,
    rows: Vec<Model>,
    compose: Compose<'_>,
) -> Result<u64, DbErr> {
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let Some(last) = rows.last() else { return Ok(0) };
    if rows.len() == 1 && last.count == 1 {
        let change = Entity::update_many()
            .col_expr(Column::State, Expr::value(MessageState::Waiting.name()))
            .col_expr(Column::CreatedNs, Expr::value(now));
        return Ok(change
            .filter(Column::Id.eq(last.id))
            .exec(write.on())
            .await?
            .rows_affected);
    }
    // Buttons and links belong to one alert or to none.
    let is_one = rows.iter().all(|row| row.alert_id == last.alert_id);
    let (alert_id, last_id) = (if is_one { last.alert_id } else { 0 }, last.id);
    let held = with_alerts(write, rows).await?;
    let Some(body) = compose(channel, &held) else {
        for piece in ids.chunks(VALUES) {
            let reason = format!("the channel {channel:?} is configured no longer");
            settle(MessageState::Dead, &reason, now)
                .filter(Column::Id.is_in(piece.iter().copied()))
                .exec(write.on())
                .await?;
        }
        return Ok(0);
    };
    let row = ActiveModel {
        alert_id: Set(alert_id),
        event_id: Set(format!("digest/{last_id}")),
        channel: Set(channel.to_owned()),
        body: Set(limits::text(&body, limits::BODY_BYTES_MAX)),
        state: Set(MessageState::Waiting.name().to_owned()),
        attempts: Set(0),
        next_ns: Set(now),
        created_ns: Set(now),
        count: Set(held.iter().map(|one| one.count as i64).sum()),
        ..Default::default()
    };
    Entity::insert(row).exec_without_returning(write.on()).await?;
    for piece in ids.chunks(VALUES) {
        Entity::update_many()
            .col_expr(Column::State, Expr::value(MessageState::Told.name()))
            .col_expr(Column::FinishedNs, Expr::value(now))
            .filter(Column::Id.is_in(piece.iter().copied()))
            .exec(write.on())
            .await?;
    }
    Ok(1)
}

async fn with_alerts(write: &Write, rows: Vec<Model>) -> Result<Vec<Held>, DbErr> {
    let mut ids: Vec<i64> = rows.iter().map(|row| row.alert_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut known = BTreeMap::new();
    for piece in ids.chunks(VALUES) {
        let found: Vec<(i64, String, i16, Option<String>)> = alerts::Entity::find()
            .select_only()
            .columns([
                alerts::Column::Id,
                alerts::Column::RuleTitle,
                alerts::Column::Level,
                alerts::Column::HostName,
            ])
            .filter(alerts::Column::Id.is_in(piece.iter().copied()))
            .into_tuple()
            .all(write.on())
            .await?;
        known.extend(
            found
                .into_iter()
                .map(|(id, title, level, host)| (id, (title, level, host))),
        );
    }
    let held = rows.into_iter().map(|row| {
        let (rule_title, level, host_name) = known.get(&row.alert_id).cloned().unwrap_or_default();
        Held {
            alert_id: row.alert_id,
            rule_title,
            level: u8::try_from(level).unwrap_or_default(),
            host_name,
            count: row.count.max(1) as u64,
            created_ns: row.created_ns,
        }
    });
    Ok(held.collect())
}
