//! Bytes to events: framing, codecs, filters
