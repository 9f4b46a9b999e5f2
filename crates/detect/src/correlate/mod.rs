//! Correlations: hits counted per rule and group, in the order of the events' own time whatever order they come in.
//!
//! The engine's own correlation was tried and not taken: it counts in order of arrival, so that one event of yesterday
//! completes the four of a minute ago, and a burst that arrives behind a newer event is missed; and at its memory limit
//! it forgets nine tenths of everything without saying so.
//!
//! For every group the hits not yet part of a detection are kept in order of time, and the **bursts** that were: what
//! falls into a burst's time, or within one time span of it, belongs to it and makes no second detection. So six failed
//! logins are one detection whether the threshold was met by the fifth or the sixth, and a series that goes on for
//! hours is one story.
//!
//! Limits: [`ENTRIES_MAX`] hits waiting per group, [`GROUPS_MAX`] groups, [`BURSTS_MAX`] bursts per group. What is
//! forgotten for lack of room is counted ([`Correlator::forgotten`]); what is forgotten by age goes by the time of
//! receipt, two time spans (an hour at least) after a group was last touched.

mod group;
mod rule;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use watchpost_event::Timestamp;

use crate::{Detection, Hit, Rules};
pub(crate) use group::Burst;
use group::{Entry, Group};
pub(crate) use rule::{Correlation, head, span_text};

/// Hits that wait per group; the oldest of them goes first. A threshold may ask for no more.
pub(crate) const ENTRIES_MAX: usize = 1_024;
/// Bursts remembered per group.
pub(crate) const BURSTS_MAX: usize = 32;
/// Groups of all correlations together; those touched longest ago go first.
const GROUPS_MAX: usize = 100_000;
/// So many of them go at once.
const GROUPS_DROPPED: usize = GROUPS_MAX / 20;
/// A group is kept at least so long after it was touched.
const KEEP_NANOS: i64 = 3_600 * 1_000_000_000;
/// How often, in time of receipt, forgetting by age is looked at.
const FORGET_EVERY_NANOS: i64 = 60 * 1_000_000_000;

/// Version of the snapshot.
const VERSION: u32 = 1;

type GroupKey = (String, Vec<String>);

/// What was counted so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Snapshot", into = "Snapshot")]
pub struct Correlator {
    groups: BTreeMap<GroupKey, Group>,
    forgotten: u64,
    /// When forgetting by age was last looked at.
    looked: Timestamp,
}

/// As it is stored.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Snapshot {
    v: u32,
    forgotten: u64,
    looked: Timestamp,
    groups: Vec<(GroupKey, Group)>,
}

impl From<Correlator> for Snapshot {
    fn from(correlator: Correlator) -> Self {
        Self {
            v: VERSION,
            forgotten: correlator.forgotten,
            looked: correlator.looked,
            groups: correlator.groups.into_iter().collect(),
        }
    }
}

impl From<Snapshot> for Correlator {
    fn from(snapshot: Snapshot) -> Self {
        Self {
            groups: snapshot.groups.into_iter().collect(),
            forgotten: snapshot.forgotten,
            looked: snapshot.looked,
        }
    }
}

impl Correlator {
    /// Counts a hit; a detection for every correlation it completes. What a set of rules no longer knows is passed
    /// over.
    pub fn add(&mut self, rules: &Rules, hit: &Hit) -> Vec<Detection> {
        self.forget_old(rules, hit.received);
        let mut found = Vec::new();
        for share in &hit.shares {
            let Some(correlation) = rules.correlation(&share.correlation) else {
                continue;
            };
            let key = (share.correlation.clone(), share.group.clone());
            let group = self.groups.entry(key).or_default();
            let entry = Entry {
                time: hit.time,
                part: correlation.part_of(&hit.rule),
                value: share.value.clone(),
            };
            let (burst, dropped) = group.add(entry, hit.received, correlation);
            self.forgotten += dropped;
            found.extend(burst.map(|burst| correlation.detection(&share.group, burst)));
        }
        self.hold_limit();
        found
    }

    /// Hits and groups forgotten for lack of room since the beginning: detections may have been missed by it.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// How many groups are kept.
    pub fn groups(&self) -> usize {
        self.groups.len()
    }

    /// By the time of receipt, which a replay repeats.
    fn forget_old(&mut self, rules: &Rules, received: Timestamp) {
        if received.0 < self.looked.plus(FORGET_EVERY_NANOS).0 {
            return;
        }
        self.looked = received;
        self.groups.retain(|(correlation, _), group| {
            rules.correlation(correlation).is_some_and(|correlation| {
                let keep = correlation.span.saturating_mul(2).max(KEEP_NANOS);
                group.touched.plus(keep) >= received
            })
        });
    }

    fn hold_limit(&mut self) {
        if self.groups.len() <= GROUPS_MAX {
            return;
        }
        let mut touched: Vec<_> = self
            .groups
            .iter()
            .map(|(key, group)| (group.touched, key.clone()))
            .collect();
        touched.sort();
        for (_, key) in touched.into_iter().take(GROUPS_DROPPED) {
            self.groups.remove(&key);
            self.forgotten += 1;
        }
    }
}
