//! Takes an inventory and compares it with the one before, on a thread of its own: domain controllers may be asked, which
//! may take long.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

use watchpost_event::Timestamp;
use watchpost_kit::chain;

use super::compare::{Change, Inventory, Known, changes};
use super::keep::Keep;
use super::row::{Kind, Look, ROWS_LIMIT, Rows};
use crate::source::{InventoryNotice, Notice, Waker};

/// What the thread has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Job {
    /// Look at the host, and compare with this inventory.
    Take { base: u64, now: Timestamp },
    /// The changes between two that are kept: the first of them were told before a stop.
    Resume { base: u64, next: u64 },
}

impl Job {
    pub(super) fn base(self) -> u64 {
        match self {
            Self::Take { base, .. } | Self::Resume { base, .. } => base,
        }
    }
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Taken {
    /// The inventory after the changes; `None` where it could not be kept, and nothing is to be told.
    pub(super) next: Option<u64>,
    pub(super) at: Timestamp,
    pub(super) changes: VecDeque<Change>,
    /// The inventory before is of no use: everything was taken for the first time.
    pub(super) is_anew: bool,
    /// What the operator should know.
    pub(super) notices: Vec<Notice>,
}

impl Taken {
    fn nothing(at: Timestamp) -> Self {
        Self {
            next: None,
            at,
            changes: VecDeque::new(),
            is_anew: false,
            notices: Vec::new(),
        }
    }
}

/// A job under way.
pub(super) struct Under {
    pub(super) job: Job,
    answer: Receiver<Taken>,
}

impl Under {
    /// Begins; the waker is called when it is done.
    pub(super) fn begin(job: Job, keep: &Keep, look: &Arc<dyn Look>, waker: &Waker) -> std::io::Result<Self> {
        let (told, answer) = sync_channel(1);
        let (keep, look, waker) = (keep.clone(), look.clone(), waker.clone());
        let run = move || {
            let _ = told.send(work(job, &keep, &*look));
            waker.wake();
        };
        std::thread::Builder::new().name("inventory".to_owned()).spawn(run)?;
        Ok(Self { job, answer })
    }

    /// What came of it; nothing while it is under way.
    pub(super) fn done(&self) -> Option<Taken> {
        match self.answer.try_recv() {
            Ok(taken) => Some(taken),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => {
                let mut nothing = Taken::nothing(Timestamp(0));
                nothing.notices = Kind::ALL
                    .map(|kind| unread(kind, "it ended by a panic".to_owned()))
                    .to_vec();
                Some(nothing)
            }
        }
    }
}

fn work(job: Job, keep: &Keep, look: &dyn Look) -> Taken {
    match job {
        Job::Take { base, now } => take(base, now, keep, look),
        Job::Resume { base, next } => resume(base, next, keep),
    }
}

fn take(base: u64, now: Timestamp, keep: &Keep, look: &dyn Look) -> Taken {
    let mut taken = Taken::nothing(now);
    let before = keep.load(base).unwrap_or_else(|error| {
        taken.notices.push(damaged(keep, base, &error));
        taken.is_anew = true;
        Inventory::default()
    });
    let after = look_around(&before, now, look, &mut taken.notices);
    taken.changes = changes(&before, &after).into();
    let same_kinds = before.kinds.keys().eq(after.kinds.keys());
    if taken.changes.is_empty() && same_kinds && before.same_places(&after) {
        return taken;
    }
    let number = keep.next_number(base);
    match keep.store(number, &after) {
        Ok(()) => taken.next = Some(number),
        Err(error) => {
            taken.changes.clear();
            taken.notices.push(Notice::Inventory(InventoryNotice::NotKept {
                path: keep.path(number),
                reason: chain(&error),
            }));
        }
    }
    taken
}

fn look_around(before: &Inventory, now: Timestamp, look: &dyn Look, notices: &mut Vec<Notice>) -> Inventory {
    let mut after = Inventory {
        taken: now,
        kinds: before.kinds.clone(),
    };
    for kind in Kind::ALL {
        let mut rows = Rows::default();
        if let Err(reason) = look.look(kind, &mut rows) {
            // What was known of it stays: that it cannot be read does not mean that it is gone.
            notices.push(unread(kind, reason));
            continue;
        }
        if rows.is_over {
            notices.push(Notice::Inventory(InventoryNotice::TooLong {
                kind: kind.as_str(),
                limit: ROWS_LIMIT,
            }));
        }
        notices.extend(rows.reasons.drain(..).map(|reason| unread(kind, reason)));
        after.kinds.insert(kind, Known::after(before.kinds.get(&kind), rows));
    }
    after
}

fn resume(base: u64, next: u64, keep: &Keep) -> Taken {
    let mut taken = Taken::nothing(Timestamp(0));
    let before = keep.load(base).map_err(|error| damaged(keep, base, &error));
    let after = keep.load(next).map_err(|error| damaged(keep, next, &error));
    match (before, after) {
        (Ok(before), Ok(after)) => {
            taken.changes = changes(&before, &after).into();
            taken.at = after.taken;
            taken.next = Some(next);
        }
        (Err(notice), _) | (_, Err(notice)) => {
            taken.is_anew = true;
            taken.notices.push(notice);
        }
    }
    taken
}

fn unread(kind: Kind, reason: String) -> Notice {
    Notice::Inventory(InventoryNotice::Unread {
        kind: kind.as_str(),
        reason,
    })
}

fn damaged(keep: &Keep, number: u64, error: &std::io::Error) -> Notice {
    Notice::Inventory(InventoryNotice::Damaged {
        path: keep.path(number),
        reason: chain(error),
    })
}
