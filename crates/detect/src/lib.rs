//! Sigma rules: compile, route by log source, match; correlate what matched. Everything the rule engine is hides behind
//! our own types.
//!
//! What never enters: I/O, the clock, the engine's own types in a signature. Rules are texts, time is an argument.
//!
//! Two stages with plain data between them: [`Rules::matches`] looks at one event and gives [`Hit`]s (any partition can
//! do that), [`Correlator::add`] counts hits per rule and group (owned by rule and group key). [`Rules::detect`] does
//! both. A replay of the same events from the same snapshot finds the same: inside, time is the event's, and what is
//! forgotten is forgotten by the time of receipt, never by the wall clock.
//!
//! A rule is looked at only for events of its log source: that is needed for right results, not only for speed, since
//! two products use the same field names for different things.
//!
//! Beside Sigma there are kinds of our own: what is new, unusual or missing (`beyond`).
//!
//! Start reading at [`Rules::compile`], then `correlate`.
//!
//! ```
//! use watchpost_detect::{Correlator, Rules, RuleText};
//! use watchpost_event::{AgentId, Epoch, Event, Fields, LogSource, Origin, StreamId, Timestamp, View};
//!
//! let text = RuleText::new("scanner.yml", "
//! title: Network scanner started
//! logsource: { product: linux, category: process_creation }
//! detection:
//!   selection: { process.name: nmap }
//!   condition: selection
//! level: medium
//! ");
//! let (rules, problems) = Rules::compile(&[text]);
//! assert!(problems.is_empty());
//! let mut fields = Fields::new();
//! let source = LogSource { product: Some("linux".into()), category: Some("process_creation".into()), service: None };
//! source.put(&mut fields);
//! let origin = Origin { agent: AgentId::new("web-1")?, stream: StreamId::new("process")?, epoch: Epoch(1), fields };
//! let event = Event::new(Timestamp(0), 1, "anna started nmap").with("process.name", "nmap");
//! let mut correlator = Correlator::default();
//! let found = rules.detect(&View { event: &event, origin: &origin }, Timestamp(5), &mut correlator);
//! assert_eq!(found[0].rule.title, "Network scanner started");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod adapter;
mod beyond;
mod builtin;
mod chains;
mod compile;
mod correlate;
mod cost;
mod detection;
mod digest;
mod ecs;
mod encoding;
mod explain;
mod filters;
mod history;
mod index;
mod lru;
mod normal;
mod outline;
mod part;
mod place;
mod rule;
mod samples;
mod sources;
mod table;
mod taxonomy;
mod together;

#[cfg(test)]
mod differential;
#[cfg(test)]
mod explain_tests;
#[cfg(test)]
mod manage_tests;
#[cfg(test)]
mod names_tests;
#[cfg(test)]
mod spec_tests;
#[cfg(test)]
mod tests;

pub use builtin::{BuiltinRule, builtin};
pub use compile::{Disabled, Problem, RuleText, Rules};
pub use correlate::Correlator;
pub use detection::Detection;
pub use explain::{Difference, Explanation, Selection, Test};
pub use outline::Outline;
pub use place::place_of;
pub use rule::{Hit, Rule, RuleKind, Share};
pub use samples::{Input, Sample, SampleError, Samples};
pub use together::Together;
