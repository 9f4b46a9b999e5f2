//! Sigma rules: load, route by log source, match. Everything the rule engine is hides behind our own types.
//!
//! What never enters: I/O, the clock, the engine's own types in a signature.
//!
//! A rule is looked at only for events of its log source: that is needed for right results, not only for speed, since
//! two products use the same field names for different things.
//!
//! ```
//! use watchpost_detect::Rules;
//! use watchpost_event::{AgentId, Epoch, Event, Fields, LogSource, Origin, StreamId, Timestamp, View};
//!
//! let rules = Rules::load(["
//! title: Network scanner started
//! logsource: { product: linux, category: process_creation }
//! detection:
//!   selection: { process.name: nmap }
//!   condition: selection
//! level: medium
//! "])?;
//! let mut fields = Fields::new();
//! let source = LogSource { product: Some("linux".into()), category: Some("process_creation".into()), service: None };
//! source.put(&mut fields);
//! let origin = Origin { agent: AgentId::new("web-1")?, stream: StreamId::new("process")?, epoch: Epoch(1), fields };
//! let event = Event::new(Timestamp(0), 1, "anna started nmap").with("process.name", "nmap");
//! let hits = rules.matches(&View { event: &event, origin: &origin });
//! assert_eq!(hits[0].title, "Network scanner started");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod engine;

#[cfg(test)]
mod tests;

use watchpost_event::View;

pub use engine::Rules;

/// A rule that matched one event. Plain data: what correlation and alerts work on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The rule's id, a UUID, where it has one.
    pub rule: Option<String>,
    /// Its title.
    pub title: String,
    /// Its level on the one severity scale.
    pub level: Option<watchpost_event::Severity>,
    /// Its tags, such as `attack.t1046`.
    pub tags: Vec<String>,
}

/// Rules that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DetectError {
    /// The text is no Sigma rule.
    #[error("rule document {number} is not valid Sigma")]
    Parse {
        /// Which of the texts given, from 1.
        number: usize,
        /// Where and why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The rule cannot be compiled.
    #[error("rule {title:?} cannot be compiled")]
    Compile {
        /// Its title.
        title: String,
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Rules {
    /// All rules of the event's log source that match it.
    pub fn matches(&self, view: &View<'_>) -> Vec<Hit> {
        self.evaluate(view)
    }
}
