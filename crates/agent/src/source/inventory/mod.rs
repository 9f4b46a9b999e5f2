//! What is on the host: programs, services, scheduled tasks, what starts by itself, accounts, groups and open ports.
//!
//! The host is looked at at every start and every `interval`. The first time everything is told (`snapshot`), from then on
//! only what changed: each change once, over restarts too. What cannot be read is told as a notice, and stays as it was
//! known: nothing is removed because it could not be looked at.
//!
//! A thread looks and compares (`take.rs`), the source tells. Inventories lie in files, the stream's checkpoint says which
//! one was told (`keep.rs`). Start reading at [`InventorySource`], then `compare.rs`.

mod compare;
mod events;
#[cfg_attr(not(windows), allow(dead_code, reason = "Windows' own"))]
mod facts;
mod keep;
mod os;
mod row;
mod settings;
mod take;
#[cfg_attr(not(windows), allow(dead_code, reason = "Windows' own"))]
mod task;

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::{Value, json};
use watchpost_event::{Epoch, Fields, StreamKey, Timestamp};

use super::{
    Activity, CounterStream, Identity, InventoryNotice, Notice, Rewound, SendPolicy, Sink, Source, SourceError, Waker,
};
use compare::Change;
use take::{Job, Taken, Under};

pub use keep::Keep;
pub use os::this_host;
pub use row::{Kind, LIST_LIMIT, Look, ROWS_LIMIT, Row, Rows, TEXT_LIMIT};
pub use settings::{InventorySection, InventorySettings};

/// The stream's name.
const STREAM: &str = "inventory";
/// After something failed it is tried again this soon, when the interval is longer.
const RETRY_NANOS: i64 = 60_000_000_000;
/// While the thread is at work, it is asked for at least this often.
const ASK_NANOS: i64 = 1_000_000_000;
/// So many inventories that checkpoints name are kept.
const NAMED: usize = 4;

/// Where a source has its inventory from, and where it keeps it.
pub struct Surroundings {
    /// Looks at the host.
    pub look: Arc<dyn Look>,
    /// Keeps inventories.
    pub keep: Keep,
    /// Called when there is something to poll for.
    pub waker: Waker,
}

/// The source of stream `inventory`.
pub struct InventorySource {
    stream: CounterStream,
    around: Surroundings,
    interval: i64,
    /// Number of the inventory that was told; 0 before the first.
    base: u64,
    /// One whose changes were being told at the last stop, and how many of them were.
    resume: Option<(u64, u64)>,
    under: Option<Under>,
    telling: Option<Telling>,
    /// When the host is looked at again; `None` before the first time.
    due: Option<Timestamp>,
    looked_at: Timestamp,
    /// Inventories that checkpoints name: the newest of them may not be durable yet.
    named: VecDeque<u64>,
    /// What was told and still holds.
    told: Vec<Notice>,
    ends: bool,
}

/// What is being told.
struct Telling {
    next: u64,
    taken: Timestamp,
    told: u64,
    changes: VecDeque<Change>,
}

impl InventorySource {
    /// A source that goes on from `known` checkpoints. `draw` gives a random number.
    pub fn new(
        settings: &InventorySettings,
        identity: &Identity,
        policy: SendPolicy,
        known: &[(StreamKey, Value)],
        around: Surroundings,
        draw: impl FnOnce() -> u64,
    ) -> Result<Self, SourceError> {
        let stream = CounterStream::new(STREAM, identity, &Fields::new(), policy, known, draw)?;
        let notes = stream.notes();
        let base = notes["base"].as_u64().unwrap_or(0);
        let next = notes["next"].as_u64();
        let resume = next.map(|next| (next, notes["told"].as_u64().unwrap_or(0)));
        Ok(Self {
            stream,
            around,
            interval: i64::try_from(settings.interval.as_nanos()).unwrap_or(i64::MAX),
            base,
            resume,
            under: None,
            telling: None,
            due: None,
            looked_at: Timestamp(0),
            named: [base].into(),
            told: Vec::new(),
            ends: false,
        })
    }

    /// Has the thread begin what is due.
    fn begin(&mut self, now: Timestamp) -> Option<Notice> {
        // A clock that was set back must not stop the source.
        let waits = self.due.is_some_and(|due| now < due) && now >= self.looked_at;
        if self.under.is_some() || self.telling.is_some() || self.ends || waits {
            return None;
        }
        let base = self.base;
        let job = match self.resume {
            Some((next, _)) => Job::Resume { base, next },
            None => Job::Take { base, now },
        };
        self.looked_at = now;
        self.due = Some(now.plus(self.interval));
        let around = &self.around;
        match Under::begin(job, &around.keep, &around.look, &around.waker) {
            Ok(under) => {
                self.under = Some(under);
                None
            }
            Err(error) => Some(Notice::Inventory(InventoryNotice::Unread {
                kind: "anything",
                reason: error.to_string(),
            })),
        }
    }

    /// Takes what the thread has done.
    fn finish(&mut self, now: Timestamp) -> Vec<Notice> {
        let Some(mut taken) = self.under.as_ref().and_then(Under::done) else {
            return Vec::new();
        };
        let Some(Under { job, .. }) = self.under.take() else {
            return Vec::new();
        };
        if job.base() != self.base {
            // The server asked for everything meanwhile.
            self.due = Some(now);
            return Vec::new();
        }
        let skip = self.resume.take().map_or(0, |(_, told)| told);
        if taken.is_anew {
            self.base = 0;
        }
        if matches!(job, Job::Resume { .. }) {
            self.due = Some(now);
        } else if taken.next.is_none() && !taken.notices.is_empty() {
            self.due = Some(now.plus(self.interval.min(RETRY_NANOS)));
        }
        let notices = self.news(std::mem::take(&mut taken.notices));
        self.tell_from(taken, skip);
        notices
    }

    fn tell_from(&mut self, taken: Taken, skip: u64) {
        let Some(next) = taken.next else { return };
        let mut changes = taken.changes;
        changes.drain(..changes.len().min(skip as usize));
        self.telling = Some(Telling {
            next,
            taken: taken.at,
            told: skip,
            changes,
        });
    }

    /// Of what holds now, what was not told yet.
    fn news(&mut self, now: Vec<Notice>) -> Vec<Notice> {
        let news = now.iter().filter(|notice| !self.told.contains(notice)).cloned();
        let news = news.collect();
        self.told = now;
        news
    }

    /// Tells while there is room; true when there is more.
    fn tell(&mut self, now: Timestamp) -> bool {
        let Some(mut telling) = self.telling.take() else {
            return false;
        };
        let mut pushed = false;
        while self.stream.has_room()
            && let Some(change) = telling.changes.pop_front()
        {
            self.stream.push(events::event(&change, telling.taken), 0, now);
            telling.told += 1;
            pushed = true;
        }
        let (base, next) = (self.base, telling.next);
        if pushed {
            self.name(base);
            self.name(next);
        }
        if !telling.changes.is_empty() {
            if pushed {
                let notes = json!({ "v": 1, "base": base, "next": next, "told": telling.told });
                self.stream.set_notes(notes);
            }
            self.telling = Some(telling);
            return true;
        }
        self.base = next;
        if telling.told > 0 {
            self.stream.set_notes(json!({ "v": 1, "base": next }));
            self.around.keep.tidy(self.named.iter().min().copied().unwrap_or(0));
        } else if !self.named.contains(&base) {
            // Nothing but what can be read has changed: no checkpoint goes with that.
            self.around.keep.remove(base);
        }
        false
    }

    fn name(&mut self, number: u64) {
        if self.named.contains(&number) {
            return;
        }
        self.named.push_back(number);
        if self.named.len() > NAMED {
            self.named.pop_front();
        }
    }

    /// The server lost what it knew: everything is told again.
    fn begin_anew(&mut self) {
        self.base = 0;
        self.resume = None;
        self.telling = None;
        self.due = None;
        self.stream.set_notes(json!({ "v": 1, "base": 0 }));
    }
}

impl Source for InventorySource {
    fn poll(&mut self, now: Timestamp, sink: &mut dyn Sink) -> Result<Activity, SourceError> {
        let mut notices = self.finish(now);
        notices.extend(self.begin(now));
        let more = self.tell(now);
        let room = self.stream.hand_out(now, false, sink)?;
        let due = match (&self.under, self.due) {
            (None, Some(due)) => due,
            _ => now.plus(ASK_NANOS),
        };
        Ok(Activity {
            more: more && room,
            blocked: !room,
            next: self.stream.due().map_or(due, |stream| stream.min(due)).max(now),
            read_bytes: 0,
            notices,
        })
    }

    /// What was then is gone with the moment; what is now is told as a whole.
    fn rewind(&mut self, key: &StreamKey, _to: u64, _now: Timestamp) -> Rewound {
        if *key == self.stream.key() {
            self.begin_anew();
        }
        self.stream.cannot_go_back(key)
    }

    fn change_epoch(&mut self, key: &StreamKey, epoch: Epoch) {
        if *key == self.stream.key() {
            self.begin_anew();
        }
        self.stream.change_epoch(key, epoch);
    }

    fn ends(&mut self) {
        self.ends = true;
    }
}
