//! The reader `tail`: live events for whoever watches. It has no cursor: who cannot keep up loses events, and is told
//! how many.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use watchpost_kit::Clock;
use watchpost_ledger::LedgerPosition;
use watchpost_query::Query;
use watchpost_run::Shutdown;

use super::{Bus, Taken};
use crate::agents::AgentBoard;
use crate::intake::Committed;

/// Events waiting for one subscriber.
const QUEUE_EVENTS: usize = 1_000;
const SUBSCRIBERS_MAX: usize = 100;
const IDLE: Duration = Duration::from_secs(1);
/// Seconds that a subscriber's queue may stay full: whoever takes nothing for so long gives its place back.
const STUCK_SECONDS: u64 = 60;

/// What a subscriber is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TailItem {
    /// One event as JSON.
    Event(Bytes),
    /// So many events were left out because the subscriber was too slow.
    Shed(u64),
}

/// One who watches.
struct Subscriber {
    query: Query,
    queue: mpsc::Sender<Bytes>,
    shed: Arc<AtomicU64>,
    pace: Option<Pace>,
    /// The second since which nothing was taken from the full queue.
    full_since: Option<u64>,
}

/// So many events per second: a browser takes whatever it is sent, and freezes.
struct Pace {
    rate: u32,
    /// Which second it is, and how many events it had.
    second: u64,
    events: u32,
}

impl Pace {
    fn allows(&mut self, second: u64) -> bool {
        if self.second != second {
            (self.second, self.events) = (second, 0);
        }
        self.events += 1;
        self.events <= self.rate
    }
}

impl Subscriber {
    fn hand(&mut self, json: Bytes, second: u64) {
        let in_time = self.pace.as_mut().is_none_or(|pace| pace.allows(second));
        if in_time && self.queue.try_send(json).is_ok() {
            self.full_since = None;
            return;
        }
        self.shed.fetch_add(1, Ordering::Relaxed);
        if in_time {
            self.full_since.get_or_insert(second);
        }
    }

    fn is_here(&self, second: u64) -> bool {
        let is_stuck = self
            .full_since
            .is_some_and(|since| second.saturating_sub(since) > STUCK_SECONDS);
        !self.queue.is_closed() && !is_stuck
    }
}

/// The receiving end; dropping it ends the subscription.
pub(crate) struct Subscription {
    queue: mpsc::Receiver<Bytes>,
    shed: Arc<AtomicU64>,
    /// When the last ones left out were told: once a second is enough.
    told: Duration,
    clock: Arc<dyn Clock>,
}

impl Subscription {
    /// The next event, or how many were left out; `None` when the server ends. May be dropped and called again.
    pub(crate) async fn next(&mut self) -> Option<TailItem> {
        loop {
            let now = self.clock.monotonic();
            if now.saturating_sub(self.told) >= IDLE {
                let shed = self.shed.swap(0, Ordering::Relaxed);
                if shed > 0 {
                    self.told = now;
                    return Some(TailItem::Shed(shed));
                }
            }
            // Events that are left out wake nobody up.
            if let Ok(event) = tokio::time::timeout(IDLE, self.queue.recv()).await {
                return event.map(TailItem::Event);
            }
        }
    }
}

/// All who watch.
pub(crate) struct Tail {
    subscribers: Mutex<Vec<Subscriber>>,
    agents: Arc<AgentBoard>,
    clock: Arc<dyn Clock>,
}

impl Tail {
    /// Nobody watches yet. What passes by also tells on which hosts agents run.
    pub(crate) fn new(agents: Arc<AgentBoard>, clock: Arc<dyn Clock>) -> Self {
        Self {
            subscribers: Mutex::default(),
            agents,
            clock,
        }
    }

    fn subscribers(&self) -> MutexGuard<'_, Vec<Subscriber>> {
        self.subscribers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Subscribes to events that match, at most so many per second; `None` when there are too many subscribers already.
    pub(crate) fn subscribe(&self, query: Query, rate: Option<NonZeroU32>) -> Option<Subscription> {
        let mut subscribers = self.subscribers();
        let second = self.clock.monotonic().as_secs();
        subscribers.retain(|subscriber| subscriber.is_here(second));
        if subscribers.len() >= SUBSCRIBERS_MAX {
            return None;
        }
        let (sender, queue) = mpsc::channel(QUEUE_EVENTS);
        let shed = Arc::new(AtomicU64::new(0));
        subscribers.push(Subscriber {
            query,
            queue: sender,
            shed: shed.clone(),
            pace: rate.map(|rate| Pace {
                rate: rate.get(),
                second: 0,
                events: 0,
            }),
            full_since: None,
        });
        Some(Subscription {
            queue,
            shed,
            told: Duration::ZERO,
            clock: self.clock.clone(),
        })
    }

    /// Reads until shutdown, on a thread of its own.
    pub(crate) fn run(&self, bus: &Bus, shutdown: &Shutdown) {
        let mut at = bus.end();
        while !shutdown.is_triggered() {
            match bus.take(at, IDLE) {
                Taken::Nothing => {}
                Taken::Batches(batches) => {
                    at = batches.last().map_or(at, |last| last.next);
                    self.hand_out(&batches);
                }
                Taken::Behind => at = self.skip(bus),
            }
        }
        self.subscribers().clear();
    }

    /// Too slow for the ring: nobody knows how many events that were, so one is declared.
    fn skip(&self, bus: &Bus) -> LedgerPosition {
        for subscriber in &*self.subscribers() {
            subscriber.shed.fetch_add(1, Ordering::Relaxed);
        }
        bus.end()
    }

    fn hand_out(&self, batches: &[Committed]) {
        for committed in batches {
            self.agents.note_host(&committed.batch.origin);
        }
        let mut subscribers = self.subscribers();
        let second = self.clock.monotonic().as_secs();
        subscribers.retain(|subscriber| subscriber.is_here(second));
        if subscribers.is_empty() {
            return;
        }
        for view in batches.iter().flat_map(|committed| committed.batch.views()) {
            let mut json: Option<Bytes> = None;
            for subscriber in &mut *subscribers {
                if subscriber.query.matches(&view) {
                    let json = json.get_or_insert_with(|| Bytes::from(view.to_json_text()));
                    subscriber.hand(json.clone(), second);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use watchpost_event::batch::Limits;
    use watchpost_event::{AgentId, BatchBuilder, Decoded, Epoch, StreamId, Timestamp};
    use watchpost_kit::ManualClock;

    use super::*;

    fn committed(events: u64) -> Committed {
        let (agent, stream) = (AgentId::new("a").unwrap(), StreamId::new("s").unwrap());
        let mut batch = BatchBuilder::new(agent, stream, Epoch(1), 0);
        for position in 1..=events {
            batch.push_plain(Timestamp(0), position, "x");
        }
        Committed {
            position: LedgerPosition(0),
            next: LedgerPosition(10),
            batch: Arc::new(Decoded::from_bytes(&batch.finish(events).unwrap(), Limits::default()).unwrap()),
        }
    }

    #[tokio::test]
    async fn who_takes_nothing_for_a_minute_gives_the_place_back() {
        let clock = Arc::new(ManualClock::new(0));
        let tail = Tail::new(Arc::default(), clock.clone());
        let mut idle = tail.subscribe(Query::all(), None).unwrap();
        let mut busy = tail.subscribe(Query::all(), None).unwrap();
        let flood = [committed(QUEUE_EVENTS as u64 + 1)];
        for _ in 0..3 {
            tail.hand_out(&flood);
            let mut taken = 0;
            while taken < QUEUE_EVENTS {
                taken += usize::from(matches!(busy.next().await, Some(TailItem::Event(_))));
            }
            clock.advance(Duration::from_secs(STUCK_SECONDS / 2 + 1));
        }
        assert_eq!(tail.subscribers().len(), 1, "only the one who reads");
        // What was in the queue is still theirs, and then it ends.
        let mut left = 0;
        while let Some(item) = idle.next().await {
            left += usize::from(matches!(item, TailItem::Event(_)));
        }
        assert_eq!(left, QUEUE_EVENTS);
    }
}
