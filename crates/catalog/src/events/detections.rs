//! Detections into alerts.

use std::collections::HashSet;

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};

use super::{AppliedReport, Detection, NewEvents, enqueue};
use crate::db::{Write, more, pieces};
use crate::limits;
use crate::tables::{alert_events, alerts};

/// Values in one statement.
const VALUES: usize = 64;

/// The alert a detection belongs to.
struct Joined {
    alert_id: i64,
    new: bool,
    is_open: bool,
}

/// Adds those that are not there yet. Under the lock of the alerts.
pub(super) async fn add(write: &Write, batch: &NewEvents, report: &mut AppliedReport) -> Result<(), DbErr> {
    let ids: Vec<String> = batch
        .detections
        .iter()
        .map(|detection| limits::id(&detection.event_id))
        .collect();
    let mut known = known(write, &ids).await?;
    for (id, detection) in ids.into_iter().zip(&batch.detections) {
        if !known.insert(id.clone()) {
            continue;
        }
        let joined = match extend(write, batch.now, detection).await? {
            Some(joined) => joined,
            None => make(write, batch.now, detection).await?,
        };
        let made = report.alerts_made.contains(&joined.alert_id);
        if joined.new {
            report.alerts_made.push(joined.alert_id);
        } else if !made && !report.alerts_extended.contains(&joined.alert_id) {
            report.alerts_extended.push(joined.alert_id);
        }
        remember(write, batch.now, &id, detection, &joined).await?;
        let alert = enqueue::OfAlert {
            id: joined.alert_id,
            is_open: joined.is_open,
        };
        report.messages += enqueue::all(write, batch.now, &id, detection, alert).await?;
    }
    Ok(())
}

async fn known(write: &Write, ids: &[String]) -> Result<HashSet<String>, DbErr> {
    let mut known = HashSet::new();
    for piece in pieces(ids, VALUES) {
        let found: Vec<String> = alert_events::Entity::find()
            .select_only()
            .column(alert_events::Column::EventId)
            .filter(alert_events::Column::EventId.is_in(piece.iter().cloned()))
            .into_tuple()
            .all(write.on())
            .await?;
        known.extend(found);
    }
    Ok(known)
}

/// Adds it to the alert it belongs to, if there is one.
async fn extend(write: &Write, now: i64, detection: &Detection) -> Result<Option<Joined>, DbErr> {
    use alerts::Column;
    let time = detection.time;
    let window = detection.window_ns.max(0);
    let (oldest, newest) = (time.saturating_sub(window), time.saturating_add(window));
    let near = Condition::any()
        .add(Column::LastNs.lte(newest))
        .add(Column::FirstNs.lte(time));
    let found: Option<(i64, i64, i64, String)> = alerts::Entity::find()
        .select_only()
        .columns([Column::Id, Column::FirstNs, Column::LastNs, Column::State])
        .filter(Column::Fingerprint.eq(limits::id(&detection.fingerprint)))
        // Holds for both, and is what the index can find.
        .filter(Column::LastNs.gte(oldest))
        .filter(near)
        .filter(Column::State.ne("closed"))
        .order_by_desc(Column::LastNs)
        .order_by_desc(Column::Id)
        .into_tuple()
        .one(write.on())
        .await?;
    let Some((alert_id, first, last, state)) = found else {
        return Ok(None);
    };
    alerts::Entity::update_many()
        .col_expr(Column::Count, more(Column::Count, times(detection)))
        .col_expr(Column::FirstNs, Expr::value(first.min(time)))
        .col_expr(Column::LastNs, Expr::value(last.max(time)))
        .col_expr(Column::UpdatedNs, Expr::value(now))
        .filter(Column::Id.eq(alert_id))
        .exec(write.on())
        .await?;
    Ok(Some(Joined {
        alert_id,
        new: false,
        is_open: state == "open",
    }))
}

/// For how many it counts.
pub(super) fn times(detection: &Detection) -> i64 {
    i64::try_from(detection.more).unwrap_or(i64::MAX).saturating_add(1)
}

async fn make(write: &Write, now: i64, detection: &Detection) -> Result<Joined, DbErr> {
    let row = alerts::ActiveModel {
        fingerprint: Set(limits::id(&detection.fingerprint)),
        rule_id: Set(limits::name(&detection.rule_id)),
        rule_title: Set(limits::name(&detection.rule_title)),
        level: Set(i16::from(detection.level)),
        state: Set("open".to_owned()),
        count: Set(times(detection)),
        first_ns: Set(detection.time),
        last_ns: Set(detection.time),
        created_ns: Set(now),
        updated_ns: Set(now),
        host_name: Set(detection.host_name.as_deref().map(limits::name)),
        username: Set(detection.username.as_deref().map(limits::name)),
        message: Set(limits::text(&detection.message, limits::MESSAGE_BYTES_MAX)),
        event: Set(limits::object(&detection.event_json, limits::MESSAGE_BYTES_MAX)),
        ..Default::default()
    };
    let done = alerts::Entity::insert(row).exec(write.on()).await?;
    Ok(Joined {
        alert_id: done.last_insert_id,
        new: true,
        is_open: true,
    })
}

async fn remember(write: &Write, now: i64, id: &str, detection: &Detection, joined: &Joined) -> Result<(), DbErr> {
    let row = alert_events::ActiveModel {
        event_id: Set(id.to_owned()),
        alert_id: Set(joined.alert_id),
        timestamp_ns: Set(detection.time),
        added_ns: Set(now),
        times: Set(times(detection)),
    };
    alert_events::Entity::insert(row)
        .exec_without_returning(write.on())
        .await?;
    Ok(())
}
