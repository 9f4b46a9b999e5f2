//! Search as it goes, and what fields hold.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::Timestamp;
use crate::protocol::ApiError;

/// One line of a search as it goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SearchLine {
    /// An event, newest first.
    Event(Value),
    /// How far it is.
    Progress(SearchProgress),
    /// The last line of a search that went to its end.
    End(SearchEnd),
    /// The last line of one that did not.
    Error(ApiError),
}

/// How far a search is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SearchProgress {
    /// Events looked at.
    pub examined: u64,
    /// Which share of what may match was looked at or ruled out: 0 to 1.
    pub done: f64,
    /// Everything later than this was searched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// How a search went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SearchEnd {
    /// Ask with `after` = this for more; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Events in this answer.
    pub rows: u64,
    /// Events looked at.
    pub examined: u64,
    /// Blocks read from files.
    pub blocks_read: u64,
    /// Blocks that time and filters ruled out.
    pub blocks_pruned: u64,
    /// Bytes of what was read from them, decompressed.
    #[serde(default)]
    pub bytes: u64,
    /// Milliseconds from the request to the last row.
    pub took_ms: u64,
    /// What could not be read, one sentence each; everything else was searched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub damage: Vec<String>,
}

/// The most frequent values of fields.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FacetsResponse {
    /// One per field.
    pub facets: Vec<FacetInfo>,
    /// Events that were counted: the newest.
    pub total: u64,
    /// All matching events were counted.
    pub complete: bool,
    /// What could not be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub damage: Vec<String>,
}

/// The most frequent values of one field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FacetInfo {
    /// The field.
    pub field: String,
    /// The most frequent first.
    pub values: Vec<FacetValue>,
    /// Events without the field.
    pub missing: u64,
    /// Events with other values than these.
    pub other: u64,
}

/// A value and how often it occurs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FacetValue {
    /// Text, number or boolean.
    pub value: Value,
    /// Events that have it.
    pub count: u64,
}

/// Which fields occur among the newest matching events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldsResponse {
    /// In order of their names.
    pub fields: Vec<FieldInfo>,
    /// Events that were looked at.
    pub examined: u64,
}

/// A field that occurs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldInfo {
    /// Its dotted name.
    pub name: String,
    /// What its first value was.
    pub kind: FieldKind,
    /// Events that have it.
    pub events: u64,
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum FieldKind {
    /// A text.
    Text,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A moment.
    Time,
    /// Several values.
    List,
}

/// Values of one field, for completion.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ValuesResponse {
    /// The field.
    pub field: String,
    /// The most frequent first.
    pub values: Vec<FacetValue>,
    /// All matching events were counted, and not the newest only.
    pub complete: bool,
}
