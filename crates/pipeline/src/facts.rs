//! What a line says, before it becomes the fields of an event or of a draft.

use std::borrow::Cow;

use watchpost_event::{Fields, Severity, Timestamp, names};

use crate::draft::{Draft, Member, Piece};

/// Fields a line has been read to, and its own time. A name stands at most once; the first to say something counts.
#[derive(Debug, Default)]
pub(crate) struct Facts<'a> {
    pub(crate) time: Option<Timestamp>,
    /// What the event is no longer said to have: it speaks of another process than the one that wrote it.
    pub(crate) hidden: &'static [&'static str],
    fields: Vec<Member<'a>>,
}

impl<'a> Facts<'a> {
    /// For about so many fields.
    pub(crate) fn with_capacity(fields: usize) -> Self {
        Self {
            time: None,
            hidden: &[],
            fields: Vec::with_capacity(fields),
        }
    }

    /// The line's own time.
    pub(crate) fn at(mut self, time: Timestamp) -> Self {
        self.time = Some(time);
        self
    }

    /// Adds a text; an empty one says nothing and is left out.
    pub(crate) fn text(mut self, name: &'static str, value: impl Into<Cow<'a, str>>) -> Self {
        let value = value.into();
        if !value.is_empty() {
            self.add(name, Piece::Text(value));
        }
        self
    }

    /// Adds a number, if there is one.
    pub(crate) fn number(mut self, name: &'static str, value: Option<u64>) -> Self {
        if let Some(value) = value {
            self.add(name, Piece::Number(value));
        }
        self
    }

    pub(crate) fn words(mut self, name: &'static str, words: &'static [&'static str]) -> Self {
        if !words.is_empty() {
            self.add(name, Piece::Words(words));
        }
        self
    }

    pub(crate) fn level(self, level: Option<Severity>) -> Self {
        self.text(names::LOG_LEVEL, level.map_or("", Severity::name))
    }

    pub(crate) fn outcome(self, success: Option<bool>) -> Self {
        let outcome = match success {
            Some(true) => "success",
            Some(false) => "failure",
            None => "",
        };
        self.text(names::EVENT_OUTCOME, outcome)
    }

    /// Whether something was said under a name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// What was said first under a name.
    pub(crate) fn get(&self, name: &str) -> Option<&Piece<'a>> {
        self.fields
            .iter()
            .find(|(have, _)| have == name)
            .map(|(_, value)| value)
    }

    /// Adds a field; it counts unless something was said under its name before.
    pub(crate) fn add(&mut self, name: impl Into<Cow<'a, str>>, value: Piece<'a>) {
        self.fields.push((name.into(), value));
    }

    /// In the order of names, each once.
    fn members(mut self) -> Vec<Member<'a>> {
        self.fields.sort_by(|(a, _), (b, _)| a.cmp(b));
        self.fields.dedup_by(|(later, _), (first, _)| later == first);
        self.fields
    }

    /// As the whole event of a line. What all events of the batch share is not repeated.
    pub(crate) fn into_draft(self, text: &'a str, now: Timestamp, constants: &Fields) -> Draft<'a> {
        let mut draft = Draft::new(self.time.unwrap_or(now), text);
        draft.fields = self.members();
        for name in [names::LOGSOURCE_PRODUCT, names::HOST_NAME] {
            let shared = constants.text(name);
            if shared.is_some() && draft.text(name) == shared {
                draft.remove(name);
            }
        }
        draft
    }

    /// Into an event that has fields already; its time stays.
    pub(crate) fn put(self, fields: &mut Fields) {
        for name in self.hidden {
            fields.remove(name);
        }
        for (name, value) in self.members() {
            fields.set(name, value.to_value());
        }
    }

    /// The same, where the event does not have a field of the name.
    pub(crate) fn fill(self, fields: &mut Fields) {
        for (name, value) in self.members() {
            if fields.get(&name).is_none() {
                fields.set(name, value.to_value());
            }
        }
    }

    /// The same for an event that still stands in its record.
    pub(crate) fn fill_draft(self, draft: &mut Draft<'a>) {
        let missing: Vec<Member<'a>> = self
            .members()
            .into_iter()
            .filter(|(name, _)| draft.get(name).is_none())
            .collect();
        draft.fields.extend(missing);
    }

    /// [`Self::put`] for an event that still stands in its record.
    pub(crate) fn put_into(self, draft: &mut Draft<'a>) {
        let hidden = self.hidden;
        let members = self.members();
        draft.fields.retain(|(have, _)| {
            !hidden.contains(&have.as_ref()) && members.binary_search_by(|(name, _)| name.cmp(have)).is_err()
        });
        draft.fields.extend(members);
    }
}
