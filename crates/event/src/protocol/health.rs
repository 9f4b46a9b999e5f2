//! What an agent says of itself: `POST /api/v1/agent/health`.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{AgentId, Epoch, StreamId, StreamKey, Timestamp};

/// Streams of one report; an agent with more names those first that wait, and says how many it left out.
pub const HEALTH_STREAMS_MAX: usize = 200;
/// Sources of one report.
pub const HEALTH_SOURCES_MAX: usize = 100;
/// Bytes of streams' names in one report: what makes it large.
pub const HEALTH_NAMES_MAX: usize = 24 << 10;
/// Commands, and services, that a report names.
const WORDS_MAX: usize = 32;
/// Bytes of one text in a report; longer ones are cut.
const TEXT_MAX: usize = 500;

/// `POST /api/v1/agent/health`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HealthReport {
    /// The agent.
    pub agent_id: AgentId,
    /// The agent's own clock.
    pub timestamp: Timestamp,
    /// `ok`, `waiting` (something is not delivered), `full` (sources wait for room), `stopped` (the last word of an
    /// agent that was told to stop); simple clients may say something else.
    pub status: String,
    /// Numbers of the client's own choice; at most 4 KiB as JSON.
    #[serde(default)]
    pub metrics: Value,
    /// How delivery fares; absent from simple clients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<AgentDelivery>,
}

impl HealthReport {
    /// The last word of an agent that was told to stop.
    pub const STOPPED: &'static str = "stopped";

    /// Cuts what is longer than a report may be; what was cut is counted.
    pub fn cut(&mut self) {
        cut_text(&mut self.status);
        if let Some(delivery) = &mut self.delivery {
            delivery.cut();
        }
    }
}

/// How an agent's delivery fares.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AgentDelivery {
    /// Version of the program.
    #[serde(default)]
    pub version: String,
    /// The host's name.
    #[serde(default)]
    pub host: String,
    /// Milliseconds between two reports.
    pub interval_ms: u64,
    /// Why nothing is delivered now, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// What waits on the agent's disk.
    pub spool: SpoolHealth,
    /// Streams, those that wait first.
    #[serde(default)]
    pub streams: Vec<StreamHealth>,
    /// Streams that are not named here for their number.
    #[serde(default)]
    pub streams_left_out: u64,
    /// What is collected.
    #[serde(default)]
    pub sources: Vec<SourceHealth>,
    /// What may be asked of it, by the names of commands; absent from older agents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commands: Option<Vec<String>>,
    /// Services that it gives files to when it is asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uploads: Vec<String>,
}

impl AgentDelivery {
    fn cut(&mut self) {
        cut_text(&mut self.version);
        cut_text(&mut self.host);
        self.trouble.iter_mut().for_each(cut_text);
        self.spool.full.iter_mut().for_each(cut_text);
        let mut names = 0;
        let fits = |stream: &&StreamHealth| {
            names += stream.stream.as_str().len();
            names <= HEALTH_NAMES_MAX
        };
        let kept = self.streams.iter().take(HEALTH_STREAMS_MAX).take_while(fits).count();
        self.streams_left_out += (self.streams.len() - kept) as u64;
        self.streams.truncate(kept);
        self.sources.truncate(HEALTH_SOURCES_MAX);
        for words in self.commands.iter_mut().chain([&mut self.uploads]) {
            words.truncate(WORDS_MAX);
            words.iter_mut().for_each(cut_text);
        }
        for source in &mut self.sources {
            cut_text(&mut source.name);
            source.trouble.iter_mut().for_each(cut_text);
        }
    }
}

/// The agent's spool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SpoolHealth {
    /// Bytes on disk.
    pub bytes: u64,
    /// Bytes it may have.
    pub max_bytes: u64,
    /// Records that wait for the server.
    pub records: u64,
    /// Batches that wait for the server.
    pub batches: u64,
    /// When the oldest of them was spooled, by the agent's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest: Option<Timestamp>,
    /// Why it takes nothing now, so that sources wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full: Option<String>,
}

/// One stream at the agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StreamHealth {
    /// The stream.
    pub stream: StreamId,
    /// Its epoch.
    pub epoch: Epoch,
    /// Read from the source up to here.
    pub read: u64,
    /// In the spool up to here.
    pub spooled: u64,
    /// At the server up to here, as far as the agent was told.
    pub acknowledged: u64,
    /// Records that wait for the server.
    #[serde(default)]
    pub records: u64,
    /// When the oldest of them was spooled, by the agent's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest: Option<Timestamp>,
    /// When the source last had something new, by the agent's clock; absent where that was before the agent started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_read: Option<Timestamp>,
}

impl StreamHealth {
    /// The stream of this agent that it speaks of.
    pub fn key(&self, agent: &AgentId) -> StreamKey {
        StreamKey {
            agent: agent.clone(),
            stream: self.stream.clone(),
            epoch: self.epoch,
        }
    }
}

/// One source at the agent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SourceHealth {
    /// `file system`, `journal`, `process`…
    pub name: String,
    /// When it was last looked at without an error, by the agent's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scanned: Option<Timestamp>,
    /// When it last had something new, by the agent's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<Timestamp>,
    /// It waits for room in the spool.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waits: bool,
    /// The last thing its operator should know, in words with the remedy; for a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// When that was said, by the agent's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble_at: Option<Timestamp>,
}

fn cut_text(text: &mut String) {
    if text.len() > TEXT_MAX {
        text.truncate(text.floor_char_boundary(TEXT_MAX));
        text.push('…');
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn stream(name: &str) -> StreamHealth {
        StreamHealth {
            stream: StreamId::new(name).unwrap(),
            epoch: Epoch(1),
            read: 9,
            spooled: 9,
            acknowledged: 5,
            records: 4,
            oldest: Some(Timestamp(7)),
            last_read: None,
        }
    }

    #[test]
    fn a_report_is_cut_to_its_limits_and_says_so() {
        let mut report: HealthReport = serde_json::from_value(serde_json::json!({
            "agent_id": "web-1", "timestamp": "2026-11-20T22:41:07Z", "status": "я".repeat(900),
            "delivery": { "interval_ms": 60_000, "spool": { "bytes": 0, "max_bytes": 9, "records": 0, "batches": 0 } },
        }))
        .unwrap();
        let delivery = report.delivery.as_mut().unwrap();
        delivery.streams = (0..300).map(|n| stream(&format!("file:/{n}"))).collect();
        report.cut();
        let delivery = report.delivery.as_mut().unwrap();
        assert_eq!((delivery.streams.len(), delivery.streams_left_out), (200, 100));
        delivery.streams = (0..20)
            .map(|n| stream(&format!("file:/{}{n}", "x".repeat(4_000))))
            .collect();
        report.cut();
        let delivery = report.delivery.as_ref().unwrap();
        assert_eq!((delivery.streams.len(), delivery.streams_left_out), (6, 114));
        assert!(report.status.len() <= TEXT_MAX + '…'.len_utf8());
        assert!(serde_json::to_vec(&report).unwrap().len() < 64 << 10);
    }
}
