//! Channels that people make in the web interface: the keys of `[[channel]]` as JSON, every value literal. Where the
//! configuration may name a file (`@/path`) or a variable (`$NAME`), nothing is read here: whoever may make a channel must
//! not read the server's files by it.

use serde_json::{Map, Value};

use crate::AlertError;
use crate::config::{AlertSections, ChannelKind, ChannelSection};

/// Keys whose values are never shown.
const SECRETS: [&str; 6] = ["token", "url", "password", "secret", "proxy", "headers"];
/// Other keys that may name a file in the configuration.
const TEXTS: [&str; 2] = ["template", "ca"];

/// A channel as it was made. Holds secrets: it is stored sealed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct MadeChannel(Map<String, Value>);

impl std::fmt::Debug for MadeChannel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let keys: Vec<&String> = self.0.keys().collect();
        f.debug_tuple("MadeChannel").field(&keys).finish()
    }
}

impl MadeChannel {
    /// What people sent. Of `before`, secrets that were not sent stay; an empty one is removed. Checked as a channel of the
    /// configuration is; errors name the key after `channel`.
    pub fn read(settings: &Map<String, Value>, before: Option<&Self>) -> Result<Self, AlertError> {
        let mut all = settings.clone();
        for (key, value) in before.into_iter().flat_map(|before| &before.0) {
            if SECRETS.contains(&key.as_str()) && !all.contains_key(key) {
                all.insert(key.clone(), value.clone());
            }
        }
        all.retain(|_, value| !is_nothing(value));
        let made = Self(all);
        made.check()?;
        Ok(made)
    }

    /// Whether it can be used as it is.
    pub fn check(&self) -> Result<(), AlertError> {
        let section = self.section()?;
        if section.kind == Some(ChannelKind::Script) {
            let reason =
                "cannot be made here: whoever is logged in could run programs on the server; write it in server.toml";
            return Err(AlertError::config("channel.kind", reason));
        }
        let alone = AlertSections {
            channel: vec![section],
            ..AlertSections::default()
        };
        crate::Alerting::try_from(alone)
            .map_err(named)?
            .connect()
            .map_err(named)?;
        Ok(())
    }

    /// The words alone, for a preview: a webhook to nowhere with the template, zone and language that are given.
    pub fn only_words(settings: &Map<String, Value>) -> Self {
        let words = ["template", "timezone", "language"];
        let mut all: Map<String, Value> = settings
            .iter()
            .filter(|(key, value)| words.contains(&key.as_str()) && !is_nothing(value))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        for (key, value) in [("name", "preview"), ("kind", "webhook"), ("url", "https://localhost/")] {
            all.insert(key.to_owned(), value.into());
        }
        Self(all)
    }

    /// From [`Self::stored`].
    pub fn from_stored(text: &str) -> Result<Self, AlertError> {
        let wrong =
            |error: serde_json::Error| AlertError::config("channel", format!("is not what was stored: {error}"));
        serde_json::from_str(text).map(Self).map_err(wrong)
    }

    /// As it is stored, secrets and all.
    pub fn stored(&self) -> String {
        Value::Object(self.0.clone()).to_string()
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.0.get("name").and_then(Value::as_str).unwrap_or_default()
    }

    /// What may be shown, and the names of the secrets that are set.
    pub fn shown(&self) -> (Map<String, Value>, Vec<String>) {
        let is_secret = |key: &String| SECRETS.contains(&key.as_str());
        let shown = self.0.iter().filter(|(key, _)| !is_secret(key));
        let secrets = self.0.keys().filter(|key| is_secret(key)).cloned();
        (
            shown.map(|(key, value)| (key.clone(), value.clone())).collect(),
            secrets.collect(),
        )
    }

    /// As a section of the configuration.
    pub fn section(&self) -> Result<ChannelSection, AlertError> {
        let mut literal = self.0.clone();
        for (key, value) in &mut literal {
            if SECRETS.contains(&key.as_str()) || TEXTS.contains(&key.as_str()) {
                quote(value);
            }
        }
        serde_json::from_value(Value::Object(literal)).map_err(|error| {
            // serde says which key is unknown, and which there are.
            AlertError::config("channel", format!("cannot be read: {error}"))
        })
    }
}

/// `@` and `$` at the beginning stand for themselves.
fn quote(value: &mut Value) {
    match value {
        Value::String(text) if text.starts_with(['@', '$']) => text.insert(0, text.chars().next().unwrap_or('@')),
        Value::Object(map) => map.values_mut().for_each(quote),
        _ => {}
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// It is the only one.
fn named(error: AlertError) -> AlertError {
    match error {
        AlertError::Config { key, reason } => AlertError::config(key.replacen("channel[0]", "channel", 1), reason),
        AlertError::Template { key, source } => AlertError::Template {
            key: key.replacen("channel[0]", "channel", 1),
            source,
        },
        other => other,
    }
}
