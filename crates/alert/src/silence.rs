//! What nobody is to be told for a time: silences that people make, and maintenance windows.

use watchpost_event::{Timestamp, View};
use watchpost_query::Query;

use crate::AlertError;
use crate::config::{Hours, query};

/// One silence, checked.
#[derive(Clone, Debug)]
pub struct Silence {
    /// What people call it, such as `silence 3`.
    pub name: String,
    when: Query,
    hours: Option<Hours>,
    from: Timestamp,
    until: Timestamp,
    reason: String,
}

impl Silence {
    /// Detections that match the query `when`, within `hours` (`Sun 02:00-04:00 Europe/Moscow`; empty: always), from a
    /// moment until another. An empty query is refused: it would silence everything for ever to come.
    pub fn read(
        name: &str,
        when: &str,
        hours: &str,
        (from, until): (Timestamp, Timestamp),
        reason: &str,
    ) -> Result<Self, AlertError> {
        let bad = |key: &str, reason: String| AlertError::config(format!("{name}.{key}"), reason);
        if when.trim().is_empty() {
            let reason = "is empty: say which detections, such as host.name:web-1; `*` is all of them";
            return Err(bad("when", reason.to_owned()));
        }
        if until <= from {
            return Err(bad("until", "is not behind its beginning".to_owned()));
        }
        Ok(Self {
            when: query(&format!("{name}.when"), when)?,
            hours: Hours::read(hours).map_err(|reason| bad("hours", reason))?,
            name: name.to_owned(),
            from,
            until,
            reason: reason.to_owned(),
        })
    }

    /// Whether it keeps this detection, which the server got at `now`, from being told.
    pub fn covers(&self, view: &View<'_>, now: Timestamp) -> bool {
        self.is_in_force(now) && self.when.matches(view)
    }

    /// Whether it is its time.
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        let within = self.hours.as_ref().is_none_or(|hours| hours.contain(now));
        (self.from..self.until).contains(&now) && within
    }

    /// What stands beside a message that was not sent.
    pub(crate) fn because(&self) -> String {
        if self.reason.is_empty() {
            return self.name.clone();
        }
        format!("{}: {}", self.name, self.reason)
    }
}
