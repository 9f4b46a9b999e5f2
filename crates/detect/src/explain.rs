//! Why a rule finds an event, or does not.

use std::collections::HashMap;
use std::fmt;

use rsigma_eval::event::Event as _;
use rsigma_eval::{CompiledDetection, CompiledDetectionItem, CompiledMatcher, CompiledRule, evaluate_rule};
use rsigma_parser::ConditionExpr;
use rsigma_parser::fieldpath::unescape_brackets;
use serde::Serialize;
use watchpost_event::{LogSource, View};
use watchpost_query::Query;

use crate::Rules;
use crate::adapter::Adapter;
use crate::detection::cut;
use crate::sources::{Source, agrees, concerns, sources};

/// Bytes of a text at most, of the rule's as of the event's.
const TEXT_BYTES_MAX: usize = 200;
/// Tests of one selection at most.
const TESTS_MAX: usize = 16;
/// Values named of one test at most.
const VALUES_MAX: usize = 4;

/// What a rule makes of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The rule's title.
    pub rule: String,
    /// Whether the rule finds the event.
    pub matched: bool,
    /// In what the event's log source differs from the rule's; nothing where the rule concerns the event.
    pub differs: Vec<Difference>,
    /// The condition; several are alternatives.
    pub conditions: Vec<String>,
    /// Whether the condition is met, whatever the log source.
    pub condition_met: bool,
    /// What the condition is made of, by name.
    pub selections: Vec<Selection>,
}

/// A part of the log source that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// `product`, `category` or `service`.
    pub part: &'static str,
    /// What the rule is for.
    pub wanted: String,
    /// What the event is of, if it says so; several where it is of several log sources.
    pub found: Vec<String>,
}

/// One named detection of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Selection {
    /// Its name.
    pub name: String,
    /// Whether the event meets it.
    pub matched: bool,
    /// Of one that is met, the tests that were passed, otherwise those that were not.
    pub tests: Vec<Test>,
    /// There are more of them.
    pub more: bool,
}

/// One field and what it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Test {
    /// The field; none when a word is looked for anywhere.
    pub field: Option<String>,
    /// What it should be, such as `contains "x"`.
    pub wanted: String,
    /// What the event has there; none when it has no such field.
    pub found: Option<String>,
}

impl Rules {
    /// What a rule makes of an event: of a rule that looks at single events, by its key. A correlation is explained by
    /// the rules it counts.
    pub fn explain(&self, key: &str, view: &View<'_>) -> Option<Explanation> {
        if let Some(explanation) = self.beyond.explain(key, view) {
            return Some(explanation);
        }
        let (source, rule) = self.compiled(key)?;
        let adapter = Adapter::new(*view);
        let differs = differences(source, &sources(view));
        let condition_met = evaluate_rule(rule, &adapter).is_some();
        let mut selections: Vec<_> = rule
            .detections
            .iter()
            .map(|(name, detection)| selection(name, detection, &adapter))
            .collect();
        selections.sort_by(|a, b| a.name.cmp(&b.name));
        Some(Explanation {
            rule: rule.title.clone(),
            matched: differs.is_empty() && condition_met,
            differs,
            conditions: rule.conditions.iter().map(plain_condition).collect(),
            condition_met,
            selections,
        })
    }
}

/// Of a rule that is asked by a query: whether it is met, and which of its fields the event has.
pub(crate) fn of_query(
    title: &str,
    (source, query): (&LogSource, &Query),
    fields: &[String],
    view: &View<'_>,
) -> Explanation {
    let query_met = query.matches(view);
    let adapter = Adapter::new(*view);
    let differs = differences(source, &sources(view));
    let tests: Vec<Test> = fields
        .iter()
        .map(|name| Test {
            field: Some(name.clone()),
            wanted: "is there".to_owned(),
            found: adapter.text(name).map(|text| short(&text)),
        })
        .collect();
    let has_all = tests.iter().all(|test| test.found.is_some());
    let condition_met = query_met && has_all;
    let tests = if has_all {
        tests
    } else {
        tests.into_iter().filter(|test| test.found.is_none()).collect()
    };
    Explanation {
        rule: title.to_owned(),
        matched: differs.is_empty() && condition_met,
        differs,
        conditions: vec!["query and fields".to_owned()],
        condition_met,
        selections: vec![
            Selection {
                name: "fields".to_owned(),
                matched: has_all,
                tests,
                more: false,
            },
            Selection {
                name: format!("query {}", short(query.text())),
                matched: query_met,
                tests: Vec::new(),
                more: false,
            },
        ],
    }
}

/// Nothing where one log source of the event is the rule's; otherwise what differs from the nearest of them.
fn differences(rule: &LogSource, event: &[Source<'_>]) -> Vec<Difference> {
    if event.iter().any(|source| concerns(rule, source)) {
        return Vec::new();
    }
    let wanted = [
        ("product", &rule.product),
        ("category", &rule.category),
        ("service", &rule.service),
    ];
    let off = |source: &Source<'_>, at: usize| !agrees(wanted[at].1.as_deref(), parts(source)[at]);
    let Some(nearest) = event
        .iter()
        .min_by_key(|source| (0..wanted.len()).filter(|&at| off(source, at)).count())
    else {
        return Vec::new();
    };
    let differ = (0..wanted.len()).filter(|&at| off(nearest, at));
    differ
        .map(|at| {
            let mut found: Vec<String> = event.iter().filter_map(|source| parts(source)[at].map(short)).collect();
            found.dedup();
            Difference {
                part: wanted[at].0,
                wanted: wanted[at].1.clone().unwrap_or_default(),
                found,
            }
        })
        .collect()
}

fn parts<'e>(source: &Source<'e>) -> [Option<&'e str>; 3] {
    [source.product, source.category, source.service]
}

fn selection(name: &str, detection: &CompiledDetection, adapter: &Adapter<'_>) -> Selection {
    let matched = holds(detection, adapter);
    let mut tests = Vec::new();
    collect(detection, adapter, matched, &mut tests);
    let more = tests.len() > TESTS_MAX;
    tests.truncate(TESTS_MAX);
    Selection {
        name: plain_name(name),
        matched,
        tests,
        more,
    }
}

/// Asks the engine itself, by a rule of nothing but this.
fn holds(detection: &CompiledDetection, adapter: &Adapter<'_>) -> bool {
    let name = "a".to_owned();
    let rule = CompiledRule {
        title: String::new(),
        id: None,
        level: None,
        tags: Vec::new(),
        description: None,
        falsepositives: Vec::new(),
        logsource: rsigma_parser::LogSource::default(),
        detections: HashMap::from([(name.clone(), detection.clone())]),
        conditions: vec![ConditionExpr::Identifier(name)],
        include_event: false,
        custom_attributes: std::sync::Arc::default(),
    };
    evaluate_rule(&rule, adapter).is_some()
}

/// The tests within a detection that came out as it did.
fn collect(detection: &CompiledDetection, adapter: &Adapter<'_>, matched: bool, out: &mut Vec<Test>) {
    match detection {
        CompiledDetection::AllOf(items) => {
            let alike = |item: &&CompiledDetectionItem| {
                holds(&CompiledDetection::AllOf(vec![(*item).clone()]), adapter) == matched
            };
            out.extend(items.iter().filter(alike).map(|item| test(item, adapter)));
        }
        CompiledDetection::AnyOf(parts) | CompiledDetection::And(parts) => {
            for part in parts.iter().filter(|part| holds(part, adapter) == matched) {
                collect(part, adapter, matched, out);
            }
        }
        CompiledDetection::Keywords(words) => out.push(Test {
            field: None,
            wanted: wanted(words),
            found: None,
        }),
        CompiledDetection::ArrayMatch { field, .. } => out.push(Test {
            field: Some(field.clone()),
            wanted: "has such elements".to_owned(),
            found: found(field, adapter),
        }),
        CompiledDetection::Conditional { .. } => {}
    }
}

fn test(item: &CompiledDetectionItem, adapter: &Adapter<'_>) -> Test {
    let field = item.field.as_deref();
    Test {
        field: field.map(|name| unescape_brackets(name).into_owned()),
        wanted: wanted(&item.matcher),
        found: field.and_then(|name| found(name, adapter)),
    }
}

fn found(field: &str, adapter: &Adapter<'_>) -> Option<String> {
    let value = adapter.get_field(field)?;
    Some(short(&match value.as_str() {
        Some(text) => text.into_owned(),
        None => value.to_json().to_string(),
    }))
}

/// What a matcher asks for, in words.
fn wanted(matcher: &CompiledMatcher) -> String {
    let text = |value: &str| format!("{:?}", short(value));
    match matcher {
        CompiledMatcher::Exact { value, .. } => format!("is {}", text(value)),
        CompiledMatcher::Contains { value, .. } => format!("contains {}", text(value)),
        CompiledMatcher::StartsWith { value, .. } => format!("starts with {}", text(value)),
        CompiledMatcher::EndsWith { value, .. } => format!("ends with {}", text(value)),
        CompiledMatcher::Regex(pattern) => format!("matches {}", short(pattern.as_str())),
        CompiledMatcher::RegexSetMatch { set, .. } => {
            several(set.patterns().iter().map(|one| format!("matches {}", short(one))), "or")
        }
        CompiledMatcher::AhoCorasickSet { needles, .. } => {
            several(needles.iter().map(|one| format!("contains {}", text(one))), "or")
        }
        CompiledMatcher::Cidr(network) => format!("is in {network}"),
        CompiledMatcher::NumericEq(number) => format!("is {number}"),
        CompiledMatcher::NumericGt(number) => format!("is greater than {number}"),
        CompiledMatcher::NumericGte(number) => format!("is at least {number}"),
        CompiledMatcher::NumericLt(number) => format!("is less than {number}"),
        CompiledMatcher::NumericLte(number) => format!("is at most {number}"),
        CompiledMatcher::Exists(true) => "is there".to_owned(),
        CompiledMatcher::Exists(false) => "is not there".to_owned(),
        CompiledMatcher::FieldRef { field, .. } => format!("is compared with field {}", short(field)),
        CompiledMatcher::Null => "is nothing".to_owned(),
        CompiledMatcher::BoolEq(value) => format!("is {value}"),
        CompiledMatcher::TimestampPart { part, inner } => {
            format!("has {} that {}", format!("{part:?}").to_lowercase(), wanted(inner))
        }
        CompiledMatcher::Not(inner) => format!("not: {}", wanted(inner)),
        CompiledMatcher::AnyOf(parts) => several(parts.iter().map(wanted), "or"),
        CompiledMatcher::AllOf(parts) => several(parts.iter().map(wanted), "and"),
        CompiledMatcher::CaseInsensitiveGroup { children, mode } => {
            let word = if format!("{mode:?}") == "All" { "and" } else { "or" };
            several(children.iter().map(wanted), word)
        }
        CompiledMatcher::Expand { .. } => "is what a placeholder stands for".to_owned(),
    }
}

fn several(parts: impl ExactSizeIterator<Item = String>, word: &str) -> String {
    let more = parts.len().saturating_sub(VALUES_MAX);
    let named: Vec<String> = parts.take(VALUES_MAX).collect();
    let named = named.join(&format!(" {word} "));
    match more {
        0 => named,
        more => format!("{named} {word} {more} more"),
    }
}

fn short(text: &str) -> String {
    let start = cut(text, TEXT_BYTES_MAX);
    let mark = if start.len() < text.len() { "…" } else { "" };
    format!("{start}{mark}")
}

/// A selection that a filter has added, by its own name.
fn plain_name(name: &str) -> String {
    let inner = name.strip_prefix("_filter_").and_then(|rest| rest.split_once('_'));
    match inner {
        Some((_, own)) => format!("{} (of a filter)", own.trim_end_matches('_')),
        None => name.to_owned(),
    }
}

fn plain_condition(condition: &ConditionExpr) -> String {
    let text = condition.to_string();
    let whole = text.strip_prefix('(').and_then(|inner| inner.strip_suffix(')'));
    // Only brackets that belong together are left away.
    let plain = whole.filter(|inner| !inner.contains(['(', ')'])).unwrap_or(&text);
    short(plain)
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.matched { "finds" } else { "does not find" };
        writeln!(f, "{} {verdict} the event", shown(&self.rule))?;
        if self.differs.is_empty() {
            writeln!(f, "  log source   is the rule's")?;
        }
        for Difference { part, wanted, found } in &self.differs {
            let found = if found.is_empty() {
                "says none".to_owned()
            } else {
                format!("is of {}", found.join(", "))
            };
            writeln!(
                f,
                "  log source   {part} {}: the event {}",
                shown(wanted),
                shown(&found)
            )?;
        }
        let met = if self.condition_met { "is met" } else { "is not met" };
        for condition in &self.conditions {
            writeln!(f, "  condition    {met}: {}", shown(condition))?;
        }
        for selection in &self.selections {
            write!(f, "{selection}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.matched { "yes" } else { "no " };
        writeln!(f, "  {mark}  {}", shown(&self.name))?;
        for test in &self.tests {
            writeln!(f, "         {test}")?;
        }
        if self.more {
            writeln!(f, "         …")?;
        }
        Ok(())
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(field) = &self.field else {
            return write!(f, "any text {}", shown(&self.wanted));
        };
        write!(f, "{} {}: ", shown(field), shown(&self.wanted))?;
        match &self.found {
            Some(found) => write!(f, "it is {found:?}"),
            None => write!(f, "there is no such field"),
        }
    }
}

/// Nothing in an event or rule reaches a terminal as a command.
fn shown(text: &str) -> String {
    let safe = |letter: char| if letter.is_control() { '\u{fffd}' } else { letter };
    text.chars().map(safe).collect()
}
