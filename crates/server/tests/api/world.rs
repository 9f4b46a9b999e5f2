//! A server in a fresh folder, and short words for asking it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::Value;
use tempfile::TempDir;
use watchpost_catalog::KeyScope;
use watchpost_event::protocol::{BATCH_CONTENT_TYPE, DataResponse};
use watchpost_event::{AgentId, BatchBuilder, Epoch, Event, StreamId, Timestamp};
use watchpost_kit::{Clock, SystemClock};
use watchpost_run::{Disk, RealDisk, Shutdown};
use watchpost_server::config::{ServerConfig, ServerSettings};
use watchpost_server::{Deps, ServerHandle, start};
use watchpost_trust::{Fingerprint, Trust, client_config};

/// A moment that events of tests begin at.
pub(crate) const T0: i64 = 1_790_000_000_000_000_000;

pub(crate) struct World {
    pub(crate) server: ServerHandle,
    pub(crate) http: Client,
    pub(crate) agent_key: String,
    pub(crate) user_key: String,
}

/// A client that trusts whoever has this fingerprint, for `https`; any for plain `http`.
pub(crate) fn client(pinned: Option<Fingerprint>) -> Client {
    let pinned = pinned.unwrap_or_else(|| Fingerprint::of(b"nobody"));
    let tls = client_config(&Trust::Fingerprint(pinned)).unwrap();
    Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .build()
        .unwrap()
}

pub(crate) fn settings(dir: &Path, listen: &str) -> ServerSettings {
    let mut config = ServerConfig::default();
    config.server.listen = vec![listen.to_owned()];
    config.server.data_dir = dir.to_path_buf();
    let mut settings = ServerSettings::try_from(config).unwrap();
    // A test's acknowledgement means searchable, however busy the machine is.
    settings.timeouts.searchable = Duration::from_mins(1);
    settings
}

pub(crate) async fn run(settings: ServerSettings) -> World {
    run_on(settings, Arc::new(RealDisk)).await
}

/// The ledger and the store on another disk; certificates and keys in the real folder.
pub(crate) async fn run_on(settings: ServerSettings, disk: Arc<dyn Disk>) -> World {
    Box::pin(run_with(settings, disk, Arc::new(SystemClock::new()))).await
}

/// With a clock that the test sets.
pub(crate) async fn run_at(settings: ServerSettings, clock: Arc<dyn Clock>) -> World {
    Box::pin(run_with(settings, Arc::new(RealDisk), clock)).await
}

async fn run_with(settings: ServerSettings, disk: Arc<dyn Disk>, clock: Arc<dyn Clock>) -> World {
    let deps = Deps {
        disk,
        clock,
        shutdown: Shutdown::new(),
    };
    let server = Box::pin(start(settings, deps)).await.unwrap();
    let agent = server
        .create_key("web-1", KeyScope::AgentId("web-1".to_owned()))
        .await
        .unwrap();
    let user = server.create_key("admin", KeyScope::User).await.unwrap();
    World {
        http: client(server.ca_fingerprint()),
        server,
        agent_key: agent.key,
        user_key: user.key,
    }
}

pub(crate) async fn plain(dir: &TempDir) -> World {
    run(settings(dir.path(), "http://127.0.0.1:0")).await
}

impl World {
    pub(crate) fn address(&self) -> SocketAddr {
        self.server.addresses()[0].1
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    pub(crate) fn data(&self, key: &str, content_type: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
        let request = self.http.post(self.url("/api/v1/agent/data")).bearer_auth(key);
        request.header(CONTENT_TYPE, content_type).body(body)
    }

    /// Delivers native batches as `web-1`.
    pub(crate) async fn deliver(&self, body: Vec<u8>) -> (StatusCode, DataResponse) {
        answer(self.data(&self.agent_key, BATCH_CONTENT_TYPE, body)).await
    }

    /// Delivers a simple client's events as `web-1`.
    pub(crate) async fn deliver_json(&self, body: &Value) -> (StatusCode, DataResponse) {
        answer(self.data(&self.agent_key, "application/json", body.to_string())).await
    }

    pub(crate) async fn get(&self, path: &str, query: &[(&str, &str)]) -> (StatusCode, Value) {
        let request = self.http.get(self.url(path)).query(query).bearer_auth(&self.user_key);
        json(request).await
    }

    /// The messages a search finds.
    pub(crate) async fn messages(&self, query: &str) -> Vec<String> {
        let (status, found) = self.get("/api/v1/search", &[("q", query), ("limit", "10000")]).await;
        assert_eq!(status, 200, "{found}");
        let events = found["events"].as_array().unwrap();
        events
            .iter()
            .map(|event| event["message"].as_str().unwrap().to_owned())
            .collect()
    }
}

pub(crate) async fn json(request: RequestBuilder) -> (StatusCode, Value) {
    let mut response = request.send().await.unwrap();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.unwrap() {
        body.extend_from_slice(&chunk);
    }
    let value =
        serde_json::from_slice(&body).unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&body).into_owned()));
    (response.status(), value)
}

pub(crate) async fn answer(request: RequestBuilder) -> (StatusCode, DataResponse) {
    let (status, value) = json(request).await;
    (status, serde_json::from_value(value).unwrap())
}

/// A batch of `agent` on `stream` in epoch 1, one event per position in `(from, to]`.
pub(crate) fn batch_of(agent: &str, stream: &str, from: u64, to: u64, message: &str) -> Vec<u8> {
    let (agent, stream) = (AgentId::new(agent).unwrap(), StreamId::new(stream).unwrap());
    let mut batch = BatchBuilder::new(agent, stream, Epoch(1), from);
    for position in from + 1..=to {
        let time = Timestamp(T0).plus(position as i64);
        batch.push(&Event::new(time, position, format!("{message} {position}")).with("host.name", "web-1"));
    }
    batch.count_read(to - from, 10 * (to - from));
    batch.finish(to).unwrap()
}

pub(crate) fn batch(from: u64, to: u64, message: &str) -> Vec<u8> {
    batch_of("web-1", "file:/var/log/app.log", from, to, message)
}
