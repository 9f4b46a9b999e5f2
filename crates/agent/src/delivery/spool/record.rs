//! The bytes of a spool record and of the marks, plain and sealed.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use watchpost_event::{BatchHeader, StreamKey, Timestamp};
use watchpost_ledger::LedgerPosition;

use super::{Marks, StreamMark};
use crate::delivery::seal::{Place, SpoolKey, Unsealable, sealed_with};
use crate::delivery::{DeliveryError, Entry};

/// What stands beside a batch.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Note {
    pub(super) at: Timestamp,
    pub(super) checkpoint: Value,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) finished: bool,
    /// From here on this stream is gone: others carry its data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) supersedes: Option<StreamKey>,
    /// The batch is nothing but declared holes, in place of batches of its range that came before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) drops: bool,
    /// The source cannot wait: what it hands out does not come again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) live: bool,
}

/// `u32 LE length · Note · batch`
pub(super) fn encode(note: &Note, batch: &[u8]) -> Result<Vec<u8>, DeliveryError> {
    let mut out = vec![0; 4];
    serde_json::to_writer(&mut out, note).map_err(DeliveryError::Notes)?;
    let length = (out.len() - 4) as u32;
    out[..4].copy_from_slice(&length.to_le_bytes());
    out.extend_from_slice(batch);
    Ok(out)
}

/// A plain record's note, still as text, and its batch.
pub(super) fn split(payload: &[u8], position: LedgerPosition) -> Result<(&[u8], &[u8]), DeliveryError> {
    let unreadable = || DeliveryError::Unreadable { position };
    let (length, rest) = payload.split_first_chunk::<4>().ok_or_else(unreadable)?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
        .ok_or_else(unreadable)
}

/// What is known of a batch without its events.
pub(super) fn entry_of(header: &BatchHeader, bytes: u64, position: LedgerPosition, note: &Note) -> Entry {
    Entry {
        position,
        key: StreamKey::of(header),
        from: header.from,
        to: header.to,
        bytes,
        end: header.end,
        at: note.at,
        records: header.read + header.skip.iter().map(|skip| skip.records).sum::<u64>(),
        drops: note.drops,
    }
}

/// The plain bytes of what stands at `place`.
pub(super) fn plain<'a>(key: Option<&SpoolKey>, place: Place, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>, Unsealable> {
    match (sealed_with(bytes), key) {
        (None, _) => Ok(Cow::Borrowed(bytes)),
        (Some(_), Some(key)) => key.open(place, bytes).map(Cow::Owned),
        (Some(id), None) => Err(Unsealable::OtherKey(id)),
    }
}

#[derive(Serialize, Deserialize)]
struct MarksSnapshot {
    v: u8,
    streams: Vec<(StreamKey, StreamMark)>,
}

/// The marks of all streams as they begin a segment.
pub(super) fn encode_marks(marks: &Marks) -> Result<Vec<u8>, DeliveryError> {
    let streams = marks.iter().map(|(key, mark)| (key.clone(), mark.clone())).collect();
    serde_json::to_vec(&MarksSnapshot { v: 1, streams }).map_err(DeliveryError::Notes)
}

pub(super) fn decode_marks(bytes: &[u8]) -> Result<Marks, DeliveryError> {
    if bytes.is_empty() {
        return Ok(BTreeMap::new());
    }
    let snapshot: MarksSnapshot = serde_json::from_slice(bytes).map_err(DeliveryError::Notes)?;
    Ok(snapshot.streams.into_iter().collect())
}
