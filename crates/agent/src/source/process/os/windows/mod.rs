//! Windows: the list of processes is looked at again and again.
//!
//! A handle is kept to every process that may be opened. While it is, the process's number is not given to another one, and
//! when and how it ended can be asked afterwards: so the times of starts and ends are exact, however rarely the list is
//! looked at. What lives shorter than the interval is told by a trace, where the agent may trace.

mod accounts;
mod exit;
mod held;
mod inspect;
mod list;
mod scan;
mod trace;
mod version;

use std::io;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;

use watchpost_kit::{Clock, SystemClock};

use super::super::Task;
use super::super::executables::Executables;
use super::super::record::Record;
use super::super::table::Table;
use scan::Scan;
use trace::Trace;

pub(in super::super) use accounts::Accounts;
pub(in crate::source) use held::be_less_important;
#[cfg(test)]
pub(in super::super) use held::hold;
pub(in super::super) use held::{Held, key_of, reopen};
pub(in super::super) use version::version_of;

/// Sigma's product.
pub(in super::super) const PRODUCT: &str = "windows";

/// The accounts of the system and its services, of window managers and font drivers: marked `watchpost.system`.
pub(in super::super) const SYSTEM: &str =
    "user.id:(S-1-5-18 OR S-1-5-19 OR S-1-5-20) OR user.id:S-1-5-90-* OR user.id:S-1-5-96-*";

/// What is missed where processes are looked for, and what helps.
pub(in super::super) const POLLING: &str = "processes that live shorter are missed; run the agent with the system's account, or add its account to the group \
     \"Performance Log Users\"";

/// The running thread; ends with this.
pub(in super::super) struct Watcher {
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    pub(in super::super) fn start(task: Task) -> io::Result<Self> {
        let (stop, stopped) = sync_channel(1);
        let run = move || {
            let interval = task.settings.interval;
            let mut watching = Watching::begin(task);
            while stopped.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
                watching.look();
            }
        };
        let thread = std::thread::Builder::new()
            .name("process-watch".to_owned())
            .spawn(run)?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that watches processes ended by a panic");
        }
    }
}

/// The thread.
struct Watching {
    task: Task,
    table: Table,
    scan: Scan,
    trace: Option<Trace>,
}

impl Watching {
    fn begin(mut task: Task) -> Self {
        let mut table = Table::new(task.settings.watch.clone(), std::process::id());
        table.wall = task.outlet.wall();
        let trace = if task.settings.polling_only {
            Err(io::Error::new(io::ErrorKind::Unsupported, "it is switched off"))
        } else {
            Trace::start()
        };
        let polling = trace.as_ref().err().map(|error| watchpost_kit::chain(error));
        task.outlet.put(Record::Watching { polling });
        let mut scan = Scan::new(Executables::of(&task));
        let resume = task.resume.take();
        scan.begin(&mut table, resume.as_ref(), &mut task.outlet);
        Self {
            task,
            table,
            scan,
            trace: trace.ok(),
        }
    }

    fn look(&mut self) {
        self.table.wall = self.task.outlet.wall();
        self.scan.again(&mut self.table, &mut self.task.outlet);
        if let Some(trace) = &self.trace {
            self.scan.add(trace.take(), &mut self.table, &mut self.task.outlet);
        }
        self.task.outlet.put_losses();
    }
}

/// Nanoseconds since 1970: processes carry the wall clock's time of their start here, which stays as it was when the
/// clock is set.
pub(in super::super) fn since_boot() -> i64 {
    SystemClock::new().now()
}

/// Tells this boot from every other: when the oldest process of all began.
pub(in super::super) fn boot_id() -> Option<String> {
    let processes = list::List::new().processes().ok()?;
    let oldest = processes.iter().filter_map(|process| process.born).min()?;
    Some(oldest.to_string())
}
