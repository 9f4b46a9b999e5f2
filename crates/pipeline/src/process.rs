use std::sync::Arc;

use watchpost_event::{BatchBuilder, Event, Origin, Overlong, Timestamp, View, names};
use watchpost_query::{Expr, Query};

use crate::{Body, Codec, CodecContext, Decoder, Record, TextEncoding};

/// Set on events whose text was not UTF-8; what could not be read stands as U+FFFD.
const INVALID_UTF8: &str = "watchpost.invalid_utf8";
/// The same where another encoding was expected.
const INVALID_ENCODING: &str = "watchpost.invalid_encoding";
/// Memory for names that is kept from one record to the next.
const ARENA_KEPT: usize = 16 << 10;
/// `dropped` reason of records that a `drop` filter matched.
const FILTER: &str = "filter";
/// `dropped` reason of records without a single byte.
const EMPTY: &str = "empty";

/// How records become events, and which of them are kept: the same for all streams of a source.
#[derive(Clone, Debug)]
pub struct Pipeline {
    decoder: Decoder,
    drop: Arc<[Query]>,
    at_once: Option<Arc<Query>>,
}

impl Pipeline {
    /// Keeps everything.
    pub fn new(decoder: Decoder) -> Self {
        Self {
            decoder,
            drop: Arc::new([]),
            at_once: None,
        }
    }

    /// Events that match any of these are counted and left out.
    #[must_use]
    pub fn with_drop(self, queries: impl IntoIterator<Item = Query>) -> Self {
        Self {
            drop: queries.into_iter().collect(),
            ..self
        }
    }

    /// Events that match this are to be sent at once.
    #[must_use]
    pub fn with_at_once(self, query: Option<Query>) -> Self {
        Self {
            at_once: query.map(Arc::new),
            ..self
        }
    }

    /// The codec and its time zone.
    pub fn decoder(&self) -> &Decoder {
        &self.decoder
    }

    /// For the records of one stream.
    pub fn processor(&self, origin: Origin) -> Processor {
        let plain = self.answer_for_plain(&origin);
        Processor {
            read_by_filters: self.read_by_filters(),
            arena: String::new(),
            pipeline: self.clone(),
            origin,
            plain,
            encoding: TextEncoding::default(),
            events: Vec::new(),
        }
    }

    /// What filters say about plain events, where they say the same about all of them: then no event has to be built.
    fn answer_for_plain(&self, origin: &Origin) -> Option<Answer> {
        if self.decoder.codec() != Codec::Plain {
            return None;
        }
        let queries = self.drop.iter().chain(self.at_once.as_deref());
        if queries.map(Query::expr).any(reads_event) {
            return None;
        }
        Some(self.judge(&Event::new(Timestamp(0), 0, ""), origin))
    }

    /// The fields filters look at; nothing when they look at more than fields.
    fn read_by_filters(&self) -> Option<Vec<String>> {
        let mut names = Vec::new();
        let mut queries = self.drop.iter().chain(self.at_once.as_deref());
        queries
            .all(|query| fields_read(query.expr(), &mut names))
            .then_some(names)
    }

    fn judge(&self, event: &Event, origin: &Origin) -> Answer {
        let view = View { event, origin };
        let drop = self.drop.iter().any(|query| query.matches(&view));
        Answer {
            drop,
            at_once: !drop && self.at_once.as_ref().is_some_and(|query| query.matches(&view)),
        }
    }
}

/// Whether an expression looks at anything that differs between plain events of one stream.
fn reads_event(expr: &Expr) -> bool {
    match expr {
        Expr::All => false,
        Expr::And(all) | Expr::Or(all) => all.iter().any(reads_event),
        Expr::Not(inner) => reads_event(inner),
        Expr::Text(_) => true,
        Expr::Field { name, .. } => [
            names::TIMESTAMP,
            names::MESSAGE,
            names::POSITION,
            names::LOG_OFFSET,
            names::N,
        ]
        .contains(&name.as_str()),
    }
}

/// Gathers the fields an expression looks at; false when it looks at the message too.
fn fields_read(expr: &Expr, read: &mut Vec<String>) -> bool {
    match expr {
        Expr::All => true,
        Expr::And(all) | Expr::Or(all) => all.iter().all(|expr| fields_read(expr, read)),
        Expr::Not(inner) => fields_read(inner, read),
        Expr::Text(_) => false,
        Expr::Field { name, .. } => {
            read.push(name.clone());
            name != names::MESSAGE
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Answer {
    drop: bool,
    at_once: bool,
}

/// Turns the records of one stream into events of its batches.
#[derive(Debug)]
pub struct Processor {
    pipeline: Pipeline,
    origin: Origin,
    plain: Option<Answer>,
    /// Set where filters can be answered without the whole event: then only these fields of it are built.
    read_by_filters: Option<Vec<String>>,
    arena: String,
    encoding: TextEncoding,
    events: Vec<Event>,
}

impl Processor {
    /// For records in this encoding.
    #[must_use]
    pub fn with_encoding(self, encoding: TextEncoding) -> Self {
        Self { encoding, ..self }
    }

    /// Adds a record's events to the batch at a position (for files its end), or counts why not. Says whether one of
    /// them is to be sent at once.
    pub fn process(&mut self, record: &Record<'_>, position: u64, now: Timestamp, batch: &mut BatchBuilder) -> bool {
        batch.count_read(1, record.end - record.start);
        let body = match record.body {
            Body::Whole(bytes) if record.start == 0 => Body::Whole(self.encoding.without_mark(bytes)),
            Body::Cut { first, last, length } if record.start == 0 => Body::Cut {
                first: self.encoding.without_mark(first),
                last,
                length,
            },
            body => body,
        };
        match body {
            Body::Whole([]) => {
                batch.count_dropped(EMPTY, 1);
                return false;
            }
            Body::Whole(bytes) => {
                if let Some(answer) = self.plain
                    && self.encoding.is_utf8()
                    && let Ok(text) = std::str::from_utf8(bytes)
                {
                    if answer.drop {
                        batch.count_dropped(FILTER, 1);
                    } else {
                        batch.push_plain(now, position, text);
                    }
                    return answer.at_once;
                }
                let (text, invalid) = self.encoding.decode(bytes);
                if !invalid && let Some(at_once) = self.process_draft(&text, position, now, batch) {
                    return at_once;
                }
                self.decode_text(&text, invalid, now);
            }
            Body::Cut { first, last, .. } => {
                let omitted = record.body.omitted();
                batch.count_overlong(Overlong { records: 1, omitted });
                self.decode_cut(first, last, omitted, now);
            }
        }
        self.push(position, batch)
    }

    /// From the record to the batch without an event between, where codec, record and filters allow it. Says whether one
    /// of the events is to be sent at once.
    fn process_draft(&mut self, text: &str, position: u64, now: Timestamp, batch: &mut BatchBuilder) -> Option<bool> {
        let wanted = self.read_by_filters.as_ref()?;
        let mut arena = std::mem::take(&mut self.arena);
        let mut at_once = None;
        if let Some((count, draft)) = self.pipeline.decoder.draft(text, self.context(now), &mut arena) {
            let mut seen = draft.to_event(|name| wanted.iter().any(|wanted| wanted == name));
            seen.position = position;
            at_once = Some(false);
            let mut kept = false;
            for n in 0..count as u32 {
                seen.n = n;
                let answer = self.pipeline.judge(&seen, &self.origin);
                at_once = Some(at_once == Some(true) || answer.at_once);
                if !answer.drop {
                    kept = true;
                    draft.push(position, n, batch);
                }
            }
            if !kept {
                batch.count_dropped(FILTER, 1);
            }
        }
        arena.shrink_to(ARENA_KEPT);
        self.arena = arena;
        at_once
    }

    fn context(&self, now: Timestamp) -> CodecContext<'_> {
        CodecContext {
            now,
            constants: &self.origin.fields,
        }
    }

    fn decode_text(&mut self, text: &str, invalid: bool, now: Timestamp) {
        let mut events = std::mem::take(&mut self.events);
        self.pipeline.decoder.decode(text, self.context(now), &mut events);
        if invalid {
            for event in &mut events {
                event.fields.set(self.invalid_field(), true);
            }
        }
        self.events = events;
    }

    fn invalid_field(&self) -> &'static str {
        if self.encoding.is_utf8() {
            INVALID_UTF8
        } else {
            INVALID_ENCODING
        }
    }

    /// A record too long to keep: its beginning as the codec reads it (a syslog header is there), its end as plain text.
    fn decode_cut(&mut self, first: &[u8], last: &[u8], omitted: u64, now: Timestamp) {
        let (first, first_invalid) = self.encoding.decode_first(first);
        let (last, last_invalid) = self.encoding.decode_last(last);
        if matches!(self.pipeline.decoder.codec(), Codec::Json | Codec::WinXml) {
            self.events.push(Event::new(now, 0, first));
        } else {
            self.decode_text(&first, false, now);
            self.events.truncate(1);
        }
        let time = self.events.first().map_or(now, |event| event.time);
        self.events.push(Event::new(time, 0, last));
        let invalid_field = self.invalid_field();
        let parts = [("first", first_invalid), ("last", last_invalid)];
        for (event, (part, invalid)) in self.events.iter_mut().zip(parts) {
            event.fields.set(names::TRUNCATED, true);
            event.fields.set(names::PART, part);
            event.fields.set(names::DROPPED_BYTES, omitted);
            if invalid {
                event.fields.set(invalid_field, true);
            }
        }
    }

    fn push(&mut self, position: u64, batch: &mut BatchBuilder) -> bool {
        let mut at_once = false;
        let mut kept = false;
        for (n, mut event) in self.events.drain(..).enumerate() {
            event.position = position;
            event.n = n as u32;
            let answer = self.pipeline.judge(&event, &self.origin);
            at_once |= answer.at_once;
            if !answer.drop {
                kept = true;
                batch.push(&event);
            }
        }
        if !kept {
            batch.count_dropped(FILTER, 1);
        }
        at_once
    }
}
