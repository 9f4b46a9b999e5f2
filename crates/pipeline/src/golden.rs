//! Lines and what they say, side by side in a file.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fmt::Write;

use jiff::tz::TimeZone;
use serde_json::{Map, Value};
use watchpost_event::{Event, Fields, Timestamp};

use crate::{Codec, CodecContext, Decoder};

/// The event of a line as it stands in a file.
pub(crate) fn decode_as(codec: Codec, line: &str) -> Event {
    let constants = Fields::new();
    let context = CodecContext {
        now: Timestamp(1_796_000_000_000_000_000),
        constants: &constants,
    };
    let mut events = Vec::new();
    Decoder::new(codec, TimeZone::UTC).decode(line, context, &mut events);
    assert_eq!(events.len(), 1, "one event for one line: {line}");
    events.remove(0)
}

pub(crate) fn decode(line: &str) -> Event {
    decode_as(Codec::Auto, line)
}

/// Time and fields as compact JSON.
fn said(line: &str) -> String {
    let event = decode(line);
    assert!(line.ends_with(&event.message), "the message stays: {line}");
    let mut members: Map<String, Value> = event.fields.iter().map(|(n, v)| (n.to_owned(), v.clone())).collect();
    members.insert("@timestamp".to_owned(), event.time.to_string().into());
    serde_json::to_string(&members).unwrap()
}

/// Compares a file of lines, each with what it says indented below it, with what they say now.
pub(crate) fn assert_golden(golden: &str) {
    let mut now = String::new();
    for line in golden.lines().filter(|line| !line.is_empty() && !line.starts_with(' ')) {
        writeln!(now, "{line}\n    {}\n", said(line)).unwrap();
    }
    assert!(golden == now, "the golden file differs from what lines say now:\n{now}");
}
