//! Live events: one JSON object per WebSocket message, or per line for a plain `GET`. Events left out because the
//! receiver was too slow are declared by an event of their own, with `watchpost.shed`.

use std::num::NonZeroU32;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::stream;
use serde::Deserialize;
use utoipa::IntoParams;
use watchpost_event::Timestamp;
use watchpost_event::protocol::ErrorBody;

use super::{ApiFailure, App};
use crate::bus::{Subscription, TailItem};

/// Largest message a receiver may send; it has nothing to say.
const MESSAGE_BYTES_MAX: usize = 4 << 10;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct TailQuery {
    /// The query; everything when left out.
    #[serde(default)]
    #[param(required = false)]
    q: String,
    /// Events per second at most; those beyond it are left out and declared.
    #[param(value_type = Option<u32>, minimum = 1)]
    rate: Option<NonZeroU32>,
}

/// Live events, as they arrive
///
/// As a WebSocket one event's JSON per text message, as a plain `GET` one per line. Events left out because the receiver
/// was too slow, or beyond `rate`, are declared by an event with their number in `watchpost.shed`.
#[utoipa::path(get, path = "/api/v1/tail", tag = "search", params(TailQuery),
    responses((status = 101, description = "One event per text message"),
              (status = 200, description = "One event per line", content_type = "application/x-ndjson", body = serde_json::Value),
              (status = "4XX", body = ErrorBody)))]
pub(super) async fn tail(
    State(app): State<Arc<App>>,
    Query(query): Query<TailQuery>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiFailure> {
    let (rate, query) = (query.rate, watchpost_query::parse(&query.q)?);
    let subscription = app.tail.subscribe(query, rate).ok_or_else(|| {
        ApiFailure::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "too many are watching already, try again later",
        )
    })?;
    Ok(match upgrade {
        Ok(upgrade) => upgrade
            .max_message_size(MESSAGE_BYTES_MAX)
            .on_upgrade(move |socket| watch(app, socket, subscription)),
        Err(_) => lines(app, subscription),
    })
}

async fn watch(app: Arc<App>, mut socket: WebSocket, mut subscription: Subscription) {
    loop {
        tokio::select! {
            item = subscription.next() => {
                let Some(item) = item else { break };
                let Ok(text) = json(&item, app.now()).try_into() else { continue };
                if socket.send(Message::Text(text)).await.is_err() {
                    return;
                }
            }
            received = socket.recv() => {
                if !matches!(received, Some(Ok(_))) {
                    return;
                }
            }
            () = app.shutdown.wait() => break,
        }
    }
    let _ = socket.send(Message::Close(None)).await;
}

fn lines(app: Arc<App>, subscription: Subscription) -> Response {
    let next = |(app, mut subscription): (Arc<App>, Subscription)| async move {
        let item = tokio::select! {
            item = subscription.next() => item?,
            () = app.shutdown.wait() => return None,
        };
        let mut line = BytesMut::from(json(&item, app.now()));
        line.put_u8(b'\n');
        Some((Ok::<_, std::convert::Infallible>(line.freeze()), (app, subscription)))
    };
    let body = Body::from_stream(stream::unfold((app, subscription), next));
    ([(header::CONTENT_TYPE, "application/x-ndjson")], body).into_response()
}

fn json(item: &TailItem, now: Timestamp) -> Bytes {
    match item {
        TailItem::Event(json) => json.clone(),
        TailItem::Shed(events) => {
            let event = serde_json::json!({
                "@timestamp": now.to_string(),
                "message": format!("{events} matching events were left out here: the receiver is too slow"),
                "log": { "level": "warning" },
                "watchpost": { "shed": events },
            });
            event.to_string().into()
        }
    }
}
