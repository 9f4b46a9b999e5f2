//! Live events: one JSON object per WebSocket message, or per line for a plain `GET`. Events left out because the
//! receiver was too slow are declared by an event of their own, with `watchpost.shed`.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Extension, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::stream;
use serde::Deserialize;
use tokio::time::{Interval, MissedTickBehavior};
use utoipa::IntoParams;
use watchpost_event::Timestamp;
use watchpost_event::protocol::ErrorBody;

use super::{ApiFailure, App};
use crate::auth::Principal;
use crate::bus::{Subscription, TailItem};

/// How often somebody who watches is asked for, so that a session that ended shows nothing more.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
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
    Extension(principal): Extension<Principal>,
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
    let mut look = tokio::time::interval(LOOK_AGAIN);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let live = Live {
        app,
        principal,
        subscription,
        look,
        is_due: false,
    };
    Ok(match upgrade {
        Ok(upgrade) => upgrade
            .max_message_size(MESSAGE_BYTES_MAX)
            .on_upgrade(move |socket| watch(live, socket)),
        Err(_) => lines(live),
    })
}

/// Somebody who watches.
struct Live {
    app: Arc<App>,
    principal: Principal,
    subscription: Subscription,
    /// When to look whether they still may.
    look: Interval,
    /// It is time to look. It stays so until there was an answer: what is dropped on the way is asked again.
    is_due: bool,
}

impl Live {
    /// The next item; `None` when the server ends, or whoever watches may not any more. May be dropped and called again.
    async fn next(&mut self) -> Option<TailItem> {
        loop {
            if self.is_due {
                let now = self.app.clock.now();
                if !self.principal.is_still_known(&self.app.catalog, now).await {
                    return None;
                }
                self.is_due = false;
            }
            tokio::select! {
                item = self.subscription.next() => return item,
                () = self.app.shutdown.wait() => return None,
                _ = self.look.tick() => self.is_due = true,
            }
        }
    }
}

async fn watch(mut live: Live, mut socket: WebSocket) {
    let patience = live.app.timeouts.body_piece;
    loop {
        tokio::select! {
            item = live.next() => {
                let Some(item) = item else { break };
                let Ok(text) = json(&item, live.app.now()).try_into() else { continue };
                // Whoever takes nothing any more gives its place back.
                let sent = tokio::time::timeout(patience, socket.send(Message::Text(text)));
                if !matches!(sent.await, Ok(Ok(()))) {
                    return;
                }
            }
            received = socket.recv() => {
                if !matches!(received, Some(Ok(_))) {
                    return;
                }
            }
        }
    }
    let _ = tokio::time::timeout(patience, socket.send(Message::Close(None))).await;
}

fn lines(watcher: Live) -> Response {
    let next = |mut watcher: Live| async move {
        let item = watcher.next().await?;
        let mut line = BytesMut::from(json(&item, watcher.app.now()));
        line.put_u8(b'\n');
        Some((Ok::<_, std::convert::Infallible>(line.freeze()), watcher))
    };
    let body = Body::from_stream(stream::unfold(watcher, next));
    ([(header::CONTENT_TYPE, "application/x-ndjson")], body).into_response()
}

fn json(item: &TailItem, now: Timestamp) -> Bytes {
    match item {
        TailItem::Event(json) => json.clone(),
        TailItem::Shed(events) => {
            let event = serde_json::json!({
                "@timestamp": now.to_string(),
                "message": format!("{events} matching events were left out here: the receiver is slower, or asked for fewer"),
                "log": { "level": "warning" },
                "watchpost": { "shed": events },
            });
            event.to_string().into()
        }
    }
}
