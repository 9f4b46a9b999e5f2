//! What the agent has to say about its own work, as events: a log line on the host is not seen where people look.

use std::collections::VecDeque;
use std::path::Path;

use serde_json::Value;
use watchpost_event::{Epoch, Event, Fields, Severity, StreamKey, Timestamp, names};

use super::{
    Activity, CounterStream, EventLogNotice, Identity, IntegrityNotice, InventoryNotice, Notice, Rewound, SendPolicy,
    Sink, Source, SourceError,
};

/// The stream's name, and the product of its events for rules.
const STREAM: &str = "watchpost";
/// Events that wait for room at most; what comes then is declared as lost.
const WAITING_LIMIT: usize = 1000;
/// Reason of a hole.
const QUEUE_FULL: &str = "queue-full";

/// Turns notices of other sources into events of stream `watchpost`.
pub struct OwnSource {
    stream: CounterStream,
    waiting: VecDeque<Event>,
    lost: u64,
}

impl OwnSource {
    /// A source that goes on from `known` checkpoints. `draw` gives a random number.
    pub fn new(
        identity: &Identity,
        policy: SendPolicy,
        known: &[(StreamKey, Value)],
        draw: impl FnOnce() -> u64,
    ) -> Result<Self, SourceError> {
        let fields: Fields = [(names::LOGSOURCE_PRODUCT, Value::from(STREAM))].into_iter().collect();
        Ok(Self {
            stream: CounterStream::new(STREAM, identity, &fields, policy, known, draw)?,
            waiting: VecDeque::new(),
            lost: 0,
        })
    }
}

impl Source for OwnSource {
    fn poll(&mut self, now: Timestamp, sink: &mut dyn Sink) -> Result<Activity, SourceError> {
        while self.stream.has_room() {
            let Some(event) = self.waiting.pop_front() else { break };
            self.stream.push(event, 0, now);
        }
        if self.waiting.is_empty() {
            self.stream.lose(std::mem::take(&mut self.lost), QUEUE_FULL, now);
        }
        let room = self.stream.hand_out(now, false, sink)?;
        Ok(Activity {
            more: room && !self.waiting.is_empty(),
            blocked: !room,
            next: self.stream.due().unwrap_or(Timestamp(i64::MAX)).max(now),
            read_bytes: 0,
            notices: Vec::new(),
        })
    }

    /// What was said is gone with the moment.
    fn rewind(&mut self, key: &StreamKey, _to: u64, _now: Timestamp) -> Rewound {
        self.stream.cannot_go_back(key)
    }

    fn change_epoch(&mut self, key: &StreamKey, epoch: Epoch) {
        self.stream.change_epoch(key, epoch);
    }

    fn tell(&mut self, notices: &[Notice], now: Timestamp) {
        for event in notices.iter().filter_map(|notice| event_of(notice, now)) {
            if self.waiting.len() < WAITING_LIMIT {
                self.waiting.push_back(event);
            } else {
                self.lost += 1;
            }
        }
    }
}

/// A notice as an event; `None` for those that concern the host's owner only.
fn event_of(notice: &Notice, now: Timestamp) -> Option<Event> {
    let event = |action: &str| {
        Event::new(now, 0, notice.to_string())
            .with(names::EVENT_KIND, "event")
            .with(names::EVENT_ACTION, action)
            .with(names::LOG_LEVEL, "warning")
            .with(names::EVENT_SEVERITY, Severity::Warning.number())
    };
    let of_file = |action: &str, path: &Path| event(action).with("file.path", path.to_string_lossy().into_owned());
    Some(match notice {
        Notice::FileTooLarge { path, size, limit } => of_file("file-too-large", path)
            .with("file.size", *size)
            .with("watchpost.limit", *limit),
        Notice::Unreadable { path, .. } => of_file("file-unreadable", path),
        Notice::TooManyFiles { limit } => event("too-many-files").with("watchpost.limit", *limit as u64),
        Notice::RotatedClosed { path } => of_file("rotated-file-closed", path),
        Notice::PackedIncomplete { path, position, .. } => {
            of_file("file-incomplete", path).with("watchpost.content_bytes", *position)
        }
        Notice::Gone { path, position } => of_file("file-gone", path).with("watchpost.content_bytes", *position),
        Notice::Inventory(InventoryNotice::Unread { kind, .. }) => {
            event("inventory-unread").with("watchpost.inventory.kind", *kind)
        }
        Notice::Inventory(InventoryNotice::TooLong { kind, limit }) => event("inventory-too-long")
            .with("watchpost.inventory.kind", *kind)
            .with("watchpost.limit", *limit as u64),
        Notice::Inventory(InventoryNotice::Damaged { path, .. }) => of_file("inventory-damaged", path),
        Notice::Inventory(InventoryNotice::NotKept { path, .. }) => of_file("inventory-not-kept", path),
        Notice::EventLog(notice) => of_event_log(notice, &event),
        Notice::Integrity(notice) => of_integrity(notice, &event),
        _ => return None,
    })
}

fn of_integrity(notice: &IntegrityNotice, event: &dyn Fn(&str) -> Event) -> Event {
    let of_file = |action: &str, path: &Path| event(action).with("file.path", path.to_string_lossy().into_owned());
    match notice {
        IntegrityNotice::Unread { path, .. } => of_file("integrity-unread", path),
        IntegrityNotice::Missing { path } => of_file("integrity-missing", path),
        IntegrityNotice::Unsteady { path } => of_file("integrity-unsteady", path),
        IntegrityNotice::TooMany { limit } => event("integrity-too-many").with("watchpost.limit", *limit as u64),
        IntegrityNotice::TooMuch { limit } => event("integrity-too-much").with("watchpost.limit", *limit),
        IntegrityNotice::Damaged { path, .. } => of_file("integrity-damaged", path),
        IntegrityNotice::NotKept { path, .. } => of_file("integrity-not-kept", path),
        IntegrityNotice::Failed { .. } => event("integrity-failed"),
    }
}

fn of_event_log(notice: &EventLogNotice, event: &dyn Fn(&str) -> Event) -> Event {
    let of_channel = |action: &str, channel: &str| event(action).with("winlog.channel", channel);
    match notice {
        EventLogNotice::Unreadable { channel, .. } => of_channel("event-log-unreadable", channel),
        EventLogNotice::Restarted { channel } => of_channel("event-log-restarted", channel),
        EventLogNotice::Missed { channel, records } => {
            of_channel("event-log-missed", channel).with("watchpost.records", *records)
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use watchpost_event::batch::Limits;
    use watchpost_event::{AgentId, Decoded};

    use super::*;
    use crate::source::{Produced, SinkFull};

    #[derive(Default)]
    struct Taken(Vec<Produced>);

    impl Sink for Taken {
        fn take(&mut self, produced: &Produced) -> Result<(), SinkFull> {
            self.0.push(produced.clone());
            Ok(())
        }
    }

    #[test]
    fn a_file_that_is_too_large_becomes_an_event_with_its_numbers() {
        let identity = Identity {
            agent: AgentId::new("web-1").unwrap(),
            fields: Fields::new(),
        };
        let mut source = OwnSource::new(&identity, SendPolicy::default(), &[], || 7).unwrap();
        let notice = Notice::FileTooLarge {
            path: "/srv/app.log".into(),
            size: 5_000_000_000,
            limit: 4_000_000_000,
        };
        let mut sink = Taken::default();
        let now = Timestamp(1_763_678_467_000_000_000);
        source.tell(&[notice], now);
        source.poll(now, &mut sink).unwrap();
        assert!(sink.0.is_empty(), "batches gather for the interval");
        source.poll(now.plus(1_000_000_000), &mut sink).unwrap();
        let decoded = Decoded::from_bytes(&sink.0[0].batch, Limits::default()).unwrap();
        let fields = &decoded.events[0].fields;
        assert_eq!(decoded.header.stream.as_str(), "watchpost");
        assert_eq!(fields.text(names::EVENT_ACTION), Some("file-too-large"));
        assert_eq!(fields.text("file.path"), Some("/srv/app.log"));
        assert_eq!(fields.get("file.size"), Some(&5_000_000_000_u64.into()));
        assert!(decoded.events[0].message.contains("max_file"));
    }

    #[test]
    fn what_finds_no_room_is_declared() {
        let identity = Identity {
            agent: AgentId::new("web-1").unwrap(),
            fields: Fields::new(),
        };
        let mut source = OwnSource::new(&identity, SendPolicy::default(), &[], || 7).unwrap();
        let many = vec![Notice::TooManyFiles { limit: 4096 }; WAITING_LIMIT + 5];
        let mut sink = Taken::default();
        source.tell(&many, Timestamp(0));
        for second in 0..3 {
            source.poll(Timestamp(second * 1_000_000_000), &mut sink).unwrap();
        }
        let last = Decoded::from_bytes(&sink.0.last().unwrap().batch, Limits::default()).unwrap();
        assert_eq!(last.header.skip[0].records, 5);
        assert_eq!(last.header.to, WAITING_LIMIT as u64 + 5);
    }
}
