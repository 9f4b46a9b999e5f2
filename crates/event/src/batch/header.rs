use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{AgentId, Epoch, EventError, Fields, StreamId, Timestamp, batch};

/// The first bytes of a file, or the last ones before a position, by length and XXH3-64 hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Fingerprint {
    /// How many bytes were hashed.
    pub length: u32,
    /// Their hash, 16 hexadecimal digits.
    #[serde(with = "hex")]
    pub hash: u64,
}

impl Fingerprint {
    /// Of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self {
            length: bytes.len() as u32,
            hash: xxhash_rust::xxh3::xxh3_64(bytes),
        }
    }
}

mod hex {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::Epoch;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
    pub(super) fn serialize<S: Serializer>(hash: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Epoch(*hash))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        Epoch::deserialize(deserializer).map(|epoch| epoch.0)
    }
}

/// A declared hole: what lies in `(from, to]` will never come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Skip {
    /// Up to here everything came.
    pub from: u64,
    /// From here on it goes on.
    pub to: u64,
    /// Why, in a word: `before-start` (collection began here by configuration), `spool-full`, `source-gone`…
    pub reason: String,
    /// How many records are lost, where that is known.
    #[serde(default)]
    pub records: u64,
}

impl Skip {
    /// Left out by configuration rather than lost.
    pub const BEFORE_START: &'static str = "before-start";

    /// Lost to a damaged log at the server.
    pub const DAMAGE: &'static str = "ledger-damage";
    /// The spool was full and the source cannot be read again.
    pub const SPOOL_FULL: &'static str = "spool-full";
    /// The server lost data that neither spool nor source holds any more.
    pub const SOURCE_GONE: &'static str = "source-gone";

    /// Whether this is a loss, to be shown as a gap.
    pub fn is_gap(&self) -> bool {
        self.reason != Self::BEFORE_START
    }
}

/// Records longer than the limit: each arrives as its first and its last part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Overlong {
    /// How many there were.
    pub records: u64,
    /// Bytes between the two parts, of all of them together: left out.
    pub omitted: u64,
}

impl Overlong {
    /// There was none.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Adds others.
    pub fn add(&mut self, other: Self) {
        self.records += other.records;
        self.omitted += other.omitted;
    }
}

/// Time in which a source that cannot be replayed was not watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Unwatched {
    /// The last sign of life before.
    pub from: Timestamp,
    /// Watching began again.
    pub to: Timestamp,
}

/// The header of a batch (delivery rules: everything in `(from, to]` is in it, dropped with a count, or declared).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatchHeader {
    /// Version of the encoding.
    pub v: u8,
    /// The agent.
    pub agent: AgentId,
    /// The stream.
    pub stream: StreamId,
    /// The epoch of the stream's content.
    pub epoch: Epoch,
    /// Position before the first record.
    pub from: u64,
    /// Position after the last record, dropped ones included.
    pub to: u64,
    /// Records read from the source.
    pub read: u64,
    /// Events in the frame.
    pub events: u32,
    /// Records left out, by reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dropped: BTreeMap<String, u64>,
    /// Bytes of the records as they were read.
    pub raw: u64,
    /// Earliest event time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Timestamp>,
    /// Latest event time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
    /// Bytes of the frame.
    pub frame: u32,
    /// CRC32C of the frame.
    pub crc: u32,
    /// Fields with one value for all events.
    #[serde(
        default,
        skip_serializing_if = "Fields::is_empty",
        deserialize_with = "crate::fields::limited"
    )]
    pub fields: Fields,
    /// The file's first bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<Fingerprint>,
    /// The up to 1 KiB before `to`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tail: Option<Fingerprint>,
    /// Declared holes within `(from, to]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skip: Vec<Skip>,
    /// Records that were too long.
    #[serde(default, skip_serializing_if = "Overlong::is_none")]
    pub overlong: Overlong,
    /// Times in which nobody was watching the source.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unwatched: Vec<Unwatched>,
    /// The stream's content is finished: nothing follows.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub end: bool,
}

impl BatchHeader {
    /// Reads and checks a header.
    pub fn from_json(text: &[u8]) -> Result<Self, EventError> {
        #[derive(Deserialize)]
        struct Version {
            v: u8,
        }
        let version: Version = serde_json::from_slice(text).map_err(EventError::BadHeader)?;
        if version.v != batch::VERSION {
            return Err(EventError::UnknownVersion(version.v));
        }
        let header: Self = serde_json::from_slice(text).map_err(EventError::BadHeader)?;
        header.check()?;
        Ok(header)
    }

    fn check(&self) -> Result<(), EventError> {
        if self.from > self.to {
            return Err(EventError::Inconsistent("from is greater than to"));
        }
        if self.from == self.to && self.events > 0 {
            return Err(EventError::Inconsistent("there are events in an empty range"));
        }
        let mut at = self.from;
        for skip in &self.skip {
            if skip.from < at || skip.to <= skip.from || skip.to > self.to {
                return Err(EventError::Inconsistent("a skip is outside (from, to] or out of order"));
            }
            at = skip.to;
        }
        Ok(())
    }
}
