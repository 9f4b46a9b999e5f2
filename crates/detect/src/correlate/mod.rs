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
//! A correlation may count another one: where that completes, it is a hit of its own, with the values it is grouped by;
//! while its series goes on it is one again for those that ask for an order of things.
//!
//! Limits: [`ENTRIES_MAX`] hits waiting per group, [`BURSTS_MAX`] bursts per group, [`Limits`] for all groups. When they are
//! reached, **the fullest correlation gives first**: of the one that has most groups, or whose groups take most memory, the
//! group that was touched longest ago goes, so that a flood of addresses in one rule costs that rule its memory and no other. What
//! is forgotten for lack of room is counted ([`Correlator::forgotten`]); what is forgotten by age goes by the time of
//! receipt, two time spans (an hour at least) after a group was last touched.

mod group;
mod rule;
mod snapshot;
#[cfg(test)]
mod tests;
mod window;

use std::collections::BTreeMap;

use serde::Deserialize;
use watchpost_event::Timestamp;

use crate::beyond::Memory;
use crate::digest::digest;
use crate::lru::Lru;
use crate::{Detection, Hit, Rules, Share};
pub(crate) use group::Burst;
use group::{Entry, Group, Step};
pub(crate) use rule::{Correlation, Part, bounded, head, span_text};

/// Hits that wait per group; the oldest of them goes first. A threshold may ask for no more.
pub(crate) const ENTRIES_MAX: usize = 1_024;
/// Bursts remembered per group.
pub(crate) const BURSTS_MAX: usize = 32;
/// A group is kept at least so long after it was touched.
const KEEP_NANOS: i64 = 3_600 * 1_000_000_000;
/// How often, in time of receipt, forgetting by age is looked at.
const FORGET_EVERY_NANOS: i64 = 60 * 1_000_000_000;

/// How much is remembered of all correlations together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Groups.
    pub(crate) groups: usize,
    /// Bytes that they take.
    pub(crate) bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            groups: 1_000_000,
            bytes: 256 << 20,
        }
    }
}

/// How long a group is kept after it was touched.
fn keep_nanos(span: i64) -> i64 {
    span.saturating_mul(2).max(KEEP_NANOS)
}

/// What was counted so far, and what rules of our own kinds remember.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(from = "snapshot::Snapshot")]
pub struct Correlator {
    books: BTreeMap<String, Book>,
    pub(crate) beyond: Memory,
    forgotten: u64,
    /// When forgetting by age was last looked at.
    looked: Timestamp,
    limits: Limits,
}

/// One correlation's groups, by the digest of their values.
#[derive(Clone, Debug, Default, PartialEq)]
struct Book {
    groups: Lru<Group>,
    bytes: usize,
}

impl Book {
    fn new(groups: Lru<Group>) -> Self {
        let bytes = groups.iter().map(|(_, group)| group.bytes()).sum();
        Self { groups, bytes }
    }

    fn count(&mut self, share: &Share, is_known: impl FnOnce(&mut Group) -> Step) -> Step {
        let key = digest(share.group.iter().map(String::as_str));
        let before = self.groups.get(key).map_or(0, Group::bytes);
        let group = self.groups.touch(key);
        let step = is_known(group);
        self.bytes = self.bytes + group.bytes() - before;
        step
    }

    fn drop_oldest(&mut self) {
        if let Some(group) = self.groups.pop_oldest() {
            self.bytes -= group.bytes();
        }
    }
}

/// A hit of one part of a correlation.
struct Counted<'a> {
    /// The key of the rule that matched.
    part: &'a str,
    time: Timestamp,
    received: Timestamp,
    /// It was one before, and goes on.
    again: bool,
}

impl Correlator {
    /// Counts a hit; a detection for every correlation it completes. What a set of rules no longer knows is passed
    /// over.
    pub fn add(&mut self, rules: &Rules, hit: &Hit) -> Vec<Detection> {
        self.forget_old(rules, hit.received);
        let counted = Counted {
            part: &hit.rule,
            time: hit.time,
            received: hit.received,
            again: false,
        };
        let mut found = Vec::new();
        for share in &hit.shares {
            self.count(rules, share, &counted, &mut found);
        }
        self.hold_limits();
        found
    }

    /// Counts it, and what it completes for the correlations that count that: a chain has an end, which compiling holds.
    fn count(&mut self, rules: &Rules, share: &Share, hit: &Counted<'_>, found: &mut Vec<Detection>) {
        let Some(correlation) = rules.correlation(&share.correlation) else {
            return;
        };
        let entry = Entry::new(
            hit.time,
            hit.received,
            correlation.part_of(hit.part),
            share.value.as_deref(),
        );
        if !self.books.contains_key(&share.correlation) {
            self.books.insert(share.correlation.clone(), Book::default());
        }
        let Some(book) = self.books.get_mut(&share.correlation) else {
            return;
        };
        let step = book.count(share, |group| {
            if hit.again {
                group.add_again(entry, hit.received, correlation)
            } else {
                group.add(entry, hit.received, correlation)
            }
        });
        let (time, again) = match step {
            Step::Waits(dropped) => {
                self.forgotten += dropped;
                return;
            }
            Step::Grew => (hit.time, true),
            Step::Completed(burst, since) => {
                if correlation.alone {
                    found.push(correlation.detection(&share.group, burst));
                }
                (since, false)
            }
        };
        let hit = Counted {
            part: &share.correlation,
            time,
            received: hit.received,
            again,
        };
        for above in &correlation.counted_by {
            let share = rules
                .correlation(above)
                .and_then(|above| above.share_of(correlation, &share.group));
            if let Some(share) = share {
                self.count(rules, &share, &hit, found);
            }
        }
    }

    /// Hits, groups and values forgotten for lack of room since the beginning: detections may have been missed by it, and
    /// what was known may be told as new.
    pub fn forgotten(&self) -> u64 {
        self.forgotten + self.beyond.forgotten()
    }

    /// How many groups are kept.
    pub fn groups(&self) -> usize {
        self.books.values().map(|book| book.groups.len()).sum()
    }

    /// Bytes that they take, about.
    pub fn bytes(&self) -> usize {
        self.books.values().map(|book| book.bytes).sum()
    }

    /// By the time of receipt, which a replay repeats.
    fn forget_old(&mut self, rules: &Rules, received: Timestamp) {
        if received.0 < self.looked.plus(FORGET_EVERY_NANOS).0 {
            return;
        }
        self.looked = received;
        self.books.retain(|key, book| {
            let Some(correlation) = rules.correlation(key) else {
                return false;
            };
            let since = received.plus(-keep_nanos(correlation.span));
            while book.groups.oldest().is_some_and(|oldest| oldest.touched < since) {
                book.drop_oldest();
            }
            !book.groups.is_empty()
        });
    }

    /// The fullest gives first: the one of most groups where there are too many, of most bytes where they are too large.
    fn hold_limits(&mut self) {
        while self.groups() > self.limits.groups {
            let fullest = self.books.values_mut().max_by_key(|book| book.groups.len());
            fullest.into_iter().for_each(Book::drop_oldest);
            self.forgotten += 1;
        }
        while self.bytes() > self.limits.bytes {
            let fullest = self.books.values_mut().max_by_key(|book| book.bytes);
            fullest.into_iter().for_each(Book::drop_oldest);
            self.forgotten += 1;
        }
    }

    #[cfg(test)]
    pub(crate) fn with_limits(limits: Limits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }
}
