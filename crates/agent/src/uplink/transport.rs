//! How requests reach the server: over HTTPS, or by a direct call when server and agent are one process.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, StatusCode};
use watchpost_event::AgentId;
use watchpost_event::commands::CommandsResponse;
use watchpost_event::protocol::{BATCH_CONTENT_TYPE, DataResponse, HealthReport, StreamsResponse};
use watchpost_kit::Secret;
use watchpost_trust::{Trust, client_config};

/// Largest answer of a server that is read.
const ANSWER_LIMIT_BYTES: usize = 8 << 20;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Besides the configured time a request may take as long as its body needs at this rate.
const SLOWEST_BYTES_PER_SECOND: usize = 64 << 10;

/// The server judged a request, or did not.
#[derive(Clone, Debug)]
pub enum Sent {
    /// It says what became of every stream.
    Judged(DataResponse),
    /// The body is too large for it.
    TooLarge,
}

/// Why a request has to be tried again.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// No answer at all.
    #[error("cannot reach the server at {url}")]
    Unreachable {
        /// Its address.
        url: String,
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It has no room or no time now.
    #[error("the server asks to wait: {message}")]
    Busy {
        /// In its words.
        message: String,
        /// How long.
        retry_after: Option<Duration>,
    },
    /// It does not know this agent.
    #[error(
        "the server refuses this agent: {message}; make a key with `watchpost token create --agent ID` and set uplink.key"
    )]
    Refused {
        /// In its words.
        message: String,
    },
    /// Its answer makes no sense.
    #[error("the server answered {status} in a way this agent does not understand: {message}")]
    Strange {
        /// HTTP status.
        status: u16,
        /// The beginning of its body, or what was wrong with it.
        message: String,
    },
    /// The configuration of the connection is not usable.
    #[error("cannot set up the connection to {url}")]
    Setup {
        /// The configured address.
        url: String,
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// A future that can be kept in a trait object.
pub type Answering<'a, T> = Pin<Box<dyn Future<Output = Result<T, TransportError>> + Send + 'a>>;

/// How long the server may keep a request for commands.
const COMMANDS_WAIT: Duration = Duration::from_secs(25);
/// How much longer its answer may take.
const COMMANDS_GRACE: Duration = Duration::from_secs(10);

/// The calls an agent makes.
pub trait Transport: Send + Sync {
    /// Brings batches.
    fn data(&self, body: Bytes) -> Answering<'_, Sent>;
    /// Asks for the server's cursors.
    fn streams(&self) -> Answering<'_, StreamsResponse>;
    /// Asks what is to be done; answered when there is something, or after a while. `after`: the number of the newest
    /// command that was understood.
    fn commands(&self, after: u64) -> Answering<'_, CommandsResponse>;
    /// Says how the agent fares. A server that does not want to know is no error.
    fn health(&self, report: HealthReport) -> Answering<'_, ()>;
}

/// Over HTTP.
pub struct HttpTransport {
    client: Client,
    url: String,
    key: Secret,
    agent: AgentId,
    timeout: Duration,
}

impl HttpTransport {
    /// A client of `agent` for the server at `url` (`https://host:port`; `http://` only for loopback).
    pub fn new(
        agent: AgentId,
        url: &str,
        key: Secret,
        trust: Option<&Trust>,
        timeout: Duration,
    ) -> Result<Self, TransportError> {
        let setup = |source: Box<dyn std::error::Error + Send + Sync>| TransportError::Setup {
            url: url.to_owned(),
            source,
        };
        let mut builder = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(timeout)
            .no_proxy();
        builder = match trust {
            Some(trust) => {
                let tls = client_config(trust).map_err(|error| setup(Box::new(error)))?;
                builder.tls_backend_preconfigured(tls).https_only(true)
            }
            // Without TLS reqwest still wants a configuration; one that trusts nobody does.
            None if is_loopback_http(url) => {
                let nobody = watchpost_trust::Fingerprint::of(&[]);
                let tls = client_config(&Trust::Fingerprint(nobody)).map_err(|error| setup(Box::new(error)))?;
                builder.tls_backend_preconfigured(tls)
            }
            None => {
                let message = "set uplink.ca_fingerprint (the server prints it at start) or uplink.ca; \
                               plain http:// is for loopback addresses only";
                return Err(setup(message.into()));
            }
        };
        let client = builder.build().map_err(|error| setup(Box::new(error)))?;
        Ok(Self {
            client,
            url: url.trim_end_matches('/').to_owned(),
            key,
            agent,
            timeout,
        })
    }

    async fn finish(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<(StatusCode, Option<Duration>, Bytes), TransportError> {
        let unreachable = |error: reqwest::Error| TransportError::Unreachable {
            url: self.url.clone(),
            source: Box::new(error.without_url()),
        };
        let mut response = request
            .bearer_auth(self.key.expose())
            .send()
            .await
            .map_err(unreachable)?;
        let status = response.status();
        let wait = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.parse().ok());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            body.extend_from_slice(&chunk);
            if body.len() > ANSWER_LIMIT_BYTES {
                let message = format!("more than {ANSWER_LIMIT_BYTES} bytes");
                return Err(TransportError::Strange {
                    status: status.as_u16(),
                    message,
                });
            }
        }
        Ok((status, wait.map(Duration::from_secs), body.into()))
    }
}

impl Transport for HttpTransport {
    fn data(&self, body: Bytes) -> Answering<'_, Sent> {
        Box::pin(async move {
            let millis = body.len() * 1_000 / SLOWEST_BYTES_PER_SECOND;
            let request = self
                .client
                .post(format!("{}/api/v1/agent/data", self.url))
                .timeout(self.timeout + Duration::from_millis(millis as u64));
            let (status, wait, body) = self
                .finish(request.header(CONTENT_TYPE, BATCH_CONTENT_TYPE).body(body))
                .await?;
            match status {
                StatusCode::OK | StatusCode::CONFLICT => parse(status, &body).map(Sent::Judged),
                StatusCode::BAD_REQUEST => match parse::<DataResponse>(status, &body) {
                    Ok(response) if !response.cursors.is_empty() => Ok(Sent::Judged(response)),
                    _ => Err(refusal(status, wait, &body)),
                },
                StatusCode::PAYLOAD_TOO_LARGE => Ok(Sent::TooLarge),
                _ => Err(refusal(status, wait, &body)),
            }
        })
    }

    fn streams(&self) -> Answering<'_, StreamsResponse> {
        Box::pin(async move {
            let request = self.client.get(format!(
                "{}/api/v1/agent/streams?agent={}",
                self.url,
                encoded(self.agent.as_str())
            ));
            let (status, wait, body) = self.finish(request).await?;
            match status {
                StatusCode::OK => parse(status, &body),
                _ => Err(refusal(status, wait, &body)),
            }
        })
    }

    fn commands(&self, after: u64) -> Answering<'_, CommandsResponse> {
        Box::pin(async move {
            let (agent, wait) = (encoded(self.agent.as_str()), COMMANDS_WAIT.as_secs());
            let url = format!(
                "{}/api/v1/agent/commands?agent={agent}&after={after}&wait={wait}",
                self.url
            );
            let request = self.client.get(url).timeout(COMMANDS_WAIT + COMMANDS_GRACE);
            let (status, wait, body) = self.finish(request).await?;
            match status {
                StatusCode::OK => parse(status, &body),
                _ => Err(refusal(status, wait, &body)),
            }
        })
    }

    fn health(&self, report: HealthReport) -> Answering<'_, ()> {
        Box::pin(async move {
            let request = self.client.post(format!("{}/api/v1/agent/health", self.url));
            let json = serde_json::to_vec(&report).unwrap_or_default();
            let (status, wait, body) = self
                .finish(request.header(CONTENT_TYPE, "application/json").body(json))
                .await?;
            match status {
                status if status.is_success() || status == StatusCode::NOT_FOUND => Ok(()),
                _ => Err(refusal(status, wait, &body)),
            }
        })
    }
}

/// A value as it stands in a query string (RFC 3986 §2.1).
fn encoded(value: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    value
        .bytes()
        .map(|b| {
            if plain(b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}

fn parse<T: serde::de::DeserializeOwned>(status: StatusCode, body: &[u8]) -> Result<T, TransportError> {
    serde_json::from_slice(body).map_err(|error| TransportError::Strange {
        status: status.as_u16(),
        message: error.to_string(),
    })
}

fn refusal(status: StatusCode, retry_after: Option<Duration>, body: &[u8]) -> TransportError {
    let said = serde_json::from_slice::<watchpost_event::protocol::ErrorBody>(body).map(|body| body.error.message);
    let message = said.unwrap_or_else(|_| String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned());
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => TransportError::Refused { message },
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            TransportError::Busy { message, retry_after }
        }
        _ => TransportError::Strange {
            status: status.as_u16(),
            message,
        },
    }
}

/// Whether an address is plain HTTP to this very machine.
fn is_loopback_http(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else {
        return false;
    };
    let authority = rest.split('/').next().unwrap_or_default();
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost"
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::is_loopback_http;

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for url in [
            "http://127.0.0.1:7480",
            "http://localhost",
            "http://[::1]:80/x",
            "http://127.9.9.9",
        ] {
            assert!(is_loopback_http(url), "{url}");
        }
        for url in [
            "http://10.0.0.1:7480",
            "http://localhost.example.org",
            "https://127.0.0.1",
            "http://127.0.0.1.nip.io",
        ] {
            assert!(!is_loopback_http(url), "{url}");
        }
    }
}
