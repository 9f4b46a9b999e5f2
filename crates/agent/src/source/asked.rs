//! What commands of the server came to, as stream `commands`.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use watchpost_event::{Epoch, Fields, StreamKey, Timestamp, names};

use super::{Activity, CounterStream, Identity, Rewound, SendPolicy, Sink, Source, SourceError};
use crate::asked::Desk;

const STREAM: &str = "commands";
/// The product of its events for rules.
const PRODUCT: &str = "watchpost";
/// Somebody waits for the answer.
const INTERVAL: Duration = Duration::from_millis(50);

/// The source. It waits when the spool is full: what was hashed can wait, too.
pub(crate) struct AskedSource {
    stream: CounterStream,
    desk: Arc<Desk>,
    /// Where the last event of a command stands, and its number.
    ends: VecDeque<(u64, u64)>,
}

impl AskedSource {
    /// A source that goes on from `known` checkpoints. `draw` gives a random number.
    pub(crate) fn new(
        desk: Arc<Desk>,
        identity: &Identity,
        policy: SendPolicy,
        known: &[(StreamKey, Value)],
        draw: impl FnOnce() -> u64,
    ) -> Result<Self, SourceError> {
        let mut fields = Fields::new();
        fields.set(names::LOGSOURCE_PRODUCT, PRODUCT);
        fields.set(names::LOGSOURCE_SERVICE, STREAM);
        let policy = SendPolicy {
            interval: policy.interval.min(INTERVAL),
            ..policy
        };
        let stream = CounterStream::new(STREAM, identity, &fields, policy, known, draw)?;
        let told = stream.notes()["told"].as_array().cloned().unwrap_or_default();
        desk.begin(told.iter().filter_map(Value::as_u64).collect());
        Ok(Self {
            stream,
            desk,
            ends: VecDeque::new(),
        })
    }
}

impl Source for AskedSource {
    fn poll(&mut self, now: Timestamp, sink: &mut dyn Sink) -> Result<Activity, SourceError> {
        let mut more = false;
        while self.stream.has_room() {
            let report = self.desk.next_report();
            more = report.is_some();
            let Some(report) = report else { break };
            self.stream.push(report.event, 0, now);
            if report.last {
                self.ends.push_back((self.stream.position(), report.id));
                let told = self.desk.note_told(report.id);
                self.stream.set_notes(json!({ "told": told }));
            }
        }
        let room = self.stream.hand_out(now, false, sink)?;
        let taken = self.stream.taken();
        let ready = self.ends.iter().take_while(|(position, _)| *position <= taken).count();
        if ready > 0 {
            self.desk.are_told(self.ends.drain(..ready).map(|(_, id)| id));
        }
        Ok(Activity {
            more: more && room,
            blocked: !room,
            next: self.stream.due().unwrap_or(Timestamp(i64::MAX)).max(now),
            read_bytes: 0,
            notices: Vec::new(),
        })
    }

    /// What was told is gone with the moment.
    fn rewind(&mut self, key: &StreamKey, _to: u64, _now: Timestamp) -> Rewound {
        self.stream.cannot_go_back(key)
    }

    fn change_epoch(&mut self, key: &StreamKey, epoch: Epoch) {
        self.stream.change_epoch(key, epoch);
    }
}
