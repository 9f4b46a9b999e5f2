//! Rules beyond Sigma: what is new, what is more or less than usual, what does not come any more, and numbers that are held
//! to their bounds.
//!
//! A document with the key `watchpost` in place of `detection` or `correlation` is one of these; it stands in the same
//! files. Which events it looks at is said by a query of the search language, and by a log source where it names one.
//!
//! Everything is by the time of receipt, which a replay repeats: also when a time is over is known by what is received
//! next ([`Beyond::look`]), never by a clock. What is remembered is bounded and digests where no text has to be told.

mod file;
mod first_seen;
mod groups;
mod silent;
#[cfg(test)]
mod tests;
mod threshold;
#[cfg(test)]
mod times_tests;
mod volume;

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use watchpost_event::{LogSource, Timestamp, View};
use watchpost_query::Query;

use file::RuleFile;
pub(crate) use file::divide;
use first_seen::{FirstSeen, Seen};
use groups::{Kept, moment};
use silent::Silent;
use threshold::Threshold;
use volume::Volume;

use crate::compile::problem;
use crate::explain::{self, Explanation};
use crate::sources::{Source, concerns, sources};
use crate::{Detection, Problem, Rule};

/// Seconds of receipt between two looks at what is over.
const LOOK_EVERY: u32 = 10;
/// A clock that went back by more seconds was set.
const CLOCK_SET: u32 = 3_600;

/// Rules of our own kinds, compiled.
#[derive(Default)]
pub(crate) struct Beyond {
    rules: Vec<One>,
}

/// What they remember.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Memory {
    #[serde(default, skip_serializing_if = "Seen::is_empty")]
    seen: Seen,
    #[serde(default, skip_serializing_if = "Kept::is_empty")]
    volumes: Kept<volume::Hours>,
    #[serde(default, skip_serializing_if = "Kept::is_empty")]
    silences: Kept<silent::Heard>,
    #[serde(default, skip_serializing_if = "Kept::is_empty")]
    thresholds: Kept<threshold::Steps>,
    /// When it was last looked at what is over, in seconds since 1970.
    #[serde(default)]
    looked: u32,
}

/// Which events a rule looks at.
pub(crate) struct Scope {
    source: LogSource,
    query: Query,
}

impl Scope {
    fn compile(source: &LogSource, query: &str) -> Result<Self, String> {
        let query = query.parse::<Query>().map_err(|error| {
            let place = error.query()[..error.at].chars().count() + 1;
            format!("its query, at character {place}: {}", error.message)
        })?;
        let anything = LogSource::default();
        if *source == anything && query == Query::all() {
            return Err("it has neither a query nor a logsource: it would look at every event".to_owned());
        }
        Ok(Self {
            source: source.clone(),
            query,
        })
    }

    fn holds(&self, sources: &[Source<'_>], view: &View<'_>) -> bool {
        sources.iter().any(|source| concerns(&self.source, source)) && self.query.matches(view)
    }
}

/// A rule of one of our kinds.
enum One {
    FirstSeen(FirstSeen),
    Volume(Volume),
    Silent(Silent),
    Threshold(Threshold),
}

const KINDS: &str = "first_seen, volume, silent or threshold";

impl One {
    fn compile(file: &str, rule: &RuleFile) -> Result<Self, String> {
        match rule.watchpost.get("type").and_then(|kind| kind.as_str()) {
            Some("first_seen") => FirstSeen::compile(file, rule, settings(rule)?).map(Self::FirstSeen),
            Some("volume") => Volume::compile(file, rule, settings(rule)?).map(Self::Volume),
            Some("silent") => Silent::compile(file, rule, settings(rule)?).map(Self::Silent),
            Some("threshold") => Threshold::compile(file, rule, settings(rule)?).map(Self::Threshold),
            Some(other) => Err(format!("watchpost type {other:?} is not known: use {KINDS}")),
            None => Err(format!("its key `watchpost` has no `type`: use {KINDS}")),
        }
    }

    fn rule(&self) -> &Arc<Rule> {
        match self {
            Self::FirstSeen(one) => &one.rule,
            Self::Volume(one) => &one.rule,
            Self::Silent(one) => &one.rule,
            Self::Threshold(one) => &one.rule,
        }
    }

    fn scope(&self) -> &Scope {
        match self {
            Self::FirstSeen(one) => &one.scope,
            Self::Volume(one) => &one.scope,
            Self::Silent(one) => &one.scope,
            Self::Threshold(one) => &one.scope,
        }
    }

    /// The fields an explanation shows.
    fn fields(&self) -> &[String] {
        match self {
            Self::FirstSeen(one) => &one.fields,
            Self::Volume(one) => &one.per,
            Self::Silent(one) => &one.per,
            Self::Threshold(one) => &one.per,
        }
    }

    /// Takes in an event that it looks at.
    fn look(&self, view: &View<'_>, received: Timestamp, memory: &mut Memory) -> Option<Detection> {
        match self {
            Self::FirstSeen(one) => return one.look(view, received, &mut memory.seen),
            Self::Volume(one) => one.count(view, received, &mut memory.volumes),
            Self::Silent(one) => one.hear(view, received, &mut memory.silences),
            Self::Threshold(one) => one.count(view, received, &mut memory.thresholds),
        }
        None
    }

    /// Looks at what is over.
    fn tick(&self, received: Timestamp, memory: &mut Memory) -> Vec<Detection> {
        match self {
            Self::FirstSeen(_) => Vec::new(),
            Self::Volume(one) => one.tick(received, &mut memory.volumes),
            Self::Silent(one) => one.tick(received, &mut memory.silences),
            Self::Threshold(one) => one.tick(received, &mut memory.thresholds),
        }
    }
}

fn settings<T: DeserializeOwned>(rule: &RuleFile) -> Result<T, String> {
    let mut settings = rule.watchpost.clone();
    if let Some(settings) = settings.as_mapping_mut() {
        settings.remove("type");
    }
    yaml_serde::from_value(settings).map_err(|error| format!("its key `watchpost`: {error}"))
}

impl Beyond {
    /// Adds the rule of a document; `taken` says whether a key belongs to another rule, `off` whether it is switched off:
    /// then what it says of itself is given back.
    pub(crate) fn add(
        &mut self,
        file: &str,
        text: &str,
        taken: impl Fn(&str) -> bool,
        off: impl Fn(&str) -> bool,
    ) -> Result<Option<Arc<Rule>>, Problem> {
        let written = file::read(file, text)?;
        let one = One::compile(file, &written).map_err(|message| problem(file, &written.title, message))?;
        let rule = one.rule();
        if off(&rule.key) {
            return Ok(Some(rule.clone()));
        }
        if taken(&rule.key) || self.rules().any(|other| other.key == rule.key) {
            let message = format!(
                "its id {:?} is taken by another rule: give it an id of its own",
                rule.key
            );
            return Err(problem(file, &rule.title, message));
        }
        self.rules.push(one);
        Ok(None)
    }

    /// What the rule of a document says of itself; none where it cannot be read.
    pub(crate) fn rule_of(file: &str, text: &str) -> Option<Arc<Rule>> {
        let written = file::read(file, text).ok()?;
        One::compile(file, &written).ok().map(|one| one.rule().clone())
    }

    pub(crate) fn rules(&self) -> impl Iterator<Item = &Arc<Rule>> {
        self.rules.iter().map(One::rule)
    }

    pub(crate) fn len(&self) -> usize {
        self.rules.len()
    }

    /// What an event is a detection of, behind what is over at its time of receipt. For a rule that `excepted` names by
    /// its key the event has not happened.
    pub(crate) fn look(
        &self,
        view: &View<'_>,
        received: Timestamp,
        memory: &mut Memory,
        excepted: &mut dyn FnMut(&str) -> bool,
    ) -> Vec<Detection> {
        if self.rules.is_empty() {
            return Vec::new();
        }
        let mut found = self.tick(received, memory);
        let sources = sources(view);
        for one in &self.rules {
            if one.scope().holds(&sources, view) && !excepted(&one.rule().key) {
                found.extend(one.look(view, received, memory));
            }
        }
        found
    }

    /// What is over at a time of receipt.
    pub(crate) fn tick(&self, received: Timestamp, memory: &mut Memory) -> Vec<Detection> {
        let mut found = Vec::new();
        if memory.is_due(moment(received)) {
            for one in &self.rules {
                found.extend(one.tick(received, memory));
            }
            memory.hold(|key| self.rules().any(|rule| rule.key == key));
        }
        found
    }

    /// Whether one of them looks at this event.
    pub(crate) fn concern(&self, view: &View<'_>) -> bool {
        let sources = sources(view);
        self.rules.iter().any(|one| one.scope().holds(&sources, view))
    }

    pub(crate) fn scope_of(&self, key: &str) -> Option<(&LogSource, &str)> {
        let one = self.rules.iter().find(|one| one.rule().key == key)?;
        Some((&one.scope().source, one.scope().query.text()))
    }

    /// What a rule makes of an event, as far as that event alone says it.
    pub(crate) fn explain(&self, key: &str, view: &View<'_>) -> Option<Explanation> {
        let one = self.rules.iter().find(|one| one.rule().key == key)?;
        let scope = one.scope();
        Some(explain::of_query(
            &one.rule().title,
            (&scope.source, &scope.query),
            one.fields(),
            view,
        ))
    }
}

impl Memory {
    fn is_due(&mut self, now: u32) -> bool {
        let is_due = now >= self.looked.saturating_add(LOOK_EVERY) || now.saturating_add(CLOCK_SET) < self.looked;
        if is_due {
            self.looked = now;
        }
        is_due
    }

    fn hold(&mut self, is_there: impl Fn(&str) -> bool) {
        self.seen.hold(&is_there);
        self.volumes.hold(&is_there);
        self.silences.hold(&is_there);
        self.thresholds.hold(&is_there);
    }

    /// What was forgotten for lack of room.
    pub(crate) fn forgotten(&self) -> u64 {
        self.seen.forgotten + self.volumes.forgotten + self.silences.forgotten + self.thresholds.forgotten
    }

    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
