//! Rows to Parquet columns and back.
//!
//! | column | what |
//! |---|---|
//! | `time`, `time_ns` | event time, TIMESTAMP ms UTC, and the nanoseconds within its millisecond (0 to 999,999) |
//! | `received` | receive time, TIMESTAMP ns UTC |
//! | `agent`, `stream`, `epoch`, `position`, `n` | the event's id |
//! | `host`, `path`, `level`, `event_kind`, `event_action`, `user`, `process` | `host.name`, `log.file.path`, `log.level`, `event.kind`, `event.action`, `user.name`, `process.name` where they are text, own or constant |
//! | `severity` | 10 to 100 on the one scale |
//! | `message` | the line |
//! | `fields` | all other own fields, a JSON object of dotted names |
//! | `constants` | the batch's constant fields, a JSON object of dotted names |
//!
//! An own field in a column is not repeated in `fields`, unless a constant has the same name and value; so what
//! is read back is what was written, to the last type.
//!
//! Time is in two columns because most hosts tell milliseconds: differences of whole milliseconds are small numbers, and
//! differences of nanoseconds are not.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Int32Array, Int32Builder, RecordBatch, StringArray, StringBuilder,
    TimestampMillisecondArray, TimestampMillisecondBuilder, TimestampNanosecondArray, TimestampNanosecondBuilder,
    UInt8Array, UInt8Builder, UInt32Array, UInt32Builder, UInt64Array, UInt64Builder,
};
use arrow::datatypes::{
    DataType, Field, Int32Type, Schema, SchemaRef, TimeUnit, TimestampMillisecondType, TimestampNanosecondType,
};
use arrow::datatypes::{UInt8Type, UInt32Type, UInt64Type};
use arrow::error::ArrowError;
use serde_json::{Map, Value};
use watchpost_event::{AgentId, Epoch, Event, Fields, Origin, Severity, StreamId, Timestamp, View, json, names};

use crate::Row;
use crate::embedded::builder::BLOCK_BYTES;
use crate::embedded::order::SourceRow;

/// Fields with a column of their own, and its name.
pub(crate) const HOT: [(&str, &str); 7] = [
    (names::HOST_NAME, "host"),
    (names::LOG_FILE_PATH, "path"),
    (names::LOG_LEVEL, "level"),
    (names::EVENT_KIND, "event_kind"),
    (names::EVENT_ACTION, "event_action"),
    ("user.name", "user"),
    ("process.name", "process"),
];

/// Room for rows of a usual block, so that nothing moves while they come; and for a name of each.
const ROWS: usize = 1024;
const NAME_BYTES: usize = 8;
/// Nanoseconds of a millisecond.
const MILLISECOND: i64 = 1_000_000;

/// The columns of every data file.
pub(crate) fn schema() -> SchemaRef {
    let time = |unit| DataType::Timestamp(unit, Some("UTC".into()));
    let mut fields = vec![
        Field::new("time", time(TimeUnit::Millisecond), false),
        Field::new("time_ns", DataType::Int32, false),
        Field::new("received", time(TimeUnit::Nanosecond), false),
        Field::new("agent", DataType::Utf8, false),
        Field::new("stream", DataType::Utf8, false),
        Field::new("epoch", DataType::UInt64, false),
        Field::new("position", DataType::UInt64, false),
        Field::new("n", DataType::UInt32, false),
        Field::new("severity", DataType::UInt8, true),
    ];
    fields.extend(HOT.map(|(_, column)| Field::new(column, DataType::Utf8, true)));
    fields.push(Field::new("message", DataType::Utf8, false));
    fields.push(Field::new("fields", DataType::Utf8, true));
    fields.push(Field::new("constants", DataType::Utf8, true));
    Arc::new(Schema::new(fields))
}

/// Collects rows into columns.
pub(crate) struct Columns {
    schema: SchemaRef,
    time: TimestampMillisecondBuilder,
    time_ns: Int32Builder,
    received: TimestampNanosecondBuilder,
    agent: StringBuilder,
    stream: StringBuilder,
    epoch: UInt64Builder,
    position: UInt64Builder,
    n: UInt32Builder,
    severity: UInt8Builder,
    hot: [StringBuilder; HOT.len()],
    message: StringBuilder,
    fields: StringBuilder,
    constants: StringBuilder,
    /// What the last origin gives to its rows: neighbours mostly share it.
    last: Option<Shared>,
    json: Vec<u8>,
}

/// What an origin gives to each of its rows.
struct Shared {
    origin: Arc<Origin>,
    constants: Option<String>,
    hot: [Option<String>; HOT.len()],
    severity: Option<Severity>,
}

impl Shared {
    fn of(origin: &Arc<Origin>) -> Result<Self, ArrowError> {
        let text = |name| origin.fields.text(name).map(str::to_owned);
        let json = || serde_json::to_string(&origin.fields).map_err(|error| ArrowError::ExternalError(Box::new(error)));
        let constants = if origin.fields.is_empty() { None } else { Some(json()?) };
        // The severity of an event without fields of its own.
        let event = Event::new(Timestamp(0), 0, "");
        let severity = View { event: &event, origin }.severity();
        Ok(Self {
            origin: Arc::clone(origin),
            constants,
            hot: HOT.map(|(name, _)| text(name)),
            severity,
        })
    }
}

impl Columns {
    pub(crate) fn new() -> Self {
        Self::of(schema())
    }

    fn of(schema: SchemaRef) -> Self {
        Self {
            schema,
            time: TimestampMillisecondBuilder::with_capacity(ROWS).with_timezone("UTC"),
            time_ns: Int32Builder::with_capacity(ROWS),
            received: TimestampNanosecondBuilder::with_capacity(ROWS).with_timezone("UTC"),
            agent: StringBuilder::with_capacity(ROWS, ROWS * NAME_BYTES),
            stream: StringBuilder::with_capacity(ROWS, ROWS * NAME_BYTES),
            epoch: UInt64Builder::with_capacity(ROWS),
            position: UInt64Builder::with_capacity(ROWS),
            n: UInt32Builder::with_capacity(ROWS),
            severity: UInt8Builder::with_capacity(ROWS),
            hot: std::array::from_fn(|_| StringBuilder::with_capacity(ROWS, 0)),
            message: StringBuilder::with_capacity(ROWS, BLOCK_BYTES),
            fields: StringBuilder::new(),
            constants: StringBuilder::new(),
            last: None,
            json: Vec::new(),
        }
    }

    /// Adds a row; returns its severity and the bytes of its text.
    pub(crate) fn push(&mut self, row: &SourceRow<'_>) -> Result<(Option<Severity>, usize), ArrowError> {
        let (event, origin) = (row.event, row.origin);
        let shared = match self.last.take() {
            Some(last) if Arc::ptr_eq(&last.origin, origin) => last,
            _ => Shared::of(origin)?,
        };
        self.time.append_value(event.time.0.div_euclid(MILLISECOND));
        self.time_ns.append_value(event.time.0.rem_euclid(MILLISECOND) as i32);
        self.received.append_value(row.received.0);
        self.agent.append_value(origin.agent.as_str());
        self.stream.append_value(origin.stream.as_str());
        self.epoch.append_value(origin.epoch.0);
        self.position.append_value(event.position);
        self.n.append_value(event.n);
        self.message.append_value(&event.message);
        self.constants.append_option(shared.constants.as_deref());
        let (severity, own) = self.push_fields(event, &shared)?;
        self.severity.append_option(severity.map(Severity::number));
        self.last = Some(shared);
        Ok((severity, event.message.len() + own))
    }

    /// Goes through the own fields once: into their column, or into the JSON of the others.
    fn push_fields(&mut self, event: &Event, shared: &Shared) -> Result<(Option<Severity>, usize), ArrowError> {
        let origin = &shared.origin;
        let mut hot: [Option<Option<&str>>; HOT.len()] = [None; HOT.len()];
        let mut severity = shared.severity;
        self.json.clear();
        for (name, value) in event.fields.iter() {
            if let Some(slot) = HOT.iter().position(|(hot, _)| *hot == name) {
                hot[slot] = Some(value.as_str());
                // Told by its column alone, unless that would read as the constant.
                if value.is_string() && shared.hot[slot].as_deref() != value.as_str() {
                    if name == names::LOG_LEVEL {
                        severity = View { event, origin }.severity();
                    }
                    continue;
                }
            }
            if name == names::LOG_LEVEL || name == names::EVENT_SEVERITY {
                severity = View { event, origin }.severity();
            }
            self.json.push(if self.json.is_empty() { b'{' } else { b',' });
            json::write_text(&mut self.json, name);
            self.json.push(b':');
            json::write_value(&mut self.json, value);
        }
        for ((column, own), constant) in self.hot.iter_mut().zip(hot).zip(&shared.hot) {
            column.append_option(own.unwrap_or(constant.as_deref()));
        }
        if self.json.is_empty() {
            self.fields.append_null();
            return Ok((severity, 0));
        }
        self.json.push(b'}');
        let text = std::str::from_utf8(&self.json).map_err(|error| ArrowError::ExternalError(Box::new(error)))?;
        self.fields.append_value(text);
        Ok((severity, self.json.len()))
    }

    /// What was collected; then it is empty again.
    pub(crate) fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        let fresh = Self {
            last: self.last.take(),
            json: std::mem::take(&mut self.json),
            ..Self::of(Arc::clone(&self.schema))
        };
        std::mem::replace(self, fresh).into_batch()
    }

    fn into_batch(mut self) -> Result<RecordBatch, ArrowError> {
        let mut arrays: Vec<ArrayRef> = vec![
            Arc::new(self.time.finish()),
            Arc::new(self.time_ns.finish()),
            Arc::new(self.received.finish()),
            Arc::new(self.agent.finish()),
            Arc::new(self.stream.finish()),
            Arc::new(self.epoch.finish()),
            Arc::new(self.position.finish()),
            Arc::new(self.n.finish()),
            Arc::new(self.severity.finish()),
        ];
        arrays.extend(self.hot.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef));
        arrays.push(Arc::new(self.message.finish()));
        arrays.push(Arc::new(self.fields.finish()));
        arrays.push(Arc::new(self.constants.finish()));
        RecordBatch::try_new(self.schema, arrays)
    }
}

/// Event times, of their two columns.
#[derive(Clone, Copy)]
pub(crate) struct Times<'a> {
    milliseconds: &'a TimestampMillisecondArray,
    nanoseconds: &'a Int32Array,
}

impl<'a> Times<'a> {
    fn of(batch: &'a RecordBatch) -> Option<Self> {
        Some(Self {
            milliseconds: batch
                .column_by_name("time")?
                .as_primitive_opt::<TimestampMillisecondType>()?,
            nanoseconds: batch.column_by_name("time_ns")?.as_primitive_opt::<Int32Type>()?,
        })
    }

    /// Nanoseconds since 1970.
    pub(crate) fn value(&self, at: usize) -> i64 {
        // The whole milliseconds before the very first moments lie outside; the sum never does.
        let whole = self.milliseconds.value(at).wrapping_mul(MILLISECOND);
        whole.wrapping_add(i64::from(self.nanoseconds.value(at)))
    }
}

/// Reads rows out of columns. Columns that were not asked for read as absent.
pub(crate) struct RowReader<'a> {
    pub(crate) time: Option<Times<'a>>,
    received: Option<&'a TimestampNanosecondArray>,
    agent: Option<&'a StringArray>,
    stream: Option<&'a StringArray>,
    epoch: Option<&'a UInt64Array>,
    position: Option<&'a UInt64Array>,
    n: Option<&'a UInt32Array>,
    pub(crate) severity: Option<&'a UInt8Array>,
    hot: [Option<&'a StringArray>; HOT.len()],
    pub(crate) message: Option<&'a StringArray>,
    fields: Option<&'a StringArray>,
    constants: Option<&'a StringArray>,
    /// The last origin and where it was read: neighbours mostly share it.
    last: Option<(usize, Arc<Origin>)>,
}

impl<'a> RowReader<'a> {
    pub(crate) fn new(batch: &'a RecordBatch) -> Self {
        let text = |name: &str| batch.column_by_name(name).and_then(|column| column.as_string_opt());
        let times = |name: &str| {
            let column = batch.column_by_name(name);
            column.and_then(|column| column.as_primitive_opt::<TimestampNanosecondType>())
        };
        let unsigned = |name: &str| {
            let column = batch.column_by_name(name);
            column.and_then(|column| column.as_primitive_opt::<UInt64Type>())
        };
        Self {
            time: Times::of(batch),
            received: times("received"),
            agent: text("agent"),
            stream: text("stream"),
            epoch: unsigned("epoch"),
            position: unsigned("position"),
            n: batch
                .column_by_name("n")
                .and_then(|column| column.as_primitive_opt::<UInt32Type>()),
            severity: batch
                .column_by_name("severity")
                .and_then(|column| column.as_primitive_opt::<UInt8Type>()),
            hot: HOT.map(|(_, column)| text(column)),
            message: text("message"),
            fields: text("fields"),
            constants: text("constants"),
            last: None,
        }
    }

    /// One row, whole as far as its columns were read. `None` when what is stored is no event.
    pub(crate) fn row(&mut self, at: usize) -> Option<Row> {
        let origin = self.origin(at)?;
        let mut fields = Fields::new();
        if let Some(text) = value(self.fields, at) {
            // `set` keeps values as they are; `from_object` would flatten objects that lie deeper.
            for (name, value) in serde_json::from_str::<Map<String, Value>>(text).ok()? {
                fields.set(name, value);
            }
        }
        for (column, (name, _)) in self.hot.iter().zip(HOT) {
            let Some(text) = value(*column, at) else { continue };
            let constant = origin.fields.get(name).and_then(Value::as_str) == Some(text);
            if !constant && fields.get(name).is_none() {
                fields.set(name, text);
            }
        }
        let event = Event {
            time: Timestamp(self.time.map_or(0, |time| time.value(at))),
            position: self.position.map_or(0, |position| position.value(at)),
            n: self.n.map_or(0, |n| n.value(at)),
            message: value(self.message, at).unwrap_or_default().to_owned(),
            fields,
        };
        Some(Row {
            event,
            origin,
            received_at: Timestamp(self.received.map_or(0, |received| received.value(at))),
        })
    }

    fn origin(&mut self, at: usize) -> Option<Arc<Origin>> {
        if let Some((last, origin)) = &self.last
            && self.same_origin(*last, at)
        {
            return Some(Arc::clone(origin));
        }
        let mut fields = Fields::new();
        if let Some(text) = value(self.constants, at) {
            for (name, value) in serde_json::from_str::<Map<String, Value>>(text).ok()? {
                fields.set(name, value);
            }
        }
        let origin = Arc::new(Origin {
            agent: AgentId::new(value(self.agent, at)?).ok()?,
            stream: StreamId::new(value(self.stream, at)?).ok()?,
            epoch: Epoch(self.epoch.map_or(0, |epoch| epoch.value(at))),
            fields,
        });
        self.last = Some((at, Arc::clone(&origin)));
        Some(origin)
    }

    fn same_origin(&self, a: usize, b: usize) -> bool {
        let same = |column| value(column, a) == value(column, b);
        self.epoch.is_none_or(|epoch| epoch.value(a) == epoch.value(b))
            && same(self.agent)
            && same(self.stream)
            && same(self.constants)
    }

    /// The row's severity, when its column was read.
    pub(crate) fn severity(&self, at: usize) -> Option<Severity> {
        let column = self.severity?;
        column
            .is_valid(at)
            .then(|| Severity::from_number(u64::from(column.value(at))))
    }
}

fn value(column: Option<&StringArray>, at: usize) -> Option<&str> {
    let column = column?;
    column.is_valid(at).then(|| column.value(at))
}
