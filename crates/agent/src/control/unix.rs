//! A Unix socket in the data folder; its file is removed at the end.

use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream as BlockingStream;
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};

use super::{ANSWER_BYTES_MAX, PATIENCE};

fn socket_path(data_dir: &Path) -> PathBuf {
    data_dir.join("agent.sock")
}

/// One question, and all of the answer.
pub(super) fn ask(data_dir: &Path, question: &str) -> io::Result<Vec<u8>> {
    let mut stream = BlockingStream::connect(socket_path(data_dir))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(question.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
    Ok(answer)
}

/// An open socket.
pub(super) struct Listener {
    socket: UnixListener,
    path: PathBuf,
    owner: u32,
}

impl Listener {
    pub(super) fn bind(data_dir: &Path) -> io::Result<Self> {
        let path = socket_path(data_dir);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&path)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        let owner = std::fs::metadata(&path)?.uid();
        Ok(Self {
            socket: listener,
            path,
            owner,
        })
    }

    /// The next connection; `None` for one of somebody who may not ask.
    pub(super) async fn accept(&mut self) -> io::Result<Option<UnixStream>> {
        let (stream, _) = self.socket.accept().await?;
        Ok(self.is_allowed(&stream).then_some(stream))
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

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}
