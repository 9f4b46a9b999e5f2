//! More or less than usual: an hour's events against those of the same hour on past days.
//!
//! Events are counted in the hour in which they happened; an hour is looked at once it is over by the time of receipt and
//! the time allowed for late ones has passed. What is usual is the median of the past days; how much it varies, the
//! median of the distances from it, so that one day of trouble does not make the next one usual.

use std::sync::Arc;

use serde::Deserialize;
use watchpost_event::{Timestamp, View};
use watchpost_kit::DurationText;

use super::Scope;
use super::file::{RuleFile, held};
use super::groups::{Kept, moment, pack_texts, pairs, time, unpack_list, unpack_texts};
use crate::lru::{Packed, take};
use crate::{Detection, Rule, RuleKind};

const HOUR: u32 = 3_600;
/// Days that are compared at most.
const DAYS: u32 = 14;
/// Days that have to be known before anything is told.
const DAYS_LEAST: usize = 5;
/// Hours that are made up for after a time without events.
const MISSED_MAX: u32 = 24;
const LATE: DurationText = DurationText::from_secs(600);
/// Makes the median of distances of a normal distribution its standard deviation.
const NORMAL: f64 = 1.4826;

/// As it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VolumeFile {
    #[serde(default)]
    query: String,
    #[serde(default)]
    per: Vec<String>,
    #[serde(default)]
    direction: Direction,
    factor: Option<f64>,
    least: Option<u32>,
    late: Option<DurationText>,
}

/// What is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Direction {
    #[default]
    Both,
    More,
    Less,
}

/// A rule that compares hours.
pub(super) struct Volume {
    pub(super) rule: Arc<Rule>,
    pub(super) scope: Scope,
    pub(super) per: Vec<String>,
    direction: Direction,
    /// How many times the usual distance it takes …
    factor: f64,
    /// … and how many events.
    least: f64,
    late: u32,
}

/// One group's hours.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Hours {
    values: Vec<String>,
    /// Hours since 1970 with how many events, in order; those without are not there.
    counts: Vec<(u32, u32)>,
    /// The first of them.
    first: u32,
}

impl Packed for Hours {
    fn pack(&self, out: &mut Vec<u8>) {
        pack_texts(&self.values, out);
        out.extend_from_slice(&self.first.to_le_bytes());
        out.extend_from_slice(&(self.counts.len() as u16).to_le_bytes());
        for (hour, count) in &self.counts {
            out.extend_from_slice(&hour.to_le_bytes());
            out.extend_from_slice(&count.to_le_bytes());
        }
    }

    fn unpack(bytes: &mut &[u8]) -> Option<Self> {
        let number = |bytes: &mut &[u8]| take(bytes).map(u32::from_le_bytes);
        Some(Self {
            values: unpack_texts(bytes)?,
            first: number(bytes)?,
            counts: unpack_list(bytes, |bytes| Some((number(bytes)?, number(bytes)?)))?,
        })
    }
}

impl Hours {
    fn add(&mut self, hour: u32) {
        self.first = self.first.min(hour);
        match self.counts.binary_search_by_key(&hour, |(hour, _)| *hour) {
            Ok(at) => self.counts[at].1 = self.counts[at].1.saturating_add(1),
            Err(at) => self.counts.insert(at, (hour, 1)),
        }
    }

    fn of(&self, hour: u32) -> f64 {
        let at = self.counts.binary_search_by_key(&hour, |(hour, _)| *hour);
        at.map_or(0.0, |at| f64::from(self.counts[at].1))
    }

    /// The same hour of the days before, as far as the group was there.
    fn past(&self, hour: u32) -> Vec<f64> {
        let days = (1..=DAYS).map_while(|day| hour.checked_sub(24 * day));
        days.filter(|hour| *hour > self.first)
            .map(|hour| self.of(hour))
            .collect()
    }
}

impl Volume {
    pub(super) fn compile(file: &str, rule: &RuleFile, settings: VolumeFile) -> Result<Self, String> {
        held("per", &settings.per)?;
        let factor = settings.factor.unwrap_or(5.0);
        if !(1.0..=1_000.0).contains(&factor) {
            return Err(format!("`factor` is {factor}: use 1 to 1000"));
        }
        let late = settings.late.unwrap_or(LATE);
        if late.as_secs() > 86_400 {
            return Err(format!("`late` is {late}: use at most 1d"));
        }
        Ok(Self {
            rule: Arc::new(rule.head(file, RuleKind::Volume, settings.per.clone(), None)?),
            scope: Scope::compile(&rule.logsource, &settings.query)?,
            per: settings.per,
            direction: settings.direction,
            factor,
            least: f64::from(settings.least.unwrap_or(20)),
            late: late.as_secs() as u32,
        })
    }

    /// Counts an event.
    pub(super) fn count(&self, view: &View<'_>, received: Timestamp, kept: &mut Kept<Hours>) {
        let (hour, now) = (moment(view.event.time) / HOUR, moment(received) / HOUR);
        // A clock that is wrong, or older than anything that is compared.
        if hour > now + 1 || hour + 24 * (DAYS + 1) < now {
            return;
        }
        let group = kept.touch(&self.rule.key, &self.per, view, |values| Hours {
            values,
            counts: Vec::new(),
            first: hour,
        });
        group.add(hour);
    }

    /// Looks at the hours that are over now.
    pub(super) fn tick(&self, received: Timestamp, kept: &mut Kept<Hours>) -> Vec<Detection> {
        let groups = kept.of(&self.rule.key);
        let over = moment(received).saturating_sub(self.late) / HOUR;
        let Some(closed) = groups.closed else {
            groups.closed = Some(over);
            return Vec::new();
        };
        if over <= closed {
            return Vec::new();
        }
        let from = closed.max(over.saturating_sub(MISSED_MAX));
        let mut found = Vec::new();
        groups.all.for_each(|_, group| {
            found.extend((from..over).filter_map(|hour| self.judge(hour, group)));
            group.counts.retain(|(hour, _)| hour + 24 * (DAYS + 1) >= over);
        });
        while groups.all.oldest().is_some_and(|group| group.counts.is_empty()) {
            groups.all.pop_oldest();
        }
        groups.closed = Some(over);
        found
    }

    fn judge(&self, hour: u32, group: &Hours) -> Option<Detection> {
        let past = group.past(hour);
        if past.len() < DAYS_LEAST {
            return None;
        }
        let now = group.of(hour);
        let usual = median(past.clone());
        let distance = median(past.iter().map(|count| (count - usual).abs()).collect());
        let varies = (NORMAL * distance).max(usual.sqrt()).max(1.0);
        let more = now > usual;
        let wanted = match self.direction {
            Direction::Both => true,
            Direction::More => more,
            Direction::Less => !more,
        };
        let off = (now - usual).abs();
        if !wanted || off < self.least || off <= self.factor * varies {
            return None;
        }
        let about = if self.per.is_empty() {
            String::new()
        } else {
            format!(" ({})", pairs(&self.per, &group.values))
        };
        let (first, last) = (time(hour * HOUR), time((hour + 1) * HOUR));
        let note = format!(
            "{now:.0} events in the hour from {first}, usual are {usual:.0} on {} days{about}",
            past.len()
        );
        Some(Detection::of_time(
            &self.rule,
            (&self.per, &group.values),
            (first, last),
            now as u64,
            note,
        ))
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        n if n % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}
