use serde_json::Value;
use watchpost_event::{Fields, Severity, names};

use super::peer::Peer;

/// `event.category`, `event.type` and `event.action` of a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    pub(super) category: &'static [&'static str],
    pub(super) types: &'static [&'static str],
    pub(super) action: &'static str,
}

/// What a line says, before it becomes an event's fields.
#[derive(Debug)]
pub(super) struct Decoded {
    kind: Kind,
    outcome: Option<&'static str>,
    fields: Vec<(&'static str, Value)>,
}

impl Decoded {
    pub(super) const fn new(kind: Kind) -> Self {
        Self {
            kind,
            outcome: None,
            fields: Vec::new(),
        }
    }

    pub(super) fn succeeded(self, success: bool) -> Self {
        Self {
            outcome: Some(if success { "success" } else { "failure" }),
            ..self
        }
    }

    /// Adds a text; an empty one says nothing and is left out.
    pub(super) fn text(mut self, name: &'static str, value: &str) -> Self {
        if !value.is_empty() {
            self.fields.push((name, value.into()));
        }
        self
    }

    pub(super) fn flag(mut self, name: &'static str, value: bool) -> Self {
        if value {
            self.fields.push((name, true.into()));
        }
        self
    }

    pub(super) fn peer(mut self, peer: Peer<'_>) -> Self {
        if let Some(port) = peer.port {
            self.fields.push(("source.port", port.into()));
        }
        self.text("source.ip", peer.ip).text("source.domain", peer.domain)
    }

    pub(super) fn put(self, fields: &mut Fields) {
        // The journal says as whom the writing process ran. That is who changed an account, but not who logged in.
        let names_user = self.fields.iter().any(|(name, _)| *name == "user.name");
        if names_user || self.kind.category != ["iam"] {
            for name in ["user.id", "user.name", "user.effective.id", "user.effective.name"] {
                fields.remove(name);
            }
        }
        fields.set(names::EVENT_CATEGORY, self.kind.category);
        if !self.kind.types.is_empty() {
            fields.set(names::EVENT_TYPE, self.kind.types);
        }
        fields.set(names::EVENT_ACTION, self.kind.action);
        if let Some(outcome) = self.outcome {
            fields.set(names::EVENT_OUTCOME, outcome);
            if outcome == "failure" && fields.get(names::LOG_LEVEL).is_none() {
                fields.set(names::LOG_LEVEL, Severity::Warning.name());
            }
        }
        for (name, value) in self.fields {
            fields.set(name, value);
        }
    }
}
