//! What the long-running commands share: logging, signals, the real disk and clock, an orderly end.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use watchpost_agent::uplink::Transport;
use watchpost_agent::{AgentDeps, AgentHandle};
use watchpost_kit::{Clock, SystemClock};
use watchpost_run::{Disk, RealDisk, Shutdown};

use crate::settings::host_name;
use crate::signals;

/// Ending in order takes at most so long; what is durable by then stays, the rest comes again.
const END_LIMIT: Duration = Duration::from_secs(30);

/// The world as it is.
pub(crate) struct Outside {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) shutdown: Shutdown,
}

impl Outside {
    /// Signals end what goes by this.
    pub(crate) fn new() -> Result<Self> {
        let shutdown = Shutdown::new();
        signals::install(&shutdown).context("cannot listen for signals")?;
        Ok(Self {
            disk: Arc::new(RealDisk),
            clock: Arc::new(SystemClock::new()),
            shutdown,
        })
    }

    /// What an agent needs of it.
    pub(crate) fn agent(&self, transport: Option<Arc<dyn Transport>>) -> AgentDeps {
        AgentDeps {
            disk: Arc::clone(&self.disk),
            clock: Arc::clone(&self.clock),
            shutdown: self.shutdown.clone(),
            host: host_name(),
            transport,
        }
    }
}

/// Waits for an agent's end, but not for ever.
pub(crate) fn join_agent(agent: AgentHandle) -> Result<()> {
    let (ended, end) = std::sync::mpsc::sync_channel(1);
    let wait = move || {
        agent.join();
        // Nobody listens any more when it took too long.
        let _ = ended.send(());
    };
    std::thread::Builder::new()
        .name("end".to_owned())
        .spawn(wait)
        .context("cannot start a thread")?;
    if end.recv_timeout(END_LIMIT).is_err() {
        bail!(
            "the agent did not end within {} s; what it had not delivered is in its spool",
            END_LIMIT.as_secs()
        );
    }
    Ok(())
}
