//! What somebody says of an indicator.

use serde::{Deserialize, Serialize};
use watchpost_event::Timestamp;

/// Names that are kept of one verdict …
const NAMES_MAX: usize = 8;
/// … and characters of each.
const NAME_CHARS_MAX: usize = 120;

/// What it comes to, from best to worst.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Opinion {
    /// Nothing is known of it.
    #[default]
    Unknown,
    /// It is known, and nothing speaks against it.
    Harmless,
    /// Some doubt it.
    Suspicious,
    /// It is known to do harm.
    Malicious,
}

impl Opinion {
    /// `unknown`, `harmless`, `suspicious`, `malicious`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Harmless => "harmless",
            Self::Suspicious => "suspicious",
            Self::Malicious => "malicious",
        }
    }

    /// By its name.
    pub fn read(name: &str) -> Option<Self> {
        [Self::Unknown, Self::Harmless, Self::Suspicious, Self::Malicious]
            .into_iter()
            .find(|opinion| opinion.name() == name)
    }

    /// Whether somebody should know.
    pub const fn is_bad(self) -> bool {
        matches!(self, Self::Suspicious | Self::Malicious)
    }
}

/// One service's or one list's answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Who says so: `virustotal`…, or a list's name.
    pub service: String,
    /// What it comes to.
    pub opinion: Opinion,
    /// How many of its engines call it malicious, where it has engines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positives: Option<u32>,
    /// Of so many that looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u32>,
    /// What it is called, at most eight names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// Where a person can read more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// When it was asked.
    pub looked_at: Timestamp,
}

impl Verdict {
    /// Nothing is known.
    pub fn unknown(service: &str, now: Timestamp) -> Self {
        Self {
            service: service.to_owned(),
            looked_at: now,
            ..Self::default()
        }
    }

    /// Adds a name, without control characters, once and while there is room.
    pub(crate) fn add_name(&mut self, name: &str) {
        let name: String = name.chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX).collect();
        let name = name.trim();
        if !name.is_empty() && self.names.len() < NAMES_MAX && !self.names.iter().any(|known| known == name) {
            self.names.push(name.to_owned());
        }
    }
}

/// Three engines that agree are rarely wrong together; fewer often are.
const MALICIOUS_FROM: u32 = 3;

/// What engines come to.
pub(crate) const fn by_engines(malicious: u32, suspicious: u32, total: u32) -> Opinion {
    if malicious >= MALICIOUS_FROM {
        Opinion::Malicious
    } else if malicious + suspicious > 0 {
        Opinion::Suspicious
    } else if total > 0 {
        Opinion::Harmless
    } else {
        Opinion::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_engines_make_doubt_and_more_a_verdict() {
        assert_eq!(by_engines(0, 0, 0), Opinion::Unknown);
        assert_eq!(by_engines(0, 0, 70), Opinion::Harmless);
        assert_eq!(by_engines(0, 1, 70), Opinion::Suspicious);
        assert_eq!(by_engines(2, 0, 70), Opinion::Suspicious);
        assert_eq!(by_engines(3, 0, 70), Opinion::Malicious);
        assert!(Opinion::Malicious > Opinion::Suspicious && Opinion::Harmless > Opinion::Unknown);
    }

    #[test]
    fn names_are_clean_few_and_different() {
        let mut verdict = Verdict::default();
        for name in ["a\u{1b}[2J", "a[2J", "", "  ", "b"] {
            verdict.add_name(name);
        }
        for n in 0..20 {
            verdict.add_name(&format!("{n}{}", "x".repeat(500)));
        }
        assert_eq!(verdict.names[..2], ["a[2J", "b"]);
        assert_eq!(verdict.names.len(), NAMES_MAX);
        assert!(verdict.names.iter().all(|name| name.len() <= NAME_CHARS_MAX));
    }
}
