//! `[[silence]]`: maintenance windows that stand in the configuration.

use serde::{Deserialize, Serialize};
use watchpost_event::Timestamp;

use crate::AlertError;
use crate::silence::Silence;

/// `[[silence]]`: what nobody is told, such as in the hours of maintenance. Alerts are made all the same.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SilenceSection {
    /// A query on the detection; must be given, `*` is every one.
    pub when: String,
    /// Days, time and zone: `Sun 02:00-04:00 Europe/Moscow`; empty: always.
    pub hours: String,
    /// From this moment on (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Until this moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Why; stands beside every message that is not sent.
    pub reason: String,
}

pub(crate) fn silences(sections: &[SilenceSection]) -> Result<Vec<Silence>, AlertError> {
    let read = |(n, section): (usize, &SilenceSection)| {
        let name = format!("silence[{n}]");
        if section.hours.trim().is_empty() && section.until.is_none() {
            let reason =
                "would last for ever: give it `hours` or `until`; what is never to be told belongs into a route";
            return Err(AlertError::config(name, reason));
        }
        let from = section.from.unwrap_or(Timestamp(i64::MIN));
        let until = section.until.unwrap_or(Timestamp(i64::MAX));
        Silence::read(&name, &section.when, &section.hours, (from, until), &section.reason)
    };
    sections.iter().enumerate().map(read).collect()
}
