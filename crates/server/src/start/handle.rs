use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::task::JoinSet;
use watchpost_catalog::{Catalog, KeyScope, NewKey};
use watchpost_event::api::{TokenCreated, TokenInfo};
use watchpost_event::commands::CommandsResponse;
use watchpost_event::protocol::{DataResponse, ErrorBody, HealthReport, StreamsResponse};
use watchpost_event::{AgentId, Timestamp};
use watchpost_kit::{Clock, Secret};
use watchpost_run::{Escalation, Shutdown, Supervisor};
use watchpost_trust::Fingerprint;

use super::{Deps, Rooms, tls};
use crate::ServerError;
use crate::agents::AgentBoard;
use crate::api::{ApiFailure, streams_of, token_info};
use crate::auth::Principal;
use crate::bus::Bus;
use crate::config::Scheme;
use crate::ingest::{BodyKind, Ingest, WriterHandle};

/// How long the threads may take to write down what they hold.
const JOIN_PATIENCE: Duration = Duration::from_secs(30);

/// How long the agent in this process is kept waiting for commands.
const COMMANDS_WAIT: Duration = Duration::from_secs(25);

/// A running server.
pub struct ServerHandle {
    addresses: Vec<(Scheme, SocketAddr)>,
    fingerprint: Option<Fingerprint>,
    ingest: Arc<Ingest>,
    catalog: Catalog,
    clock: Arc<dyn Clock>,
    writer: WriterHandle,
    supervisor: Supervisor,
    shutdown: Shutdown,
    bus: Arc<Bus>,
    agents: Arc<AgentBoard>,
    tasks: JoinSet<()>,
}

impl ServerHandle {
    pub(super) fn new(tls: &tls::Tls, ingest: Arc<Ingest>, rooms: &Rooms, supervisor: Supervisor, deps: &Deps) -> Self {
        Self {
            addresses: Vec::new(),
            fingerprint: tls.fingerprint(),
            ingest,
            catalog: rooms.catalog.clone(),
            clock: deps.clock.clone(),
            writer: rooms.handle.clone(),
            supervisor,
            shutdown: deps.shutdown.clone(),
            bus: rooms.bus.clone(),
            agents: rooms.agents.clone(),
            tasks: JoinSet::new(),
        }
    }

    pub(super) fn add_address(&mut self, scheme: Scheme, address: SocketAddr) {
        self.addresses.push((scheme, address));
    }

    pub(super) fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Where it listens, ports filled in, in the order of the configuration.
    pub fn addresses(&self) -> &[(Scheme, SocketAddr)] {
        &self.addresses
    }

    /// What agents pin (`uplink.ca_fingerprint`), when the certificate is from the server's own authority.
    pub fn ca_fingerprint(&self) -> Option<Fingerprint> {
        self.fingerprint
    }

    /// The intake, for the agent in this process: no sockets, no keys.
    pub fn local_intake(&self, agent: AgentId) -> LocalIntake {
        LocalIntake {
            ingest: self.ingest.clone(),
            agents: self.agents.clone(),
            shutdown: self.shutdown.clone(),
            clock: self.clock.clone(),
            agent,
        }
    }

    /// Makes an API key.
    pub async fn create_key(&self, name: &str, scope: KeyScope) -> Result<TokenCreated, ServerError> {
        let new = NewKey {
            name: name.to_owned(),
            scope,
        };
        let (key, text) = self.catalog.keys().create(new, self.clock.now()).await?;
        let info: TokenInfo = token_info(key);
        Ok(TokenCreated { key: text, info })
    }

    /// The first user and a one-time password for them: makes both when there is no user. As long as nobody has ever
    /// logged in, each call gives another password; `None` after that.
    pub async fn first_user(&self) -> Result<Option<(String, Secret)>, ServerError> {
        let first = self.catalog.users().first(self.clock.now()).await?;
        Ok(first.map(|(user, password)| (user.name, password)))
    }

    /// Whether there is anybody who could log in.
    pub async fn has_users(&self) -> Result<bool, ServerError> {
        Ok(self.catalog.users().any().await?)
    }

    /// Runs until shutdown is triggered, then ends in order: no more connections, the ledger, the readers. The
    /// escalation is why the server ended by itself, if it did.
    pub async fn wait(mut self) -> Option<Escalation> {
        self.shutdown.wait().await;
        self.bus.close();
        while self.tasks.join_next().await.is_some() {}
        self.writer.stop().await;
        let supervisor = self.supervisor.clone();
        let joined = tokio::task::spawn_blocking(move || supervisor.join_all(JOIN_PATIENCE)).await;
        if let Ok(Err(hanging)) = joined {
            tracing::error!(%hanging, "Not everything ended in time; what was acknowledged is safe");
        }
        if let Err(error) = self.catalog.close().await {
            tracing::warn!(
                error = watchpost_kit::chain(&error),
                "Cannot close the catalog in order"
            );
        }
        self.supervisor.escalation()
    }

    /// Triggers shutdown and waits for the end.
    pub async fn stop(self) -> Option<Escalation> {
        self.shutdown.trigger();
        self.wait().await
    }
}

/// The way from an agent to a server in the same process.
#[derive(Clone)]
pub struct LocalIntake {
    ingest: Arc<Ingest>,
    agents: Arc<AgentBoard>,
    shutdown: Shutdown,
    clock: Arc<dyn Clock>,
    agent: AgentId,
}

impl LocalIntake {
    /// What `POST /api/v1/agent/data` does with a body of batches: the status, and the answer.
    pub async fn data(&self, body: Bytes) -> (u16, DataResponse) {
        let principal = Principal::Process(self.agent.clone());
        let answer = self.ingest.take(principal, BodyKind::Batches, body).await;
        (answer.status, *answer.body)
    }

    /// What `GET /api/v1/agent/streams` answers.
    pub async fn streams(&self) -> Result<StreamsResponse, ErrorBody> {
        let streams = streams_of(&self.ingest.writer, self.agent.clone()).await;
        streams.map_err(|refusal| ApiFailure::from(refusal).into_body())
    }

    /// What `GET /api/v1/agent/commands` answers; nothing when the server is ending.
    pub async fn commands(&self, after: u64) -> CommandsResponse {
        let commands = tokio::select! {
            found = self.agents.commands.wait(&self.agent, after, COMMANDS_WAIT) => found.unwrap_or_default(),
            () = self.shutdown.wait() => Vec::new(),
        };
        CommandsResponse { commands }
    }

    /// What `POST /api/v1/agent/health` does; a report in another agent's name is passed over.
    pub fn health(&self, report: HealthReport) {
        if report.agent_id == self.agent {
            self.agents.report(report, Timestamp(self.clock.now()));
        }
    }
}
