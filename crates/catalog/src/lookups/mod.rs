//! Look-ups: what services said of files, addresses and domains, what they are still to be asked, and what is to be told
//! of it. One row for each indicator and service.

mod outbox;
mod types;

use std::collections::HashSet;

use sea_orm::sea_query::{Expr, OnConflict, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::db::{Db, Write, pieces, within};
use crate::tables::lookups::{Column, Entity, Model};
use crate::{AppliedReport, CatalogError, limits};

pub use types::{Lookup, LookupAnswer, LookupState, NewLookup, Outbox};

/// Rows of one statement.
const ROWS: usize = 64;
/// Look-ups that wait. When there are more, files seen for the first time are left out; they are noted the next time
/// they are seen.
const WAITING_MAX: u64 = 20_000;
/// Rows kept. Beyond that, answers go whose time is over longest; then those that hold the shortest.
const ROWS_MAX: u64 = 200_000;
/// Rows of one answer.
const ANSWER_MAX: u64 = 50_000;
/// Rows removed in one go.
const REMOVED_MAX: u64 = 10_000;

/// The look-ups of a catalog. Clones share it.
#[derive(Clone)]
pub struct Lookups {
    db: Db,
}

impl Lookups {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// The look-up of a service that is due: what people asked for first, then first come, first served.
    pub async fn due(&self, service: &str, now: i64) -> Result<Option<Lookup>, CatalogError> {
        let row = Entity::find()
            .filter(Column::Service.eq(service))
            .filter(Column::State.eq(LookupState::Waiting.name()))
            .filter(Column::NextNs.lte(now))
            .order_by_desc(Column::Urgent)
            .order_by_asc(Column::Id)
            .limit(1)
            .one(self.db.connection());
        Ok(within("look for a look-up", row).await?.map(Lookup::from_row))
    }

    /// Everything about these indicators.
    pub async fn of(&self, values: &[String]) -> Result<Vec<Lookup>, CatalogError> {
        within("look up what services said", async {
            let mut found = Vec::new();
            for piece in pieces(values, ROWS) {
                let rows = Entity::find()
                    .filter(Column::Value.is_in(piece.iter().map(|value| limits::id(value))))
                    .order_by_asc(Column::Value)
                    .order_by_asc(Column::Service)
                    .all(self.db.connection())
                    .await?;
                found.extend(rows.into_iter().map(Lookup::from_row));
            }
            Ok(found)
        })
        .await
    }

    /// Answers about files that hold, the newest first: what events are compared with.
    pub async fn holding(&self, now: i64, limit: u64) -> Result<Vec<Lookup>, CatalogError> {
        let rows = Entity::find()
            .filter(Column::State.eq(LookupState::Known.name()))
            .filter(Column::NextNs.gt(now))
            .filter(Column::Kind.eq("hash"))
            .filter(Column::Opinion.ne("unknown"))
            .order_by_desc(Column::NextNs)
            .limit(limit.min(ANSWER_MAX))
            .all(self.db.connection());
        let rows = within("read what services said", rows).await?;
        Ok(rows.into_iter().map(Lookup::from_row).collect())
    }

    /// How many look-ups of a service wait.
    pub async fn waiting(&self, service: &str) -> Result<u64, CatalogError> {
        let count = Entity::find()
            .filter(Column::Service.eq(service))
            .filter(Column::State.eq(LookupState::Waiting.name()))
            .count(self.db.connection());
        within("count look-ups", count).await
    }

    /// Has these asked before what waits, unless an answer holds. Answers how many wait now because of it, and how many
    /// were left out.
    pub async fn ask(&self, new: &[NewLookup], now: i64) -> Result<(u64, u64), CatalogError> {
        within("note look-ups", async {
            let write = self.db.begin().await?;
            write.lock_alerts().await?;
            let mut report = AppliedReport::default();
            note(&write, new, now, &mut report).await?;
            let values: Vec<String> = new.iter().map(|one| limits::id(&one.value)).collect();
            for piece in pieces(&values, ROWS) {
                Entity::update_many()
                    .col_expr(Column::Urgent, Expr::value(true))
                    .filter(Column::Value.is_in(piece.iter().cloned()))
                    .filter(Column::State.eq(LookupState::Waiting.name()))
                    .exec(write.on())
                    .await?;
            }
            write.commit().await?;
            Ok((report.lookups, report.lookups_left_out))
        })
        .await
    }

    /// Keeps what came of asking, and what is to be told of it, all or nothing. True when something is to be told.
    pub async fn answer(&self, answer: &LookupAnswer) -> Result<bool, CatalogError> {
        within("keep what a service said", async {
            let write = self.db.begin().await?;
            // Notices are told in the order of their numbers: nobody may take a lower one later.
            write.lock_alerts().await?;
            let Some(row) = Entity::find_by_id(answer.id).one(write.on()).await? else {
                return Ok(false);
            };
            let tells = tell(&write, &row, answer).await?;
            keep(&write, answer).await?;
            write.commit().await?;
            Ok(tells)
        })
        .await
    }

    /// Removes what nobody waits for any more: look-ups of other services than these, and the oldest answers when there
    /// are too many. Answers how many.
    pub async fn trim(&self, services: &[String]) -> Result<u64, CatalogError> {
        within("remove old look-ups", async {
            let write = self.db.begin().await?;
            write.lock_alerts().await?;
            let others = Entity::delete_many()
                .filter(Column::State.eq(LookupState::Waiting.name()))
                .filter(Column::Service.is_not_in(services.iter().cloned()))
                .exec(write.on())
                .await?;
            let rows = Entity::find().count(write.on()).await?;
            let too_many = rows.saturating_sub(ROWS_MAX).min(REMOVED_MAX);
            let mut removed = others.rows_affected;
            if too_many > 0 {
                removed += remove_oldest(&write, too_many).await?;
            }
            write.commit().await?;
            Ok(removed)
        })
        .await
    }
}

async fn remove_oldest(write: &Write, count: u64) -> Result<u64, DbErr> {
    let oldest = Query::select()
        .column(Column::Id)
        .from(Entity)
        .and_where(Column::State.ne(LookupState::Waiting.name()))
        .order_by(Column::NextNs, sea_orm::Order::Asc)
        .limit(count)
        .to_owned();
    let done = Entity::delete_many()
        .filter(Column::Id.in_subquery(oldest))
        .exec(write.on())
        .await?;
    Ok(done.rows_affected)
}

/// Notes what is to be asked, unless it waits already or an answer holds. Under the lock of the alerts.
pub(crate) async fn note(write: &Write, new: &[NewLookup], now: i64, report: &mut AppliedReport) -> Result<(), DbErr> {
    let waiting = Entity::find()
        .filter(Column::State.eq(LookupState::Waiting.name()))
        .count(write.on())
        .await?;
    let mut room = WAITING_MAX.saturating_sub(waiting);
    let mut seen = HashSet::new();
    let rows: Vec<(&NewLookup, &str)> = new
        .iter()
        .flat_map(|one| one.services.iter().map(move |service| (one, service.as_str())))
        .filter(|(one, service)| seen.insert((one.value.as_str(), *service)))
        .collect();
    for piece in pieces(&rows, ROWS) {
        if room < piece.len() as u64 {
            report.lookups_left_out += piece.len() as u64;
            continue;
        }
        let inserted = insert(write, piece, now).await?;
        room -= inserted.min(room);
        report.lookups += inserted;
    }
    Ok(())
}

async fn insert(write: &Write, rows: &[(&NewLookup, &str)], now: i64) -> Result<u64, DbErr> {
    let mut statement = Query::insert();
    statement.into_table(Entity).columns([
        Column::Kind,
        Column::Value,
        Column::Service,
        Column::State,
        Column::NextNs,
        Column::Urgent,
        Column::Attempts,
        Column::EventId,
        Column::EventNs,
        Column::HostName,
        Column::Path,
        Column::Username,
        Column::CreatedNs,
    ]);
    for (one, service) in rows {
        let name = |text: &Option<String>| Expr::value(text.as_deref().map(limits::name));
        let values = [
            Expr::value(limits::name(&one.kind)),
            Expr::value(limits::id(&one.value)),
            Expr::value(limits::name(service)),
            Expr::value(LookupState::Waiting.name()),
            Expr::value(now),
            Expr::value(false),
            Expr::value(0_i64),
            Expr::value(one.event_id.as_deref().map(limits::id)),
            Expr::value(one.event_ns),
            name(&one.host_name),
            Expr::value(
                one.path
                    .as_deref()
                    .map(|path| limits::text(path, limits::NOTE_BYTES_MAX)),
            ),
            name(&one.username),
            Expr::value(now),
        ];
        statement
            .values(values)
            .map_err(|error| DbErr::Custom(error.to_string()))?;
    }
    let again = OnConflict::columns([Column::Value, Column::Service])
        .update_columns([Column::State, Column::NextNs, Column::Attempts])
        .action_and_where(Column::State.ne(LookupState::Waiting.name()))
        .action_and_where(Column::NextNs.lte(now))
        .to_owned();
    statement.on_conflict(again);
    Ok(write.on().execute(&statement).await?.rows_affected())
}

/// Adds the notice unless the last answer came to the same.
async fn tell(write: &Write, row: &Model, answer: &LookupAnswer) -> Result<bool, DbErr> {
    let (Some(notice), Some((opinion, _))) = (&answer.notice, &answer.verdict) else {
        return Ok(false);
    };
    if row.opinion.as_ref() == Some(opinion) {
        return Ok(false);
    }
    outbox::add(write, notice).await?;
    Ok(true)
}

async fn keep(write: &Write, answer: &LookupAnswer) -> Result<(), DbErr> {
    let attempts = if answer.error.is_some() {
        crate::db::one_more(Column::Attempts)
    } else {
        Expr::value(0_i64)
    };
    let error = answer
        .error
        .as_deref()
        .map(|error| limits::text(error, limits::NOTE_BYTES_MAX));
    let mut update = Entity::update_many()
        .col_expr(Column::State, Expr::value(answer.state.name()))
        .col_expr(Column::NextNs, Expr::value(answer.next_ns))
        .col_expr(Column::Attempts, attempts)
        .col_expr(Column::Error, Expr::value(error))
        .filter(Column::Id.eq(answer.id));
    if let Some((opinion, verdict)) = &answer.verdict {
        update = update
            .col_expr(Column::Opinion, Expr::value(limits::name(opinion)))
            .col_expr(
                Column::Verdict,
                Expr::value(limits::object(verdict, limits::MESSAGE_BYTES_MAX)),
            )
            .col_expr(Column::LookedNs, Expr::value(answer.looked_ns))
            .col_expr(Column::Urgent, Expr::value(false));
    }
    update.exec(write.on()).await?;
    Ok(())
}
