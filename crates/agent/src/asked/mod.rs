//! Commands of the server that take time: the listener takes them, a thread that lives as long as there are any does them
//! one after the other, a source tells what they came to.
//!
//! A command is acknowledged once what it came to is in the spool: the server tells it again to an agent that was killed
//! before. Which commands were told lies in the checkpoint of stream `commands`, in the same record as their events.
//!
//! Start reading at [`Desk`].

mod events;
mod hash;
mod upload;
mod worker;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use watchpost_event::Event;
use watchpost_event::commands::{AgentCommand, PendingCommand};
use watchpost_run::Shutdown;

use crate::source::Waker;
pub use upload::UploadSettings;
pub(crate) use upload::{Uploads, not_usable};
pub(crate) use worker::Worker;

/// Commands that wait to be done; more stay with the server.
const JOBS: usize = 16;
/// Events that wait to be taken; more make the work wait.
const REPORTS: usize = 256;
/// Commands that were told and are remembered.
const TOLD: usize = 64;
/// How often a thread that waits for room looks whether everything ends.
const LOOK: Duration = Duration::from_millis(50);

/// A command to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) id: u64,
    pub(crate) command: AgentCommand,
    /// The agent's own configuration lists it.
    pub(crate) allowed: bool,
    pub(crate) path: String,
    pub(crate) service: Option<String>,
    /// Who asked, in the server's words.
    pub(crate) by: String,
}

impl Job {
    pub(crate) fn new(pending: &PendingCommand, command: AgentCommand, allowed: bool) -> Self {
        let arguments = pending.arguments.clone().unwrap_or_default();
        Self {
            id: pending.id,
            command,
            allowed,
            path: arguments.path.unwrap_or_default(),
            service: arguments.service,
            by: arguments.by.unwrap_or_else(|| "the server".to_owned()),
        }
    }
}

/// What is told of a command.
pub(crate) struct Report {
    pub(crate) id: u64,
    pub(crate) event: Event,
    /// Nothing more comes of this command.
    pub(crate) last: bool,
}

/// Whether a command was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    /// It is done in its turn.
    Waits,
    /// The same, once somebody begins to work.
    NeedsWorker,
    /// There are too many: it has to be told again.
    NoRoom,
}

/// What listener, worker and source share.
pub(crate) struct Desk {
    reports: SyncSender<Report>,
    told: Mutex<Receiver<Report>>,
    state: Mutex<State>,
    /// Rung when the source has said what was told before.
    known: Condvar,
    /// Rung when a command is done and told.
    done: Notify,
    waker: Waker,
}

#[derive(Default)]
struct State {
    /// To be done, in order.
    jobs: VecDeque<Job>,
    /// Somebody does them.
    is_worked: bool,
    /// Taken, and not yet told; true once its last event was handed to the source.
    open: BTreeMap<u64, bool>,
    /// Told, the newest last; `None` until the source has read its checkpoint.
    told: Option<VecDeque<u64>>,
}

impl Desk {
    pub(crate) fn new(waker: Waker) -> Self {
        let (reports, told) = sync_channel(REPORTS);
        Self {
            reports,
            told: Mutex::new(told),
            state: Mutex::default(),
            known: Condvar::new(),
            done: Notify::new(),
            waker,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a command to be done.
    fn take(&self, job: Job) -> Taken {
        let mut state = self.state();
        if state.open.contains_key(&job.id) {
            return Taken::Waits;
        }
        if state.jobs.len() >= JOBS {
            return Taken::NoRoom;
        }
        state.open.insert(job.id, false);
        state.jobs.push_back(job);
        if std::mem::replace(&mut state.is_worked, true) {
            Taken::Waits
        } else {
            Taken::NeedsWorker
        }
    }

    /// For the worker: what to do next. When there is nothing, or everything ends, whoever comes next needs a new one.
    fn next_job(&self, shutdown: &Shutdown) -> Option<Job> {
        let mut state = self.state();
        let job = if shutdown.is_triggered() {
            None
        } else {
            state.jobs.pop_front()
        };
        state.is_worked = job.is_some();
        job
    }

    /// There is no worker: what waits is told by the server again.
    fn without_worker(&self) {
        let mut state = self.state();
        state.is_worked = false;
        for job in std::mem::take(&mut state.jobs) {
            state.open.remove(&job.id);
        }
    }

    /// Up to which number the server may forget commands, of which `newest` was taken last.
    pub(crate) fn acknowledged(&self, newest: u64) -> u64 {
        let state = self.state();
        let first = state.open.keys().next();
        first.map_or(newest, |id| newest.min(id.saturating_sub(1)))
    }

    /// Whether something is being done.
    pub(crate) fn is_busy(&self) -> bool {
        !self.state().open.is_empty()
    }

    /// Until a command is done.
    pub(crate) async fn one_is_done(&self) {
        self.done.notified().await;
    }

    /// For the source: what its checkpoint says was told. What an earlier source had taken over and could not bring into
    /// the spool is lost with it: that command is over.
    pub(crate) fn begin(&self, told: Vec<u64>) {
        let mut state = self.state();
        state.open.retain(|id, handed| {
            if *handed {
                tracing::error!(
                    id,
                    "what a command of the server came to was lost with the spool's disk"
                );
            }
            !*handed
        });
        state.told = Some(told.into());
        self.known.notify_all();
    }

    /// For the source: the next event.
    pub(crate) fn next_report(&self) -> Option<Report> {
        let report = self
            .told
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .try_recv()
            .ok()?;
        if report.last {
            self.state().open.insert(report.id, true);
        }
        Some(report)
    }

    /// For the source: everything of these commands is in the spool.
    pub(crate) fn are_told(&self, ids: impl IntoIterator<Item = u64>) {
        let mut state = self.state();
        for id in ids {
            state.open.remove(&id);
        }
        self.done.notify_one();
    }

    /// Remembers that a command is told, and gives what the checkpoint is to say.
    pub(crate) fn note_told(&self, id: u64) -> Vec<u64> {
        let mut state = self.state();
        let told = state.told.get_or_insert_default();
        told.push_back(id);
        while told.len() > TOLD {
            told.pop_front();
        }
        told.iter().copied().collect()
    }

    /// For the worker: whether a command was told before, as soon as that is known; `None` when everything ends.
    fn was_told(&self, id: u64, shutdown: &Shutdown) -> Option<bool> {
        let mut state = self.state();
        loop {
            if let Some(told) = &state.told {
                return Some(told.contains(&id));
            }
            if shutdown.is_triggered() {
                return None;
            }
            let waited = self.known.wait_timeout(state, LOOK);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// For the worker: nothing is to be told of a command any more.
    fn is_over(&self, id: u64) {
        self.are_told(BTreeSet::from([id]));
    }

    /// For the worker: hands an event over, waiting for room; false when everything ends.
    fn tell(&self, report: Report, shutdown: &Shutdown) -> bool {
        let mut report = report;
        loop {
            match self.reports.try_send(report) {
                Ok(()) => {
                    self.waker.wake();
                    return true;
                }
                Err(TrySendError::Disconnected(_)) => return false,
                Err(TrySendError::Full(back)) => report = back,
            }
            if shutdown.wait_timeout(LOOK) {
                return false;
            }
        }
    }
}
