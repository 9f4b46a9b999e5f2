//! Events of the Windows Event Log.

use watchpost_event::{Event, Timestamp};

use crate::CodecContext;

/// Reads an event's XML; false when it is none.
pub(crate) fn decode(text: &str, context: CodecContext<'_>, out: &mut Vec<Event>) -> bool {
    let _ = (text, context, out);
    false
}

/// When an event was, by its XML.
pub(crate) fn own_time(text: &str) -> Option<Timestamp> {
    let _ = text;
    None
}
