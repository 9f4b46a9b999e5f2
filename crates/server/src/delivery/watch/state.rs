//! Who is heard of, and when: the rhythm of every stream, and who is silent. Pure; `now` is an argument.
//!
//! A host is silent when its agent has not reported for three of its own intervals. A stream is silent when it brings
//! nothing for longer than the configuration says, or for twice its longest pause of the last seven days in which it
//! brought something; it is judged once it has done so on three days.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use watchpost_event::protocol::HealthReport;
use watchpost_event::{AgentId, Cursors, Epoch, StreamId, Timestamp};
use watchpost_kit::Rng;

use super::notice::{Notice, What};
use crate::agents::AgentHealth;

pub(super) const VERSION: u32 = 1;
const SECOND: i64 = 1_000_000_000;
const HOUR: i64 = 3_600 * SECOND;
const DAY: i64 = 24 * HOUR;
/// Reports that may be missing.
const MISSED: i64 = 3;
/// An interval is never taken for shorter, or for longer than an hour.
const INTERVAL_MIN: i64 = SECOND / 10;
/// Within so long agents find a server that was away: twice their longest pause between two attempts.
const RETURN: i64 = 60 * SECOND;
/// A learned pause is never taken for shorter.
const LEARNED_MIN: i64 = HOUR;
/// Days of activity that are remembered …
const DAYS_MAX: usize = 7;
/// … and how many are needed before a stream is judged by them.
const DAYS_NEEDED: usize = 3;
/// A host that is silent for so long is forgotten.
const FORGOTTEN: i64 = 30 * DAY;
const HOSTS_MAX: usize = 20_000;
const STREAMS_MAX: usize = 100_000;

/// What a stream is held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// To its own rhythm.
    Learned,
    /// To bring something within so many nanoseconds.
    Within(i64),
    /// To nothing.
    Nothing,
}

/// A host that reports.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct HostWatch {
    /// When its last report came.
    pub(crate) heard: Timestamp,
    /// Nanoseconds between two reports.
    interval: i64,
    pub(crate) name: Option<String>,
    /// Its last word was that it was told to stop.
    pub(crate) stopped: bool,
    /// Silent, and since when.
    pub(crate) silent: Option<Timestamp>,
}

impl HostWatch {
    fn patience(&self) -> i64 {
        self.interval.saturating_mul(MISSED).max(SECOND)
    }
}

/// A stream, whatever its epoch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct StreamWatch {
    /// When it last brought something.
    last: Timestamp,
    /// Days on which it brought something (numbered from 1970), and the longest pause that ended on each.
    days: VecDeque<(i64, i64)>,
    /// Silent, and since when.
    pub(crate) silent: Option<Timestamp>,
    /// For so long nothing may come.
    #[serde(default)]
    pub(crate) expected_ns: Option<i64>,
}

impl StreamWatch {
    fn moved(&mut self, at: Timestamp, since: Timestamp) {
        let day = at.0.div_euclid(DAY);
        // While the server was away nobody could come.
        let pause = if self.last < since {
            0
        } else {
            at.0.saturating_sub(self.last.0)
        };
        self.last = at;
        match self.days.back_mut() {
            Some((last, longest)) if *last >= day => *longest = (*longest).max(pause),
            _ => {
                if self.days.len() == DAYS_MAX {
                    self.days.pop_front();
                }
                self.days.push_back((day, pause));
            }
        }
    }

    fn patience(&self, expected: Expected) -> Option<i64> {
        match expected {
            Expected::Nothing => None,
            Expected::Within(nanos) => Some(nanos),
            Expected::Learned if self.days.len() < DAYS_NEEDED => None,
            Expected::Learned => {
                let longest = self.days.iter().map(|(_, pause)| *pause).max().unwrap_or(0);
                Some(longest.saturating_mul(2).max(LEARNED_MIN))
            }
        }
    }
}

/// Everything that is remembered, as it stands in the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct WatchState {
    pub(super) v: u32,
    /// Of the stream in which notices are written back.
    pub(super) epoch: Epoch,
    /// Notices up to here are in the ledger.
    pub(super) cursor: u64,
    /// These are not; the first has the position behind the cursor.
    pub(super) pending: Vec<Notice>,
    hosts: BTreeMap<AgentId, HostWatch>,
    streams: BTreeMap<AgentId, BTreeMap<StreamId, StreamWatch>>,
}

impl WatchState {
    /// Nobody is known.
    pub(crate) fn empty() -> Self {
        Self {
            v: VERSION,
            epoch: Epoch(Rng::from_os().next_u64()),
            cursor: 0,
            pending: Vec::new(),
            hosts: BTreeMap::new(),
            streams: BTreeMap::new(),
        }
    }

    /// A host.
    pub(crate) fn host(&self, agent: &AgentId) -> Option<&HostWatch> {
        self.hosts.get(agent)
    }

    /// All hosts.
    pub(crate) fn hosts(&self) -> impl Iterator<Item = (&AgentId, &HostWatch)> {
        self.hosts.iter()
    }

    /// A stream.
    pub(crate) fn stream(&self, agent: &AgentId, stream: &StreamId) -> Option<&StreamWatch> {
        self.streams.get(agent)?.get(stream)
    }

    fn note(&mut self, agent: &AgentId, stream: Option<&StreamId>, what: What, since: Timestamp, now: Timestamp) {
        self.pending.push(Notice {
            agent: agent.clone(),
            host: self.hosts.get(agent).and_then(|host| host.name.clone()),
            stream: stream.cloned(),
            time: now,
            since,
            what,
        });
    }

    /// Takes a report in; true when the host is new.
    pub(crate) fn hear(&mut self, health: &AgentHealth, now: Timestamp) -> bool {
        let Some(delivery) = &health.report.delivery else {
            return false;
        };
        let agent = &health.report.agent_id;
        let is_new = !self.hosts.contains_key(agent);
        if is_new && self.hosts.len() >= HOSTS_MAX {
            return false;
        }
        let host = self.hosts.entry(agent.clone()).or_default();
        if health.received_at <= host.heard {
            return false;
        }
        host.heard = health.received_at;
        let interval = i64::try_from(delivery.interval_ms).unwrap_or(i64::MAX);
        host.interval = interval.saturating_mul(1_000_000).clamp(INTERVAL_MIN, HOUR);
        host.stopped = health.report.status == HealthReport::STOPPED;
        if !delivery.host.is_empty() {
            host.name = Some(delivery.host.clone());
        }
        if let Some(since) = host.silent.take() {
            self.note(agent, None, What::Back, since, now);
        }
        is_new
    }

    /// Finds hosts that are silent. Nobody could be heard before `since`.
    pub(crate) fn judge_hosts(&mut self, now: Timestamp, since: Timestamp) {
        let mut silent = Vec::new();
        self.hosts.retain(|agent, host| {
            let quiet = quiet(host.heard, now, since);
            if host.silent.is_none() && quiet > host.patience() {
                host.silent = Some(host.heard);
                silent.push((agent.clone(), host.heard, host.patience(), host.stopped));
            }
            now.0.saturating_sub(host.heard.0) < FORGOTTEN
        });
        for (agent, heard, expected, stopped) in silent {
            self.note(&agent, None, What::Silent { expected, stopped }, heard, now);
        }
    }

    /// Takes in how far every stream is, and finds those that are silent. `waits` says whether an agent holds something
    /// of a stream that has not arrived: that is no silence.
    pub(crate) fn judge_streams(
        &mut self,
        moved: &Moved,
        now: Timestamp,
        since: Timestamp,
        expected: impl Fn(&AgentId, &StreamId) -> Expected,
        waits: impl Fn(&AgentId, &StreamId) -> bool,
    ) {
        self.forget_streams(moved);
        let mut known: usize = self.streams.values().map(BTreeMap::len).sum();
        let mut told = Vec::new();
        for ((agent, stream), at) in &moved.0 {
            let streams = self.streams.entry(agent.clone()).or_default();
            if !streams.contains_key(stream) {
                if known >= STREAMS_MAX {
                    continue;
                }
                known += 1;
            }
            let watch = streams.entry(stream.clone()).or_default();
            if *at > watch.last {
                watch.moved(*at, since);
                if let Some(silent) = watch.silent.take() {
                    told.push((agent.clone(), stream.clone(), What::Back, silent));
                }
            }
            watch.expected_ns = watch.patience(expected(agent, stream));
            let Some(patience) = watch.expected_ns else {
                watch.silent = None;
                continue;
            };
            let quiet = quiet(watch.last, now, since);
            let host_is_silent = self
                .hosts
                .get(agent)
                .is_some_and(|host| host.silent.is_some() || host.stopped);
            if watch.silent.is_none() && quiet > patience && !host_is_silent && !waits(agent, stream) {
                watch.silent = Some(watch.last);
                let what = What::Silent {
                    expected: patience,
                    stopped: false,
                };
                told.push((agent.clone(), stream.clone(), what, watch.last));
            }
        }
        for (agent, stream, what, since) in told {
            self.note(&agent, Some(&stream), what, since, now);
        }
    }

    fn forget_streams(&mut self, moved: &Moved) {
        self.streams.retain(|agent, streams| {
            streams.retain(|stream, _| moved.0.contains_key(&(agent.clone(), stream.clone())));
            !streams.is_empty()
        });
    }
}

/// How long nothing was heard. Who was last heard before the server could hear at all has time to find it again.
fn quiet(last: Timestamp, now: Timestamp, since: Timestamp) -> i64 {
    let from = if last < since { since.plus(RETURN) } else { last };
    now.0.saturating_sub(from.0)
}

/// When each stream that goes on last moved.
#[derive(Clone, Debug, Default)]
pub(crate) struct Moved(BTreeMap<(AgentId, StreamId), Timestamp>);

impl Moved {
    /// As of these cursors: the newest of a stream's epochs counts, and one that has none left is over.
    pub(crate) fn of(cursors: &Cursors) -> Self {
        let mut moved: BTreeMap<(AgentId, StreamId), Timestamp> = BTreeMap::new();
        let streams = cursors
            .iter()
            .filter(|(key, state)| !state.ended && !key.agent.as_str().starts_with('@'));
        for (key, state) in streams {
            let at = moved.entry((key.agent.clone(), key.stream.clone())).or_default();
            *at = (*at).max(state.updated);
        }
        Self(moved)
    }

    #[cfg(test)]
    pub(crate) fn one(agent: &AgentId, stream: &StreamId, at: Timestamp) -> Self {
        Self(BTreeMap::from([((agent.clone(), stream.clone()), at)]))
    }
}
