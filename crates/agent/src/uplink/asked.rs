//! What the server asks of this agent: one long poll after the other.

use std::sync::Arc;
use std::time::Duration;

use watchpost_event::commands::AgentCommand;
use watchpost_kit::{Backoff, Rng};
use watchpost_run::Shutdown;

use super::Transport;
use crate::shared::Shared;

const RETRY_BASE: Duration = Duration::from_secs(1);
/// A server that knows no commands is asked this often.
const RETRY_CAP: Duration = Duration::from_mins(5);
/// Between two answers at least: a server that answers at once, always, is not asked in a circle.
const PAUSE: Duration = Duration::from_millis(200);

/// Asks for commands and does what the configuration allows.
pub(crate) struct Asked {
    pub(crate) shared: Arc<Shared>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) shutdown: Shutdown,
    pub(crate) allow: Vec<AgentCommand>,
}

impl Asked {
    /// Until shutdown.
    pub(crate) async fn run(self) {
        if self.allow.is_empty() {
            return;
        }
        let mut backoff = Backoff::new(RETRY_BASE, RETRY_CAP, Rng::from_os());
        let mut after = 0;
        loop {
            let answer = tokio::select! {
                answer = self.transport.commands(after) => answer,
                () = self.shutdown.wait() => return,
            };
            let wait = match answer {
                Ok(response) => {
                    backoff.reset();
                    for pending in &response.commands {
                        self.obey(&pending.command);
                        after = after.max(pending.id);
                    }
                    PAUSE
                }
                Err(error) => {
                    tracing::debug!(error = watchpost_kit::chain(&error), "cannot ask for commands now");
                    backoff.next_delay()
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.shutdown.wait() => return,
            }
        }
    }

    fn obey(&self, name: &str) {
        let allowed = AgentCommand::from_name(name).filter(|command| self.allow.contains(command));
        if allowed == Some(AgentCommand::SendNow) {
            tracing::info!("the server asks to send now");
            self.shared.ask_to_send();
        } else {
            // A newer server may know more than this agent does.
            let name: String = name.chars().take(40).collect();
            tracing::warn!(command = ?name, "the server asks what commands.allow does not list; not done");
        }
    }
}
