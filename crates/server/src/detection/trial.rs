//! A text of rules that need not be in use: what is wrong with it, what it looks at, and what it finds in samples.

use std::sync::Arc;

use serde_json::Value;
use watchpost_detect::{Problem, Rule, RuleText, Rules, Samples, place_of};
use watchpost_event::api::{CheckedRule, RuleOutline, RuleProblem, RuleReference, RuleSource, RuleTried};
use watchpost_event::{AgentId, Epoch, Fields, Origin, StreamId, Timestamp, View};
use watchpost_kit::chain;

use super::managed::own_file;
use super::rules::{as_json, events};
use super::{RuleBook, own_key};

/// What the text is called while it is tried.
const FILE: &str = "text";

/// A text of rules, compiled with what it speaks of.
pub(crate) struct Trial {
    pub(crate) rules: Rules,
    text: String,
    problems: Vec<Problem>,
}

impl Trial {
    /// Of a text that is to take the place of the one that rule `replaces` stands in. Reads the disk.
    pub(crate) fn open(book: &RuleBook, text: &str, replaces: Option<&str>) -> Self {
        let mut texts = vec![RuleText::new(FILE, text)];
        let old = replaces.map(|key| file_of(book, key));
        let others = book.texts().into_iter();
        texts.extend(others.filter(|other| Some(&other.name) != old.as_ref()));
        Self::compile(&texts, text)
    }

    /// The same without looking at other texts, unless it counts other rules: while somebody types.
    pub(crate) fn at_once(book: &RuleBook, text: &str, replaces: Option<&str>) -> Self {
        let mut trial = if text.contains("correlation") {
            Self::open(book, text, replaces)
        } else {
            Self::compile(&[RuleText::new(FILE, text)], text)
        };
        let old = replaces.map(|key| file_of(book, key));
        let used = book.rules();
        let mut taken = Vec::new();
        for rule in trial.own() {
            let other = used.rule(&rule.key);
            let other = other.or_else(|| used.switched_off().iter().find(|off| off.key == rule.key));
            if let Some(other) = other.filter(|other| Some(&other.file) != old.as_ref()) {
                taken.push(Problem {
                    file: FILE.to_owned(),
                    rule: Some(rule.title.clone()),
                    message: format!(
                        "its id {:?} is taken by another rule, {:?} of {}: give it an id of its own",
                        rule.key, other.title, other.file
                    ),
                    unsupported: false,
                });
            }
        }
        trial.problems.extend(taken);
        trial
    }

    fn compile(texts: &[RuleText], text: &str) -> Self {
        let (rules, mut problems) = Rules::compile_part(texts, |rule| rule.file == FILE);
        problems.retain(|problem| problem.file == FILE);
        Self {
            rules,
            text: text.to_owned(),
            problems,
        }
    }

    /// The text's own rules, in order of title.
    pub(crate) fn own(&self) -> Vec<Arc<Rule>> {
        let mut rules = self.rules.list();
        rules.retain(|rule| rule.file == FILE);
        rules
    }

    /// The id that the versions of the text are kept by: that of its first document which has one.
    pub(crate) fn key(&self) -> Option<String> {
        let ids = self.text.lines().filter_map(|line| line.strip_prefix("id:"));
        let plain = |id: &str| {
            id.split(" #")
                .next()
                .unwrap_or_default()
                .trim()
                .trim_matches(['"', '\''])
                .to_owned()
        };
        let own = self.own();
        ids.map(plain)
            .find(|id| own.iter().any(|rule| rule.id.as_ref() == Some(id)))
    }

    pub(crate) fn problems(&self) -> Vec<RuleProblem> {
        self.problems.iter().map(|problem| told(problem, &self.text)).collect()
    }

    pub(crate) fn checked(&self) -> Vec<CheckedRule> {
        let one = |rule: &Arc<Rule>| CheckedRule {
            key: rule.key.clone(),
            title: rule.title.clone(),
            level: rule.level_name().to_owned(),
            outline: outline(&self.rules, &rule.key).unwrap_or_default(),
        };
        self.own().iter().map(one).collect()
    }

    /// What it finds in a sample: a line, an event, or an array of those.
    pub(crate) fn try_sample(&self, sample: &Value, now: Timestamp) -> RuleTried {
        let failed = |error: String| RuleTried {
            error: Some(error),
            ..RuleTried::default()
        };
        let sample = match sample {
            Value::String(text) => as_json(text),
            other => other.to_string(),
        };
        let inputs = match Samples::read(&format!("{{\"match\": [{sample}]}}")) {
            Ok(samples) => samples
                .samples
                .into_iter()
                .flat_map(|sample| sample.inputs)
                .collect::<Vec<_>>(),
            Err(error) => return failed(chain(&error)),
        };
        let events = events(&inputs, now);
        let (Some(event), Ok(agent), Ok(stream)) = (events.last(), AgentId::new("sample"), StreamId::new("sample"))
        else {
            return failed("there is no event to look at".to_owned());
        };
        let origin = Origin {
            agent,
            stream,
            epoch: Epoch(0),
            fields: Fields::new(),
        };
        let view = View { event, origin: &origin };
        let found = self.rules.try_out(FILE, &events);
        let explained = self
            .rules
            .list()
            .into_iter()
            .filter_map(|rule| self.rules.explain(&rule.key, &view));
        RuleTried {
            found: found
                .iter()
                .map(|detection| detection.sentence(&event.message))
                .collect(),
            explained: explained.map(|explanation| explanation.to_string()).collect(),
            error: None,
        }
    }
}

/// Where a rule stands; of one that is not in use yet, where it will.
fn file_of(book: &RuleBook, key: &str) -> String {
    let rules = book.rules();
    let off = || rules.switched_off().iter().find(|off| off.key == key);
    let known = rules.rule(key).or_else(off);
    known.map_or_else(|| own_file(key), |rule| rule.file.clone())
}

/// A problem, and where in the text it stands.
pub(crate) fn told(problem: &Problem, text: &str) -> RuleProblem {
    let place = place_of(problem, text);
    RuleProblem {
        message: problem.message.clone(),
        rule: problem.rule.clone(),
        line: place.map(|(line, _)| line as u64),
        column: place.and_then(|(_, column)| column).map(|column| column as u64),
        unsupported: problem.unsupported,
    }
}

/// What a rule looks at.
pub(crate) fn outline(rules: &Rules, key: &str) -> Option<RuleOutline> {
    let outline = rules.outline(key)?;
    let source = |source: watchpost_event::LogSource| RuleSource {
        product: source.product,
        category: source.category,
        service: source.service,
    };
    let reference = |key: String| RuleReference {
        title: rules.rule(&key).map_or_else(|| key.clone(), |rule| rule.title.clone()),
        key,
    };
    Some(RuleOutline {
        sources: outline.sources.into_iter().map(source).collect(),
        fields: outline.fields,
        words: outline.words,
        counts: outline.counts.into_iter().map(reference).collect(),
    })
}

/// Of which origin a rule of this file is.
pub(crate) fn origin_of(file: &str) -> watchpost_event::api::RuleOrigin {
    use watchpost_event::api::RuleOrigin;
    if file.starts_with("builtin:") {
        RuleOrigin::Builtin
    } else if own_key(file).is_some() {
        RuleOrigin::Own
    } else {
        RuleOrigin::File
    }
}
