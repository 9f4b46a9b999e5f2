//! Messages between agent, server and command line, as they stand in JSON.

mod delivery;
mod health;

pub use delivery::{
    DeliveryHost, DeliveryReport, DeliveryStream, DeliveryVerdict, Finding, FindingKind, HostDelivery, Lag, ReaderLag,
    Tone,
};
pub use health::{
    AgentDelivery, HEALTH_NAMES_MAX, HEALTH_SOURCES_MAX, HEALTH_STREAMS_MAX, HealthReport, SourceHealth, SpoolHealth,
    StreamHealth,
};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Epoch, Fingerprint, StreamId, StreamKey, StreamState};

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
