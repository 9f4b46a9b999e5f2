//! Messages between agent, server and command line, as they stand in JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{AgentId, Epoch, Fingerprint, Skip, StreamId, StreamKey, StreamState, Timestamp};

/// Content type of native batches.
pub const BATCH_CONTENT_TYPE: &str = "application/vnd.watchpost.batch";

/// The one shape of errors: `{"error":{"code","message","details"}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    /// The error.
    pub error: ApiError,
}

/// What went wrong, for programs (`code`) and for people (`message`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApiError {
    /// A stable word: `unauthorized`, `bad_query`, `cursor`, `conflict`…
    pub code: String,
    /// What happened and what to do about it.
    pub message: String,
    /// More, where there is more; for `bad_query` the place: `{"at":7,"len":3}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<serde_json::Value>,
}

/// What became of one stream's batches in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Durable and new.
    Stored,
    /// Durable before already.
    Duplicate,
    /// Refused: it begins behind the cursor; rewind to `cursor`.
    Cursor,
    /// Refused: this range was acknowledged with other content; begin a new epoch.
    Conflict,
    /// Refused: the epoch ended and was forgotten.
    Forgotten,
    /// Refused: the bytes are no batch, or not this agent's.
    Invalid,
}

/// One stream's position after a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StreamCursor {
    /// The stream.
    pub stream: StreamId,
    /// Its epoch.
    pub epoch: Epoch,
    /// Up to here everything is durable at the server.
    pub cursor: u64,
    /// What became of the stream's last batch in this request.
    pub outcome: Outcome,
}

/// A record that was not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Rejected {
    /// The stream.
    pub stream: StreamId,
    /// The position at or before it.
    pub p: u64,
    /// Which of the record's events; for JSON clients the index in `payloads`.
    pub n: u32,
    /// Why.
    pub error: String,
}

/// Answer to `POST /api/v1/agent/data`, for every status: 200 whenever anything was kept or was there
/// already, 409 when all was refused for its cursor or a conflict, 400 when nothing was usable.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DataResponse {
    /// One entry per stream and epoch in the request.
    #[serde(default)]
    pub cursors: Vec<StreamCursor>,
    /// Records that were not kept.
    #[serde(default)]
    pub rejected: Vec<Rejected>,
    /// Set unless the status is 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ApiError>,
}

/// One stream as the server knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StreamReport {
    /// The stream.
    pub stream: StreamId,
    /// Its epoch.
    pub epoch: Epoch,
    /// Up to here everything is durable.
    pub cursor: u64,
    /// The file's first bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<Fingerprint>,
    /// The up to 1 KiB before the cursor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tail: Option<Fingerprint>,
    /// The content is finished.
    #[serde(default)]
    pub ended: bool,
}

impl StreamReport {
    /// A stream and its state at the place that reports it.
    pub fn of((key, state): (&StreamKey, &StreamState)) -> Self {
        Self {
            stream: key.stream.clone(),
            epoch: key.epoch,
            cursor: state.cursor,
            head: state.head,
            tail: state.tail,
            ended: state.ended,
        }
    }
}

/// Answer to `GET /api/v1/agent/streams`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StreamsResponse {
    /// All streams of the asking agent.
    pub streams: Vec<StreamReport>,
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
    /// Durable at the server up to here.
    pub cursor: u64,
    /// Durable in the store up to here.
    pub stored: u64,
    /// Records the agent read.
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
    /// Declared holes, the newest last; at most 100 are listed.
    #[serde(default)]
    pub skips: Vec<Skip>,
    /// How many declared holes are losses.
    pub gaps: u64,
    /// When the last batch came.
    pub updated: Timestamp,
    /// The content is finished.
    pub ended: bool,
}

/// How far a reader of the server's ledger is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReaderLag {
    /// `store`…
    pub reader: String,
    /// Bytes of the ledger it has not committed yet.
    pub behind_bytes: u64,
    /// Why it stands still, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Time in which an agent was not watching a source that cannot be replayed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NotWatching {
    /// The agent.
    pub agent: AgentId,
    /// Last sign of life before.
    pub from: Timestamp,
    /// Start of watching after.
    pub to: Timestamp,
}

/// The delivery report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryReport {
    /// When it was made.
    pub at: Timestamp,
    /// Every stream known.
    pub streams: Vec<DeliveryStream>,
    /// The readers behind the ledger.
    pub readers: Vec<ReaderLag>,
    /// Damage found in the ledger or the store: quarantined or torn bytes, in words.
    #[serde(default)]
    pub damage: Vec<String>,
}
