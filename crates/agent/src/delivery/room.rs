//! Room in a full spool, and what is too old: what is let go of is read again from its source, or declared.
//!
//! Every declaration is durable before the segments it speaks of are removed, so a crash in between loses neither.

use std::collections::BTreeMap;

use watchpost_event::{BatchHeader, Skip, StreamKey, Timestamp};

use super::spool::{Room, WhenFull};
use super::{Delivery, DeliveryError, Entry, make};
use crate::source::Produced;

/// Batches stayed in the spool longer than `spool.max_age`.
pub(super) const TOO_OLD: &str = "spool-max-age";
/// Segments looked at in one go.
const ROUNDS_MAX: usize = 1000;
/// What a record takes beside batch and checkpoint.
const RECORD_EXTRA_BYTES: u64 = 512;
/// Declared holes of one batch: its header has a limit.
const SKIPS_MAX: usize = 100;
/// A clock that says less was never set (2020-01-01): by such a time nothing is old.
const CLOCK_SET: Timestamp = Timestamp(1_577_836_800_000_000_000);

/// Why batches are let go of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Why {
    reason: &'static str,
    /// Whether what can be read again is not declared: the server will ask for it.
    rereads: bool,
}

impl Delivery {
    /// Takes a batch; where the spool is full and it must not wait, what is oldest goes.
    pub(super) fn take_as(&mut self, produced: &Produced, room: Room, now: Timestamp) -> Result<(), DeliveryError> {
        let header = &produced.header()?;
        let mark = self.spool.mark(&produced.key);
        let comes_again = mark.is_some_and(|mark| header.from < mark.spooled);
        let room = if comes_again { Room::Own } else { room };
        let entry = match self.spool.append(produced, header, room, now) {
            Err(full @ (DeliveryError::Full { .. } | DeliveryError::NoRoom { .. })) => {
                if !self.make_room(produced, room, &full, now)? {
                    return Err(full);
                }
                self.spool.append(produced, header, room, now)?
            }
            other => other?,
        };
        if !comes_again {
            *self.read.entry(entry.key.clone()).or_default() += entry.records;
        }
        self.outbox.push(entry);
        Ok(())
    }

    /// Whether it is worth trying again.
    fn make_room(
        &mut self,
        produced: &Produced,
        room: Room,
        full: &DeliveryError,
        now: Timestamp,
    ) -> Result<bool, DeliveryError> {
        let options = self.spool.options();
        let limit = options.limit(room);
        let drops_oldest = options.when_full == WhenFull::DropOldest;
        let wanted = produced.batch.len() as u64 + produced.checkpoint.to_string().len() as u64 + RECORD_EXTRA_BYTES;
        let goal = match full {
            DeliveryError::NoRoom { .. } => self.spool.bytes(),
            _ => limit,
        };
        let goal = goal.saturating_sub(wanted);
        match room {
            Room::Own => self.let_go_what_comes_again(produced),
            Room::Live => {
                let why = Why {
                    reason: Skip::SPOOL_FULL,
                    rereads: !drops_oldest,
                };
                self.drop_oldest(goal, why, now)
            }
            Room::Waiting if drops_oldest => {
                let why = Why {
                    reason: Skip::SPOOL_FULL,
                    rereads: false,
                };
                self.drop_oldest(goal, why, now)
            }
            Room::Waiting => Ok(false),
        }
    }

    /// A source that reads a stream again brings everything behind its batch again: the spool need not hold it twice.
    fn let_go_what_comes_again(&mut self, produced: &Produced) -> Result<bool, DeliveryError> {
        let from = make::from(&produced.batch).unwrap_or(u64::MAX);
        let can_be_read_again = |mark: &super::spool::StreamMark| !mark.live && !mark.finished;
        if !self.spool.mark(&produced.key).is_some_and(can_be_read_again) {
            return Ok(false);
        }
        for entry in self.outbox.of_stream(&produced.key) {
            if entry.from >= from && !entry.drops {
                self.outbox.let_go(&entry);
            }
        }
        let before = self.spool.bytes();
        if self.spool.second_segment().is_none() {
            self.spool.roll()?;
        }
        self.spool.sync()?;
        self.spool.remove_before(self.outbox.oldest_position())?;
        Ok(self.spool.bytes() < before)
    }

    /// Lets go of the oldest segments until the spool holds at most `goal` bytes.
    fn drop_oldest(&mut self, goal: u64, why: Why, now: Timestamp) -> Result<bool, DeliveryError> {
        self.spool.sync()?;
        for _ in 0..ROUNDS_MAX {
            if self.spool.bytes() <= goal {
                return Ok(true);
            }
            if self.spool.second_segment().is_none() {
                self.spool.roll()?;
            }
            let Some(end) = self.spool.second_segment() else {
                return Ok(false);
            };
            let before = self.spool.start();
            self.let_go_of(self.outbox.before(end), why, now)?;
            self.spool.sync()?;
            self.spool.remove_before(self.outbox.oldest_position())?;
            if self.spool.start() == before {
                return Ok(false);
            }
        }
        Ok(false)
    }

    /// Drops and declares what was taken longer ago than `spool.max_age`.
    pub fn expire(&mut self, now: Timestamp) -> Result<(), DeliveryError> {
        let age = i64::try_from(self.spool.options().max_age.as_nanos()).unwrap_or(i64::MAX);
        let before = Timestamp(now.0.saturating_sub(age));
        let old = |entry: &Entry| !entry.drops && entry.at >= CLOCK_SET && entry.at < before;
        let victims: Vec<Entry> = self.outbox.entries().filter(|entry| old(entry)).cloned().collect();
        if victims.is_empty() {
            return Ok(());
        }
        let why = Why {
            reason: TOO_OLD,
            rereads: false,
        };
        self.let_go_of(victims, why, now)?;
        self.spool.sync()?;
        self.trim();
        Ok(())
    }

    fn let_go_of(&mut self, victims: Vec<Entry>, why: Why, now: Timestamp) -> Result<(), DeliveryError> {
        let mut by_stream: BTreeMap<StreamKey, Vec<Entry>> = BTreeMap::new();
        for entry in victims {
            by_stream.entry(entry.key.clone()).or_default().push(entry);
        }
        for (key, mut victims) in by_stream {
            let wanted = !self.rereads(&key, why) || victims.iter().any(|victim| victim.drops);
            // One declaration for all that is dropped side by side: they must not fill what they make room in.
            let earlier = self
                .outbox
                .of_stream(&key)
                .into_iter()
                .filter(|entry| entry.drops && wanted);
            let more: Vec<Entry> = earlier
                .filter(|entry| victims.iter().all(|victim| victim.position != entry.position))
                .collect();
            victims.extend(more);
            victims.sort_by_key(|entry| (entry.from, entry.to, entry.position));
            let declared = self.declarations(&key, &victims, why)?;
            for entry in &victims {
                self.outbox.let_go(entry);
            }
            for produced in declared {
                let entry = self.spool.append_drop(&produced, now)?;
                self.outbox.push(entry);
            }
        }
        Ok(())
    }

    /// The batches that stand for what is let go of.
    fn declarations(&mut self, key: &StreamKey, victims: &[Entry], why: Why) -> Result<Vec<Produced>, DeliveryError> {
        let rereads = self.rereads(key, why);
        let kept: Vec<Entry> = {
            let all = self.outbox.of_stream(key).into_iter();
            all.filter(|entry| victims.iter().all(|victim| victim.position != entry.position))
                .collect()
        };
        let mut skips: Vec<Skip> = Vec::new();
        let mut last: Option<BatchHeader> = None;
        let mut records_lost = 0;
        for victim in victims {
            let header = self.spool.header(victim).ok();
            match &header {
                Some(header) if header.events == 0 && !header.skip.is_empty() => {
                    for skip in &header.skip {
                        add(&mut skips, skip.clone());
                    }
                }
                _ if rereads => {}
                _ => {
                    for (from, to) in uncovered(victim, &kept) {
                        let whole = (from, to) == (victim.from, victim.to);
                        let records = if whole { victim.records } else { 0 };
                        records_lost += records;
                        let reason = why.reason.to_owned();
                        add(
                            &mut skips,
                            Skip {
                                from,
                                to,
                                reason,
                                records,
                            },
                        );
                    }
                }
            }
            last = header.or(last);
        }
        if records_lost > 0 || !rereads {
            self.count_lost(key, why.reason, records_lost, victims.len());
        }
        let end = victims
            .iter()
            .filter(|victim| victim.end && !rereads)
            .map(|victim| victim.to);
        let declared = make::skip_batches(
            key,
            &skips,
            SKIPS_MAX,
            end.max(),
            last.as_ref(),
            &self.spool.checkpoint(key),
        )?;
        Ok(declared)
    }

    /// Whether what a stream loses here comes again from its source.
    fn rereads(&self, key: &StreamKey, why: Why) -> bool {
        why.rereads && self.spool.mark(key).is_some_and(|mark| !mark.live && !mark.finished)
    }

    fn count_lost(&mut self, key: &StreamKey, reason: &'static str, records: u64, batches: usize) {
        tracing::error!(stream = %key.stream, records, batches, reason,
            "spooled batches were dropped before the server could take them; the gap is declared");
        *self.lost.entry(reason.to_owned()).or_default() += records;
    }

    /// Of a declared hole the server turns out to have the beginning, which was under way: the rest stays declared.
    pub(super) fn clip_declared(&mut self, key: &StreamKey, cursor: u64, now: Timestamp) -> Result<(), DeliveryError> {
        let partly = |entry: &Entry| entry.drops && entry.from < cursor && cursor < entry.to;
        let Some(entry) = self.outbox.of_stream(key).into_iter().find(partly) else {
            return Ok(());
        };
        let header = self.spool.header(&entry)?;
        let mut skips = Vec::new();
        for mut skip in header.skip.iter().filter(|skip| skip.to > cursor).cloned() {
            if skip.from < cursor {
                (skip.from, skip.records) = (cursor, 0);
            }
            skips.push(skip);
        }
        let end = entry.end.then_some(entry.to);
        let checkpoint = self.spool.checkpoint(key);
        for produced in make::skip_batches(key, &skips, SKIPS_MAX, end, Some(&header), &checkpoint)? {
            let entry = self.spool.append_drop(&produced, now)?;
            self.outbox.push(entry);
        }
        self.outbox.let_go(&entry);
        Ok(())
    }
}

/// Adds a hole behind the others; what overlaps them is left out, what continues the last one joins it.
fn add(skips: &mut Vec<Skip>, mut skip: Skip) {
    if let Some(last) = skips.last_mut() {
        if skip.from < last.to {
            (skip.from, skip.records) = (last.to, 0);
        }
        if skip.from >= skip.to {
            return;
        }
        if last.to == skip.from && last.reason == skip.reason {
            last.to = skip.to;
            last.records += skip.records;
            return;
        }
    }
    if skip.from < skip.to {
        skips.push(skip);
    }
}

/// The parts of a batch's range that no other batch brings.
fn uncovered(victim: &Entry, kept: &[Entry]) -> Vec<(u64, u64)> {
    let mut parts = Vec::new();
    let mut at = victim.from;
    for other in kept {
        if other.to <= at {
            continue;
        }
        if other.from >= victim.to {
            break;
        }
        if other.from > at {
            parts.push((at, other.from));
        }
        at = at.max(other.to);
    }
    if at < victim.to {
        parts.push((at, victim.to));
    }
    parts
}
