//! Runs the long-lived threads and tasks, and notices when one of them ends that should not.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use watchpost_kit::{Backoff, Clock, Rng, chain};

use crate::Shutdown;

const RESTART_DELAY: Duration = Duration::from_millis(100);
const RESTART_DELAY_MAX: Duration = Duration::from_secs(30);
/// Who ran that long was well: the next failure begins with a short delay again.
const WELL_AFTER: Duration = Duration::from_mins(1);

/// A task of one's own has ended: its panic is a panic of whoever looks after it.
pub fn pass_on_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && let Ok(panic) = error.try_into_panic()
    {
        std::panic::resume_unwind(panic);
    }
}

/// How a supervised body ends.
pub type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// What an end before shutdown means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// It should run until shutdown; start it again, after a delay that grows.
    Restart,
    /// The process makes no sense without it; shut down and remember why.
    Escalate,
    /// It has an end; only an error or a panic is worth a log line.
    Once,
}

/// What a supervised body is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskState {
    /// At work.
    Running,
    /// Ended, and waiting to be started again.
    Restarting,
    /// Ended for good.
    Ended,
}

/// One line of the supervisor's status.
#[derive(Clone, Debug)]
pub struct TaskStatus {
    /// The name it was started with.
    pub name: String,
    /// What it is doing.
    pub state: TaskState,
    /// How often it was started again.
    pub restarts: u64,
    /// How it last ended early.
    pub last_error: Option<String>,
}

/// Why the process is ending although nobody asked.
#[derive(Clone, Debug, thiserror::Error)]
#[error("`{name}` ended: {reason}")]
pub struct Escalation {
    /// Which task.
    pub name: String,
    /// The error's or panic's text.
    pub reason: String,
}

/// Tasks that did not end in time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("still running at the deadline: {}", names.join(", "))]
pub struct Hanging {
    /// Their names, in the order they were started.
    pub names: Vec<String>,
}

/// Starts, restarts and waits for threads and tokio tasks. Clones share it.
#[derive(Clone)]
pub struct Supervisor {
    shared: Arc<Shared>,
}

struct Shared {
    shutdown: Shutdown,
    clock: Arc<dyn Clock>,
    board: Mutex<Board>,
    ended: Condvar,
}

#[derive(Default)]
struct Board {
    next: u64,
    tasks: Vec<(u64, TaskStatus)>,
    escalation: Option<Escalation>,
}

/// The supervising side of one body.
struct Watch {
    shared: Arc<Shared>,
    id: u64,
    name: String,
    policy: Policy,
    backoff: Backoff,
}

impl fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.status()).finish()
    }
}

impl Supervisor {
    /// A supervisor that stops restarting once `shutdown` is triggered, and triggers it on escalation.
    pub fn new(shutdown: Shutdown, clock: Arc<dyn Clock>) -> Self {
        Self {
            shared: Arc::new(Shared {
                shutdown,
                clock,
                board: Mutex::default(),
                ended: Condvar::new(),
            }),
        }
    }

    /// The token everything here listens to.
    pub fn shutdown(&self) -> &Shutdown {
        &self.shared.shutdown
    }

    /// Runs `body` on a named thread. It is called again after an early end under [`Policy::Restart`], so it builds its
    /// state anew each time.
    pub fn thread<F>(&self, name: &str, policy: Policy, body: F) -> io::Result<()>
    where
        F: FnMut(&Shutdown) -> Outcome + Send + 'static,
    {
        let watch = self.watch(name, policy);
        // The system keeps 15 bytes of a thread's name; the log has it whole.
        let result = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            // Nothing has ended while its body still holds something: that goes first.
            let mut watch = watch;
            let mut body = body;
            loop {
                let started = watch.shared.clock.monotonic();
                let outcome = catch_unwind(AssertUnwindSafe(|| body(&watch.shared.shutdown)));
                let outcome = outcome.unwrap_or_else(|panic| Err(panic_text(&*panic).into()));
                match watch.next(outcome, started) {
                    Some(delay) if !watch.shared.shutdown.wait_timeout(delay) => watch.restarted(),
                    _ => return,
                }
            }
        });
        result.map(drop)
    }

    /// Runs the future made by `make` on a tokio runtime; made again after an early end under [`Policy::Restart`].
    pub fn task<F, T>(&self, runtime: &tokio::runtime::Handle, name: &str, policy: Policy, make: F)
    where
        F: FnMut(Shutdown) -> T + Send + 'static,
        T: Future<Output = Outcome> + Send + 'static,
    {
        let watch = self.watch(name, policy);
        let spawner = runtime.clone();
        runtime.spawn(async move {
            // As with threads.
            let mut watch = watch;
            let mut make = make;
            loop {
                let started = watch.shared.clock.monotonic();
                let shutdown = watch.shared.shutdown.clone();
                let outcome = match catch_unwind(AssertUnwindSafe(|| make(shutdown.clone()))) {
                    Ok(future) => match spawner.spawn(future).await {
                        Ok(outcome) => outcome,
                        Err(error) if error.is_panic() => Err(panic_text(&*error.into_panic()).into()),
                        Err(_) => Err("the runtime cancelled it".into()),
                    },
                    Err(panic) => Err(panic_text(&*panic).into()),
                };
                let Some(delay) = watch.next(outcome, started) else {
                    return;
                };
                tokio::select! {
                    () = shutdown.wait() => return,
                    () = tokio::time::sleep(delay) => watch.restarted(),
                }
            }
        });
    }

    /// What everything is doing. A [`Policy::Once`] body that ended well is no longer listed.
    pub fn status(&self) -> Vec<TaskStatus> {
        let board = self.shared.board();
        board.tasks.iter().map(|(_, status)| status.clone()).collect()
    }

    /// The first escalation, when that is why we are ending.
    pub fn escalation(&self) -> Option<Escalation> {
        self.shared.board().escalation.clone()
    }

    /// Waits until everything has ended, at most `timeout`, and names what has not. Blocks; does not trigger shutdown.
    pub fn join_all(&self, timeout: Duration) -> Result<(), Hanging> {
        let board = self.shared.board();
        let waited = self
            .shared
            .ended
            .wait_timeout_while(board, timeout, |board| !board.running().is_empty());
        let names = waited.unwrap_or_else(PoisonError::into_inner).0.running();
        if names.is_empty() {
            Ok(())
        } else {
            Err(Hanging { names })
        }
    }

    fn watch(&self, name: &str, policy: Policy) -> Watch {
        let mut board = self.shared.board();
        let id = board.next;
        board.next += 1;
        let status = TaskStatus {
            name: name.to_owned(),
            state: TaskState::Running,
            restarts: 0,
            last_error: None,
        };
        board.tasks.push((id, status));
        Watch {
            shared: Arc::clone(&self.shared),
            id,
            name: name.to_owned(),
            policy,
            backoff: Backoff::new(RESTART_DELAY, RESTART_DELAY_MAX, Rng::from_os()),
        }
    }
}

impl Shared {
    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Board {
    fn running(&self) -> Vec<String> {
        let running = self.tasks.iter().filter(|(_, status)| status.state != TaskState::Ended);
        running.map(|(_, status)| status.name.clone()).collect()
    }
}

impl Watch {
    /// Judges an end: `Some` is the delay before the next start.
    fn next(&mut self, outcome: Outcome, started: Duration) -> Option<Duration> {
        let name = self.name.as_str();
        let early = !self.shared.shutdown.is_triggered();
        let reason = match outcome {
            Ok(()) if early && self.policy != Policy::Once => "it returned before shutdown".to_owned(),
            Ok(()) => return None,
            Err(error) => chain(&*error),
        };
        if !early {
            tracing::warn!(task = name, error = reason, "Task failed during shutdown");
            self.set(|status| status.last_error = Some(reason));
            return None;
        }
        match self.policy {
            Policy::Once => {
                tracing::error!(task = name, error = reason, "Task failed");
                self.set(|status| status.last_error = Some(reason));
                None
            }
            Policy::Escalate => {
                tracing::error!(task = name, error = reason, "Task failed, shutting down");
                let escalation = Escalation {
                    name: self.name.clone(),
                    reason: reason.clone(),
                };
                self.shared.board().escalation.get_or_insert(escalation);
                self.set(|status| status.last_error = Some(reason));
                self.shared.shutdown.trigger();
                None
            }
            Policy::Restart => {
                if self.shared.clock.monotonic().saturating_sub(started) >= WELL_AFTER {
                    self.backoff.reset();
                }
                let delay = self.backoff.next_delay();
                tracing::error!(task = name, error = reason, ?delay, "Task failed, starting it again");
                self.set(|status| {
                    status.state = TaskState::Restarting;
                    status.last_error = Some(reason);
                });
                Some(delay)
            }
        }
    }

    fn restarted(&self) {
        self.set(|status| {
            status.state = TaskState::Running;
            status.restarts += 1;
        });
    }

    fn set(&self, change: impl FnOnce(&mut TaskStatus)) {
        let mut board = self.shared.board();
        if let Some((_, status)) = board.tasks.iter_mut().find(|(id, _)| *id == self.id) {
            change(status);
        }
    }
}

impl Drop for Watch {
    /// Whatever way supervision ends, also with the runtime, nobody waits for it any longer.
    fn drop(&mut self) {
        let mut board = self.shared.board();
        if let Some((_, status)) = board.tasks.iter_mut().find(|(id, _)| *id == self.id) {
            status.state = TaskState::Ended;
        }
        if self.policy == Policy::Once {
            board
                .tasks
                .retain(|(id, status)| *id != self.id || status.last_error.is_some());
        }
        drop(board);
        self.shared.ended.notify_all();
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panic: {}", text.unwrap_or("without a message"))
}
