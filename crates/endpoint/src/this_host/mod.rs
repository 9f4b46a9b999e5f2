//! What is collected when the configuration names no source: this host.

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod os;

use watchpost_agent::config::SourceSection;
use watchpost_agent::source::process::ProcessSection;
use watchpost_agent::source::system::SystemSection;

/// How much of this host.
#[derive(Clone, Copy, Debug)]
pub struct ThisHost {
    /// Where its logs begin at the first start.
    start: &'static str,
    /// What it is and how it fares, too.
    system: bool,
}

impl ThisHost {
    /// Everything, from now on.
    pub const FROM_NOW: Self = Self {
        start: "end",
        system: true,
    };
    /// Everything, and what happened lately.
    pub const RECENT: Self = Self {
        start: "recent",
        system: true,
    };
    /// What happens from now on, without how the host fares.
    pub const HAPPENING: Self = Self {
        start: "end",
        system: false,
    };

    /// Its logs, with the logins in them, its processes, how it fares, and what is on it where that can be told.
    pub fn sources(self, source: &mut SourceSection) {
        os::logs(self.start, source);
        source.process = Some(ProcessSection::default());
        source.system = self.system.then(SystemSection::default);
        source.inventory = os::inventory().filter(|_| self.system);
    }
}
