//! Whether the thirtieth gigabyte costs what the first did, and whether it can be searched as fast.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use watchpost_event::Timestamp;
use watchpost_event::protocol::BATCH_CONTENT_TYPE;

use crate::batches::{Body, Dealer};
use crate::corpus::{BEGIN_SECONDS, Lines};
use crate::http::{Target, encode};
use crate::instance::Server;
use crate::process::{Process, folder_bytes};
use crate::scenarios::{Bench, QUERIES, count, looked_at, milliseconds, post_patiently, settle};
use crate::table::Table;
use crate::timing::{now, pause, wait_until};
use crate::variation::vary;

/// What the disk needs for each raw byte while files are merged.
const ROOM: f64 = 0.25;
/// What the server leaves free of the disk, or else it removes what is oldest.
const KEPT_FREE: f64 = 0.05;
/// An id in so many records, evenly over everything, and one in a single record in the middle.
const NEEDLE: &str = "5eed0f7a11ce4b1d";
const NEEDLES: u64 = 35;
const SINGLE: &str = "acce55ed0ddba11f";

const LOOK_EVERY: Duration = Duration::from_millis(100);
const ASK_EVERY: Duration = Duration::from_secs(3);
const SAY_EVERY: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_hours(1);
/// Batches that are made before a client can send them.
const AHEAD: usize = 2;

/// What was acknowledged so far.
#[derive(Default)]
struct Acknowledged {
    raw: AtomicU64,
    records: AtomicU64,
    /// Nothing more is to be sent.
    enough: AtomicBool,
}

/// The server at one moment.
#[derive(Clone, Copy)]
struct Moment {
    raw: u64,
    cpu_seconds: f64,
}

impl Bench {
    /// Whether the disk has room, before anything is measured.
    pub(crate) fn check_growth_room(&self) -> Result<()> {
        let disk = rustix::fs::statvfs(&self.work).context("cannot ask how much room the disk has")?;
        let gigabytes = |bytes: f64| bytes / 1e9;
        let raw = self.growth_bytes as f64;
        let kept = (disk.f_blocks * disk.f_frsize) as f64 * KEPT_FREE;
        let free = (disk.f_bavail * disk.f_frsize) as f64;
        ensure!(
            free >= raw * ROOM + kept,
            "{} has {:.1} GB free: to feed {:.1} GB takes about {:.1} GB, and the server leaves {:.1} GB of this disk \
             free; use a smaller --growth-gigabytes, or TMPDIR for a larger disk",
            self.work.display(),
            gigabytes(free),
            gigabytes(raw),
            gigabytes(raw * ROOM),
            gigabytes(kept)
        );
        Ok(())
    }

    /// Feeds a server far more than one corpus and asks it all the while.
    pub(crate) fn growth(&self, table: &mut Table) -> Result<()> {
        let folder = self.folder("growth")?;
        let server = Server::start(&self.watchpost, &folder)?;
        let admin = server.target(None)?;
        let agent = server.target(Some("bench"))?;
        let arrived = Acknowledged::default();
        let before = Process::ended_children_cpu_seconds()? + server.process.cpu_seconds()?;
        let mut watch = Watch::new(&server, &admin, self.growth_bytes, &arrived)?;
        std::thread::scope(|scope| {
            let feed = scope.spawn(|| feed(&self.corpus.lines, self.growth_bytes, &agent, &arrived));
            let watched = watch.until(|| feed.is_finished());
            arrived.enough.store(true, Ordering::Relaxed);
            feed.join().unwrap_or_else(|_| anyhow::bail!("the feeding failed"))?;
            watched
        })?;
        watch.report(table)?;
        wait_until("the rules to have seen everything", PATIENCE, || looked_at(&admin))?;
        table.spread(
            "… server RSS peak, fed and queried",
            "MB",
            "≤ 300",
            &[server.process.peak_mb()?],
        );
        let status = server.stop()?;
        ensure!(status.success(), "the server ended with {status}");
        let used = Process::ended_children_cpu_seconds()? - before;
        self.grown(&folder, &arrived, used, table)?;
        Ok(fs::remove_dir_all(folder)?)
    }

    /// The server on what it has by now, after so many CPU-seconds.
    fn grown(&self, folder: &Path, arrived: &Acknowledged, used: f64, table: &mut Table) -> Result<()> {
        let begun = now();
        let server = Server::start(&self.watchpost, folder)?;
        let started = begun.elapsed().as_secs_f64();
        let bytes = settle(&server, PATIENCE)? as f64;
        let raw = arrived.raw.load(Ordering::Relaxed) as f64;
        let rate = raw / 1e6 / (used + server.process.cpu_seconds()?);
        table.spread("… all of it, stored and merged", "MB raw per CPU-s", "", &[rate]);
        table.spread(
            "… disk: data folder after merging, per raw byte",
            "",
            "≤ 0.115",
            &[bytes / raw],
        );
        // What is fed compresses as the corpus does.
        let compressed = raw * self.corpus.compressed.bytes as f64 / self.corpus.raw_bytes as f64;
        table.spread("… per byte of zstd -3", "", "≤ 0.92", &[bytes / compressed]);
        table.spread("… a server started on it answers after", "s", "", &[started]);
        table.spread("… server at rest: RSS", "MB", "≤ 60", &[server.process.resident_mb()?]);
        let admin = server.target(None)?;
        check_kept(&admin, arrived.records.load(Ordering::Relaxed))?;
        let kinds = [
            (NEEDLE, NEEDLES, format!("{NEEDLES} hits all over")),
            (SINGLE, 1, "a single hit".to_owned()),
        ];
        for (id, hits, what) in kinds {
            let found = count(&admin, id)?;
            ensure!(found == hits, "an id of {hits} records is found in {found}");
            let values: Vec<f64> = (0..QUERIES)
                .map(|_| ask(&admin, &needle_path(id)))
                .collect::<Result<_>>()?;
            table.spread(format!("… needle ({what}) at the end"), "ms", "≤ 50", &values);
        }
        server.stop()?;
        Ok(())
    }
}

/// Watches the server while it is fed.
struct Watch<'a> {
    server: &'a Server,
    admin: &'a Target,
    total: u64,
    arrived: &'a Acknowledged,
    begun: Instant,
    asked: Instant,
    said: Instant,
    moments: Vec<Moment>,
    needle: Vec<f64>,
    newest: Vec<f64>,
    /// At what was said last.
    last: (Instant, Moment),
}

impl<'a> Watch<'a> {
    fn new(server: &'a Server, admin: &'a Target, total: u64, arrived: &'a Acknowledged) -> Result<Self> {
        let first = Moment {
            raw: 0,
            cpu_seconds: server.process.cpu_seconds()?,
        };
        let begun = now();
        Ok(Self {
            server,
            admin,
            total,
            arrived,
            begun,
            asked: begun,
            said: begun,
            moments: vec![first],
            needle: Vec::new(),
            newest: Vec::new(),
            last: (begun, first),
        })
    }

    /// Looks again and again, and once more when it is over.
    fn until(&mut self, is_over: impl Fn() -> bool) -> Result<()> {
        while !is_over() {
            self.look()?;
            pause(LOOK_EVERY);
        }
        self.look()
    }

    fn look(&mut self) -> Result<()> {
        let moment = Moment {
            raw: self.arrived.raw.load(Ordering::Relaxed),
            cpu_seconds: self.server.process.cpu_seconds()?,
        };
        self.moments.push(moment);
        if self.asked.elapsed() >= ASK_EVERY {
            self.needle.push(ask(self.admin, &needle_path(NEEDLE))?);
            self.newest.push(ask(self.admin, "/api/v1/search?q=&limit=100")?);
            self.asked = now();
        }
        if self.said.elapsed() >= SAY_EVERY {
            self.say(moment)?;
            self.said = now();
        }
        Ok(())
    }

    fn say(&mut self, moment: Moment) -> Result<()> {
        let (at, before) = std::mem::replace(&mut self.last, (now(), moment));
        let gigabytes = |bytes: u64| bytes as f64 / 1e9;
        let line = format!(
            "growth: {:.2} of {:.2} GB, {:.0} MB/s, {:.0} MB raw per CPU-s, {:.0} MB RSS, {:.2} GB on disk, needle {:.0} ms\n",
            gigabytes(moment.raw),
            gigabytes(self.total),
            (moment.raw - before.raw) as f64 / 1e6 / at.elapsed().as_secs_f64(),
            rate(before, moment),
            self.server.process.resident_mb()?,
            gigabytes(folder_bytes(&self.server.data())?),
            self.needle.last().copied().unwrap_or_default()
        );
        // Nobody reading what is said is no reason to stop.
        let _ = std::io::Write::write_all(&mut std::io::stderr().lock(), line.as_bytes());
        Ok(())
    }

    fn report(&self, table: &mut Table) -> Result<()> {
        let wall = self.begun.elapsed().as_secs_f64();
        let first = self.moments[0];
        let last = *self.moments.last().context("nothing was seen")?;
        let early = self.moments.iter().find(|moment| moment.raw >= last.raw / 10);
        let late = self.moments.iter().rfind(|moment| moment.raw <= last.raw / 10 * 9);
        let (early, late) = (*early.context("nothing was fed")?, *late.context("nothing was fed")?);
        let (begin, end) = (rate(first, early), rate(late, last));
        let unit = "MB raw per CPU-s";
        let name = format!("growth to {:.2} GB raw: intake, first tenth", last.raw as f64 / 1e9);
        table.spread(name, unit, "", &[begin]);
        table.spread("… last tenth", unit, "", &[end]);
        table.spread("… last tenth to first tenth", "", "≥ 0.9", &[end / begin]);
        table.spread("… wall time", "s", "", &[wall]);
        if !self.needle.is_empty() {
            table.spread("… needle while fed", "ms", "", &self.needle);
            table.spread("… newest 100 while fed", "ms", "", &self.newest);
        }
        Ok(())
    }
}

/// MB raw per CPU-second between two moments.
fn rate(from: Moment, to: Moment) -> f64 {
    (to.raw - from.raw) as f64 / 1e6 / (to.cpu_seconds - from.cpu_seconds).max(0.01)
}

fn needle_path(id: &str) -> String {
    format!("/api/v1/search?q={}&limit=100", encode(id))
}

fn ask(admin: &Target, path: &str) -> Result<f64> {
    let begun = now();
    admin.get(path)?;
    Ok(milliseconds(begun))
}

/// One makes batches, two send them.
fn feed(corpus: &Path, total: u64, agent: &Target, arrived: &Acknowledged) -> Result<()> {
    let mut source = Source::open(corpus, total)?;
    let mut dealer = Dealer::new()?;
    std::thread::scope(|scope| {
        let (mut lanes, mut clients) = (Vec::new(), Vec::new());
        for _ in 0..2 {
            let (lane, bodies) = sync_channel(AHEAD);
            lanes.push(lane);
            clients.push(scope.spawn(move || send(&bodies, agent, arrived)));
        }
        while let Some(body) = dealer.batch(|line| source.next(line))?
            && !arrived.enough.load(Ordering::Relaxed)
        {
            // A client that has ended says why below.
            if lanes[body.lane].send(body).is_err() {
                break;
            }
        }
        drop(lanes);
        clients
            .into_iter()
            .try_for_each(|client| client.join().unwrap_or_else(|_| anyhow::bail!("a client failed")))
    })
}

fn send(bodies: &Receiver<Body>, agent: &Target, arrived: &Acknowledged) -> Result<()> {
    for body in bodies {
        post_patiently(agent, BATCH_CONTENT_TYPE, &body.bytes)?;
        arrived.raw.fetch_add(body.raw, Ordering::Relaxed);
        arrived.records.fetch_add(body.records, Ordering::Relaxed);
    }
    Ok(())
}

/// Lines of the corpus, with other ids each time it begins again, ever later, and now and then a needle.
struct Source {
    lines: Lines,
    original: String,
    total: u64,
    raw: u64,
    records: i64,
    needles: u64,
    single: bool,
}

impl Source {
    fn open(path: &Path, total: u64) -> Result<Self> {
        Ok(Self {
            lines: Lines::open(path)?,
            original: String::new(),
            total,
            raw: 0,
            records: 0,
            needles: 0,
            single: false,
        })
    }

    /// The next line and its time, a millisecond after the one before.
    fn next(&mut self, line: &mut String) -> Result<Option<Timestamp>> {
        if self.raw >= self.total {
            return Ok(None);
        }
        line.clear();
        if let Some(id) = self.needle() {
            line.push_str(&needle_line(id));
        } else {
            let round = self.lines.next(&mut self.original)?;
            vary(&self.original, round, line);
        }
        self.raw += line.len() as u64 + 1;
        self.records += 1;
        let begin = Timestamp((BEGIN_SECONDS * 1_000_000_000) as i64);
        Ok(Some(begin.plus(self.records * 1_000_000)))
    }

    /// The id that is due.
    fn needle(&mut self) -> Option<&'static str> {
        if self.needles < NEEDLES && self.raw >= self.total / NEEDLES * self.needles {
            self.needles += 1;
            return Some(NEEDLE);
        }
        if !self.single && self.raw >= self.total / 2 {
            self.single = true;
            return Some(SINGLE);
        }
        None
    }
}

fn needle_line(id: &str) -> String {
    format!("level=info component=billing msg=\"payment accepted\" duration_ms=12 trace={id} tenant=t7 attempt=0")
}

/// Everything is there, and once, in the delivery report's words.
fn check_kept(admin: &Target, records: u64) -> Result<()> {
    let report = admin.get_json("/api/v1/delivery")?;
    let streams = report["streams"].as_array().context("no streams in the report")?;
    let ours = streams.iter().filter(|stream| stream["agent"] == "bench");
    let stored: u64 = ours.filter_map(|stream| stream["stored_events"].as_u64()).sum();
    ensure!(
        stored == records,
        "{stored} records are stored of {records} that were acknowledged"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn needles_are_spread_over_all_rounds_and_nothing_comes_twice() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines.log");
        let text = (0..50)
            .map(|n| format!("request trace={n:016x} done\n"))
            .collect::<Vec<_>>()
            .concat();
        fs::write(&path, &text).unwrap();
        let total = 20 * text.len() as u64;
        let mut source = Source::open(&path, total).unwrap();
        let (mut line, mut last, mut seen) = (String::new(), Timestamp(0), Vec::new());
        while let Some(time) = source.next(&mut line).unwrap() {
            assert!(time > last);
            last = time;
            seen.push(line.clone());
        }
        let hits = |id: &str| -> Vec<usize> { (0..seen.len()).filter(|&at| seen[at].contains(id)).collect() };
        let needles = hits(NEEDLE);
        assert_eq!((needles.len() as u64, needles[0]), (NEEDLES, 0));
        assert!(
            needles.windows(2).all(|pair| (20..=30).contains(&(pair[1] - pair[0]))),
            "{needles:?}"
        );
        assert_eq!(hits(SINGLE).len(), 1);
        let mut others: Vec<&String> = seen.iter().filter(|line| line.starts_with("request")).collect();
        let all = others.len();
        others.sort();
        others.dedup();
        assert_eq!(others.len(), all);
    }
}
