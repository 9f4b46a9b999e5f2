//! Changes of something that is looked at again and again: each told once, whatever happens to the agent.
//!
//! A thread looks and compares with the look before (`take.rs`), the source tells. Looks lie in files, the stream's
//! checkpoint says which one was told (`keep.rs`). What is looked at is a [`Subject`]: the inventory, watched files. Start
//! reading at [`SnapshotSource`].

mod keep;
mod subject;
mod take;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use watchpost_event::{Epoch, StreamKey, Timestamp};

use super::{Activity, CounterStream, Identity, Notice, Rewound, SendPolicy, Sink, Source, SourceError, Waker};
use take::{Job, Taken, Under};

pub use keep::Keep;
pub(super) use subject::{Failure, Looking, Subject};

/// After something failed it is tried again this soon, when the interval is longer.
const RETRY_NANOS: i64 = 60_000_000_000;
/// While the thread is at work, it is asked for at least this often.
const ASK_NANOS: i64 = 1_000_000_000;
/// What was heard of is looked at so much later, so that what comes together is looked at together.
const SETTLE_NANOS: i64 = 300_000_000;
/// Notices that are remembered between two looks at everything.
const NOTICES_LIMIT: usize = 1_000;
/// So many looks that checkpoints name are kept.
const NAMED: usize = 4;

/// The source of a subject's stream.
pub struct SnapshotSource<S: Subject> {
    stream: CounterStream,
    subject: Arc<S>,
    keep: Keep,
    waker: Waker,
    interval: i64,
    /// Number of the look that was told; 0 before the first.
    base: u64,
    /// One whose changes were being told at the last stop, and how many of them were.
    resume: Option<(u64, u64)>,
    under: Option<Under<S>>,
    telling: Option<Telling<S::Change>>,
    /// When everything is looked at again; `None` before the first time.
    due: Option<Timestamp>,
    looked_at: Timestamp,
    /// When the last look ended.
    ended_at: Timestamp,
    /// Since when something that was heard of is to be looked at.
    stirred_at: Option<Timestamp>,
    /// Looks that checkpoints name: the newest of them may not be durable yet.
    named: VecDeque<u64>,
    /// What was told and still holds.
    told: Vec<Notice>,
    ends: bool,
}

/// What is being told.
struct Telling<C> {
    next: u64,
    taken: Timestamp,
    told: u64,
    changes: VecDeque<C>,
}

impl<S: Subject> SnapshotSource<S> {
    /// A source that goes on from `known` checkpoints. `draw` gives a random number.
    pub fn of(
        subject: Arc<S>,
        interval: Duration,
        (identity, policy): (&Identity, SendPolicy),
        known: &[(StreamKey, Value)],
        (keep, waker): (Keep, Waker),
        draw: impl FnOnce() -> u64,
    ) -> Result<Self, SourceError> {
        let stream = CounterStream::new(S::STREAM, identity, &subject.fields(), policy, known, draw)?;
        let notes = stream.notes();
        let base = notes["base"].as_u64().unwrap_or(0);
        let next = notes["next"].as_u64();
        let resume = next.map(|next| (next, notes["told"].as_u64().unwrap_or(0)));
        Ok(Self {
            stream,
            subject,
            keep,
            waker,
            interval: i64::try_from(interval.as_nanos()).unwrap_or(i64::MAX),
            base,
            resume,
            under: None,
            telling: None,
            due: None,
            looked_at: Timestamp(0),
            ended_at: Timestamp(0),
            stirred_at: None,
            named: [base].into(),
            told: Vec::new(),
            ends: false,
        })
    }

    /// Has the thread begin what is due.
    fn begin(&mut self, now: Timestamp) -> Vec<Notice> {
        // A clock that was set back must not stop the source.
        let waits = self.due.is_some_and(|due| now < due) && now >= self.looked_at;
        let soon = self.soon(now);
        let waits = waits && soon.is_none_or(|soon| now < soon);
        if self.under.is_some() || self.telling.is_some() || self.ends || waits {
            return Vec::new();
        }
        let base = self.base;
        let whole = self.due.is_none_or(|due| now >= due) || now < self.looked_at;
        let job = match self.resume {
            Some((next, _)) => Job::Resume { base, next },
            None => Job::Take { base, whole, now },
        };
        self.looked_at = now;
        if whole {
            self.due = Some(now.plus(self.interval));
        }
        self.stirred_at = None;
        match Under::begin(job, &self.keep, &self.subject, &self.waker) {
            Ok(under) => {
                self.under = Some(under);
                Vec::new()
            }
            Err(error) => S::notices_of(Failure::Ended {
                reason: error.to_string(),
            }),
        }
    }

    /// When what was heard of is looked at.
    fn soon(&mut self, now: Timestamp) -> Option<Timestamp> {
        let rest = self.subject.stirred()?;
        let since = *self.stirred_at.get_or_insert(now);
        Some(since.plus(SETTLE_NANOS).max(self.ended_at.plus(rest)))
    }

    /// Takes what the thread has done.
    fn finish(&mut self, now: Timestamp) -> Vec<Notice> {
        let Some(mut taken) = self.under.as_ref().and_then(Under::done) else {
            return Vec::new();
        };
        let Some(under) = self.under.take() else {
            return Vec::new();
        };
        let job = under.job;
        self.ended_at = now;
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
        } else if taken.next.is_none() && taken.is_failed {
            self.due = Some(now.plus(self.interval.min(RETRY_NANOS)));
        }
        let notices = self.news(std::mem::take(&mut taken.notices), job.is_whole());
        self.tell_from(taken, skip);
        notices
    }

    fn tell_from(&mut self, taken: Taken<S::Change>, skip: u64) {
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

    /// Of what holds now, what was not told yet. Only a look at everything shows what holds no longer.
    fn news(&mut self, now: Vec<Notice>, whole: bool) -> Vec<Notice> {
        let news = now.iter().filter(|notice| !self.told.contains(notice)).cloned();
        let news: Vec<Notice> = news.collect();
        if whole {
            self.told = now;
        } else {
            self.told.extend(news.iter().cloned());
            self.told.truncate(NOTICES_LIMIT);
        }
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
            self.stream.push(S::event(&change, telling.taken), 0, now);
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
            self.keep.tidy(self.named.iter().min().copied().unwrap_or(0));
        } else if !self.named.contains(&base) {
            // Nothing but what can be read has changed: no checkpoint goes with that.
            self.keep.remove(base);
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

impl<S: Subject> Source for SnapshotSource<S> {
    fn poll(&mut self, now: Timestamp, sink: &mut dyn Sink) -> Result<Activity, SourceError> {
        let mut notices = self.finish(now);
        notices.extend(self.begin(now));
        let more = self.tell(now);
        let room = self.stream.hand_out(now, false, sink)?;
        let due = match (&self.under, self.due) {
            (None, Some(due)) => self.soon(now).map_or(due, |soon| soon.min(due)),
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
