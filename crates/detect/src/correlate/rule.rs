use std::collections::HashMap;
use std::sync::Arc;

use rsigma_parser::{ConditionOperator, CorrelationCondition, CorrelationRule, CorrelationType, WindowMode};
use watchpost_kit::DurationText;

use super::ENTRIES_MAX;
use super::group::Burst;
use crate::adapter::Adapter;
use crate::compile::{Problem, problem, severity};
use crate::detection::cut;
use crate::digest::digest;
use crate::{Detection, Rule, RuleKind, Share};

/// How hits are counted (Sigma correlation rules specification, `type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// So many hits.
    EventCount,
    /// So many different values of a field.
    ValueCount,
    /// So many different rules.
    Temporal,
    /// All rules, in their order.
    TemporalOrdered,
}

/// A correlation rule, ready to count.
pub(crate) struct Correlation {
    pub(crate) rule: Arc<Rule>,
    /// Keys of the rules it counts, in their order.
    pub(crate) parts: Vec<String>,
    pub(super) kind: Kind,
    /// Names of the fields hits are grouped by.
    group_by: Vec<String>,
    /// alias → key of a part → the field's name in its events.
    aliases: HashMap<String, HashMap<String, String>>,
    /// Of `value_count`: whose values.
    values_of: Vec<String>,
    /// The time span, in nanoseconds.
    pub(super) span: i64,
    /// How many it takes.
    pub(super) least: usize,
    /// It is a detection by itself, not only a part of others.
    pub(crate) alone: bool,
    /// Keys of the correlations that count it.
    pub(crate) counted_by: Vec<String>,
    /// How many correlations stand above one another here.
    depth: usize,
}

/// Correlations of a chain at most.
const DEPTH_MAX: usize = 8;

/// What a correlation may count.
pub(crate) enum Part<'a> {
    /// A rule that looks at single events.
    Rule(&'a Arc<Rule>),
    /// Another correlation.
    Correlation(&'a Correlation),
}

impl Part<'_> {
    fn rule(&self) -> &Arc<Rule> {
        match self {
            Self::Rule(rule) => rule,
            Self::Correlation(correlation) => &correlation.rule,
        }
    }

    fn depth(&self) -> usize {
        match self {
            Self::Rule(_) => 0,
            Self::Correlation(correlation) => correlation.depth,
        }
    }
}

impl Correlation {
    /// Checks a correlation. `resolve` finds the rule a reference means.
    pub(crate) fn compile<'a>(
        file: &str,
        sigma: &CorrelationRule,
        resolve: impl Fn(&str) -> Option<Part<'a>>,
    ) -> Result<Self, Problem> {
        let unsupported = |message: String| Problem {
            unsupported: true,
            ..problem(file, &sigma.title, message)
        };
        let kind = match sigma.correlation_type {
            CorrelationType::EventCount => Kind::EventCount,
            CorrelationType::ValueCount => Kind::ValueCount,
            CorrelationType::Temporal => Kind::Temporal,
            CorrelationType::TemporalOrdered => Kind::TemporalOrdered,
            other => {
                let known = "event_count, value_count, temporal and temporal_ordered are";
                return Err(unsupported(format!(
                    "correlation type {} is not built: {known}",
                    other.as_str()
                )));
            }
        };
        if sigma.window != WindowMode::Sliding {
            let message = format!(
                "window {:?} is not built: leave it out for a sliding one",
                sigma.window.as_str()
            );
            return Err(unsupported(message));
        }
        let mut parts = Vec::new();
        let mut aliases: HashMap<String, HashMap<String, String>> = HashMap::new();
        for reference in &sigma.rules {
            let Some(part) = resolve(reference) else {
                let message = format!("it counts rule {reference:?}, which is not there (or is of another kind)");
                return Err(problem(file, &sigma.title, message));
            };
            for alias in &sigma.aliases {
                if let Some(field) = alias.mapping.get(reference) {
                    let fields = aliases.entry(alias.alias.clone()).or_default();
                    fields.insert(part.rule().key.clone(), field.clone());
                }
            }
            parts.push(part);
        }
        let (least, values_of) = threshold(kind, sigma, parts.len()).map_err(unsupported)?;
        if kind == Kind::ValueCount && values_of.is_empty() {
            let message = "value_count needs `field` in its condition: whose values?".to_owned();
            return Err(problem(file, &sigma.title, message));
        }
        let compiled = Self {
            rule: Arc::new(head(file, sigma)),
            parts: parts.iter().map(|part| part.rule().key.clone()).collect(),
            kind,
            group_by: sigma.group_by.clone(),
            aliases,
            values_of,
            span: span_of(sigma),
            least,
            alone: true,
            counted_by: Vec::new(),
            depth: 1 + parts.iter().map(Part::depth).max().unwrap_or_default(),
        };
        match compiled.unfit(&parts) {
            None => Ok(compiled),
            Some(message) => Err(problem(file, &sigma.title, message)),
        }
    }

    /// Why it cannot count one of its parts: of a correlation there are only the values it is grouped by.
    fn unfit(&self, parts: &[Part<'_>]) -> Option<String> {
        if self.depth > DEPTH_MAX {
            let depth = self.depth;
            return Some(format!(
                "it is a chain of {depth} correlations: use at most {DEPTH_MAX}"
            ));
        }
        for part in parts {
            let Part::Correlation(part) = part else { continue };
            let lacks = |name: &&String| {
                !part
                    .group_by
                    .iter()
                    .any(|known| known == self.field_of(&part.rule, name))
            };
            if let Some(name) = self.group_by.iter().chain(&self.values_of).find(lacks) {
                let (title, known) = (&part.rule.title, part.group_by.join(", "));
                return Some(format!(
                    "it needs {name}, but the correlation {title:?} it counts is grouped by {known}: use one of these, or `aliases`"
                ));
            }
        }
        None
    }

    /// What a field is called in a part's events.
    fn field_of<'n>(&'n self, part: &Rule, name: &'n String) -> &'n String {
        let fields = self.aliases.get(name);
        fields.and_then(|fields| fields.get(&part.key)).unwrap_or(name)
    }

    /// What it counts of another correlation that was completed.
    pub(super) fn share_of(&self, part: &Self, group: &[String]) -> Option<Share> {
        let value = |name: &String| {
            let field = self.field_of(&part.rule, name);
            let at = part.group_by.iter().position(|known| known == field)?;
            group.get(at).cloned()
        };
        let values: Option<Vec<String>> = self.values_of.iter().map(value).collect();
        Some(Share {
            correlation: self.rule.key.clone(),
            group: self
                .group_by
                .iter()
                .map(|name| value(name).unwrap_or_default())
                .collect(),
            value: if self.needs_value() {
                Some(bounded(values?.join("\u{1f}")))
            } else {
                None
            },
        })
    }

    #[cfg(test)]
    pub(super) fn for_tests(kind: Kind, span: i64, least: usize) -> Self {
        let rule = Rule {
            key: "tested".to_owned(),
            id: None,
            name: None,
            title: "Tested".to_owned(),
            level: watchpost_event::Severity::Error,
            tags: Vec::new(),
            description: None,
            group_by: Vec::new(),
            window: span,
            file: String::new(),
            kind: RuleKind::Correlation,
        };
        Self {
            rule: Arc::new(rule),
            parts: Vec::new(),
            kind,
            group_by: Vec::new(),
            aliases: HashMap::new(),
            values_of: Vec::new(),
            span,
            least,
            alone: true,
            counted_by: Vec::new(),
            depth: 1,
        }
    }

    /// The number of a rule among the parts.
    pub(super) fn part_of(&self, key: &str) -> usize {
        self.parts.iter().position(|part| part == key).unwrap_or(usize::MAX)
    }

    /// Whether a hit without the counted field counts for nothing.
    pub(crate) fn needs_value(&self) -> bool {
        self.kind == Kind::ValueCount
    }

    /// The values an event is grouped by; of a field it lacks, nothing.
    pub(crate) fn group_of(&self, part: &Rule, event: &Adapter<'_>) -> Vec<String> {
        let value = |name: &String| {
            let field = self.field_of(part, name);
            event.text(field).map(bounded).unwrap_or_default()
        };
        self.group_by.iter().map(value).collect()
    }

    /// The value an event is counted by; of several fields, all of them together.
    pub(crate) fn value_of(&self, event: &Adapter<'_>) -> Option<String> {
        if !self.needs_value() {
            return None;
        }
        let values: Option<Vec<String>> = self.values_of.iter().map(|name| event.text(name)).collect();
        Some(bounded(values?.join("\u{1f}")))
    }

    pub(super) fn detection(&self, group: &[String], burst: Burst) -> Detection {
        let pairs = self.group_by.iter().cloned().zip(group.iter().cloned()).collect();
        Detection::of_burst(&self.rule, pairs, burst, self.span)
    }
}

/// Many values are remembered, and whoever writes the log chooses them: of a long one its beginning and its SHA-256.
pub(crate) fn bounded(value: String) -> String {
    const BYTES_MAX: usize = 256;
    if value.len() <= BYTES_MAX {
        return value;
    }
    format!("{}… {:032x}", cut(&value, BYTES_MAX / 2), digest([value.as_str()]))
}

/// How many it takes, and of which fields.
fn threshold(kind: Kind, sigma: &CorrelationRule, parts: usize) -> Result<(usize, Vec<String>), String> {
    let (predicates, field) = match &sigma.condition {
        CorrelationCondition::Threshold { predicates, field, .. } => (predicates, field.clone().unwrap_or_default()),
        CorrelationCondition::Extended(_) => {
            return Err("a condition of rule names is not built: all rules are meant when it is left out".to_owned());
        }
    };
    // Left out, the parser puts `gte: 1` in its place; of rules that belong together one is not enough.
    let left_out = matches!(predicates.as_slice(), [] | [(ConditionOperator::Gte, 1)]);
    if kind == Kind::TemporalOrdered || (kind == Kind::Temporal && left_out) {
        return Ok((parts, field));
    }
    let least = match predicates.as_slice() {
        [(ConditionOperator::Gte, least)] => *least,
        [(ConditionOperator::Gt, below)] => below.saturating_add(1),
        _ => {
            return Err(
                "only the conditions gte and gt are built: the others need to wait for what does not come".to_owned(),
            );
        }
    };
    match usize::try_from(least) {
        Ok(least) if (1..=ENTRIES_MAX).contains(&least) => Ok((least, field)),
        _ => Err(format!("a threshold of {least} is not counted: use 1 to {ENTRIES_MAX}")),
    }
}

fn span_of(sigma: &CorrelationRule) -> i64 {
    let seconds = i64::try_from(sigma.timespan.seconds).unwrap_or(i64::MAX);
    seconds.saturating_mul(1_000_000_000)
}

/// What a correlation says of itself.
pub(crate) fn head(file: &str, sigma: &CorrelationRule) -> Rule {
    Rule {
        key: sigma.id.clone().unwrap_or_else(|| sigma.title.clone()),
        id: sigma.id.clone(),
        name: sigma.name.clone(),
        title: sigma.title.clone(),
        level: severity(sigma.level),
        tags: sigma.tags.clone(),
        description: sigma.description.clone(),
        group_by: sigma.group_by.clone(),
        window: span_of(sigma),
        file: file.to_owned(),
        kind: RuleKind::Correlation,
    }
}

/// A span for people.
pub(crate) fn span_text(span: i64) -> String {
    DurationText(std::time::Duration::from_nanos(span.unsigned_abs())).to_string()
}
