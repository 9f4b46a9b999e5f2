use std::time::Duration;

use watchpost_event::protocol::{ApiError, DataResponse, Outcome, Rejected, StreamCursor};
use watchpost_event::{AgentId, BatchHeader, StreamKey};
use watchpost_ledger::LedgerPosition;

use crate::auth::Principal;

/// Rejected records are listed up to this many.
const REJECTED_MAX: usize = 1_000;
/// When a full server is worth asking again.
const RETRY_FULL: Duration = Duration::from_secs(5);
const RETRY_UNAVAILABLE: Duration = Duration::from_secs(1);

/// What the writer did with one request.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// One entry per stream and epoch.
    pub(crate) cursors: Vec<StreamCursor>,
    /// Every batch's outcome, for counting.
    pub(crate) outcomes: Vec<Outcome>,
    /// Streams in conflict, and where the server stands in them.
    conflicts: Vec<(StreamKey, u64)>,
    /// Records that were not kept.
    pub(crate) rejected: Vec<Rejected>,
    /// Events kept.
    pub(crate) events: u64,
    /// Why the rest of the request was not looked at.
    pub(crate) full: Option<String>,
    /// Behind the last record written.
    pub(crate) behind: LedgerPosition,
}

impl Written {
    /// Notes one batch's outcome. The last batch of a stream decides what is said of the stream, but a refusal stands:
    /// what follows it in the same request is refused for the same reason.
    pub(crate) fn note(&mut self, header: &BatchHeader, outcome: Outcome, cursor: u64) {
        self.outcomes.push(outcome);
        if outcome == Outcome::Conflict && self.conflict(header).is_none() {
            self.conflicts.push((StreamKey::of(header), cursor));
        }
        let cursor = StreamCursor {
            stream: header.stream.clone(),
            epoch: header.epoch,
            cursor,
            outcome,
        };
        let same = |said: &&mut StreamCursor| said.stream == cursor.stream && said.epoch == cursor.epoch;
        match self.cursors.iter_mut().find(same) {
            Some(said) if !is_kept(said.outcome) => {}
            Some(said) => *said = cursor,
            None => self.cursors.push(cursor),
        }
    }

    /// Where the server stands in a stream of which an earlier batch of the same request was in conflict.
    pub(crate) fn conflict(&self, header: &BatchHeader) -> Option<u64> {
        let key = StreamKey::of(header);
        let found = self.conflicts.iter().find(|(of, _)| *of == key)?;
        Some(found.1)
    }
}

fn is_kept(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Stored | Outcome::Duplicate)
}

/// Why nothing can be taken in now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No room; the text names what is full and why.
    Full(String),
    /// The ledger recovers, or the server ends.
    Unavailable,
}

/// A status and what to say.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Box<DataResponse>,
}

impl Answer {
    /// An answer without anything kept.
    pub(crate) fn error(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            retry_after: None,
            body: Box::new(DataResponse {
                error: Some(ApiError {
                    code: code.to_owned(),
                    message: message.into(),
                    details: None,
                }),
                ..DataResponse::default()
            }),
        }
    }

    pub(crate) fn forbidden(principal: &Principal, agent: &AgentId) -> Self {
        let message = format!("{principal}, but the data is of agent {agent}: use that agent's own key");
        Self::error(403, "forbidden", message)
    }

    pub(crate) fn too_large(what: &str, limit: usize, key: &str) -> Self {
        let limit = watchpost_kit::ByteSize(limit as u64);
        Self::error(
            413,
            "too_large",
            format!("{what} is over the limit of {limit}: send less at once, or raise {key} on the server"),
        )
    }

    pub(crate) fn refused(refusal: Refusal) -> Self {
        let (answer, retry_after) = match refusal {
            Refusal::Full(reason) => (Self::error(429, "full", reason), RETRY_FULL),
            Refusal::Unavailable => {
                let message = "the server cannot write now; nothing of this request was acknowledged, send it again";
                (Self::error(503, "unavailable", message), RETRY_UNAVAILABLE)
            }
        };
        Self {
            retry_after: Some(retry_after),
            ..answer
        }
    }

    /// 200 whenever anything was kept or was there already.
    pub(crate) fn of(written: Written) -> Self {
        let Written {
            cursors,
            mut rejected,
            outcomes,
            full,
            ..
        } = written;
        rejected.truncate(REJECTED_MAX);
        let has = |wanted: Outcome| outcomes.contains(&wanted);
        let answer = if has(Outcome::Stored) || has(Outcome::Duplicate) {
            Self {
                status: 200,
                retry_after: None,
                body: Box::default(),
            }
        } else if let Some(reason) = full {
            Self::refused(Refusal::Full(reason))
        } else if has(Outcome::Conflict) {
            Self::error(
                409,
                "conflict",
                "this range was acknowledged before with other content: a cloned or restored agent must begin a new epoch",
            )
        } else if has(Outcome::Cursor) {
            Self::error(
                409,
                "cursor",
                "the batch begins behind the cursor: go on from the cursor given here",
            )
        } else if has(Outcome::Forgotten) {
            Self::error(409, "forgotten", "this epoch has ended: begin a new one")
        } else {
            Self::error(400, "bad_batch", first_reason(&rejected))
        };
        Self {
            body: Box::new(DataResponse {
                cursors,
                rejected,
                ..*answer.body
            }),
            ..answer
        }
    }
}

fn first_reason(rejected: &[Rejected]) -> String {
    match rejected.first() {
        Some(first) => format!("nothing in the request could be kept: {}", first.error),
        None => "nothing in the request could be kept".to_owned(),
    }
}
