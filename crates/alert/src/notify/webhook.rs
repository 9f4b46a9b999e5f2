//! Webhooks: a detection as JSON, by POST. Any 2xx means delivered.

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Url};

use super::http::{Secrets, client_builder, connection_error};
use super::{BoxFuture, Notifier, Outgoing};
use crate::config::{ChannelSettings, WebhookSettings};
use crate::signature::SigningKey;
use crate::{AlertError, NotifyError, payload};

/// One address that takes alerts.
pub(crate) struct Webhook {
    client: Client,
    url: Url,
    /// With which requests are signed.
    key: Option<SigningKey>,
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
            key: webhook.key.clone(),
            secrets: Secrets::new(webhook.secrets.clone()),
        })
    }

    async fn post(&self, message: &Outgoing<'_>) -> Result<(), NotifyError> {
        let body = payload::with_number(message);
        let mut request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json");
        if let Some(key) = &self.key {
            let seconds = message.now.0.div_euclid(1_000_000_000);
            for (name, value) in key.sign(&payload::id_of(&body), seconds, &body) {
                request = request.header(name, value);
            }
        }
        let answer = self.secrets.exchange(request.body(body), false).await?;
        self.secrets.judge(&answer, answer.retry_after())
    }
}

impl Notifier for Webhook {
    fn send<'a>(&'a self, message: &'a Outgoing<'a>) -> BoxFuture<'a, Result<(), NotifyError>> {
        Box::pin(self.post(message))
    }
}
