//! Webhooks: a detection as JSON, by POST. Any 2xx means delivered.

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Url};

use super::http::{Secrets, client_builder, connection_error};
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
        let answer = self.secrets.exchange(request, false).await?;
        self.secrets.judge(&answer, answer.retry_after())
    }
}

impl Notifier for Webhook {
    fn send<'a>(&'a self, body: &'a str) -> BoxFuture<'a, Result<(), NotifyError>> {
        Box::pin(self.post(body))
    }
}
