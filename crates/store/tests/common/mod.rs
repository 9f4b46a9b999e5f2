//! What the store's tests share: a stream that makes batches, a store over a disk in memory, answers as plain values.
#![expect(dead_code, reason = "every test file uses its part")]
#![expect(clippy::unwrap_used, reason = "tests")]

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use watchpost_event::{
    AgentId, Batch, BatchBuilder, Decoded, Envelope, Epoch, Event, Fields, Origin, StreamId, Timestamp, View,
};
use watchpost_query::Query;
use watchpost_run::MemDisk;
use watchpost_store::{EmbeddedStore, LogStore, Opened, Row, SearchRequest, StoreError, StoreOptions, Summary};

/// 2026-11-20T00:00:00Z.
pub(crate) const DAY: i64 = 1_795_132_800_000_000_000;
pub(crate) const SECOND: i64 = 1_000_000_000;

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp(DAY + seconds * SECOND)
}

/// One stream of an agent.
pub(crate) struct Feed {
    pub(crate) origin: Arc<Origin>,
    pub(crate) position: u64,
}

impl Feed {
    pub(crate) fn new(agent: &str, stream: &str, fields: Fields) -> Self {
        let origin = Origin {
            agent: AgentId::new(agent).unwrap(),
            stream: StreamId::new(stream).unwrap(),
            epoch: Epoch(7),
            fields,
        };
        Self {
            origin: Arc::new(origin),
            position: 0,
        }
    }

    /// A batch of these events, which get positions that go on where the last batch ended.
    pub(crate) fn batch(&mut self, mut events: Vec<Event>, received: Timestamp) -> Arc<Decoded> {
        let from = self.position;
        for event in &mut events {
            self.position += 10;
            event.position = self.position;
        }
        self.batch_as_is(from, events, received)
    }

    /// A batch of events whose positions are set already.
    pub(crate) fn batch_as_is(&mut self, from: u64, events: Vec<Event>, received: Timestamp) -> Arc<Decoded> {
        let origin = &self.origin;
        let mut builder = BatchBuilder::new(origin.agent.clone(), origin.stream.clone(), origin.epoch, from);
        builder.set_fields(origin.fields.clone());
        builder.count_read(events.len() as u64, 100 * events.len() as u64);
        for event in &events {
            builder.push(event);
        }
        let to = events.last().map_or(from + 1, |event| event.position);
        self.position = to;
        let bytes = builder.finish(to).unwrap();
        let (batch, _) = Batch::read(&bytes).unwrap();
        Arc::new(Decoded {
            header: batch.header,
            origin: Arc::clone(origin),
            envelope: Envelope {
                received_at: received,
                ..Envelope::default()
            },
            events,
            rejected: Vec::new(),
            rejected_lines: 0,
        })
    }
}

/// The events of a batch, each with its origin.
pub(crate) fn known_of(batch: &Decoded) -> impl Iterator<Item = (Event, Arc<Origin>)> {
    batch
        .events
        .iter()
        .map(|event| (event.clone(), Arc::clone(&batch.origin)))
}

pub(crate) fn lines(texts: &[&str], first: Timestamp) -> Vec<Event> {
    (0..)
        .zip(texts)
        .map(|(at, text)| Event::new(first.plus(at * SECOND), 0, *text))
        .collect()
}

pub(crate) fn open(disk: &MemDisk, options: StoreOptions) -> Result<(EmbeddedStore, Opened), StoreError> {
    EmbeddedStore::open(Arc::new(disk.clone()), Path::new("/store"), options)
}

pub(crate) fn new_store(disk: &MemDisk) -> EmbeddedStore {
    open(disk, StoreOptions::default()).unwrap().0
}

pub(crate) fn query(text: &str) -> Query {
    watchpost_query::parse(text).unwrap()
}

pub(crate) fn request(text: &str) -> SearchRequest {
    SearchRequest::new(query(text), usize::MAX)
}

pub(crate) fn find(store: &EmbeddedStore, request: &SearchRequest) -> (Vec<Row>, Summary) {
    let mut rows = Vec::new();
    let summary = store
        .search(request, &mut |row| {
            rows.push(row);
            ControlFlow::Continue(())
        })
        .unwrap();
    (rows, summary)
}

/// Messages found, newest first; nothing may be damaged.
pub(crate) fn messages(store: &EmbeddedStore, text: &str) -> Vec<String> {
    let (rows, summary) = find(store, &request(text));
    assert_eq!(summary.damage, Vec::<String>::new());
    rows.into_iter().map(|row| row.event.message).collect()
}

/// Merges and expires until there is nothing left to do.
pub(crate) fn maintain_all(store: &EmbeddedStore, now: Timestamp) {
    while store.maintain(now).unwrap().more {}
}

/// What a row must be equal to: the event as everyone sees it.
pub(crate) fn shown(event: &Event, origin: &Origin) -> serde_json::Value {
    View { event, origin }.to_json()
}
