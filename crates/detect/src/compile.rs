//! Texts to rules: what cannot be used is named, with its place and why; the rest works.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use rsigma_eval::{CompiledRule, compile_rule, evaluate_rule};
use rsigma_parser::{CorrelationRule, FilterRule, Level, LogSource as EngineSource, SigmaRule, parse_sigma_yaml};
use watchpost_event::{LogSource, Severity, Timestamp, View};
use watchpost_kit::DurationText;

use crate::adapter::Adapter;
use crate::beyond::{Beyond, divide};
use crate::correlate::{Correlation, Correlator};
use crate::filters;
use crate::index::Index;
use crate::normal::normalise;
use crate::rule::{STORY_FIELDS, STORY_WINDOW};
use crate::sources::{Ways, sources};
use crate::{Detection, Hit, Rule, RuleKind, Share};

/// A text of rules and what to call it: one or more YAML documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleText {
    /// Its file's name, for people.
    pub name: String,
    /// Its content.
    pub text: String,
}

impl RuleText {
    /// A text under a name.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            text: text.into(),
        }
    }
}

/// Why a rule cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Which file.
    pub file: String,
    /// Which rule, where that is known.
    pub rule: Option<String>,
    /// What is wrong, and the remedy where there is one.
    pub message: String,
    /// The text is well-formed Sigma, but asks for something that is not built: the other rules of the set are not
    /// doubted because of it.
    pub unsupported: bool,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.rule {
            Some(rule) => write!(f, "{}: rule {rule:?}: {}", self.file, self.message),
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}

/// Rules that are switched off, by key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disabled(HashSet<String>);

impl Disabled {
    /// These keys: ids, and titles of rules without one.
    pub fn new(keys: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self(keys.into_iter().map(Into::into).collect())
    }

    /// Whether a rule is switched off.
    pub fn has(&self, key: &str) -> bool {
        self.0.contains(key)
    }
}

/// A set of rules, compiled together.
pub struct Rules {
    /// Those that look at single events, by log source.
    pub(crate) compiled: Vec<CompiledRule>,
    /// Where those of one log source stand.
    pub(crate) routes: Vec<(LogSource, Range<usize>)>,
    /// Which of them are to be asked about an event, so that cost follows the rules that can match.
    index: Index,
    /// Which of them an event concerns.
    pub(crate) ways: Ways,
    pub(crate) known: HashMap<String, Known>,
    pub(crate) correlations: HashMap<String, Correlation>,
    /// Those of our own kinds.
    pub(crate) beyond: Beyond,
    /// Those that are switched off.
    pub(crate) off: Vec<Arc<Rule>>,
}

/// A detection rule and what it counts for.
pub(crate) struct Known {
    pub(crate) rule: Arc<Rule>,
    /// It is a detection by itself, not only a part of correlations.
    pub(crate) alone: bool,
    /// Keys of the correlations it is part of.
    pub(crate) parts: Vec<String>,
}

/// What the texts hold, before it is put together.
#[derive(Default)]
pub(crate) struct Parsed {
    pub(crate) rules: Vec<(String, SigmaRule)>,
    pub(crate) correlations: Vec<(String, CorrelationRule)>,
    filters: Vec<(String, FilterRule)>,
    /// Documents of our own kinds.
    pub(crate) ours: Vec<(String, String)>,
}

impl Rules {
    /// Compiles all texts into one set. What cannot be used is left out and named.
    pub fn compile(texts: &[RuleText]) -> (Self, Vec<Problem>) {
        Self::compile_without(texts, &Disabled::default())
    }

    /// The same without the rules that are switched off.
    pub fn compile_without(texts: &[RuleText], disabled: &Disabled) -> (Self, Vec<Problem>) {
        Self::put_together(texts, disabled, |_| ())
    }

    /// `choose` may leave out some of what the texts hold, after the filters of all of them were added.
    pub(crate) fn put_together(
        texts: &[RuleText],
        disabled: &Disabled,
        choose: impl FnOnce(&mut Parsed),
    ) -> (Self, Vec<Problem>) {
        let mut problems = Vec::new();
        let mut parsed = parse(texts, &mut problems);
        problems.extend(filters::apply(&parsed.filters, &mut parsed.rules));
        choose(&mut parsed);
        let mut set = Self {
            compiled: Vec::new(),
            routes: Vec::new(),
            index: Index::default(),
            ways: Ways::default(),
            known: HashMap::new(),
            correlations: HashMap::new(),
            beyond: Beyond::default(),
            off: Vec::new(),
        };
        let correlations = std::mem::take(&mut parsed.correlations);
        let off = set.add_rules(std::mem::take(&mut parsed.rules), disabled, &mut problems);
        set.add_correlations(&correlations, disabled, off, &mut problems);
        for (file, text) in &parsed.ours {
            let taken = |key: &str| set.known.contains_key(key) || set.correlations.contains_key(key);
            match set.beyond.add(file, text, taken, |key| disabled.has(key)) {
                Ok(off) => set.off.extend(off),
                Err(problem) => problems.push(problem),
            }
        }
        set.off.sort_by(|a, b| (&a.title, &a.key).cmp(&(&b.title, &b.key)));
        (set, problems)
    }

    /// How many rules there are, correlations included.
    pub fn len(&self) -> usize {
        self.known.len() + self.correlations.len() + self.beyond.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What every rule says of itself, in order of title.
    pub fn list(&self) -> Vec<Arc<Rule>> {
        let mut all: Vec<_> = self.known.values().map(|known| known.rule.clone()).collect();
        all.extend(self.correlations.values().map(|correlation| correlation.rule.clone()));
        all.extend(self.beyond.rules().cloned());
        all.sort_by(|a, b| (&a.title, &a.key).cmp(&(&b.title, &b.key)));
        all
    }

    /// What those that are switched off say of themselves, in order of title.
    pub fn switched_off(&self) -> &[Arc<Rule>] {
        &self.off
    }

    /// What one of them says of itself, by its key.
    pub fn rule(&self, key: &str) -> Option<&Arc<Rule>> {
        let known = self.known.get(key).map(|known| &known.rule);
        let correlation = || self.correlations.get(key).map(|correlation| &correlation.rule);
        let beyond = || self.beyond.rules().find(|rule| rule.key == key);
        known.or_else(correlation).or_else(beyond)
    }

    /// Keys of the rules that a correlation counts.
    pub fn counted_by(&self, key: &str) -> &[String] {
        self.correlations.get(key).map_or(&[], |correlation| &correlation.parts)
    }

    /// The rules that match an event, whatever their number.
    pub fn matches(&self, view: &View<'_>, received: Timestamp) -> Vec<Hit> {
        // Most events concern no rule: only for the others is anything looked up.
        let way = self.ways.of(&self.routes, &sources(view));
        if way.routes.is_empty() {
            return Vec::new();
        }
        let adapter = Adapter::new(*view);
        let mut hits = Vec::new();
        for place in self.index.candidates(&adapter, &way.routes, &way.rules) {
            let rule = &self.compiled[place as usize];
            if evaluate_rule(rule, &adapter).is_some()
                && let Some(known) = self.known.get(rule.id.as_ref().unwrap_or(&rule.title))
            {
                hits.push(self.hit(known, &adapter, received));
            }
        }
        hits
    }

    fn hit(&self, known: &Known, adapter: &Adapter<'_>, received: Timestamp) -> Hit {
        let share = |key: &String| {
            let correlation = self.correlations.get(key)?;
            let value = correlation.value_of(adapter);
            if correlation.needs_value() && value.is_none() {
                return None;
            }
            Some(Share {
                correlation: key.clone(),
                group: correlation.group_of(known.rule.as_ref(), adapter),
                value,
            })
        };
        Hit {
            rule: known.rule.key.clone(),
            time: adapter.view.event.time,
            received,
            alone: known.alone,
            shares: known.parts.iter().filter_map(share).collect(),
        }
    }

    /// Both stages: what an event is a detection of, counted together with what was seen before.
    pub fn detect(&self, view: &View<'_>, received: Timestamp, correlator: &mut Correlator) -> Vec<Detection> {
        self.detect_unless(view, received, correlator, &mut |_| false)
    }

    /// The same without what `excepted` says, by a rule's key, is not to be found: for a rule that looks at events the
    /// event has not happened, and a correlation does not count it.
    pub fn detect_unless(
        &self,
        view: &View<'_>,
        received: Timestamp,
        correlator: &mut Correlator,
        excepted: &mut dyn FnMut(&str) -> bool,
    ) -> Vec<Detection> {
        let mut found = Vec::new();
        for mut hit in self.matches(view, received) {
            if excepted(&hit.rule) {
                continue;
            }
            hit.shares.retain(|share| !excepted(&share.correlation));
            found.extend(self.detection_of(&hit, view));
            found.extend(correlator.add(self, &hit));
        }
        found.extend(self.beyond.look(view, received, &mut correlator.beyond, excepted));
        found
    }

    /// What a hit is a detection of by itself, if it is one.
    pub fn detection_of(&self, hit: &Hit, view: &View<'_>) -> Option<Detection> {
        let known = self.known.get(&hit.rule).filter(|_| hit.alone)?;
        Some(Detection::of_event(&known.rule, view))
    }

    pub(crate) fn correlation(&self, key: &str) -> Option<&Correlation> {
        self.correlations.get(key)
    }

    /// What those that are switched off are called is given back.
    fn add_rules(
        &mut self,
        rules: Vec<(String, SigmaRule)>,
        disabled: &Disabled,
        problems: &mut Vec<Problem>,
    ) -> HashSet<String> {
        let mut off = HashSet::new();
        let mut by_source: BTreeMap<[Option<String>; 3], Vec<SigmaRule>> = BTreeMap::new();
        let mut taken = HashSet::new();
        for (file, mut sigma) in rules {
            let rule = match head_of(&file, &sigma) {
                Ok(rule) => rule,
                Err(problem) => {
                    problems.push(problem);
                    continue;
                }
            };
            if !taken.insert(rule.key.clone()) {
                let message = format!(
                    "its id {:?} is taken by another rule: give it an id of its own",
                    rule.key
                );
                problems.push(problem(&file, &sigma.title, message));
                continue;
            }
            if disabled.has(&rule.key) {
                off.extend(
                    [Some(rule.key.clone()), rule.name.clone(), Some(rule.title.clone())]
                        .into_iter()
                        .flatten(),
                );
                self.off.push(Arc::new(rule));
                continue;
            }
            if let Err(message) = normalise(&mut sigma) {
                problems.push(unsupported(&file, &sigma.title, message));
                continue;
            }
            let known = Known {
                rule: Arc::new(rule),
                alone: true,
                parts: Vec::new(),
            };
            self.known.insert(known.rule.key.clone(), known);
            let source = &sigma.logsource;
            let group = [source.product.clone(), source.category.clone(), source.service.clone()];
            by_source.entry(group).or_default().push(sigma);
        }
        for ([product, category, service], rules) in by_source {
            let source = LogSource {
                product,
                category,
                service,
            };
            let first = self.compiled.len();
            self.compile_each(rules, problems);
            self.routes.push((source, first..self.compiled.len()));
        }
        self.compiled.shrink_to_fit();
        let ranges = self.routes.iter().map(|(_, range)| range.clone());
        self.index = Index::new(&self.compiled, ranges);
        off
    }

    fn compile_each(&mut self, rules: Vec<SigmaRule>, problems: &mut Vec<Problem>) {
        for sigma in rules {
            match compile_rule(&sigma) {
                Ok(rule) => self.compiled.push(lean(rule)),
                Err(error) => {
                    let known = self.known.remove(sigma.id.as_ref().unwrap_or(&sigma.title));
                    let file = known.map_or_else(String::new, |known| known.rule.file.clone());
                    problems.push(problem(&file, &sigma.title, chain(&error)));
                }
            }
        }
    }
}

/// A rule without what it says of itself, which [`Rule`] keeps.
fn lean(rule: CompiledRule) -> CompiledRule {
    CompiledRule {
        tags: Vec::new(),
        description: None,
        falsepositives: Vec::new(),
        include_event: false,
        custom_attributes: Arc::default(),
        ..rule
    }
}

fn parse(texts: &[RuleText], problems: &mut Vec<Problem>) -> Parsed {
    let mut parsed = Parsed::default();
    for text in texts {
        let documents = divide(&text.text);
        parsed
            .ours
            .extend(documents.ours.into_iter().map(|ours| (text.name.clone(), ours)));
        let Some(sigma) = documents.sigma else { continue };
        let collection = match parse_sigma_yaml(&sigma) {
            Ok(collection) => collection,
            Err(error) => {
                problems.push(Problem {
                    file: text.name.clone(),
                    rule: None,
                    message: chain(&error),
                    unsupported: false,
                });
                continue;
            }
        };
        problems.extend(collection.errors.iter().map(|message| Problem {
            file: text.name.clone(),
            rule: None,
            message: message.clone(),
            unsupported: false,
        }));
        // What remains of a rule with a mistake may be another rule.
        if !collection.errors.is_empty() {
            continue;
        }
        let name = || text.name.clone();
        parsed
            .rules
            .extend(collection.rules.into_iter().map(|rule| (name(), rule)));
        let correlations = collection.correlations.into_iter();
        parsed.correlations.extend(correlations.map(|rule| (name(), rule)));
        parsed
            .filters
            .extend(collection.filters.into_iter().map(|rule| (name(), rule)));
    }
    parsed
}

/// An error and its causes, without saying twice what the engine repeats.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

pub(crate) fn problem(file: &str, rule: &str, message: String) -> Problem {
    Problem {
        file: file.to_owned(),
        rule: Some(rule.to_owned()),
        message,
        unsupported: false,
    }
}

/// Well-formed Sigma that asks for something that is not built.
pub(crate) fn unsupported(file: &str, rule: &str, message: String) -> Problem {
    Problem {
        unsupported: true,
        ..problem(file, rule, message)
    }
}

pub(crate) fn head_of(file: &str, sigma: &SigmaRule) -> Result<Rule, Problem> {
    let EngineSource {
        product,
        category,
        service,
        ..
    } = &sigma.logsource;
    if product.is_none() && category.is_none() && service.is_none() {
        let message = "its logsource names neither product, category nor service: it would look at every event";
        return Err(problem(file, &sigma.title, message.to_owned()));
    }
    let attributes = &sigma.custom_attributes;
    let attribute = |name: &str| attributes.get(name).and_then(|value| serde_json::to_value(value).ok());
    let group_by = match attribute("watchpost_group_by") {
        None => STORY_FIELDS.map(str::to_owned).to_vec(),
        Some(value) => serde_json::from_value(value).map_err(|_| {
            problem(
                file,
                &sigma.title,
                "watchpost_group_by is no list of field names".to_owned(),
            )
        })?,
    };
    let window = match attribute("watchpost_window")
        .as_ref()
        .map(|value| value.as_str().unwrap_or_default())
    {
        None => STORY_WINDOW,
        Some(text) => text
            .parse::<DurationText>()
            .map(|duration| i64::try_from(duration.0.as_nanos()).unwrap_or(i64::MAX))
            .map_err(|error| problem(file, &sigma.title, format!("watchpost_window: {error}")))?,
    };
    Ok(Rule {
        key: sigma.id.clone().unwrap_or_else(|| sigma.title.clone()),
        id: sigma.id.clone(),
        name: sigma.name.clone(),
        title: sigma.title.clone(),
        level: severity(sigma.level),
        tags: sigma.tags.clone(),
        description: sigma.description.clone(),
        group_by,
        window,
        file: file.to_owned(),
        kind: RuleKind::Event,
    })
}

/// Rule levels informational to critical are 20 to 100 on the scale.
pub(crate) fn severity(level: Option<Level>) -> Severity {
    match level {
        Some(Level::Informational) => Severity::Info,
        Some(Level::Low) | None => Severity::Warning,
        Some(Level::Medium) => Severity::Error,
        Some(Level::High) => Severity::Critical,
        Some(Level::Critical) => Severity::Emergency,
    }
}
