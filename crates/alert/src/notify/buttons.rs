//! Telegram's buttons: what people press below a message, by long polling (core.telegram.org/bots/api#getupdates), so that
//! the server needs no address that Telegram can reach.
//!
//! Only presses in chats that a channel of this bot writes to count; whoever is in such a chat may press. Telegram keeps a
//! press until the next call names a later one, so one that was seen and not yet done when the program ended comes again:
//! acknowledging twice does nothing, and a silence that is there is not made again.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, StatusCode, Url};
use serde::Deserialize;
use serde_json::{Value, json};
use watchpost_kit::{Backoff, DurationText, Rng};
use watchpost_run::Shutdown;

use super::BoxFuture;
use super::http::{Secrets, beginning};
use super::telegram::own_client;
use crate::config::{ChannelSettings, Language, TelegramSettings};
use crate::{AlertError, StateError};

/// How long Telegram keeps a call open while nobody presses anything.
const POLL: Duration = Duration::from_secs(50);
/// The call itself may take so much longer.
const GRACE: Duration = Duration::from_secs(15);
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(5));
/// Presses of one answer.
const PRESSES_MAX: usize = 100;
/// How long a press silences an alert.
pub(crate) const SILENCE: Duration = Duration::from_hours(1);
const NAME_CHARS_MAX: usize = 64;

/// What a press asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Press {
    /// Somebody sees to it.
    Acknowledge,
    /// Nobody wants to be told of such alerts for a time.
    Silence(Duration),
}

/// What became of a press.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pressed {
    /// It is done.
    Done,
    /// Somebody did it before.
    Before(String),
    /// There is no such alert.
    Unknown,
}

/// Does what people press for.
pub trait ButtonActions: Send + Sync {
    /// `who` is whom Telegram names, such as `@anna (Telegram)`; `channels` are those that write where it was pressed: an
    /// alert that none of them was told of is nobody's business there, whatever a client sends.
    fn press<'a>(
        &'a self,
        press: Press,
        alert: i64,
        who: &'a str,
        channels: &'a [String],
    ) -> BoxFuture<'a, Result<Pressed, StateError>>;
}

/// The buttons of one bot.
pub struct Buttons {
    client: Client,
    /// Holds the token; methods go below it.
    base: Url,
    secrets: Secrets,
    /// Names of its channels, for the log.
    channels: String,
    chats: Vec<ChatChannel>,
    poll: Duration,
}

/// A chat that a channel writes to.
struct ChatChannel {
    chat: String,
    language: Language,
    channel: String,
}

#[derive(Debug, Deserialize)]
struct Answer {
    #[serde(default)]
    ok: bool,
    #[serde(default)]
    description: String,
    #[serde(default)]
    result: Vec<Update>,
}

#[derive(Debug, Deserialize)]
struct Update {
    update_id: i64,
    callback_query: Option<Callback>,
}

#[derive(Debug, Deserialize)]
struct Callback {
    id: String,
    from: User,
    message: Option<Message>,
    #[serde(default)]
    data: String,
}

#[derive(Debug, Deserialize)]
struct User {
    id: i64,
    username: Option<String>,
    #[serde(default)]
    first_name: String,
}

#[derive(Debug, Deserialize)]
struct Message {
    message_id: i64,
    chat: Chat,
}

#[derive(Debug, Deserialize)]
struct Chat {
    id: i64,
    username: Option<String>,
}

impl Buttons {
    /// For channels of one bot: the first one's connection is used.
    pub(crate) fn new(
        (settings, telegram): (&ChannelSettings, &TelegramSettings),
        channels: &[(&ChannelSettings, &TelegramSettings)],
    ) -> Result<Self, AlertError> {
        let (client, secrets) = own_client(settings, telegram)?;
        let token = telegram.token.expose();
        let base = Url::parse(&format!("{}/bot{token}/", telegram.api_url))
            .map_err(|_| AlertError::config(format!("{}.api_url", settings.key), "is not a usable address"))?;
        let names: Vec<&str> = channels.iter().map(|(settings, _)| settings.name.as_str()).collect();
        Ok(Self {
            client,
            base,
            secrets,
            channels: names.join(", "),
            chats: channels
                .iter()
                .map(|(settings, telegram)| ChatChannel {
                    chat: telegram.chat.0.clone(),
                    language: settings.language,
                    channel: settings.name.clone(),
                })
                .collect(),
            poll: POLL,
        })
    }

    /// Asks Telegram to answer after this time when nobody presses anything, for tests.
    #[must_use]
    pub fn with_poll(self, poll: Duration) -> Self {
        Self { poll, ..self }
    }

    /// Listens until shutdown.
    pub async fn run(self, actions: Arc<dyn ButtonActions>, shutdown: Shutdown) {
        let mut backoff = Backoff::new(BACKOFF.0, BACKOFF.1, Rng::from_os());
        let (mut offset, mut failing) = (0, false);
        while !shutdown.is_triggered() {
            let updates = tokio::select! {
                () = shutdown.wait() => return,
                updates = self.updates(offset) => updates,
            };
            match updates {
                Ok(updates) => {
                    backoff.reset();
                    failing = false;
                    for update in updates.into_iter().take(PRESSES_MAX) {
                        if let Some(callback) = update.callback_query {
                            let done = tokio::select! {
                                () = shutdown.wait() => return,
                                done = self.answer(&callback, &*actions) => done,
                            };
                            if !done {
                                // It comes again.
                                break;
                            }
                        }
                        offset = update.update_id.saturating_add(1);
                    }
                }
                Err(reason) => {
                    let delay = backoff.next_delay().max(BACKOFF.0);
                    if !failing {
                        failing = true;
                        let channels = self.channels.as_str();
                        tracing::warn!(
                            channels,
                            reason,
                            "Buttons below Telegram messages do not work; trying again"
                        );
                    }
                    tokio::select! {
                        () = shutdown.wait() => return,
                        () = tokio::time::sleep(delay) => {}
                    }
                }
            }
        }
    }

    async fn updates(&self, offset: i64) -> Result<Vec<Update>, String> {
        let body = json!({
            "offset": offset,
            "limit": PRESSES_MAX,
            "timeout": self.poll.as_secs(),
            "allowed_updates": ["callback_query"],
        });
        let answer = self.call("getUpdates", &body, self.poll + GRACE).await?;
        let said: Answer = serde_json::from_slice(&answer.1)
            .map_err(|_| format!("what answered is not the Bot API: {}", beginning(&answer.1)))?;
        if said.ok {
            return Ok(said.result);
        }
        Err(match answer.0 {
            StatusCode::CONFLICT => format!(
                "another program listens for this bot, or a webhook is set ({}): set `buttons = false`, or give \
                 Watchpost a bot of its own",
                said.description
            ),
            status => format!("{}: {}", status.as_u16(), said.description),
        })
    }

    /// Does what a press asks for and says so; false: the database does not answer, try again.
    async fn answer(&self, callback: &Callback, actions: &dyn ButtonActions) -> bool {
        let Some((language, channels)) = self.channels_of(callback) else {
            self.say(callback, "This chat is not one of Watchpost's channels").await;
            return true;
        };
        let Some((press, alert)) = read(&callback.data) else {
            return true;
        };
        let who = name(&callback.from);
        match actions.press(press.clone(), alert, &who, &channels).await {
            Ok(pressed) => {
                self.say(callback, &words(language, &press, &pressed, &who)).await;
                if press == Press::Acknowledge && pressed != Pressed::Unknown {
                    self.remove_buttons(callback).await;
                }
                true
            }
            Err(error) => {
                let error = watchpost_kit::chain(&*error);
                tracing::warn!(alert, error, "Cannot do what was pressed in Telegram; trying again");
                tokio::time::sleep(BACKOFF.0).await;
                false
            }
        }
    }

    /// The channels that write into this chat, and the language of the first.
    fn channels_of(&self, callback: &Callback) -> Option<(Language, Vec<String>)> {
        let chat = &callback.message.as_ref()?.chat;
        let is_it = |known: &str| match known.strip_prefix('@') {
            Some(name) => chat
                .username
                .as_deref()
                .is_some_and(|own| own.eq_ignore_ascii_case(name)),
            None => known.parse() == Ok(chat.id),
        };
        let own: Vec<&ChatChannel> = self.chats.iter().filter(|known| is_it(&known.chat)).collect();
        let names = own.iter().map(|known| known.channel.clone()).collect();
        Some((own.first()?.language, names))
    }

    /// `answerCallbackQuery`: without it the button seems to hang.
    async fn say(&self, callback: &Callback, text: &str) {
        let body = json!({"callback_query_id": callback.id, "text": text});
        self.tell("answerCallbackQuery", &body).await;
    }

    /// `editMessageReplyMarkup`: what is acknowledged is not to be acknowledged again.
    async fn remove_buttons(&self, callback: &Callback) {
        let Some(message) = &callback.message else { return };
        let body = json!({"chat_id": message.chat.id, "message_id": message.message_id, "reply_markup": {"inline_keyboard": []}});
        self.tell("editMessageReplyMarkup", &body).await;
    }

    /// What is said for convenience may fail.
    async fn tell(&self, method: &str, body: &Value) {
        if let Err(reason) = self.call(method, body, GRACE).await {
            tracing::debug!(method, reason, "Telegram does not take an answer");
        }
    }

    async fn call(&self, method: &str, body: &Value, timeout: Duration) -> Result<(StatusCode, Vec<u8>), String> {
        let url = self.base.join(method).map_err(|_| "not a usable address".to_owned())?;
        let request = self.client.post(url).timeout(timeout).json(body);
        let answer = self
            .secrets
            .exchange(request, true)
            .await
            .map_err(|error| error.to_string())?;
        Ok((answer.status, answer.body))
    }
}

/// `ack:12`, `silence:12`.
fn read(data: &str) -> Option<(Press, i64)> {
    let (what, alert) = data.split_once(':')?;
    let alert = alert.parse().ok()?;
    match what {
        "ack" => Some((Press::Acknowledge, alert)),
        "silence" => Some((Press::Silence(SILENCE), alert)),
        _ => None,
    }
}

fn name(user: &User) -> String {
    let name = match &user.username {
        Some(name) => format!("@{name}"),
        None if user.first_name.is_empty() => user.id.to_string(),
        None => user.first_name.clone(),
    };
    let name: String = crate::clean::line(&name).chars().take(NAME_CHARS_MAX).collect();
    format!("{name} (Telegram)")
}

fn words(language: Language, press: &Press, pressed: &Pressed, who: &str) -> String {
    let english = language == Language::En;
    match (pressed, press) {
        (Pressed::Unknown, _) if english => "There is no such alert any more".to_owned(),
        (Pressed::Unknown, _) => "Такого оповещения уже нет".to_owned(),
        (Pressed::Before(other), _) if english => format!("That was done before by {other}"),
        (Pressed::Before(other), _) => format!("Это уже сделано: {other}"),
        (Pressed::Done, Press::Acknowledge) if english => format!("Acknowledged by {who}"),
        (Pressed::Done, Press::Acknowledge) => format!("Принято: {who}"),
        (Pressed::Done, Press::Silence(time)) if english => format!("Silenced for {}", DurationText(*time)),
        (Pressed::Done, Press::Silence(time)) => format!("Заглушено на {}", DurationText(*time)),
    }
}
