use std::collections::HashSet;
use std::io::Read;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::protocol::Rejected;
use crate::{Batch, BatchHeader, Envelope, Event, EventError, Origin, Room, Timestamp, View, json};

/// No event's line is shorter: memory is taken for what came, not for what a header claims.
const LINE_BYTES_MIN: usize = 8;

/// Said of a line whose place was taken: both would be one event, since the place is an event's name.
const TWICE: &str = "another event of this batch has the same position and n: number the events of one record 0, 1, 2";

/// Lines that are no events are listed up to this many.
const REJECTED_LISTED: usize = 1_000;

/// How much a batch may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes of the frame once decompressed.
    pub decompressed: usize,
    /// Bytes of one event's JSON line.
    pub line: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            decompressed: 64 << 20,
            line: 2 << 20,
        }
    }
}

/// A batch decoded once, shared by all who read it.
#[derive(Debug)]
pub struct Decoded {
    /// The batch's header.
    pub header: BatchHeader,
    /// Where its events came from.
    pub origin: Arc<Origin>,
    /// What the server knows beside the batch.
    pub envelope: Envelope,
    /// The events behind `envelope.skip_to`, in order of position.
    pub events: Vec<Event>,
    /// The first lines that are no events. They stay in the ledger's bytes and are passed over by every reader alike.
    pub rejected: Vec<Rejected>,
    /// How many such lines there are.
    pub rejected_lines: u64,
}

impl Decoded {
    /// Reads a single batch, as an agent would find it in its spool.
    pub fn from_bytes(bytes: &[u8], limits: Limits) -> Result<Self, EventError> {
        let (batch, _) = Batch::read(bytes)?;
        Self::from_batch(&batch, Envelope::default(), limits)
    }

    /// Reads a server's ledger record: envelope and batch. `limits` are for one that does not say its own.
    pub fn from_record(record: &[u8], limits: Limits) -> Result<Self, EventError> {
        let (envelope, bytes) = Envelope::read(record)?;
        let limits = envelope.limits.unwrap_or(limits);
        let (batch, _) = Batch::read(bytes)?;
        Self::from_batch(&batch, envelope, limits)
    }

    /// Decompresses and reads a batch's events.
    pub fn from_batch(batch: &Batch<'_>, envelope: Envelope, limits: Limits) -> Result<Self, EventError> {
        let lines = decompress(batch.frame, limits.decompressed)?;
        let header = batch.header.clone();
        let skip_to = envelope.skip_to.unwrap_or(0);
        let mut events = Vec::with_capacity((header.events as usize).min(lines.len() / LINE_BYTES_MIN));
        let mut rejected = Vec::new();
        let mut rejected_lines = 0;
        let mut places = Places::behind(header.from);
        let mut room = Room::for_batch(lines.len());
        for line in lines.split(|&b| b == b'\n').filter(|line| !line.is_empty()) {
            room.renew();
            let (p, n, error) = match read_line(line, limits.line, envelope.received_at, &mut room) {
                Ok(event)
                    if event.position < places.position
                        || event.position > header.to
                        || event.position <= header.from =>
                {
                    return Err(EventError::Inconsistent("positions decrease or lie outside (from, to]"));
                }
                Ok(event) if places.take(event.position, event.n) => {
                    if event.position > skip_to {
                        events.push(event);
                    }
                    continue;
                }
                Ok(event) => (event.position, event.n, TWICE.to_owned()),
                Err(error) => (places.position, 0, error),
            };
            rejected_lines += 1;
            if rejected.len() < REJECTED_LISTED {
                let stream = header.stream.clone();
                rejected.push(Rejected { stream, p, n, error });
            }
        }
        let origin = Arc::new(Origin {
            agent: header.agent.clone(),
            stream: header.stream.clone(),
            epoch: header.epoch,
            fields: header.fields.clone(),
        });
        Ok(Self {
            header,
            origin,
            envelope,
            events,
            rejected,
            rejected_lines,
        })
    }

    /// The same batch under a server's envelope: what was known already is passed over.
    #[must_use]
    pub fn under(mut self, envelope: Envelope) -> Self {
        if let Some(skip_to) = envelope.skip_to {
            self.events.retain(|event| event.position > skip_to);
        }
        self.envelope = envelope;
        self
    }

    /// The events joined with their origin.
    pub fn views(&self) -> impl ExactSizeIterator<Item = View<'_>> {
        self.events.iter().map(|event| View {
            event,
            origin: &self.origin,
        })
    }

    /// A rough size in memory in bytes, for limits.
    pub fn weight(&self) -> usize {
        512 + self.origin.fields.weight() + self.events.iter().map(Event::weight).sum::<usize>()
    }
}

/// The places that events of a batch have taken at the last position.
struct Places {
    position: u64,
    first: u32,
    /// Those behind the first: most records have none.
    others: HashSet<u32>,
}

impl Places {
    fn behind(position: u64) -> Self {
        Self {
            position,
            first: 0,
            others: HashSet::new(),
        }
    }

    /// False when the place was taken before. Positions do not decrease.
    fn take(&mut self, position: u64, n: u32) -> bool {
        if position == self.position {
            return n != self.first && self.others.insert(n);
        }
        (self.position, self.first) = (position, n);
        self.others.clear();
        true
    }
}

fn read_line(line: &[u8], limit: usize, received: Timestamp, room: &mut Room) -> Result<Event, String> {
    if line.len() > limit {
        return Err(format!("event of {} bytes is over the limit of {limit}", line.len()));
    }
    let text = std::str::from_utf8(line).map_err(|error| format!("event is not UTF-8: {error}"))?;
    json::read_within(text, received, room).map_err(|error| format!("event is not valid: {error}"))
}

/// Decompresses a whole frame, never to more than `limit` bytes.
fn decompress(frame: &[u8], limit: usize) -> Result<Vec<u8>, EventError> {
    if frame.is_empty() {
        return Ok(Vec::new());
    }
    let known = zstd::zstd_safe::get_frame_content_size(frame).ok().flatten();
    if known.is_some_and(|size| size > limit as u64) {
        return Err(EventError::Bomb { limit });
    }
    let mut lines = Vec::with_capacity(known.unwrap_or(0) as usize);
    let decoder = zstd::stream::read::Decoder::with_buffer(frame).map_err(EventError::Frame)?;
    let read = decoder
        .take((limit as u64).saturating_add(1))
        .read_to_end(&mut lines)
        .map_err(EventError::Frame)?;
    if read > limit {
        return Err(EventError::Bomb { limit });
    }
    Ok(lines)
}
