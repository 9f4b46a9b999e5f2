//! What a rule looks at, before any event has come.

use std::collections::BTreeSet;

use rsigma_eval::{CompiledDetection, CompiledRule};
use rsigma_parser::fieldpath::unescape_brackets;
use watchpost_event::LogSource;

use crate::Rules;

/// What a rule looks at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// Of which events; several where a correlation counts rules of several.
    pub sources: Vec<LogSource>,
    /// Fields it asks for, in order of name.
    pub fields: Vec<String>,
    /// It looks for words anywhere in an event.
    pub words: bool,
    /// Keys of the rules it counts, when it is a correlation.
    pub counts: Vec<String>,
}

impl Rules {
    /// What a rule looks at, by its key; of a correlation what the rules look at that it counts.
    pub fn outline(&self, key: &str) -> Option<Outline> {
        self.rule(key)?;
        let counts = self.counted_by(key).to_vec();
        let keys: Vec<&str> = match counts.as_slice() {
            [] => vec![key],
            parts => parts.iter().map(String::as_str).collect(),
        };
        let mut outline = Outline {
            counts: counts.clone(),
            ..Outline::default()
        };
        let mut fields = BTreeSet::new();
        for (source, rule) in keys.into_iter().filter_map(|key| self.compiled(key)) {
            if !outline.sources.contains(source) {
                outline.sources.push(source.clone());
            }
            for detection in rule.detections.values() {
                outline.words |= collect(detection, &mut fields);
            }
        }
        outline.fields = fields.into_iter().collect();
        Some(outline)
    }

    /// A rule that looks at single events, and its log source.
    pub(crate) fn compiled(&self, key: &str) -> Option<(&LogSource, &CompiledRule)> {
        let is_it = |rule: &&CompiledRule| rule.id.as_deref().unwrap_or(&rule.title) == key;
        self.routes
            .iter()
            .find_map(|(source, range)| Some((source, self.compiled[range.clone()].iter().find(is_it)?)))
    }
}

/// Adds the names of fields; true when words are looked for anywhere.
fn collect(detection: &CompiledDetection, fields: &mut BTreeSet<String>) -> bool {
    match detection {
        CompiledDetection::AllOf(items) => {
            let names = items.iter().filter_map(|item| item.field.as_deref());
            fields.extend(names.map(|name| unescape_brackets(name).into_owned()));
            items.iter().any(|item| item.field.is_none())
        }
        CompiledDetection::AnyOf(parts) | CompiledDetection::And(parts) => {
            parts.iter().fold(false, |words, part| collect(part, fields) | words)
        }
        CompiledDetection::Keywords(_) => true,
        CompiledDetection::ArrayMatch { field, .. } => {
            fields.insert(unescape_brackets(field).into_owned());
            false
        }
        CompiledDetection::Conditional { .. } => false,
    }
}
