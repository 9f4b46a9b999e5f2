//! Two agents under one name, or one that was put back to an older state: both write where others have written. The
//! intake keeps them apart by epoch; here stands which of the two it is, and since when.

use std::collections::{BTreeMap, BTreeSet};

use watchpost_event::protocol::{Finding, FindingKind, Tone};
use watchpost_event::{AgentId, Cursors, StreamId, StreamKey, Timestamp};

use super::findings::{many, short};
use super::report::age;
use super::tally::Counts;

/// For so long after the last sign of it the report speaks of it.
const TOLD_SECONDS: u64 = 7 * 86_400;

/// How it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sign {
    /// Batches were refused, and nothing more is known yet.
    Refused,
    /// What was sent again stands under an epoch of its own, and nothing has come under the old one since.
    OlderState,
    /// Both epochs grow.
    TwoAgents,
}

/// What is known of one name.
#[derive(Debug)]
pub(super) struct Double<'a> {
    sign: Sign,
    since: Timestamp,
    streams: BTreeSet<&'a StreamId>,
    /// Batches refused since the server started.
    refused: u64,
}

/// The names that more than one agent, or more than one state of an agent, writes under.
pub(super) fn find<'a>(
    cursors: &'a Cursors,
    counts: &'a BTreeMap<StreamKey, Counts>,
    at: Timestamp,
) -> BTreeMap<&'a AgentId, Double<'a>> {
    let mut found = BTreeMap::new();
    for (key, state) in cursors.iter() {
        let Some(fork) = state.fork else { continue };
        let older = StreamKey {
            epoch: fork.of,
            ..key.clone()
        };
        let older = cursors.get(&older).map(|older| older.updated);
        let (sign, last) = match older.filter(|older| *older > fork.at) {
            Some(older) => (Sign::TwoAgents, older.min(state.updated)),
            None => (Sign::OlderState, fork.at),
        };
        if age(last, at) <= TOLD_SECONDS {
            note(&mut found, key, sign, fork.at);
        }
    }
    for (key, counts) in counts {
        if let Some(since) = counts.conflict_since.filter(|since| age(*since, at) <= TOLD_SECONDS) {
            note(&mut found, key, Sign::Refused, since).refused += counts.conflicts;
        }
    }
    found
}

fn note<'f, 'a>(
    found: &'f mut BTreeMap<&'a AgentId, Double<'a>>,
    key: &'a StreamKey,
    sign: Sign,
    since: Timestamp,
) -> &'f mut Double<'a> {
    let double = found.entry(&key.agent).or_insert_with(|| Double {
        sign,
        since,
        streams: BTreeSet::new(),
        refused: 0,
    });
    double.sign = double.sign.max(sign);
    double.since = double.since.min(since);
    double.streams.insert(&key.stream);
    double
}

impl Double<'_> {
    pub(super) fn finding(&self, agent: &AgentId) -> Finding {
        let streams = self.streams.len() as u64;
        let (apart, since) = (many(streams, "stream"), short(self.since));
        let (tone, detail, what, remedy) = match self.sign {
            Sign::TwoAgents => (
                Tone::Warn,
                Some("two-agents"),
                format!("Two agents send as {agent} since {since}: {apart} of the second kept apart."),
                "Nothing is lost, but what both of them read is here twice. Give the copy an identity of its own: stop its \
                 agent, remove its data folder, set another agent.id and key.",
            ),
            Sign::OlderState => (
                Tone::Note,
                Some("older-state"),
                format!("The agent {agent} was put back to an older state on {since}: {apart} kept apart since."),
                "Nothing is lost, but what it sent again is here twice; nothing is to be done. Where a machine was copied, \
                 give the copy another agent.id and key.",
            ),
            Sign::Refused => (
                Tone::Warn,
                None,
                format!(
                    "{} of {agent} refused since {since}: other data of the same place is here, so two agents send as \
                     {agent}, or it was put back to an older state.",
                    many(self.refused, "batch")
                ),
                "Where a machine was copied, give the copy an identity of its own: stop its agent, remove its data folder, \
                 set another agent.id and key. Of an older state nothing more is to be done.",
            ),
        };
        Finding {
            detail: detail.map(str::to_owned),
            count: if self.sign == Sign::Refused {
                self.refused
            } else {
                streams
            },
            records: self.refused,
            since: Some(self.since),
            ..Finding::new(FindingKind::Conflict, tone, what, remedy)
        }
    }
}
