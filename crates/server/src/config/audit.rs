//! `[audit]`: how long it is kept who did what.

use serde::{Deserialize, Serialize};
use watchpost_kit::DurationText;

use crate::ServerError;

const DAY_SECONDS: u64 = 86_400;
/// Fewer would be gone before anybody looks.
const ENTRIES_MIN: u64 = 1_000;

/// `[audit]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuditSection {
    /// For how long.
    pub keep: DurationText,
    /// At most so many entries; the oldest go first.
    pub max_entries: u64,
}

impl Default for AuditSection {
    fn default() -> Self {
        Self {
            keep: DurationText::from_secs(400 * DAY_SECONDS),
            max_entries: 1_000_000,
        }
    }
}

/// What is kept of the audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditKept {
    /// In nanoseconds.
    pub age_ns: i64,
    /// Entries.
    pub entries: u64,
}

impl TryFrom<AuditSection> for AuditKept {
    type Error = ServerError;

    fn try_from(section: AuditSection) -> Result<Self, ServerError> {
        let bad = |key, reason: String| ServerError::Config { key, reason };
        if section.keep < DurationText::from_secs(DAY_SECONDS) {
            return Err(bad("audit.keep", format!("{} is too short: at least 1d", section.keep)));
        }
        if section.max_entries < ENTRIES_MIN {
            let reason = format!("{} is too few: at least {ENTRIES_MIN}", section.max_entries);
            return Err(bad("audit.max_entries", reason));
        }
        Ok(Self {
            age_ns: section.keep.as_nanos_i64(),
            entries: section.max_entries,
        })
    }
}
