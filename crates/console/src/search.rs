//! `search`: pages of events, newest first, or counts.

use std::io::Write;

use watchpost_event::Timestamp;
use watchpost_event::api::{CountsResponse, SearchResponse};

use crate::render::Parsed;
use crate::{Client, ConsoleError, Exit, Format, Progress, Renderer, harmless, table};

/// Events asked for at once; a search for more takes several pages.
const PAGE: usize = 2_000;

/// What to look for.
#[derive(Clone, Debug)]
pub struct Search {
    /// In the query language.
    pub query: String,
    /// Earliest time, included.
    pub from: Option<Timestamp>,
    /// Latest time, excluded.
    pub to: Option<Timestamp>,
    /// At most so many events.
    pub limit: usize,
}

impl Search {
    pub(crate) fn parameters(&self) -> Vec<(&'static str, String)> {
        let mut parameters = vec![("q", self.query.clone())];
        parameters.extend(self.from.map(|time| ("from", time.to_string())));
        parameters.extend(self.to.map(|time| ("to", time.to_string())));
        parameters
    }

    /// Writes what is found. For people the newest stands last, next to the prompt; for programs it comes first,
    /// page by page, so that any number of events needs little memory.
    pub async fn run(&self, client: &Client, renderer: &Renderer, out: &mut dyn Write) -> Result<Exit, ConsoleError> {
        let newest_last = matches!(renderer.format(), Format::Human | Format::Compact);
        let (mut rest, mut after, mut found) = (self.limit, None::<String>, 0_usize);
        let mut held = Vec::new();
        let mut progress = Some(Progress::start("searching"));
        while rest > 0 {
            let page = self.page(client, rest.min(PAGE), after.as_deref()).await?;
            complain(&page.damage)?;
            let events = page.events.len();
            found += events;
            rest = rest.saturating_sub(events);
            if newest_last {
                held.extend(page.events);
            } else {
                drop(progress.take());
                write_all(out, renderer, page.events)?;
            }
            after = page.next;
            if after.is_none() || events == 0 {
                break;
            }
        }
        drop(progress);
        held.reverse();
        write_all(out, renderer, held)?;
        out.flush()?;
        Ok(if found == 0 { Exit::NothingFound } else { Exit::Done })
    }

    async fn page(&self, client: &Client, limit: usize, after: Option<&str>) -> Result<SearchResponse, ConsoleError> {
        let mut parameters = self.parameters();
        parameters.push(("limit", limit.to_string()));
        parameters.extend(after.map(|after| ("after", after.to_owned())));
        client.get("/api/v1/search", &borrowed(&parameters)).await
    }

    /// Writes counts, grouped by fields.
    pub async fn count(
        &self,
        client: &Client,
        by: &[String],
        json: bool,
        out: &mut dyn Write,
    ) -> Result<Exit, ConsoleError> {
        let mut parameters = self.parameters();
        if !by.is_empty() {
            parameters.push(("by", by.join(",")));
        }
        let progress = Progress::start("counting");
        let counts: CountsResponse = client.get("/api/v1/search/stats", &borrowed(&parameters)).await?;
        drop(progress);
        complain(&counts.damage)?;
        write_counts(&counts, by, json, out)?;
        out.flush()?;
        Ok(if counts.total == 0 {
            Exit::NothingFound
        } else {
            Exit::Done
        })
    }
}

pub(crate) fn borrowed<'a>(parameters: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    parameters.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

/// Damage is told beside the output: what could be read is still right.
pub(crate) fn complain(damage: &[String]) -> Result<(), ConsoleError> {
    let mut err = std::io::stderr().lock();
    for sentence in damage {
        writeln!(err, "warning: {}", harmless(sentence))?;
    }
    Ok(())
}

pub(crate) fn write_all(
    out: &mut dyn Write,
    renderer: &Renderer,
    events: Vec<serde_json::Value>,
) -> Result<(), ConsoleError> {
    let mut text = String::new();
    for event in events {
        text.clear();
        push(&mut text, renderer, event);
        out.write_all(text.as_bytes())?;
    }
    Ok(())
}

/// Appends one event of the server's. What is no event object is shown as it came.
pub(crate) fn push(text: &mut String, renderer: &Renderer, event: serde_json::Value) {
    if renderer.format() == Format::Json {
        text.push_str(&event.to_string());
        text.push('\n');
        return;
    }
    let shown = event.to_string();
    let parsed = match event {
        serde_json::Value::Object(object) => Parsed::from_json(object),
        _ => None,
    };
    if let Some(parsed) = parsed {
        renderer.push(text, &parsed.view());
    } else {
        text.push_str(&harmless(&shown));
        text.push('\n');
    }
}

fn write_counts(counts: &CountsResponse, by: &[String], json: bool, out: &mut dyn Write) -> Result<(), ConsoleError> {
    if json {
        if by.is_empty() {
            writeln!(out, "{}", serde_json::json!({ "count": counts.total }))?;
        }
        for group in &counts.groups {
            let mut row: serde_json::Map<String, serde_json::Value> =
                by.iter().cloned().zip(group.key.iter().cloned()).collect();
            row.insert("count".to_owned(), group.count.into());
            writeln!(out, "{}", serde_json::Value::Object(row))?;
        }
        return Ok(());
    }
    if by.is_empty() {
        return Ok(writeln!(out, "{}", counts.total)?);
    }
    let mut rows = vec![
        std::iter::once("count".to_owned())
            .chain(by.iter().cloned())
            .collect::<Vec<_>>(),
    ];
    for group in &counts.groups {
        rows.push(
            std::iter::once(group.count.to_string())
                .chain(group.key.iter().map(cell))
                .collect(),
        );
    }
    if counts.other > 0 {
        rows.push(vec![counts.other.to_string(), "(other)".to_owned()]);
    }
    Ok(out.write_all(table::render(&rows, 1).as_bytes())?)
}

pub(crate) fn cell(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => "-".to_owned(),
        serde_json::Value::String(text) => harmless(text),
        other => other.to_string(),
    }
}

/// Reads `count() by host.name, log.level` or `count()`: the fields to group by.
pub fn parse_stats(text: &str) -> Option<Vec<String>> {
    let rest = text.trim().strip_prefix("count()")?.trim();
    if rest.is_empty() {
        return Some(Vec::new());
    }
    let fields: Vec<String> = rest
        .strip_prefix("by ")?
        .split(',')
        .map(|field| field.trim().to_owned())
        .collect();
    let named = |field: &String| !field.is_empty() && !field.contains(char::is_whitespace);
    fields.iter().all(named).then_some(fields)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use serde_json::json;
    use watchpost_event::api::Group;

    use super::*;

    #[test]
    fn stats_name_the_fields_to_group_by() {
        assert_eq!(parse_stats("count()").unwrap(), Vec::<String>::new());
        assert_eq!(
            parse_stats(" count() by host.name, log.level ").unwrap(),
            ["host.name", "log.level"]
        );
        for bad in [
            "",
            "count",
            "sum(x)",
            "count() by",
            "count() by a,",
            "count() over a",
            "count() by a b",
        ] {
            assert_eq!(parse_stats(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn counts_for_people_and_for_programs() {
        let group = |host: serde_json::Value, count| Group { key: vec![host], count };
        let counts = CountsResponse {
            total: 1242,
            groups: vec![group(json!("web\u{1b}-1"), 1200), group(json!(null), 42)],
            ..CountsResponse::default()
        };
        let written = |json: bool, by: &[String]| {
            let mut out = Vec::new();
            write_counts(&counts, by, json, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        let by = ["host.name".to_owned()];
        assert_eq!(written(false, &by), "count  host.name\n 1200  web\\x1b-1\n   42  -\n");
        assert_eq!(
            written(true, &by),
            "{\"count\":1200,\"host.name\":\"web\\u001b-1\"}\n{\"count\":42,\"host.name\":null}\n"
        );
        assert_eq!(written(false, &[]), "1242\n");
        let mut out = Vec::new();
        write_counts(
            &CountsResponse {
                total: 7,
                ..CountsResponse::default()
            },
            &[],
            true,
            &mut out,
        )
        .unwrap();
        assert_eq!(out, b"{\"count\":7}\n");
    }
}
