use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;
use tower::ServiceExt;
use watchpost_run::Shutdown;

use super::lingering::Lingering;
use crate::auth::Peer;
use crate::config::Timeouts;
use crate::metrics::Metrics;

/// Bytes of a request's head.
const HEAD_BYTES_MAX: usize = 64 << 10;
const HEADERS_MAX: usize = 64;
/// What an HTTP/2 client may send before it must wait: an ordinary batch.
const WINDOW_BYTES: u32 = 1 << 20;
/// Requests at once on one HTTP/2 connection.
const STREAMS_MAX: u32 = 32;

/// What every connection needs.
pub(crate) struct Served {
    pub(crate) router: Router,
    pub(crate) timeouts: Timeouts,
    pub(crate) metrics: Arc<Metrics>,
    /// Places for connections.
    pub(crate) places: Arc<Semaphore>,
    /// Connections finish the request they serve, and end.
    pub(crate) shutdown: Shutdown,
}

impl Served {
    /// Serves one connection until it ends.
    pub(crate) async fn serve<S>(&self, stream: S, peer: Peer, is_http2: bool)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let router = self.router.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            let answer = router
                .clone()
                .oneshot(request.map(|body| Body::new(Lingering::new(body))));
            async move { Ok::<_, Infallible>(answer.await.unwrap_or_else(|never| match never {})) }
        });
        let io = TokioIo::new(stream);
        if is_http2 {
            let mut builder = http2::Builder::new(TokioExecutor::new());
            builder
                .timer(TokioTimer::new())
                .keep_alive_interval(self.timeouts.head)
                .keep_alive_timeout(self.timeouts.handshake)
                .initial_stream_window_size(WINDOW_BYTES)
                .initial_connection_window_size(2 * WINDOW_BYTES)
                .max_header_list_size(HEAD_BYTES_MAX as u32)
                .max_concurrent_streams(STREAMS_MAX);
            let connection = builder.serve_connection(io, service);
            self.finish(connection, http2::Connection::graceful_shutdown).await;
        } else {
            let mut builder = http1::Builder::new();
            builder
                .timer(TokioTimer::new())
                .header_read_timeout(self.timeouts.head)
                .max_headers(HEADERS_MAX)
                .max_buf_size(HEAD_BYTES_MAX);
            let connection = builder.serve_connection(io, service).with_upgrades();
            self.finish(connection, http1::UpgradeableConnection::graceful_shutdown)
                .await;
        }
    }

    async fn finish<C>(&self, connection: C, end: impl FnOnce(Pin<&mut C>))
    where
        C: Future<Output = Result<(), hyper::Error>>,
    {
        self.metrics.connections.add(1);
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            result = connection.as_mut() => Some(result),
            () = self.shutdown.wait() => None,
        };
        let result = if let Some(result) = ended {
            result
        } else {
            end(connection.as_mut());
            connection.await
        };
        self.metrics.connections.add(-1);
        if let Err(error) = result {
            tracing::debug!(%error, "A connection ended early");
        }
    }
}
