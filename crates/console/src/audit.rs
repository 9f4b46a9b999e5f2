//! `audit`: who did what.

use std::io::Write;

use serde_json::{Map, Value};
use watchpost_event::Timestamp;
use watchpost_event::api::{AuditEntryInfo, AuditObjectInfo, AuditResponse};

use crate::{Client, ConsoleError, Exit, Renderer, harmless, table};

const PATH: &str = "/api/v1/audit";
/// Entries of one answer.
const PAGE: u64 = 500;
/// What is shown of a row's details.
const DETAILS_CHARS: usize = 80;

/// Which entries.
#[derive(Clone, Debug, Default)]
pub struct AuditWanted {
    /// Only of this name.
    pub who: Option<String>,
    /// Only this action; `rule.*` for all that begin so.
    pub action: Option<String>,
    /// Only about the object of this id or name.
    pub object: Option<String>,
    /// Only what was refused.
    pub refused: bool,
    /// From when on.
    pub from: Option<Timestamp>,
    /// Until when, excluded.
    pub to: Option<Timestamp>,
    /// At most so many.
    pub limit: u64,
}

impl AuditWanted {
    fn query(&self, before: Option<i64>, limit: u64) -> Vec<(&'static str, String)> {
        let mut query = vec![("limit", limit.to_string())];
        let named = [("who", &self.who), ("action", &self.action), ("object", &self.object)];
        query.extend(
            named
                .into_iter()
                .filter_map(|(name, value)| Some((name, value.clone()?))),
        );
        let times = [("from", self.from), ("to", self.to)];
        query.extend(
            times
                .into_iter()
                .filter_map(|(name, time)| Some((name, time?.to_string()))),
        );
        query.extend(before.map(|id| ("before", id.to_string())));
        if self.refused {
            query.push(("outcome", "refused".to_owned()));
        }
        query
    }
}

/// Lists entries of the audit log, the newest first. None is exit code 3.
pub async fn list_audit(
    client: &Client,
    wanted: &AuditWanted,
    renderer: &Renderer,
    json: bool,
    out: &mut dyn Write,
) -> Result<Exit, ConsoleError> {
    let entries = fetch(client, wanted).await?;
    if json {
        for entry in &entries {
            let text = serde_json::to_string(entry).map_err(|source| ConsoleError::NotUnderstood {
                request: PATH.to_owned(),
                source,
            })?;
            writeln!(out, "{text}")?;
        }
    } else if entries.is_empty() {
        writeln!(out, "nothing of that kind was done")?;
    } else {
        let names = ["time", "who", "from", "action", "to what", "details"];
        let mut rows = vec![names.map(str::to_owned).to_vec()];
        rows.extend(entries.iter().map(|entry| row(entry, renderer)));
        out.write_all(table::render(&rows, 0).as_bytes())?;
    }
    out.flush()?;
    Ok(if entries.is_empty() {
        Exit::NothingFound
    } else {
        Exit::Done
    })
}

/// Page by page.
async fn fetch(client: &Client, wanted: &AuditWanted) -> Result<Vec<AuditEntryInfo>, ConsoleError> {
    let mut entries: Vec<AuditEntryInfo> = Vec::new();
    loop {
        let limit = wanted.limit.saturating_sub(entries.len() as u64).min(PAGE);
        if limit == 0 {
            return Ok(entries);
        }
        let query = wanted.query(entries.last().map(|last| last.id), limit);
        let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let page: AuditResponse = client.get(PATH, &query).await?;
        let is_last = (page.entries.len() as u64) < limit;
        entries.extend(page.entries);
        if is_last {
            return Ok(entries);
        }
    }
}

fn row(entry: &AuditEntryInfo, renderer: &Renderer) -> Vec<String> {
    let refused = if entry.outcome == "refused" { " (refused)" } else { "" };
    vec![
        renderer.time(entry.time, "%Y-%m-%d %H:%M:%S"),
        who(entry),
        harmless(entry.address.as_deref().unwrap_or("-")),
        format!("{}{refused}", harmless(&entry.action)),
        object(&entry.object),
        details(&entry.details),
    ]
}

fn who(entry: &AuditEntryInfo) -> String {
    match &entry.label {
        Some(label) => format!("{} ({})", harmless(&entry.who), harmless(label)),
        None if entry.who.is_empty() => "-".to_owned(),
        None => harmless(&entry.who),
    }
}

fn object(object: &AuditObjectInfo) -> String {
    let kind = harmless(&object.kind);
    match (&object.id, &object.name) {
        (_, Some(name)) => format!("{kind} {}", harmless(name)),
        (Some(id), None) => format!("{kind} {}", harmless(id)),
        (None, None) => kind,
    }
}

fn details(details: &Map<String, Value>) -> String {
    let one = |(name, value): (&String, &Value)| match value {
        Value::String(text) => format!("{name}={text:?}"),
        other => format!("{name}={other}"),
    };
    let all = details.iter().map(one).collect::<Vec<_>>().join(" ");
    let mut short: String = all.chars().take(DETAILS_CHARS).collect();
    if short.len() < all.len() {
        short.push('…');
    }
    harmless(&short)
}
