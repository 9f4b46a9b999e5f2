//! Webhooks: a detection as JSON, by POST. Any 2xx means delivered.

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, StatusCode, Url};

use super::http::{Answer, Secrets, beginning, client_builder, connection_error};
use super::{BoxFuture, Notifier};
use crate::config::{ChannelSettings, WebhookSettings};
use crate::{AlertError, NotifyError};

/// One address that takes alerts.
pub(crate) struct Webhook {
    client: Client,
    url: Url,
    secrets: Secrets,
}

impl Webhook {
    pub(crate) fn new(settings: &ChannelSettings, webhook: &WebhookSettings) -> Result<Self, AlertError> {
        let failed = |source: reqwest::Error| connection_error(settings, source);
        let url = Url::parse(webhook.url.expose())
            .map_err(|_| AlertError::config(format!("{}.url", settings.key), "is not a usable address"))?;
        let client = client_builder(settings, url.scheme() == "http")
            .default_headers(webhook.headers.clone())
            .build()
            .map_err(failed)?;
        Ok(Self {
            client,
            url,
            secrets: Secrets::new(webhook.secrets.clone()),
        })
    }

    async fn post(&self, body: &str) -> Result<(), NotifyError> {
        let request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .body(body.to_owned());
        self.judge(&self.secrets.exchange(request, false).await?)
    }

    fn judge(&self, answer: &Answer) -> Result<(), NotifyError> {
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
            | StatusCode::REQUEST_TIMEOUT
            | StatusCode::TOO_EARLY
            | StatusCode::TOO_MANY_REQUESTS => self.secrets.later(answer.retry_after(), &reason),
            status if status.is_server_error() => self.secrets.later(answer.retry_after(), &reason),
            status if status.is_redirection() => {
                let reason = format!("{reason} (redirects are not followed: set `url` to the final address)");
                self.secrets.later(None, &reason)
            }
            _ => self.secrets.never(&reason),
        })
    }
}

impl Notifier for Webhook {
    fn send<'a>(&'a self, body: &'a str) -> BoxFuture<'a, Result<(), NotifyError>> {
        Box::pin(self.post(body))
    }
}
