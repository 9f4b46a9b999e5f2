//! The tables as sea-orm sees them, one file each. Times are nanoseconds since 1970.

pub(crate) mod alert_events;
pub(crate) mod alert_notes;
pub(crate) mod alerts;
pub(crate) mod api_keys;
pub(crate) mod audit;
pub(crate) mod lookup_notices;
pub(crate) mod lookup_stream;
pub(crate) mod lookups;
pub(crate) mod messages;
pub(crate) mod own_rules;
pub(crate) mod reader;
pub(crate) mod reports;
pub(crate) mod rule_exceptions;
pub(crate) mod rule_states;
pub(crate) mod rules_revision;
pub(crate) mod security_events;
pub(crate) mod sessions;
pub(crate) mod settings;
pub(crate) mod silences;
pub(crate) mod users;
