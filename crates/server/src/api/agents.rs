//! How agents say they fare.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use crate::agents::AgentHealth;

#[derive(Serialize, ToSchema)]
pub(super) struct AgentsResponse {
    agents: Vec<AgentHealth>,
}

/// The newest report of every agent
#[utoipa::path(get, path = "/api/v1/agents", tag = "agents", responses((status = 200, body = AgentsResponse)))]
pub(super) async fn list(State(app): State<Arc<App>>) -> Json<AgentsResponse> {
    Json(AgentsResponse {
        agents: app.agents.all(),
    })
}
