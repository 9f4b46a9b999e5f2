//! From words to the text of a message, by minijinja templates that an operator writes.
//!
//! Outside data fills them, so everything has a limit: steps, depth, and the length of the text. A template that fails
//! on some event must not cost its alert: the default takes its place.

use std::fmt;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use minijinja::value::{Serde, Value, ValueKind};
use minijinja::{AutoEscape, Environment, ErrorKind, Output, State, UndefinedBehavior, escape_formatter};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::AlertError;

/// The template of what is said when none is configured, in every language: its words come from outside.
pub const USUAL_TEMPLATE: &str = "\
{% if level %}{{ level_word | default(level) | upper }}: {% endif %}{{ rule.name or rule.id or 'alert' }}
{{ text }}
{% if host.name %}{{ host.name }}, {% endif %}{{ time }}{% if alert.id %}, #{{ alert.id }}{% endif %}{% if alert.link %}
{{ alert.link }}{% endif %}";
const DEFAULT_NAME: &str = "default";

/// Longest text of one message: four messages of Telegram.
pub(crate) const TEXT_BYTES_MAX: usize = 16 << 10;
/// Far more than any message needs.
const FUEL: u64 = 100_000;
const DEPTH_MAX: usize = 50;

/// What a channel reads into a text. Values are written so that it reads nothing into them; what stands in the template
/// itself stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Markup {
    #[default]
    Plain,
    /// Slack's: `<…>` are links and mentions, also where nothing is formatted.
    Slack,
    /// Markdown, and names behind `@` that are called.
    Markdown,
}

impl Markup {
    pub(crate) fn escape(self, text: &str) -> String {
        if self == Self::Plain {
            return text.to_owned();
        }
        let mut out = String::with_capacity(text.len());
        let mut before = ' ';
        for c in text.chars() {
            match (self, c) {
                (Self::Slack, '&') => out.push_str("&amp;"),
                (Self::Slack, '<') => out.push_str("&lt;"),
                (Self::Slack, '>') => out.push_str("&gt;"),
                // Not within an address.
                (Self::Markdown, '@') if !before.is_ascii_alphanumeric() => out.push_str("@\u{200b}"),
                (Self::Markdown, '\\' | '`' | '*' | '_' | '~' | '|' | '#' | '[' | ']' | '<' | '>') => {
                    out.push('\\');
                    out.push(c);
                }
                _ => out.push(c),
            }
            before = c;
        }
        out
    }
}

/// A checked template.
pub(crate) struct Template {
    environment: Environment<'static>,
    /// Its key in the configuration.
    name: String,
    markup: Markup,
    /// A template that fails once may fail for every event: say so once.
    warned: AtomicBool,
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Template")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Template {
    /// Reads a template (none: the default) and tries it.
    pub(crate) fn new(key: &str, source: &str, markup: Markup) -> Result<Self, AlertError> {
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_undefined_behavior(UndefinedBehavior::Chainable);
        environment.set_formatter(move |out, state, value| write_value(out, state, value, markup));
        environment.set_fuel(Some(FUEL));
        environment.set_recursion_limit(DEPTH_MAX);
        let source = if source.is_empty() { USUAL_TEMPLATE } else { source };
        let failed = |source| AlertError::Template {
            key: key.to_owned(),
            source,
        };
        for (name, source) in [(DEFAULT_NAME, USUAL_TEMPLATE), (key, source)] {
            environment
                .add_template_owned(name.to_owned(), source.to_owned())
                .map_err(failed)?;
        }
        let template = Self {
            environment,
            name: key.to_owned(),
            markup,
            warned: AtomicBool::new(false),
        };
        match template.try_render(key, &sample()) {
            Err(error) if fails_always(error.kind()) => Err(failed(error)),
            _ => Ok(template),
        }
    }

    /// What its values are written for.
    pub(crate) const fn markup(&self) -> Markup {
        self.markup
    }

    /// The text for an event's words; never empty.
    pub(crate) fn render(&self, words: &serde_json::Map<String, serde_json::Value>) -> String {
        let context = Value::from(Serde(words));
        match self.try_render(&self.name, &context) {
            Ok(text) if !text.is_empty() => return text,
            Ok(_) => self.warn("it gave an empty text"),
            Err(error) => self.warn(&watchpost_kit::chain(&error)),
        }
        match self.try_render(DEFAULT_NAME, &context) {
            Ok(text) if !text.is_empty() => text,
            _ => "alert".to_owned(),
        }
    }

    fn warn(&self, reason: &str) {
        let template = self.name.as_str();
        if self.warned.swap(true, Ordering::Relaxed) {
            tracing::debug!(template, reason, "Template failed; the default took its place");
        } else {
            tracing::warn!(
                template,
                reason,
                "Template failed for an event; the default takes its place (told once)"
            );
        }
    }

    fn try_render(&self, name: &str, context: &Value) -> Result<String, minijinja::Error> {
        let mut out = Limited::default();
        let rendered = self
            .environment
            .get_template(name)?
            .render_captured_to(context.clone(), &mut out);
        match rendered {
            Err(error) if !out.full => Err(error),
            _ => Ok(out.into_text()),
        }
    }
}

/// Nothing for what is not there, and lists as people write them.
fn write_value(
    out: &mut Output<'_>,
    state: &mut State<'_, '_>,
    value: &Value,
    markup: Markup,
) -> Result<(), minijinja::Error> {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => Ok(()),
        ValueKind::Seq | ValueKind::Iterable => {
            for (n, item) in value.try_iter()?.enumerate() {
                if n > 0 {
                    out.write_str(", ").map_err(minijinja::Error::from)?;
                }
                write_value(out, state, &item, markup)?;
            }
            Ok(())
        }
        _ if markup == Markup::Plain => escape_formatter(out, state, value),
        _ => out
            .write_str(&markup.escape(&value.to_string()))
            .map_err(minijinja::Error::from),
    }
}

/// Errors of the template itself; others may come from an event that lacks a field.
fn fails_always(kind: ErrorKind) -> bool {
    use ErrorKind::{
        OutOfFuel, SyntaxError, TemplateNotFound, TooManyArguments, UnknownFilter, UnknownFunction, UnknownMethod,
        UnknownTest,
    };
    matches!(
        kind,
        SyntaxError
            | TemplateNotFound
            | TooManyArguments
            | UnknownFilter
            | UnknownFunction
            | UnknownMethod
            | UnknownTest
            | OutOfFuel
    )
}

/// An event to try templates with, as rich as the usual ones.
fn sample() -> Value {
    Value::from(Serde(json!({
        "time": "2026-11-21 01:41:07", "when": "2026-11-20T22:41:07.000Z", "level": "high", "message": "sample",
        "sentence": "anna: process-started nmap", "who": "anna", "what": "process-started", "on_what": "nmap",
        "where": "web-1", "from_where": "192.0.2.7", "to_where": "192.0.2.8",
        "event": {"kind": "alert", "category": ["process"], "type": ["start"], "action": "process-started", "outcome": "success"},
        "rule": {"id": "sample", "name": "Sample", "level": "high"},
        "host": {"name": "web-1"}, "user": {"id": "1000", "name": "anna"}, "agent": {"id": "web-1"},
        "process": {"pid": 4242, "name": "nmap", "title": "nmap", "executable": "/usr/bin/nmap", "command_line": "nmap -sS"},
        "source": {"ip": "192.0.2.7"}, "destination": {"ip": "192.0.2.8"},
        "level_word": "high", "alert": {"id": "1", "link": "https://watch.example.org/alerts/1"},
        "watchpost": {"alert": {"severity": "high", "fingerprint": "0"}, "launch": true},
    })))
}

/// Collects text up to the limit, then stops the rendering.
#[derive(Default)]
struct Limited {
    text: Vec<u8>,
    full: bool,
}

impl Limited {
    fn into_text(self) -> String {
        let mut text = match String::from_utf8(self.text) {
            Ok(text) => text,
            // Cut within a character.
            Err(error) => {
                let good = error.utf8_error().valid_up_to();
                let mut bytes = error.into_bytes();
                bytes.truncate(good);
                String::from_utf8(bytes).unwrap_or_default()
            }
        };
        if self.full {
            text.push('…');
        }
        text.trim().to_owned()
    }
}

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = TEXT_BYTES_MAX - self.text.len();
        self.text.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if bytes.len() > room {
            self.full = true;
            return Err(io::Error::other("the text is longer than a message may be"));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
