//! Puts the delivery report together: the ledger's cursors, the store's, what agents said, what is silent, what was
//! removed. Pure: everything is handed in.

use std::collections::{BTreeMap, BTreeSet};

use watchpost_event::protocol::{
    DeliveryHost, DeliveryReport, DeliveryStream, DeliveryVerdict, HealthReport, HostDelivery, Lag, ReaderLag,
    SourceHealth, SpoolHealth, StreamHealth,
};
use watchpost_event::{AgentId, Cursors, StreamKey, StreamState, Timestamp};

use super::tally::Counts;
use super::watch::WatchState;
use super::{double, findings};
use crate::agents::{AgentBoard, AgentHealth};

const SECOND_NS: i64 = 1_000_000_000;

/// What the report is made of.
pub(crate) struct Inputs<'a> {
    pub(crate) at: Timestamp,
    /// When the server started.
    pub(crate) since: Timestamp,
    /// At the intake.
    pub(crate) cursors: &'a Cursors,
    /// At the store.
    pub(crate) stored: &'a Cursors,
    pub(crate) agents: &'a AgentBoard,
    pub(crate) watch: &'a WatchState,
    pub(crate) counts: &'a BTreeMap<StreamKey, Counts>,
    pub(crate) readers: Vec<ReaderLag>,
    pub(crate) damage: Vec<String>,
    /// Why nothing is taken in now.
    pub(crate) full: Option<String>,
    /// Of one host or agent only.
    pub(crate) only: Option<&'a str>,
}

/// The report.
pub(crate) fn report(inputs: Inputs<'_>) -> DeliveryReport {
    let health: BTreeMap<AgentId, AgentHealth> = inputs
        .agents
        .all()
        .into_iter()
        .map(|health| (health.report.agent_id.clone(), health))
        .collect();
    let mut streams = streams(&inputs, &health);
    let mut hosts = hosts(&inputs, &health, &streams);
    if let Some(only) = inputs.only {
        hosts.retain(|host| host.agent.as_str() == only || host.host.as_deref() == Some(only));
        let agents: BTreeSet<&AgentId> = hosts.iter().map(|host| &host.agent).collect();
        streams.retain(|stream| agents.contains(&stream.agent));
    }
    let mut report = DeliveryReport {
        at: inputs.at,
        since: inputs.since,
        verdict: DeliveryVerdict::None,
        findings: Vec::new(),
        findings_left_out: 0,
        hosts,
        streams,
        readers: inputs.readers,
        damage: inputs.damage,
    };
    let doubles = double::find(inputs.cursors, inputs.counts, inputs.at);
    findings::add(&mut report, inputs.full.as_deref(), inputs.watch, &doubles);
    report
}

fn streams(inputs: &Inputs<'_>, health: &BTreeMap<AgentId, AgentHealth>) -> Vec<DeliveryStream> {
    let mut told: BTreeMap<StreamKey, (&StreamHealth, &AgentHealth)> = BTreeMap::new();
    for health in health.values() {
        for stream in health.report.delivery.iter().flat_map(|delivery| &delivery.streams) {
            told.insert(stream.key(&health.report.agent_id), (stream, health));
        }
    }
    let store = inputs.readers.iter().find(|reader| reader.reader == "store");
    let store_oldest = store.and_then(|reader| reader.oldest);
    let mut streams = Vec::new();
    for (key, state) in inputs.cursors.iter() {
        let mut stream = of_ledger(key, state, inputs.stored.get(key));
        if stream.stored < stream.cursor {
            let oldest = store_oldest.unwrap_or(state.updated);
            stream.lag.add(Lag {
                records: stream.events.saturating_sub(stream.stored_events),
                seconds: age(oldest, inputs.at),
            });
        }
        streams.push(stream);
    }
    // What only the agent knows of: nothing of it has arrived yet.
    for (key, (_, health)) in &told {
        if inputs.cursors.get(key).is_none() {
            let mut nothing = StreamState::default();
            nothing.updated = health.received_at;
            streams.push(of_ledger(key, &nothing, None));
        }
    }
    streams.sort_by(|a, b| (&a.agent, &a.stream, a.epoch).cmp(&(&b.agent, &b.stream, b.epoch)));
    for stream in &mut streams {
        let key = StreamKey {
            agent: stream.agent.clone(),
            stream: stream.stream.clone(),
            epoch: stream.epoch,
        };
        if let Some((told, health)) = told.get(&key) {
            add_agents_view(stream, told, health, inputs.at);
        }
        let counts = inputs.counts.get(&key).copied().unwrap_or_default();
        stream.duplicates = counts.duplicates;
        stream.duplicates_at_readers = counts.at_readers;
        stream.conflicts = counts.conflicts;
        if let Some(watched) = inputs
            .watch
            .stream(&stream.agent, &stream.stream)
            .filter(|_| !stream.ended)
        {
            stream.silent_since = watched.silent;
            stream.expected_seconds = watched.expected_ns.map(|expected| (expected / SECOND_NS) as u64);
        }
    }
    streams
}

fn of_ledger(key: &StreamKey, state: &StreamState, stored: Option<&StreamState>) -> DeliveryStream {
    let totals = &state.totals;
    DeliveryStream {
        agent: key.agent.clone(),
        stream: key.stream.clone(),
        epoch: key.epoch,
        read_to: None,
        spooled: None,
        cursor: state.cursor,
        stored: stored.map_or(0, |stored| stored.cursor),
        lag: Lag::default(),
        read: totals.read,
        events: totals.events,
        stored_events: stored.map_or(0, |stored| stored.totals.events),
        dropped: totals.dropped.clone(),
        rejected: totals.rejected,
        overlong: totals.overlong,
        duplicates: 0,
        duplicates_at_readers: 0,
        conflicts: 0,
        skips: totals.skips.iter().cloned().collect(),
        gaps: totals.gaps,
        unwatched: totals.unwatched.iter().copied().collect(),
        last_read: None,
        updated: state.updated,
        silent_since: None,
        expected_seconds: None,
        ended: state.ended,
    }
}

/// What the agent said of the stream, brought up to what has arrived since.
fn add_agents_view(stream: &mut DeliveryStream, told: &StreamHealth, health: &AgentHealth, at: Timestamp) {
    stream.read_to = Some(told.read.max(stream.cursor));
    stream.spooled = Some(told.spooled.max(stream.cursor));
    stream.last_read = told.last_read.map(|theirs| health.here(theirs));
    let left = told.spooled.saturating_sub(stream.cursor.max(told.acknowledged));
    let Some(oldest) = told.oldest.filter(|_| left > 0) else {
        return;
    };
    // A part has arrived since the report: positions say how large a part.
    let all = told.spooled.saturating_sub(told.acknowledged).max(1);
    let records = (u128::from(told.records) * u128::from(left)).div_ceil(u128::from(all));
    stream.lag.add(Lag {
        records: u64::try_from(records).unwrap_or(u64::MAX),
        seconds: age(health.here(oldest), at),
    });
}

/// Seconds, rounded up.
pub(super) fn age(since: Timestamp, at: Timestamp) -> u64 {
    let nanos = at.0.saturating_sub(since.0).max(0);
    (nanos as u64).div_ceil(SECOND_NS as u64)
}

fn hosts(
    inputs: &Inputs<'_>,
    health: &BTreeMap<AgentId, AgentHealth>,
    streams: &[DeliveryStream],
) -> Vec<DeliveryHost> {
    let mut lags: BTreeMap<&AgentId, Lag> = BTreeMap::new();
    for stream in streams {
        lags.entry(&stream.agent).or_default().add(stream.lag);
    }
    let own = |agent: &AgentId| agent.as_str().starts_with('@');
    let mut agents: BTreeSet<&AgentId> = lags.keys().copied().filter(|agent| !own(agent)).collect();
    agents.extend(health.keys());
    agents.extend(inputs.watch.hosts().map(|(agent, _)| agent));
    let host = |agent: &AgentId| {
        let watched = inputs.watch.host(agent);
        let mut host = DeliveryHost {
            agent: agent.clone(),
            host: inputs.agents.host_of(agent).or_else(|| watched?.name.clone()),
            state: HostDelivery::Unknown,
            heard: watched.map(|watched| watched.heard),
            version: None,
            trouble: None,
            lag: lags.get(agent).copied().unwrap_or_default(),
            spool: None,
            sources: Vec::new(),
            streams_left_out: 0,
            commands: None,
            uploads: Vec::new(),
        };
        if let Some(health) = health.get(agent) {
            add_report(&mut host, health);
        }
        if let Some(watched) = watched {
            host.state = match (watched.silent, watched.stopped) {
                (Some(_), _) => HostDelivery::Silent,
                (None, true) => HostDelivery::Stopped,
                (None, false) => HostDelivery::Reporting,
            };
        }
        host
    };
    agents.into_iter().map(host).collect()
}

fn add_report(host: &mut DeliveryHost, health: &AgentHealth) {
    host.heard = host.heard.max(Some(health.received_at));
    let Some(delivery) = &health.report.delivery else {
        return;
    };
    host.state = match health.report.status.as_str() {
        HealthReport::STOPPED => HostDelivery::Stopped,
        _ => HostDelivery::Reporting,
    };
    let here = |theirs: Option<Timestamp>| theirs.map(|theirs| health.here(theirs));
    host.version = Some(delivery.version.clone()).filter(|version| !version.is_empty());
    host.trouble.clone_from(&delivery.trouble);
    host.commands.clone_from(&delivery.commands);
    host.uploads.clone_from(&delivery.uploads);
    host.spool = Some(SpoolHealth {
        oldest: here(delivery.spool.oldest),
        ..delivery.spool.clone()
    });
    host.sources = delivery
        .sources
        .iter()
        .map(|source| SourceHealth {
            scanned: here(source.scanned),
            read: here(source.read),
            trouble_at: here(source.trouble_at),
            ..source.clone()
        })
        .collect();
    host.streams_left_out = delivery.streams_left_out;
}
