//! What an agent costs that has little to do, a steady pace, or one record far too long.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::corpus::Lines;
use crate::http::Target;
use crate::instance::Server;
use crate::process::Process;
use crate::scenarios::{Bench, PATIENCE};
use crate::table::Table;
use crate::timing::{now, pause, wait_until};

/// Files of an agent with little to do, each with one line a second where lines are written at all.
const FILES: usize = 20;
const REST: Duration = Duration::from_mins(1);
/// Until an agent has noticed that it is at rest.
const SETTLE: Duration = Duration::from_secs(15);
const SAMPLE: Duration = Duration::from_secs(1);

const LINES_A_SECOND: u64 = 10_000;
const PACE: Duration = Duration::from_secs(20);
/// Lines are written this often, as by a program that does not gather them for long.
const SLICE: Duration = Duration::from_millis(10);

const LONG_RECORD: usize = 10_000_000;
/// Bytes of ordinary lines before the long record, and after it.
const BESIDE: u64 = 10_000_000;

/// What was seen of an agent for a while.
pub(crate) struct Seen {
    /// Of one core.
    pub(crate) share: f64,
    pub(crate) resident_mb: Vec<f64>,
}

impl Bench {
    /// An agent that watches files, processes, logins and the machine, and has little to tell.
    pub(crate) fn rest(&self, table: &mut Table) -> Result<()> {
        let folder = self.folder("rest")?;
        let logs = folder.join("logs");
        fs::create_dir_all(&logs)?;
        let mut writer = Writer::new(Lines::open(&self.corpus.lines)?, &logs, FILES)?;
        let server = Server::start(&self.watchpost, &folder.join("server"))?;
        let admin = server.target(None)?;
        let sources = format!(
            "{}[source.process]\n[source.auth]\nenabled = true\n[source.system]\n",
            file_source(&logs.join("*.log"), "auto")
        );
        let agent = server.agent_of(&folder.join("agent"), &sources)?;
        writer.write(FILES as u64)?;
        writer.wait(&admin)?;
        pause(SETTLE);
        let length = self.length.unwrap_or(REST);
        let quiet = watch(&agent, length)?;
        report_rest("nothing is written", &quiet, table);
        let written = AtomicBool::new(false);
        let busy = std::thread::scope(|scope| {
            let writing = scope.spawn(|| writer.write_until(&written, Duration::from_secs(1) / FILES as u32));
            let seen = watch(&agent, length);
            written.store(true, Ordering::Relaxed);
            writing.join().unwrap_or_else(|_| anyhow::bail!("the writer failed"))?;
            seen
        })?;
        writer.wait(&admin)?;
        report_rest("a line a second in each file", &busy, table);
        agent.stop()?;
        server.stop()?;
        Ok(fs::remove_dir_all(folder)?)
    }

    /// An agent beside a program that writes steadily.
    pub(crate) fn pace(&self, table: &mut Table) -> Result<()> {
        for (codec, what) in [("plain", "plain"), ("auto", "recognising")] {
            let (mut shares, mut peaks) = (Vec::new(), Vec::new());
            for run in 0..self.runs {
                let folder = self.folder(&format!("pace-{codec}-{run}"))?;
                let (share, peak) = self.one_pace(&folder, codec)?;
                shares.push(share);
                peaks.push(peak);
                fs::remove_dir_all(&folder)?;
            }
            let name = format!("agent, {what}, at {LINES_A_SECOND} lines/s: CPU");
            table.spread(name, "of a core", "≤ 0.04", &shares);
            table.spread("… RSS peak", "MB", "≤ 30", &peaks);
        }
        Ok(())
    }

    /// Share of a core and peak memory, from the first line until the last is acknowledged.
    fn one_pace(&self, folder: &Path, codec: &str) -> Result<(f64, f64)> {
        let logs = folder.join("logs");
        fs::create_dir_all(&logs)?;
        let mut writer = Writer::new(Lines::open(&self.corpus.lines)?, &logs, 1)?;
        let server = Server::start(&self.watchpost, &folder.join("server"))?;
        let admin = server.target(None)?;
        let agent = server.agent_of(&folder.join("agent"), &file_source(&logs.join("*.log"), codec))?;
        writer.write(1)?;
        writer.wait(&admin)?;
        let (before, begun) = (agent.cpu_seconds()?, now());
        let length = self.length.unwrap_or(PACE);
        let slices = (length.as_secs_f64() / SLICE.as_secs_f64()) as u32;
        for slice in 1..=slices {
            writer.write(LINES_A_SECOND * SLICE.as_millis() as u64 / 1_000)?;
            pause((begun + SLICE * slice).saturating_duration_since(now()));
        }
        let wrote = begun.elapsed();
        writer.wait(&admin)?;
        let used = agent.cpu_seconds()? - before;
        ensure!(
            wrote < length.mul_f64(1.1),
            "writing {} lines took {:.1} s: this machine is too busy for the pace",
            writer.lines_written,
            wrote.as_secs_f64()
        );
        let peak = agent.peak_mb()?;
        agent.stop()?;
        server.stop()?;
        Ok((used / length.as_secs_f64(), peak))
    }

    /// A record of 10 MB in a file, and the same file without it.
    pub(crate) fn long(&self, table: &mut Table) -> Result<()> {
        let kinds = [
            (LONG_RECORD, "a record of 10 MB among ordinary lines", "≤ 40"),
            (0, "the same lines without it", ""),
        ];
        for (record, what, expected) in kinds {
            let mut peaks = Vec::new();
            for run in 0..self.runs {
                let folder = self.folder(&format!("long-{record}-{run}"))?;
                peaks.push(self.one_long(&folder, record)?);
                fs::remove_dir_all(&folder)?;
            }
            table.spread(format!("agent, {what}: RSS peak"), "MB", expected, &peaks);
        }
        Ok(())
    }

    fn one_long(&self, folder: &Path, record: usize) -> Result<f64> {
        let logs = folder.join("logs");
        fs::create_dir_all(&logs)?;
        let mut writer = Writer::new(Lines::open(&self.corpus.lines)?, &logs, 1)?;
        writer.write_bytes(BESIDE)?;
        if record > 0 {
            writer.write_record(record)?;
        }
        writer.write_bytes(BESIDE)?;
        let server = Server::start(&self.watchpost, &folder.join("server"))?;
        let admin = server.target(None)?;
        let agent = server.agent_of(&folder.join("agent"), &file_source(&logs.join("*.log"), "auto"))?;
        writer.wait(&admin)?;
        let peak = agent.peak_mb()?;
        agent.stop()?;
        server.stop()?;
        Ok(peak)
    }
}

fn file_source(files: &Path, codec: &str) -> String {
    format!(
        "[[source.file]]\nname = \"bench\"\ninclude = [\"{}\"]\nstart = \"beginning\"\ncodec = \"{codec}\"\n",
        files.display()
    )
}

pub(crate) fn watch(agent: &Process, length: Duration) -> Result<Seen> {
    let (before, begun) = (agent.cpu_seconds()?, now());
    let mut resident_mb = Vec::new();
    while begun.elapsed() < length {
        pause(SAMPLE.min(length));
        resident_mb.push(agent.resident_mb()?);
    }
    Ok(Seen {
        share: (agent.cpu_seconds()? - before) / begun.elapsed().as_secs_f64(),
        resident_mb,
    })
}

fn report_rest(when: &str, seen: &Seen, table: &mut Table) {
    table.spread(
        format!("agent with {FILES} files, processes, logins, metrics; {when}: CPU"),
        "% of a core",
        "≤ 0.3",
        &[seen.share * 100.0],
    );
    table.spread("… RSS", "MB", "≤ 20", &seen.resident_mb);
}

/// Writes lines of the corpus into files in turn, and knows what must arrive.
struct Writer {
    lines: Lines,
    line: String,
    files: Vec<File>,
    turn: usize,
    lines_written: u64,
    bytes_written: u64,
}

impl Writer {
    /// Into new files of a folder.
    fn new(lines: Lines, folder: &Path, files: usize) -> Result<Self> {
        let path = |number| -> PathBuf { folder.join(format!("{number:02}.log")) };
        let make = |number| File::create(path(number)).context("cannot make a file to be read");
        Ok(Self {
            lines,
            line: String::new(),
            files: (0..files).map(make).collect::<Result<_>>()?,
            turn: 0,
            lines_written: 0,
            bytes_written: 0,
        })
    }

    /// Lines in one piece.
    fn write(&mut self, lines: u64) -> Result<()> {
        if self.files.len() > 1 {
            return (0..lines).try_for_each(|_| self.write_piece(|writer| writer.lines_written, 1));
        }
        self.write_piece(|writer| writer.lines_written, lines)
    }

    /// Lines of at least so many bytes.
    fn write_bytes(&mut self, bytes: u64) -> Result<()> {
        self.write_piece(|writer| writer.bytes_written, bytes)
    }

    /// Lines for the next file until what is measured has grown by so much.
    fn write_piece(&mut self, measure: impl Fn(&Self) -> u64, much: u64) -> Result<()> {
        let mut piece = String::new();
        let end = measure(self) + much;
        while measure(self) < end {
            self.lines.next(&mut self.line)?;
            piece.push_str(&self.line);
            piece.push('\n');
            self.lines_written += 1;
            self.bytes_written += self.line.len() as u64 + 1;
        }
        self.append(piece.as_bytes())
    }

    /// One record of words.
    fn write_record(&mut self, bytes: usize) -> Result<()> {
        let mut record = String::new();
        while record.len() < bytes {
            self.lines.next(&mut self.line)?;
            record.push_str(&self.line);
            record.push(' ');
        }
        record.push('\n');
        self.lines_written += 1;
        self.bytes_written += record.len() as u64;
        self.append(record.as_bytes())
    }

    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        let mut file = &self.files[self.turn];
        self.turn = (self.turn + 1) % self.files.len();
        file.write_all(bytes).context("cannot write what is to be read")
    }

    /// A line for each file in turn, until it is enough.
    fn write_until(&mut self, enough: &AtomicBool, between: Duration) -> Result<()> {
        while !enough.load(Ordering::Relaxed) {
            self.write(1)?;
            pause(between);
        }
        Ok(())
    }

    /// Waits until the server has acknowledged all of it, each record once.
    fn wait(&self, admin: &Target) -> Result<()> {
        wait_until("everything written to be acknowledged", PATIENCE, || {
            let report = admin.get_json("/api/v1/delivery")?;
            let streams = report["streams"].as_array().context("no streams in the report")?;
            let is_file = |stream: &&serde_json::Value| {
                stream["stream"]
                    .as_str()
                    .is_some_and(|stream| stream.starts_with("file:"))
            };
            let sum = |key: &str| -> u64 {
                let streams = streams.iter().filter(is_file);
                streams.filter_map(|stream| stream[key].as_u64()).sum()
            };
            ensure!(
                sum("read") <= self.lines_written && sum("gaps") == 0,
                "{} records were acknowledged of {} that were written, with {} gaps",
                sum("read"),
                self.lines_written,
                sum("gaps")
            );
            Ok(sum("cursor") == self.bytes_written && sum("read") == self.lines_written)
        })
    }
}
