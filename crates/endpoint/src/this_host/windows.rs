//! The Event Log.

use watchpost_agent::config::SourceSection;
use watchpost_agent::source::eventlog::EventLogSection;

pub(super) fn logs(start: &str, source: &mut SourceSection) {
    source.eventlog.push(EventLogSection {
        start: start.to_owned(),
        ..EventLogSection::default()
    });
}
