//! The delivery report: `GET /api/v1/delivery`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{SourceHealth, SpoolHealth};
use crate::{AgentId, Epoch, Overlong, Skip, StreamId, Timestamp, Unwatched};

/// How far something is behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Lag {
    /// Records that were read and are not stored.
    pub records: u64,
    /// How old the oldest of them is, in seconds, rounded up.
    pub seconds: u64,
}

impl Lag {
    /// Nothing waits.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Both together.
    pub fn add(&mut self, other: Self) {
        self.records += other.records;
        self.seconds = self.seconds.max(other.seconds);
    }
}

/// One stream in the delivery report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryStream {
    /// The agent.
    pub agent: AgentId,
    /// The stream.
    pub stream: StreamId,
    /// Its epoch.
    pub epoch: Epoch,
    /// Read at the source up to here, as the agent's last health report says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_to: Option<u64>,
    /// In the agent's spool up to here, as its last health report says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spooled: Option<u64>,
    /// Durable at the server up to here: acknowledged.
    pub cursor: u64,
    /// Durable in the store up to here.
    pub stored: u64,
    /// What was read and is not stored.
    #[serde(default)]
    pub lag: Lag,
    /// Records the agent read and the server has.
    pub read: u64,
    /// Events that arrived.
    pub events: u64,
    /// Events in the store, files and head together (those removed by retention included).
    pub stored_events: u64,
    /// Records left out by the agent's configuration or for their faults, by reason.
    #[serde(default)]
    pub dropped: BTreeMap<String, u64>,
    /// Events the server could not read.
    #[serde(default)]
    pub rejected: u64,
    /// Records that were too long: their first and last part arrived.
    #[serde(default)]
    pub overlong: Overlong,
    /// Records that came again since the server started, and were removed at the intake.
    #[serde(default)]
    pub duplicates: u64,
    /// Records that a reader of the ledger met again since the server started, and passed over.
    #[serde(default)]
    pub duplicates_at_readers: u64,
    /// Batches refused since the server started because others of the same range are here already.
    #[serde(default)]
    pub conflicts: u64,
    /// Declared holes, the newest last; at most 100 are listed.
    #[serde(default)]
    pub skips: Vec<Skip>,
    /// How many declared holes are losses.
    pub gaps: u64,
    /// Times in which nobody was watching the source, the newest last; at most 20 are listed.
    #[serde(default)]
    pub unwatched: Vec<Unwatched>,
    /// When the source last had something new, by the server's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_read: Option<Timestamp>,
    /// When the last batch came.
    pub updated: Timestamp,
    /// Nothing came for longer than expected, since then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silent_since: Option<Timestamp>,
    /// For so many seconds nothing may come before that counts as silence; absent where it is not known yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_seconds: Option<u64>,
    /// The content is finished.
    pub ended: bool,
}

/// How a host fares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum HostDelivery {
    /// Nothing was heard of it for three of its intervals.
    Silent,
    /// It said that it was told to stop, and nothing since.
    Stopped,
    /// It reports in time.
    Reporting,
    /// It never sent a health report: a simple client, or an agent that is older than these.
    #[default]
    Unknown,
}

/// One agent in the delivery report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryHost {
    /// The agent.
    pub agent: AgentId,
    /// Its host's name, as far as it was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Whether it reports.
    #[serde(default)]
    pub state: HostDelivery,
    /// When its last health report came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<Timestamp>,
    /// Version of its program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Why it delivers nothing, in its own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// Of all its streams.
    #[serde(default)]
    pub lag: Lag,
    /// What waits on its disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spool: Option<SpoolHealth>,
    /// What it collects.
    #[serde(default)]
    pub sources: Vec<SourceHealth>,
    /// Streams its last report did not name for their number: their lag is known from here on only.
    #[serde(default)]
    pub streams_left_out: u64,
    /// What may be asked of it, by the names of commands; absent where it has not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commands: Option<Vec<String>>,
    /// Services that it gives files to when it is asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uploads: Vec<String>,
}

/// How far a reader of the server's ledger is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReaderLag {
    /// `store`…
    pub reader: String,
    /// Bytes of the ledger it has not committed yet.
    pub behind_bytes: u64,
    /// When the oldest record it has not taken came, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest: Option<Timestamp>,
    /// Why it stands still, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What can be wrong, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// Ledger or store are damaged.
    Damage,
    /// Something is missing for good.
    Gap,
    /// Two agents write under one identity, or one was put back to an older state.
    Conflict,
    /// Events came that the server could not read.
    Rejected,
    /// Records were left out for their faults.
    Faults,
    /// A host does not report.
    HostSilent,
    /// A stream brings nothing for longer than usual.
    StreamSilent,
    /// The server takes nothing.
    ServerFull,
    /// A reader of the ledger stands still.
    ReaderStopped,
    /// A reader of the ledger is far behind.
    ReaderBehind,
    /// An agent's spool takes nothing.
    SpoolFull,
    /// An agent cannot deliver.
    AgentTrouble,
    /// Records wait for longer than usual.
    Lagging,
    /// A source has something to say.
    SourceTrouble,
    /// Nobody was watching for a time.
    Unwatched,
    /// Records were longer than allowed.
    Overlong,
    /// Records came twice, and were removed.
    Duplicates,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    /// Something is missing, damaged or silent.
    Bad,
    /// Nothing is lost yet, but somebody should look.
    Warn,
    /// Good to know.
    Note,
}

/// One thing that is not as it should be: what happened, and what to do. The numbers are those of the sentence, for
/// whoever says it in another language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// Which sentence it is.
    pub kind: FindingKind,
    /// How bad.
    pub tone: Tone,
    /// What happened, in a sentence.
    pub what: String,
    /// What to do about it, in a sentence.
    pub remedy: String,
    /// A command that helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentId>,
    /// The host's name, or the agent's id where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<StreamId>,
    /// A reader, a source, a reason: whatever name the sentence has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Words from elsewhere in the sentence: an error, a reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// How many: gaps, records, batches.
    #[serde(default)]
    pub count: u64,
    /// Records, where `count` says something else.
    #[serde(default)]
    pub records: u64,
    /// Bytes.
    #[serde(default)]
    pub bytes: u64,
    /// Seconds.
    #[serde(default)]
    pub seconds: u64,
    /// Since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

/// The state in one word, the worst that is so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryVerdict {
    /// No agent has delivered anything yet.
    #[default]
    None,
    /// Something is missing or was damaged.
    Lost,
    /// Nothing is missing as far as is known, but a host or a stream is silent.
    Silent,
    /// Nothing is lost, but something stands in the way.
    Behind,
    /// The normal moment between reading and the store.
    Arriving,
    /// Everything that was read is stored.
    Whole,
}

/// The delivery report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryReport {
    /// When it was made.
    pub at: Timestamp,
    /// When the server started: what it removed and refused is counted since then.
    #[serde(default)]
    pub since: Timestamp,
    /// The state in one word.
    #[serde(default)]
    pub verdict: DeliveryVerdict,
    /// What is not as it should be, the worst first; at most 100.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// Findings beyond those.
    #[serde(default)]
    pub findings_left_out: u64,
    /// Every agent known.
    #[serde(default)]
    pub hosts: Vec<DeliveryHost>,
    /// Every stream known.
    pub streams: Vec<DeliveryStream>,
    /// The readers behind the ledger.
    pub readers: Vec<ReaderLag>,
    /// Damage found in the ledger or the store: quarantined or torn bytes, in words.
    #[serde(default)]
    pub damage: Vec<String>,
}

impl Finding {
    /// A finding about nothing in particular yet.
    pub fn new(kind: FindingKind, tone: Tone, what: String, remedy: impl Into<String>) -> Self {
        Self {
            kind,
            tone,
            what,
            remedy: remedy.into(),
            command: None,
            agent: None,
            host: None,
            stream: None,
            name: None,
            detail: None,
            count: 0,
            records: 0,
            bytes: 0,
            seconds: 0,
            since: None,
        }
    }
}

impl DeliveryReport {
    /// Whether there is a gap, damage or silence: what makes `watchpost delivery` end with 1.
    pub fn is_alarming(&self) -> bool {
        let silent = |host: &DeliveryHost| host.state == HostDelivery::Silent;
        !self.damage.is_empty()
            || self.hosts.iter().any(silent)
            || self
                .streams
                .iter()
                .any(|stream| stream.gaps > 0 || stream.silent_since.is_some())
    }
}
