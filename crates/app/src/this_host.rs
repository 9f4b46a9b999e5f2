//! What is collected when the configuration names no source: this host.

use watchpost_agent::config::SourceSection;
use watchpost_agent::source::file::FileSourceConfig;
use watchpost_agent::source::journal::{self, JournalSection};
use watchpost_agent::source::process::ProcessSection;
use watchpost_agent::source::system::SystemSection;

/// How much of this host.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ThisHost {
    /// Where its logs begin at the first start.
    start: &'static str,
    /// What it is and how it fares, too.
    system: bool,
}

impl ThisHost {
    /// Everything, from now on.
    pub(crate) const FROM_NOW: Self = Self {
        start: "end",
        system: true,
    };
    /// Everything, and what happened lately.
    pub(crate) const RECENT: Self = Self {
        start: "recent",
        system: true,
    };
    /// What happens from now on, without how the host fares.
    pub(crate) const HAPPENING: Self = Self {
        start: "end",
        system: false,
    };

    /// Its log files or journal, with the logins in them, its processes, and how it fares.
    pub(crate) fn sources(self, source: &mut SourceSection) {
        let mut logs = self.log_files();
        if journal::available() {
            // What it feeds would be there twice.
            logs.exclude.extend(journal::fed_from_journal());
            source.journal = Some(JournalSection {
                start: self.start.to_owned(),
                ..JournalSection::default()
            });
        }
        source.file.push(logs);
        source.process = Some(ProcessSection::default());
        source.system = self.system.then(SystemSection::default);
    }

    fn log_files(self) -> FileSourceConfig {
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
            start: self.start.to_owned(),
            ..FileSourceConfig::default()
        }
    }
}
