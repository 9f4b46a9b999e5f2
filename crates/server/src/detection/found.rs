//! What was found in records that were read one after the other, until it is written.

use std::collections::HashMap;
use std::time::Duration;

use watchpost_detect::{Detection, Together};
use watchpost_event::{Event, View};

use super::throttle::Written;

/// Events that are written at once, at most; more are counted and said …
const EVENTS_MAX: usize = 10_000;
/// … and so many bytes of them.
const BYTES_MAX: usize = 16 << 20;
/// Nothing that was found waits longer for what comes behind it.
const WAIT: Duration = Duration::from_millis(50);

/// Found, and not written yet.
#[derive(Default)]
pub(super) struct Found {
    events: Vec<Event>,
    /// One event for each story of a rule that finds too much.
    together: Vec<Together>,
    /// Where among them a story stands, by fingerprint.
    stories: HashMap<String, usize>,
    bytes: usize,
    /// When the first of it was found.
    since: Option<Duration>,
    /// Where the last of it was found.
    position: u64,
    detections: u64,
    left_out: u64,
}

/// What is to be written.
pub(super) struct Writing {
    pub(super) events: Vec<Event>,
    /// Where the last of it was found.
    pub(super) position: u64,
    /// For so many detections.
    pub(super) detections: u64,
    /// So many did not fit.
    pub(super) left_out: u64,
}

impl Found {
    /// Takes in a detection of the record before `position`; `now` is a time of the monotonic clock.
    pub(super) fn add(&mut self, detection: &Detection, view: &View<'_>, written: Written, at: (u64, Duration)) {
        self.detections += 1;
        if written == Written::Alone {
            let n = self.n(at.0);
            return self.push(detection.event(view, at.0, n), at);
        }
        if let Some(together) = self
            .stories
            .get(&detection.fingerprint)
            .and_then(|story| self.together.get_mut(*story))
        {
            together.add(detection);
            self.position = at.0;
        } else if self.has_room() {
            let together = Together::begin(detection, view);
            self.note(together.weight(), at);
            self.stories.insert(detection.fingerprint.clone(), self.together.len());
            self.together.push(together);
        } else {
            self.left_out += 1;
        }
    }

    /// Takes in what else there is to say.
    pub(super) fn say(&mut self, mut event: Event, at: (u64, Duration)) {
        (event.position, event.n) = (at.0, self.n(at.0));
        self.push(event, at);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.since.is_none()
    }

    /// What was found should be written before more is looked at.
    pub(super) fn is_due(&self, now: Duration) -> bool {
        !self.has_room() || self.since.is_some_and(|since| now.saturating_sub(since) >= WAIT)
    }

    /// All of it, in the order of its positions.
    pub(super) fn finish(self) -> Option<Writing> {
        self.since?;
        let position = self.position;
        let first = self.n(position);
        let mut events = self.events;
        let together = (first..).zip(self.together);
        events.extend(together.map(|(n, together)| together.event(position, n)));
        Some(Writing {
            events,
            position,
            detections: self.detections,
            left_out: self.left_out,
        })
    }

    /// The number of the next event at a position.
    fn n(&self, position: u64) -> u32 {
        let last = self.events.last().filter(|event| event.position == position);
        last.map_or(0, |event| event.n + 1)
    }

    fn push(&mut self, event: Event, at: (u64, Duration)) {
        if self.has_room() {
            self.note(event.weight(), at);
            self.events.push(event);
        } else {
            self.left_out += 1;
        }
    }

    fn note(&mut self, bytes: usize, (position, now): (u64, Duration)) {
        self.bytes += bytes;
        self.position = position;
        self.since.get_or_insert(now);
    }

    fn has_room(&self) -> bool {
        self.events.len() + self.together.len() < EVENTS_MAX && self.bytes <= BYTES_MAX
    }
}
