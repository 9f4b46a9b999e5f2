//! What is told once when somebody falls silent, and once when they are back.

use serde::{Deserialize, Serialize};
use watchpost_event::{AgentId, Event, Severity, StreamId, Timestamp, names};
use watchpost_kit::DurationText;

use crate::delivery::alarm::{Alarm, event, plain};

/// Something that is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Notice {
    pub(crate) agent: AgentId,
    /// The host's name, where it is known.
    pub(crate) host: Option<String>,
    /// Only this stream; else the whole host.
    pub(crate) stream: Option<StreamId>,
    /// When it was found.
    pub(crate) time: Timestamp,
    /// The last that was heard before the silence.
    pub(crate) since: Timestamp,
    pub(crate) what: What,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum What {
    /// Nothing is heard any more.
    Silent {
        /// For so long nothing may come, in nanoseconds.
        expected: i64,
        /// The agent had said that it was told to stop.
        stopped: bool,
    },
    /// Something is heard again.
    Back,
}

impl Notice {
    /// Its event.
    pub(crate) fn event(&self) -> Event {
        let named = self.host.as_deref().unwrap_or(self.agent.as_str());
        let of = self.stream.as_ref().map_or("host", |_| "stream");
        let event = match self.what {
            What::Silent { expected, stopped } => self.silent(named, of, expected, stopped),
            What::Back => {
                let quiet = span(self.time.0.saturating_sub(self.since.0));
                let message = match &self.stream {
                    Some(stream) => format!("{stream} of {named} brings something again after {quiet} of silence"),
                    None => format!("Host {named} reports again after {quiet} of silence"),
                };
                plain(&format!("{of}-back"), Severity::Info, message, self.time)
            }
        };
        let event = event
            .with(names::HOST_NAME, named)
            .with("watchpost.delivery.agent", self.agent.as_str())
            .with("watchpost.delivery.since", self.since.to_string());
        match &self.stream {
            Some(stream) => event.with("watchpost.delivery.stream", stream.as_str()),
            None => event,
        }
    }

    fn silent(&self, named: &str, of: &str, expected: i64, stopped: bool) -> Event {
        let (title, level) = match &self.stream {
            Some(_) => ("Stream is silent", Severity::Error),
            None => ("Host is silent", Severity::Critical),
        };
        let since = self.since.to_string();
        let since = since.get(..19).unwrap_or(&since).replace('T', " ");
        let message = match (&self.stream, stopped) {
            (Some(stream), _) => format!(
                "{stream} of {named} is silent: nothing new since {since} UTC, longer than {}",
                span(expected)
            ),
            (None, true) => format!("Host {named} is silent: its agent was told to stop at {since} UTC"),
            (None, false) => format!("Host {named} is silent: no word from its agent since {since} UTC"),
        };
        let about = match &self.stream {
            Some(stream) => format!("{}/{stream}", self.agent),
            None => self.agent.to_string(),
        };
        let alarm = Alarm {
            action: &format!("{of}-silent"),
            title,
            level,
            about: &about,
            message,
        };
        event(alarm, self.time)
    }
}

/// In seconds.
fn span(nanos: i64) -> String {
    let seconds = u64::try_from(nanos / 1_000_000_000).unwrap_or(0).max(1);
    DurationText::from_secs(seconds).to_string()
}
