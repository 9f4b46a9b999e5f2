//! How far a channel was read, and what became of that place meanwhile.
//!
//! A bookmark of Windows holds the channel and the event's number, and no more: in a log made anew it may point to another
//! event. So the time of the event is kept with it.

use serde_json::{Value, json};

use super::log::{EventLog, Logged, Unopened, Which};

/// The newest event that was taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) number: u64,
    pub(super) bookmark: String,
    /// Empty where an earlier version did not keep it.
    written: String,
}

/// What became of a place while nobody read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Fate {
    /// Reading goes on behind it.
    #[default]
    Kept,
    /// The log wrote over it, or was cleared, and goes on with its numbers. So many events behind the place at most are
    /// gone too; `None` when only the next event can tell.
    Gone { at_most: Option<u64> },
    /// The log was made anew: its numbers begin again, and all that is in it is new.
    Anew,
}

impl Place {
    pub(super) fn of(logged: Logged) -> Self {
        Self {
            number: logged.number,
            bookmark: logged.bookmark,
            written: logged.written,
        }
    }

    pub(super) fn read(notes: &Value) -> Option<Self> {
        Some(Self {
            number: notes["record"].as_u64()?,
            bookmark: notes["bookmark"].as_str()?.to_owned(),
            written: notes["written"].as_str().unwrap_or_default().to_owned(),
        })
    }

    pub(super) fn notes(&self) -> Value {
        json!({ "record": self.number, "bookmark": self.bookmark, "written": self.written })
    }

    pub(super) fn fate(&self, log: &dyn EventLog, channel: &str) -> Result<Fate, Unopened> {
        if let Some(found) = log.find(channel, Which::Marked(&self.bookmark))?
            && found.number == self.number
        {
            let is_same = self.written.is_empty() || found.written == self.written;
            return Ok(if is_same { Fate::Kept } else { Fate::Anew });
        }
        let Some(oldest) = log.find(channel, Which::Oldest)? else {
            return Ok(Fate::Gone { at_most: None });
        };
        if oldest.number > self.number {
            let at_most = Some(oldest.number - self.number - 1);
            return Ok(Fate::Gone { at_most });
        }
        // Where events around it are there, it is not certain that the log is another one: nothing is read twice.
        let newest = log.find(channel, Which::Newest)?;
        let is_anew = newest.is_some_and(|newest| newest.number < self.number);
        Ok(if is_anew { Fate::Anew } else { Fate::Kept })
    }
}
