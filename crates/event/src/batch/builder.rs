use std::collections::BTreeMap;

use crate::batch::{HEADER_LIMIT, VERSION};
use crate::{
    AgentId, BatchHeader, Epoch, Event, EventError, Fields, Fingerprint, Overlong, Skip, StreamId, Timestamp,
    Unwatched, json,
};

/// Compression of frames that go over the network: level 1 is the one that keeps up with reading files.
const ZSTD_LEVEL: i32 = 1;
/// Compression of frames that stay on the machine that makes them, and not for long.
const ZSTD_LEVEL_LOCAL: i32 = -8;

/// Collects events into one batch.
pub struct BatchBuilder {
    header: BatchHeader,
    lines: Vec<u8>,
    level: i32,
}

impl BatchBuilder {
    /// An empty batch that begins behind position `from`.
    pub fn new(agent: AgentId, stream: StreamId, epoch: Epoch, from: u64) -> Self {
        let header = BatchHeader {
            v: VERSION,
            agent,
            stream,
            epoch,
            from,
            to: from,
            read: 0,
            events: 0,
            dropped: BTreeMap::new(),
            raw: 0,
            first: None,
            last: None,
            frame: 0,
            crc: 0,
            fields: Fields::new(),
            head: None,
            tail: None,
            skip: Vec::new(),
            overlong: Overlong::default(),
            unwatched: Vec::new(),
            end: false,
        };
        Self {
            header,
            lines: Vec::new(),
            level: ZSTD_LEVEL,
        }
    }

    /// For a batch of about so many bytes that stays on this machine: less compression, for less time.
    #[must_use]
    pub fn local(mut self, bytes: usize) -> Self {
        self.level = ZSTD_LEVEL_LOCAL;
        self.lines.reserve(bytes);
        self
    }

    /// Fields with one value for all events.
    pub fn set_fields(&mut self, fields: Fields) {
        self.header.fields = fields;
    }

    /// For files: the first bytes, and the up to 1 KiB before the batch's end.
    pub fn set_fingerprints(&mut self, head: Option<Fingerprint>, tail: Option<Fingerprint>) {
        self.header.head = head;
        self.header.tail = tail;
    }

    /// Counts records as read from the source, with their size in bytes.
    pub fn count_read(&mut self, records: u64, raw_bytes: u64) {
        self.header.read += records;
        self.header.raw += raw_bytes;
    }

    /// Counts records that were left out on purpose.
    pub fn count_dropped(&mut self, reason: &str, records: u64) {
        match self.header.dropped.get_mut(reason) {
            Some(count) => *count += records,
            None => drop(self.header.dropped.insert(reason.to_owned(), records)),
        }
    }

    /// Counts records that were longer than the limit.
    pub fn count_overlong(&mut self, overlong: Overlong) {
        self.header.overlong.add(overlong);
    }

    /// Says that nobody was watching the source for a time.
    pub fn declare_unwatched(&mut self, time: Unwatched) {
        self.header.unwatched.push(time);
    }

    /// Declares a hole.
    pub fn declare_skip(&mut self, skip: Skip) {
        self.header.skip.push(skip);
    }

    /// Says that nothing follows this batch in its epoch.
    pub fn set_end(&mut self) {
        self.header.end = true;
    }

    /// Adds an event. Positions must not decrease.
    pub fn push(&mut self, event: &Event) {
        self.note(event.time);
        json::write_line(&mut self.lines, event);
    }

    /// Adds an event from its parts: `message` appends a JSON string, `members` adds the fields in the order of their
    /// names.
    pub fn push_parts(
        &mut self,
        time: Timestamp,
        position: u64,
        n: u32,
        message: impl FnOnce(&mut Vec<u8>),
        members: impl FnOnce(&mut json::Members<'_>),
    ) {
        self.note(time);
        json::write_parts(&mut self.lines, (time, position, n), message, members);
    }

    /// Adds an event that is nothing but a message.
    pub fn push_plain(&mut self, time: Timestamp, position: u64, message: &str) {
        self.note(time);
        json::write_plain_line(&mut self.lines, time, position, 0, message);
    }

    fn note(&mut self, time: Timestamp) {
        let header = &mut self.header;
        header.events += 1;
        header.first = Some(header.first.map_or(time, |first| first.min(time)));
        header.last = Some(header.last.map_or(time, |last| last.max(time)));
    }

    /// The header so far; `frame`, `crc` and `to` are set by [`Self::finish`].
    pub fn header(&self) -> &BatchHeader {
        &self.header
    }

    /// Bytes of events so far, before compression.
    pub fn encoded_bytes(&self) -> usize {
        self.lines.len()
    }

    /// Closes the batch at position `to`.
    pub fn finish(mut self, to: u64) -> Result<Vec<u8>, EventError> {
        let frame = if self.lines.is_empty() {
            Vec::new()
        } else {
            zstd::bulk::compress(&self.lines, self.level).map_err(EventError::Frame)?
        };
        self.header.to = to;
        self.header.frame = u32::try_from(frame.len()).map_err(|_| EventError::Inconsistent("frame is over 4 GiB"))?;
        self.header.crc = crc32c::crc32c(&frame);
        let header = serde_json::to_vec(&self.header).map_err(EventError::BadHeader)?;
        if header.len() > HEADER_LIMIT {
            return Err(EventError::HeaderTooLarge {
                size: header.len(),
                limit: HEADER_LIMIT,
            });
        }
        let mut bytes = Vec::with_capacity(4 + header.len() + frame.len());
        bytes.extend_from_slice(&(header.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&header);
        bytes.extend_from_slice(&frame);
        Ok(bytes)
    }
}
