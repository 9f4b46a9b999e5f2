//! Log files and the journal.

use watchpost_agent::config::SourceSection;
use watchpost_agent::source::file::FileSourceConfig;
use watchpost_agent::source::inventory::InventorySection;
use watchpost_agent::source::journal::{self, JournalSection};

pub(super) fn logs(start: &str, source: &mut SourceSection) {
    let mut logs = log_files(start);
    if journal::available() {
        // What it feeds would be there twice.
        logs.exclude.extend(journal::fed_from_journal());
        source.journal = Some(JournalSection {
            start: start.to_owned(),
            ..JournalSection::default()
        });
    }
    source.file.push(logs);
}

/// It cannot be taken here yet.
pub(super) fn inventory() -> Option<InventorySection> {
    None
}

fn log_files(start: &str) -> FileSourceConfig {
    let text = |list: &[&str]| list.iter().map(|&item| item.to_owned()).collect();
    FileSourceConfig {
        name: "system".to_owned(),
        include: text(&[
            "/var/log/**/*.log",
            "/var/log/syslog",
            "/var/log/messages",
            "/var/log/secure",
            "/var/log/cron",
            "/var/log/maillog",
        ]),
        exclude: text(&["/var/log/journal/**", "/var/log/watchpost/**"]),
        start: start.to_owned(),
        ..FileSourceConfig::default()
    }
}
