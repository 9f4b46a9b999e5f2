//! What a person wants to know on arrival.

use serde::Serialize;
use utoipa::ToSchema;

use crate::Timestamp;
use crate::api::{AlertCountInfo, AlertInfo, HistogramBucket, StoreStatsResponse};

/// The state of everything in a few numbers.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct OverviewResponse {
    /// When it was made.
    pub at: Timestamp,
    /// Every agent known, those in trouble first.
    pub hosts: Vec<HostInfo>,
    /// What comes in.
    pub events: VolumeInfo,
    /// What fired.
    pub alerts: AlertsSummary,
    /// Whether anything is lost.
    pub delivery: DeliverySummary,
    /// What is stored.
    pub store: StoreStatsResponse,
}

/// An agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct HostInfo {
    /// Its id.
    pub agent: String,
    /// Its host's name; absent until it has sent something since the server started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `reporting`, `late` (nothing for five minutes) or `silent` (three health reports are missing, or nothing for an
    /// hour).
    pub state: HostState,
    /// When it last sent something.
    pub last: Timestamp,
    /// Streams of it.
    pub streams: u64,
}

/// How long ago a host was heard of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum HostState {
    /// Nothing for an hour.
    Silent,
    /// Nothing for five minutes.
    Late,
    /// Less than five minutes ago.
    Reporting,
}

/// Events of two days.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct VolumeInfo {
    /// Of the last 24 hours.
    pub last_day: u64,
    /// Of the 24 hours before.
    pub day_before: u64,
    /// Per hour of the last 24, those that have any.
    pub hours: Vec<HistogramBucket>,
}

/// Alerts in numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct AlertsSummary {
    /// Open ones by level.
    pub open: Vec<AlertCountInfo>,
    /// Opened in the last 24 hours.
    pub last_day: u64,
    /// Opened in the 24 hours before.
    pub day_before: u64,
    /// The newest open ones.
    pub newest: Vec<AlertInfo>,
}

/// Delivery in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct DeliverySummary {
    /// Streams known.
    pub streams: u64,
    /// Holes that are losses.
    pub gaps: u64,
    /// Records left out by the agents' configuration or for their faults.
    pub dropped: u64,
    /// Events that could not be read.
    pub rejected: u64,
    /// Bytes that arrived and cannot be searched yet, of the reader furthest behind.
    pub behind_bytes: u64,
    /// Readers that stand still, and damage found, one sentence each.
    pub damage: Vec<String>,
}
