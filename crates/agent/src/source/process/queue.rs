//! The way from the watching thread to the source: bounded, and what does not fit is counted where it is missing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use super::record::Record;
use crate::source::Waker;

/// Records waiting at most.
const RECORDS: usize = 16_384;
/// And bytes, since command lines may be long.
const BYTES: usize = 32 << 20;

/// What both ends see.
#[derive(Debug, Default)]
struct Meter {
    bytes: AtomicUsize,
    /// The source will look by itself: it need not be woken.
    awake: AtomicBool,
    /// Wall clock minus time since boot, in nanoseconds.
    wall: AtomicI64,
}

/// The thread's end.
pub(super) struct Outlet {
    sender: SyncSender<Record>,
    meter: Arc<Meter>,
    waker: Waker,
    lost_kernel: u64,
    lost_queue: u64,
}

/// The source's end.
pub(super) struct Inlet {
    receiver: Receiver<Record>,
    meter: Arc<Meter>,
}

pub(super) fn queue(waker: Waker, wall: i64) -> (Outlet, Inlet) {
    let (sender, receiver) = sync_channel(RECORDS);
    let meter = Arc::new(Meter::default());
    meter.wall.store(wall, Ordering::Relaxed);
    let outlet = Outlet {
        sender,
        meter: Arc::clone(&meter),
        waker,
        lost_kernel: 0,
        lost_queue: 0,
    };
    (outlet, Inlet { receiver, meter })
}

impl Outlet {
    /// Puts a record behind the others, or counts it as lost; never waits.
    pub(super) fn put(&mut self, record: Record) {
        self.put_losses();
        let full = self.lost_kernel + self.lost_queue > 0;
        if full || !self.try_put(record) {
            self.lost_queue += 1;
        }
    }

    /// The kernel had no room for so many.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "only Linux's kernel says so"))]
    pub(super) fn lose_kernel(&mut self, records: u64) {
        self.lost_kernel += records;
        self.put_losses();
    }

    /// Says what was lost, as soon as there is room to say it.
    pub(super) fn put_losses(&mut self) {
        let (kernel, queue) = (self.lost_kernel, self.lost_queue);
        if kernel + queue > 0 && self.try_put(Record::Lost { kernel, queue }) {
            (self.lost_kernel, self.lost_queue) = (0, 0);
        }
    }

    /// Who wakes the source.
    pub(super) fn waker(&self) -> Waker {
        self.waker.clone()
    }

    /// Wall clock minus time since boot, in nanoseconds.
    pub(super) fn wall(&self) -> i64 {
        self.meter.wall.load(Ordering::Relaxed)
    }

    fn try_put(&mut self, record: Record) -> bool {
        let weight = record.weight();
        if self.meter.bytes.fetch_add(weight, Ordering::SeqCst) + weight > BYTES {
            self.meter.bytes.fetch_sub(weight, Ordering::SeqCst);
            return false;
        }
        match self.sender.try_send(record) {
            Ok(()) => {
                if !self.meter.awake.swap(true, Ordering::SeqCst) {
                    self.waker.wake();
                }
                true
            }
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.meter.bytes.fetch_sub(weight, Ordering::SeqCst);
                false
            }
        }
    }
}

impl Inlet {
    pub(super) fn take(&self) -> Option<Record> {
        let record = self.receiver.try_recv().ok()?;
        self.meter.bytes.fetch_sub(record.weight(), Ordering::SeqCst);
        Some(record)
    }

    /// From here on the next record wakes the source. One that came just before did not: look once more.
    pub(super) fn fall_asleep(&self) {
        self.meter.awake.store(false, Ordering::SeqCst);
    }

    pub(super) fn set_wall(&self, wall: i64) {
        self.meter.wall.store(wall, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record::Watching { polling: None }
    }

    #[test]
    fn what_does_not_fit_is_counted_where_it_is_missing() {
        let woken = Arc::new(AtomicUsize::new(0));
        let bell = Arc::clone(&woken);
        let waker = Waker::new(move || {
            bell.fetch_add(1, Ordering::SeqCst);
        });
        let (mut outlet, inlet) = queue(waker, 0);
        for _ in 0..RECORDS + 5 {
            outlet.put(record());
        }
        outlet.lose_kernel(3);
        assert_eq!(woken.load(Ordering::SeqCst), 1, "a burst wakes once");
        assert!(inlet.take().is_some());
        assert!(inlet.take().is_some());
        outlet.put(record());
        let rest: Vec<Record> = std::iter::from_fn(|| inlet.take()).collect();
        assert_eq!(rest.len(), RECORDS);
        assert!(matches!(rest[RECORDS - 2], Record::Lost { kernel: 3, queue: 5 }));
        assert!(matches!(rest[RECORDS - 1], Record::Watching { .. }));
        inlet.fall_asleep();
        outlet.put(record());
        assert_eq!(woken.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn long_records_fill_it_too() {
        let (mut outlet, inlet) = queue(Waker::none(), 0);
        for _ in 0..(BYTES / record().weight()) + 10 {
            outlet.put(record());
        }
        let taken = std::iter::from_fn(|| inlet.take()).count();
        assert!(taken <= RECORDS);
        assert_eq!(outlet.meter.bytes.load(Ordering::SeqCst), 0);
    }
}
