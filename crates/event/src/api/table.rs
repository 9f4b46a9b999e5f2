//! What pipes make of events, exports, and searches that run.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::SearchProgress;
use crate::Timestamp;
use crate::protocol::ApiError;

/// One line of a search whose answer is made of all events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TableLine {
    /// How far it is.
    Progress(SearchProgress),
    /// The last line: the answer.
    Table(TableResponse),
    /// The last line when there is none.
    Error(ApiError),
}

/// What the pipes of a search give.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TableResponse {
    /// The columns; empty when the answer is events.
    pub columns: Vec<TableColumn>,
    /// Rows, one value per column.
    pub rows: Vec<Vec<Value>>,
    /// Whole events, when the answer has no columns.
    pub events: Vec<Value>,
    /// There are more rows than these: ask with a larger `limit`, or export.
    pub more: bool,
    /// Why the answer is not of all events, when it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut: Option<SearchCut>,
    /// What else should be known about it, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What it took.
    pub cost: SearchCost,
    /// What could not be read, one sentence each; everything else was searched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub damage: Vec<String>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TableColumn {
    /// Its name.
    pub name: String,
    /// What stands in it.
    pub role: ColumnRole,
    /// Some values are estimates, off by a hundredth or so: there were too many to keep them all.
    pub estimated: bool,
}

/// What stands in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ColumnRole {
    /// What groups are told apart by.
    Group,
    /// The beginning of an interval of time.
    Time,
    /// Something computed of a group.
    Value,
    /// A field of the events.
    Field,
}

/// A search that ended before it had seen everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SearchCut {
    /// Why.
    pub reason: CutWhy,
    /// Every event later than this is in the answer, and perhaps some from before; absent when that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The same for people, with what to do.
    pub message: String,
}

/// Why a search ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CutWhy {
    /// It took longer than `search.max_time`.
    Time,
    /// It had to keep more than `search.max_memory`.
    Memory,
    /// Somebody cancelled it.
    Cancelled,
}

/// What a search took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SearchCost {
    /// Events looked at.
    pub examined: u64,
    /// Blocks read from files.
    pub blocks_read: u64,
    /// Blocks that time and filters ruled out.
    pub blocks_pruned: u64,
    /// Bytes of what was read from them, decompressed.
    pub bytes: u64,
    /// Milliseconds from the request to the answer.
    pub took_ms: u64,
}

/// How an export looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    /// One JSON object per line.
    #[default]
    Ndjson,
    /// RFC 4180 with a header; of events that no pipe made rows of, the time, host, file, level and message.
    Csv,
}

/// What to export.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportRequest {
    /// The search, with pipes or without; everything when left out.
    pub q: String,
    /// Earliest time: RFC 3339, `now`, or a time ago such as `-1h`.
    pub from: Option<String>,
    /// Latest time, excluded.
    pub to: Option<String>,
    /// How it looks.
    pub format: ExportFormat,
    /// For spreadsheets: texts that one would take for a formula (they begin with = + - @, a tab or a carriage return)
    /// get an apostrophe before them. CSV only.
    pub safe: bool,
    /// At most so many rows; all when left out.
    pub limit: Option<u64>,
}

/// Searches that run now.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RunningResponse {
    /// The oldest first.
    pub searches: Vec<RunningSearch>,
}

/// A search that runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RunningSearch {
    /// Its number: in the header `x-watchpost-search` of the answer, too.
    pub id: u64,
    /// Who asked.
    pub user: String,
    /// What is asked: `search`, `table` or `export`.
    pub kind: String,
    /// The search.
    pub q: String,
    /// Earliest time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Latest time, excluded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Timestamp>,
    /// Since when.
    pub began: Timestamp,
    /// How far it is.
    pub progress: SearchProgress,
    /// Rows that have left.
    pub rows: u64,
}
