//! Messages whose time has come: what was held is told together, what waited for somebody to react is sent or dropped.

use std::collections::BTreeMap;

use sea_orm::sea_query::{Expr, Func, Query};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set, UpdateMany};

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

impl Messages {
    /// When the next message is to be let go; `None`: none is held or put off.
    pub async fn next_release(&self) -> Result<Option<i64>, CatalogError> {
        let states = [MessageState::Held, MessageState::Later].map(MessageState::name);
        let next = Entity::find()
            .select_only()
            .column_as(Expr::expr(Func::min(Expr::col(Column::NextNs))), "next_ns")
            .filter(Column::State.is_in(states))
            .into_tuple::<Option<i64>>()
            .one(self.db.connection());
        Ok(within("look for held messages", next).await?.flatten())
    }

    /// Lets go what is due, and answers how many messages wait to be sent because of it. What was held for a channel
    /// becomes one message, whose body `compose` makes of the channel's name and what was held, in order of time; a
    /// single one is sent as it is.
    pub async fn release(
        &self,
        now: i64,
        compose: &(dyn Fn(&str, &[Held]) -> String + Sync),
    ) -> Result<u64, CatalogError> {
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

/// Those of open alerts are sent; nobody waits for the others.
async fn escalate(write: &Write, now: i64) -> Result<u64, DbErr> {
    let open = Query::select()
        .column(alerts::Column::Id)
        .from(alerts::Entity)
        .and_where(alerts::Column::State.eq("open"))
        .to_owned();
    let due = |change: UpdateMany<Entity>| {
        change
            .filter(Column::State.eq(MessageState::Later.name()))
            .filter(Column::NextNs.lte(now))
    };
    let send = Entity::update_many()
        .col_expr(Column::State, Expr::value(MessageState::Waiting.name()))
        .col_expr(Column::CreatedNs, Expr::value(now));
    let released = due(send)
        .filter(Column::AlertId.in_subquery(open))
        .exec(write.on())
        .await?;
    let cancel = Entity::update_many()
        .col_expr(Column::State, Expr::value(MessageState::Dropped.name()))
        .col_expr(Column::FinishedNs, Expr::value(now))
        .col_expr(Column::Error, Expr::value("somebody saw to the alert in time"));
    due(cancel).exec(write.on()).await?;
    Ok(released.rows_affected)
}

/// By channel, in the order they were held.
async fn held(write: &Write, now: i64) -> Result<BTreeMap<String, Vec<Model>>, DbErr> {
    let rows = Entity::find()
        .filter(Column::State.eq(MessageState::Held.name()))
        .filter(Column::NextNs.lte(now))
        .order_by_asc(Column::Id)
        .limit(ROWS_MAX)
        .all(write.on())
        .await?;
    let mut by_channel: BTreeMap<String, Vec<Model>> = BTreeMap::new();
    for row in rows {
        by_channel.entry(row.channel.clone()).or_default().push(row);
    }
    Ok(by_channel)
}

async fn together(
    write: &Write,
    now: i64,
    channel: &str,
    rows: Vec<Model>,
    compose: &(dyn Fn(&str, &[Held]) -> String + Sync),
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
    let (alert_id, last_id) = (last.alert_id, last.id);
    let held = with_alerts(write, rows).await?;
    let row = ActiveModel {
        alert_id: Set(alert_id),
        event_id: Set(format!("digest/{last_id}")),
        channel: Set(channel.to_owned()),
        body: Set(limits::text(&compose(channel, &held), limits::BODY_BYTES_MAX)),
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
