//! What is too old goes, a bounded number of rows at a time.

use sea_orm::sea_query::{Expr, Query, SelectStatement};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter};

use crate::db::Write;
use crate::tables::{alert_events, alert_notes, alerts, messages, security_events};

/// Most rows of a table in one transaction: others wait meanwhile.
const ROWS_MAX: u64 = 10_000;

/// Under the lock of the alerts.
pub(super) async fn all(write: &Write, before_ns: i64, limit: u64) -> Result<u64, DbErr> {
    let limit = limit.min(ROWS_MAX);
    let events = security_events::Entity::delete_many()
        .filter(security_events::Column::Id.in_subquery(old_events(before_ns, limit)))
        .exec(write.on())
        .await?;
    // A message that waits has no time at which it was finished.
    let messages = messages::Entity::delete_many()
        .filter(messages::Column::Id.in_subquery(old_messages(before_ns, limit)))
        .exec(write.on())
        .await?;
    let detections = alert_events::Entity::delete_many()
        .filter(alert_events::Column::EventId.in_subquery(old_detections(before_ns, limit)))
        .exec(write.on())
        .await?;
    let alerts = alerts::Entity::delete_many()
        .filter(alerts::Column::Id.in_subquery(old_alerts(before_ns, limit)))
        .exec(write.on())
        .await?;
    let notes = alert_notes::Entity::delete_many()
        .filter(alert_notes::Column::Id.in_subquery(old_notes(before_ns, limit)))
        .exec(write.on())
        .await?;
    Ok(notes.rows_affected
        + events.rows_affected
        + messages.rows_affected
        + detections.rows_affected
        + alerts.rows_affected)
}

fn old_events(before_ns: i64, limit: u64) -> SelectStatement {
    use security_events::{Column, Entity};
    Query::select()
        .column(Column::Id)
        .from(Entity)
        .and_where(Column::ReceivedNs.lt(before_ns))
        .limit(limit)
        .to_owned()
}

fn old_messages(before_ns: i64, limit: u64) -> SelectStatement {
    use messages::{Column, Entity};
    Query::select()
        .column(Column::Id)
        .from(Entity)
        .and_where(Column::FinishedNs.lt(before_ns))
        .limit(limit)
        .to_owned()
}

fn old_detections(before_ns: i64, limit: u64) -> SelectStatement {
    use alert_events::{Column, Entity};
    Query::select()
        .column(Column::EventId)
        .from(Entity)
        .and_where(Column::AddedNs.lt(before_ns))
        .limit(limit)
        .to_owned()
}

/// Only those of alerts that are gone.
fn old_notes(before_ns: i64, limit: u64) -> SelectStatement {
    use alert_notes::{Column, Entity};
    use sea_orm::sea_query::ExprTrait;
    let alert = Query::select()
        .column(alerts::Column::Id)
        .from(alerts::Entity)
        .and_where(alerts::Column::Id.into_expr().equals((Entity, Column::AlertId)))
        .to_owned();
    Query::select()
        .column(Column::Id)
        .from(Entity)
        .and_where(Column::AddedNs.lt(before_ns))
        .and_where(Expr::exists(alert).not())
        .limit(limit)
        .to_owned()
}

/// Only those nothing belongs to any more: their detections are older than they are, and went before them.
fn old_alerts(before_ns: i64, limit: u64) -> SelectStatement {
    use alerts::{Column, Entity};
    use sea_orm::sea_query::ExprTrait;
    let detections = Query::select()
        .column(alert_events::Column::AlertId)
        .from(alert_events::Entity)
        .and_where(alert_events::Column::AlertId.into_expr().equals((Entity, Column::Id)))
        .to_owned();
    let messages = Query::select()
        .column(messages::Column::AlertId)
        .from(messages::Entity)
        .and_where(messages::Column::AlertId.into_expr().equals((Entity, Column::Id)))
        .to_owned();
    Query::select()
        .column(Column::Id)
        .from(Entity)
        .and_where(Column::UpdatedNs.lt(before_ns))
        .and_where(Expr::exists(detections).not())
        .and_where(Expr::exists(messages).not())
        .limit(limit)
        .to_owned()
}
