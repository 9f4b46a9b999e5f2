//! Alerts: what was detected, and what people did about it. Detections are added by [`crate::Events::apply`].

mod history;
mod types;

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, UpdateMany,
};

use crate::CatalogError;
use crate::db::{Db, within};
use crate::limits;
use crate::tables::alert_events;
use crate::tables::alerts::{Column, Entity, Model};

pub use history::{AlertAction, AlertNote, By};
pub use types::{Alert, AlertCount, AlertEvent, AlertFilter, AlertState};

/// Most alerts in one answer, and most ids in one call.
const ALERTS_MAX: u64 = 500;
/// Most detections of an alert in one answer.
const EVENTS_MAX: u64 = 10_000;

/// The alerts of a catalog. Clones share it.
#[derive(Clone)]
pub struct Alerts {
    db: Db,
}

impl Alerts {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// Alerts, the one opened last first.
    pub async fn list(&self, filter: &AlertFilter) -> Result<Vec<Alert>, CatalogError> {
        let rows = Entity::find()
            .filter(filter.condition())
            .order_by_desc(Column::Id)
            .limit(filter.rows())
            .all(self.db.connection());
        read(within("list alerts", rows).await?)
    }

    /// One alert.
    pub async fn get(&self, id: i64) -> Result<Option<Alert>, CatalogError> {
        let row = Entity::find_by_id(id).one(self.db.connection());
        within("look up an alert", row).await?.map(Alert::from_row).transpose()
    }

    /// The detections an alert consists of, the newest first, at most `limit` (10,000 at most). Those older than what
    /// [`crate::Events::expire`] removed are still in its count, but no longer here.
    pub async fn events(&self, id: i64, limit: u64) -> Result<Vec<AlertEvent>, CatalogError> {
        let rows = alert_events::Entity::find()
            .filter(alert_events::Column::AlertId.eq(id))
            .order_by_desc(alert_events::Column::TimestampNs)
            .limit(limit.min(EVENTS_MAX))
            .all(self.db.connection());
        let rows = within("list an alert's detections", rows).await?;
        let events = rows.into_iter().map(|row| AlertEvent {
            event_id: row.event_id,
            timestamp_ns: row.timestamp_ns,
        });
        Ok(events.collect())
    }

    /// Somebody sees to these alerts. Only open ones change; they are the answer, the newest first. At most 500 at a
    /// time: more are passed over. An empty `note` leaves the alert's note.
    pub async fn acknowledge(&self, ids: &[i64], by: By<'_>, note: &str) -> Result<Vec<Alert>, CatalogError> {
        let which = Condition::all().add(among(ids)).add(Column::State.eq("open"));
        self.acknowledge_those(which, ALERTS_MAX, by, note).await
    }

    /// Like [`Alerts::acknowledge`] for all open alerts that the filter matches, as many as its limit allows: call it
    /// again until it answers none.
    pub async fn acknowledge_all(
        &self,
        filter: &AlertFilter,
        by: By<'_>,
        note: &str,
    ) -> Result<Vec<Alert>, CatalogError> {
        let which = filter.condition().add(Column::State.eq("open"));
        self.acknowledge_those(which, filter.rows(), by, note).await
    }

    async fn acknowledge_those(
        &self,
        which: Condition,
        limit: u64,
        by: By<'_>,
        note: &str,
    ) -> Result<Vec<Alert>, CatalogError> {
        let change = Entity::update_many()
            .col_expr(Column::State, Expr::value("acknowledged"))
            .col_expr(Column::AcknowledgedBy, Expr::value(limits::name(by.who)))
            .col_expr(Column::AcknowledgedNs, Expr::value(by.now));
        let change = Change {
            update: noting(change, note, by.now),
            action: AlertAction::Acknowledged,
            note,
        };
        within("acknowledge alerts", self.change(which, limit, by, change))
            .await
            .and_then(read)
    }

    /// Closes these alerts, with the reason in a word: their fingerprint's next detection opens another one. Only those
    /// not closed yet change; they are the answer, the newest first. At most 500 at a time. An empty `note` leaves the
    /// alert's note.
    pub async fn close(&self, ids: &[i64], by: By<'_>, reason: &str, note: &str) -> Result<Vec<Alert>, CatalogError> {
        let which = Condition::all().add(among(ids)).add(Column::State.ne("closed"));
        let reason = limits::name(reason);
        let said = [reason.as_str(), note]
            .into_iter()
            .filter(|text| !text.is_empty())
            .collect::<Vec<_>>()
            .join(": ");
        let update = Entity::update_many()
            .col_expr(Column::State, Expr::value("closed"))
            .col_expr(Column::ClosedBy, Expr::value(limits::name(by.who)))
            .col_expr(Column::ClosedNs, Expr::value(by.now))
            .col_expr(
                Column::CloseReason,
                Expr::value(Some(reason.clone()).filter(|reason| !reason.is_empty())),
            );
        let change = Change {
            update: noting(update, note, by.now),
            action: AlertAction::Closed,
            note: &said,
        };
        within("close alerts", self.change(which, ALERTS_MAX, by, change))
            .await
            .and_then(read)
    }

    /// Opens alerts again that were acknowledged or closed; the answer is those that changed. At most 500 at a time.
    pub async fn reopen(&self, ids: &[i64], by: By<'_>, note: &str) -> Result<Vec<Alert>, CatalogError> {
        let which = Condition::all().add(among(ids)).add(Column::State.ne("open"));
        let nobody = || Expr::value(Option::<String>::None);
        let never = || Expr::value(Option::<i64>::None);
        let update = Entity::update_many()
            .col_expr(Column::State, Expr::value("open"))
            .col_expr(Column::AcknowledgedBy, nobody())
            .col_expr(Column::AcknowledgedNs, never())
            .col_expr(Column::ClosedBy, nobody())
            .col_expr(Column::ClosedNs, never())
            .col_expr(Column::CloseReason, nobody());
        let change = Change {
            update: noting(update, note, by.now),
            action: AlertAction::Reopened,
            note,
        };
        within("open alerts again", self.change(which, ALERTS_MAX, by, change))
            .await
            .and_then(read)
    }

    /// Says who is to see to these alerts; an empty name: nobody in particular. The answer is those that changed.
    pub async fn assign(&self, ids: &[i64], by: By<'_>, to: &str) -> Result<Vec<Alert>, CatalogError> {
        let to = limits::name(to);
        let assignee = Some(to.clone()).filter(|to| !to.is_empty());
        let other = match &assignee {
            Some(name) => Condition::any()
                .add(Column::Assignee.is_null())
                .add(Column::Assignee.ne(name.as_str())),
            None => Condition::any().add(Column::Assignee.is_not_null()),
        };
        let update = Entity::update_many()
            .col_expr(Column::Assignee, Expr::value(assignee))
            .col_expr(Column::UpdatedNs, Expr::value(by.now));
        let change = Change {
            update,
            action: AlertAction::Assigned,
            note: &to,
        };
        let which = Condition::all().add(among(ids)).add(other);
        within("assign alerts", self.change(which, ALERTS_MAX, by, change))
            .await
            .and_then(read)
    }

    /// Says something of these alerts; it is also their note. The answer is those there are.
    pub async fn comment(&self, ids: &[i64], by: By<'_>, text: &str) -> Result<Vec<Alert>, CatalogError> {
        let change = Change {
            update: noting(Entity::update_many(), text, by.now),
            action: AlertAction::Commented,
            note: text,
        };
        let which = Condition::all().add(among(ids));
        within("comment alerts", self.change(which, ALERTS_MAX, by, change))
            .await
            .and_then(read)
    }

    /// How many alerts there are by state and level; kinds without any are left out.
    pub async fn counts(&self) -> Result<Vec<AlertCount>, CatalogError> {
        let rows = Entity::find()
            .select_only()
            .column(Column::State)
            .column(Column::Level)
            .column_as(Column::Id.count(), "count")
            .group_by(Column::State)
            .group_by(Column::Level)
            .order_by_asc(Column::State)
            .order_by_asc(Column::Level)
            .into_tuple::<(String, i16, i64)>()
            .all(self.db.connection());
        let mut counts = Vec::new();
        for (state, level, count) in within("count alerts", rows).await? {
            counts.push(AlertCount {
                state: AlertState::read(&state, 0)?,
                level: u8::try_from(level).unwrap_or_default(),
                count: count.max(0) as u64,
            });
        }
        counts.sort_by_key(|count| (count.state, count.level));
        Ok(counts)
    }

    /// How many alerts began in `[from, to)`, nanoseconds since 1970 by the time of their first detection.
    pub async fn begun_between(&self, from: i64, to: i64) -> Result<u64, CatalogError> {
        let count = Entity::find()
            .filter(Column::FirstNs.gte(from))
            .filter(Column::FirstNs.lt(to))
            .count(self.db.connection());
        within("count new alerts", count).await
    }

    /// How many alerts were opened in `[from, to)`, nanoseconds since 1970 by our clock.
    pub async fn opened_between(&self, from: i64, to: i64) -> Result<u64, CatalogError> {
        let count = Entity::find()
            .filter(Column::CreatedNs.gte(from))
            .filter(Column::CreatedNs.lt(to))
            .count(self.db.connection());
        within("count new alerts", count).await
    }

    /// Changes those that match and answers them as they are now.
    async fn change(&self, which: Condition, limit: u64, by: By<'_>, change: Change<'_>) -> Result<Vec<Model>, DbErr> {
        let mut write = self.db.begin().await?;
        write.lock_alerts().await?;
        let ids: Vec<i64> = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(which)
            .order_by_desc(Column::Id)
            .limit(limit)
            .into_tuple()
            .all(write.on())
            .await?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        change
            .update
            .filter(Column::Id.is_in(ids.iter().copied()))
            .exec(write.on())
            .await?;
        history::add(&write, &ids, by, change.action, change.note).await?;
        let rows = Entity::find()
            .filter(Column::Id.is_in(ids))
            .order_by_desc(Column::Id)
            .all(write.on())
            .await?;
        write.note(|note| rows.iter().for_each(|row| note.about(&row.id, &row.rule_title)));
        write.commit().await?;
        Ok(rows)
    }
}

/// What is done to alerts, and how it is written down.
struct Change<'a> {
    update: UpdateMany<Entity>,
    action: AlertAction,
    note: &'a str,
}

impl AlertFilter {
    fn condition(&self) -> Condition {
        let mut all = Condition::all();
        if !self.states.is_empty() {
            all = all.add(Column::State.is_in(self.states.iter().map(|state| state.name())));
        }
        if let Some(level) = self.level_min {
            all = all.add(Column::Level.gte(i16::from(level)));
        }
        if let Some(since) = self.since {
            all = all.add(Column::LastNs.gte(since));
        }
        if let Some(until) = self.until {
            all = all.add(Column::FirstNs.lt(until));
        }
        if let Some(id) = self.before_id {
            all = all.add(Column::Id.lt(id));
        }
        all
    }

    fn rows(&self) -> u64 {
        match self.limit {
            0 => ALERTS_MAX,
            limit => limit.min(ALERTS_MAX),
        }
    }
}

fn among(ids: &[i64]) -> Expr {
    Column::Id.is_in(ids.iter().copied().take(ALERTS_MAX as usize))
}

fn noting(change: UpdateMany<Entity>, note: &str, now: i64) -> UpdateMany<Entity> {
    let change = change.col_expr(Column::UpdatedNs, Expr::value(now));
    if note.is_empty() {
        return change;
    }
    change.col_expr(Column::Note, Expr::value(limits::text(note, limits::NOTE_BYTES_MAX)))
}

fn read(rows: Vec<Model>) -> Result<Vec<Alert>, CatalogError> {
    rows.into_iter().map(Alert::from_row).collect()
}
