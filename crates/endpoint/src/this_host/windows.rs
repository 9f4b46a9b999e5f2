//! The Event Log.

use watchpost_agent::config::SourceSection;

pub(super) fn logs(_start: &str, _source: &mut SourceSection) {}
