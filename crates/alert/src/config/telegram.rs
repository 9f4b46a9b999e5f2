//! Telegram channels.

use watchpost_kit::Secret;

use super::address::{self, Plain};
use super::{ChannelSection, ChatId};
use crate::AlertError;

const API: &str = "https://api.telegram.org";

/// One bot and the chat it writes to.
#[derive(Debug)]
pub(crate) struct TelegramSettings {
    /// Without the token, without a slash at its end.
    pub(crate) api_url: String,
    pub(crate) token: Secret,
    pub(crate) chat: ChatId,
    pub(crate) thread: Option<i64>,
    pub(crate) buttons: bool,
    pub(crate) proxy: Option<Secret>,
}

/// Checks what only such a channel has.
pub(super) fn read(key: &str, section: &ChannelSection) -> Result<TelegramSettings, AlertError> {
    check_bot_token(key, section.token.expose())?;
    let chat = &section.chat.0;
    let is_name = chat.strip_prefix('@').is_some_and(|name| !name.is_empty());
    if !is_name && chat.parse::<i64>().is_err() {
        let reason = if chat.is_empty() {
            "is missing: the chat's number such as -100123, or \"@name\" of a channel"
        } else {
            "is neither a chat's number such as -100123 nor \"@name\" of a channel"
        };
        return Err(AlertError::config(format!("{key}.chat"), reason));
    }
    let given = if section.api_url.is_empty() {
        API
    } else {
        &section.api_url
    };
    let remedy = "use https://, or http:// with a loopback address such as 127.0.0.1";
    let api_url = address::read(&format!("{key}.api_url"), given, Plain::Loopback { remedy })?;
    let proxy_key = format!("{key}.proxy");
    let proxy = match section.proxy.expose() {
        "" => None,
        _ if api_url.scheme() == "http" => {
            let reason = "needs an https:// api_url: through a proxy, http:// leaves this machine unencrypted";
            return Err(AlertError::config(proxy_key, reason));
        }
        text => {
            address::read_proxy(&proxy_key, text)?;
            Some(section.proxy.clone())
        }
    };
    Ok(TelegramSettings {
        api_url: api_url.as_str().trim_end_matches('/').to_owned(),
        token: section.token.clone(),
        chat: section.chat.clone(),
        thread: section.thread,
        // Everybody may read a public channel.
        buttons: section.buttons.unwrap_or(!is_name),
        proxy,
    })
}

/// `123456:ABC-DEF…`, as BotFather gives it; it becomes part of a path.
fn check_bot_token(key: &str, token: &str) -> Result<(), AlertError> {
    let bad = |reason: &str| Err(AlertError::config(format!("{key}.token"), reason));
    if token.is_empty() {
        return bad("is missing: the token @BotFather gave, as \"$NAME\" of a variable or \"@/path\" of a file");
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || ":_-".contains(c);
    if !token.chars().all(plain) || !token.contains(':') {
        return bad("is not a bot's token: those look like 123456:ABC-DEF, from @BotFather");
    }
    Ok(())
}
