//! The messages that a detection causes: now, later, together with others, or not at all.

use sea_orm::sea_query::{Expr, OnConflict, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::detections::times;
use super::{Detection, NewMessage, Rate, Terms};
use crate::db::{Write, more, pieces};
use crate::limits;
use crate::messages::MessageState;
use crate::tables::{alert_events, messages};

/// Values in one statement.
const VALUES: usize = 64;
/// Most detections that a threshold may ask for.
const AFTER_MAX: u64 = 10_000;

/// A row to be.
struct Row<'a> {
    message: &'a NewMessage,
    state: MessageState,
    next_ns: i64,
}

/// The alert a detection belongs to.
#[derive(Clone, Copy)]
pub(super) struct OfAlert {
    pub(super) id: i64,
    /// Nobody sees to it yet.
    pub(super) is_open: bool,
}

/// Under the lock of the alerts; `id` is the detection's, which its alert has already. Answers how many wait now.
pub(super) async fn all(
    write: &Write,
    now: i64,
    id: &str,
    detection: &Detection,
    alert: OfAlert,
) -> Result<u64, DbErr> {
    let mut rows: Vec<Row<'_>> = Vec::new();
    for message in &detection.messages {
        let channel = limits::id(&message.channel);
        if rows.iter().any(|row| limits::id(&row.message.channel) == channel) {
            continue;
        }
        let states = states(write, alert.id, message, &channel).await?;
        let Some(row) = row(write, now, detection, alert, message, &states).await? else {
            continue;
        };
        // A flood must not become a flood of rows: of one alert one is held, and counts.
        if row.state == MessageState::Held && count_held(write, alert.id, &channel, times(detection)).await? {
            continue;
        }
        rows.push(row);
    }
    insert(write, now, (id, alert.id), times(detection), &rows).await
}

/// The states of the messages of this alert that the channel has already; none where that changes nothing, since such a
/// channel may have very many.
async fn states(write: &Write, alert_id: i64, message: &NewMessage, channel: &str) -> Result<Vec<MessageState>, DbErr> {
    if message.silenced.is_none() && message.terms.iter().all(|terms| terms.each) {
        return Ok(Vec::new());
    }
    let found: Vec<String> = messages::Entity::find()
        .select_only()
        .column(messages::Column::State)
        .distinct()
        .filter(messages::Column::AlertId.eq(alert_id))
        .filter(messages::Column::Channel.eq(channel))
        .into_tuple()
        .all(write.on())
        .await?;
    Ok(found.iter().filter_map(|state| MessageState::read(state)).collect())
}

/// What becomes of a message, if anything.
async fn row<'a>(
    write: &Write,
    now: i64,
    detection: &Detection,
    alert: OfAlert,
    message: &'a NewMessage,
    states: &[MessageState],
) -> Result<Option<Row<'a>>, DbErr> {
    let mut terms: Vec<&Terms> = message.terms.iter().collect();
    terms.sort_by_key(|terms| (terms.escalate_ns, terms.digest_ns));
    for terms in terms {
        // Whoever sees to it has said: tell me nothing more of this story.
        let is_known = !alert.is_open && !terms.each;
        if is_known || !is_due(write, detection, alert.id, terms, states).await? {
            continue;
        }
        let (state, next_ns) = if message.silenced.is_some() {
            if states.contains(&MessageState::Silenced) {
                return Ok(None);
            }
            (MessageState::Silenced, now)
        } else if terms.escalate_ns > 0 {
            (MessageState::Later, now.saturating_add(terms.escalate_ns))
        } else if terms.digest_ns > 0 {
            (MessageState::Held, next_multiple(now, terms.digest_ns))
        } else {
            match room_at(write, now, &limits::id(&message.channel), terms.rate).await? {
                Some(at) => (MessageState::Held, at),
                None => (MessageState::Waiting, now),
            }
        };
        return Ok(Some(Row {
            message,
            state,
            next_ns,
        }));
    }
    Ok(None)
}

/// Whether these terms ask for a message now.
async fn is_due(
    write: &Write,
    detection: &Detection,
    alert_id: i64,
    terms: &Terms,
    states: &[MessageState],
) -> Result<bool, DbErr> {
    let tells = |state: &MessageState| match state {
        MessageState::Silenced | MessageState::Dropped => false,
        MessageState::Later => terms.escalate_ns > 0,
        _ => true,
    };
    // One message for each story, whichever of its detections is the first that is to be told there.
    if !terms.each && states.iter().any(tells) {
        return Ok(false);
    }
    if terms.after <= 1 {
        return Ok(true);
    }
    let least = terms.after.min(AFTER_MAX);
    let mut near = alert_events::Entity::find()
        .select_only()
        .column(alert_events::Column::Times)
        .filter(alert_events::Column::AlertId.eq(alert_id));
    if terms.within_ns > 0 {
        let from = detection.time.saturating_sub(terms.within_ns);
        near = near
            .filter(alert_events::Column::TimestampNs.gt(from))
            .filter(alert_events::Column::TimestampNs.lte(detection.time));
    }
    let near: Vec<i64> = near.limit(least).into_tuple().all(write.on()).await?;
    let times = near.into_iter().fold(0, i64::saturating_add);
    Ok(u64::try_from(times).is_ok_and(|times| times >= least))
}

/// When a channel that has had all it may get has room again; `None`: now.
async fn room_at(write: &Write, now: i64, channel: &str, rate: Option<Rate>) -> Result<Option<i64>, DbErr> {
    use messages::Column;
    let Some(rate) = rate else { return Ok(None) };
    let most = rate.most.max(1);
    let mut newest: Vec<i64> = Vec::new();
    // State by state, as the index has them: what was held and told may be very much.
    for state in [MessageState::Waiting, MessageState::Sent, MessageState::Dead] {
        let of_state: Vec<i64> = messages::Entity::find()
            .select_only()
            .column(Column::CreatedNs)
            .filter(Column::Channel.eq(channel))
            .filter(Column::State.eq(state.name()))
            .filter(Column::CreatedNs.gt(now.saturating_sub(rate.per_ns)))
            // What the clock was set back behind is of no use as a measure.
            .filter(Column::CreatedNs.lte(now))
            .order_by_desc(Column::CreatedNs)
            .limit(most)
            .into_tuple()
            .all(write.on())
            .await?;
        newest.extend(of_state);
    }
    newest.sort_unstable_by(|a, b| b.cmp(a));
    let last = usize::try_from(most - 1).ok().and_then(|at| newest.get(at));
    Ok(last.map(|oldest| oldest.saturating_add(rate.per_ns)))
}

/// Adds to what is held of this alert for this channel; false when nothing is.
async fn count_held(write: &Write, alert_id: i64, channel: &str, times: i64) -> Result<bool, DbErr> {
    use messages::Column;
    let done = messages::Entity::update_many()
        .col_expr(Column::Count, more(Column::Count, times))
        .filter(Column::AlertId.eq(alert_id))
        .filter(Column::Channel.eq(channel))
        .filter(Column::State.eq(MessageState::Held.name()))
        .exec(write.on())
        .await?;
    Ok(done.rows_affected > 0)
}

fn next_multiple(now: i64, period: i64) -> i64 {
    (now.div_euclid(period).saturating_add(1)).saturating_mul(period)
}

async fn insert(
    write: &Write,
    now: i64,
    (id, alert_id): (&str, i64),
    times: i64,
    rows: &[Row<'_>],
) -> Result<u64, DbErr> {
    use messages::Column;
    let mut enqueued = 0;
    for piece in pieces(rows, VALUES) {
        let mut statement = Query::insert();
        statement.into_table(messages::Entity).columns([
            Column::AlertId,
            Column::EventId,
            Column::Channel,
            Column::Body,
            Column::State,
            Column::Attempts,
            Column::NextNs,
            Column::CreatedNs,
            Column::FinishedNs,
            Column::Error,
            Column::Count,
        ]);
        for Row {
            message,
            state,
            next_ns,
        } in piece
        {
            let reason = message.silenced.as_deref();
            let values = [
                Expr::value(alert_id),
                Expr::value(id),
                Expr::value(limits::id(&message.channel)),
                Expr::value(limits::text(&message.body, limits::BODY_BYTES_MAX)),
                Expr::value(state.name()),
                Expr::value(0_i32),
                Expr::value(*next_ns),
                Expr::value(now),
                Expr::value((*state == MessageState::Silenced).then_some(now)),
                Expr::value(reason.map(|reason| limits::text(reason, limits::NOTE_BYTES_MAX))),
                Expr::value(times),
            ];
            statement
                .values(values)
                .map_err(|error| DbErr::Custom(error.to_string()))?;
        }
        let once = OnConflict::columns([Column::EventId, Column::Channel])
            .do_nothing()
            .to_owned();
        statement.on_conflict(once);
        enqueued += write.on().execute(&statement).await?.rows_affected();
    }
    Ok(enqueued)
}
