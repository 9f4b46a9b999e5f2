//! What an agent says of itself: to people, over its local socket.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use watchpost_event::{AgentId, Epoch, StreamId, Timestamp};
use watchpost_kit::ByteSize;

/// Everything `watchpost agent status` shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentStatus {
    /// Which agent.
    pub agent: AgentId,
    /// Its clock.
    pub at: Timestamp,
    /// The way to the server.
    pub uplink: UplinkStatus,
    /// What waits for the server.
    pub spool: SpoolStatus,
    /// Every stream that is not finished.
    pub streams: Vec<StreamStatus>,
    /// By name.
    pub sources: BTreeMap<String, SourceStatus>,
}

impl AgentStatus {
    /// For people, without line ends.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![
            format!("agent    {}", self.agent),
            self.uplink_line(),
            self.spool_line(),
        ];
        for (reason, records) in &self.spool.dropped {
            lines.push(format!("dropped  {records} records: {reason}"));
        }
        for (name, source) in &self.sources {
            let read = source.last_read.map_or("nothing yet".to_owned(), |at| self.ago(at));
            let mut line = format!("source   {name}: looked at {}, read {read}", self.ago(source.last_scan));
            if source.blocked {
                line.push_str(", waits for room in the spool");
            }
            if let Some(trouble) = &source.trouble {
                line = format!("{line}, failed: {trouble}");
            }
            lines.push(line);
        }
        for stream in &self.streams {
            let StreamStatus {
                stream,
                read,
                spooled,
                acknowledged,
                ..
            } = stream;
            lines.push(format!(
                "stream   {stream}: {read} records read, spooled to {spooled}, acknowledged to {acknowledged}"
            ));
        }
        lines
    }

    fn uplink_line(&self) -> String {
        let mut line = format!("server   {}", self.uplink.state);
        if let Some(at) = self.uplink.last_answer {
            line = format!("{line}, answered {}", self.ago(at));
        }
        if let Some(at) = self.uplink.next_send {
            line = format!("{line}, sends at {at}");
        }
        if let Some(trouble) = &self.uplink.trouble {
            line = format!("{line}: {trouble}");
        }
        line
    }

    fn spool_line(&self) -> String {
        let spool = &self.spool;
        let mut line = format!(
            "spool    {} of {} on disk, {} batches wait",
            ByteSize(spool.bytes),
            ByteSize(spool.max_bytes),
            spool.batches
        );
        if let Some(at) = spool.oldest {
            line = format!("{line}, the oldest taken {}", self.ago(at));
        }
        if spool.encrypted {
            line.push_str(", encrypted");
        }
        line
    }

    /// How long before the agent's own time.
    fn ago(&self, at: Timestamp) -> String {
        let seconds = (self.at.0.saturating_sub(at.0) / 1_000_000_000).max(0);
        match seconds {
            0..120 => format!("{seconds}s ago"),
            120..7200 => format!("{}m ago", seconds / 60),
            7200..172_800 => format!("{}h ago", seconds / 3600),
            _ => format!("{}d ago", seconds / 86_400),
        }
    }
}

/// Whether the server answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UplinkState {
    /// It has not been asked yet.
    #[default]
    Starting,
    /// It answers, and takes what comes.
    Delivering,
    /// Batches wait for the time in `next_send`.
    Waiting,
    /// It does not answer, or takes nothing.
    Trouble,
}

impl fmt::Display for UplinkState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Starting => "starting",
            Self::Delivering => "delivering",
            Self::Waiting => "waiting",
            Self::Trouble => "trouble",
        })
    }
}

/// The way to the server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UplinkStatus {
    /// How it is.
    pub state: UplinkState,
    /// Why nothing is delivered, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// When the server last answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_answer: Option<Timestamp>,
    /// With `send.schedule`: when batches go next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_send: Option<Timestamp>,
}

/// What waits for the server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpoolStatus {
    /// Batches that wait.
    pub batches: usize,
    /// Their bytes.
    pub waiting_bytes: u64,
    /// Bytes of the spool on disk.
    pub bytes: u64,
    /// The most it may hold.
    pub max_bytes: u64,
    /// When the oldest batch that waits was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest: Option<Timestamp>,
    /// Whether new batches are encrypted.
    pub encrypted: bool,
    /// Records dropped and declared since the agent's start, by reason.
    #[serde(default)]
    pub dropped: BTreeMap<String, u64>,
}

/// One stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamStatus {
    /// The stream.
    pub stream: StreamId,
    /// Its epoch.
    pub epoch: Epoch,
    /// Records read since the agent's start.
    pub read: u64,
    /// In the spool up to this position.
    pub spooled: u64,
    /// At the server up to this position.
    pub acknowledged: u64,
}

/// One source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceStatus {
    /// When it last brought something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_read: Option<Timestamp>,
    /// When it was last looked at.
    pub last_scan: Timestamp,
    /// It waits for room in the spool.
    #[serde(default)]
    pub blocked: bool,
    /// Why it brings nothing, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}
