//! `[[report]]`: reports that are made by themselves.

use serde::{Deserialize, Serialize};
use watchpost_alert::Language;
use watchpost_kit::DurationText;

/// One report, and when it is made.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReportSection {
    /// About everything (`security`), or about one host (`host`).
    pub kind: ReportKind,
    /// Of kind `host`: which.
    pub host: String,
    /// Five cron fields and perhaps a zone: `0 7 * * MON Europe/Moscow`.
    pub schedule: String,
    /// Of how long: whole days, up to midnight before; default: seven where the schedule names days of the week, else one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<DurationText>,
    /// Channels that get it; an e-mail has it as HTML and PDF. None: it can be looked at only.
    pub to: Vec<String>,
    /// IANA name of the zone of its times; empty: this system's.
    pub timezone: String,
    /// Its language.
    pub language: Language,
}

/// What a report is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReportKind {
    /// Everything.
    #[default]
    Security,
    /// One host.
    Host,
}
