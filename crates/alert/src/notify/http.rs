//! What all channels over HTTP share: a client, an answer read with a limit, and errors without secrets.

use std::sync::Once;
use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Client, ClientBuilder, RequestBuilder, StatusCode};
use watchpost_kit::{MASK, Secret};

use crate::config::ChannelSettings;
use crate::{AlertError, NotifyError};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The answer to a message of Telegram repeats it, with each character as `\uXXXX`.
const ANSWER_BYTES_MAX: usize = 256 << 10;
/// What is kept of a service's explanation.
const REASON_CHARS_MAX: usize = 300;

/// A client that follows no redirects: where a message goes is the operator's decision, and a `POST` that is sent on
/// as a `GET` would seem delivered.
pub(super) fn client_builder(settings: &ChannelSettings, is_plain: bool) -> ClientBuilder {
    install_crypto();
    let builder = Client::builder()
        .user_agent(concat!("watchpost/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT.min(settings.timeout))
        .timeout(settings.timeout)
        .no_proxy();
    match &settings.ca {
        Some(certificates) => builder.tls_certs_only(certificates.clone()),
        // Without TLS a host without any certificates will do.
        None if is_plain => builder.tls_certs_only([]),
        None => builder,
    }
}

pub(super) fn connection_error(settings: &ChannelSettings, source: reqwest::Error) -> AlertError {
    AlertError::Connection {
        key: settings.key.clone(),
        remedy: "cannot set up its connection; if this system has no certificates, install the package \
                 ca-certificates or set `ca`",
        source: source.without_url(),
    }
}

/// One crypto provider for the whole process. Whoever was first has set the same one.
pub(super) fn install_crypto() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// At most [`ANSWER_BYTES_MAX`]; the rest was not read.
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// How long the service asks to wait: `Retry-After` in seconds (RFC 9110 §10.2.3; as a date it is not used).
    pub(super) fn retry_after(&self) -> Option<Duration> {
        let seconds = self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
        Some(Duration::from_secs(seconds))
    }
}

/// Texts that must not appear in what is logged and stored.
#[derive(Debug)]
pub(super) struct Secrets(Vec<Secret>);

impl Secrets {
    pub(super) fn new(mut secrets: Vec<Secret>) -> Self {
        // A secret within another one: hide the whole.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.expose().len()));
        Self(secrets)
    }

    /// One request and its answer. No answer is worth another attempt. With `success_body` false, what stands in the
    /// answer to a request that went well is not waited for.
    pub(super) async fn exchange(&self, request: RequestBuilder, success_body: bool) -> Result<Answer, NotifyError> {
        let later = |error: reqwest::Error| {
            let what = if error.is_timeout() {
                "no answer in time"
            } else {
                "cannot be reached"
            };
            let error = error.without_url();
            self.later(None, &format!("{what}: {}", watchpost_kit::chain(&error)))
        };
        let mut response = request.send().await.map_err(later)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while body.len() < ANSWER_BYTES_MAX && (success_body || !status.is_success()) {
            match response.chunk().await {
                Ok(Some(chunk)) => {
                    let room = ANSWER_BYTES_MAX - body.len();
                    body.extend_from_slice(&chunk[..chunk.len().min(room)]);
                }
                Err(error) if status.is_success() => return Err(later(error)),
                // Of a refusal the status says enough.
                Ok(None) | Err(_) => break,
            }
        }
        Ok(Answer { status, headers, body })
    }

    /// What an answer means where nothing but its status is known. `wait`: how long the service asks to.
    pub(super) fn judge(&self, answer: &Answer, wait: Option<Duration>) -> Result<(), NotifyError> {
        let status = answer.status;
        if status.is_success() {
            return Ok(());
        }
        let reason = format!("{}: {}", status.as_u16(), beginning(&answer.body));
        Err(match status {
            // Of the address or the key, not of the message: somebody will put it right, and nothing is lost until then.
            StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::NOT_FOUND
            | StatusCode::METHOD_NOT_ALLOWED
            | StatusCode::PROXY_AUTHENTICATION_REQUIRED
            | StatusCode::GONE
            | StatusCode::REQUEST_TIMEOUT
            | StatusCode::TOO_EARLY
            | StatusCode::TOO_MANY_REQUESTS => self.later(wait, &reason),
            status if status.is_server_error() => self.later(wait, &reason),
            status if status.is_redirection() => {
                let reason = format!("{reason} (redirects are not followed: set `url` to the final address)");
                self.later(None, &reason)
            }
            _ => self.never(&reason),
        })
    }

    pub(super) fn later(&self, after: Option<Duration>, reason: &str) -> NotifyError {
        let reason = self.hide(reason);
        NotifyError::Later { after, reason }
    }

    pub(super) fn never(&self, reason: &str) -> NotifyError {
        let reason = self.hide(reason);
        NotifyError::Never { reason }
    }

    /// Services and proxies like to repeat what they were asked.
    fn hide(&self, reason: &str) -> String {
        let mut text = reason.to_owned();
        for secret in &self.0 {
            text = text.replace(secret.expose(), MASK);
        }
        let mut text: String = crate::clean::line(&text).chars().take(REASON_CHARS_MAX + 1).collect();
        if text.chars().count() > REASON_CHARS_MAX {
            text.pop();
            text.push('…');
        }
        text.trim().to_owned()
    }
}

/// The beginning of an answer that was not understood, for a person.
pub(super) fn beginning(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(1_024)]).into_owned()
}
