//! Alerts in full.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::api::{AlertInfo, AlertNoteInfo};
use crate::{Seven, Timestamp};

/// How many alerts there are of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlertCountInfo {
    /// In this state,
    pub state: String,
    /// of this level,
    pub level: String,
    /// so many.
    pub count: u64,
}

/// Everything about one alert.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct AlertDetail {
    /// The alert.
    pub alert: AlertInfo,
    /// The seven W's of its first detection.
    pub seven: Seven,
    /// The rule as it is now; absent when there is none of its id any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleDetail>,
    /// Its detections, the newest first, at most 200.
    pub events: Vec<AlertEventInfo>,
    /// What was told to people, in the order it was.
    pub messages: Vec<AlertMessageInfo>,
    /// What people did about it, the oldest first.
    pub history: Vec<AlertNoteInfo>,
}

/// A rule to read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RuleDetail {
    /// Its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its title.
    pub title: String,
    /// informational, low, medium, high, critical.
    pub level: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// The file it stands in.
    pub file: String,
    /// What it is for, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The file's text; absent when it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub yaml: Option<String>,
}

/// A detection of an alert.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct AlertEventInfo {
    /// Its event id.
    pub id: String,
    /// When it happened.
    pub time: Timestamp,
    /// The detection; absent when it is not stored any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<Value>,
}

/// A message about an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AlertMessageInfo {
    /// To which channel.
    pub channel: String,
    /// `waiting`, `sent` or `dead`; `held` for a digest or because the channel had its share, then `told` together with
    /// others; `later` if nobody reacts, or `dropped` since somebody did; `silenced`.
    pub state: String,
    /// How often it was tried in vain.
    pub attempts: u32,
    /// Since when it is in the queue.
    pub created: Timestamp,
    /// When it was sent or given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished: Option<Timestamp>,
    /// Why the last try failed, or why it is not sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// For how many detections.
    pub count: u64,
}
