//! What is looked at, as the machine needs to know it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;
use serde::de::DeserializeOwned;
use watchpost_event::{Event, Fields, Timestamp};

use crate::source::Notice;

/// Something that is looked at again and again, and of which changes are told.
pub trait Subject: Send + Sync + 'static {
    /// Names the stream, and the thread.
    const STREAM: &'static str;
    /// What a look finds; the default is what is known before the first.
    type State: Default + Serialize + DeserializeOwned + Send + 'static;
    /// What is told, as one event each.
    type Change: Send + 'static;

    /// Fields of every event of it.
    fn fields(&self) -> Fields {
        Fields::new()
    }

    /// Looks; `None` when it was stopped.
    fn look(&self, before: &Self::State, looking: &mut Looking<'_>) -> Option<Self::State>;

    /// What is to be told of the way from one to the other: the same of the same two, always.
    fn changes(before: &Self::State, after: &Self::State) -> Vec<Self::Change>;

    /// Whether the second says nothing new, although it was looked at.
    fn is_same(before: &Self::State, after: &Self::State) -> bool;

    /// When a look was taken.
    fn taken(state: &Self::State) -> Timestamp;

    /// A change as an event.
    fn event(change: &Self::Change, taken: Timestamp) -> Event;

    /// What the operator should know of a failure.
    fn notices_of(failure: Failure) -> Vec<Notice>;

    /// Whether something was heard, so that a look is wanted before the interval is over; no sooner after the last one
    /// than this, in nanoseconds.
    fn stirred(&self) -> Option<i64> {
        None
    }
}

/// One look.
pub struct Looking<'a> {
    /// When.
    pub now: Timestamp,
    /// At everything; else at what was heard of only.
    pub whole: bool,
    /// What the operator should know.
    pub notices: Vec<Notice>,
    /// Not everything could be read, and it may be that it can be soon: the interval is not waited for.
    pub again_soon: bool,
    pub(super) stop: &'a AtomicBool,
}

impl Looking<'_> {
    /// Whether nobody wants it any longer.
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// What keeps changes from being told.
pub enum Failure {
    /// What was kept cannot be read: everything begins anew.
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// It cannot be kept, and nothing is told until it can.
    NotKept {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        reason: String,
    },
    /// No look can be taken.
    Ended {
        /// What the operating system says.
        reason: String,
    },
}
