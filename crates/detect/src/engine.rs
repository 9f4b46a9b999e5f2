//! The rule engine behind our own types.

use std::borrow::Cow;

use rsigma_eval::event::{Event as EngineEvent, EventValue};
use rsigma_eval::{Engine, EvaluationResult};
use rsigma_parser::{Level, LogSource, SigmaCollection, parse_sigma_yaml};
use serde_json::Value;
use watchpost_event::{FieldRef, Severity, View, names};

use crate::{DetectError, Hit};

/// A set of rules, compiled together.
pub struct Rules {
    engine: Engine,
}

impl Rules {
    /// Compiles rule texts (YAML, one or more documents each) into one set.
    pub fn load<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, DetectError> {
        let mut engine = Engine::new();
        engine.set_include_event(false);
        let mut rules = Vec::new();
        for (at, text) in texts.into_iter().enumerate() {
            rules.extend(parse(text, at + 1)?.rules);
        }
        // In one call: the engine builds its indexes once for all.
        if let Some((at, source)) = engine.add_rules(rules.iter()).into_iter().next() {
            let title = rules.get(at).map(|rule| rule.title.clone()).unwrap_or_default();
            return Err(DetectError::Compile {
                title,
                source: Box::new(source),
            });
        }
        Ok(Self { engine })
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.engine.rule_count()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn evaluate(&self, view: &View<'_>) -> Vec<Hit> {
        let source = log_source(view);
        let found = self.engine.evaluate_with_logsource(&Adapter(*view), &source);
        found.into_iter().map(hit).collect()
    }
}

fn parse(text: &str, number: usize) -> Result<SigmaCollection, DetectError> {
    let bad = |source: Box<dyn std::error::Error + Send + Sync>| DetectError::Parse { number, source };
    let collection = parse_sigma_yaml(text).map_err(|error| bad(Box::new(error)))?;
    match collection.errors.first() {
        Some(error) => Err(bad(error.clone().into())),
        None => Ok(collection),
    }
}

fn log_source(view: &View<'_>) -> LogSource {
    let part = |name| view.text(name).map(Cow::into_owned);
    LogSource {
        product: part(names::LOGSOURCE_PRODUCT),
        category: part(names::LOGSOURCE_CATEGORY),
        service: part(names::LOGSOURCE_SERVICE),
        ..LogSource::default()
    }
}

fn hit(result: EvaluationResult) -> Hit {
    let header = result.header;
    Hit {
        rule: header.rule_id,
        title: header.rule_title,
        level: header.level.map(severity),
        tags: header.tags,
    }
}

/// Rule levels informational to critical are 20 to 100 on the scale.
fn severity(level: Level) -> Severity {
    match level {
        Level::Informational => Severity::Info,
        Level::Low => Severity::Warning,
        Level::Medium => Severity::Error,
        Level::High => Severity::Critical,
        Level::Critical => Severity::Emergency,
    }
}

/// Our event as the engine sees it.
struct Adapter<'a>(View<'a>);

impl Adapter<'_> {
    fn strings(&self) -> impl Iterator<Item = &str> {
        let message = std::iter::once(self.0.event.message.as_str());
        message.chain(self.0.fields().flat_map(|(_, value)| texts(value)))
    }
}

fn texts(value: &Value) -> Box<dyn Iterator<Item = &str> + '_> {
    match value {
        Value::String(text) => Box::new(std::iter::once(text.as_str())),
        Value::Array(items) => Box::new(items.iter().flat_map(texts)),
        _ => Box::new(std::iter::empty()),
    }
}

impl EngineEvent for Adapter<'_> {
    fn get_field(&self, path: &str) -> Option<EventValue<'_>> {
        Some(match self.0.get(path)? {
            FieldRef::Text(text) => EventValue::Str(text),
            FieldRef::Json(value) => EventValue::from(value),
            FieldRef::Unsigned(number) => EventValue::Int(i64::try_from(number).unwrap_or(i64::MAX)),
            FieldRef::Time(time) => EventValue::Str(Cow::Owned(time.to_string())),
        })
    }

    fn any_string_value(&self, pred: &dyn Fn(&str) -> bool) -> bool {
        self.strings().any(pred)
    }

    fn all_string_values(&self) -> Vec<Cow<'_, str>> {
        self.strings().map(Cow::Borrowed).collect()
    }

    fn to_json(&self) -> Value {
        self.0.to_json()
    }
}
