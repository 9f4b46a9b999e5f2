#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use serde_json::json;
use watchpost_event::protocol::{DeliveryReport, DeliveryVerdict, FindingKind, HostDelivery, ReaderLag, Tone};
use watchpost_event::{
    AgentId, Batch, BatchBuilder, Cursors, Epoch, Event, Overlong, Skip, StreamId, StreamKey, Timestamp, Unwatched,
};

use super::tally::Counts;
use super::watch::{Expected, Moved, WatchState};
use super::{Inputs, report};
use crate::agents::AgentBoard;

const SECOND: i64 = 1_000_000_000;
const T0: i64 = 1_790_000_000 * SECOND;

fn at(seconds: i64) -> Timestamp {
    Timestamp(T0 + seconds * SECOND)
}

fn key() -> StreamKey {
    StreamKey {
        agent: AgentId::new("a1").unwrap(),
        stream: StreamId::new("file:/x").unwrap(),
        epoch: Epoch(1),
    }
}

/// Everything a report is made of.
struct World {
    cursors: Cursors,
    stored: Cursors,
    agents: AgentBoard,
    watch: WatchState,
    counts: BTreeMap<StreamKey, Counts>,
    readers: Vec<ReaderLag>,
}

impl World {
    fn new() -> Self {
        Self {
            cursors: Cursors::new(),
            stored: Cursors::new(),
            agents: AgentBoard::default(),
            watch: WatchState::empty(),
            counts: BTreeMap::new(),
            readers: Vec::new(),
        }
    }

    fn batch(from: u64, to: u64, change: impl FnOnce(&mut BatchBuilder)) -> Vec<u8> {
        let key = key();
        let mut batch = BatchBuilder::new(key.agent, key.stream, key.epoch, from);
        for position in from + 1..=to {
            batch.push(&Event::new(at(0), position, "x"));
        }
        batch.count_read(to - from, 0);
        change(&mut batch);
        batch.finish(to).unwrap()
    }

    fn arrive(&mut self, from: u64, to: u64, change: impl FnOnce(&mut BatchBuilder), now: Timestamp) {
        let bytes = Self::batch(from, to, change);
        let header = Batch::read(&bytes).unwrap().0.header;
        self.cursors.advance(&header, None, to - from, now);
    }

    fn store_all(&mut self) {
        self.stored = self.cursors.clone();
    }

    /// The agent's clock is an hour ahead.
    fn say(&mut self, delivery: &serde_json::Value, now: Timestamp) {
        let mut said = json!({"host": "web-1", "interval_ms": 10_000,
            "spool": {"bytes": 10, "max_bytes": 1_000, "records": 0, "batches": 0}});
        said.as_object_mut()
            .unwrap()
            .extend(delivery.as_object().unwrap().clone());
        let report = json!({"agent_id": "a1", "timestamp": now.plus(3_600 * SECOND), "status": "ok", "delivery": said});
        self.agents.report(serde_json::from_value(report).unwrap(), now);
        let all = self.agents.all();
        self.watch.hear(&all[0], now);
    }

    fn report(&self, now: Timestamp) -> DeliveryReport {
        report(Inputs {
            at: now,
            since: at(0),
            cursors: &self.cursors,
            stored: &self.stored,
            agents: &self.agents,
            watch: &self.watch,
            counts: &self.counts,
            readers: self.readers.clone(),
            damage: Vec::new(),
            full: None,
            only: None,
        })
    }
}

fn kinds(report: &DeliveryReport) -> Vec<FindingKind> {
    report.findings.iter().map(|finding| finding.kind).collect()
}

#[test]
fn lag_is_what_waits_at_the_agent_and_what_the_store_has_not() {
    let mut world = World::new();
    assert_eq!(world.report(at(0)).verdict, DeliveryVerdict::None);
    world.arrive(0, 4, |_| {}, at(0));
    let stream = json!({"stream": "file:/x", "epoch": "0000000000000001", "read": 20, "spooled": 12, "acknowledged": 4,
        "records": 8, "oldest": at(3_600 - 20)});
    let spool = json!({"bytes": 10, "max_bytes": 1_000, "records": 8, "batches": 2, "oldest": at(3_600 - 20)});
    world.say(&json!({"streams": [stream], "spool": spool}), at(10));
    let report = world.report(at(70));
    let stream = &report.streams[0];
    assert_eq!(
        (stream.read_to, stream.spooled, stream.cursor, stream.stored),
        (Some(20), Some(12), 4, 0)
    );
    assert_eq!(
        (stream.lag.records, stream.lag.seconds),
        (8 + 4, 90),
        "by the server's clock"
    );
    assert_eq!(report.hosts[0].lag, stream.lag);
    assert_eq!(report.hosts[0].spool.as_ref().unwrap().oldest, Some(at(-20)));
    assert_eq!(kinds(&report), [FindingKind::Lagging]);
    assert_eq!(report.verdict, DeliveryVerdict::Behind);
    assert_eq!(
        report.findings[0].what,
        "12 records of web-1 not stored yet, the oldest for 1m30s."
    );
    // Half of it has come since the agent's word, then all.
    world.store_all();
    world.arrive(4, 8, |_| {}, at(71));
    world.store_all();
    assert_eq!(world.report(at(72)).streams[0].lag.records, 4);
    world.arrive(8, 12, |_| {}, at(73));
    assert_eq!(world.report(at(73)).verdict, DeliveryVerdict::Arriving);
    world.store_all();
    let report = world.report(at(74));
    assert!(
        report.streams[0].lag.is_none() && report.hosts[0].lag.is_none(),
        "{report:?}"
    );
    assert_eq!((report.verdict, kinds(&report)), (DeliveryVerdict::Whole, Vec::new()));
    assert!(!report.is_alarming());
}

#[test]
fn a_stream_that_only_the_agent_knows_of_is_in_the_report() {
    let mut world = World::new();
    let stream = json!({"stream": "file:/new", "epoch": "0000000000000002", "read": 9, "spooled": 9, "acknowledged": 0,
        "records": 3, "oldest": at(3_600)});
    world.say(&json!({"streams": [stream]}), at(1));
    let report = world.report(at(5));
    assert_eq!(report.streams.len(), 1);
    assert_eq!((report.streams[0].lag.records, report.streams[0].lag.seconds), (3, 5));
}

#[test]
fn every_trouble_is_said_in_words_with_what_to_do() {
    let mut world = World::new();
    let troubled = |batch: &mut BatchBuilder| {
        for (from, reason) in [(2, "spool-full"), (4, "spool-full"), (6, "before-start")] {
            batch.declare_skip(Skip {
                from,
                to: from + 1,
                reason: reason.to_owned(),
                records: 5,
            });
        }
        batch.count_dropped("filter", 7);
        batch.count_dropped("queue-full", 2);
        batch.count_overlong(Overlong {
            records: 1,
            omitted: 4_000,
        });
        batch.declare_unwatched(Unwatched {
            from: at(-100),
            to: at(-40),
        });
    };
    world.arrive(0, 9, troubled, at(0));
    world.store_all();
    let counts = Counts {
        duplicates: 4,
        at_readers: 1,
        conflicts: 2,
        conflict_since: Some(at(1)),
    };
    world.counts.insert(key(), counts);
    let spool = json!({"bytes": 990, "max_bytes": 1_000, "records": 0, "batches": 0, "full": "it has 990 bytes"});
    let source = json!({"name": "file app", "trouble": "cannot read /x"});
    world.say(
        &json!({"spool": spool, "trouble": "no route", "sources": [source]}),
        at(1),
    );
    let report = world.report(at(2));
    let text = |finding: &watchpost_event::protocol::Finding| format!("{:?} {}", finding.tone, finding.what);
    let texts: Vec<String> = report.findings.iter().map(text).collect();
    let expected = [
        "Bad 2 gaps in file:/x of web-1, 10 records: the spool was full and the source cannot be read again.",
        "Bad 2 records of file:/x of web-1 left out: the agent’s queue was full.",
        "Warn 2 batches of a1 refused since 2026-09-21 14:13:21 UTC: other data of the same place is here, so two agents send as a1, or it was put back to an older state.",
        "Warn The spool of web-1 takes nothing more: it has 990 bytes.",
        "Warn The agent of web-1 cannot deliver: no route.",
        "Note The source file app of web-1 says: cannot read /x.",
        "Note Nobody watched file:/x of web-1 for 1m, from 2026-09-21 14:11:40 UTC.",
        "Note 1 record of file:/x of web-1 longer than the limit: first and last part are here, 4kB between them are not.",
        "Note 5 records of file:/x of web-1 came twice, and one of each was removed: 4 sent again by the agent, 1 met again by a reader.",
    ];
    assert_eq!(texts, expected);
    assert!(report.findings.iter().all(|finding| finding.remedy.len() > 20));
    assert_eq!(report.verdict, DeliveryVerdict::Lost);
    assert!(report.is_alarming());
}

/// What the agent does when it meets data of others behind `place`.
fn fork(world: &mut World, place: u64, to: u64, now: Timestamp) {
    let old = key();
    let mut batch = BatchBuilder::new(old.agent, old.stream, old.epoch.after(place), 0);
    batch.declare_skip(Skip {
        from: 0,
        to: place,
        reason: Skip::BEFORE_START.to_owned(),
        records: 0,
    });
    let header = Batch::read(&batch.finish(to).unwrap()).unwrap().0.header;
    world.cursors.advance(&header, None, 0, now);
    world.store_all();
}

#[test]
fn two_agents_under_one_name_and_an_older_state_are_told_apart() {
    let mut world = World::new();
    world.arrive(0, 9, |_| {}, at(0));
    fork(&mut world, 4, 7, at(60));
    let counts = Counts {
        conflicts: 3,
        conflict_since: Some(at(59)),
        ..Counts::default()
    };
    world.counts.insert(key(), counts);
    let told = world.report(at(70));
    assert_eq!(kinds(&told), [FindingKind::Conflict], "{told:?}");
    let finding = &told.findings[0];
    assert_eq!(
        finding.what,
        "The agent a1 was put back to an older state on 2026-09-21 14:14:19 UTC: 1 stream kept apart since."
    );
    assert_eq!(
        (finding.tone, finding.since, finding.records),
        (Tone::Note, Some(at(59)), 3)
    );
    assert_eq!(told.verdict, DeliveryVerdict::Whole, "nothing stands in the way");
    // The first agent goes on.
    world.arrive(9, 12, |_| {}, at(80));
    world.store_all();
    let told = world.report(at(90));
    assert_eq!(kinds(&told), [FindingKind::Conflict], "{told:?}");
    let finding = &told.findings[0];
    assert_eq!(
        finding.what,
        "Two agents send as a1 since 2026-09-21 14:14:19 UTC: 1 stream of the second kept apart."
    );
    assert!(finding.remedy.contains("agent.id"), "{finding:?}");
    assert_eq!((finding.tone, finding.agent.as_ref()), (Tone::Warn, Some(&key().agent)));
    let later = world.report(at(8 * 86_400));
    assert!(!kinds(&later).contains(&FindingKind::Conflict), "one of them has ended");
    // An epoch of other content, as after a rotation, says nothing.
    let mut world = World::new();
    world.arrive(0, 9, |_| {}, at(0));
    let mut batch = BatchBuilder::new(key().agent, key().stream, Epoch(7), 0);
    batch.count_read(1, 0);
    let header = Batch::read(&batch.finish(5).unwrap()).unwrap().0.header;
    world.cursors.advance(&header, None, 0, at(1));
    world.store_all();
    assert_eq!(kinds(&world.report(at(2))), []);
}

#[test]
fn silence_is_bad_and_a_silent_hosts_own_troubles_are_old() {
    let mut world = World::new();
    world.arrive(0, 3, |_| {}, at(0));
    world.store_all();
    world.say(&json!({"trouble": "no route"}), at(1));
    world.watch.judge_hosts(at(100), at(0));
    let report = world.report(at(100));
    assert_eq!(report.hosts[0].state, HostDelivery::Silent);
    assert_eq!(
        report.findings[0].what,
        "web-1 is silent for 1m39s: no word from its agent."
    );
    assert_eq!((kinds(&report).len(), report.verdict), (1, DeliveryVerdict::Silent));
    assert!(report.is_alarming());

    let mut world = World::new();
    world.arrive(0, 3, |_| {}, at(1));
    world.store_all();
    let expected = |_: &AgentId, _: &StreamId| Expected::Within(60 * SECOND);
    for now in [2, 100] {
        world
            .watch
            .judge_streams(&Moved::of(&world.cursors), at(now), at(0), expected, |_, _| false);
    }
    let report = world.report(at(101));
    assert_eq!(report.streams[0].silent_since, Some(at(1)));
    assert_eq!(
        report.findings[0].what,
        "file:/x of a1 is silent for 1m40s, longer than 1m."
    );
    assert_eq!(report.findings[0].tone, Tone::Bad);
    assert!(report.is_alarming());
}

#[test]
fn readers_and_a_full_server_are_named() {
    let mut world = World::new();
    world.arrive(0, 3, |_| {}, at(0));
    world.store_all();
    let reader = |name: &str, behind_bytes, oldest, error: Option<&str>| ReaderLag {
        reader: name.to_owned(),
        behind_bytes,
        oldest,
        error: error.map(str::to_owned),
    };
    world.readers = vec![
        reader("store", 9_000, None, None),
        reader("detect", 9_000, Some(at(0)), None),
        reader("catalog", 9_000, Some(at(0)), Some("disk full")),
    ];
    let report = world.report(at(61));
    let texts: Vec<&str> = report.findings.iter().map(|finding| finding.what.as_str()).collect();
    let expected = [
        "The reader catalog stands still: disk full.",
        "The reader detect has 9kB before it.",
    ];
    assert_eq!(
        texts, expected,
        "store has taken everything and will write it down in its time"
    );
    assert_eq!(report.verdict, DeliveryVerdict::Behind);
}
