//! Detections of one story that are told as one: a rule that finds too much is no reason to write all of it.

use watchpost_event::{Event, Timestamp, View};

use crate::Detection;

/// Several detections of one story, from the first of them on.
#[derive(Debug)]
pub struct Together {
    /// What is written: the first of them.
    event: Event,
    times: u64,
    count: u64,
    first: Timestamp,
    last: Timestamp,
}

impl Together {
    /// Begins with a detection and what caused it.
    pub fn begin(detection: &Detection, cause: &View<'_>) -> Self {
        Self {
            event: detection.event(cause, 0, 0),
            times: 1,
            count: detection.count,
            first: detection.first,
            last: detection.last,
        }
    }

    /// Takes in another one, of which nothing but numbers is kept.
    pub fn add(&mut self, detection: &Detection) {
        self.times += 1;
        self.count = self.count.saturating_add(detection.count);
        self.first = self.first.min(detection.first);
        self.last = self.last.max(detection.last);
    }

    /// How many bytes it will have, about.
    pub fn weight(&self) -> usize {
        self.event.weight()
    }

    /// The event that is written, at the position of the last of them: `watchpost.alert.times` says how many they are,
    /// and its message says it to people.
    pub fn event(self, position: u64, n: u32) -> Event {
        let mut event = self.event;
        (event.position, event.n) = (position, n);
        if self.times > 1 {
            event.time = event.time.max(self.last);
            event.message = format!("{} (and {} more like it)", event.message, self.times - 1);
            event.fields.set("watchpost.alert.times", self.times);
            event.fields.set("watchpost.alert.count", self.count);
            event.fields.set("watchpost.alert.first", self.first.to_string());
            event.fields.set("watchpost.alert.last", self.last.to_string());
        }
        event
    }
}
