//! A number that is too high or too low, looked at on a schedule: how many events, or a statistic of one of their fields,
//! within a time that slides on by steps.
//!
//! Events are counted as they come, in the step in which they happened, and a step is looked at once it is over by the time
//! of receipt and late ones had their time. Nothing is asked of the store: what it has not taken in yet cannot be missed,
//! a restart repeats nothing, and after a time without a server the steps that were missed are made up for.

use std::sync::Arc;

use serde::Deserialize;
use watchpost_event::{Timestamp, View};
use watchpost_kit::DurationText;

use super::Scope;
use super::file::{RuleFile, held};
use super::groups::{Kept, moment, pack_texts, pairs, time, unpack_list, unpack_texts};
use crate::adapter::Adapter;
use crate::lru::{Packed, take};
use crate::{Detection, Rule, RuleKind};

/// Steps of one window at most.
const STEPS_MAX: u32 = 60;
/// Windows that are made up for after a time without events, beside those of one span.
const MISSED_MAX: u32 = 100;
/// A group of which nothing comes is looked at for so long, where too few is what is asked for.
const EXPECTED: u32 = 7 * 86_400;

/// As it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ThresholdFile {
    #[serde(default)]
    query: String,
    #[serde(default)]
    per: Vec<String>,
    value: Option<String>,
    every: DurationText,
    within: DurationText,
    lag: Option<DurationText>,
    condition: Condition,
}

/// All that is named has to hold.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Condition {
    gte: Option<f64>,
    gt: Option<f64>,
    lte: Option<f64>,
    lt: Option<f64>,
}

impl Condition {
    fn holds(self, value: f64) -> bool {
        self.gte.is_none_or(|end| value >= end)
            && self.gt.is_none_or(|end| value > end)
            && self.lte.is_none_or(|end| value <= end)
            && self.lt.is_none_or(|end| value < end)
    }

    fn text(self) -> String {
        let all = [("≥", self.gte), (">", self.gt), ("≤", self.lte), ("<", self.lt)];
        let all = all.iter().filter_map(|(sign, end)| Some(format!("{sign} {}", (*end)?)));
        all.collect::<Vec<_>>().join(" and ")
    }
}

/// What is made of the events of a window.
#[derive(Clone, Debug, PartialEq)]
enum Statistic {
    Count,
    Sum(String),
    Avg(String),
    Min(String),
    Max(String),
}

impl Statistic {
    fn read(text: &str) -> Result<Self, String> {
        if text == "count" || text == "count()" {
            return Ok(Self::Count);
        }
        let call = text.strip_suffix(')').and_then(|text| text.split_once('('));
        let field = |field: &str| field.trim().to_owned();
        match call {
            Some(("sum", name)) => Ok(Self::Sum(field(name))),
            Some(("avg", name)) => Ok(Self::Avg(field(name))),
            Some(("min", name)) => Ok(Self::Min(field(name))),
            Some(("max", name)) => Ok(Self::Max(field(name))),
            _ => Err(format!(
                "value {text:?} is not known: use count, sum(field), avg(field), min(field) or max(field); different values are counted by a correlation value_count"
            )),
        }
    }

    fn field(&self) -> Option<&str> {
        match self {
            Self::Count => None,
            Self::Sum(field) | Self::Avg(field) | Self::Min(field) | Self::Max(field) => Some(field),
        }
    }

    /// Of no events there is a number, and no statistic.
    fn of(&self, sums: &Sums) -> Option<f64> {
        if let Self::Count = self {
            return Some(sums.count as f64);
        }
        (sums.count > 0).then_some(match self {
            Self::Count => 0.0,
            Self::Sum(_) => sums.sum,
            Self::Avg(_) => sums.sum / sums.count as f64,
            Self::Min(_) => sums.min,
            Self::Max(_) => sums.max,
        })
    }

    fn text(&self) -> String {
        match self {
            Self::Count => "count".to_owned(),
            Self::Sum(field) => format!("sum({field})"),
            Self::Avg(field) => format!("avg({field})"),
            Self::Min(field) => format!("min({field})"),
            Self::Max(field) => format!("max({field})"),
        }
    }
}

/// A rule that holds a number to its bounds.
pub(super) struct Threshold {
    pub(super) rule: Arc<Rule>,
    pub(super) scope: Scope,
    pub(super) per: Vec<String>,
    statistic: Statistic,
    condition: Condition,
    /// Seconds of a step.
    every: u32,
    /// Steps of a window.
    steps: u32,
    lag: u32,
}

/// What one step's events add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sums {
    count: u64,
    sum: f64,
    min: f64,
    max: f64,
}

impl Sums {
    fn add(&mut self, other: Self) {
        if self.count == 0 {
            *self = other;
        } else if other.count > 0 {
            self.count += other.count;
            self.sum += other.sum;
            self.min = self.min.min(other.min);
            self.max = self.max.max(other.max);
        }
    }
}

/// One group's steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Steps {
    values: Vec<String>,
    /// In order; those without events are not there.
    sums: Vec<(u32, Sums)>,
    /// The condition held at the last look: it was told.
    holds: bool,
    /// The first step and the latest.
    known: (u32, u32),
}

impl Packed for Steps {
    fn pack(&self, out: &mut Vec<u8>) {
        pack_texts(&self.values, out);
        for number in [self.known.0, self.known.1, u32::from(self.holds)] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.extend_from_slice(&(self.sums.len() as u16).to_le_bytes());
        for (step, sums) in &self.sums {
            out.extend_from_slice(&step.to_le_bytes());
            out.extend_from_slice(&sums.count.to_le_bytes());
            for number in [sums.sum, sums.min, sums.max] {
                out.extend_from_slice(&number.to_le_bytes());
            }
        }
    }

    fn unpack(bytes: &mut &[u8]) -> Option<Self> {
        let number = |bytes: &mut &[u8]| take(bytes).map(u32::from_le_bytes);
        let value = |bytes: &mut &[u8]| take(bytes).map(f64::from_le_bytes);
        let values = unpack_texts(bytes)?;
        let known = (number(bytes)?, number(bytes)?);
        let holds = number(bytes)? != 0;
        let sums = unpack_list(bytes, |bytes| {
            let step = number(bytes)?;
            let sums = Sums {
                count: take(bytes).map(u64::from_le_bytes)?,
                sum: value(bytes)?,
                min: value(bytes)?,
                max: value(bytes)?,
            };
            Some((step, sums))
        })?;
        Some(Self {
            values,
            sums,
            holds,
            known,
        })
    }
}

impl Threshold {
    pub(super) fn compile(file: &str, rule: &RuleFile, settings: ThresholdFile) -> Result<Self, String> {
        held("per", &settings.per)?;
        let (every, within) = (settings.every.as_secs(), settings.within.as_secs());
        if !(10..=86_400).contains(&every) {
            return Err(format!("`every` is {}: use 10s to 1d", settings.every));
        }
        if within == 0 || !within.is_multiple_of(every) || within / every > u64::from(STEPS_MAX) {
            let (every, within) = (settings.every, settings.within);
            return Err(format!(
                "`within` is {within}: use a multiple of `every` ({every}), at most {STEPS_MAX} times that"
            ));
        }
        let lag = settings.lag.unwrap_or(DurationText::from_secs(60));
        if lag.as_secs() > every * u64::from(STEPS_MAX) {
            let every = settings.every;
            return Err(format!(
                "`lag` is {lag}: use at most {STEPS_MAX} times `every` ({every})"
            ));
        }
        let condition = settings.condition;
        let ends = [condition.gte, condition.gt, condition.lte, condition.lt];
        if ends.iter().flatten().count() == 0 || ends.iter().flatten().any(|end| !end.is_finite()) {
            return Err("its condition has no number: use gte, gt, lte or lt".to_owned());
        }
        let window = i64::try_from(within * 1_000_000_000).unwrap_or(i64::MAX);
        Ok(Self {
            rule: Arc::new(rule.head(file, RuleKind::Threshold, settings.per.clone(), Some(window))?),
            scope: Scope::compile(&rule.logsource, &settings.query)?,
            per: settings.per,
            statistic: Statistic::read(settings.value.as_deref().unwrap_or("count"))?,
            condition,
            every: every as u32,
            steps: (within / every) as u32,
            lag: lag.as_secs() as u32,
        })
    }

    /// Counts an event.
    pub(super) fn count(&self, view: &View<'_>, received: Timestamp, kept: &mut Kept<Steps>) {
        let (step, now) = (moment(view.event.time) / self.every, moment(received) / self.every);
        if step > now + 1 {
            return;
        }
        let value = match self.statistic.field() {
            None => 0.0,
            Some(field) => match Adapter::new(*view)
                .text(field)
                .and_then(|text| text.parse::<f64>().ok())
            {
                Some(value) if value.is_finite() => value,
                _ => return,
            },
        };
        let closed = kept.of(&self.rule.key).closed.unwrap_or(now);
        // Its last window was looked at.
        if step + self.steps <= closed {
            return;
        }
        let group = kept.touch(&self.rule.key, &self.per, view, |values| Steps {
            values,
            known: (step, step),
            ..Steps::default()
        });
        let one = Sums {
            count: 1,
            sum: value,
            min: value,
            max: value,
        };
        group.known = (group.known.0.min(step), group.known.1.max(step));
        match group.sums.binary_search_by_key(&step, |(step, _)| *step) {
            Ok(at) => group.sums[at].1.add(one),
            Err(at) => group.sums.insert(at, (step, one)),
        }
    }

    /// Looks at the windows that are over now.
    pub(super) fn tick(&self, received: Timestamp, kept: &mut Kept<Steps>) -> Vec<Detection> {
        let groups = kept.of(&self.rule.key);
        let over = moment(received).saturating_sub(self.lag) / self.every;
        let Some(closed) = groups.closed else {
            groups.closed = Some(over);
            return Vec::new();
        };
        if over <= closed {
            return Vec::new();
        }
        let from = closed.max(over.saturating_sub(self.steps + MISSED_MAX));
        let mut found = Vec::new();
        groups.all.for_each(|_, group| {
            for end in from + 1..=over {
                found.extend(self.judge(end, group));
            }
            group.sums.retain(|(step, _)| step + self.steps > over);
        });
        let keep = EXPECTED / self.every + self.steps;
        let is_done = |group: &Steps| over > group.known.1.saturating_add(keep);
        while groups.all.oldest().is_some_and(is_done) {
            groups.all.pop_oldest();
        }
        groups.closed = Some(over);
        found
    }

    /// The window that ends where step `end` begins.
    fn judge(&self, end: u32, group: &mut Steps) -> Option<Detection> {
        let from = end.saturating_sub(self.steps);
        // Too few of what has only begun to come is no news.
        if from < group.known.0 && self.is_about_few() {
            return None;
        }
        let mut sums = Sums::default();
        for (_, step) in group.sums.iter().filter(|(step, _)| (from..end).contains(step)) {
            sums.add(*step);
        }
        let value = self.statistic.of(&sums);
        let holds = value.is_some_and(|value| self.condition.holds(value));
        let is_news = holds && !group.holds;
        group.holds = holds;
        let value = value.filter(|_| is_news)?;
        let about = if self.per.is_empty() {
            String::new()
        } else {
            format!(" ({})", pairs(&self.per, &group.values))
        };
        let times = (time(from * self.every), time(end * self.every));
        let note = format!(
            "{} is {value} ({}) from {} to {}{about}",
            self.statistic.text(),
            self.condition.text(),
            times.0,
            times.1
        );
        let count = sums.count.max(1);
        Some(Detection::of_time(
            &self.rule,
            (&self.per, &group.values),
            times,
            count,
            note,
        ))
    }

    fn is_about_few(&self) -> bool {
        self.condition.gte.is_none() && self.condition.gt.is_none()
    }
}
