//! What does not come any more: told once, and again only after it has come.

use std::sync::Arc;

use serde::Deserialize;
use watchpost_event::{Timestamp, View};
use watchpost_kit::DurationText;

use super::Scope;
use super::file::{RuleFile, held};
use super::groups::{Kept, moment, pack_texts, pairs, time, unpack_texts};
use crate::correlate::span_text;
use crate::lru::{Packed, take};
use crate::{Detection, Rule, RuleKind};

/// Learned: so many times the longest silence there was …
const TIMES: u32 = 3;
/// … at least so long …
const LEAST: u32 = 600;
/// … once a group is known for so long.
const LEARN: u32 = 86_400;
/// A group that was silent for so long is not expected any more.
const FORGET: u32 = 30 * 86_400;

/// As it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SilentFile {
    #[serde(default)]
    query: String,
    #[serde(default)]
    per: Vec<String>,
    after: Option<DurationText>,
}

/// A rule that waits for what does not come.
pub(super) struct Silent {
    pub(super) rule: Arc<Rule>,
    pub(super) scope: Scope,
    pub(super) per: Vec<String>,
    /// `None`: learned.
    after: Option<u32>,
}

/// When a group was heard.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Heard {
    values: Vec<String>,
    first: u32,
    last: u32,
    /// The longest time it was silent, of late.
    longest: u32,
    told: bool,
}

impl Packed for Heard {
    fn pack(&self, out: &mut Vec<u8>) {
        pack_texts(&self.values, out);
        for number in [self.first, self.last, self.longest, u32::from(self.told)] {
            out.extend_from_slice(&number.to_le_bytes());
        }
    }

    fn unpack(bytes: &mut &[u8]) -> Option<Self> {
        let number = |bytes: &mut &[u8]| take(bytes).map(u32::from_le_bytes);
        Some(Self {
            values: unpack_texts(bytes)?,
            first: number(bytes)?,
            last: number(bytes)?,
            longest: number(bytes)?,
            told: number(bytes)? != 0,
        })
    }
}

impl Silent {
    pub(super) fn compile(file: &str, rule: &RuleFile, settings: SilentFile) -> Result<Self, String> {
        held("per", &settings.per)?;
        if let Some(after) = settings.after
            && !(10..=u64::from(FORGET) / 2).contains(&after.as_secs())
        {
            return Err(format!(
                "`after` is {after}: use 10s to 15d, or leave it out to have it learned"
            ));
        }
        Ok(Self {
            rule: Arc::new(rule.head(file, RuleKind::Silent, settings.per.clone(), None)?),
            scope: Scope::compile(&rule.logsource, &settings.query)?,
            per: settings.per,
            after: settings.after.map(|after| after.as_secs() as u32),
        })
    }

    /// It was heard.
    pub(super) fn hear(&self, view: &View<'_>, received: Timestamp, kept: &mut Kept<Heard>) {
        let now = moment(received);
        let group = kept.touch(&self.rule.key, &self.per, view, |values| Heard {
            values,
            first: now,
            last: now,
            ..Heard::default()
        });
        let gap = now.saturating_sub(group.last);
        // Long ago counts less with every day or so.
        let faded = group.longest - group.longest / 64;
        group.longest = if gap >= 60 {
            faded.max(gap)
        } else {
            group.longest.max(gap)
        };
        group.last = group.last.max(now);
        group.told = false;
    }

    /// Looks who was expected.
    pub(super) fn tick(&self, received: Timestamp, kept: &mut Kept<Heard>) -> Vec<Detection> {
        let groups = kept.of(&self.rule.key);
        let now = moment(received);
        while groups
            .all
            .oldest()
            .is_some_and(|group| now.saturating_sub(group.last) > FORGET)
        {
            groups.all.pop_oldest();
        }
        let mut found = Vec::new();
        groups.all.for_each(|_, group| {
            let Some(after) = self.expected(group) else { return };
            if group.told || now.saturating_sub(group.last) <= after {
                return;
            }
            group.told = true;
            let about = if self.per.is_empty() {
                String::new()
            } else {
                format!(" ({})", pairs(&self.per, &group.values))
            };
            let (last, span) = (time(group.last), span_text(i64::from(after) * 1_000_000_000));
            let note = format!("nothing since {last}, at least every {span} is expected{about}");
            let times = (last, time(group.last.saturating_add(after)));
            found.push(Detection::of_time(
                &self.rule,
                (&self.per, &group.values),
                times,
                1,
                note,
            ));
        });
        found
    }

    fn expected(&self, group: &Heard) -> Option<u32> {
        if self.after.is_some() {
            return self.after;
        }
        let is_known = group.last.saturating_sub(group.first) >= LEARN;
        is_known.then(|| group.longest.saturating_mul(TIMES).clamp(LEAST, FORGET / 2))
    }
}
