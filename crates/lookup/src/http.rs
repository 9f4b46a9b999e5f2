//! What all services share: a client, an answer read with a limit, and errors without secrets.

use std::sync::Once;
use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, StatusCode, Url};
use serde::de::DeserializeOwned;
use watchpost_kit::{MASK, Secret};

use crate::config::ServiceSettings;
use crate::{AskError, LookupError};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A file's report by seventy engines has some hundred kilobytes.
const ANSWER_BYTES_MAX: usize = 4 << 20;
/// What is kept of a service's explanation.
const REASON_CHARS_MAX: usize = 300;

/// A service's address, with the key that opens it.
#[derive(Debug)]
pub(crate) struct Remote {
    pub(crate) client: Client,
    pub(crate) base: Url,
    pub(crate) key: Secret,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Remote {
    /// A client that follows no redirects: where a key is sent is the operator's decision.
    pub(crate) fn new(settings: &ServiceSettings) -> Result<Self, LookupError> {
        install_crypto();
        let builder = Client::builder()
            .user_agent(concat!("watchpost/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT.min(settings.timeout))
            .timeout(settings.timeout)
            .no_proxy();
        // Without TLS a host without any certificates will do.
        let builder = if settings.url.scheme() == "http" {
            builder.tls_certs_only([])
        } else {
            builder
        };
        let client = builder.build().map_err(|source| LookupError::Connection {
            service: settings.kind.title(),
            source: source.without_url(),
        })?;
        Ok(Self {
            client,
            base: settings.url.clone(),
            key: settings.key.clone(),
        })
    }

    /// The address of these parts below the service's own, each encoded as one part.
    pub(crate) fn at(&self, parts: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(parts);
        }
        url
    }

    /// One request and its answer, whatever its status.
    pub(crate) async fn exchange(&self, request: RequestBuilder) -> Result<Answer, AskError> {
        let failed = |error: reqwest::Error| {
            let what = if error.is_timeout() {
                "no answer in time"
            } else {
                "cannot be reached, or broke off"
            };
            let error = error.without_url();
            self.later(&format!("{what}: {}", watchpost_kit::chain(&error)), None)
        };
        let mut response = request.send().await.map_err(failed)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(self.later(&format!("answers with more than {ANSWER_BYTES_MAX} bytes"), None));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, headers, body })
    }

    /// What any service means by a status that is no success, 404 left out: that is an answer.
    pub(crate) fn refused(&self, answer: &Answer) -> AskError {
        let status = answer.status;
        let reason = format!("{}: {}", status.as_u16(), explanation(&answer.body));
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => AskError::Refused {
                reason: self.hide(&reason),
            },
            StatusCode::TOO_MANY_REQUESTS => AskError::Quota {
                after: answer.retry_after(),
            },
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY | StatusCode::PAYLOAD_TOO_LARGE => {
                self.never(&reason)
            }
            status if status.is_redirection() => {
                let reason = format!("{reason} (redirects are not followed: set `url` to the final address)");
                self.later(&reason, None)
            }
            _ => self.later(&reason, answer.retry_after()),
        }
    }

    /// Reads an answer's JSON. A proxy's page or a cut answer is worth another attempt.
    pub(crate) fn read<T: DeserializeOwned>(&self, answer: &Answer) -> Result<T, AskError> {
        serde_json::from_slice(&answer.body)
            .map_err(|error| self.later(&format!("answers what is not understood: {error}"), None))
    }

    pub(crate) fn later(&self, reason: &str, after: Option<Duration>) -> AskError {
        AskError::Later {
            reason: self.hide(reason),
            after,
        }
    }

    pub(crate) fn never(&self, reason: &str) -> AskError {
        AskError::Never {
            reason: self.hide(reason),
        }
    }

    pub(crate) fn refuse(&self, reason: &str) -> AskError {
        AskError::Refused {
            reason: self.hide(reason),
        }
    }

    /// Services and proxies like to repeat what they were asked.
    fn hide(&self, reason: &str) -> String {
        let text = reason.replace(self.key.expose(), MASK);
        let mut text: String = text
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .take(REASON_CHARS_MAX + 1)
            .collect();
        if text.chars().count() > REASON_CHARS_MAX {
            text.pop();
            text.push('…');
        }
        text.trim().to_owned()
    }
}

impl Answer {
    /// How long the service asks to wait: `Retry-After` in seconds (RFC 9110 §10.2.3; as a date it is not used).
    fn retry_after(&self) -> Option<Duration> {
        let seconds = self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
        Some(Duration::from_secs(seconds))
    }
}

/// The message within an error, where it is JSON as services write it; else the beginning.
fn explanation(body: &[u8]) -> String {
    let json: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let message = json.as_ref().and_then(|json| {
        let error = json.get("error")?;
        error
            .get("message")
            .or_else(|| error.get("messages")?.get(0))
            .unwrap_or(error)
            .as_str()
    });
    message.map_or_else(
        || String::from_utf8_lossy(&body[..body.len().min(1_024)]).into_owned(),
        str::to_owned,
    )
}

/// One crypto provider for the whole process. Whoever was first has set the same one.
fn install_crypto() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
}
