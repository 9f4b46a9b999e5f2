//! Which rules an event may concern at all: an index over what they need.
//!
//! Of every rule it is known what an event must have for the rule to find it ([`need`]): one of a few values of fields, or
//! of texts within them. An entry of the index is one such value with the rules that need it (or another one). An event's
//! own values are looked up, and only rules of which a need was found are asked, by the engine and in full. A rule of
//! which no need was found cannot match: one of its needs follows from its condition whatever else the event holds.
//! A rule without a need that follows (`not …`, `null`, `exists: false` alone) is asked about every event of its log
//! source.
//!
//! What is looked up how:
//!
//! - that a field is there, by its name;
//! - a whole value, by a table of numbers and one of texts in lower case, for each field;
//! - a part of a value, at its beginning, end or anywhere, by [`needles`], for each field;
//! - a word anywhere in an event, by [`needles`], for each log source of rules.
//!
//! A list's elements are looked up one by one, as the engine asks them.

mod common;
mod need;
mod needles;
mod pattern;
#[cfg(test)]
mod pattern_tests;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use rsigma_eval::CompiledRule;
use rsigma_eval::event::EventValue;
use rsigma_parser::fieldpath::unescape_brackets;
use serde_json::Value;

use self::common::Common;
use self::need::{Key, Need, TEXT_BYTES_MAX, count, needs, whole};
use self::needles::Needles;
use crate::adapter::{Adapter, Said, is_made_up};
use crate::table::{Table, hash};

/// Rules by their places, ascending.
type RuleList = Box<[u32]>;

/// Some of the rules.
#[derive(Clone, Debug, Default)]
pub(crate) struct RuleSet(Box<[u64]>);

impl RuleSet {
    /// None of so many.
    pub(crate) fn none_of(rules: usize) -> Self {
        Self(vec![0; rules.div_ceil(64)].into())
    }

    /// Adds one; says whether it is new.
    fn add(&mut self, rule: u32) -> bool {
        let (word, bit) = (&mut self.0[rule as usize / 64], 1 << (rule % 64));
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    /// Adds all of a range.
    pub(crate) fn add_all(&mut self, rules: Range<usize>) {
        for rule in rules {
            self.add(rule as u32);
        }
    }

    fn has(&self, rule: u32) -> bool {
        self.0[rule as usize / 64] & (1 << (rule % 64)) != 0
    }
}

/// The index of a set of rules, in which those of a log source stand together.
#[derive(Default)]
pub(crate) struct Index {
    /// By log source.
    sources: Vec<OfSource>,
    names: Table,
    fields: Vec<(Box<str>, OfField)>,
    /// Fields that an event has without saying their names: those made up, and elements of lists.
    asked: Vec<(Box<str>, OfField)>,
    rules: usize,
}

/// What does not stand in one field.
#[derive(Default)]
struct OfSource {
    /// Rules that are asked about every event.
    open: RuleList,
    /// Words that may stand anywhere.
    words: Option<Needles>,
}

/// What is asked of a field.
#[derive(Default)]
struct OfField {
    there: RuleList,
    numbers: HashMap<i64, RuleList>,
    text_places: Table,
    /// In lower case.
    texts: Vec<(Box<str>, RuleList)>,
    parts: Option<Needles>,
}

impl Index {
    /// Of rules and where those of each log source stand.
    pub(crate) fn new(rules: &[CompiledRule], sources: impl Iterator<Item = Range<usize>>) -> Self {
        let (none, mut common) = (Common::new(), Common::new());
        for rule in rules {
            count(rule, &none, &mut common);
        }
        let mut fields: BTreeMap<&str, BTreeMap<Key<'_>, Vec<u32>>> = BTreeMap::new();
        let mut index = Self {
            rules: rules.len(),
            ..Self::default()
        };
        for range in sources {
            let mut open = Vec::new();
            let mut words: BTreeMap<Key<'_>, Vec<u32>> = BTreeMap::new();
            for place in range {
                let Some(needs) = needs(&rules[place], &common) else {
                    open.push(place as u32);
                    continue;
                };
                for Need { field, key } in needs {
                    let keys = match field {
                        Some(field) => fields.entry(field).or_default(),
                        None => &mut words,
                    };
                    keys.entry(key).or_default().push(place as u32);
                }
            }
            let words = OfField::new(words).parts;
            let open = open.into();
            index.sources.push(OfSource { open, words });
        }
        for (path, keys) in fields {
            index.add(path, OfField::new(keys));
        }
        index
    }

    fn add(&mut self, path: &str, field: OfField) {
        let name = unescape_brackets(path);
        // An event says the names of its fields only: `args[0]` may be an element of `args`, or a name.
        if path.contains('[') || is_made_up(&name) {
            self.asked.push((path.into(), field));
        } else {
            self.names.add(hash(&name));
            self.fields.push((name.into(), field));
        }
    }

    /// The places of rules that may find the event, of those that `concern` it, ascending. `sources` are the places of
    /// their log sources.
    pub(crate) fn candidates(&self, adapter: &Adapter<'_>, sources: &[usize], concern: &RuleSet) -> Vec<u32> {
        let mut found = Found {
            concern,
            seen: RuleSet::none_of(self.rules),
            rules: Vec::new(),
        };
        for source in sources.iter().map(|at| &self.sources[*at]) {
            found.add(&source.open);
        }
        for (name, hash, value) in adapter.answers() {
            if let Some(place) = self.names.find(hash, |place| &*self.fields[place].0 == name) {
                self.fields[place].1.look(value, &mut found);
            }
        }
        for (path, field) in &self.asked {
            if let Some(value) = adapter.field(path) {
                field.look(&Said::Other(value), &mut found);
            }
        }
        let words: Vec<&Needles> = sources
            .iter()
            .filter_map(|at| self.sources[*at].words.as_ref())
            .collect();
        if !words.is_empty() {
            for text in adapter.strings() {
                let text = lower(text);
                for words in &words {
                    words.find(&text, &mut |rules| found.add(rules));
                }
            }
        }
        found.rules.sort_unstable();
        found.rules
    }
}

/// What an event was found to concern so far.
struct Found<'a> {
    concern: &'a RuleSet,
    seen: RuleSet,
    rules: Vec<u32>,
}

impl Found<'_> {
    fn add(&mut self, rules: &[u32]) {
        for rule in rules {
            if self.concern.has(*rule) && self.seen.add(*rule) {
                self.rules.push(*rule);
            }
        }
    }
}

impl OfField {
    fn new(keys: BTreeMap<Key<'_>, Vec<u32>>) -> Self {
        let mut field = Self::default();
        let mut parts = Vec::new();
        for (key, mut rules) in keys {
            rules.dedup();
            let rules = rules.into_boxed_slice();
            match key {
                Key::There => field.there = rules,
                Key::Number(number) => {
                    field.numbers.insert(number, rules);
                }
                Key::Is(text) => {
                    field.text_places.add(hash(&text));
                    field.texts.push((text.into(), rules));
                }
                Key::Has(needle) => parts.push((needle, rules)),
            }
        }
        field.parts = Needles::new(parts);
        field
    }

    fn look(&self, value: &Said<'_>, found: &mut Found<'_>) {
        found.add(&self.there);
        match value {
            Said::Field(value) => self.look_json(value, found),
            Said::Other(value) => self.look_value(value, found),
        }
    }

    /// The same as of the engine's value of it, which would have to be made.
    fn look_json(&self, value: &Value, found: &mut Found<'_>) {
        match value {
            Value::String(text) => self.look_text(text, found),
            Value::Array(items) => items.iter().for_each(|item| self.look_json(item, found)),
            Value::Number(_) | Value::Bool(_) => self.look_value(&EventValue::from(value), found),
            Value::Null | Value::Object(_) => {}
        }
    }

    fn look_value(&self, value: &EventValue<'_>, found: &mut Found<'_>) {
        match value {
            EventValue::Str(text) => self.look_text(text, found),
            EventValue::Int(number) => self.look_number(*number as f64, number, found),
            EventValue::Float(number) => self.look_number(*number, number, found),
            EventValue::Bool(value) => self.look_word(if *value { "true" } else { "false" }, found),
            EventValue::Array(items) => items.iter().for_each(|item| self.look_value(item, found)),
            EventValue::Null | EventValue::Map(_) => {}
        }
    }

    fn look_number(&self, number: f64, as_text: &dyn std::fmt::Display, found: &mut Found<'_>) {
        self.look_whole(number, found);
        if !self.texts.is_empty() || self.parts.is_some() {
            self.look_word(&as_text.to_string(), found);
        }
    }

    fn look_whole(&self, number: f64, found: &mut Found<'_>) {
        if let Some(rules) = whole(number).and_then(|number| self.numbers.get(&number)) {
            found.add(rules);
        }
    }

    fn look_text(&self, text: &str, found: &mut Found<'_>) {
        if !self.numbers.is_empty()
            && let Ok(number) = text.parse()
        {
            self.look_whole(number, found);
        }
        self.look_word(text, found);
    }

    /// Where a whole text stands, in whatever case.
    fn text_place(&self, text: &str) -> Option<usize> {
        let mut bytes = [0; TEXT_BYTES_MAX];
        let bytes = bytes.get_mut(..text.len()).filter(|_| !self.texts.is_empty())?;
        bytes.copy_from_slice(text.as_bytes());
        bytes.make_ascii_lowercase();
        let text = std::str::from_utf8(bytes).ok()?;
        self.text_places.find(hash(text), |place| &*self.texts[place].0 == text)
    }

    fn look_word(&self, text: &str, found: &mut Found<'_>) {
        if self.texts.is_empty() && self.parts.is_none() {
            return;
        }
        let text = lower(text);
        if let Some(place) = self.text_place(&text) {
            found.add(&self.texts[place].1);
        }
        if let Some(parts) = &self.parts {
            parts.find(&text, &mut |rules| found.add(rules));
        }
    }
}

/// A text as [`Needles`] want it: letters beyond ASCII in lower case, as the engine compares them.
fn lower(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(fold(text.to_lowercase()))
    }
}

/// The long s, which regular expressions take for an `s` in any case, and lower case does not: for the index they are
/// one letter, in rules and events alike.
fn fold(text: String) -> String {
    if text.contains('ſ') {
        text.replace('ſ', "s")
    } else {
        text
    }
}
