//! The reader `tail`: live events for whoever watches. It has no cursor: who cannot keep up loses events, and is told
//! how many.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use watchpost_ledger::LedgerPosition;
use watchpost_query::Query;
use watchpost_run::Shutdown;

use super::{Bus, Taken};
use crate::intake::Committed;

/// Events waiting for one subscriber.
const QUEUE_EVENTS: usize = 1_000;
const SUBSCRIBERS_MAX: usize = 100;
const IDLE: Duration = Duration::from_secs(1);

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
}

/// The receiving end; dropping it ends the subscription.
pub(crate) struct Subscription {
    queue: mpsc::Receiver<Bytes>,
    shed: Arc<AtomicU64>,
}

impl Subscription {
    /// The next event, or how many were left out; `None` when the server ends. May be dropped and called again.
    pub(crate) async fn next(&mut self) -> Option<TailItem> {
        match self.shed.swap(0, Ordering::Relaxed) {
            0 => self.queue.recv().await.map(TailItem::Event),
            shed => Some(TailItem::Shed(shed)),
        }
    }
}

/// All who watch.
#[derive(Default)]
pub(crate) struct Tail {
    subscribers: Mutex<Vec<Subscriber>>,
}

impl Tail {
    fn subscribers(&self) -> MutexGuard<'_, Vec<Subscriber>> {
        self.subscribers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Subscribes to events that match; `None` when there are too many subscribers already.
    pub(crate) fn subscribe(&self, query: Query) -> Option<Subscription> {
        let mut subscribers = self.subscribers();
        subscribers.retain(|subscriber| !subscriber.queue.is_closed());
        if subscribers.len() >= SUBSCRIBERS_MAX {
            return None;
        }
        let (sender, queue) = mpsc::channel(QUEUE_EVENTS);
        let shed = Arc::new(AtomicU64::new(0));
        subscribers.push(Subscriber {
            query,
            queue: sender,
            shed: shed.clone(),
        });
        Some(Subscription { queue, shed })
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
        let mut subscribers = self.subscribers();
        subscribers.retain(|subscriber| !subscriber.queue.is_closed());
        if subscribers.is_empty() {
            return;
        }
        for view in batches.iter().flat_map(|committed| committed.batch.views()) {
            let mut json: Option<Bytes> = None;
            for subscriber in &*subscribers {
                if !subscriber.query.matches(&view) {
                    continue;
                }
                let json = json.get_or_insert_with(|| Bytes::from(view.to_json().to_string()));
                if subscriber.queue.try_send(json.clone()).is_err() {
                    subscriber.shed.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }
}
