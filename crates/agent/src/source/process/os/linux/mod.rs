//! Linux: the process connector tells, `/proc` explains.

mod accounts;
mod exit;
mod held;
mod message;
mod netlink;
mod procfs;
mod scan;

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread::JoinHandle;

use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use rustix::time::{ClockId, clock_gettime};

use super::super::Task;
use super::super::executables::Executables;
use super::super::record::{Exit, From, Record};
use super::super::table::Table;
use exit::exit_of;
use message::{Message, Sequences, What};
use netlink::{Connector, Received, timespec};
use procfs::ProcReader;

pub(in super::super) use accounts::Accounts;
pub(in crate::source) use held::be_less_important;
#[cfg(test)]
pub(in super::super) use held::hold;
pub(in super::super) use held::{Held, key_of, reopen, version_of};

/// Kernel threads' children, and what systemd starts as root: marked `watchpost.system`.
pub(in super::super) const SYSTEM: &str = "process.parent.pid:2 OR (user.id:0 AND process.parent.name:systemd)";

/// What is missed where processes are looked for, and what helps.
pub(in super::super) const POLLING: &str = "processes that live shorter, exit codes and crashes are missed; give the agent CAP_NET_ADMIN, and run it outside of \
     containers";

/// Sigma's product.
pub(in super::super) const PRODUCT: &str = "linux";

/// Messages read before anything else is looked at.
const BURST: usize = 1024;
/// What waits for a second look gets it this soon, in nanoseconds.
const SOON: i64 = 100_000_000;
/// After this long without a message it is asked whether there was nothing to tell.
const QUIET: i64 = 5_000_000_000;
/// After a loss, `/proc` is compared with the table this soon, and not more often.
const COMPARE_AFTER: i64 = 500_000_000;
/// Ahead of ordinary programs: a process may live less than a millisecond.
const NICE: i32 = -10;

/// The running thread; ends with this.
pub(in super::super) struct Watcher {
    stop: Arc<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    pub(in super::super) fn start(task: Task) -> io::Result<Self> {
        let stop = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        let mut table = Table::new(task.settings.watch.clone(), std::process::id());
        table.wall = task.outlet.wall();
        let watching = Watching {
            table,
            reader: ProcReader::new(Executables::of(&task)),
            sequences: Sequences::default(),
            stop: Arc::clone(&stop),
            task,
            compare_at: None,
            compared: i64::MIN,
            gone: Vec::new(),
        };
        let builder = std::thread::Builder::new().name("process-watch".to_owned());
        let thread = builder.spawn(move || watching.run())?;
        Ok(Self {
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let told = rustix::io::write(&self.stop, &1_u64.to_ne_bytes());
        if let (Ok(_), Some(thread)) = (told, self.thread.take())
            && thread.join().is_err()
        {
            tracing::error!("the thread that watches processes ended by a panic");
        }
    }
}

/// Nanoseconds since boot, in which the machine slept or not.
pub(in super::super) fn since_boot() -> i64 {
    nanos(ClockId::Boottime)
}

/// Tells this boot from every other (random(4)).
pub(in super::super) fn boot_id() -> Option<String> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(text.trim().to_owned())
}

fn nanos(clock: ClockId) -> i64 {
    let time = clock_gettime(clock);
    time.tv_sec.saturating_mul(1_000_000_000).saturating_add(time.tv_nsec)
}

/// The thread.
struct Watching {
    task: Task,
    table: Table,
    reader: ProcReader,
    sequences: Sequences,
    stop: Arc<OwnedFd>,
    /// Something was lost: the table is compared with `/proc` then.
    compare_at: Option<i64>,
    compared: i64,
    /// Not in `/proc` any more, though no end was told.
    gone: Vec<(u32, i64)>,
}

/// Why listening ended.
enum Silence {
    Stopped,
    /// The socket failed, or the kernel told nothing while there was something to tell.
    Deaf,
}

impl Watching {
    fn run(mut self) {
        // Without the right to it, it goes on as an ordinary thread.
        let _ = rustix::process::setpriority_process(None, NICE);
        let mut connector = if self.task.settings.polling_only {
            Err(io::Error::new(io::ErrorKind::Unsupported, "it is switched off"))
        } else {
            Connector::open()
        };
        let polling = connector.as_ref().err().map(|error| watchpost_kit::chain(error));
        self.task.outlet.put(Record::Watching { polling });
        let resume = self.task.resume.take();
        scan::begin(
            &mut self.table,
            &mut self.reader,
            resume.as_ref(),
            &mut self.task.outlet,
        );
        loop {
            match connector {
                Ok(open) => match self.listen(open) {
                    Silence::Stopped => return,
                    Silence::Deaf => {
                        tracing::warn!("the process connector fell silent; it is opened again");
                        connector = Connector::open();
                        let polling = connector.as_ref().err().map(|error| watchpost_kit::chain(error));
                        if polling.is_some() {
                            self.task.outlet.put(Record::Watching { polling });
                        }
                        self.compare_at = Some(since_boot());
                    }
                },
                Err(_) => return self.look_again_and_again(),
            }
        }
    }

    fn listen(&mut self, mut connector: Connector) -> Silence {
        let mut last_message = since_boot();
        let mut last_pid = None;
        loop {
            self.table.wall = self.task.outlet.wall();
            let asleep = since_boot() - nanos(ClockId::Monotonic);
            let mut quiet = false;
            for _ in 0..BURST {
                match connector.receive() {
                    Ok(Received::Messages(messages)) => {
                        last_pid = None;
                        for message in messages {
                            self.take(&message, asleep);
                        }
                    }
                    Ok(Received::Overrun) => self.compare_soon(),
                    Ok(Received::Nothing) => {
                        quiet = true;
                        break;
                    }
                    Err(error) => {
                        tracing::warn!(
                            error = watchpost_kit::chain(&error),
                            "cannot read the process connector"
                        );
                        return Silence::Deaf;
                    }
                }
            }
            self.task.outlet.put_losses();
            let now = since_boot();
            if !quiet {
                last_message = now;
                if self.wait(Some(&connector), 0) {
                    return Silence::Stopped;
                }
                continue;
            }
            self.look_after(now);
            if now - last_message >= QUIET {
                last_message = now;
                let pid = procfs::last_pid();
                if last_pid.is_some() && pid != last_pid {
                    return Silence::Deaf;
                }
                last_pid = pid;
            }
            let waiting = self.compare_at.is_some() || !self.gone.is_empty() || self.table.has_lingering();
            if self.wait(Some(&connector), if waiting { SOON } else { QUIET }) {
                return Silence::Stopped;
            }
        }
    }

    /// Waits for a message or so many nanoseconds; true when it is over.
    fn wait(&self, connector: Option<&Connector>, nanos: i64) -> bool {
        let stop = PollFd::new(&*self.stop, PollFlags::IN);
        let mut both = match connector {
            Some(connector) => vec![stop, PollFd::new(connector.socket(), PollFlags::IN)],
            None => vec![stop],
        };
        // An interrupted wait is a short one.
        let _ = poll(&mut both, Some(&timespec(nanos)));
        both[0].revents().contains(PollFlags::IN)
    }

    fn take(&mut self, message: &Message, asleep: i64) {
        let missing = self.sequences.missing_before(message);
        if missing > 0 {
            self.task.outlet.lose_kernel(missing);
            self.compare_soon();
        }
        let at = message.time.saturating_add(asleep);
        let record = match message.what {
            What::Fork { thread, pid, .. } if thread != pid => {
                self.table.thread(pid);
                None
            }
            What::Fork { parent, pid, .. } => self
                .table
                .fork(parent, pid, at)
                .map(|ended| Record::Ended(Box::new(ended))),
            What::Exec { pid } => self.exec(pid, at),
            What::User { thread, pid, uid, euid } if thread == pid => {
                self.table.user(pid, uid.to_string().into(), euid.to_string().into());
                None
            }
            What::Exit { thread, pid, status } => {
                let ended = self.table.exit(pid, thread, exit_of(status), at);
                ended.map(|ended| Record::Ended(Box::new(ended)))
            }
            What::User { .. } | What::Acknowledged { .. } | What::Other => None,
        };
        if let Some(record) = record {
            self.task.outlet.put(record);
        }
    }

    fn exec(&mut self, pid: u32, at: i64) -> Option<Record> {
        // Before anything else: it may end at any moment.
        let seen = self.reader.see(pid, true);
        if self.table.get(pid).is_none_or(|entry| entry.stranger)
            && let Some(found) = self.reader.find(pid)
        {
            self.table.identify(pid, &found);
        }
        let started = self.table.exec(pid, at, seen, From::Connector)?;
        Some(Record::Started(Box::new(started)))
    }

    fn compare_soon(&mut self) {
        let soon = since_boot().max(self.compared) + COMPARE_AFTER;
        self.compare_at.get_or_insert(soon);
    }

    /// What takes time, when no message waits.
    fn look_after(&mut self, now: i64) {
        // Their ends were not told by now: the messages are lost.
        for (pid, born) in std::mem::take(&mut self.gone) {
            let same = self.table.get(pid).is_some_and(|entry| entry.born == born);
            if same {
                self.end(pid, None, now, From::Poll);
            }
        }
        for pid in self.table.take_lingering() {
            let Some(exit) = self.table.leader(pid) else { continue };
            match self.reader.stat(pid) {
                Some(stat) if scan::is_alive(&stat) => self.table.linger(pid),
                _ => self.end(pid, Some(exit), now, From::Connector),
            }
        }
        if self.compare_at.is_some_and(|at| at <= now) {
            self.compare_at = None;
            self.gone = scan::again(&mut self.table, &mut self.reader, &mut self.task.outlet);
            self.compared = since_boot();
        }
    }

    fn end(&mut self, pid: u32, exit: Option<Exit>, at: i64, from: From) {
        if let Some(ended) = self.table.end(pid, exit, at, from) {
            self.task.outlet.put(Record::Ended(Box::new(ended)));
        }
    }

    /// Without the kernel's help.
    fn look_again_and_again(mut self) {
        let interval = i64::try_from(self.task.settings.interval.as_nanos()).unwrap_or(i64::MAX);
        while !self.wait(None, interval) {
            self.table.wall = self.task.outlet.wall();
            let gone = scan::again(&mut self.table, &mut self.reader, &mut self.task.outlet);
            for (pid, _) in gone {
                self.end(pid, None, since_boot(), From::Poll);
            }
            self.task.outlet.put_losses();
        }
    }
}
