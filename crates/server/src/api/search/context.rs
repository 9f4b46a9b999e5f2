//! An event's neighbours in its stream.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query as Parameters, State};
use serde::Deserialize;
use utoipa::IntoParams;
use watchpost_event::api::ContextResponse;
use watchpost_event::protocol::ErrorBody;
use watchpost_event::{AgentId, Epoch, EventId, StreamId};
use watchpost_store::Cancel;

use super::run;
use crate::api::{ApiFailure, App};

const CONTEXT_MAX: usize = 1_000;

/// Which event: by `id`, or by its parts.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct ContextQuery {
    /// `agent/epoch/stream@position.n`
    id: Option<String>,
    /// Instead of `id`: the agent,
    agent: Option<String>,
    /// the stream,
    stream: Option<String>,
    /// its epoch,
    epoch: Option<String>,
    /// the position,
    position: Option<u64>,
    /// and which event of the record.
    #[param(required = false)]
    n: u32,
    /// How many before it; 20, at most 1,000.
    before: Option<usize>,
    /// How many after it; 20, at most 1,000.
    after: Option<usize>,
}

impl ContextQuery {
    fn event(&self) -> Result<EventId, ApiFailure> {
        let bad = || {
            ApiFailure::bad_request(
                "which event? give id=agent/epoch/stream@position.n, or agent, stream, epoch and position",
            )
        };
        if let Some(id) = &self.id {
            return read_event_id(id).ok_or_else(bad);
        }
        match (&self.agent, &self.stream, &self.epoch, self.position) {
            (Some(agent), Some(stream), Some(epoch), Some(position)) => {
                event_id(agent, epoch, stream, position, self.n).ok_or_else(bad)
            }
            _ => Err(bad()),
        }
    }
}

fn event_id(agent: &str, epoch: &str, stream: &str, position: u64, n: u32) -> Option<EventId> {
    Some(EventId {
        agent: AgentId::new(agent).ok()?,
        stream: StreamId::new(stream).ok()?,
        epoch: epoch.parse().ok()?,
        position,
        n,
    })
}

/// Reads `agent/epoch/stream@position.n`. Agents' ids and streams may hold slashes: the epoch is the first part of 16
/// hexadecimal digits.
fn read_event_id(text: &str) -> Option<EventId> {
    let (names, place) = text.rsplit_once('@')?;
    let (position, n) = place.split_once('.')?;
    let (position, n) = (position.parse().ok()?, n.parse().ok()?);
    let mut slashes = names.match_indices('/').map(|(at, _)| at);
    slashes.find_map(|at| {
        let (epoch, stream) = names[at + 1..].split_once('/')?;
        epoch.parse::<Epoch>().ok()?;
        event_id(&names[..at], epoch, stream, position, n)
    })
}

/// An event and its neighbours, in the order of their stream
#[utoipa::path(get, path = "/api/v1/search/context", tag = "search", params(ContextQuery),
    responses((status = 200, body = ContextResponse), (status = "4XX", body = ErrorBody)))]
pub(in crate::api) async fn context(
    State(app): State<Arc<App>>,
    Parameters(query): Parameters<ContextQuery>,
) -> Result<Json<ContextResponse>, ApiFailure> {
    let id = query.event()?;
    let lines = |wanted: Option<usize>| wanted.unwrap_or(20).min(CONTEXT_MAX);
    let (before, after) = (lines(query.before), lines(query.after));
    let rows = run(&app, Cancel::default(), move |store| store.context(&id, before, after)).await?;
    Ok(Json(ContextResponse {
        events: rows.iter().map(|row| row.view().to_json()).collect(),
    }))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn event_ids_are_read_as_they_are_written_whatever_slashes_they_hold() {
        for (agent, stream) in [
            ("web-1", "file:/var/log/a@b.log"),
            ("team/web", "s"),
            ("a", "0123456789abcdef/x"),
        ] {
            let id = event_id(agent, "00000000000000ff", stream, 17, 3).unwrap();
            assert_eq!(read_event_id(&id.to_string()), Some(id));
        }
        assert_eq!(read_event_id("nonsense"), None);
    }
}
