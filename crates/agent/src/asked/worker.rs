//! The thread that does what was asked.

use std::sync::Arc;
use std::time::Duration;

use watchpost_event::commands::AgentCommand;
use watchpost_event::{Event, Timestamp};
use watchpost_kit::Clock;
use watchpost_run::Shutdown;

use super::{Desk, Job, Report, Taken, Uploads, events, hash, upload};

/// What became of a command.
pub(super) enum Outcome {
    /// It is over, and this is the last that is told of it.
    Over(Event),
    /// The agent ends: the server tells it again.
    Interrupted,
}

/// Does one command after the other.
#[derive(Clone)]
pub(crate) struct Worker {
    pub(crate) desk: Arc<Desk>,
    pub(crate) uploads: Arc<Uploads>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) shutdown: Shutdown,
}

impl Worker {
    /// Takes a command, and sees to it that somebody does it; false when it has to be told again.
    pub(crate) fn take(&self, job: Job) -> bool {
        match self.desk.take(job) {
            Taken::Waits => return true,
            Taken::NoRoom => return false,
            Taken::NeedsWorker => {}
        }
        let worker = self.clone();
        let builder = std::thread::Builder::new().name("commands".to_owned());
        match builder.spawn(move || worker.run()) {
            Ok(_) => true,
            Err(error) => {
                tracing::error!(
                    error = watchpost_kit::chain(&error),
                    "cannot start a thread for what the server asks"
                );
                self.desk.without_worker();
                false
            }
        }
    }

    /// Until nothing is left to do.
    fn run(&self) {
        let guard = Guard(&self.desk);
        while let Some(job) = self.desk.next_job(&self.shutdown) {
            self.work_on(&job);
        }
        drop(guard);
    }

    fn work_on(&self, job: &Job) {
        match self.desk.was_told(job.id, &self.shutdown) {
            // The acknowledgement was lost, not the work.
            Some(true) => return self.desk.is_over(job.id),
            Some(false) => {}
            None => return,
        }
        tracing::info!(command = %job.command, path = ?job.path, by = ?job.by, id = job.id, "the server asks");
        if let Outcome::Over(event) = self.outcome(job) {
            let report = Report {
                id: job.id,
                event,
                last: true,
            };
            self.desk.tell(report, &self.shutdown);
        }
    }

    fn outcome(&self, job: &Job) -> Outcome {
        let command = job.command;
        if !job.allowed {
            let reason = format!("commands.allow of this agent does not list {command}");
            return Outcome::Over(events::refused(job, &reason, self.now()));
        }
        match command {
            AgentCommand::Hash => hash::run(self, job),
            AgentCommand::LookupUpload => upload::run(self, job),
            _ => Outcome::Over(events::refused(job, "this agent does not know how", self.now())),
        }
    }

    /// Tells something of a command that goes on; false when everything ends.
    pub(super) fn tell(&self, job: &Job, event: Event) -> bool {
        let report = Report {
            id: job.id,
            event,
            last: false,
        };
        self.desk.tell(report, &self.shutdown)
    }

    pub(super) fn now(&self) -> Timestamp {
        Timestamp(self.clock.now())
    }

    pub(super) fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }
}

/// A worker that panics leaves room for another.
struct Guard<'a>(&'a Desk);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.without_worker();
        }
    }
}
