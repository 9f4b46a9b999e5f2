//! The socket for the command line: in the data folder, for the server's own user and root.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;
use watchpost_run::Shutdown;

use super::Served;
use crate::ServerError;
use crate::auth::Peer;

/// An open socket; its file is removed at the end.
pub(crate) struct LocalSocket {
    listener: UnixListener,
    path: PathBuf,
    /// Who owns the socket, and so the server.
    owner: u32,
}

impl LocalSocket {
    /// Opens the socket. The data folder's lock is held by then, so a file that is there was left behind.
    pub(crate) fn bind(path: &Path) -> Result<Self, ServerError> {
        use std::os::unix::fs::MetadataExt;
        let failed = |source| ServerError::Socket {
            path: path.to_path_buf(),
            source,
        };
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let listener = UnixListener::bind(path).map_err(failed)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
        let owner = std::fs::metadata(path).map_err(failed)?.uid();
        Ok(Self {
            listener,
            path: path.to_path_buf(),
            owner,
        })
    }

    /// Accepts connections until shutdown.
    pub(crate) async fn serve(self, served: Arc<Served>, shutdown: Shutdown) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                () = shutdown.wait() => break,
                Some(_) = connections.join_next() => {}
                accepted = self.listener.accept() => {
                    let Ok((stream, _)) = accepted else { continue };
                    let Ok(place) = served.places.clone().try_acquire_owned() else { continue };
                    if !self.is_allowed(&stream) {
                        served.metrics.connections_refused.inc();
                        continue;
                    }
                    let served = served.clone();
                    connections.spawn(async move {
                        let _place = place;
                        served.serve(stream, Peer::Local, false).await;
                    });
                }
            }
        }
        // Nobody may find the socket of a server that is ending.
        let _ = std::fs::remove_file(&self.path);
        drop(self.listener);
        let drain = async { while connections.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(served.timeouts.drain, drain).await;
    }

    fn is_allowed(&self, stream: &UnixStream) -> bool {
        match stream.peer_cred() {
            Ok(peer) if peer.uid() == self.owner || peer.uid() == 0 => true,
            Ok(peer) => {
                tracing::warn!(uid = peer.uid(), "Refused another user on the local socket");
                false
            }
            Err(error) => {
                tracing::warn!(%error, "Cannot tell who connects to the local socket");
                false
            }
        }
    }
}
