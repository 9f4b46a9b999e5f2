//! Telegram, by `sendMessage` of the Bot API (core.telegram.org/bots/api#sendmessage).
//!
//! A text longer than the API takes goes as several messages.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::{Client, Proxy, StatusCode, Url};
use serde::Deserialize;
use serde_json::{Value, json};

use super::http::{Answer, Secrets, beginning, client_builder, connection_error};
use super::partial::Partial;
use super::split::split;
use super::{BoxFuture, Notifier, Outgoing};
use crate::config::{ChannelSettings, Language, TelegramSettings};
use crate::number::numbered;
use crate::{AlertError, NotifyError};

/// Longest text of one message.
const TEXT_UNITS_MAX: usize = 4_096;

/// A bot that writes into one chat.
pub(crate) struct Telegram {
    client: Client,
    /// Holds the token.
    endpoint: Url,
    secrets: Secrets,
    name: String,
    thread: Option<i64>,
    /// In this language, where there are any.
    buttons: Option<Language>,
    /// A number where it is one. Changes when a group becomes a supergroup.
    chat: Mutex<Value>,
    partial: Partial,
}

/// Every answer, of what is used of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ApiAnswer {
    ok: bool,
    description: String,
    parameters: Parameters,
}

/// `ResponseParameters`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Parameters {
    retry_after: Option<u64>,
    migrate_to_chat_id: Option<i64>,
}

/// What became of one part.
enum Part {
    Sent,
    Moved(i64),
}

impl Telegram {
    pub(crate) fn new(settings: &ChannelSettings, telegram: &TelegramSettings) -> Result<Self, AlertError> {
        let (client, secrets) = own_client(settings, telegram)?;
        let token = telegram.token.expose();
        // The error would not repeat the address, and the parts of it were checked.
        let endpoint = Url::parse(&format!("{}/bot{token}/sendMessage", telegram.api_url))
            .map_err(|_| AlertError::config(format!("{}.api_url", settings.key), "is not a usable address"))?;
        let chat = &telegram.chat.0;
        Ok(Self {
            client,
            endpoint,
            secrets,
            name: settings.name.clone(),
            thread: telegram.thread,
            buttons: telegram.buttons.then_some(settings.language),
            chat: Mutex::new(chat.parse::<i64>().map_or_else(|_| chat.as_str().into(), Value::from)),
            partial: Partial::default(),
        })
    }

    async fn send_parts(&self, message: &Outgoing<'_>) -> Result<(), NotifyError> {
        let text = numbered(message.body, message.alert);
        let parts = split(&text, TEXT_UNITS_MAX);
        if parts.is_empty() {
            return Err(self.secrets.never("the text is empty"));
        }
        for (n, part) in parts.iter().enumerate().skip(self.partial.sent_of(&text)) {
            // Below what is read last.
            let is_last = n + 1 == parts.len();
            let buttons = self.buttons.filter(|_| is_last && message.alert > 0);
            let outcome = self
                .send_part(part, buttons.map(|language| keyboard(language, message.alert)))
                .await;
            self.partial.note(&text, n, parts.len(), &outcome);
            outcome?;
        }
        Ok(())
    }

    async fn send_part(&self, text: &str, buttons: Option<Value>) -> Result<(), NotifyError> {
        // Twice at most: a group moves once.
        for _ in 0..2 {
            match self.post(text, buttons.as_ref()).await? {
                Part::Sent => return Ok(()),
                Part::Moved(chat) => {
                    let channel = self.name.as_str();
                    tracing::warn!(
                        channel,
                        chat,
                        "The Telegram group became a supergroup with another number; set `chat` to it"
                    );
                    *lock(&self.chat) = chat.into();
                }
            }
        }
        Err(self.secrets.later(None, "the chat's number changed again and again"))
    }

    async fn post(&self, text: &str, buttons: Option<&Value>) -> Result<Part, NotifyError> {
        let mut body = json!({
            "chat_id": lock(&self.chat).clone(),
            "text": text,
            "link_preview_options": {"is_disabled": true},
        });
        if let Some(thread) = self.thread {
            body["message_thread_id"] = thread.into();
        }
        if let Some(buttons) = buttons {
            body["reply_markup"] = buttons.clone();
        }
        let request = self.client.post(self.endpoint.clone()).json(&body);
        self.judge(&self.secrets.exchange(request, true).await?)
    }

    fn judge(&self, answer: &Answer) -> Result<Part, NotifyError> {
        let said = serde_json::from_slice::<ApiAnswer>(&answer.body).ok();
        let status = answer.status;
        if status.is_success() {
            return match said {
                Some(said) if said.ok => Ok(Part::Sent),
                // A captive portal, or a proxy's page.
                _ => {
                    let reason = format!("what answered is not the Bot API: {}", beginning(&answer.body));
                    Err(self.secrets.later(None, &reason))
                }
            };
        }
        let (description, parameters) = match said {
            Some(said) if !said.description.is_empty() => (said.description, said.parameters),
            _ => (beginning(&answer.body), Parameters::default()),
        };
        if let Some(chat) = parameters.migrate_to_chat_id {
            return Ok(Part::Moved(chat));
        }
        let after = parameters
            .retry_after
            .map(Duration::from_secs)
            .or_else(|| answer.retry_after());
        let number = status.as_u16();
        Err(match status {
            StatusCode::TOO_MANY_REQUESTS => self.secrets.later(after, &format!("429: {description}")),
            // The operator can mend these, and then the messages should still be there.
            StatusCode::UNAUTHORIZED | StatusCode::NOT_FOUND => {
                let reason = format!("{number}: Telegram does not know this bot, check `token`: {description}");
                self.secrets.later(None, &reason)
            }
            StatusCode::REQUEST_TIMEOUT => self.secrets.later(after, &format!("408: {description}")),
            status if status.is_client_error() => self.secrets.never(&format!("{number}: {description}")),
            _ => self.secrets.later(after, &format!("{number}: {description}")),
        })
    }
}

impl Notifier for Telegram {
    fn send<'a>(&'a self, message: &'a Outgoing<'a>) -> BoxFuture<'a, Result<(), NotifyError>> {
        Box::pin(self.send_parts(message))
    }
}

/// The way to the Bot API, and what must not be repeated of it.
pub(super) fn own_client(
    settings: &ChannelSettings,
    telegram: &TelegramSettings,
) -> Result<(Client, Secrets), AlertError> {
    let failed = |source: reqwest::Error| connection_error(settings, source);
    let mut builder = client_builder(settings, telegram.api_url.starts_with("http://"));
    let mut secrets = vec![telegram.token.clone()];
    if let Some(proxy) = &telegram.proxy {
        builder = builder.proxy(Proxy::all(proxy.expose()).map_err(failed)?);
        secrets.push(proxy.clone());
    }
    Ok((builder.build().map_err(failed)?, Secrets::new(secrets)))
}

/// `InlineKeyboardMarkup`: what [`super::Buttons`] hears when somebody presses one.
fn keyboard(language: Language, alert: i64) -> Value {
    let (acknowledge, silence) = match language {
        Language::En => ("Acknowledge", "Silence for 1 h"),
        Language::Ru => ("Принять", "Заглушить на 1 ч"),
    };
    json!({"inline_keyboard": [[
        {"text": acknowledge, "callback_data": format!("ack:{alert}")},
        {"text": silence, "callback_data": format!("silence:{alert}")},
    ]]})
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
