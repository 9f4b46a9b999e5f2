use crate::NewLookup;

/// A security event as it is kept in the public table `security_events`. NUL becomes U+FFFD everywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecurityEvent {
    /// `agent/epoch/stream@position.n`, see `watchpost_event::EventId`. One that is there already is passed over.
    pub event_id: String,
    /// When it happened, in nanoseconds since 1970.
    pub timestamp_ns: i64,
    /// When the server received it, in nanoseconds since 1970. Its age for [`super::Events::expire`].
    pub received_ns: i64,
    /// Which agent sent it.
    pub agent_id: String,
    /// ECS `host.name`. This and the other names are cut at 512 bytes.
    pub host_name: Option<String>,
    /// ECS `event.kind`.
    pub kind: Option<String>,
    /// ECS `event.category`.
    pub category: Option<String>,
    /// ECS `event.action`.
    pub action: Option<String>,
    /// ECS `event.outcome`.
    pub outcome: Option<String>,
    /// ECS `event.severity`: 10 to 100.
    pub severity: Option<u8>,
    /// ECS `user.name`.
    pub username: Option<String>,
    /// ECS `process.name`.
    pub process_name: Option<String>,
    /// ECS `process.command_line`, cut at 64 KiB.
    pub process_command_line: Option<String>,
    /// ECS `source.ip`.
    pub source_ip: Option<String>,
    /// The line a person reads, cut at 64 KiB.
    pub message: String,
    /// The whole event: one JSON object. More than 256 KiB become `{"truncated":true,"bytes":…}` and the members that
    /// fit, smallest first.
    pub fields: String,
}

/// A rule that recognised something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detection {
    /// What names it for ever. One that comes again has no effect.
    pub event_id: String,
    /// When it happened, in nanoseconds since 1970.
    pub time: i64,
    /// What it has in common with others that belong to the same alert.
    pub fingerprint: String,
    /// How far from an alert's newest detection it may be to belong to it, in nanoseconds; 0: only the same moment.
    pub window_ns: i64,
    /// The rule's id.
    pub rule_id: String,
    /// What the rule is called.
    pub rule_title: String,
    /// The rule's level: 20, 40, 60, 80 or 100.
    pub level: u8,
    /// On which host.
    pub host_name: Option<String>,
    /// Who.
    pub username: Option<String>,
    /// The line a person reads, cut at 64 KiB.
    pub message: String,
    /// The event as one JSON object, cut like [`SecurityEvent::fields`] at 64 KiB.
    pub event_json: String,
    /// How many it stands for beyond itself: a rule that finds too much puts them together.
    pub more: u64,
    /// Whom to tell.
    pub messages: Vec<NewMessage>,
}

/// A message that a detection may cause.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewMessage {
    /// The channel's name.
    pub channel: String,
    /// What is sent, cut at 1 MiB.
    pub body: String,
    /// On which terms; those that tell soonest decide.
    pub terms: Vec<Terms>,
    /// Why nobody is told: it is kept with this reason, and never sent.
    pub silenced: Option<String>,
}

/// When a channel is told of a detection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// Of every detection; otherwise once for each alert.
    pub each: bool,
    /// From the so-manieth detection of its alert on; 0 and 1: from the first.
    pub after: u64,
    /// So many of them within this time, in nanoseconds; 0: however long it takes.
    pub within_ns: i64,
    /// Collected, and told together at every full multiple of this time; 0: by itself.
    pub digest_ns: i64,
    /// Only after this time, and only when nobody has seen to the alert; 0: without waiting.
    pub escalate_ns: i64,
    /// When the channel gets more than this, the rest is told together.
    pub rate: Option<Rate>,
}

/// At most so many messages in so much time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Messages, at least one.
    pub most: u64,
    /// In nanoseconds.
    pub per_ns: i64,
}

/// What a reader of the ledger found up to a position.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewEvents {
    /// The reader's name.
    pub reader: String,
    /// Everything before this position of the ledger is in this batch or an earlier one.
    pub position: u64,
    /// The present time, in nanoseconds since 1970.
    pub now: i64,
    /// Events for the public table.
    pub events: Vec<SecurityEvent>,
    /// Detections, which need not be about these events.
    pub detections: Vec<Detection>,
    /// Files that services are to be asked about.
    pub lookups: Vec<NewLookup>,
}

/// What a batch changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppliedReport {
    /// How many events were new.
    pub events: u64,
    /// The ids of new alerts.
    pub alerts_made: Vec<i64>,
    /// The ids of older alerts that got detections, each once.
    pub alerts_extended: Vec<i64>,
    /// How many messages now wait to be sent because of it.
    pub messages: u64,
    /// How many look-ups now wait to be made because of it.
    pub lookups: u64,
    /// How many were left out, since too many wait.
    pub lookups_left_out: u64,
}
