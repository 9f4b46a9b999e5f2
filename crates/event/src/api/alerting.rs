//! What people do about alerts, and how they are told: changes, silences, channels, messages.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Timestamp;

/// One thing that was done about an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlertNoteInfo {
    /// When.
    pub time: Timestamp,
    /// Who.
    pub author: String,
    /// `acknowledged`, `closed`, `reopened`, `assigned` or `commented`.
    pub action: String,
    /// In their words; of an assignment to whom, empty: to nobody.
    pub note: String,
}

/// Asks to close alerts, or to open them again (then without `reason`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseRequest {
    /// Which.
    pub ids: Vec<i64>,
    /// `resolved`, `false-positive`, `expected`, `duplicate` or `other`.
    pub reason: String,
    /// What is to be remembered of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Asks to give alerts to somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignRequest {
    /// Which.
    pub ids: Vec<i64>,
    /// To whom; empty: to nobody in particular.
    pub to: String,
}

/// Says something of alerts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CommentRequest {
    /// Of which.
    pub ids: Vec<i64>,
    /// What.
    pub text: String,
}

/// What nobody is told for a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SilenceInfo {
    /// Its number; absent: it stands in the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<i64>,
    /// Which detections, in the query language.
    pub when: String,
    /// When within its time: days, time and zone; empty: always.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hours: String,
    /// Why.
    pub reason: String,
    /// From when on; absent: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Until when; absent: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Whether it is its time now.
    pub active: bool,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// Who ended it before its time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<String>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
}

/// Silences.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SilencesResponse {
    /// Those that are or will be in force, the one that ends first first; of the past the newest first.
    pub silences: Vec<SilenceInfo>,
}

/// Asks to silence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSilenceRequest {
    /// Which detections, in the query language: `rule.id:… host.name:web-1`; `*`: all.
    pub when: String,
    /// When within its time: days, time and zone, such as `Sun 02:00-04:00 Europe/Moscow`; empty: always.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hours: String,
    /// Why.
    pub reason: String,
    /// From when on; absent: from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Until when.
    pub until: Timestamp,
}

/// Which open alerts a silence would concern.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SilencePreview {
    /// How many of the open alerts it matches,
    pub matching: u64,
    /// of so many that were looked at: the newest 500.
    pub looked_at: u64,
    /// The numbers of the newest that match, at most 20.
    pub alerts: Vec<i64>,
}

/// Asks which alerts a query would silence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SilencePreviewRequest {
    /// The query.
    pub when: String,
}

/// A place where messages go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChannelInfo {
    /// Its name.
    pub name: String,
    /// `telegram`, `email`, `webhook`…; absent: messages are there for it, but it is configured no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Its messages fail at the moment.
    pub down: bool,
    /// Why the last attempt failed, of the message that waits longest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Messages by where they stand: waiting, sent, dead, held, told, later, dropped, silenced.
    pub messages: BTreeMap<String, u64>,
    /// Since when the oldest of those that wait does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_since: Option<Timestamp>,
    /// What people made of it; absent: it stands in the configuration, or nowhere any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<super::MadeChannelInfo>,
}

/// Who is told of what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RouteInfo {
    /// A query on the detection; empty: every one.
    pub when: String,
    /// Days, time and zone; empty: always.
    pub hours: String,
    /// Names of channels.
    pub channels: Vec<String>,
    /// `story` or `none`.
    pub group: String,
    /// From the so-manieth detection of an alert on,
    pub after: u64,
    /// within this time; empty: however long it takes.
    pub within: String,
    /// Collected for so long; empty: each by itself.
    pub digest: String,
    /// Most messages; empty: what the channel has by itself.
    pub rate: String,
    /// Nobody reacts for so long; empty: nobody else is told.
    pub escalate_after: String,
    /// Who is told then.
    pub escalate_channels: Vec<String>,
}

/// How people are told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChannelsResponse {
    /// In the order of the configuration.
    pub channels: Vec<ChannelInfo>,
    /// In the order of the configuration, and then those that people made.
    pub routes: Vec<RouteInfo>,
    /// Those that people made, to be changed.
    #[schema(value_type = Vec<std::collections::BTreeMap<String, serde_json::Value>>)]
    pub made_routes: Vec<serde_json::Map<String, serde_json::Value>>,
    /// Rises with every change of them.
    pub routes_version: i64,
    /// Nobody wrote a route: `routes` are those that are used then.
    pub default_routes: bool,
    /// The template of the text that is said where none is configured.
    #[serde(default)]
    pub usual_template: String,
}

/// What became of a test message: of an e-mail for every recipient.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChannelTestResponse {
    /// One each.
    pub tried: Vec<ChannelTried>,
}

/// One attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChannelTried {
    /// The channel's name, with the recipient where there are several.
    pub channel: String,
    /// Why it was not taken; absent: it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What a channel would say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChannelPreview {
    /// The text.
    pub text: String,
}

/// A message of the queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MessageInfo {
    /// Its number.
    pub id: i64,
    /// The alert it is about.
    pub alert: i64,
    /// To which channel.
    pub channel: String,
    /// How often it was tried in vain.
    pub attempts: u32,
    /// Since when it is in the queue.
    pub created: Timestamp,
    /// When it was sent or given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<Timestamp>,
    /// Why the last try failed, or why it is not sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The beginning of what is said.
    pub text: String,
}

/// Messages, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MessagesResponse {
    /// At most 500.
    pub messages: Vec<MessageInfo>,
}

/// Asks to send messages again that were given up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResendRequest {
    /// Which, at most 500.
    pub ids: Vec<i64>,
}

/// What became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ResendResponse {
    /// So many wait again; the others are not given up.
    pub waiting: u64,
}
