//! Bodies of simple clients: `{"agent_id","timestamp","batch_id"?,"payloads":[…]}`.

use std::io::Read;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use serde_json::value::RawValue;
use watchpost_event::{AgentId, Timestamp, json};

use super::api_events::ApiEvents;
use super::writer::Work;
use super::{Answer, Encoding, check_agent};
use crate::auth::Principal;
use crate::config::SizeLimits;

/// Longest `batch_id` in bytes.
const BATCH_ID_BYTES_MAX: usize = 128;
/// Most events of one request.
const PAYLOADS_MAX: usize = 1_000_000;

#[derive(Deserialize)]
struct Body<'a> {
    agent_id: AgentId,
    #[serde(default)]
    timestamp: Option<Timestamp>,
    #[serde(default)]
    batch_id: Option<String>,
    #[serde(borrow)]
    payloads: Vec<&'a RawValue>,
}

pub(super) fn prepare(
    principal: &Principal,
    body: &Bytes,
    encoding: Encoding,
    limits: SizeLimits,
    now: Timestamp,
) -> Result<Work, Answer> {
    let bad = |message: String| Answer::error(400, "bad_request", message);
    let text = decompress(body, encoding, limits.decompressed)?;
    let body: Body<'_> =
        serde_json::from_slice(&text).map_err(|error| bad(format!("the body is not as it should be: {error}")))?;
    check_agent(principal, &body.agent_id)?;
    if body.payloads.is_empty() {
        return Err(bad("`payloads` is empty: it should hold one or more events".to_owned()));
    }
    if body.payloads.len() > PAYLOADS_MAX {
        return Err(Answer::error(
            413,
            "too_large",
            format!("`payloads` has more than {PAYLOADS_MAX} events: send fewer at once"),
        ));
    }
    if body
        .batch_id
        .as_ref()
        .is_some_and(|id| id.is_empty() || id.len() > BATCH_ID_BYTES_MAX)
    {
        return Err(bad(format!("`batch_id` must have 1 to {BATCH_ID_BYTES_MAX} bytes")));
    }
    let time = body.timestamp.unwrap_or(now);
    let events = body
        .payloads
        .iter()
        .map(|payload| read(payload.get(), limits.record, time))
        .collect();
    Ok(Work::Events(ApiEvents {
        agent: body.agent_id,
        batch_id: body.batch_id,
        raw_bytes: body.payloads.iter().map(|payload| payload.get().len() as u64).sum(),
        events,
    }))
}

fn read(text: &str, limit: usize, time: Timestamp) -> Result<watchpost_event::Event, String> {
    if text.len() > limit {
        let limit = watchpost_kit::ByteSize(limit as u64);
        return Err(format!(
            "event of {} bytes is over the limit of {limit} (limits.record)",
            text.len()
        ));
    }
    json::read_event(text, time).map_err(|error| format!("event is not valid: {error}"))
}

fn decompress(body: &Bytes, encoding: Encoding, limit: usize) -> Result<Bytes, Answer> {
    let unreadable = |error: std::io::Error| {
        Answer::error(
            400,
            "bad_request",
            format!("the body does not decompress as its content-encoding says: {error}"),
        )
    };
    match encoding {
        Encoding::Identity => Ok(body.clone()),
        Encoding::Gzip => read_all(MultiGzDecoder::new(&body[..]), limit, unreadable),
        Encoding::Zstd => {
            let decoder = zstd::stream::read::Decoder::with_buffer(&body[..]).map_err(unreadable)?;
            read_all(decoder, limit, unreadable)
        }
    }
}

fn read_all(
    source: impl Read,
    limit: usize,
    unreadable: impl FnOnce(std::io::Error) -> Answer,
) -> Result<Bytes, Answer> {
    let mut text = Vec::new();
    let read = source
        .take(limit as u64 + 1)
        .read_to_end(&mut text)
        .map_err(unreadable)?;
    if read > limit {
        return Err(Answer::too_large(
            "the body once decompressed",
            limit,
            "limits.decompressed",
        ));
    }
    Ok(text.into())
}
