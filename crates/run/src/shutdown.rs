//! One signal that everything must end, for threads and for tokio tasks alike.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

/// A token that is triggered once and stays so; clones share it.
#[derive(Clone, Debug)]
pub struct Shutdown {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    triggered: Mutex<bool>,
    changed: Condvar,
    tasks: watch::Sender<bool>,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::new()
    }
}

impl Shutdown {
    /// A token that is not triggered.
    pub fn new() -> Self {
        Self {
            inner: Arc::new(Inner {
                triggered: Mutex::new(false),
                changed: Condvar::new(),
                tasks: watch::Sender::new(false),
            }),
        }
    }

    /// Tells everyone to end. Again does nothing.
    pub fn trigger(&self) {
        let mut triggered = self.inner.triggered.lock().unwrap_or_else(PoisonError::into_inner);
        *triggered = true;
        self.inner.changed.notify_all();
        self.inner.tasks.send_replace(true);
    }

    /// Whether it is time to end.
    pub fn is_triggered(&self) -> bool {
        *self.inner.tasks.borrow()
    }

    /// Sleeps for `timeout`, or less when triggered; true when triggered. For threads.
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        let triggered = self.inner.triggered.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .inner
            .changed
            .wait_timeout_while(triggered, timeout, |triggered| !*triggered);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Sleeps until triggered. For threads.
    pub fn wait_blocking(&self) {
        while !self.wait_timeout(Duration::from_hours(1)) {}
    }

    /// Sleeps until triggered. For tasks; may be dropped and called again (`select!`).
    pub async fn wait(&self) {
        // The sender lives in `self`, so the channel cannot close while we wait.
        let _ = self.inner.tasks.subscribe().wait_for(|triggered| *triggered).await;
    }
}
