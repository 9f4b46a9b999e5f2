//! Reports.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Timestamp;

/// A report that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportInfo {
    /// Its number.
    pub id: i64,
    /// `security` or `host`.
    pub kind: String,
    /// Of one host: which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The beginning of its time.
    pub from: Timestamp,
    /// Its end, excluded.
    pub to: Timestamp,
    /// When it was made.
    pub made: Timestamp,
    /// Who asked for it; `schedule`: the configuration.
    pub made_by: String,
}

/// Reports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportsResponse {
    /// The newest first.
    pub reports: Vec<ReportInfo>,
}

/// Asks for a report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReportRequest {
    /// About this host alone; absent: about everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The beginning of its time.
    pub from: Timestamp,
    /// Its end, excluded; at most 92 days later.
    pub to: Timestamp,
    /// IANA name of the zone of its times; empty: the server's.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub timezone: String,
    /// `en` (default) or `ru`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub language: String,
}

/// How a report is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReportFormat {
    /// A page that needs nothing else.
    #[default]
    Html,
    /// PDF.
    Pdf,
    /// The data.
    Json,
}
