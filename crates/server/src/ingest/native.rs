//! Bodies of native batches.

use bytes::Bytes;
use watchpost_event::batch::Limits;
use watchpost_event::protocol::Rejected;
use watchpost_event::{Batch, BatchHeader, Decoded, Envelope, EventError, Timestamp};
use watchpost_lookup::Enricher;

use super::writer::Work;
use super::{Answer, check_agent, decode_limits};
use crate::auth::Principal;
use crate::config::SizeLimits;
use watchpost_kit::chain;

/// One batch, decoded and ready to be judged.
pub(crate) struct Prepared {
    header: BatchHeader,
    /// Header and frame as they came.
    bytes: Bytes,
    /// Where the frame begins in `bytes`.
    frame: usize,
    pub(crate) content: Content,
}

/// A batch's events, or why they cannot be read.
pub(crate) enum Content {
    Good(Box<Decoded>),
    Bad(String),
}

impl Prepared {
    /// The batch, and what was in it.
    pub(crate) fn open(&mut self) -> (Batch<'_>, Content) {
        let content = std::mem::replace(&mut self.content, Content::Bad(String::new()));
        let batch = Batch {
            header: self.header.clone(),
            frame: &self.bytes[self.frame..],
            bytes: &self.bytes,
        };
        (batch, content)
    }

    /// Adds what is known to its events, for readers; its bytes stay as they came.
    pub(super) fn enrich(&mut self, enricher: &Enricher, now: Timestamp) {
        if let Content::Good(decoded) = &mut self.content {
            enricher.enrich(decoded, now);
        }
    }
}

/// Reads a body's batches. Those before a place that cannot be read are kept.
pub(super) fn prepare(principal: &Principal, body: &Bytes, limits: SizeLimits, now: Timestamp) -> Result<Work, Answer> {
    let mut batches = Vec::new();
    let mut at = 0;
    let mut room = limits.decompressed;
    while at < body.len() {
        let (batch, rest) = match Batch::read(&body[at..]) {
            Ok(read) => read,
            Err(_) if !batches.is_empty() => break,
            Err(error) => return Err(unreadable(at, &error)),
        };
        check_agent(principal, &batch.header.agent)?;
        let bytes = body.slice(at..body.len() - rest.len());
        at += bytes.len();
        let all = decode_limits(limits);
        let limits = Limits {
            decompressed: room.min(all.decompressed),
            ..all
        };
        let envelope = Envelope {
            received_at: now,
            limits: Some(all),
            ..Envelope::default()
        };
        let content = match Decoded::from_batch(&batch, envelope, limits) {
            Ok(decoded) => {
                room = room.saturating_sub(decoded.weight());
                Content::Good(Box::new(decoded))
            }
            // Small batches together can be too much: the rest is for the next request.
            Err(EventError::Bomb { .. }) if !batches.is_empty() => break,
            Err(EventError::Bomb { .. }) => {
                return Err(Answer::too_large(
                    "a batch once decompressed",
                    limits.decompressed,
                    "limits.decompressed",
                ));
            }
            Err(error) => Content::Bad(chain(&error)),
        };
        batches.push(Prepared {
            frame: bytes.len() - batch.frame.len(),
            header: batch.header,
            bytes,
            content,
        });
    }
    if batches.is_empty() {
        return Err(Answer::error(
            400,
            "bad_batch",
            "the body is empty: it should hold one or more batches",
        ));
    }
    Ok(Work::Batches(batches))
}

fn unreadable(at: usize, error: &EventError) -> Answer {
    Answer::error(
        400,
        "bad_batch",
        format!("the body cannot be read at byte {at}: {}", chain(error)),
    )
}

/// What is said of a batch whose frame cannot be read.
pub(crate) fn rejected(header: &BatchHeader, error: String) -> Rejected {
    Rejected {
        stream: header.stream.clone(),
        p: header.from,
        n: 0,
        error,
    }
}
