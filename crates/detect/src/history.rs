//! What a back-test asks of rules of our own kinds, which look at events in order and at the times between them.

use watchpost_event::{LogSource, Timestamp, View};

use crate::{Correlator, Detection, Rules};

impl Rules {
    /// Whether there is a rule of our own kinds.
    pub fn has_own_kinds(&self) -> bool {
        self.beyond.len() > 0
    }

    /// Which events such a rule looks at: its log source, and its query as it is written. None: it is no such rule.
    pub fn scope_of(&self, key: &str) -> Option<(&LogSource, &str)> {
        self.beyond.scope_of(key)
    }

    /// Whether one of them looks at this event.
    pub fn own_kinds_concern(&self, view: &View<'_>) -> bool {
        self.beyond.concern(view)
    }

    /// What an event is a detection of for them alone.
    pub fn look_with_own_kinds(
        &self,
        view: &View<'_>,
        received: Timestamp,
        correlator: &mut Correlator,
        excepted: &mut dyn FnMut(&str) -> bool,
    ) -> Vec<Detection> {
        self.beyond.look(view, received, &mut correlator.beyond, excepted)
    }

    /// What is over at a time in which nothing was received.
    pub fn pass_time(&self, now: Timestamp, correlator: &mut Correlator) -> Vec<Detection> {
        self.beyond.tick(now, &mut correlator.beyond)
    }
}
