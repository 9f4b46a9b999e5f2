use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use watchpost_run::Shutdown;

use super::Served;
use crate::ServerError;
use crate::auth::Peer;
use crate::config::Listen;

/// After an error of the operating system, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Opens a listening socket.
pub(crate) async fn bind(listen: Listen) -> Result<(TcpListener, SocketAddr), ServerError> {
    let failed = |source| ServerError::Listen {
        address: listen.address,
        source,
    };
    let listener = TcpListener::bind(listen.address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// Accepts connections until shutdown, then lets those that are open finish what they do.
pub(crate) async fn serve(listener: TcpListener, tls: Option<TlsAcceptor>, served: Arc<Served>, shutdown: Shutdown) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = shutdown.wait() => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "Cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Ok(place) = served.places.clone().try_acquire_owned() else {
            // Closing at once tells the client more than a queue would.
            served.metrics.connections_refused.inc();
            continue;
        };
        let (served, tls) = (served.clone(), tls.clone());
        connections.spawn(async move {
            let _place = place;
            connect(stream, peer, tls, &served).await;
        });
    }
    drop(listener);
    let drain = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(served.timeouts.drain, drain).await;
}

async fn connect(stream: TcpStream, address: SocketAddr, tls: Option<TlsAcceptor>, served: &Served) {
    // Answers are small and complete: waiting to fill a packet only delays them.
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else {
        let loopback = address.ip().is_loopback();
        let peer = Peer::Network {
            address: address.ip(),
            loopback,
        };
        return served.serve(stream, peer, false).await;
    };
    let handshake = tokio::time::timeout(served.timeouts.handshake, tls.accept(stream));
    let stream = match handshake.await {
        Ok(Ok(stream)) => stream,
        failed => {
            served.metrics.connections_refused.inc();
            let error = failed.map_or_else(|_| Some(io::ErrorKind::TimedOut.into()), Result::err);
            tracing::debug!(%address, ?error, "A TLS handshake failed");
            return;
        }
    };
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let peer = Peer::Network {
        address: address.ip(),
        loopback: false,
    };
    served.serve(stream, peer, is_http2).await;
}
