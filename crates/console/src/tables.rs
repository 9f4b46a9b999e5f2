//! Searches with pipes: one answer made of all events, as a table.

use std::io::Write;

use jiff::tz::TimeZone;
use serde_json::{Map, Value};
use watchpost_event::Timestamp;
use watchpost_event::api::{ColumnRole, TableColumn, TableLine, TableResponse};

use crate::search::{borrowed, cell, complain, write_all};
use crate::{Client, ConsoleError, Exit, Progress, Renderer, Search, harmless, table};

const PATH: &str = "/api/v1/search/table";
/// Rows that are asked for; more than these are exported.
const ROWS: usize = 10_000;
/// The answer's last line.
const LINE_LIMIT: usize = 64 << 20;

impl Search {
    /// Whether the search's pipes make a table, or need all events for another reason. What cannot be read is left to
    /// the server, which says why.
    pub fn makes_table(&self) -> bool {
        watchpost_query::parse_search(&self.query).is_ok_and(|search| {
            let pipeline = search.pipeline();
            pipeline.is_table() || !pipeline.is_streaming()
        })
    }

    /// Refuses a search that cannot be read, before a server is asked.
    pub fn check(&self) -> Result<(), ConsoleError> {
        let refused = |error: watchpost_query::ParseError| ConsoleError::Query {
            query: self.query.clone(),
            message: error.message,
            at: error.at,
            length: error.len,
        };
        watchpost_query::parse_search(&self.query).map(drop).map_err(refused)
    }

    /// Writes what the pipes give: aligned columns, or one JSON object per row. An answer that is not of all events is
    /// written, and is an error.
    pub async fn table(
        &self,
        client: &Client,
        renderer: &Renderer,
        json: bool,
        out: &mut dyn Write,
    ) -> Result<Exit, ConsoleError> {
        let mut parameters = self.parameters();
        parameters.push(("limit", self.limit.min(ROWS).to_string()));
        let answer = answer(client, &borrowed(&parameters)).await?;
        complain(&answer.damage)?;
        write_table(&answer, json, &TimeZone::system(), out)?;
        write_all(out, renderer, answer.events.clone())?;
        out.flush()?;
        let shown = answer.rows.len() + answer.events.len();
        note(&answer, shown)?;
        match answer.cut {
            Some(cut) => Err(ConsoleError::Cut { message: cut.message }),
            None if shown == 0 => Ok(Exit::NothingFound),
            None => Ok(Exit::Done),
        }
    }
}

/// Reads lines until the answer comes.
async fn answer(client: &Client, query: &[(&str, &str)]) -> Result<TableResponse, ConsoleError> {
    let progress = Progress::start("searching");
    let mut pieces = client.pieces(PATH, query).await?;
    let mut text = Vec::new();
    while let Some(piece) = pieces.next().await? {
        text.extend(piece);
        while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = text.drain(..=end).collect();
            let line = serde_json::from_slice(&line).map_err(|source| ConsoleError::NotUnderstood {
                request: PATH.to_owned(),
                source,
            })?;
            match line {
                TableLine::Progress(how) => progress.say(format!("searching: {:.0} %", how.done * 100.0)),
                TableLine::Table(table) => return Ok(table),
                TableLine::Error(error) => return Err(ConsoleError::refused(500, error, None)),
            }
        }
        if text.len() > LINE_LIMIT {
            return Err(ConsoleError::TooLarge {
                request: PATH.to_owned(),
                limit: LINE_LIMIT,
            });
        }
    }
    Err(ConsoleError::Ended {
        reason: "the server's answer has no end".to_owned(),
    })
}

/// What should be known beside the rows.
fn note(answer: &TableResponse, shown: usize) -> Result<(), ConsoleError> {
    let mut err = std::io::stderr().lock();
    for column in answer.columns.iter().filter(|column| column.estimated) {
        writeln!(
            err,
            "note: {} is an estimate: there were too many values to keep them all",
            harmless(&column.name)
        )?;
    }
    for sentence in &answer.notes {
        writeln!(err, "note: {}", harmless(sentence))?;
    }
    if answer.more {
        writeln!(
            err,
            "note: these are the first {shown} rows: -n shows more, -o FILE writes all"
        )?;
    }
    Ok(())
}

fn write_table(answer: &TableResponse, json: bool, zone: &TimeZone, out: &mut dyn Write) -> Result<(), ConsoleError> {
    if answer.columns.is_empty() {
        return Ok(());
    }
    if json {
        for row in &answer.rows {
            let names = answer.columns.iter().map(|column| column.name.clone());
            let object: Map<String, Value> = names.zip(row.iter().cloned()).collect();
            writeln!(out, "{}", Value::Object(object))?;
        }
        return Ok(());
    }
    if answer.rows.is_empty() {
        return Ok(());
    }
    let mut rows: Vec<Vec<String>> = vec![answer.columns.iter().map(|column| harmless(&column.name)).collect()];
    for row in &answer.rows {
        let cells = answer.columns.iter().zip(row);
        rows.push(cells.map(|(column, value)| shown(column, value, zone)).collect());
    }
    let is_right = |column: usize| {
        answer
            .columns
            .get(column)
            .is_some_and(|column| column.role == ColumnRole::Value)
    };
    Ok(out.write_all(table::render_by(&rows, is_right).as_bytes())?)
}

/// Intervals begin in local time, for people.
fn shown(column: &TableColumn, value: &Value, zone: &TimeZone) -> String {
    let time = value.as_str().filter(|_| column.role == ColumnRole::Time);
    let time = time.and_then(|text| text.parse::<Timestamp>().ok());
    let time = time.and_then(|time| jiff::Timestamp::from_nanosecond(i128::from(time.0)).ok());
    time.map_or_else(
        || cell(value),
        |time| time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string(),
    )
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use serde_json::json;

    use super::*;

    #[test]
    fn tables_for_people_and_for_programs() {
        let column = |name: &str, role| TableColumn {
            name: name.to_owned(),
            role,
            estimated: false,
        };
        let answer = TableResponse {
            columns: vec![
                column("@timestamp", ColumnRole::Time),
                column("host.name", ColumnRole::Group),
                column("count", ColumnRole::Value),
            ],
            rows: vec![
                vec![json!("2026-11-20T22:00:00.000Z"), json!("web\u{1b}-1"), json!(1200)],
                vec![json!("2026-11-20T23:00:00.000Z"), json!(null), json!(7)],
            ],
            ..TableResponse::default()
        };
        let zone = TimeZone::fixed(jiff::tz::offset(3));
        let written = |json: bool| {
            let mut out = Vec::new();
            write_table(&answer, json, &zone, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            written(false),
            "@timestamp           host.name  count\n2026-11-21 01:00:00  web\\x1b-1   1200\n2026-11-21 02:00:00  -              7\n"
        );
        assert!(written(true).starts_with("{\"@timestamp\":\"2026-11-20T22:00:00.000Z\",\"count\":1200,"));
    }

    #[test]
    fn what_makes_a_table_is_known_before_asking() {
        let search = |query: &str| Search {
            query: query.to_owned(),
            from: None,
            to: None,
            limit: 100,
        };
        for (query, expected) in [
            ("error", false),
            ("error | head 5", false),
            ("error | where x", false),
            ("error | sort x", true),
            ("error | fields x", true),
            ("error | top x", true),
            ("error | tpo x", false),
        ] {
            assert_eq!(search(query).makes_table(), expected, "{query}");
        }
    }
}
