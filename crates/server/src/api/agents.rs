//! How agents say they fare: the newest report of each, in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use watchpost_event::{AgentId, Timestamp};

use super::App;

/// More agents than this are not remembered.
const AGENTS_MAX: usize = 20_000;

/// `POST /api/v1/agent/health`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct HealthReport {
    pub(crate) agent_id: AgentId,
    /// The agent's own clock.
    pub(crate) timestamp: Timestamp,
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) metrics: Value,
}

/// A report and when it came.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct AgentHealth {
    #[serde(flatten)]
    report: HealthReport,
    received_at: Timestamp,
}

/// The newest report of every agent.
#[derive(Default)]
pub(crate) struct AgentBoard(Mutex<BTreeMap<AgentId, AgentHealth>>);

impl AgentBoard {
    pub(super) fn report(&self, report: HealthReport, now: Timestamp) {
        let mut agents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if agents.len() >= AGENTS_MAX && !agents.contains_key(&report.agent_id) {
            return;
        }
        let health = AgentHealth {
            report,
            received_at: now,
        };
        agents.insert(health.report.agent_id.clone(), health);
    }
}

#[derive(Serialize)]
pub(super) struct AgentsResponse {
    agents: Vec<AgentHealth>,
}

pub(super) async fn list(State(app): State<Arc<App>>) -> Json<AgentsResponse> {
    let agents = app.agents.0.lock().unwrap_or_else(PoisonError::into_inner);
    Json(AgentsResponse {
        agents: agents.values().cloned().collect(),
    })
}
