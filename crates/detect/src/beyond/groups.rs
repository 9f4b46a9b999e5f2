//! What is remembered per group of a rule that looks back at a time that is over.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use watchpost_event::{Timestamp, View};

use crate::adapter::Adapter;
use crate::correlate::bounded;
use crate::digest::digest;
use crate::lru::{Lru, Packed, take};

/// Groups of one rule; the one that was touched longest ago goes first.
const GROUPS_MAX: usize = 10_000;

/// The groups of one rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "V: Packed")]
pub(super) struct Groups<V: Default + PartialEq> {
    pub(super) all: Lru<V>,
    /// Up to where time was looked at, in steps of the rule; `None` before the first look.
    pub(super) closed: Option<u32>,
}

impl<V: Default + PartialEq> Default for Groups<V> {
    fn default() -> Self {
        Self {
            all: Lru::default(),
            closed: None,
        }
    }
}

/// Those of all rules of one kind, by the rule's key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "V: Packed")]
pub(super) struct Kept<V: Default + PartialEq> {
    rules: BTreeMap<String, Groups<V>>,
    pub(super) forgotten: u64,
}

impl<V: Default + PartialEq> Default for Kept<V> {
    fn default() -> Self {
        Self {
            rules: BTreeMap::new(),
            forgotten: 0,
        }
    }
}

impl<V: Default + PartialEq> Kept<V> {
    pub(super) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    pub(super) fn of(&mut self, rule: &str) -> &mut Groups<V> {
        self.rules.entry(rule.to_owned()).or_default()
    }

    /// Of rules that are not there, which may come back, only a few are kept.
    pub(super) fn hold(&mut self, is_there: impl Fn(&str) -> bool) {
        hold(&mut self.rules, is_there);
    }

    /// The group an event belongs to; `begin` makes a new one of its values.
    pub(super) fn touch(
        &mut self,
        rule: &str,
        names: &[String],
        view: &View<'_>,
        begin: impl FnOnce(Vec<String>) -> V,
    ) -> &mut V {
        let values = values_of(names, view);
        let key = digest(values.iter().map(String::as_str));
        let groups = self.rules.entry(rule.to_owned()).or_default();
        let is_new = groups.all.get(key).is_none();
        if is_new && groups.all.len() >= GROUPS_MAX {
            groups.all.pop_oldest();
            self.forgotten += 1;
        }
        let group = groups.all.touch(key);
        if is_new {
            *group = begin(values);
        }
        group
    }
}

/// What rules remember that are not there any more goes, but for a few: they may only be switched off.
pub(super) fn hold<T>(rules: &mut BTreeMap<String, T>, is_there: impl Fn(&str) -> bool) {
    const GONE_MAX: usize = 32;
    let gone: Vec<String> = rules.keys().filter(|key| !is_there(key)).cloned().collect();
    for key in gone.iter().skip(GONE_MAX) {
        rules.remove(key);
    }
}

/// An event's values, bounded; of a field it lacks, nothing.
fn values_of(names: &[String], view: &View<'_>) -> Vec<String> {
    if names.is_empty() {
        return Vec::new();
    }
    let adapter = Adapter::new(*view);
    let value = |name: &String| adapter.text(name).map(bounded).unwrap_or_default();
    names.iter().map(value).collect()
}

/// `user.name anna, source.ip 192.0.2.7`
pub(super) fn pairs(names: &[String], values: &[String]) -> String {
    let pairs = names.iter().zip(values).filter(|(_, value)| !value.is_empty());
    let pairs: Vec<String> = pairs
        .map(|(name, value)| format!("{name} {}", bounded(value.clone())))
        .collect();
    pairs.join(", ")
}

/// Seconds since 1970, which suffice until 2106.
pub(super) fn moment(time: Timestamp) -> u32 {
    u32::try_from(time.0.div_euclid(1_000_000_000).max(0)).unwrap_or(u32::MAX)
}

/// And back.
pub(super) fn time(seconds: u32) -> Timestamp {
    Timestamp::from_seconds(i64::from(seconds))
}

/// Texts as bytes: they are few and short.
pub(super) fn pack_texts(texts: &[String], out: &mut Vec<u8>) {
    out.push(texts.len() as u8);
    for text in texts {
        out.extend_from_slice(&(text.len() as u16).to_le_bytes());
        out.extend_from_slice(text.as_bytes());
    }
}

pub(super) fn unpack_texts(bytes: &mut &[u8]) -> Option<Vec<String>> {
    let [count] = take(bytes)?;
    let text = |_| {
        let length = take(bytes).map(u16::from_le_bytes)?;
        let (text, rest) = bytes.split_at_checked(usize::from(length))?;
        *bytes = rest;
        String::from_utf8(text.to_vec()).ok()
    };
    (0..count).map(text).collect()
}

/// A list of pairs as bytes.
pub(super) fn unpack_list<T>(bytes: &mut &[u8], one: impl Fn(&mut &[u8]) -> Option<T>) -> Option<Vec<T>> {
    let count = take(bytes).map(u16::from_le_bytes)?;
    (0..count).map(|_| one(bytes)).collect()
}
