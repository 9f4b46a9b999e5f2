use crate::{Fields, Timestamp};

/// One event: a time, a message and its own fields. What is the same for a whole batch (host, path…)
/// lives in the batch's [`crate::Origin`]; a [`crate::View`] joins both for everyone who reads.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When it happened.
    pub time: Timestamp,
    /// End of the record it was made from, within the stream's epoch.
    pub position: u64,
    /// Which of the events made from that record (0 unless a record was split or transformed).
    pub n: u32,
    /// The line a person reads. Every event has one.
    pub message: String,
    /// All other fields, without `@timestamp` and `message`.
    pub fields: Fields,
}

impl Event {
    /// A plain event.
    pub fn new(time: Timestamp, position: u64, message: impl Into<String>) -> Self {
        Self {
            time,
            position,
            n: 0,
            message: message.into(),
            fields: Fields::new(),
        }
    }

    /// Adds a field.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<serde_json::Value>) -> Self {
        self.fields.set(name, value);
        self
    }

    /// A rough size in memory in bytes, for limits.
    pub fn weight(&self) -> usize {
        size_of::<Self>() + self.message.len() + self.fields.weight()
    }
}
