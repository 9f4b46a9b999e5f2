use watchpost_event::{Fields, Severity, names};

use super::peer::Peer;
use crate::draft::{Draft, Piece};

/// `event.category`, `event.type` and `event.action` of a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    pub(super) category: &'static [&'static str],
    pub(super) types: &'static [&'static str],
    pub(super) action: &'static str,
}

/// Fields that tell as whom the writing process ran.
const WRITER: [&str; 4] = ["user.id", "user.name", "user.effective.id", "user.effective.name"];

/// What a line says, before it becomes an event's fields.
#[derive(Debug)]
pub(super) struct Decoded<'a> {
    kind: Kind,
    outcome: Option<&'static str>,
    fields: Vec<(&'static str, Piece<'a>)>,
}

impl<'a> Decoded<'a> {
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
    pub(super) fn text(mut self, name: &'static str, value: &'a str) -> Self {
        if !value.is_empty() {
            self.fields.push((name, value.into()));
        }
        self
    }

    pub(super) fn flag(mut self, name: &'static str, value: bool) -> Self {
        if value {
            self.fields.push((name, Piece::Flag(true)));
        }
        self
    }

    pub(super) fn peer(mut self, peer: Peer<'a>) -> Self {
        if let Some(port) = peer.port {
            self.fields.push(("source.port", Piece::Number(port.into())));
        }
        self.text("source.ip", peer.ip).text("source.domain", peer.domain)
    }

    /// Puts it into an event.
    pub(super) fn put(self, fields: &mut Fields) {
        if self.hides_writer() {
            for name in WRITER {
                fields.remove(name);
            }
        }
        let has_level = fields.get(names::LOG_LEVEL).is_some();
        for (name, value) in self.members(has_level) {
            fields.set(name, value.to_value());
        }
    }

    /// The same for an event that still stands in its record.
    pub(super) fn put_into(self, draft: &mut Draft<'a>) {
        if self.hides_writer() {
            for name in WRITER {
                draft.remove(name);
            }
        }
        let has_level = draft.get(names::LOG_LEVEL).is_some();
        for (name, value) in self.members(has_level) {
            draft.set(name, value);
        }
    }

    /// The journal says as whom the writing process ran. That is who changed an account, but not who logged in.
    fn hides_writer(&self) -> bool {
        let names_user = self.fields.iter().any(|(name, _)| *name == "user.name");
        names_user || self.kind.category != ["iam"]
    }

    fn members(self, has_level: bool) -> impl Iterator<Item = (&'static str, Piece<'a>)> {
        let Kind {
            category,
            types,
            action,
        } = self.kind;
        let level = (self.outcome == Some("failure") && !has_level).then(|| Severity::Warning.name());
        let kind = [
            Some((names::EVENT_CATEGORY, Piece::Words(category))),
            (!types.is_empty()).then_some((names::EVENT_TYPE, Piece::Words(types))),
            Some((names::EVENT_ACTION, action.into())),
            self.outcome.map(|outcome| (names::EVENT_OUTCOME, outcome.into())),
            level.map(|level| (names::LOG_LEVEL, level.into())),
        ];
        kind.into_iter().flatten().chain(self.fields)
    }
}
