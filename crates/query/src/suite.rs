//! The search suite: events, queries and what each must find. Whoever answers queries (a store, a search
//! engine, matching one by one) runs it and agrees.
//!
//! `testdata/events.ndjson` holds one event a line, `p` being its position; `testdata/cases.txt` one case a
//! line: `query => positions`, where positions are numbers, `all`, `none` or `all but` numbers, or
//! `query => error at BYTE: part of the message`. Lines that begin with `#` are headings.
//!
//! `testdata/pipes.txt` does the same for whole searches, whose answers are tables or events in their order.
//!
//! For more than was thought of by hand, [`random_event`] and [`random_query`] draw from the same small set
//! of words and fields, so that they meet; [`crate::Query::matches`] says what is right.

use std::fmt;

use watchpost_event::{AgentId, Epoch, Event, Fields, Origin, StreamId, Timestamp, View, json};

use crate::parse;

mod pipes;
mod random;

pub use pipes::{answer_at_once, check_pipes, pipe_cases, random_pipes};
pub use random::{random_event, random_query};

/// One query or search and what it must give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The line of the file, from 1.
    pub line: usize,
    /// The query.
    pub query: &'static str,
    /// What it gives.
    pub expected: Expected,
}

/// What a case's query must give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Events with these positions, ascending.
    Positions(Vec<u64>),
    /// A table: `{"columns":[…],"rows":[[…]]}`.
    Table(serde_json::Value),
    /// A refusal.
    Error {
        /// Where, in bytes.
        at: usize,
        /// What its message holds.
        message: &'static str,
    },
}

/// What is wrong in a suite file, or how an answer differs from it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("search suite, {file}:{line}: {reason}")]
pub struct SuiteError {
    file: &'static str,
    line: usize,
    reason: String,
}

impl SuiteError {
    fn new(file: &'static str, line: usize, reason: impl fmt::Display) -> Self {
        Self {
            file,
            line,
            reason: reason.to_string(),
        }
    }
}

const EVENTS: &str = include_str!("../testdata/events.ndjson");
const CASES: &str = include_str!("../testdata/cases.txt");

/// The stream all events of the suite come from, with its constant fields.
pub fn origin() -> Result<Origin, watchpost_event::EventError> {
    let constants = [("host.name", "db-1"), ("log.file.path", "/srv/app/logs/app.log")];
    Ok(Origin {
        agent: AgentId::new("agent-7")?,
        stream: StreamId::new("file:/srv/app/logs/app.log")?,
        epoch: Epoch(0x8f3a_61c2_0b7e_4d55),
        fields: constants
            .into_iter()
            .map(|(name, value)| (name, value.into()))
            .collect::<Fields>(),
    })
}

/// The events.
pub fn events() -> Result<Vec<Event>, SuiteError> {
    let read = |(at, line)| {
        json::read_event(line, Timestamp(0)).map_err(|error| SuiteError::new("events.ndjson", at + 1, error))
    };
    EVENTS.lines().enumerate().map(read).collect()
}

/// The cases.
pub fn cases() -> Result<Vec<Case>, SuiteError> {
    let all: Vec<u64> = events()?.iter().map(|event| event.position).collect();
    CASES
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(at, line)| {
            case(line, at + 1, &all).ok_or_else(|| SuiteError::new("cases.txt", at + 1, "write query => positions"))
        })
        .collect()
}

fn case(text: &'static str, line: usize, all: &[u64]) -> Option<Case> {
    let (query, right) = text.split_once(" => ")?;
    let numbers = |text: &str| -> Option<Vec<u64>> { text.split(' ').map(|number| number.parse().ok()).collect() };
    let expected = if let Some(error) = right.strip_prefix("error at ") {
        let (at, message) = error.split_once(": ")?;
        Expected::Error {
            at: at.parse().ok()?,
            message,
        }
    } else if let Some(left_out) = right.strip_prefix("all but ") {
        let left_out = numbers(left_out)?;
        Expected::Positions(all.iter().filter(|at| !left_out.contains(at)).copied().collect())
    } else {
        Expected::Positions(match right {
            "all" => all.to_vec(),
            "none" => Vec::new(),
            right => numbers(right)?,
        })
    };
    Some(Case { line, query, expected })
}

/// Checks every case of the suite against an answerer: given a query that was read, the positions it finds,
/// ascending. Gives all differences.
pub fn check(mut answer: impl FnMut(&crate::Query) -> Vec<u64>) -> Result<(), Vec<SuiteError>> {
    let mut differences = Vec::new();
    for case in cases().map_err(|error| vec![error])? {
        let reason = match (parse(case.query), case.expected) {
            (Ok(query), Expected::Positions(expected)) => {
                let found = answer(&query);
                (found != expected).then(|| format!("{} finds {found:?}, not {expected:?}", case.query))
            }
            (Err(error), Expected::Error { at, message }) => (error.at != at || !error.message.contains(message))
                .then(|| format!("refused at {} with:\n{error}", error.at)),
            (Ok(_), Expected::Error { .. } | Expected::Table(_)) => Some(format!("{} is taken", case.query)),
            (Err(error), Expected::Positions(_) | Expected::Table(_)) => Some(format!("refused with:\n{error}")),
        };
        differences.extend(reason.map(|reason| SuiteError::new("cases.txt", case.line, reason)));
    }
    if differences.is_empty() {
        Ok(())
    } else {
        Err(differences)
    }
}

/// Answers a query by matching events one by one: what every other answerer is compared with.
pub fn answer_one_by_one(query: &crate::Query, events: &[Event], origin: &Origin) -> Vec<u64> {
    let hit = |event: &&Event| query.matches(&View { event, origin });
    events.iter().filter(hit).map(|event| event.position).collect()
}
