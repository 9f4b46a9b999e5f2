//! Samples beside a rule: events that it must find, and events that it must not.
//!
//! `brute_force.yml` has `brute_force.samples.json`:
//! `{"logsource": {"product": "linux"}, "match": [INPUT, …], "not": [INPUT, …]}`. An input is a log line (text), an
//! event (an object, as `watchpost search --json` prints it), or a series of them (an array), for correlations.
//! `logsource` stands for events that do not name their own.

use serde::Deserialize;
use serde_json::{Map, Value};
use watchpost_event::{AgentId, Epoch, Event, Fields, LogSource, Origin, StreamId, Timestamp, View, names};

use crate::{Correlator, Detection, Rules};

/// Inputs of one series at most.
const SERIES_MAX: usize = 10_000;
/// Events of a series without a time of their own lie so far apart.
const STEP_NANOS: i64 = 1_000_000_000;

/// One line or event of a sample.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A log line, to be decoded as a file source would.
    Line(String),
    /// An event.
    Event(Box<Event>),
}

/// One sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Whether the rule must find it, exactly once.
    pub expected: bool,
    /// What happens, in order of arrival.
    pub inputs: Vec<Input>,
}

/// The samples of one file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Samples {
    /// In the file's order: matches first.
    pub samples: Vec<Sample>,
}

/// Samples that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// The file is no JSON of the expected shape.
    #[error("samples are {{\"match\": […], \"not\": […]}} in JSON")]
    Json(#[source] serde_json::Error),
    /// An input is neither text, object nor array.
    #[error("sample {number} of {list:?} is neither a line of text, an event, nor a series of those")]
    Input {
        /// `match` or `not`.
        list: &'static str,
        /// From 1.
        number: usize,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SampleFile {
    #[serde(default)]
    logsource: LogSource,
    #[serde(default, rename = "match")]
    matching: Vec<Value>,
    #[serde(default)]
    not: Vec<Value>,
}

impl Samples {
    /// Reads a file of samples.
    pub fn read(text: &str) -> Result<Self, SampleError> {
        let file: SampleFile = serde_json::from_str(text).map_err(SampleError::Json)?;
        let mut samples = Vec::new();
        for (list, expected, values) in [("match", true, file.matching), ("not", false, file.not)] {
            for (at, value) in values.into_iter().enumerate() {
                let inputs = series(value, &file.logsource).ok_or(SampleError::Input { list, number: at + 1 })?;
                samples.push(Sample { expected, inputs });
            }
        }
        Ok(Self { samples })
    }
}

fn series(value: Value, source: &LogSource) -> Option<Vec<Input>> {
    match value {
        Value::Array(items) if items.len() <= SERIES_MAX => items
            .into_iter()
            .enumerate()
            .map(|(at, item)| input(item, source, at))
            .collect(),
        other => Some(vec![input(other, source, 0)?]),
    }
}

fn input(value: Value, source: &LogSource, at: usize) -> Option<Input> {
    match value {
        Value::String(line) => Some(Input::Line(line)),
        Value::Object(object) => Some(Input::Event(Box::new(event(object, source, at)))),
        _ => None,
    }
}

fn event(object: Map<String, Value>, source: &LogSource, at: usize) -> Event {
    let mut fields = Fields::from_object(object);
    let time = fields.remove(names::TIMESTAMP);
    let time = time.and_then(|time| time.as_str().and_then(|text| text.parse().ok()));
    let message = fields.remove(names::MESSAGE);
    let message = message
        .and_then(|text| text.as_str().map(str::to_owned))
        .unwrap_or_default();
    let own = [
        names::LOGSOURCE_PRODUCT,
        names::LOGSOURCE_CATEGORY,
        names::LOGSOURCE_SERVICE,
    ];
    if own.iter().all(|name| fields.get(name).is_none()) {
        source.put(&mut fields);
    }
    Event {
        time: time.unwrap_or(Timestamp(at as i64 * STEP_NANOS)),
        position: at as u64 + 1,
        n: 0,
        message,
        fields,
    }
}

impl Rules {
    /// What the rules of one file find in a series of events, from nothing.
    pub fn try_out(&self, file: &str, events: &[Event]) -> Vec<Detection> {
        let (Ok(agent), Ok(stream)) = (AgentId::new("sample"), StreamId::new("sample")) else {
            return Vec::new();
        };
        let origin = Origin {
            agent,
            stream,
            epoch: Epoch(0),
            fields: Fields::new(),
        };
        let mut correlator = Correlator::default();
        let found = events.iter().flat_map(|event| {
            let view = View { event, origin: &origin };
            self.detect(&view, event.time, &mut correlator)
        });
        found.filter(|detection| detection.rule.file == file).collect()
    }
}
