//! What the collector (sources → spool) and the uplink (spool → server) share.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use watchpost_event::{AgentId, Timestamp};

use crate::delivery::{Backlog, Delivery, DeliveryError};
use crate::health::Seen;
use crate::status::{AgentStatus, SourceStatus, UplinkStatus};
use watchpost_kit::chain;

/// Delivery behind a lock, and the bells both sides ring.
pub(crate) struct Shared {
    delivery: Mutex<Delivery>,
    /// Rung when the spool has something new to send.
    work: Notify,
    /// The collector has read everything it will read.
    done: AtomicBool,
    /// Set when the disk failed under the spool: the collector goes back to what is durable.
    broken: AtomicBool,
    /// Rung when sources have orders to obey.
    orders: (Mutex<bool>, std::sync::Condvar),
    trouble: Mutex<Option<String>>,
    /// Why the spool takes nothing, while sources wait for it.
    stalled: Mutex<Option<String>>,
    /// What waits is to be sent, whatever the schedule says.
    send_now: AtomicBool,
    /// By name; as many as the configuration has.
    sources: Mutex<BTreeMap<String, SourceStatus>>,
    uplink: Mutex<UplinkStatus>,
    /// What is told to the server of all this.
    pub(crate) seen: Seen,
}

impl Shared {
    pub(crate) fn new(delivery: Delivery) -> Self {
        Self {
            delivery: Mutex::new(delivery),
            work: Notify::new(),
            done: AtomicBool::new(false),
            broken: AtomicBool::new(false),
            orders: (Mutex::new(false), std::sync::Condvar::new()),
            trouble: Mutex::new(None),
            stalled: Mutex::new(None),
            send_now: AtomicBool::new(false),
            sources: Mutex::default(),
            uplink: Mutex::default(),
            seen: Seen::default(),
        }
    }

    /// Asks the uplink to send what waits.
    pub(crate) fn ask_to_send(&self) {
        self.send_now.store(true, Ordering::SeqCst);
        self.ring_work();
    }

    /// Whether that was asked; told once.
    pub(crate) fn take_send_now(&self) -> bool {
        self.send_now.swap(false, Ordering::SeqCst)
    }

    /// What a poll of a source came to.
    pub(crate) fn note_source(&self, name: &str, mut status: SourceStatus) {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        match sources.get_mut(name) {
            Some(known) => {
                status.last_read = status.last_read.or(known.last_read);
                *known = status;
            }
            None => {
                sources.insert(name.to_owned(), status);
            }
        }
    }

    pub(crate) fn note_uplink(&self, note: impl FnOnce(&mut UplinkStatus)) {
        note(&mut self.uplink.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Everything there is to say of the agent now.
    pub(crate) fn status(&self, agent: &AgentId, now: Timestamp) -> AgentStatus {
        let mut uplink = self.uplink.lock().unwrap_or_else(PoisonError::into_inner).clone();
        uplink.trouble = self.trouble();
        let sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (spool, streams) = self.lock().status();
        AgentStatus {
            agent: agent.clone(),
            at: now,
            uplink,
            spool,
            streams,
            sources,
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Delivery> {
        self.delivery.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The spool takes nothing more: said once.
    pub(crate) fn stalls(&self, why: &DeliveryError) {
        let mut stalled = self.stalled.lock().unwrap_or_else(PoisonError::into_inner);
        if stalled.replace(why.to_string()).is_none() {
            tracing::warn!("Reading waits for room in the spool: {why}");
        }
    }

    /// It takes something again.
    pub(crate) fn flows(&self) {
        let mut stalled = self.stalled.lock().unwrap_or_else(PoisonError::into_inner);
        if stalled.take().is_some() {
            tracing::info!("There is room in the spool again: reading goes on");
        }
    }

    /// Why the spool takes nothing, if it does not.
    pub(crate) fn stalled(&self) -> Option<String> {
        self.stalled.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Does something with the delivery; an error is logged, remembered, and makes the collector recover.
    pub(crate) fn with_delivery<T>(&self, act: impl FnOnce(&mut Delivery) -> Result<T, DeliveryError>) -> Option<T> {
        let mut delivery = self.lock();
        match act(&mut delivery) {
            Ok(value) => Some(value),
            Err(error) => {
                let broken = delivery.needs_recovery();
                drop(delivery);
                tracing::error!(error = chain(&error), "the spool failed");
                self.set_trouble(Some(chain(&error)));
                if broken {
                    self.broken.store(true, Ordering::SeqCst);
                    self.wake_collector();
                }
                None
            }
        }
    }

    /// Whether the collector has to recover; asked once per failure.
    pub(crate) fn take_broken(&self) -> bool {
        self.broken.swap(false, Ordering::SeqCst)
    }

    pub(crate) fn mark_broken(&self) {
        self.broken.store(true, Ordering::SeqCst);
    }

    pub(crate) fn ring_work(&self) {
        self.work.notify_one();
    }

    pub(crate) async fn work_waits(&self) {
        self.work.notified().await;
    }

    pub(crate) fn wake_collector_for_orders(&self) {
        if self.lock().has_orders() {
            self.wake_collector();
        }
    }

    pub(crate) fn wake_collector(&self) {
        let (flag, bell) = &self.orders;
        *flag.lock().unwrap_or_else(PoisonError::into_inner) = true;
        bell.notify_all();
    }

    /// Waits until woken or until the time is over.
    pub(crate) fn collector_waits(&self, at_most: std::time::Duration) {
        let (flag, bell) = &self.orders;
        let guard = flag.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = bell.wait_timeout_while(guard, at_most, |woken| !*woken);
        *waited.unwrap_or_else(PoisonError::into_inner).0 = false;
    }

    pub(crate) fn set_collector_done(&self) {
        self.done.store(true, Ordering::SeqCst);
        self.ring_work();
    }

    pub(crate) fn collector_is_done(&self) -> bool {
        self.done.load(Ordering::SeqCst)
    }

    pub(crate) fn set_trouble(&self, trouble: Option<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    pub(crate) fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn backlog(&self) -> Backlog {
        self.lock().backlog()
    }
}
