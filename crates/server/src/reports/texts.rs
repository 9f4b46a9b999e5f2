//! A report's own words, in its language.

use watchpost_event::Severity;
use watchpost_report::Language;

/// Says everything in the report's language.
#[derive(Clone, Copy)]
pub(super) struct Say(pub(super) Language);

impl Say {
    pub(super) fn of(self, en: &str, ru: &str) -> String {
        match self.0 {
            Language::En => en.to_owned(),
            Language::Ru => ru.to_owned(),
        }
    }

    /// Of a rule.
    pub(super) fn level(self, severity: Severity) -> String {
        match severity {
            Severity::Debug | Severity::Info => self.of("informational", "для сведения"),
            Severity::Warning => self.of("low", "низкий"),
            Severity::Error => self.of("medium", "средний"),
            Severity::Critical => self.of("high", "высокий"),
            Severity::Emergency => self.of("critical", "критический"),
        }
    }

    pub(super) fn state(self, state: &str) -> String {
        match (self.0, state) {
            (Language::Ru, "open") => "открыто",
            (Language::Ru, "acknowledged") => "принято",
            (Language::Ru, "closed") => "закрыто",
            (_, state) => state,
        }
        .to_owned()
    }
}
