//! The field names we set ourselves (ECS 8, and `watchpost.*` for our own).

/// When it happened.
pub const TIMESTAMP: &str = "@timestamp";
/// The line a person reads.
pub const MESSAGE: &str = "message";
/// The host's name.
pub const HOST_NAME: &str = "host.name";
/// The file a line was read from.
pub const LOG_FILE_PATH: &str = "log.file.path";
/// Where the record ends in the uncompressed file.
pub const LOG_OFFSET: &str = "log.offset";
/// The level's name on the one severity scale.
pub const LOG_LEVEL: &str = "log.level";
/// The level's number on the one severity scale.
pub const EVENT_SEVERITY: &str = "event.severity";
/// `event`, `alert`, `metric`…
pub const EVENT_KIND: &str = "event.kind";
/// `process`, `authentication`…
pub const EVENT_CATEGORY: &str = "event.category";
/// `start`, `end`…
pub const EVENT_TYPE: &str = "event.type";
/// What was done.
pub const EVENT_ACTION: &str = "event.action";
/// `success` or `failure`.
pub const EVENT_OUTCOME: &str = "event.outcome";
/// The agent's id.
pub const AGENT_ID: &str = "agent.id";
/// The stream's name.
pub const STREAM: &str = "watchpost.stream";
/// The stream's epoch.
pub const EPOCH: &str = "watchpost.epoch";
/// The record's end within the epoch.
pub const POSITION: &str = "watchpost.position";
/// Which of the record's events.
pub const N: &str = "watchpost.n";
/// A record that was longer than allowed and is shown by its first and last part.
pub const TRUNCATED: &str = "watchpost.truncated";
/// `first` or `last` part of an over-long record.
pub const PART: &str = "watchpost.part";
/// Bytes left out between the two parts.
pub const DROPPED_BYTES: &str = "watchpost.dropped_bytes";
/// Sigma's product.
pub const LOGSOURCE_PRODUCT: &str = "watchpost.logsource.product";
/// Sigma's category.
pub const LOGSOURCE_CATEGORY: &str = "watchpost.logsource.category";
/// Sigma's service.
pub const LOGSOURCE_SERVICE: &str = "watchpost.logsource.service";
