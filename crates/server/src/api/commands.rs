//! What users ask of agents, and agents asking for it.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use watchpost_event::AgentId;
use watchpost_event::commands::{AgentCommand, CommandAccepted, CommandRequest, CommandsResponse};
use watchpost_event::protocol::ErrorBody;

use super::acting::{Actor, object};
use super::agent::{foreign, streams_of};
use super::{ApiFailure, App, body};
use crate::auth::Principal;
use crate::commands::{NoRoom, Wish};

/// A request waits at most so long.
const WAIT_MAX: Duration = Duration::from_secs(30);

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct CommandsQuery {
    /// Whose commands, where the key is not bound to one agent.
    #[serde(default)]
    agent: Option<String>,
    /// The newest command that was understood: it and older ones are not told again.
    #[serde(default)]
    after: Option<u64>,
    /// Seconds, at most 30.
    #[serde(default)]
    wait: Option<u64>,
}

/// What the asking agent is to do: answered when there is something, or after `wait` seconds
#[utoipa::path(get, path = "/api/v1/agent/commands", tag = "agent",
    params(CommandsQuery),
    responses((status = 200, body = CommandsResponse), (status = "4XX", body = ErrorBody)))]
pub(super) async fn poll(
    State(app): State<Arc<App>>,
    Extension(principal): Extension<Principal>,
    Query(query): Query<CommandsQuery>,
) -> Result<Json<CommandsResponse>, ApiFailure> {
    let agent =
        query.agent.as_deref().or(principal.agent()).ok_or_else(|| {
            ApiFailure::bad_request("whose commands? this key is not bound to one agent: add ?agent=ID")
        })?;
    if !principal.allows_agent(agent) {
        return Err(foreign(&principal, agent));
    }
    let agent = AgentId::new(agent).map_err(|error| ApiFailure::bad_request(error.to_string()))?;
    let patience = query.wait.map_or(WAIT_MAX, Duration::from_secs).min(WAIT_MAX);
    let commands = tokio::select! {
        found = app.agents.commands.wait(&agent, query.after.unwrap_or(0), patience) => found.map_err(|_| no_room())?,
        () = app.shutdown.wait() => Vec::new(),
    };
    Ok(Json(CommandsResponse { commands }))
}

/// Asks something of an agent; it does what its own configuration allows
#[utoipa::path(post, path = "/api/v1/agents/{id}/commands", tag = "agents", request_body = CommandRequest,
    params(("id" = String, Path, description = "The agent's id")),
    responses((status = 202, body = CommandAccepted), (status = "4XX", body = ErrorBody)))]
pub(super) async fn ask(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    actor: Actor,
    body: Body,
) -> Result<(StatusCode, Json<CommandAccepted>), ApiFailure> {
    let request: CommandRequest = body::read_json(&app, body).await?;
    let agent = AgentId::new(&id).map_err(|error| ApiFailure::bad_request(error.to_string()))?;
    let by = actor.name();
    let arguments = request.arguments(&by).map_err(ApiFailure::bad_request)?;
    check_upload(&app, &request)?;
    let is_known = app.agents.commands.is_listening(&agent)
        || app.agents.heard_of(&agent).is_some()
        || !streams_of(&app.ingest.writer, agent.clone()).await?.streams.is_empty();
    if !is_known {
        let message =
            format!("no agent {id:?} has delivered anything here: `watchpost delivery` names those that have");
        return Err(ApiFailure::new(StatusCode::NOT_FOUND, "not_found", message));
    }
    let wish = Wish {
        command: request.command,
        arguments,
    };
    let action = format!("agent.command.{}", request.command);
    let about = object("agent", agent.as_str(), "");
    let details = json!({ "path": request.path, "service": request.service });
    app.note(&actor, &action, about, details).await?;
    let accepted = app.agents.commands.ask(&agent, wish, app.now());
    let accepted = accepted.map_err(|NoRoom| no_room())?;
    let (path, service) = (request.path.as_deref(), request.service.as_deref());
    tracing::info!(agent = agent.as_str(), command = %request.command, path, service, by, id = accepted.id, "an agent is asked");
    Ok((StatusCode::ACCEPTED, Json(accepted)))
}

/// The server's word on giving files away; the agent has its own.
fn check_upload(app: &App, request: &CommandRequest) -> Result<(), ApiFailure> {
    let (AgentCommand::LookupUpload, Some(wanted)) = (request.command, &request.service) else {
        return Ok(());
    };
    let mut services = app.lookups.desks.iter().map(|desk| desk.service());
    if services.any(|service| service.kind().name() == wanted && service.upload_limit().is_some()) {
        return Ok(());
    }
    let message = format!(
        "this server's configuration has no service {wanted:?} that files may be given to: lookup.NAME needs a key and upload = true"
    );
    Err(ApiFailure::new(StatusCode::CONFLICT, "upload_not_allowed", message))
}

fn no_room() -> ApiFailure {
    ApiFailure::new(
        StatusCode::TOO_MANY_REQUESTS,
        "busy",
        "too many requests for commands wait already: try again in a minute",
    )
}
