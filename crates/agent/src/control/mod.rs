//! The agent's local socket (on Windows a named pipe): what it says of itself, to its own user and administrators.
//!
//! One line in (`status`), one JSON document out, and the connection ends.

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod os;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use watchpost_event::{AgentId, Timestamp};
use watchpost_kit::Clock;
use watchpost_run::Shutdown;

use crate::AgentStatus;
use crate::shared::Shared;

/// A question or an answer takes at most so long.
const PATIENCE: Duration = Duration::from_secs(5);
const QUESTION_BYTES_MAX: usize = 64;
const ANSWER_BYTES_MAX: u64 = 64 << 20;
const STATUS: &str = "status";

/// Why an agent does not say how it is.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Nobody listens.
    #[error("no agent runs with its data in {}: start one with `watchpost agent`, or name its folder", dir.display())]
    NotRunning {
        /// The data folder.
        dir: PathBuf,
    },
    /// The socket belongs to another user.
    #[error("the agent with its data in {} is another user's: ask as that user or as an administrator", dir.display())]
    NotAllowed {
        /// The data folder.
        dir: PathBuf,
    },
    /// It does not answer.
    #[error("the agent with its data in {} does not answer", dir.display())]
    Io {
        /// The data folder.
        dir: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Its answer makes no sense.
    #[error("the agent with its data in {} is of another version: restart it", dir.display())]
    Strange {
        /// The data folder.
        dir: PathBuf,
        /// Why not.
        #[source]
        source: serde_json::Error,
    },
}

/// Asks the agent with its data in `data_dir` how it is. Takes a few seconds at most.
pub fn status(data_dir: &Path) -> Result<AgentStatus, ControlError> {
    let dir = || data_dir.to_owned();
    let answer = os::ask(data_dir, &format!("{STATUS}\n")).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => ControlError::NotRunning { dir: dir() },
        io::ErrorKind::PermissionDenied => ControlError::NotAllowed { dir: dir() },
        _ => ControlError::Io {
            dir: dir(),
            source: error,
        },
    })?;
    if answer.is_empty() {
        return Err(ControlError::NotAllowed { dir: dir() });
    }
    serde_json::from_slice(&answer).map_err(|source| ControlError::Strange { dir: dir(), source })
}

/// An open socket.
pub(crate) struct Control {
    listener: os::Listener,
    pub(crate) shared: Arc<Shared>,
    pub(crate) agent: AgentId,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Control {
    /// Opens the socket. The spool's lock is held by then, so one that is there was left behind.
    pub(crate) fn bind(
        data_dir: &Path,
        shared: Arc<Shared>,
        agent: AgentId,
        clock: Arc<dyn Clock>,
    ) -> io::Result<Self> {
        Ok(Self {
            listener: os::Listener::bind(data_dir)?,
            shared,
            agent,
            clock,
        })
    }

    /// Answers, one after the other, until shutdown.
    pub(crate) async fn serve(mut self, shutdown: Shutdown) {
        loop {
            tokio::select! {
                () = shutdown.wait() => return,
                accepted = self.listener.accept() => match accepted {
                    Ok(Some(stream)) => {
                        // Whoever asks and does not listen holds nobody up for long.
                        let _ = tokio::time::timeout(PATIENCE, self.answer(stream)).await;
                    }
                    // Somebody who may not ask.
                    Ok(None) => {}
                    Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                }
            }
        }
    }

    async fn answer(&self, mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
        let mut question = Vec::new();
        while !question.contains(&b'\n') && question.len() < QUESTION_BYTES_MAX {
            if stream.read_buf(&mut question).await? == 0 {
                break;
            }
        }
        if question.trim_ascii() != STATUS.as_bytes() {
            return Ok(());
        }
        let status = self.shared.status(&self.agent, Timestamp(self.clock.now()));
        stream.write_all(&serde_json::to_vec(&status)?).await?;
        stream.flush().await?;
        stream.shutdown().await
    }
}
