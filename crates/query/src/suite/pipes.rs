//! Searches with pipes, and the answer of looking at everything at once.

use serde_json::{Value, json};
use watchpost_event::{Event, Origin, View};

use super::random::{NAMES, pick};
use super::{Case, Expected, SuiteError};
use crate::{Output, Pipeline, Rows, Search, parse_search};

const FILE: &str = "pipes.txt";
const FUNCTIONS: &[&str] = &["count", "sum", "avg", "min", "max", "uniq", "p50", "p95", "p99.9"];
const PIPES: &str = include_str!("../../testdata/pipes.txt");

/// The cases.
pub fn pipe_cases() -> Result<Vec<Case>, SuiteError> {
    let lines = PIPES.lines().enumerate();
    lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(at, line)| {
            let wrong = || SuiteError::new(FILE, at + 1, "write search => answer");
            let (query, right) = line.split_once(" => ").ok_or_else(wrong)?;
            let expected = expected(right).ok_or_else(wrong)?;
            let line = at + 1;
            Ok(Case { line, query, expected })
        })
        .collect()
}

fn expected(right: &'static str) -> Option<Expected> {
    if let Some(error) = right.strip_prefix("error at ") {
        let (at, message) = error.split_once(": ")?;
        let at = at.parse().ok()?;
        return Some(Expected::Error { at, message });
    }
    if let Some(positions) = right.strip_prefix("events ") {
        let positions: Option<Vec<u64>> = positions.split(' ').map(|number| number.parse().ok()).collect();
        return positions.map(Expected::Positions);
    }
    serde_json::from_str(right).ok().map(Expected::Table)
}

/// Checks every case against an answerer: given a search that was read, its answer. Gives all differences.
pub fn check_pipes(mut answer: impl FnMut(&Search) -> Output) -> Result<(), Vec<SuiteError>> {
    let mut differences = Vec::new();
    for case in pipe_cases().map_err(|error| vec![error])? {
        let reason = match (parse_search(case.query), case.expected) {
            (Err(error), Expected::Error { at, message }) => (error.at != at || !error.message.contains(message))
                .then(|| format!("refused at {} with:\n{error}", error.at)),
            (Ok(_), Expected::Error { .. }) => Some(format!("{} is taken", case.query)),
            (Err(error), _) => Some(format!("refused with:\n{error}")),
            (Ok(search), expected) => {
                let found = shown(&answer(&search));
                let expected = match expected {
                    Expected::Positions(positions) => json!(positions),
                    Expected::Table(table) => table,
                    Expected::Error { .. } => Value::Null,
                };
                (found != expected).then(|| format!("{} gives {found}, not {expected}", case.query))
            }
        };
        differences.extend(reason.map(|reason| SuiteError::new(FILE, case.line, reason)));
    }
    if differences.is_empty() {
        Ok(())
    } else {
        Err(differences)
    }
}

/// An answer as a case writes it: a table, or the positions of events.
fn shown(output: &Output) -> Value {
    match &output.rows {
        Rows::Events(events) => events.iter().map(|(event, _)| event.position).collect(),
        Rows::Table(rows) => {
            let row = |row: &Vec<crate::Cell>| row.iter().map(crate::Cell::to_json).collect::<Value>();
            let names: Vec<&str> = output.columns.iter().map(|column| column.name.as_str()).collect();
            json!({ "columns": names, "rows": rows.iter().map(row).collect::<Value>() })
        }
    }
}

/// Answers a search by matching events one by one, the newest first, and letting the pipeline see all of them: what
/// every other answerer is compared with.
pub fn answer_at_once<'e>(search: &Search, events: impl IntoIterator<Item = (&'e Event, &'e Origin)>) -> Output {
    let views = events.into_iter().map(|(event, origin)| View { event, origin });
    let mut views: Vec<View<'_>> = views.filter(|view| search.filter().matches(view)).collect();
    views.sort_by_key(|view| std::cmp::Reverse((view.event.time, view.id())));
    let mut partial = Pipeline::start(search.pipeline());
    for view in views {
        partial.push(&view);
    }
    partial.finish()
}

/// Pipes that are read without an error, beginning with `|`, on the fields of [`super::random_event`].
pub fn random_pipes(rng: &mut impl FnMut() -> u64) -> String {
    let before = match rng() % 8 {
        0 => format!("| head {} ", 1 + rng() % 30),
        1 => "| where NOT http.status:200 ".to_owned(),
        2 => "| fields user.name, bytes, @timestamp, host.name, tags ".to_owned(),
        _ => String::new(),
    };
    let names: &[&str] = if before.contains("fields") {
        &["user.name", "bytes", "host.name", "tags"]
    } else {
        NAMES
    };
    let name = |rng: &mut _| pick(rng, names);
    let rest = match rng() % 6 {
        0 => {
            let (verb, field) = (pick(rng, &["top", "rare", "top 3", "rare 2"]), name(rng));
            format!("| {verb} {field}")
        }
        1 => {
            let (sign, field) = (pick(rng, &["-", "", "+"]), name(rng));
            let behind = pick(rng, &["", "| head 5", "| head 3 | stats count()"]);
            format!("| sort {sign}{field} {behind}")
        }
        2 => format!("| fields {}", name(rng)),
        _ => {
            let calls = 1 + rng() % 4;
            let call = |at: u64, rng: &mut _| format!("{}({}) as c{at}", pick(rng, FUNCTIONS), name(rng));
            let calls: Vec<String> = (0..calls).map(|at| call(at, rng)).collect();
            let by = match rng() % 5 {
                0 => String::new(),
                1 => "by @timestamp:6h".to_owned(),
                2 => format!("by @timestamp:1w, {}", name(rng)),
                _ => format!("by {}", name(rng)),
            };
            let behind = pick(
                rng,
                &["", "", "| sort -c0 | head 4", "| where count:>1", "| stats sum(count)"],
            );
            format!("| stats count(), {} {by} {behind}", calls.join(", "))
        }
    };
    before + &rest
}
