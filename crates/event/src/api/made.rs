//! Channels and routes that people make in the web interface.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::Timestamp;

/// What people made of a channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MadeChannelInfo {
    /// The keys of `[[channel]]`, without secrets.
    #[schema(value_type = std::collections::BTreeMap<String, serde_json::Value>)]
    pub settings: Map<String, Value>,
    /// Names of the secret keys that are set: of token, url, password, secret, proxy, headers.
    pub secrets: Vec<String>,
    /// Rises with every change; a change names the one it was made of.
    pub version: i64,
    /// Who changed it last.
    pub changed_by: String,
    /// When.
    pub changed: Timestamp,
    /// Why it is not in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// Asks to make a channel, or to change one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SaveChannelRequest {
    /// The keys of `[[channel]]`; values are literal: no files (`@/path`), no variables (`$NAME`). Of a channel that is there,
    /// a secret that is left out stays, an empty one is removed.
    #[schema(value_type = std::collections::BTreeMap<String, serde_json::Value>)]
    pub settings: Map<String, Value>,
    /// To change one: of which version this was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
}

/// Asks to send a test message with settings that are not saved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TryChannelRequest {
    /// The keys of `[[channel]]`.
    #[schema(value_type = std::collections::BTreeMap<String, serde_json::Value>)]
    pub settings: Map<String, Value>,
    /// The channel they are to replace: what is left out of its secrets is taken from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
}

/// Asks what settings that are not saved would say of an alert.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewChannelRequest {
    /// The keys of `[[channel]]`; what it needs to be reached may be missing.
    #[schema(value_type = std::collections::BTreeMap<String, serde_json::Value>)]
    pub settings: Map<String, Value>,
    /// The alert's number.
    pub alert: i64,
}

/// Asks to replace the routes that people made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SaveRoutesRequest {
    /// The keys of `[[route]]`, one object each, in order.
    #[schema(value_type = Vec<std::collections::BTreeMap<String, serde_json::Value>>)]
    pub routes: Vec<Map<String, Value>>,
    /// Of which version this was made; 0: there were none.
    pub version: i64,
}

/// The routes that people made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MadeRoutes {
    /// The keys of `[[route]]`, one object each, in order.
    #[schema(value_type = Vec<std::collections::BTreeMap<String, serde_json::Value>>)]
    pub routes: Vec<Map<String, Value>>,
    /// Rises with every change; 0: there are none.
    pub version: i64,
}
