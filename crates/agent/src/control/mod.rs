//! The agent's local socket: what it says of itself, to its own user and root.
//!
//! One line in (`status`), one JSON document out, and the connection ends.

use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream as BlockingStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
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
    #[error("the agent with its data in {} is another user's: ask as that user or as root", dir.display())]
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

/// The socket of the agent with its data in `data_dir`.
pub fn socket_path(data_dir: &Path) -> PathBuf {
    data_dir.join("agent.sock")
}

/// Asks the agent with its data in `data_dir` how it is. Takes a few seconds at most.
pub fn status(data_dir: &Path) -> Result<AgentStatus, ControlError> {
    let dir = || data_dir.to_owned();
    let stream = BlockingStream::connect(socket_path(data_dir)).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => ControlError::NotRunning { dir: dir() },
        io::ErrorKind::PermissionDenied => ControlError::NotAllowed { dir: dir() },
        _ => ControlError::Io {
            dir: dir(),
            source: error,
        },
    })?;
    let answer = ask(stream).map_err(|source| ControlError::Io { dir: dir(), source })?;
    if answer.is_empty() {
        return Err(ControlError::NotAllowed { dir: dir() });
    }
    serde_json::from_slice(&answer).map_err(|source| ControlError::Strange { dir: dir(), source })
}

fn ask(mut stream: BlockingStream) -> io::Result<Vec<u8>> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(format!("{STATUS}\n").as_bytes())?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
    Ok(answer)
}

/// An open socket; its file is removed at the end.
pub(crate) struct Control {
    listener: UnixListener,
    path: PathBuf,
    owner: u32,
    pub(crate) shared: Arc<Shared>,
    pub(crate) agent: AgentId,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Control {
    /// Opens the socket. The spool's lock is held by then, so a file that is there was left behind.
    pub(crate) fn bind(
        data_dir: &Path,
        shared: Arc<Shared>,
        agent: AgentId,
        clock: Arc<dyn Clock>,
    ) -> io::Result<Self> {
        let path = socket_path(data_dir);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&path)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        let owner = std::fs::metadata(&path)?.uid();
        Ok(Self {
            listener,
            path,
            owner,
            shared,
            agent,
            clock,
        })
    }

    /// Answers, one after the other, until shutdown.
    pub(crate) async fn serve(self, shutdown: Shutdown) {
        loop {
            tokio::select! {
                () = shutdown.wait() => break,
                accepted = self.listener.accept() => {
                    let Ok((stream, _)) = accepted else {
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    };
                    if self.is_allowed(&stream) {
                        // Whoever asks and does not listen holds nobody up for long.
                        let _ = tokio::time::timeout(PATIENCE, self.answer(stream)).await;
                    }
                }
            }
        }
        let _ = std::fs::remove_file(&self.path);
    }

    async fn answer(&self, mut stream: UnixStream) -> io::Result<()> {
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
        stream.shutdown().await
    }

    fn is_allowed(&self, stream: &UnixStream) -> bool {
        match stream.peer_cred() {
            Ok(peer) if peer.uid() == self.owner || peer.uid() == 0 => true,
            Ok(peer) => {
                tracing::warn!(uid = peer.uid(), "refused another user on the local socket");
                false
            }
            Err(error) => {
                tracing::warn!(%error, "cannot tell who connects to the local socket");
                false
            }
        }
    }
}
