//! Webhooks.

use reqwest::Url;
use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue};
use watchpost_kit::Secret;

use super::{ChannelSection, address};
use crate::AlertError;
use crate::signature::SigningKey;

/// Parts of an address that are as long may be keys.
const KEY_CHARS_MIN: usize = 10;

/// `headers` holds the token too; their values are marked sensitive, so `Debug` hides them.
#[derive(Debug)]
pub(crate) struct WebhookSettings {
    pub(crate) url: Secret,
    pub(crate) headers: HeaderMap,
    pub(crate) key: Option<SigningKey>,
    /// Every text that must not be repeated in an error.
    pub(crate) secrets: Vec<Secret>,
}

/// Checks what only such a channel has.
pub(super) fn read(key: &str, section: &ChannelSection) -> Result<WebhookSettings, AlertError> {
    let url_key = format!("{key}.url");
    if section.url.is_empty() {
        let reason = "is missing: where to post, such as \"https://example.org/hook\"";
        return Err(AlertError::config(url_key, reason));
    }
    let url = address::read(&url_key, section.url.expose(), address::Plain::of(section))?;
    let mut headers = HeaderMap::new();
    for (name, value) in &section.headers {
        let (name, value) = header(key, name, value, !section.token.is_empty())?;
        headers.insert(name, value);
    }
    if !section.token.is_empty() {
        headers.insert(AUTHORIZATION, bearer(key, &section.token)?);
    }
    Ok(WebhookSettings {
        secrets: secrets(&url, section),
        key: signing_key(key, &section.secret)?,
        url: section.url.clone(),
        headers,
    })
}

fn signing_key(key: &str, secret: &Secret) -> Result<Option<SigningKey>, AlertError> {
    if secret.is_empty() {
        return Ok(None);
    }
    let wrong = |reason| AlertError::config(format!("{key}.secret"), reason);
    SigningKey::read(secret.expose()).map(Some).map_err(wrong)
}

fn header(key: &str, name: &str, value: &Secret, has_token: bool) -> Result<(HeaderName, HeaderValue), AlertError> {
    let bad = |reason: &str| AlertError::config(format!("{key}.headers.{}", name.escape_default()), reason);
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad("is not a header's name"))?;
    if [CONTENT_TYPE, CONTENT_LENGTH, HOST].contains(&name) {
        return Err(bad("is set by the request itself"));
    }
    if name == AUTHORIZATION && has_token {
        return Err(bad("and `token` both set it: keep one"));
    }
    let value = sensitive(value.expose()).ok_or_else(|| bad("holds characters no header can carry"))?;
    Ok((name, value))
}

/// A token as `Authorization` carries it (RFC 6750).
pub(super) fn bearer(key: &str, token: &Secret) -> Result<HeaderValue, AlertError> {
    token_header(key, &format!("Bearer {}", token.expose()))
}

/// A token in a header of its own.
pub(super) fn token_header(key: &str, text: &str) -> Result<HeaderValue, AlertError> {
    sensitive(text).ok_or_else(|| AlertError::config(format!("{key}.token"), "holds characters no header can carry"))
}

fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Every text of a channel that must not be repeated.
pub(super) fn secrets(url: &Url, section: &ChannelSection) -> Vec<Secret> {
    let parts = [
        section.url.expose(),
        url.as_str(),
        url.path(),
        url.query().unwrap_or_default(),
    ];
    // Services repeat the part of an address that is a key.
    let keys = url
        .path_segments()
        .into_iter()
        .flatten()
        .filter(|part| part.len() >= KEY_CHARS_MIN);
    let given = section.headers.values().chain([&section.token, &section.secret]);
    let all = parts.into_iter().chain(keys).map(Secret::new).chain(given.cloned());
    // A path of `/` alone is no secret, and hiding it would leave no error readable.
    all.filter(|secret| secret.expose().len() > 3).collect()
}
