//! Rules looked at without a server: are they valid, and do they find what their samples say?

use std::path::{Path, PathBuf};

use watchpost_detect::{Correlator, Explanation, Input, Problem, Rules, Samples, builtin};
use watchpost_event::{AgentId, Epoch, Event, Fields, LogSource, Origin, StreamId, Timestamp, View};
use watchpost_pipeline::{Codec, CodecContext, Decoder, TimeZone};

pub use super::import::{ImportReport, import};
use super::load;

/// Where rules are read from.
#[derive(Clone, Debug, Default)]
pub struct RuleSources {
    /// Files, and folders with all below them.
    pub paths: Vec<PathBuf>,
    /// What part those have that come with the program.
    pub builtin: Builtin,
}

/// The rules that come with the program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Builtin {
    /// Left out.
    #[default]
    None,
    /// Correlations may count them; they are not looked at themselves.
    Beside,
    /// Like all others.
    Included,
}

/// What a check found.
#[derive(Clone, Debug, Default)]
pub struct CheckReport {
    /// Rules that can be used.
    pub rules: usize,
    /// Files they stand in.
    pub files: usize,
    /// Rules that cannot, and why.
    pub problems: Vec<Problem>,
}

/// What became of one sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleResult {
    /// The rule file.
    pub file: String,
    /// `match 1`, `not 2`…
    pub sample: String,
    /// Why it failed; `None` when it did what it should.
    pub failure: Option<String>,
}

/// What the samples said.
#[derive(Clone, Debug, Default)]
pub struct TestReport {
    /// Every sample.
    pub results: Vec<SampleResult>,
    /// Rule files without samples.
    pub untested: Vec<String>,
    /// Rules that cannot be used at all.
    pub problems: Vec<Problem>,
}

/// One rule file and the samples beside it.
struct Tested {
    file: String,
    samples: Option<String>,
}

struct Loaded {
    rules: Rules,
    problems: Vec<Problem>,
    files: Vec<Tested>,
}

fn load_all(sources: &RuleSources) -> std::io::Result<Loaded> {
    let mut texts = Vec::new();
    let mut files = Vec::new();
    if sources.builtin == Builtin::Included {
        for rule in builtin() {
            let text = rule.rule_text();
            files.push(Tested {
                file: text.name.clone(),
                samples: Some(rule.samples.to_owned()),
            });
            texts.push(text);
        }
    }
    for path in &sources.paths {
        if !path.exists() {
            let message = format!("{} does not exist", path.display());
            return Err(std::io::Error::new(std::io::ErrorKind::NotFound, message));
        }
    }
    for file in load::find(&sources.paths)? {
        let text = load::read(&file)?;
        files.push(Tested {
            file: text.name.clone(),
            samples: samples_beside(&file.path)?,
        });
        texts.push(text);
    }
    if sources.builtin == Builtin::Beside {
        texts.extend(builtin().iter().map(watchpost_detect::BuiltinRule::rule_text));
    }
    let (rules, mut problems) = Rules::compile(&texts);
    problems.retain(|problem| files.iter().any(|tested| tested.file == problem.file));
    Ok(Loaded { rules, problems, files })
}

/// `brute_force.yml` has `brute_force.samples.json`.
fn samples_beside(rule: &Path) -> std::io::Result<Option<String>> {
    let path = rule.with_extension("samples.json");
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(std::io::Error::new(
            error.kind(),
            format!("{}: {error}", path.display()),
        )),
    }
}

/// Detection without a server, over events as they come; nothing is remembered over a restart.
pub struct Lookout {
    rules: Rules,
    correlator: Correlator,
    problems: Vec<Problem>,
}

impl Lookout {
    /// With these rules; what cannot be used is left out and named.
    pub fn open(sources: &RuleSources) -> std::io::Result<Self> {
        let loaded = load_all(sources)?;
        Ok(Self {
            rules: loaded.rules,
            correlator: Correlator::default(),
            problems: loaded.problems,
        })
    }

    /// Rules that cannot be used, and why.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// What this event is a detection of, as events of the same origin.
    pub fn look(&mut self, view: &View<'_>, now: Timestamp) -> Vec<Event> {
        let found = self.rules.detect(view, now, &mut self.correlator);
        let numbered = found.iter().zip(0..);
        numbered
            .map(|(detection, n)| detection.event(view, view.event.position, n))
            .collect()
    }
}

/// Whether rules can be used.
pub fn check(sources: &RuleSources) -> std::io::Result<CheckReport> {
    let loaded = load_all(sources)?;
    let mut rules = loaded.rules.list();
    rules.retain(|rule| loaded.files.iter().any(|tested| tested.file == rule.file));
    Ok(CheckReport {
        rules: rules.len(),
        files: loaded.files.len(),
        problems: loaded.problems,
    })
}

/// Tries the samples of every rule file. `now` is what a year that lines do not name is measured by.
pub fn test(sources: &RuleSources, now: Timestamp) -> std::io::Result<TestReport> {
    let loaded = load_all(sources)?;
    let mut report = TestReport {
        problems: loaded.problems,
        ..TestReport::default()
    };
    for tested in &loaded.files {
        let Some(text) = &tested.samples else {
            report.untested.push(tested.file.clone());
            continue;
        };
        match Samples::read(text) {
            Ok(samples) => report
                .results
                .extend(try_all(&loaded.rules, &tested.file, &samples, now)),
            Err(error) => report.results.push(SampleResult {
                file: tested.file.clone(),
                sample: "file".to_owned(),
                failure: Some(watchpost_kit::chain(&error)),
            }),
        }
    }
    Ok(report)
}

fn try_all(rules: &Rules, file: &str, samples: &Samples, now: Timestamp) -> Vec<SampleResult> {
    let mut numbers = [0_usize; 2];
    let one = |sample: &watchpost_detect::Sample| {
        let events = events(&sample.inputs, now);
        let found = rules.try_out(file, &events);
        let (list, number) = if sample.expected {
            ("match", &mut numbers[0])
        } else {
            ("not", &mut numbers[1])
        };
        *number += 1;
        let titles: Vec<&str> = found.iter().map(|detection| detection.rule.title.as_str()).collect();
        let failure = match (sample.expected, found.len()) {
            (true, 1) | (false, 0) => None,
            (true, 0) => Some(format!("nothing was found{}", hint(&events))),
            (true, count) => Some(format!("{count} detections instead of one: {}", titles.join(", "))),
            (false, _) => Some(format!("it was found by {}", titles.join(", "))),
        };
        SampleResult {
            file: file.to_owned(),
            sample: format!("{list} {number}"),
            failure,
        }
    };
    samples.samples.iter().map(one).collect()
}

/// What the rules saw: a rule that silently does not match mostly looks for another name.
fn hint(events: &[Event]) -> String {
    let Some(event) = events.last() else {
        return String::new();
    };
    let fields = event.fields.iter().map(|(name, value)| format!("{name}={value}"));
    let fields: Vec<String> = fields.collect();
    format!("; the rules saw {}", fields.join(" "))
}

/// Why a rule (its id, name, title or file) finds an event or not. An input that is several events is explained by the
/// last. `None`: there is no such rule, or it counts what others find.
pub fn explain(
    sources: &RuleSources,
    rule: &str,
    input: &str,
    now: Timestamp,
) -> Result<Option<Explanation>, ExplainError> {
    let loaded = load_all(sources).map_err(ExplainError::Rules)?;
    let list = loaded.rules.list();
    let is_it = |known: &&std::sync::Arc<watchpost_detect::Rule>| {
        let file = Path::new(&known.file);
        known.key == rule
            || known.title.eq_ignore_ascii_case(rule)
            || known.name.as_deref() == Some(rule)
            || known.file == rule
            || file.file_stem().is_some_and(|stem| stem == rule)
    };
    let Some(rule) = list.iter().find(is_it) else {
        return Ok(None);
    };
    let input = match Samples::read(&format!("{{\"match\": [{}]}}", as_json(input))) {
        Ok(samples) => samples.samples.into_iter().flat_map(|sample| sample.inputs).collect(),
        Err(_) => vec![Input::Line(input.to_owned())],
    };
    let events = events(&input, now);
    let (Ok(agent), Ok(stream), Some(event)) = (AgentId::new("sample"), StreamId::new("sample"), events.last()) else {
        return Err(ExplainError::NoEvent);
    };
    let origin = Origin {
        agent,
        stream,
        epoch: Epoch(0),
        fields: Fields::new(),
    };
    Ok(loaded.rules.explain(&rule.key, &View { event, origin: &origin }))
}

/// An object as it stands, anything else as a line.
pub(super) fn as_json(input: &str) -> String {
    let input = input.trim();
    match serde_json::from_str::<serde_json::Value>(input) {
        Ok(value) if value.is_object() || value.is_array() => input.to_owned(),
        _ => serde_json::Value::from(input).to_string(),
    }
}

/// Why nothing can be explained.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// The rules cannot be read.
    #[error("cannot read the rules")]
    Rules(#[source] std::io::Error),
    /// There is nothing to look at.
    #[error("there is no event to look at")]
    NoEvent,
}

/// Samples as the rules see them.
pub(super) fn events(inputs: &[Input], now: Timestamp) -> Vec<Event> {
    let decoder = Decoder::new(Codec::Auto, TimeZone::UTC);
    let mut constants = Fields::new();
    let product = LogSource {
        product: Some("linux".to_owned()),
        ..LogSource::default()
    };
    product.put(&mut constants);
    let mut events = Vec::new();
    for input in inputs {
        match input {
            Input::Event(event) => events.push((**event).clone()),
            Input::Line(line) => {
                let context = CodecContext {
                    now,
                    constants: &constants,
                };
                let first = events.len();
                decoder.decode(line, context, &mut events);
                for event in &mut events[first..] {
                    for (name, value) in constants.iter() {
                        if event.fields.get(name).is_none() {
                            event.fields.set(name, value.clone());
                        }
                    }
                }
            }
        }
    }
    events
}
