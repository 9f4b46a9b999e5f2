//! Reading bodies: never more than the limit, never longer than patience.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use tokio::sync::OwnedSemaphorePermit;

use super::{ApiFailure, App};

/// Bodies of the user API are small.
const SMALL_BYTES_MAX: usize = 64 << 10;

/// A body, and its part of the room for bodies: held until it is answered.
pub(super) struct Room {
    pub(super) bytes: Bytes,
    pub(super) _permit: OwnedSemaphorePermit,
}

/// Reads a body of data, within `limits.body`.
pub(super) async fn read_data(app: &Arc<App>, headers: &HeaderMap, body: Body) -> Result<Room, ApiFailure> {
    let limit = app.limits.body;
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(too_large(limit));
    }
    let expected = announced.map_or(limit, |length| length as usize);
    let kibibytes = (expected >> 10) as u32 + 1;
    let permit = app.bodies.clone().acquire_many_owned(kibibytes).await;
    let permit = permit.map_err(|_| ApiFailure::unavailable("the server is ending"))?;
    let read = tokio::time::timeout(app.timeouts.body, read_pieces(app, body, limit, announced.unwrap_or(0)));
    let bytes = read.await.map_err(|_| slow())??;
    Ok(Room { bytes, _permit: permit })
}

async fn read_pieces(app: &App, mut body: Body, limit: usize, expected: u64) -> Result<Bytes, ApiFailure> {
    let mut bytes = BytesMut::with_capacity((expected as usize).min(limit));
    loop {
        let piece = tokio::time::timeout(app.timeouts.body_piece, body.frame());
        let Some(frame) = piece.await.map_err(|_| slow())? else {
            return Ok(bytes.freeze());
        };
        let frame = frame.map_err(|error| ApiFailure::bad_request(format!("the body broke off: {error}")))?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > limit {
            return Err(too_large(limit));
        }
        bytes.extend_from_slice(&data);
    }
}

fn too_large(limit: usize) -> ApiFailure {
    let limit = watchpost_kit::ByteSize(limit as u64);
    let message =
        format!("the body is over the limit of {limit}: send less at once, or raise limits.body on the server");
    ApiFailure::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
}

fn slow() -> ApiFailure {
    ApiFailure::new(StatusCode::REQUEST_TIMEOUT, "timeout", "the body came too slowly")
}

/// Reads a small JSON body.
pub(super) async fn read_json<T: DeserializeOwned>(app: &App, body: Body) -> Result<T, ApiFailure> {
    read_json_of(app, body, SMALL_BYTES_MAX).await
}

/// Reads a JSON body of at most so many bytes.
pub(super) async fn read_json_of<T: DeserializeOwned>(app: &App, body: Body, most: usize) -> Result<T, ApiFailure> {
    let read = tokio::time::timeout(app.timeouts.body_piece, axum::body::to_bytes(body, most));
    let bytes = read.await.map_err(|_| slow())?;
    let bytes = bytes.map_err(|error| ApiFailure::bad_request(format!("the body cannot be read: {error}")))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| ApiFailure::bad_request(format!("the body is not as it should be: {error}")))
}
