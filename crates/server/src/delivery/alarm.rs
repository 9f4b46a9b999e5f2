//! Alarms of the server about delivery: events that the alert path takes for detections.

use serde_json::Value;
use watchpost_event::{Event, LogSource, Severity, Timestamp, names};

/// What an alarm says.
pub(crate) struct Alarm<'a> {
    /// `host-silent`…: the action, and the rule's name behind `watchpost.`.
    pub(crate) action: &'a str,
    /// The rule's title.
    pub(crate) title: &'a str,
    pub(crate) level: Severity,
    /// What it is about: alarms of one action about the same are one story.
    pub(crate) about: &'a str,
    pub(crate) message: String,
}

/// The event of an alarm.
pub(crate) fn event(alarm: Alarm<'_>, time: Timestamp) -> Event {
    let rule = format!("watchpost.{}", alarm.action);
    let level = match alarm.level {
        Severity::Debug | Severity::Info => "informational",
        Severity::Warning => "low",
        Severity::Error => "medium",
        Severity::Critical => "high",
        Severity::Emergency => "critical",
    };
    plain(alarm.action, alarm.level, alarm.message, time)
        .with(names::EVENT_KIND, "alert")
        .with("watchpost.alert.fingerprint", format!("{rule}/{}", alarm.about))
        .with("rule.id", rule)
        .with("rule.name", alarm.title)
        .with("rule.level", level)
        .with("watchpost.alert.severity", level)
        .with("watchpost.alert.count", 1)
}

/// An event that says something and alarms nobody.
pub(crate) fn plain(action: &str, level: Severity, message: String, time: Timestamp) -> Event {
    let mut event = Event::new(time, 0, message)
        .with(names::EVENT_KIND, "event")
        .with(names::EVENT_CATEGORY, Value::from(vec!["host"]))
        .with(names::EVENT_ACTION, action)
        .with(names::LOG_LEVEL, level.name());
    let source = LogSource {
        product: Some("watchpost".to_owned()),
        category: None,
        service: Some("delivery".to_owned()),
    };
    source.put(&mut event.fields);
    event
}
