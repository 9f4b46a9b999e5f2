//! Which of the waiting hits make a detection. In one pass over those within reach, however many values they have.

use std::collections::HashMap;

use super::group::Entry;
use super::rule::{Correlation, Kind};

/// The entries that with the one at `at` lie within one time span and meet the condition: of the ranges that do, the one
/// that begins earliest. `entries` are in order of time.
pub(super) fn completed(entries: &[Entry], at: usize, correlation: &Correlation) -> Option<(usize, usize)> {
    if entries.len() < correlation.least {
        return None;
    }
    let time = entries[at].time;
    let first = entries.partition_point(|entry| entry.time.plus(correlation.span) < time);
    match correlation.kind {
        Kind::EventCount => (first..=at)
            .map(|from| (from, reach(entries, from, correlation.span)))
            .find(|(from, to)| to - from >= correlation.least),
        Kind::ValueCount => {
            let value = |entry: &Entry| Some(entry.value).filter(|value| *value != 0);
            distinct(entries, (first, at), correlation, value)
        }
        Kind::Temporal => distinct(entries, (first, at), correlation, |entry| Some(u64::from(entry.part))),
        Kind::TemporalOrdered => in_order(entries, (first, at), correlation),
    }
}

/// The end of what lies within one time span of an entry.
fn reach(entries: &[Entry], from: usize, span: i64) -> usize {
    let end = entries[from].time.plus(span);
    entries.partition_point(|entry| entry.time <= end)
}

/// Enough different values: a window is moved over the entries, and what enters and leaves it is counted.
fn distinct(
    entries: &[Entry],
    (first, at): (usize, usize),
    correlation: &Correlation,
    value: impl Fn(&Entry) -> Option<u64>,
) -> Option<(usize, usize)> {
    let mut counts: HashMap<u64, u32> = HashMap::new();
    let mut to = first;
    for from in first..=at {
        let end = entries[from].time.plus(correlation.span);
        while let Some(entry) = entries.get(to).filter(|entry| entry.time <= end) {
            if let Some(value) = value(entry) {
                *counts.entry(value).or_default() += 1;
            }
            to += 1;
        }
        if counts.len() >= correlation.least {
            return Some((from, to));
        }
        if let Some(value) = value(&entries[from])
            && let Some(count) = counts.get_mut(&value)
        {
            *count -= 1;
            if *count == 0 {
                counts.remove(&value);
            }
        }
    }
    None
}

/// Each part's hit behind that of the part before it. From the end: `ends[p]` is where the parts from `p` on are complete
/// when one begins here, and an entry changes it for its own part only.
fn in_order(entries: &[Entry], (first, at): (usize, usize), correlation: &Correlation) -> Option<(usize, usize)> {
    let mut ends: Vec<Option<usize>> = vec![None; correlation.least];
    let mut found = None;
    for from in (first..reach(entries, at, correlation.span)).rev() {
        let part = entries[from].part as usize;
        if part + 1 == correlation.least {
            ends[part] = Some(from);
        } else if part < correlation.least {
            ends[part] = ends[part + 1];
        }
        if from <= at
            && let Some(end) = ends.first().copied().flatten()
        {
            let to = reach(entries, from, correlation.span);
            if end < to {
                found = Some((from, to));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;
    use watchpost_event::Timestamp;

    use super::*;

    /// The same as it is said, every range looked at whole.
    fn plainly(entries: &[Entry], at: usize, correlation: &Correlation) -> Option<(usize, usize)> {
        let meets = |entries: &[Entry]| match correlation.kind {
            Kind::EventCount => entries.len() >= correlation.least,
            Kind::ValueCount => {
                let values: HashSet<u64> = entries
                    .iter()
                    .map(|entry| entry.value)
                    .filter(|value| *value != 0)
                    .collect();
                values.len() >= correlation.least
            }
            Kind::Temporal => {
                let parts: HashSet<u32> = entries.iter().map(|entry| entry.part).collect();
                parts.len() >= correlation.least
            }
            Kind::TemporalOrdered => {
                let mut wanted = 0;
                for entry in entries {
                    wanted += usize::from(entry.part as usize == wanted);
                }
                wanted >= correlation.least
            }
        };
        let reaches = |from: usize| entries[from].time.plus(correlation.span) >= entries[at].time;
        let mut ranges = (0..=at).filter(|from| reaches(*from)).map(|from| {
            let near = |entry: &&Entry| entry.time <= entries[from].time.plus(correlation.span);
            (from, from + entries[from..].iter().take_while(near).count())
        });
        ranges.find(|(from, to)| meets(&entries[*from..*to]))
    }

    proptest! {
        #[test]
        fn one_pass_finds_what_looking_at_every_range_finds(
            hits in prop::collection::vec((0i64..60, 0u64..5, 0u32..4), 1..40),
            at in any::<prop::sample::Index>(),
            (span, least) in (1i64..30, 1usize..5),
        ) {
            let entry = |(time, value, part)| Entry { time: Timestamp(time), value, received: 0, part };
            let mut entries: Vec<_> = hits.into_iter().map(entry).collect();
            entries.sort_by_key(|entry| entry.time);
            let at = at.index(entries.len());
            for kind in [Kind::EventCount, Kind::ValueCount, Kind::Temporal, Kind::TemporalOrdered] {
                let correlation = Correlation::for_tests(kind, span, least);
                prop_assert_eq!(
                    completed(&entries, at, &correlation),
                    plainly(&entries, at, &correlation),
                    "{:?}", kind
                );
            }
        }
    }
}
