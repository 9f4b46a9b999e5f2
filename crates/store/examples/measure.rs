//! Measures the embedded store: `cargo run --release --example measure -p watchpost-store -- FILE|DIR [WORD [NEEDLE [KEPT_DIR]]]`
//!
//! FILE holds one message a line; DIR holds `*.ndjson`, one event a line. Prints one `name value` a line.
#![expect(clippy::print_stdout, reason = "its output is its purpose")]

use std::error::Error;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use watchpost_event::batch::Limits;
use watchpost_event::{AgentId, BatchBuilder, Decoded, Envelope, Epoch, Event, StreamId, Timestamp, json};
use watchpost_kit::{Clock, SystemClock};
use watchpost_run::RealDisk;
use watchpost_store::{EmbeddedStore, LogStore, SearchRequest, StoreOptions};

const BATCH_BYTES: usize = 1_000_000;
const DAY: i64 = 86_400_000_000_000;
const START: i64 = 1_795_132_800_000_000_000;

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let mut args = std::env::args().skip(1);
    let input = args.next().ok_or("usage: measure FILE|DIR [WORD [NEEDLE]]")?;
    let word = args.next().unwrap_or_else(|| "failed".to_owned());
    let needle = args.next().unwrap_or_else(|| "208.115.111.72".to_owned());
    let clock = SystemClock::new();
    let (batches, raw) = batches(Path::new(&input))?;
    let kept = args.next().map(PathBuf::from);
    let temporary = || std::env::temp_dir().join(format!("watchpost-measure-{}", std::process::id()));
    let dir = kept.clone().unwrap_or_else(temporary);
    let (store, _) = EmbeddedStore::open(Arc::new(RealDisk), &dir, StoreOptions::default())?;
    let result = run(&store, batches, raw, &clock, &[&word, &needle]);
    drop(store);
    if kept.is_none() {
        std::fs::remove_dir_all(&dir)?;
    }
    result
}

fn run(
    store: &EmbeddedStore,
    batches: Vec<Arc<Decoded>>,
    raw: u64,
    clock: &SystemClock,
    words: &[&str],
) -> Result<(), Failure> {
    let (mut appending, mut flushing) = (Duration::ZERO, Duration::ZERO);
    let events: usize = batches.iter().map(|batch| batch.events.len()).sum();
    for (at, batch) in (1..).zip(batches) {
        appending += time(clock, || store.append(at, batch))?.1;
        if store.wants_flush(Timestamp(START)) {
            queries(store, clock, words, "head")?;
            flushing += time(clock, || store.flush(Timestamp(START)))?.1;
        }
    }
    flushing += time(clock, || store.flush(Timestamp(START)))?.1;
    let mut merging = Duration::ZERO;
    report_size(store, raw, "before merging");
    let mut packing = Duration::ZERO;
    for (now, spent, when) in [
        (START + 1, &mut merging, "after merging"),
        (START + 2 * DAY, &mut packing, "packed"),
    ] {
        loop {
            let (done, took) = time(clock, || store.maintain(Timestamp(now)))?;
            *spent += took;
            if !done.more {
                break;
            }
        }
        report_size(store, raw, when);
    }
    println!("events {events}");
    println!("raw MB {:.1}", raw as f64 / 1e6);
    println!("append MB/s {:.1}", rate(raw, appending));
    println!("flush MB/s {:.1}", rate(raw, flushing));
    println!("merge MB/s {:.1}", rate(raw, merging));
    println!("pack MB/s {:.1}", rate(raw, packing));
    println!("all MB/s {:.1}", rate(raw, appending + flushing + merging));
    queries(store, clock, words, "cold")?;
    queries(store, clock, words, "warm")?;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    for line in status
        .lines()
        .filter(|line| line.starts_with("VmRSS") || line.starts_with("VmHWM"))
    {
        println!("{line}");
    }
    Ok(())
}

fn rate(bytes: u64, took: Duration) -> f64 {
    bytes as f64 / 1e6 / took.as_secs_f64()
}

fn report_size(store: &EmbeddedStore, raw: u64, when: &str) {
    let stats = store.stats();
    println!(
        "disk {when}: {:.4} of raw in {} files",
        stats.bytes as f64 / raw as f64,
        stats.files
    );
}

fn time<T, E>(clock: &SystemClock, work: impl FnOnce() -> Result<T, E>) -> Result<(T, Duration), E> {
    let before = clock.monotonic();
    let done = work()?;
    Ok((done, clock.monotonic().saturating_sub(before)))
}

fn queries(store: &EmbeddedStore, clock: &SystemClock, words: &[&str], state: &str) -> Result<(), Failure> {
    for text in words.iter().copied().chain(["*", "source:auth"]) {
        let request = SearchRequest::new(watchpost_query::parse(text)?, 100);
        let mut rows = 0;
        let (summary, took) = time(clock, || {
            store.search(&request, &mut |_| {
                rows += 1;
                ControlFlow::Continue(())
            })
        })?;
        println!(
            "{state} newest 100 of {text}: {:.1} ms, {rows} rows, {} blocks read, {} pruned",
            took.as_secs_f64() * 1e3,
            summary.blocks_read,
            summary.blocks_pruned
        );
        let (counts, took) = time(clock, || store.count(&request, &[]))?;
        println!(
            "{state} count of {text}: {:.1} ms, {} hits",
            took.as_secs_f64() * 1e3,
            counts.total
        );
    }
    let all = SearchRequest::new(watchpost_query::parse("*")?, 1);
    let (histogram, took) = time(clock, || store.histogram(&all, 60_000_000_000))?;
    println!(
        "{state} histogram: {:.1} ms, {} bars",
        took.as_secs_f64() * 1e3,
        histogram.buckets.len()
    );
    let mut middle = None;
    let half = Some(Timestamp(START + 200_000_000_000));
    let request = SearchRequest::new(watchpost_query::parse("*")?, 1).between(None, half);
    store.search(&request, &mut |row| {
        middle = Some(row.view().id());
        ControlFlow::Continue(())
    })?;
    if let Some(id) = middle {
        let (rows, took) = time(clock, || store.context(&id, 10, 10))?;
        println!(
            "{state} context: {:.1} ms, {} rows",
            took.as_secs_f64() * 1e3,
            rows.len()
        );
    }
    Ok(())
}

fn batches(input: &Path) -> Result<(Vec<Arc<Decoded>>, u64), Failure> {
    let mut events = Vec::new();
    if input.is_dir() {
        let mut files: Vec<PathBuf> = std::fs::read_dir(input)?
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<_, std::io::Error>>()?;
        files.sort();
        for file in files {
            for line in std::fs::read_to_string(file)?.lines() {
                events.push(json::read_event(line, Timestamp(START))?);
            }
        }
    } else {
        for (at, line) in (0..).zip(std::fs::read_to_string(input)?.lines()) {
            events.push(Event::new(Timestamp(START + at * 1_000_000), 0, line));
        }
    }
    let raw = events.iter().map(|event| event.message.len() as u64 + 1).sum();
    let mut all = Vec::new();
    let mut rest = events.as_mut_slice();
    let mut position = 0;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = |event: &&Event| {
            bytes += event.message.len() + 100;
            bytes < BATCH_BYTES
        };
        let count = rest.iter().take_while(fits).count().max(1);
        let (now, later) = rest.split_at_mut(count);
        let mut builder = BatchBuilder::new(
            AgentId::new("web-1")?,
            StreamId::new("file:/var/log/all")?,
            Epoch(1),
            position,
        );
        for event in now {
            position += event.message.len() as u64 + 1;
            event.position = position;
            builder.push(event);
        }
        let bytes = builder.finish(position)?;
        let (batch, _) = watchpost_event::Batch::read(&bytes)?;
        let envelope = Envelope {
            received_at: Timestamp(START),
            ..Envelope::default()
        };
        all.push(Arc::new(Decoded::from_batch(&batch, envelope, Limits::default())?));
        rest = later;
    }
    Ok((all, raw))
}
