//! What the server asks of this agent: one long poll after the other.

use std::sync::Arc;
use std::time::Duration;

use watchpost_event::commands::{AgentCommand, PendingCommand};
use watchpost_kit::{Backoff, Rng};
use watchpost_run::Shutdown;

use super::Transport;
use crate::asked::{Job, Worker};
use crate::shared::Shared;

const RETRY_BASE: Duration = Duration::from_secs(1);
/// A server that knows no commands is asked this often.
const RETRY_CAP: Duration = Duration::from_mins(5);
/// Between two answers at least: a server that answers at once, always, is not asked in a circle.
const PAUSE: Duration = Duration::from_millis(200);
/// The same while something is being done, which the server tells again each time.
const BUSY_PAUSE: Duration = Duration::from_secs(1);

/// Asks for commands and does what the configuration allows.
pub(crate) struct Asked {
    pub(crate) shared: Arc<Shared>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) shutdown: Shutdown,
    pub(crate) allow: Vec<AgentCommand>,
    /// Does what takes time.
    pub(crate) worker: Worker,
}

impl Asked {
    /// Until shutdown.
    pub(crate) async fn run(self) {
        if self.allow.is_empty() {
            return;
        }
        let mut backoff = Backoff::new(RETRY_BASE, RETRY_CAP, Rng::from_os());
        let mut newest = 0;
        loop {
            let after = self.worker.desk.acknowledged(newest);
            let answer = tokio::select! {
                answer = self.transport.commands(after) => answer,
                () = self.shutdown.wait() => return,
            };
            let wait = match answer {
                Ok(response) => {
                    backoff.reset();
                    newest = self.obey_all(&response.commands, newest);
                    if response.commands.is_empty() {
                        PAUSE
                    } else {
                        self.pause()
                    }
                }
                Err(error) => {
                    tracing::debug!(error = watchpost_kit::chain(&error), "cannot ask for commands now");
                    backoff.next_delay()
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.worker.desk.one_is_done() => {}
                () = self.shutdown.wait() => return,
            }
        }
    }

    /// What is new; what is being done comes again each time. The number of the newest that was taken.
    fn obey_all(&self, commands: &[PendingCommand], newest: u64) -> u64 {
        let new = commands.iter().filter(|pending| pending.id > newest);
        new.take_while(|pending| self.obey(pending))
            .last()
            .map_or(newest, |pending| pending.id)
    }

    /// A server that tells again what is being done is not asked in a circle.
    fn pause(&self) -> Duration {
        if self.worker.desk.is_busy() { BUSY_PAUSE } else { PAUSE }
    }

    /// False when it has to be told again later.
    fn obey(&self, pending: &PendingCommand) -> bool {
        let known = AgentCommand::from_name(&pending.command);
        let allowed = known.is_some_and(|command| self.allow.contains(&command));
        match known {
            Some(AgentCommand::SendNow) if allowed => {
                tracing::info!("the server asks to send now");
                self.shared.ask_to_send();
                true
            }
            // What is not allowed is told, too: whoever asked waits for an answer.
            Some(command @ (AgentCommand::Hash | AgentCommand::LookupUpload)) => {
                self.worker.take(Job::new(pending, command, allowed))
            }
            _ => {
                // A newer server may know more than this agent does.
                let name: String = pending.command.chars().take(40).collect();
                tracing::warn!(command = ?name, "the server asks what commands.allow does not list; not done");
                true
            }
        }
    }
}
