//! The way from the agent to the server when both are one process: a call instead of a connection.

use std::time::Duration;

use bytes::Bytes;
use watchpost_agent::uplink::{Answering, Sent, Transport, TransportError};
use watchpost_event::commands::CommandsResponse;
use watchpost_event::protocol::{DataResponse, HealthReport, StreamsResponse};
use watchpost_server::LocalIntake;

/// How long to wait when the server in this process has no room.
const BUSY_WAIT: Duration = Duration::from_secs(1);

/// Calls the server of this process.
pub(crate) struct Direct(pub(crate) LocalIntake);

impl Transport for Direct {
    fn data(&self, body: Bytes) -> Answering<'_, Sent> {
        Box::pin(async move {
            let (status, response) = self.0.data(body).await;
            judge(status, response)
        })
    }

    fn streams(&self) -> Answering<'_, StreamsResponse> {
        Box::pin(async move {
            let busy = |message| TransportError::Busy {
                message,
                retry_after: Some(BUSY_WAIT),
            };
            self.0.streams().await.map_err(|body| busy(body.error.message))
        })
    }

    fn commands(&self, after: u64) -> Answering<'_, CommandsResponse> {
        Box::pin(async move { Ok(self.0.commands(after).await) })
    }

    fn health(&self, report: HealthReport) -> Answering<'_, ()> {
        self.0.health(report);
        Box::pin(async { Ok(()) })
    }
}

/// The same reading of the same statuses as over HTTP.
fn judge(status: u16, response: DataResponse) -> Result<Sent, TransportError> {
    let message = response
        .error
        .as_ref()
        .map(|error| error.message.clone())
        .unwrap_or_default();
    match status {
        200 | 409 => Ok(Sent::Judged(response)),
        400 if !response.cursors.is_empty() => Ok(Sent::Judged(response)),
        413 => Ok(Sent::TooLarge),
        429 | 503 => Err(TransportError::Busy {
            message,
            retry_after: Some(BUSY_WAIT),
        }),
        401 | 403 => Err(TransportError::Refused { message }),
        status => Err(TransportError::Strange { status, message }),
    }
}
