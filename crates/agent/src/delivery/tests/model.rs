//! A server that keeps the cursor rule, and sources that are read again when it asks.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use watchpost_event::batch::Limits;
use watchpost_event::cursor::Verdict;
use watchpost_event::protocol::{DataResponse, Outcome, StreamCursor, StreamReport, StreamsResponse};
use watchpost_event::{AgentId, Batch, BatchBuilder, Cursors, Decoded, Epoch, Skip, StreamId, StreamKey, Timestamp};
use watchpost_kit::Amount;
use watchpost_run::disk::MemDisk;

use crate::delivery::{Answer, Delivery, DeliveryError, Order, SpoolOptions};
use crate::source::Produced;

/// 2026-01-10T00:00:00Z
pub(super) const DAY_ONE: Timestamp = Timestamp(1_768_003_200_000_000_000);
pub(super) const DAY: i64 = 86_400_000_000_000;
/// Records of a batch.
const STEP: u64 = 5;

pub(super) fn small() -> SpoolOptions {
    SpoolOptions {
        max_bytes: 32 * 1024,
        segment_bytes: 4 * 1024,
        keep_free: Amount::Percent(0.0),
        body_bytes: 4 * 1024,
        ..SpoolOptions::default()
    }
}

pub(super) fn try_open(disk: &MemDisk, options: SpoolOptions) -> Result<Delivery, DeliveryError> {
    let agent = AgentId::new("a").expect("name");
    Delivery::open(Arc::new(disk.clone()), Path::new("/spool"), agent, options).map(|(delivery, _)| delivery)
}

pub(super) fn open(disk: &MemDisk, options: SpoolOptions) -> Delivery {
    try_open(disk, options).expect("opens")
}

/// One stream and how far it is read.
#[derive(Clone, Debug)]
pub(super) struct Feed {
    pub(super) key: StreamKey,
    pub(super) live: bool,
    pub(super) at: u64,
    pub(super) end: u64,
}

impl Feed {
    pub(super) fn new(stream: &str, live: bool, end: u64) -> Self {
        Self {
            key: StreamKey {
                agent: AgentId::new("a").expect("name"),
                stream: StreamId::new(stream).expect("name"),
                epoch: Epoch(1),
            },
            live,
            at: 0,
            end,
        }
    }

    pub(super) fn batch(&self, from: u64, to: u64) -> Produced {
        let mut batch = BatchBuilder::new(self.key.agent.clone(), self.key.stream.clone(), self.key.epoch, from);
        for position in from + 1..=to {
            // Bytes that do not compress, so that the spool fills.
            let noise = position.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17);
            batch.push_plain(
                DAY_ONE,
                position,
                &format!("{} {position} {noise:x}{:x}", self.key.stream, !noise),
            );
        }
        batch.count_read(to - from, to - from);
        Produced {
            key: self.key.clone(),
            batch: batch.finish(to).expect("encodes"),
            checkpoint: json!({ "position": to }),
            to,
            finished: false,
        }
    }

    /// Reads on until the end or until the spool takes no more; whether it got to the end.
    pub(super) fn read(&mut self, delivery: &mut Delivery, now: Timestamp) -> Result<bool, DeliveryError> {
        while self.at < self.end {
            let to = (self.at + STEP).min(self.end);
            let produced = self.batch(self.at, to);
            let taken = if self.live {
                delivery.take_live(&produced, now)
            } else {
                delivery.take(&produced, now)
            };
            match taken {
                Ok(()) => self.at = to,
                Err(DeliveryError::Full { .. }) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// What a restart goes on from.
    pub(super) fn resume(&mut self, delivery: &Delivery) {
        let known = delivery.checkpoints();
        let mark = known.iter().find(|(key, _)| key.stream == self.key.stream);
        self.at = mark.map_or(0, |(_, notes)| notes["position"].as_u64().unwrap_or(0));
        if let Some((key, _)) = mark {
            self.key.epoch = key.epoch;
        }
    }
}

#[derive(Clone, Default)]
pub(super) struct Server {
    cursors: Cursors,
    /// Stream and position of what arrived, in order.
    events: Vec<(String, u64)>,
    skips: Vec<(String, Skip)>,
}

impl Server {
    /// Judges a request.
    pub(super) fn handle(&mut self, body: &[u8]) -> DataResponse {
        let mut response = DataResponse::default();
        let mut rest = body;
        while !rest.is_empty() {
            let (batch, after) = Batch::read(rest).expect("reads");
            rest = after;
            let header = batch.header.clone();
            let key = StreamKey::of(&header);
            let outcome = match self.cursors.judge(&header) {
                Verdict::Accept { skip_to } => {
                    self.accept(&batch, skip_to.unwrap_or(0));
                    self.cursors.advance(&header, skip_to, 0, DAY_ONE);
                    Outcome::Stored
                }
                Verdict::Duplicate => Outcome::Duplicate,
                Verdict::Gap { .. } => Outcome::Cursor,
                Verdict::Conflict => Outcome::Conflict,
                Verdict::Ended => Outcome::Forgotten,
            };
            let said = StreamCursor {
                cursor: self.cursors.cursor(&key),
                stream: key.stream,
                epoch: key.epoch,
                outcome,
            };
            let same = |known: &&mut StreamCursor| known.stream == said.stream && known.epoch == said.epoch;
            match response.cursors.iter_mut().find(same) {
                Some(known) if !matches!(known.outcome, Outcome::Stored | Outcome::Duplicate) => {}
                Some(known) => *known = said,
                None => response.cursors.push(said),
            }
        }
        response
    }

    fn accept(&mut self, batch: &Batch<'_>, behind: u64) {
        let decoded = Decoded::from_bytes(batch.bytes, Limits::default()).expect("decodes");
        let stream = decoded.header.stream.to_string();
        let events = decoded.events.iter().filter(|event| event.position > behind);
        self.events.extend(events.map(|event| (stream.clone(), event.position)));
        let skips = decoded.header.skip.iter().filter(|skip| skip.to > behind);
        self.skips.extend(skips.map(|skip| (stream.clone(), skip.clone())));
    }

    pub(super) fn streams(&self) -> StreamsResponse {
        StreamsResponse {
            streams: self.cursors.iter().map(StreamReport::of).collect(),
        }
    }

    /// The positions of a stream that arrived, each once.
    pub(super) fn arrived(&self, stream: &str) -> BTreeSet<u64> {
        let of_stream = self.events.iter().filter(|(name, _)| name == stream);
        let mut seen = BTreeSet::new();
        for (_, position) in of_stream {
            assert!(seen.insert(*position), "{stream} {position} arrived twice");
        }
        seen
    }

    pub(super) fn skips_of(&self, stream: &str) -> Vec<Skip> {
        let of_stream = self.skips.iter().filter(|(name, _)| name == stream);
        of_stream.map(|(_, skip)| skip.clone()).collect()
    }

    /// Every position arrived, or lies in a declared hole; never both.
    pub(super) fn check(&self, stream: &str, end: u64) -> u64 {
        let arrived = self.arrived(stream);
        let skips = self.skips_of(stream);
        let mut missing = 0;
        for position in 1..=end {
            let declared = skips.iter().any(|skip| skip.from < position && position <= skip.to);
            assert_ne!(
                arrived.contains(&position),
                declared,
                "{stream} {position}: arrived and declared, or neither; {skips:?}"
            );
            missing += u64::from(declared);
        }
        missing
    }
}

/// What the collector and the uplink do, until nothing waits and everything is read.
pub(super) fn drive(delivery: &mut Delivery, server: &mut Server, feeds: &mut [Feed], now: Timestamp) {
    for round in 0..2000 {
        if round % 20 == 0 {
            delivery.learn_streams(&server.streams(), now).expect("learns");
        }
        obey(delivery, feeds, now);
        let mut done = true;
        for feed in feeds.iter_mut() {
            done &= feed.read(delivery, now).expect("reads");
        }
        if let Some(request) = delivery.next_request().expect("readable") {
            let answer = Answer::Judged(server.handle(&request.body));
            delivery.answered(&request, answer, now).expect("learns");
        } else if done && delivery.is_idle() && !delivery.has_orders() {
            return;
        }
    }
    panic!("it stands still: {:?}", delivery.status());
}

fn obey(delivery: &mut Delivery, feeds: &mut [Feed], now: Timestamp) {
    for order in delivery.orders() {
        match order {
            Order::Rewind { key, to } => match feeds.iter_mut().find(|feed| feed.key == key) {
                Some(feed) if !feed.live => feed.at = feed.at.min(to),
                found => {
                    let resumes_at = found.map(|feed| feed.at);
                    delivery.declare_gone(&key, resumes_at, now).expect("declares");
                }
            },
            Order::ChangeEpoch { key, epoch } => {
                let same = feeds.iter_mut().filter(|feed| feed.key == key);
                for feed in same {
                    feed.key.epoch = epoch;
                }
            }
        }
    }
}
