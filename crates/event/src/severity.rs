use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The one severity scale: syslog, `log.level`, `event.severity` and rule levels all map to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Syslog 7.
    Debug,
    /// Syslog 6 and 5; rule level `informational`.
    Info,
    /// Syslog 4; rule level `low`.
    Warning,
    /// Syslog 3; rule level `medium`.
    Error,
    /// Syslog 2; rule level `high`.
    Critical,
    /// Syslog 1 and 0; rule level `critical`.
    Emergency,
}

impl Severity {
    /// All, from least to most severe.
    pub const ALL: [Self; 6] = [
        Self::Debug,
        Self::Info,
        Self::Warning,
        Self::Error,
        Self::Critical,
        Self::Emergency,
    ];

    /// From a syslog severity, RFC 5424 §6.2.1 (0 emergency to 7 debug).
    pub const fn from_syslog(code: u8) -> Option<Self> {
        Some(match code {
            0 | 1 => Self::Emergency,
            2 => Self::Critical,
            3 => Self::Error,
            4 => Self::Warning,
            5 | 6 => Self::Info,
            7 => Self::Debug,
            _ => return None,
        })
    }

    /// `event.severity`: 10, 20, 40, 60, 80, 100.
    pub const fn number(self) -> u8 {
        match self {
            Self::Debug => 10,
            Self::Info => 20,
            Self::Warning => 40,
            Self::Error => 60,
            Self::Critical => 80,
            Self::Emergency => 100,
        }
    }

    /// The greatest step of the scale that is not above a number.
    pub fn from_number(number: u64) -> Self {
        let reached = |step: &&Self| u64::from(step.number()) <= number;
        Self::ALL.iter().rev().find(reached).copied().unwrap_or(Self::Debug)
    }

    /// `log.level`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
            Self::Emergency => "emergency",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Severity {
    type Err = ();

    /// Names and the usual aliases in any case; `high`, `medium`… are rule levels and stay out, since `critical` means another step there.
    fn from_str(text: &str) -> Result<Self, ()> {
        const NAMES: [(&str, Severity); 20] = [
            ("trace", Severity::Debug),
            ("debug", Severity::Debug),
            ("dbg", Severity::Debug),
            ("info", Severity::Info),
            ("information", Severity::Info),
            ("informational", Severity::Info),
            ("notice", Severity::Info),
            ("warning", Severity::Warning),
            ("warn", Severity::Warning),
            ("error", Severity::Error),
            ("err", Severity::Error),
            ("severe", Severity::Error),
            ("critical", Severity::Critical),
            ("crit", Severity::Critical),
            ("fatal", Severity::Critical),
            ("alert", Severity::Emergency),
            ("emergency", Severity::Emergency),
            ("emerg", Severity::Emergency),
            ("panic", Severity::Emergency),
            ("failure", Severity::Error),
        ];
        NAMES
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(text))
            .map(|(_, severity)| *severity)
            .ok_or(())
    }
}
