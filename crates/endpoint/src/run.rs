//! What the long-running commands share: logging, signals, the real disk and clock, an orderly end.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use watchpost_agent::uplink::Transport;
use watchpost_agent::{AgentDeps, AgentHandle};
use watchpost_kit::{Clock, SystemClock};
use watchpost_run::{Disk, RealDisk, Shutdown, host_name};

use crate::signals;

/// Ending in order takes at most so long; what is durable by then stays, the rest comes again.
const END_LIMIT: Duration = Duration::from_secs(30);

/// The world as it is.
pub struct Outside {
    /// The file system.
    pub disk: Arc<dyn Disk>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ends what goes by it.
    pub shutdown: Shutdown,
}

impl Outside {
    /// Signals end what goes by this.
    pub fn new() -> Result<Self> {
        let shutdown = Shutdown::new();
        signals::install(&shutdown).context("cannot listen for signals")?;
        Ok(Self::ending_with(&shutdown))
    }

    /// What goes by this ends with `shutdown`, and by nothing else.
    pub fn ending_with(shutdown: &Shutdown) -> Self {
        Self {
            disk: Arc::new(RealDisk),
            clock: Arc::new(SystemClock::new()),
            shutdown: shutdown.clone(),
        }
    }

    /// What an agent needs of it.
    pub fn agent(&self, transport: Option<Arc<dyn Transport>>) -> AgentDeps {
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
pub fn join_agent(agent: AgentHandle) -> Result<()> {
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

/// What helps when a data folder cannot be used.
pub fn data_folder_hint(folder: &Path) -> String {
    format!(
        "is another watchpost running on {}? Otherwise name a folder you may write to: --data-dir DIR. \
         If a file is damaged, docs/recover.md says what to do",
        folder.display()
    )
}
