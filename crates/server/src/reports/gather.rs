//! What a report is made of: pipes over the store, alerts from the catalog, and the delivery report.

use std::sync::Arc;

use jiff::tz::TimeZone;
use watchpost_catalog::{Alert, AlertFilter, Catalog};
use watchpost_event::protocol::DeliveryReport;
use watchpost_event::{Severity, Timestamp};
use watchpost_query::{Cell, Rows};
use watchpost_report::{Language, Report, Version};
use watchpost_store::{Cancel, LogStore, SearchRequest};

use super::sections;
use super::texts::Say;
use crate::ServerError;
use crate::quote::quoted;

/// Alerts a report looks at: pages of 500.
const ALERT_PAGES_MAX: usize = 20;
const PAGE: u64 = 500;

/// What is to be reported.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// One host alone.
    pub(crate) host: Option<String>,
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
    pub(crate) zone: TimeZone,
    pub(crate) language: Language,
}

impl Wanted {
    /// The same of the time just before.
    fn before(&self) -> (Timestamp, Timestamp) {
        let length = self.to.0.saturating_sub(self.from.0);
        (self.from.plus(length.saturating_neg()), self.from)
    }
}

/// Where it is gathered from.
#[derive(Clone)]
pub(crate) struct Gatherer {
    pub(crate) store: Arc<dyn LogStore>,
    pub(crate) catalog: Catalog,
    /// Bytes that groups of one question may take.
    pub(crate) memory: usize,
}

/// What the sections ask of; on a blocking thread.
pub(crate) struct Sources<'a> {
    pub(super) wanted: &'a Wanted,
    pub(super) say: Say,
    pub(super) alerts: &'a [Alert],
    /// Of everything: in the report's time, and before.
    pub(super) alerts_opened: (u64, u64),
    pub(super) delivery: &'a DeliveryReport,
    store: &'a dyn LogStore,
    memory: usize,
    cancel: &'a Cancel,
}

impl Gatherer {
    /// Makes a report.
    pub(crate) async fn report(
        &self,
        wanted: Wanted,
        delivery: DeliveryReport,
        made: Timestamp,
        cancel: Cancel,
    ) -> Result<Report, ServerError> {
        let alerts = self.alerts(&wanted).await?;
        let (from, to) = wanted.before();
        let catalog = self.catalog.alerts();
        let alerts_opened = (
            catalog.begun_between(wanted.from.0, wanted.to.0).await?,
            catalog.begun_between(from.0, to.0).await?,
        );
        let (store, memory) = (self.store.clone(), self.memory);
        let work = move || {
            let sources = Sources {
                say: Say(wanted.language),
                wanted: &wanted,
                alerts: &alerts,
                alerts_opened,
                delivery: &delivery,
                store: &*store,
                memory,
                cancel: &cancel,
            };
            make(&sources, made)
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(made) => made,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(ServerError::Report {
                    reason: "the server ends".to_owned(),
                }),
            },
        }
    }

    /// The alerts that something was added to in that time, the newest first.
    async fn alerts(&self, wanted: &Wanted) -> Result<Vec<Alert>, ServerError> {
        let mut all = Vec::new();
        let mut before_id = None;
        for _ in 0..ALERT_PAGES_MAX {
            let filter = AlertFilter {
                since: Some(wanted.from.0),
                until: Some(wanted.to.0),
                limit: PAGE,
                before_id,
                ..AlertFilter::default()
            };
            let page = self.catalog.alerts().list(&filter).await?;
            let is_last = page.len() < PAGE as usize;
            before_id = page.last().map(|alert| alert.id);
            all.extend(page);
            if is_last {
                break;
            }
        }
        if let Some(host) = &wanted.host {
            all.retain(|alert| alert.host_name.as_ref() == Some(host));
        }
        Ok(all)
    }
}

fn make(sources: &Sources<'_>, made: Timestamp) -> Result<Report, ServerError> {
    let (wanted, say) = (sources.wanted, sources.say);
    let days = wanted.to.0.saturating_sub(wanted.from.0) / (24 * 3_600 * 1_000_000_000);
    let title = match days {
        ..=1 => say.of("Daily security report", "Отчёт о безопасности за сутки"),
        7 => say.of("Weekly security report", "Отчёт о безопасности за неделю"),
        _ => say.of("Security report", "Отчёт о безопасности"),
    };
    let overview = sections::overview(sources)?;
    Ok(Report {
        version: Version,
        title,
        subject: wanted.host.clone(),
        from: wanted.from,
        to: wanted.to,
        made,
        zone: wanted.zone.clone(),
        language: wanted.language,
        summary: sections::summary(sources, &overview),
        sections: vec![
            overview.section,
            sections::alerts(sources)?,
            sections::logins(sources)?,
            sections::privilege(sources)?,
            sections::programs(sources)?,
            sections::changes(sources)?,
            sections::talkers(sources)?,
            sections::delivery(sources),
        ],
    })
}

impl Sources<'_> {
    /// The rows of a table: a query with pipes, within the report's time and about its host.
    pub(super) fn table(&self, query: &str) -> Result<Vec<Vec<Cell>>, ServerError> {
        self.table_between(query, self.wanted.from, self.wanted.to)
    }

    /// One number of the report's time, and of the time before.
    pub(super) fn count(&self, query: &str) -> Result<(u64, u64), ServerError> {
        let counted = format!("{query} | stats count()");
        let (from, to) = self.wanted.before();
        let number = |rows: &[Vec<Cell>]| rows.first().and_then(|row| row.first()).map_or(0, whole);
        Ok((
            number(&self.table(&counted)?),
            number(&self.table_between(&counted, from, to)?),
        ))
    }

    fn table_between(&self, query: &str, from: Timestamp, to: Timestamp) -> Result<Vec<Vec<Cell>>, ServerError> {
        let query = match &self.wanted.host {
            Some(host) => about(host, query),
            None => query.to_owned(),
        };
        let wrong = |error: watchpost_query::ParseError| ServerError::Report {
            reason: error.to_string(),
        };
        let search = watchpost_query::parse_search(&query).map_err(wrong)?;
        let mut request = SearchRequest::new(search.filter().clone(), usize::MAX).between(Some(from), Some(to));
        request.cancel = self.cancel.clone();
        let gathered = self.store.gather(&request, search.pipeline(), self.memory)?;
        if gathered.summary.cancelled {
            return Err(ServerError::Report {
                reason: "it was ended before it was whole".to_owned(),
            });
        }
        Ok(match gathered.partial.finish().rows {
            Rows::Table(rows) => rows,
            Rows::Events(_) => Vec::new(),
        })
    }
}

/// `host.name:"web-1" AND (…) | …`
fn about(host: &str, query: &str) -> String {
    let host = quoted(host);
    let (filter, pipes) = match query.split_once(" | ") {
        Some((filter, pipes)) => (filter, format!(" | {pipes}")),
        None => (query, String::new()),
    };
    if filter == "*" {
        return format!("host.name:{host}{pipes}");
    }
    format!("host.name:{host} AND ({filter}){pipes}")
}

/// A count.
pub(super) fn whole(cell: &Cell) -> u64 {
    cell.to_json().as_u64().unwrap_or(0)
}

/// A text; nothing where there is no value.
pub(super) fn text(cell: &Cell) -> Option<String> {
    match cell.to_json() {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

/// Of an alert.
pub(super) fn severity(level: u8) -> Severity {
    match level {
        ..40 => Severity::Info,
        40..60 => Severity::Warning,
        60..80 => Severity::Error,
        80..100 => Severity::Critical,
        100.. => Severity::Emergency,
    }
}
