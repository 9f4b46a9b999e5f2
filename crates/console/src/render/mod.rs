//! Events as lines for people and for programs.

mod escape;
mod kind;
mod sentence;
mod style;

use jiff::tz::TimeZone;
use watchpost_event::{Event, Fields, Origin, Seven, Timestamp, View, names};

pub use style::Color;

use escape::{LineBreak, push_harmless};
use kind::{is_alert, kind};
use sentence::sentence;
use style::{BOLD, CYAN, DIM, paint, severity_color, severity_letter};

/// How events are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Local time, host, kind (or source), severity and what happened (or the message), in colour on a terminal.
    #[default]
    Human,
    /// Time of day, severity and what happened (or the message); one line each.
    Compact,
    /// One JSON object per line: times are RFC 3339 UTC.
    Json,
    /// Who did what, on what, when, where, from where, to where: one JSON object per line.
    Seven,
}

/// Writes events as text.
#[derive(Clone, Debug)]
pub struct Renderer {
    format: Format,
    colored: bool,
    timestamps: bool,
    zone: TimeZone,
}

impl Renderer {
    /// Times for people are in the system's time zone.
    pub fn new(format: Format, colored: bool) -> Self {
        Self {
            format,
            colored,
            timestamps: true,
            zone: TimeZone::system(),
        }
    }

    /// Leaves times out of the forms for people.
    #[must_use]
    pub const fn with_timestamps(mut self, shown: bool) -> Self {
        self.timestamps = shown;
        self
    }

    /// Shows times for people in this zone.
    #[must_use]
    pub fn with_zone(mut self, zone: TimeZone) -> Self {
        self.zone = zone;
        self
    }

    /// The format.
    pub const fn format(&self) -> Format {
        self.format
    }

    /// Appends an event, its line break included.
    pub fn push(&self, out: &mut String, view: &View<'_>) {
        match self.format {
            Format::Human => self.push_human(out, view),
            Format::Compact => self.push_compact(out, view),
            Format::Json => out.push_str(&view.to_json_text()),
            Format::Seven => push_seven(out, &Seven::of(view)),
        }
        out.push('\n');
    }

    fn push_human(&self, out: &mut String, view: &View<'_>) {
        if self.timestamps {
            paint(
                out,
                self.colored,
                DIM,
                &self.time(view.event.time, "%Y-%m-%d %H:%M:%S%.3f"),
            );
            out.push(' ');
        }
        if let Some(host) = view.text(names::HOST_NAME) {
            paint(out, self.colored, CYAN, &harmless(&host));
            out.push(' ');
        }
        match kind(view) {
            Some(kind) => paint(out, self.colored, kind.color, kind.word),
            None => paint(out, self.colored, DIM, &harmless(&source(view))),
        }
        out.push(' ');
        let severity = view.severity();
        let bar = if self.colored {
            "▌".to_owned()
        } else {
            severity_letter(severity).to_string()
        };
        paint(out, self.colored, severity_color(severity), &bar);
        out.push(' ');
        self.push_text(out, view, LineBreak::Indented("    │ "));
    }

    fn push_compact(&self, out: &mut String, view: &View<'_>) {
        if self.timestamps {
            paint(out, self.colored, DIM, &self.time(view.event.time, "%H:%M:%S"));
            out.push(' ');
        }
        let severity = view.severity();
        paint(
            out,
            self.colored,
            severity_color(severity),
            &severity_letter(severity).to_string(),
        );
        out.push(' ');
        if is_alert(view) {
            paint(out, self.colored, BOLD, "ALERT ");
        }
        self.push_text(out, view, LineBreak::Shown);
    }

    /// What happened where the fields say it, else the message. A sentence is one line, whatever the names in it hold.
    fn push_text(&self, out: &mut String, view: &View<'_>, line_break: LineBreak) {
        match sentence(view) {
            Some(text) if is_alert(view) => paint(out, self.colored, BOLD, &harmless(&text)),
            Some(text) => push_harmless(out, &text, LineBreak::Shown),
            None => push_harmless(out, &view.event.message, line_break),
        }
    }

    /// A moment for people, in the renderer's zone.
    pub fn time(&self, time: Timestamp, pattern: &str) -> String {
        jiff::Timestamp::from_nanosecond(i128::from(time.0)).map_or_else(
            |_| time.to_string(),
            |moment| moment.to_zoned(self.zone.clone()).strftime(pattern).to_string(),
        )
    }
}

fn push_seven(out: &mut String, seven: &Seven) {
    match serde_json::to_string(seven) {
        Ok(line) => out.push_str(&line),
        Err(error) => out.push_str(&serde_json::json!({ "error": error.to_string() }).to_string()),
    }
}

/// Text as it can be shown on a terminal, on one line.
pub fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    push_harmless(&mut out, text, LineBreak::Shown);
    out
}

/// Where a line came from, as people say it: the program, else the file's name, else the stream.
fn source(view: &View<'_>) -> String {
    if let Some(program) = view.text("process.name") {
        return program.into_owned();
    }
    if let Some(path) = view.text(names::LOG_FILE_PATH) {
        return path.rsplit('/').next().unwrap_or(&path).to_owned();
    }
    view.text(names::STREAM)
        .map_or_else(|| "-".to_owned(), std::borrow::Cow::into_owned)
}

/// An event as the server's JSON shows it, taken apart for rendering.
pub(crate) struct Parsed {
    event: Event,
    origin: Origin,
}

impl Parsed {
    /// From a nested ECS object. The origin holds nothing that the fields do not.
    pub(crate) fn from_json(object: serde_json::Map<String, serde_json::Value>) -> Option<Self> {
        let mut fields = Fields::from_object(object);
        let time = fields.remove(names::TIMESTAMP)?.as_str()?.parse().ok()?;
        let message = match fields.remove(names::MESSAGE) {
            Some(serde_json::Value::String(text)) => text,
            Some(other) => other.to_string(),
            None => String::new(),
        };
        let text = |name: &str| fields.text(name).unwrap_or("-").to_owned();
        let origin = Origin {
            agent: text(names::AGENT_ID).try_into().ok()?,
            stream: text(names::STREAM).try_into().ok()?,
            epoch: fields
                .text(names::EPOCH)
                .and_then(|epoch| epoch.parse().ok())
                .unwrap_or(watchpost_event::Epoch(0)),
            fields: Fields::new(),
        };
        let position = fields
            .get(names::POSITION)
            .and_then(serde_json::Value::as_u64)
            .unwrap_or(0);
        Some(Self {
            event: Event {
                time,
                position,
                n: 0,
                message,
                fields,
            },
            origin,
        })
    }

    pub(crate) fn view(&self) -> View<'_> {
        View {
            event: &self.event,
            origin: &self.origin,
        }
    }
}

#[cfg(test)]
mod tests;
