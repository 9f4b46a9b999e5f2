//! The child that reads the journal, and the thread that reads the child.

use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use super::entry::cursor_in;
use super::os;
use crate::source::Waker;

/// A longer line is passed over.
pub(super) const LINE_LIMIT: usize = 1 << 20;
const READ_BYTES: usize = 64 << 10;
/// Lines are handed over together, about so many bytes at a time.
const CHUNK_BYTES: usize = 256 << 10;
/// Chunks that wait for the source. The journal can be read again, so the thread simply waits when they are full.
const CHUNKS_WAITING: usize = 2;
/// Of what the child complains about, so much is kept.
const COMPLAINT_BYTES: usize = 2048;

/// Where the child begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum From {
    /// With this entry, or the next one if it is gone.
    Cursor(String),
    /// With the newest entry, whose cursor is the place to go on from.
    Newest,
    /// With the oldest entry.
    Oldest,
    /// With the first entry of this second since 1970.
    Since(i64),
}

/// What the child wrote.
#[derive(Debug)]
pub(super) enum Item {
    /// An entry.
    Line(Vec<u8>),
    /// An entry longer than [`LINE_LIMIT`]; with its cursor if that was found.
    TooLong(Option<String>),
}

impl Item {
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Line(line) => line.len(),
            Self::TooLong(_) => LINE_LIMIT,
        }
    }
}

/// What there is to read now.
pub(super) enum Next {
    Items(Vec<Item>),
    Nothing,
    /// The child is gone; what it complained about.
    Ended(String),
}

/// A running child. It is killed and reaped when this is dropped.
pub(super) struct Follower {
    items: Receiver<Vec<Item>>,
    child: Arc<Mutex<Child>>,
    /// The source found nothing and waits to be woken.
    asleep: Arc<AtomicBool>,
    complaint: Arc<Mutex<String>>,
}

impl Follower {
    pub(super) fn start(directory: Option<&Path>, from: &From, waker: Waker) -> io::Result<Self> {
        let program = os::program().ok_or(io::ErrorKind::NotFound)?;
        let mut command = Command::new(program);
        command.args(arguments(directory, from));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        os::apart(&mut command);
        let mut child = command.spawn()?;
        let pipes = (child.stdout.take(), child.stderr.take());
        let (sender, items) = sync_channel(CHUNKS_WAITING);
        let follower = Self {
            items,
            child: Arc::new(Mutex::new(child)),
            asleep: Arc::new(AtomicBool::new(false)),
            complaint: Arc::new(Mutex::new(String::new())),
        };
        // From here on an early return drops the follower, and with it the child.
        if let (Some(output), Some(errors)) = pipes {
            let complaint = Arc::clone(&follower.complaint);
            let listening = spawn("journal-errors", move || listen(errors, &complaint))?;
            let (child, asleep) = (Arc::clone(&follower.child), Arc::clone(&follower.asleep));
            spawn("journal", move || {
                read_lines(output, &sender, &asleep, &waker);
                reap(&child);
                // What it complained of belongs to its end.
                drop(listening.join());
                drop(sender);
                waker.wake();
            })?;
        }
        Ok(follower)
    }

    /// Takes what was read.
    pub(super) fn next(&self) -> Next {
        match self.items.try_recv() {
            Ok(items) => Next::Items(items),
            Err(TryRecvError::Empty) => Next::Nothing,
            Err(TryRecvError::Disconnected) => {
                let complaint = self.complaint.lock().unwrap_or_else(PoisonError::into_inner);
                Next::Ended(complaint.trim().to_owned())
            }
        }
    }

    /// The source will not look again before it is woken. What came in between is found by looking once more.
    pub(super) fn sleep(&self) {
        self.asleep.store(true, Ordering::SeqCst);
    }

    /// The child's process id.
    pub(super) fn pid(&self) -> u32 {
        self.child.lock().unwrap_or_else(PoisonError::into_inner).id()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        // Where the lock is taken the thread is about to end the child itself.
        if let Ok(mut child) = self.child.try_lock()
            && let Err(error) = child.kill()
        {
            tracing::debug!(error = watchpost_kit::chain(&error), "journalctl cannot be ended");
        }
    }
}

/// `--follow` alone means the present boot and the last ten entries: `--merge` and `--no-tail` lift both. `--merge` in
/// turn means other machines' journals too, so the entries are asked for by the machine. And `--cursor` rather than
/// `--after-cursor`, since that leaves out one entry too many when the cursor's own is gone.
fn arguments(directory: Option<&Path>, from: &From) -> Vec<std::ffi::OsString> {
    let mut arguments: Vec<std::ffi::OsString> = Vec::new();
    for fixed in ["--follow", "--merge", "--output=json", "--all", "--no-pager", "--quiet"] {
        arguments.push(fixed.into());
    }
    match from {
        From::Newest => arguments.push("--lines=1".into()),
        From::Oldest => arguments.push("--no-tail".into()),
        From::Since(second) => arguments.extend(["--no-tail".into(), format!("--since=@{second}").into()]),
        From::Cursor(cursor) => arguments.extend(["--no-tail".into(), format!("--cursor={cursor}").into()]),
    }
    match directory {
        Some(directory) => {
            let mut argument = std::ffi::OsString::from("--directory=");
            argument.push(directory);
            arguments.push(argument);
        }
        None => arguments.extend(os::machine_id().map(|id| format!("_MACHINE_ID={id}").into())),
    }
    arguments
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(run)
}

/// Kills, for the case that the output was closed by something else, and waits, so that no zombie stays.
fn reap(child: &Mutex<Child>) {
    let mut child = child.lock().unwrap_or_else(PoisonError::into_inner);
    if let Err(error) = child.kill().and_then(|()| child.wait()) {
        tracing::debug!(error = watchpost_kit::chain(&error), "journalctl cannot be reaped");
    }
}

/// Keeps the beginning of what the child complains about, and reads the rest away, so that it never waits for us.
fn listen(mut errors: impl Read, complaint: &Mutex<String>) {
    let mut buffer = [0; 1024];
    while let Ok(count @ 1..) = errors.read(&mut buffer) {
        let mut complaint = complaint.lock().unwrap_or_else(PoisonError::into_inner);
        if complaint.len() < COMPLAINT_BYTES {
            complaint.push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
    }
}

/// Reads until the child ends or nobody wants more.
fn read_lines(output: impl Read, sender: &SyncSender<Vec<Item>>, asleep: &AtomicBool, waker: &Waker) {
    let mut reader = BufReader::with_capacity(READ_BYTES, output);
    let (mut items, mut bytes) = (Vec::new(), 0);
    // What is not terminated was cut off by the child's death; it is read again.
    while let Ok(Some(item)) = next_item(&mut reader) {
        bytes += item.bytes();
        items.push(item);
        if bytes < CHUNK_BYTES && reader.buffer().contains(&b'\n') {
            continue;
        }
        bytes = 0;
        if sender.send(std::mem::take(&mut items)).is_err() {
            return;
        }
        if asleep.swap(false, Ordering::SeqCst) {
            waker.wake();
        }
    }
}

/// The next whole line, without its end; `None` when no more comes.
fn next_item(reader: &mut impl BufRead) -> io::Result<Option<Item>> {
    let mut line = Vec::new();
    let mut too_long = false;
    loop {
        let available = match reader.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        if available.is_empty() {
            return Ok(None);
        }
        let end = available.iter().position(|&byte| byte == b'\n');
        let taken = end.unwrap_or(available.len());
        // Of a line that is too long its newest part is kept: the cursor may stand anywhere.
        if line.len() + taken > LINE_LIMIT {
            too_long = true;
        }
        line.extend_from_slice(&available[..taken]);
        reader.consume(end.map_or(taken, |end| end + 1));
        if end.is_some() {
            return Ok(Some(if too_long {
                Item::TooLong(cursor_in(&line))
            } else {
                Item::Line(line)
            }));
        }
        if line.len() > 2 * LINE_LIMIT {
            if let Some(cursor) = cursor_in(&line) {
                return pass_over(reader, cursor);
            }
            line.drain(..LINE_LIMIT);
        }
    }
}

/// The rest of a line that is too long, whose cursor is known.
fn pass_over(reader: &mut impl BufRead, cursor: String) -> io::Result<Option<Item>> {
    loop {
        let available = match reader.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        if available.is_empty() {
            return Ok(None);
        }
        let end = available.iter().position(|&byte| byte == b'\n');
        let taken = end.map_or(available.len(), |end| end + 1);
        reader.consume(taken);
        if end.is_some() {
            return Ok(Some(Item::TooLong(Some(cursor))));
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn items(text: &[u8]) -> Vec<Item> {
        let mut reader = BufReader::with_capacity(1000, text);
        std::iter::from_fn(|| next_item(&mut reader).unwrap()).collect()
    }

    #[test]
    fn whole_lines_are_items_and_a_cut_off_one_is_none() {
        let read = items(b"{\"a\":1}\n{}\n{\"cut");
        let lines: Vec<&[u8]> = read
            .iter()
            .map(|item| match item {
                Item::Line(line) => line.as_slice(),
                Item::TooLong(_) => b"too long",
            })
            .collect();
        assert_eq!(lines, [b"{\"a\":1}".as_slice(), b"{}"]);
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over_with_its_cursor() {
        let long = "x".repeat(5 * LINE_LIMIT / 2);
        let cursor = "\"__CURSOR\":\"s=1;i=2\"";
        for line in [
            format!("{{{cursor},\"MESSAGE\":\"{long}\"}}"),
            format!("{{\"MESSAGE\":\"{long}\",{cursor}}}"),
            format!("{{\"MESSAGE\":\"{long}\",{cursor},\"B\":\"{long}\"}}"),
        ] {
            let read = items(format!("{line}\n{{}}\n").as_bytes());
            assert_eq!(read.len(), 2);
            assert!(
                matches!(&read[0], Item::TooLong(Some(cursor)) if cursor == "s=1;i=2"),
                "{:?}",
                read[0].bytes()
            );
            assert!(
                matches!(&read[1], Item::Line(line) if line == b"{}"),
                "{}",
                read[1].bytes()
            );
        }
        let at_limit = format!("{}\n", "x".repeat(LINE_LIMIT));
        assert!(matches!(items(at_limit.as_bytes())[0], Item::Line(_)));
    }
}
