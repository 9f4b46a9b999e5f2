//! What services and lists say of files, addresses and domains.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Timestamp;

/// What is known of indicators.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LookupsResponse {
    /// In the order they were asked for.
    pub lookups: Vec<LookupInfo>,
}

/// What is known of one indicator.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LookupInfo {
    /// The hash, address or domain.
    pub indicator: String,
    /// `hash`, `ip` or `domain`.
    pub kind: String,
    /// The worst that is said: `malicious`, `suspicious`, `harmless` or `unknown`.
    pub verdict: String,
    /// Who says what.
    pub verdicts: Vec<VerdictInfo>,
    /// Services that are still to be asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<String>,
    /// Services that were asked in vain, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<LookupFailure>,
    /// Where it was first seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<LookupSeen>,
}

/// One service's or one list's answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VerdictInfo {
    /// Who says so.
    pub service: String,
    /// `malicious`, `suspicious`, `harmless` or `unknown`.
    pub verdict: String,
    /// How many of its engines call it malicious.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positives: Option<u32>,
    /// Of so many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u32>,
    /// What it is called.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// Where a person can read more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// When it was asked.
    pub looked_at: Timestamp,
}

/// A service that was asked in vain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LookupFailure {
    /// Which.
    pub service: String,
    /// Why.
    pub error: String,
}

/// Where an indicator was first seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LookupSeen {
    /// In this event.
    pub event: String,
    /// When.
    pub time: Timestamp,
    /// On this host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Who.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// Asks about indicators.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LookupRequest {
    /// Hashes, addresses and domains, at most 100.
    pub indicators: Vec<String>,
    /// Seconds to wait for answers, at most 60.
    #[serde(default)]
    pub wait: u64,
}

/// The services and files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LookupServicesResponse {
    /// Services that are asked.
    pub services: Vec<LookupServiceInfo>,
    /// Lists and geography.
    pub files: Vec<LookupFileInfo>,
}

/// How a service stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LookupServiceInfo {
    /// `virustotal`, `malwarebazaar`, `metadefender`.
    pub name: String,
    /// `ok`, `quota_used`, `key_refused` or `failing`.
    pub state: String,
    /// Why, when it is not ok.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it is asked again, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Requests of today (UTC).
    pub used_today: u32,
    /// Of so many; 0: no limit.
    pub per_day: u32,
    /// Look-ups that wait for it.
    pub waiting: u64,
    /// Whether the server's configuration lets files be given to it.
    pub upload: bool,
}

/// How a file fares.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LookupFileInfo {
    /// The list's name, or `geoip`.
    pub name: String,
    /// The file.
    pub path: String,
    /// Entries that hold.
    pub entries: u64,
    /// Lines that are no entries.
    pub skipped: u64,
    /// Why what holds is older than the file, or nothing holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
