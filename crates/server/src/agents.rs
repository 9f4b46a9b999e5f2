//! What agents say of themselves: the newest health report of each and the name of its host, in memory.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use watchpost_event::{AgentId, Origin, Timestamp, names};

use crate::commands::CommandBoard;

/// More agents than this are not remembered.
const AGENTS_MAX: usize = 20_000;
/// Bytes of a report's metrics, as JSON: all reports together stay in memory.
pub(crate) const METRICS_BYTES_MAX: usize = 4 << 10;

/// `POST /api/v1/agent/health`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct HealthReport {
    pub(crate) agent_id: AgentId,
    /// The agent's own clock.
    pub(crate) timestamp: Timestamp,
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) metrics: Value,
}

/// A report and when it came.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct AgentHealth {
    #[serde(flatten)]
    pub(crate) report: HealthReport,
    pub(crate) received_at: Timestamp,
}

/// What is known of agents.
#[derive(Default)]
pub(crate) struct AgentBoard {
    reports: Mutex<BTreeMap<AgentId, AgentHealth>>,
    hosts: Mutex<BTreeMap<AgentId, String>>,
    /// What is asked of them.
    pub(crate) commands: CommandBoard,
}

impl AgentBoard {
    fn reports(&self) -> MutexGuard<'_, BTreeMap<AgentId, AgentHealth>> {
        self.reports.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hosts(&self) -> MutexGuard<'_, BTreeMap<AgentId, String>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a report.
    pub(crate) fn report(&self, report: HealthReport, now: Timestamp) {
        let mut agents = self.reports();
        if agents.len() >= AGENTS_MAX && !agents.contains_key(&report.agent_id) {
            return;
        }
        let health = AgentHealth {
            report,
            received_at: now,
        };
        agents.insert(health.report.agent_id.clone(), health);
    }

    /// All reports, by agent.
    pub(crate) fn all(&self) -> Vec<AgentHealth> {
        self.reports().values().cloned().collect()
    }

    /// When an agent's last report came.
    pub(crate) fn heard_of(&self, agent: &AgentId) -> Option<Timestamp> {
        self.reports().get(agent).map(|health| health.received_at)
    }

    /// Notes on which host an agent runs, from what its batches say.
    pub(crate) fn note_host(&self, origin: &Origin) {
        let Some(Value::String(host)) = origin.fields.get(names::HOST_NAME) else {
            return;
        };
        let mut hosts = self.hosts();
        let is_new = hosts.get(&origin.agent).is_none_or(|known| known != host);
        if is_new && (hosts.len() < AGENTS_MAX || hosts.contains_key(&origin.agent)) {
            hosts.insert(origin.agent.clone(), host.clone());
        }
    }

    /// On which host an agent runs, as far as it has sent something since the server started.
    pub(crate) fn host_of(&self, agent: &AgentId) -> Option<String> {
        self.hosts().get(agent).cloned()
    }
}
