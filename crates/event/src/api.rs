//! Messages of the user API (`/api/v1/…`) as they stand in JSON: what the command line and the web interface read.
//!
//! ```text
//! GET  /search?q&from&to&limit&after            → SearchResponse     newest first; `after` is the `next` of the page before
//! GET  /search/stats?q&from&to&by               → CountsResponse     `by`: field names, comma separated
//! GET  /search/stream?q&from&to&limit&after     → SearchLine, one per line, while the search goes on
//! GET  /search/table?q&from&to&limit            → TableLine, one per line; `q` with pipes
//! GET  /export?q&from&to&format&safe&limit      → all rows, as NDJSON or CSV; POST ExportRequest does the same
//! GET  /searches/running                        → RunningResponse
//! DELETE /searches/running/{id}                 → RunningSearch     cancelled
//! GET  /search/facets?q&from&to&fields&limit    → FacetsResponse
//! GET  /search/fields?q&from&to                 → FieldsResponse
//! GET  /search/values?field&prefix&q&from&to    → ValuesResponse
//! GET  /search/histogram?q&from&to&interval     → HistogramResponse  `interval` as a duration: 1m
//! GET  /search/context?id&before&after          → ContextResponse
//! GET  /tail?q  (WebSocket)                     → one event's JSON per text message
//! GET  /alerts, /alerts/{id}                    → AlertsResponse, AlertDetail
//! POST /alerts/acknowledge AcknowledgeRequest   → AlertsResponse
//! GET  /rules, /rules/{key}                     → RulesResponse, RuleView
//! POST /rules NewRuleRequest                    → RuleView           PUT /rules/{key} and DELETE: its next version
//! POST /rules/{key}/disable, /enable RuleReason → RuleView
//! POST /rules/{key}/exceptions                  → RuleExceptionInfo  POST /rules/exceptions/{id}/end
//! POST /rules/check, /rules/test                → CheckRuleResponse, TestRuleResponse
//! POST /rules/backtest BacktestRequest          → BacktestLine, one per line
//! GET  /overview                                → OverviewResponse
//! GET  /delivery?host                           → protocol::DeliveryReport
//! GET  /lookups?indicator                        → LookupsResponse    `indicator`: comma separated
//! POST /lookups LookupRequest                   → LookupsResponse    … and has them asked
//! GET  /lookups/services                        → LookupServicesResponse
//! GET  /store/stats                             → StoreStatsResponse
//! POST /store/verify                            → VerifyResponse
//! GET  /tokens                                  → TokensResponse
//! POST /tokens TokenRequest                     → TokenCreated       the key is shown here and never again
//! DELETE /tokens/{id}                           → TokenInfo
//! POST /session LoginRequest                    → SessionInfo        and the cookie that everything else is asked with
//! GET  /session                                 → SessionInfo
//! DELETE /session                               → nothing (204)      logged out
//! POST /session/password PasswordRequest        → SessionInfo        the user's other sessions end
//! GET  /audit?who&action&object&from&to&before   → AuditResponse      newest first; `before`: the id of the last one seen
//! GET  /users                                   → UsersResponse
//! POST /users UserRequest                       → UserCreated        the password is shown here and never again
//! POST /users/{name}/reset                      → UserCreated        … and their sessions end
//! DELETE /users/{name}                          → UserInfo
//! ```
//! Times in `from` and `to` are RFC 3339. Events are whole nested ECS objects ([`crate::View::to_json`]).

mod alerting;
mod alerts;
mod audit;
mod lookups;
mod made;
mod overview;
mod reports;
mod rules;
mod search;
mod table;

pub use alerting::{
    AlertNoteInfo, AssignRequest, ChannelInfo, ChannelPreview, ChannelTestResponse, ChannelTried, ChannelsResponse,
    CloseRequest, CommentRequest, MessageInfo, MessagesResponse, NewSilenceRequest, ResendRequest, ResendResponse,
    RouteInfo, SilenceInfo, SilencePreview, SilencePreviewRequest, SilencesResponse,
};
pub use alerts::{AlertCountInfo, AlertDetail, AlertEventInfo, AlertMessageInfo, RuleDetail};
pub use audit::{AuditEntryInfo, AuditObjectInfo, AuditResponse};
pub use lookups::{
    LookupFailure, LookupFileInfo, LookupInfo, LookupRequest, LookupSeen, LookupServiceInfo, LookupServicesResponse,
    LookupsResponse, VerdictInfo,
};
pub use made::{
    MadeChannelInfo, MadeRoutes, PreviewChannelRequest, SaveChannelRequest, SaveRoutesRequest, TryChannelRequest,
};
pub use overview::{AlertsSummary, DeliverySummary, HostInfo, HostState, OverviewResponse, VolumeInfo};
pub use reports::{NewReportRequest, ReportFormat, ReportInfo, ReportsResponse};
pub use rules::{
    BacktestBucket, BacktestDetection, BacktestEnd, BacktestLine, BacktestProgress, BacktestRequest, CheckRuleRequest,
    CheckRuleResponse, CheckedRule, NewExceptionRequest, NewRuleRequest, RuleExceptionInfo, RuleInfo, RuleOrigin,
    RuleOutline, RuleProblem, RuleReason, RuleReference, RuleSource, RuleStateInfo, RuleTried, RuleVersionInfo,
    RuleView, RulesResponse, SaveRuleRequest, TestRuleRequest, TestRuleResponse,
};
pub use search::{
    FacetInfo, FacetValue, FacetsResponse, FieldInfo, FieldKind, FieldsResponse, SearchEnd, SearchLine, SearchProgress,
    ValuesResponse,
};
pub use table::{
    ColumnRole, CutWhy, ExportFormat, ExportRequest, RunningResponse, RunningSearch, SearchCost, SearchCut,
    TableColumn, TableLine, TableResponse,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::Timestamp;

/// A page of a search.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SearchResponse {
    /// Events, newest first.
    pub events: Vec<Value>,
    /// Ask with `after` = this for the next page; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// What could not be read, one sentence each; everything else was searched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub damage: Vec<String>,
}

/// The result of a count.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CountsResponse {
    /// Matching events.
    pub total: u64,
    /// The fields they are grouped by.
    #[serde(default)]
    pub by: Vec<String>,
    /// Groups, the largest first.
    #[serde(default)]
    pub groups: Vec<Group>,
    /// Events in groups that were left out because there were too many.
    #[serde(default)]
    pub other: u64,
    /// What could not be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub damage: Vec<String>,
}

/// One group of a count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Group {
    /// One value per field; null where events have none.
    pub key: Vec<Value>,
    /// Events in it.
    pub count: u64,
}

/// Events over time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HistogramResponse {
    /// Width of a bar in nanoseconds.
    pub interval: i64,
    /// Bars that are not empty, in order of time.
    pub buckets: Vec<HistogramBucket>,
    /// What could not be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub damage: Vec<String>,
}

/// One bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HistogramBucket {
    /// Its beginning.
    pub start: Timestamp,
    /// All events in it.
    pub total: u64,
    /// By severity, from debug to emergency; the last are those without one.
    pub counts: [u64; 7],
}

/// An event's neighbours in its stream.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ContextResponse {
    /// In order of position, the event itself included.
    pub events: Vec<Value>,
}

/// What is stored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StoreStatsResponse {
    /// Data files.
    pub files: u64,
    /// Events in files.
    pub events: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// Bytes of the stored messages and fields as text.
    pub raw_bytes: u64,
    /// Events that can be searched and are not in a file yet.
    pub head_events: u64,
    /// Earliest event time in files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Timestamp>,
    /// Latest event time in files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
}

/// The result of reading everything that is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VerifyResponse {
    /// Files read.
    pub files: u64,
    /// Events read.
    pub events: u64,
    /// Bytes read.
    pub bytes: u64,
    /// What is damaged, one sentence each.
    pub damage: Vec<String>,
}

/// Asks for a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenRequest {
    /// What people call it.
    pub name: String,
    /// `agent` (may deliver) or `admin` (may do everything).
    pub role: String,
    /// For agents: the agent id it is bound to, or a prefix that ends with `*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
}

/// A key that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenCreated {
    /// The key itself: shown once, only its hash is kept.
    pub key: String,
    /// What it may do.
    #[serde(flatten)]
    pub info: TokenInfo,
}

/// A key without the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenInfo {
    /// Its id, for revoking.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub role: String,
    /// The agent id or prefix it is bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last used, to the minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<Timestamp>,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Timestamp>,
}

/// All keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokensResponse {
    /// Newest first.
    pub tokens: Vec<TokenInfo>,
}

/// One alert: a story of one or more detections.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AlertInfo {
    /// Its number, for acknowledging.
    pub id: i64,
    /// `open`, `acknowledged` or `closed`.
    pub state: String,
    /// The rule's level: informational, low, medium, high, critical.
    pub level: String,
    /// The rule's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_id: Option<String>,
    /// The rule's title.
    pub rule: String,
    /// Detections in it.
    pub count: u64,
    /// The first of them.
    pub first: Timestamp,
    /// The last of them.
    pub last: Timestamp,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Who.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The line a person reads.
    pub message: String,
    /// 0 to 100: the level, and more the more often it happened.
    #[serde(default)]
    pub score: u8,
    /// Who is to see to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    /// Who has acknowledged it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged_by: Option<String>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<Timestamp>,
    /// Who has closed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_by: Option<String>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Timestamp>,
    /// `resolved`, `false-positive`, `expected`, `duplicate` or `other`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub close_reason: Option<String>,
    /// What was last said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The first detection as it can be searched.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub event: Value,
}

/// Alerts, and messages that wait.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AlertsResponse {
    /// Newest first.
    pub alerts: Vec<AlertInfo>,
    /// Messages that wait, by channel: more than a few mean that a channel is down.
    #[serde(default)]
    pub waiting: std::collections::BTreeMap<String, u64>,
    /// How many there are, by state and level; kinds without any are left out.
    #[serde(default)]
    pub counts: Vec<AlertCountInfo>,
}

/// Asks to acknowledge alerts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcknowledgeRequest {
    /// Which.
    pub ids: Vec<i64>,
    /// What is to be remembered of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

// Users and sessions.

/// A password on its way. Never shown by `Debug`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, format = Password)]
pub struct Password(pub String);

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// Asks to log in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LoginRequest {
    /// Who.
    pub username: String,
    /// Their password.
    pub password: Password,
}

/// Asks for another password of one's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PasswordRequest {
    /// The one that is to be replaced.
    pub current: Password,
    /// The new one: at least 10 characters, at most 1,024 bytes.
    pub password: Password,
}

/// Who is logged in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionInfo {
    /// Their name.
    pub user: String,
    /// What they may do: `admin`.
    pub role: String,
    /// Whether a password must be chosen before anything else is answered.
    pub must_change_password: bool,
    /// When the session ends unless it is used again.
    pub expires: Timestamp,
    /// The server's version.
    pub version: String,
}

/// Asks for a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserRequest {
    /// The name to log in with.
    pub name: String,
    /// What they may do; `admin` when left out, the only one there is yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

/// A user who was made, or whose password was reset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UserCreated {
    /// Works for one log-in: shown once, only its hash is kept.
    pub password: Password,
    /// Who.
    #[serde(flatten)]
    pub info: UserInfo,
}

/// A user without the password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UserInfo {
    /// The name to log in with.
    pub name: String,
    /// What they may do: `admin`, or `unknown` when a newer program knows.
    pub role: String,
    /// Whether they have to choose a password at their next log-in.
    pub must_change_password: bool,
    /// When they were made.
    pub created: Timestamp,
    /// Since when they have this password.
    pub password_changed: Timestamp,
    /// When they last logged in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_login: Option<Timestamp>,
}

/// All users.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UsersResponse {
    /// By name.
    pub users: Vec<UserInfo>,
}
