//! Events into the public table, many to a statement.

use sea_orm::sea_query::{Expr, OnConflict, Query};
use sea_orm::{ConnectionTrait, DbErr};
use watchpost_event::Timestamp;

use super::SecurityEvent;
use crate::db::{Write, pieces};
use crate::limits;
use crate::tables::security_events::{Column, Entity};

/// Rows in one statement: 17 values each, far below the 32,766 of SQLite and the 65,535 of PostgreSQL. More are no
/// faster, and each connection remembers its statements.
const ROWS: usize = 64;

const COLUMNS: [Column; 17] = [
    Column::EventId,
    Column::Timestamp,
    Column::TimestampNs,
    Column::ReceivedNs,
    Column::AgentId,
    Column::HostName,
    Column::Kind,
    Column::Category,
    Column::Action,
    Column::Outcome,
    Column::Severity,
    Column::Username,
    Column::ProcessName,
    Column::ProcessCommandLine,
    Column::SourceIp,
    Column::Message,
    Column::Fields,
];

/// Inserts those that are not there yet and answers how many.
pub(super) async fn events(write: &Write, events: &[SecurityEvent]) -> Result<u64, DbErr> {
    let mut inserted = 0;
    for piece in pieces(events, ROWS) {
        let mut statement = Query::insert();
        statement.into_table(Entity).columns(COLUMNS);
        for event in piece {
            statement
                .values(row(event))
                .map_err(|error| DbErr::Custom(error.to_string()))?;
        }
        statement.on_conflict(OnConflict::column(Column::EventId).do_nothing().to_owned());
        inserted += write.on().execute(&statement).await?.rows_affected();
    }
    Ok(inserted)
}

fn row(event: &SecurityEvent) -> [Expr; COLUMNS.len()] {
    let name = |text: &Option<String>| Expr::value(text.as_deref().map(limits::name));
    let long = |text: &str| limits::text(text, limits::MESSAGE_BYTES_MAX);
    [
        Expr::value(limits::id(&event.event_id)),
        Expr::value(timestamp(event.timestamp_ns)),
        Expr::value(event.timestamp_ns),
        Expr::value(event.received_ns),
        Expr::value(limits::name(&event.agent_id)),
        name(&event.host_name),
        name(&event.kind),
        name(&event.category),
        name(&event.action),
        name(&event.outcome),
        Expr::value(event.severity.map(i16::from)),
        name(&event.username),
        name(&event.process_name),
        Expr::value(event.process_command_line.as_deref().map(long)),
        name(&event.source_ip),
        Expr::value(long(&event.message)),
        Expr::value(limits::object(&event.fields, limits::FIELDS_BYTES_MAX)),
    ]
}

/// RFC 3339 UTC with nine digits of fraction: the same width for every year a time in nanoseconds can have, so that the
/// order of the texts is the order of the times.
fn timestamp(nanos: i64) -> String {
    let text = Timestamp(nanos).to_string();
    format!("{:0<29}Z", text.trim_end_matches('Z'))
}

#[cfg(test)]
mod tests {
    use super::timestamp;

    #[test]
    fn timestamps_have_one_width_and_sort() {
        assert_eq!(timestamp(0), "1970-01-01T00:00:00.000000000Z");
        assert_eq!(timestamp(1_790_000_000_120_000_000), "2026-09-21T14:13:20.120000000Z");
        let times = [i64::MIN, -1, 0, 1, 999, 1_000, 1_790_000_000_123_456_789, i64::MAX];
        let texts = times.map(timestamp);
        assert!(texts.is_sorted());
        assert!(texts.iter().all(|text| text.len() == 30), "{texts:?}");
    }
}
