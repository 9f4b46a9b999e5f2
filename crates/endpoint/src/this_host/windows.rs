//! The Event Log, and the inventory.

use watchpost_agent::config::SourceSection;
use watchpost_agent::source::eventlog::EventLogSection;
use watchpost_agent::source::inventory::InventorySection;

pub(super) fn logs(start: &str, source: &mut SourceSection) {
    source.eventlog.push(EventLogSection {
        start: start.to_owned(),
        ..EventLogSection::default()
    });
}

#[expect(clippy::unnecessary_wraps, reason = "elsewhere there is none")]
pub(super) fn inventory() -> Option<InventorySection> {
    Some(InventorySection::default())
}
