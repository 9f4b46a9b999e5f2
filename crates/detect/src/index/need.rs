//! What an event must have for a rule to find it.
//!
//! A rule is taken apart by the way the engine asks it: of parts that must all hold one is enough to know, of parts of
//! which any may hold all are. What may hold of a field that is not there (`null`, `exists: false`, anything behind a
//! `not`) needs nothing, and such a rule is asked about every event. An answer here may be too weak and never too
//! strong: a need that does not follow would be a detection that is lost.

use std::borrow::Cow;
use std::collections::HashMap;

use rsigma_eval::matcher::GroupMode;
use rsigma_eval::{CompiledDetection, CompiledDetectionItem, CompiledMatcher, CompiledRule};
use rsigma_parser::{ArrayQuantifier, ConditionExpr, Quantifier};

use super::common::Common;
use super::fold;
use super::needles::{LONG, NEEDLE_BYTES_MIN, Needle};
use super::pattern::{Part, cheapest, needed};

/// Something that an event has, of which only one kind is looked for in one way.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Need<'a> {
    /// In a field, by the name that the engine uses; in any text where there is none.
    pub(super) field: Option<&'a str>,
    pub(super) key: Key<'a>,
}

/// Texts are compared in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Key<'a> {
    /// The field is there.
    There,
    /// It, or one of its elements, is a number that is this one when it is rounded.
    Number(i64),
    /// It, or one of its elements, is this text.
    Is(Cow<'a, str>),
    /// It, or one of its elements, has this text in it.
    Has(Needle<'a>),
}

/// One of these; nothing where there is no telling.
pub(super) type Needs<'a> = Option<Vec<Need<'a>>>;

/// More than so many alternatives are not worth their memory.
const ALTERNATIVES_MAX: usize = 1 << 16;
/// Longer texts are looked for as parts that are the whole.
pub(super) const TEXT_BYTES_MAX: usize = 64;
/// Every event of a log source has one of a few values there, whatever the rules ask for.
const FEW_VALUES: [&str; 8] = [
    "event.kind",
    "event.category",
    "event.type",
    "event.action",
    "event.outcome",
    "event.module",
    "log.level",
    "Channel",
];
/// Numbers beyond are not exact.
const WHOLE_MAX: f64 = 9.0e15;

/// What a rule needs.
pub(super) fn needs<'a>(rule: &'a CompiledRule, common: &'a Common<'a>) -> Needs<'a> {
    if rule.conditions.is_empty() {
        return None;
    }
    let look = Look {
        detections: &rule.detections,
        common,
    };
    any(rule.conditions.iter().map(|condition| look.condition(condition))).filter(|needs| !needs.is_empty())
}

/// Counts what a rule asks for anywhere; `none` is what is common while nothing is counted.
pub(super) fn count<'a>(rule: &'a CompiledRule, none: &Common<'a>, common: &mut Common<'a>) {
    let look = Look {
        detections: &rule.detections,
        common: none,
    };
    let mut waiting: Vec<_> = rule.detections.values().collect();
    while let Some(detection) = waiting.pop() {
        match detection {
            CompiledDetection::AllOf(items) => {
                let needs = items.iter().filter_map(|item| look.item(item));
                needs.flatten().for_each(|need| common.add(need));
            }
            CompiledDetection::AnyOf(parts) | CompiledDetection::And(parts) => waiting.extend(parts),
            CompiledDetection::Keywords(_)
            | CompiledDetection::ArrayMatch { .. }
            | CompiledDetection::Conditional { .. } => {}
        }
    }
}

/// Any of these may hold: what each of them needs.
fn any<'a>(parts: impl IntoIterator<Item = Needs<'a>>) -> Needs<'a> {
    let mut all = Vec::new();
    for part in parts {
        all.extend(part?);
    }
    (all.len() <= ALTERNATIVES_MAX).then_some(all)
}

/// A rule that is looked at, with what its choices go by.
struct Look<'a, 'c> {
    detections: &'a HashMap<String, CompiledDetection>,
    common: &'c Common<'a>,
}

impl<'a> Look<'a, '_> {
    /// All of these hold: what one of them needs, the rarest.
    fn all(&self, parts: impl IntoIterator<Item = Needs<'a>>) -> Needs<'a> {
        let cost = |needs: &Vec<Need<'_>>| needs.iter().map(|need| self.cost(need)).fold(0, u64::saturating_add);
        let known = parts.into_iter().flatten().filter(|needs| !needs.is_empty());
        known.min_by_key(cost)
    }

    /// How often an event may have it, by what it is and how many rules ask for it.
    fn cost(&self, need: &Need<'a>) -> u64 {
        let kind = match &need.key {
            Key::There => return 1_000_000,
            _ if need.field.is_some_and(|field| FEW_VALUES.contains(&field)) => return 2_000_000,
            Key::Number(_) => 8,
            Key::Is(text) if text.len() < LONG => 4,
            Key::Is(_) => 1,
            Key::Has(needle) if needle.text.len() < LONG => 64,
            Key::Has(needle) if needle.text.len() < 6 => 16,
            Key::Has(_) => 4,
        };
        let anywhere = if need.field.is_none() { 4 } else { 1 };
        kind * anywhere * (u64::from(self.common.count(need)) + 1)
    }

    fn condition(&self, condition: &ConditionExpr) -> Needs<'a> {
        match condition {
            ConditionExpr::Identifier(name) => self.detection(self.detections.get(name)?),
            ConditionExpr::And(parts) => self.all(parts.iter().map(|part| self.condition(part))),
            ConditionExpr::Or(parts) => any(parts.iter().map(|part| self.condition(part))),
            ConditionExpr::Not(_) => None,
            ConditionExpr::Selector { quantifier, pattern } => {
                let named = self.detections.iter();
                let meant = named.filter(|(name, _)| pattern.matches_detection_name(name));
                let parts: Vec<_> = meant.map(|(_, detection)| self.detection(detection)).collect();
                match quantifier {
                    // What is true of none of nothing.
                    _ if parts.is_empty() => None,
                    Quantifier::Count(0) => None,
                    Quantifier::All => self.all(parts),
                    Quantifier::Any | Quantifier::Count(_) => any(parts),
                }
            }
        }
    }

    fn detection(&self, detection: &'a CompiledDetection) -> Needs<'a> {
        match detection {
            CompiledDetection::AllOf(items) => self.all(items.iter().map(|item| self.item(item))),
            CompiledDetection::And(parts) => self.all(parts.iter().map(|part| self.detection(part))),
            CompiledDetection::AnyOf(parts) if parts.is_empty() => None,
            CompiledDetection::AnyOf(parts) => any(parts.iter().map(|part| self.detection(part))),
            CompiledDetection::Keywords(words) => self.matcher(words, None),
            CompiledDetection::ArrayMatch { field, quantifier, .. } => match quantifier {
                ArrayQuantifier::Any | ArrayQuantifier::All => Some(there(field)),
                // True of a list that is not there.
                ArrayQuantifier::AllOrEmpty | ArrayQuantifier::None => None,
            },
            CompiledDetection::Conditional { .. } => None,
        }
    }

    fn item(&self, item: &'a CompiledDetectionItem) -> Needs<'a> {
        let Some(field) = item.field.as_deref() else {
            return item.exists.map_or_else(|| self.matcher(&item.matcher, None), |_| None);
        };
        match item.exists {
            Some(false) => None,
            Some(true) => Some(there(field)),
            // The one test that a field passes which is not there.
            None if matches!(item.matcher, CompiledMatcher::Null) => None,
            None => self.matcher(&item.matcher, Some(field)).or_else(|| Some(there(field))),
        }
    }

    /// What a value must be; nothing where only its being there can be said.
    fn matcher(&self, matcher: &'a CompiledMatcher, field: Option<&'a str>) -> Needs<'a> {
        let each = |parts: &'a [CompiledMatcher]| -> Vec<Needs<'a>> {
            parts.iter().map(|part| self.matcher(part, field)).collect()
        };
        match matcher {
            CompiledMatcher::Exact {
                value,
                case_insensitive,
            } => match field {
                Some(_) => is(lower(value, *case_insensitive)?, field),
                None => has(value, *case_insensitive, [false; 2], None),
            },
            CompiledMatcher::Contains {
                value,
                case_insensitive,
            } => has(value, *case_insensitive, [false, false], field),
            CompiledMatcher::StartsWith {
                value,
                case_insensitive,
            } => has(value, *case_insensitive, [true, false], field),
            CompiledMatcher::EndsWith {
                value,
                case_insensitive,
            } => has(value, *case_insensitive, [false, true], field),
            CompiledMatcher::AhoCorasickSet {
                needles,
                case_insensitive,
                ..
            } => any(needles
                .iter()
                .map(|text| has(text, *case_insensitive, [false; 2], field))),
            CompiledMatcher::Regex(regex) => self.pattern(regex.as_str(), field),
            CompiledMatcher::RegexSetMatch { set, mode } => {
                let parts = set.patterns().iter().map(|pattern| self.pattern(pattern, field));
                self.group(parts.collect(), *mode)
            }
            CompiledMatcher::NumericEq(number) if field.is_some() => {
                let number = whole(*number).filter(|_| number.fract() == 0.0)?;
                Some(one(field, Key::Number(number)))
            }
            CompiledMatcher::AnyOf(parts) => any(each(parts)),
            CompiledMatcher::AllOf(parts) => self.group(each(parts), GroupMode::All),
            CompiledMatcher::CaseInsensitiveGroup { children, mode } => self.group(each(children), *mode),
            // Of these no text or number can be named.
            CompiledMatcher::NumericEq(_)
            | CompiledMatcher::NumericGt(_)
            | CompiledMatcher::NumericGte(_)
            | CompiledMatcher::NumericLt(_)
            | CompiledMatcher::NumericLte(_)
            | CompiledMatcher::Cidr(_)
            | CompiledMatcher::Exists(_)
            | CompiledMatcher::FieldRef { .. }
            | CompiledMatcher::Null
            | CompiledMatcher::BoolEq(_)
            | CompiledMatcher::Expand { .. }
            | CompiledMatcher::TimestampPart { .. }
            | CompiledMatcher::Not(_) => None,
        }
    }

    /// What a text must have that a regular expression matches.
    fn pattern(&self, pattern: &str, field: Option<&'a str>) -> Needs<'a> {
        let need = |part: &Part| of_part(part, field);
        let cost = |part: &Part| need(part).map(|need| self.cost(&need));
        let parts = cheapest(needed(pattern, &cost), &cost)?;
        parts.iter().map(need).collect()
    }

    /// Of several values of one field.
    fn group(&self, parts: Vec<Needs<'a>>, mode: GroupMode) -> Needs<'a> {
        match mode {
            GroupMode::Any => any(parts),
            GroupMode::All => self.all(parts),
        }
    }
}

fn there(field: &str) -> Vec<Need<'_>> {
    one(Some(field), Key::There)
}

fn one<'a>(field: Option<&'a str>, key: Key<'a>) -> Vec<Need<'a>> {
    vec![Need { field, key }]
}

fn of_part<'a>(part: &Part, field: Option<&'a str>) -> Option<Need<'a>> {
    let Part { text, first, last } = part.clone();
    let key = if first && last && field.is_some() && text.len() <= TEXT_BYTES_MAX {
        Key::Is(text.into())
    } else if text.len() >= NEEDLE_BYTES_MIN {
        let text = text.into();
        Key::Has(Needle { text, first, last })
    } else {
        return None;
    };
    Some(Need { field, key })
}

fn is<'a>(text: Cow<'a, str>, field: Option<&'a str>) -> Needs<'a> {
    if text.len() > TEXT_BYTES_MAX {
        return part(text, [true; 2], field);
    }
    Some(one(field, Key::Is(text)))
}

fn has<'a>(text: &'a str, any_case: bool, at: [bool; 2], field: Option<&'a str>) -> Needs<'a> {
    part(lower(text, any_case)?, at, field)
}

/// A part, at the beginning or the end as `at` says.
fn part<'a>(text: Cow<'a, str>, [first, last]: [bool; 2], field: Option<&'a str>) -> Needs<'a> {
    let is_long = text.len() >= NEEDLE_BYTES_MIN;
    is_long.then(|| one(field, Key::Has(Needle { text, first, last })))
}

/// A value in lower case. Of one that is compared as it is only ASCII can be said to be the same in lower case, since
/// other letters depend on their neighbours there.
fn lower(value: &str, any_case: bool) -> Option<Cow<'_, str>> {
    if any_case {
        // The engine keeps it so.
        return Some(if value.contains('ſ') {
            Cow::Owned(fold(value.to_owned()))
        } else {
            Cow::Borrowed(value)
        });
    }
    value.is_ascii().then(|| Cow::Owned(value.to_ascii_lowercase()))
}

/// The whole number that whatever equals it is when it is rounded.
pub(super) fn whole(number: f64) -> Option<i64> {
    (number.abs() < WHOLE_MAX).then(|| number.round() as i64)
}
