//! Events to tell people of, and waiting for conditions.
#![expect(clippy::needless_pass_by_value, reason = "callers write json!(…) in place")]

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use watchpost_alert::{AlertSections, Alerting, Notifier, NotifyError, Outgoing};
use watchpost_event::{AgentId, Epoch, Event, Fields, Origin, StreamId, Timestamp, View};
use watchpost_kit::{Clock, SystemClock};

/// Long enough for a slow machine; nothing waits it out when all is well.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
pub(crate) const TOKEN: &str = "123456:AAE-secret_Token";
/// 2026-11-21 01:41:07 in Moscow.
pub(crate) const TIME: &str = "2026-11-20T22:41:07.123456789Z";

pub(crate) fn time() -> Timestamp {
    TIME.parse().unwrap()
}

pub(crate) fn origin() -> Origin {
    Origin {
        agent: AgentId::new("web-1").unwrap(),
        stream: StreamId::new("detect").unwrap(),
        epoch: Epoch(7),
        fields: Fields::from_iter([("host.name", json!("web-1"))]),
    }
}

/// A detection as the server makes it.
pub(crate) fn detection() -> Event {
    Event::new(time(), 90_112, "Port scanner started: anna process-started nmap")
        .with("event.kind", "alert")
        .with("event.category", json!(["process"]))
        .with("event.action", "process-started")
        .with("rule.id", "5d0c9a3e")
        .with("rule.name", "Port scanner started")
        .with("rule.level", "high")
        .with("watchpost.alert.severity", "high")
        .with("watchpost.alert.fingerprint", "c0ffee")
        .with("user.id", "1000")
        .with("user.name", "anna")
        .with("process.name", "nmap")
}

/// The start of a watched program.
pub(crate) fn launch(title: &str) -> Event {
    Event::new(time(), 90_113, format!("anna started {title}"))
        .with("event.kind", "alert")
        .with("event.action", "process-started")
        .with("rule.name", "Watched program started")
        .with("rule.level", "informational")
        .with("watchpost.alert.severity", "informational")
        .with("user.name", "anna")
        .with("process.name", "chrome")
        .with("process.title", title)
        .with("watchpost.launch", true)
}

pub(crate) fn alerting(sections: Value) -> Alerting {
    let sections: AlertSections = serde_json::from_value(sections).unwrap();
    Alerting::try_from(sections).unwrap()
}

/// What one channel is told of an event.
pub(crate) fn told(alerting: &Alerting, event: &Event) -> Vec<(String, String, bool)> {
    let origin = origin();
    let view = View { event, origin: &origin };
    let planned = alerting.plan(&view, event.time, &[]);
    planned
        .into_iter()
        .map(|message| {
            let each = message.terms.iter().any(|terms| terms.each);
            (message.channel, message.body, each)
        })
        .collect()
}

/// A connected telegram channel; `more` is set over the usual keys.
pub(crate) fn telegram(api_url: &str, more: Value) -> Arc<dyn Notifier> {
    let mut channel = json!({
        "name": "ops", "kind": "telegram", "token": TOKEN, "chat": -100_123, "api_url": api_url, "timeout": "5s",
    });
    for (key, value) in more.as_object().unwrap() {
        channel[key] = value.clone();
    }
    notifier(channel)
}

pub(crate) fn notifier(channel: Value) -> Arc<dyn Notifier> {
    let alerting = alerting(json!({ "channel": [channel] }));
    Arc::clone(&alerting.connect().unwrap()[0].notifier)
}

/// The number of the alert that messages of tests belong to.
pub(crate) const ALERT: i64 = 7;

/// Sends a body as the courier does.
pub(crate) async fn deliver(notifier: &Arc<dyn Notifier>, body: &str) -> Result<(), NotifyError> {
    let message = Outgoing {
        body,
        alert: ALERT,
        now: time(),
    };
    notifier.send(&message).await
}

/// Looks until there is something to see.
pub(crate) async fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let clock = SystemClock::new();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(clock.monotonic() < PATIENCE, "waited {PATIENCE:?} for {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
