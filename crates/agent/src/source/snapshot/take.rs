//! Looks and compares with the look before, on a thread of its own: it may take long.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

use watchpost_event::Timestamp;
use watchpost_kit::chain;

use super::keep::Keep;
use super::subject::{Failure, Looking, Subject};
use crate::source::{Notice, Waker};

/// What the thread has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Job {
    /// Look, at everything or at what was heard of, and compare with what this number names.
    Take { base: u64, whole: bool, now: Timestamp },
    /// The changes between two that are kept: the first of them were told before a stop.
    Resume { base: u64, next: u64 },
}

impl Job {
    pub(super) fn base(self) -> u64 {
        match self {
            Self::Take { base, .. } | Self::Resume { base, .. } => base,
        }
    }

    /// Whether all notices that hold are among its own.
    pub(super) fn is_whole(self) -> bool {
        matches!(self, Self::Take { whole: true, .. })
    }
}

/// What came of it.
pub(super) struct Taken<C> {
    /// The look after the changes; `None` where it could not be kept, and nothing is to be told.
    pub(super) next: Option<u64>,
    pub(super) at: Timestamp,
    pub(super) changes: VecDeque<C>,
    /// What was before is of no use: everything was taken for the first time.
    pub(super) is_anew: bool,
    /// It could not be kept, or not be looked at as a whole.
    pub(super) is_failed: bool,
    /// What the operator should know.
    pub(super) notices: Vec<Notice>,
}

impl<C> Taken<C> {
    fn nothing(at: Timestamp) -> Self {
        Self {
            next: None,
            at,
            changes: VecDeque::new(),
            is_anew: false,
            is_failed: false,
            notices: Vec::new(),
        }
    }
}

/// A job under way.
pub(super) struct Under<S: Subject> {
    pub(super) job: Job,
    answer: Receiver<Taken<S::Change>>,
    stop: Arc<AtomicBool>,
}

impl<S: Subject> Under<S> {
    /// Begins; the waker is called when it is done.
    pub(super) fn begin(job: Job, keep: &Keep, subject: &Arc<S>, waker: &Waker) -> std::io::Result<Self> {
        let (told, answer) = sync_channel(1);
        let stop = Arc::new(AtomicBool::new(false));
        let (keep, subject, waker, stopped) = (keep.clone(), subject.clone(), waker.clone(), stop.clone());
        let run = move || {
            let _ = told.send(work(job, &keep, &*subject, &stopped));
            waker.wake();
        };
        std::thread::Builder::new().name(S::STREAM.to_owned()).spawn(run)?;
        Ok(Self { job, answer, stop })
    }

    /// What came of it; nothing while it is under way.
    pub(super) fn done(&self) -> Option<Taken<S::Change>> {
        match self.answer.try_recv() {
            Ok(taken) => Some(taken),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => {
                let mut nothing = Taken::nothing(Timestamp(0));
                nothing.is_failed = true;
                nothing.notices = S::notices_of(Failure::Ended {
                    reason: "it ended by a panic".to_owned(),
                });
                Some(nothing)
            }
        }
    }
}

impl<S: Subject> Drop for Under<S> {
    fn drop(&mut self) {
        // The thread ends soon; it is not waited for, since what it reads may hang.
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn work<S: Subject>(job: Job, keep: &Keep, subject: &S, stop: &AtomicBool) -> Taken<S::Change> {
    match job {
        Job::Take { base, whole, now } => {
            let looking = Looking {
                now,
                whole,
                notices: Vec::new(),
                again_soon: false,
                stop,
            };
            take(base, looking, keep, subject)
        }
        Job::Resume { base, next } => resume::<S>(base, next, keep),
    }
}

fn take<S: Subject>(base: u64, mut looking: Looking<'_>, keep: &Keep, subject: &S) -> Taken<S::Change> {
    let mut taken = Taken::nothing(looking.now);
    let before = keep.load(base).unwrap_or_else(|error| {
        looking.notices.extend(damaged::<S>(keep, base, &error));
        looking.whole = true;
        taken.is_anew = true;
        S::State::default()
    });
    let after = subject.look(&before, &mut looking);
    taken.notices = std::mem::take(&mut looking.notices);
    taken.is_failed = looking.again_soon;
    let Some(after) = after.filter(|_| !looking.is_stopped()) else {
        return taken;
    };
    taken.changes = S::changes(&before, &after).into();
    if taken.changes.is_empty() && S::is_same(&before, &after) {
        return taken;
    }
    let number = keep.next_number(base);
    match keep.store(number, &after) {
        Ok(()) => taken.next = Some(number),
        Err(error) => {
            taken.changes.clear();
            taken.is_failed = true;
            taken.notices.extend(S::notices_of(Failure::NotKept {
                path: keep.path(number),
                reason: chain(&error),
            }));
        }
    }
    taken
}

fn resume<S: Subject>(base: u64, next: u64, keep: &Keep) -> Taken<S::Change> {
    let mut taken = Taken::nothing(Timestamp(0));
    let load = |number| {
        keep.load::<S::State>(number)
            .map_err(|error| damaged::<S>(keep, number, &error))
    };
    match (load(base), load(next)) {
        (Ok(before), Ok(after)) => {
            taken.changes = S::changes(&before, &after).into();
            taken.at = S::taken(&after);
            taken.next = Some(next);
        }
        (Err(notices), _) | (_, Err(notices)) => {
            taken.is_anew = true;
            taken.notices = notices;
        }
    }
    taken
}

fn damaged<S: Subject>(keep: &Keep, number: u64, error: &std::io::Error) -> Vec<Notice> {
    S::notices_of(Failure::Damaged {
        path: keep.path(number),
        reason: chain(error),
    })
}
