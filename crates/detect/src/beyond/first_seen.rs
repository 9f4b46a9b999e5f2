//! What was never there before: a user on a host, a country of a user, a program of the fleet.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use watchpost_event::{Timestamp, View};
use watchpost_kit::DurationText;

use super::Scope;
use super::file::{RuleFile, held};
use super::groups::{hold, moment, pairs};
use crate::adapter::Adapter;
use crate::digest::digest;
use crate::lru::{Lru, Packed, take};
use crate::{Detection, Rule, RuleKind};

/// Values of all rules together; of the rule that has most of them the one that was seen longest ago goes first.
const VALUES_MAX: usize = 1_000_000;
/// Groups likewise.
const GROUPS_MAX: usize = 100_000;
const LEARN: DurationText = DurationText::from_secs(7 * 86_400);
const FORGET: DurationText = DurationText::from_secs(90 * 86_400);

/// As it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FirstSeenFile {
    #[serde(default)]
    query: String,
    fields: Vec<String>,
    #[serde(default)]
    per: Vec<String>,
    learn: Option<DurationText>,
    forget: Option<DurationText>,
}

/// A rule that remembers values.
pub(super) struct FirstSeen {
    pub(super) rule: Arc<Rule>,
    pub(super) scope: Scope,
    /// What is new; of several fields, all of them together.
    pub(super) fields: Vec<String>,
    /// On what; nothing: anywhere.
    per: Vec<String>,
    /// Nothing is told so many seconds after a group was seen for the first time …
    learn: u32,
    /// … and what was not seen for so many is new again.
    forget: u32,
}

impl FirstSeen {
    pub(super) fn compile(file: &str, rule: &RuleFile, settings: FirstSeenFile) -> Result<Self, String> {
        if settings.fields.is_empty() {
            return Err("`fields` is empty: which values may be new?".to_owned());
        }
        held("fields", &settings.fields)?;
        held("per", &settings.per)?;
        let learn = settings.learn.unwrap_or(LEARN);
        let forget = settings.forget.unwrap_or(FORGET);
        if forget <= learn {
            return Err(format!("`forget` ({forget}) has to be longer than `learn` ({learn})"));
        }
        let story = settings.per.iter().chain(&settings.fields).cloned().collect();
        Ok(Self {
            rule: Arc::new(rule.head(file, RuleKind::FirstSeen, story, None)?),
            scope: Scope::compile(&rule.logsource, &settings.query)?,
            fields: settings.fields,
            per: settings.per,
            learn: seconds(learn),
            forget: seconds(forget),
        })
    }

    /// Remembers what an event says; a detection when it is new. An event that lacks one of the fields says nothing.
    pub(super) fn look(&self, view: &View<'_>, received: Timestamp, seen: &mut Seen) -> Option<Detection> {
        let adapter = Adapter::new(*view);
        let values: Option<Vec<String>> = self.fields.iter().map(|name| adapter.text(name)).collect();
        let values = values?;
        let per = |name: &String| adapter.text(name).unwrap_or_default();
        let group: Vec<String> = self.per.iter().map(per).collect();
        if !seen.is_new(self, &group, &values, moment(received)) {
            return None;
        }
        let mut found = Detection::of_event(&self.rule, view);
        let mut note = format!("{} for the first time", pairs(&self.fields, &values));
        if group.iter().any(|value| !value.is_empty()) {
            note = format!("{note} ({})", pairs(&self.per, &group));
        }
        found.note = Some(note);
        Some(found)
    }
}

fn seconds(duration: DurationText) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}

/// What all rules have seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Seen {
    rules: BTreeMap<String, Book>,
    pub(super) forgotten: u64,
    #[serde(skip)]
    limits: Limits,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Limits {
    values: usize,
    groups: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            values: VALUES_MAX,
            groups: GROUPS_MAX,
        }
    }
}

/// What one rule has seen. Only digests are kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Book {
    groups: Lru<Span>,
    values: Lru<Span>,
}

/// When something was seen, in seconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Span {
    first: u32,
    last: u32,
}

impl Packed for Span {
    fn pack(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.first.to_le_bytes());
        out.extend_from_slice(&self.last.to_le_bytes());
    }

    fn unpack(bytes: &mut &[u8]) -> Option<Self> {
        let first = take(bytes).map(u32::from_le_bytes)?;
        let last = take(bytes).map(u32::from_le_bytes)?;
        Some(Self { first, last })
    }
}

impl Span {
    /// Seen now: whether that begins a span of its own. Clocks that go back are answered by the time known.
    fn see(&mut self, now: u32, forget: u32) -> bool {
        let anew = self.first == 0 || now.saturating_sub(self.last) > forget;
        if anew {
            self.first = now.max(1);
        }
        self.last = self.last.max(now);
        anew
    }
}

impl Seen {
    pub(super) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    pub(super) fn hold(&mut self, is_there: impl Fn(&str) -> bool) {
        hold(&mut self.rules, is_there);
    }

    fn is_new(&mut self, rule: &FirstSeen, group: &[String], values: &[String], now: u32) -> bool {
        let group = || group.iter().map(String::as_str);
        if !self.rules.contains_key(&rule.rule.key) {
            self.rules.insert(rule.rule.key.clone(), Book::default());
        }
        let Some(book) = self.rules.get_mut(&rule.rule.key) else {
            return false;
        };
        book.drop_old(now, rule.forget);
        let about = book.groups.touch(digest(group()));
        about.see(now, rule.forget);
        let learns = now.saturating_sub(about.first) < rule.learn;
        let key = digest(
            group()
                .chain(std::iter::once("="))
                .chain(values.iter().map(String::as_str)),
        );
        let is_new = book.values.touch(key).see(now, rule.forget);
        self.hold_limits();
        is_new && !learns
    }

    /// What is over the limits goes; it is counted, since it will be new again.
    fn hold_limits(&mut self) {
        let Limits { values, groups } = self.limits;
        if self.rules.values().map(|book| book.values.len()).sum::<usize>() > values
            && let Some(book) = self.rules.values_mut().max_by_key(|book| book.values.len())
        {
            self.forgotten += u64::from(book.values.pop_oldest().is_some());
        }
        if self.rules.values().map(|book| book.groups.len()).sum::<usize>() > groups
            && let Some(book) = self.rules.values_mut().max_by_key(|book| book.groups.len())
        {
            self.forgotten += u64::from(book.groups.pop_oldest().is_some());
        }
    }

    #[cfg(test)]
    pub(super) fn limit(&mut self, values: usize, groups: usize) {
        self.limits = Limits { values, groups };
    }
}

impl Book {
    /// A few at a time are enough: no more come than go.
    fn drop_old(&mut self, now: u32, forget: u32) {
        for all in [&mut self.groups, &mut self.values] {
            for _ in 0..4 {
                if all
                    .oldest()
                    .is_none_or(|oldest| now.saturating_sub(oldest.last) <= forget)
                {
                    break;
                }
                all.pop_oldest();
            }
        }
    }
}
