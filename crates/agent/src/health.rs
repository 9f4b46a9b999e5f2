//! What an agent tells the server of itself: [`Seen`] gathers it, [`Pulse`] says when it is due.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use watchpost_event::protocol::{
    AgentDelivery, HEALTH_SOURCES_MAX, HealthReport, SourceHealth, SpoolHealth, StreamHealth,
};
use watchpost_event::{AgentId, StreamKey, Timestamp};

use crate::delivery::Standing;
use crate::shared::Shared;
use crate::source::Activity;

/// More streams than this are not remembered; their positions in the spool are known all the same.
const STREAMS_MAX: usize = 20_000;
/// What a source said is told for a day: much of it is said once.
const TROUBLE_NANOS: i64 = 86_400_000_000_000;

/// What the collector does, for the next report.
#[derive(Default)]
pub(crate) struct Seen(Mutex<Noted>);

#[derive(Default)]
struct Noted {
    streams: BTreeMap<StreamKey, Read>,
    sources: BTreeMap<String, SourceHealth>,
    /// Something was read since the last scan was noted: by that source, since they take turns.
    fresh: bool,
}

/// How far a stream was read, and when.
#[derive(Clone, Copy)]
struct Read {
    to: u64,
    at: Timestamp,
}

impl Seen {
    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A stream was read up to here, whether the spool took it or not.
    pub(crate) fn note_read(&self, key: &StreamKey, to: u64, now: Timestamp) {
        let mut noted = self.noted();
        noted.fresh = true;
        if let Some(read) = noted.streams.get_mut(key) {
            *read = Read { to, at: now };
        } else if noted.streams.len() < STREAMS_MAX {
            noted.streams.insert(key.clone(), Read { to, at: now });
        }
    }

    /// A source was looked at.
    pub(crate) fn note_scan(&self, name: &str, activity: &Activity, now: Timestamp) {
        let fresh = std::mem::take(&mut self.noted().fresh) || activity.read_bytes > 0;
        self.with_source(name, |source| {
            source.scanned = Some(now);
            source.waits = activity.blocked;
            if fresh {
                source.read = Some(now);
            }
            if let Some(notice) = activity.notices.last() {
                source.trouble = Some(notice.to_string());
                source.trouble_at = Some(now);
            } else if source
                .trouble_at
                .is_some_and(|at| now.0.saturating_sub(at.0) > TROUBLE_NANOS)
            {
                (source.trouble, source.trouble_at) = (None, None);
            }
        });
    }

    /// A source failed.
    pub(crate) fn note_failure(&self, name: &str, error: String, now: Timestamp) {
        self.with_source(name, |source| {
            source.trouble = Some(error);
            source.trouble_at = Some(now);
        });
    }

    fn with_source(&self, name: &str, change: impl FnOnce(&mut SourceHealth)) {
        let mut noted = self.noted();
        if !noted.sources.contains_key(name) {
            if noted.sources.len() >= HEALTH_SOURCES_MAX {
                return;
            }
            let source = SourceHealth {
                name: name.to_owned(),
                ..SourceHealth::default()
            };
            noted.sources.insert(name.to_owned(), source);
        }
        if let Some(source) = noted.sources.get_mut(name) {
            change(source);
        }
    }

    /// Every stream with what was read of it, those that wait first, then the newest. What the spool has forgotten is
    /// forgotten here too.
    fn streams(&self, standings: Vec<Standing>) -> Vec<StreamHealth> {
        let mut noted = self.noted();
        let known: std::collections::BTreeSet<&StreamKey> = standings.iter().map(|standing| &standing.key).collect();
        noted.streams.retain(|key, _| known.contains(key));
        drop(known);
        let mut streams: Vec<StreamHealth> = standings
            .into_iter()
            .map(|standing| {
                let read = noted.streams.get(&standing.key);
                StreamHealth {
                    read: read.map_or(standing.spooled, |read| read.to.max(standing.spooled)),
                    last_read: read.map(|read| read.at),
                    stream: standing.key.stream,
                    epoch: standing.key.epoch,
                    spooled: standing.spooled,
                    acknowledged: standing.acknowledged,
                    records: standing.records,
                    oldest: standing.oldest,
                }
            })
            .collect();
        drop(noted);
        streams.sort_by_key(|stream| (stream.oldest.unwrap_or(Timestamp(i64::MAX)), Reverse(stream.last_read)));
        streams
    }

    fn sources(&self) -> Vec<SourceHealth> {
        self.noted().sources.values().cloned().collect()
    }
}

/// Who reports, and how often.
#[derive(Clone, Debug)]
pub(crate) struct Reporter {
    pub(crate) agent: AgentId,
    pub(crate) host: String,
    pub(crate) interval: Duration,
    pub(crate) spool_max_bytes: u64,
    /// What its configuration lets a server ask, by name.
    pub(crate) commands: Vec<String>,
    /// Services it may be asked to give files to.
    pub(crate) uploads: Vec<String>,
}

impl Reporter {
    /// The report as of now.
    pub(crate) fn report(&self, shared: &Shared, stopped: bool, now: Timestamp) -> HealthReport {
        let (backlog, standings) = {
            let delivery = shared.lock();
            (delivery.backlog(), delivery.standings())
        };
        let spool = SpoolHealth {
            bytes: backlog.spool_bytes,
            max_bytes: self.spool_max_bytes,
            records: standings.iter().map(|standing| standing.records).sum(),
            batches: backlog.batches as u64,
            oldest: standings.iter().filter_map(|standing| standing.oldest).min(),
            full: shared.stalled(),
        };
        let status = match (stopped, &spool.full, backlog.batches) {
            (true, ..) => HealthReport::STOPPED,
            (false, Some(_), _) => "full",
            (false, None, 0) => "ok",
            _ => "waiting",
        };
        let mut report = HealthReport {
            agent_id: self.agent.clone(),
            timestamp: now,
            status: status.to_owned(),
            metrics: Value::Null,
            delivery: Some(AgentDelivery {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                host: self.host.clone(),
                interval_ms: u64::try_from(self.interval.as_millis()).unwrap_or(u64::MAX),
                trouble: shared.trouble(),
                spool,
                streams: shared.seen.streams(standings),
                streams_left_out: 0,
                sources: shared.seen.sources(),
                commands: Some(self.commands.clone()),
                uploads: self.uploads.clone(),
            }),
        };
        report.cut();
        report
    }
}

/// When the next report is due, by the monotonic clock.
pub(crate) struct Pulse {
    interval: Duration,
    due: Duration,
    last: Option<Duration>,
    /// The last report said that something waits.
    told_waiting: bool,
}

impl Pulse {
    /// The first is due at once.
    pub(crate) fn new(interval: Duration) -> Self {
        Self {
            interval,
            due: Duration::ZERO,
            last: None,
            told_waiting: false,
        }
    }

    pub(crate) fn is_due(&self, now: Duration) -> bool {
        now >= self.due
    }

    /// How long until it is.
    pub(crate) fn wait(&self, now: Duration) -> Duration {
        self.due.saturating_sub(now)
    }

    /// A report went out.
    pub(crate) fn told(&mut self, waiting: bool, now: Duration) {
        // The first says that the agent is there; what it finds is told soon after.
        let is_first = self.last.is_none();
        self.told_waiting = waiting;
        self.last = Some(now);
        self.due = now + if is_first { self.interval / 10 } else { self.interval };
    }

    /// It did not arrive: soon again.
    pub(crate) fn failed(&mut self, now: Duration) {
        self.due = now + self.interval / 4;
    }

    /// Something has changed that the server should hear of before its time: at most ten times as often as usual.
    pub(crate) fn hurry(&mut self) {
        self.due = self
            .due
            .min(self.last.map_or(Duration::ZERO, |last| last + self.interval / 10));
    }

    /// Nothing waits any longer: says so soon, if something else was said.
    pub(crate) fn drained(&mut self) {
        if self.told_waiting {
            self.hurry();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Pulse;
    use std::time::Duration;

    #[test]
    fn a_report_is_due_in_its_time_and_sooner_when_something_has_changed() {
        let second = Duration::from_secs;
        let mut pulse = Pulse::new(second(60));
        assert!(pulse.is_due(second(0)));
        pulse.told(false, second(5));
        assert!(
            !pulse.is_due(second(10)) && pulse.is_due(second(11)),
            "the first has found nothing yet"
        );
        pulse.told(true, second(15));
        assert!(!pulse.is_due(second(74)));
        assert_eq!(pulse.wait(second(35)), second(40));
        pulse.drained();
        assert!(!pulse.is_due(second(20)) && pulse.is_due(second(21)));
        pulse.told(false, second(21));
        pulse.drained();
        assert!(!pulse.is_due(second(80)) && pulse.is_due(second(81)));
        pulse.failed(second(81));
        assert!(!pulse.is_due(second(95)) && pulse.is_due(second(96)));
    }
}
