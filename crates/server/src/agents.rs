//! What agents say of themselves: the newest health report of each and the name of its host, in memory.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use watchpost_event::protocol::HealthReport;
use watchpost_event::{AgentId, Origin, Timestamp, names};

use crate::commands::CommandBoard;

/// More agents than this are not remembered.
const AGENTS_MAX: usize = 20_000;
/// Streams of all reports together; what a report names beyond that is left out and counted.
const STREAMS_MAX: usize = 200_000;
/// Bytes of a report's metrics, as JSON: all reports together stay in memory.
pub(crate) const METRICS_BYTES_MAX: usize = 4 << 10;

/// A report and when it came.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct AgentHealth {
    #[serde(flatten)]
    pub(crate) report: HealthReport,
    pub(crate) received_at: Timestamp,
}

impl AgentHealth {
    /// A moment of the agent's clock, by the server's.
    pub(crate) fn here(&self, theirs: Timestamp) -> Timestamp {
        theirs.plus(self.received_at.0.saturating_sub(self.report.timestamp.0))
    }

    fn streams(&self) -> usize {
        self.report
            .delivery
            .as_ref()
            .map_or(0, |delivery| delivery.streams.len())
    }
}

/// What is known of agents.
#[derive(Default)]
pub(crate) struct AgentBoard {
    reports: Mutex<Reports>,
    hosts: Mutex<BTreeMap<AgentId, String>>,
    /// What is asked of them.
    pub(crate) commands: CommandBoard,
}

#[derive(Default)]
struct Reports {
    agents: BTreeMap<AgentId, AgentHealth>,
    /// Of all of them.
    streams: usize,
}

impl AgentBoard {
    fn reports(&self) -> MutexGuard<'_, Reports> {
        self.reports.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hosts(&self) -> MutexGuard<'_, BTreeMap<AgentId, String>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a report, cut to the limits.
    pub(crate) fn report(&self, mut report: HealthReport, now: Timestamp) {
        report.cut();
        let mut reports = self.reports();
        let before = reports.agents.get(&report.agent_id).map(AgentHealth::streams);
        if reports.agents.len() >= AGENTS_MAX && before.is_none() {
            return;
        }
        reports.streams -= before.unwrap_or(0);
        let room = STREAMS_MAX - reports.streams;
        if let Some(delivery) = &mut report.delivery {
            delivery.streams_left_out += delivery.streams.len().saturating_sub(room) as u64;
            delivery.streams.truncate(room);
        }
        let health = AgentHealth {
            report,
            received_at: now,
        };
        reports.streams += health.streams();
        reports.agents.insert(health.report.agent_id.clone(), health);
    }

    /// All reports, by agent.
    pub(crate) fn all(&self) -> Vec<AgentHealth> {
        self.reports().agents.values().cloned().collect()
    }

    /// Shows every report to `look`.
    pub(crate) fn each(&self, mut look: impl FnMut(&AgentHealth)) {
        self.reports().agents.values().for_each(&mut look);
    }

    /// When an agent's last report came.
    pub(crate) fn heard_of(&self, agent: &AgentId) -> Option<Timestamp> {
        self.reports().agents.get(agent).map(|health| health.received_at)
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

    /// On which host an agent runs, as far as it has said so since the server started.
    pub(crate) fn host_of(&self, agent: &AgentId) -> Option<String> {
        if let Some(host) = self.hosts().get(agent) {
            return Some(host.clone());
        }
        let reports = self.reports();
        let delivery = reports.agents.get(agent)?.report.delivery.as_ref()?;
        Some(delivery.host.clone()).filter(|host| !host.is_empty())
    }
}
