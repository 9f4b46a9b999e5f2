//! What agents ask: `POST data`, `GET streams`, `POST health`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use watchpost_event::AgentId;
use watchpost_event::protocol::{
    BATCH_CONTENT_TYPE, DataResponse, ErrorBody, HealthReport, StreamReport, StreamsResponse,
};

use super::{ApiFailure, App, body};
use crate::agents::METRICS_BYTES_MAX;
use crate::auth::Principal;
use crate::detection::SERVER_AGENT;
use crate::ingest::{Answer, BodyKind, Encoding, WriterHandle};

/// Takes in batches, or events of simple clients
#[utoipa::path(post, path = "/api/v1/agent/data", tag = "agent",
    request_body(content_type = "application/vnd.watchpost.batch", content = Vec<u8>, description = "One or more batches; or JSON"),
    responses((status = 200, body = DataResponse), (status = "4XX", body = DataResponse)))]
pub(super) async fn data(
    State(app): State<Arc<App>>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiFailure> {
    let kind = body_kind(&headers)?;
    let room = body::read_data(&app, &headers, body).await?;
    let answer = app.ingest.take(principal, kind, room.bytes.clone()).await;
    Ok(answer.into_response())
}

fn body_kind(headers: &HeaderMap) -> Result<BodyKind, ApiFailure> {
    let text = |name: header::HeaderName| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let content_type = text(header::CONTENT_TYPE)
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let encoding = match text(header::CONTENT_ENCODING).trim().to_ascii_lowercase().as_str() {
        "" | "identity" => Encoding::Identity,
        "gzip" | "x-gzip" => Encoding::Gzip,
        "zstd" => Encoding::Zstd,
        other => {
            return Err(unsupported(format!(
                "content-encoding {other} is not known here: use gzip or zstd"
            )));
        }
    };
    match (content_type.as_str(), encoding) {
        (BATCH_CONTENT_TYPE, Encoding::Identity) => Ok(BodyKind::Batches),
        (BATCH_CONTENT_TYPE, _) => Err(unsupported(
            "batches are compressed already: leave content-encoding out".to_owned(),
        )),
        ("application/json", encoding) => Ok(BodyKind::Json(encoding)),
        (other, _) => Err(unsupported(format!(
            "content-type {other:?} is not known here: use {BATCH_CONTENT_TYPE} or application/json"
        ))),
    }
}

fn unsupported(message: String) -> ApiFailure {
    ApiFailure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message)
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self.body)).into_response();
        if let Some(wait) = self.retry_after {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs()));
        }
        response
    }
}

#[derive(Deserialize)]
pub(super) struct StreamsQuery {
    agent: Option<String>,
}

/// The asking agent's streams, and up to where each is durable
#[utoipa::path(get, path = "/api/v1/agent/streams", tag = "agent",
    responses((status = 200, body = StreamsResponse), (status = "4XX", body = ErrorBody)))]
pub(super) async fn streams(
    State(app): State<Arc<App>>,
    Extension(principal): Extension<Principal>,
    Query(query): Query<StreamsQuery>,
) -> Result<Json<StreamsResponse>, ApiFailure> {
    let agent = query.agent.as_deref().or(principal.agent());
    let agent = agent
        .ok_or_else(|| ApiFailure::bad_request("whose streams? this key is not bound to one agent: add ?agent=ID"))?;
    if !principal.allows_agent(agent) {
        return Err(foreign(&principal, agent));
    }
    let agent = AgentId::new(agent).map_err(|error| ApiFailure::bad_request(error.to_string()))?;
    Ok(Json(streams_of(&app.ingest.writer, agent).await?))
}

/// Every stream of an agent, as of what is durable.
pub(crate) async fn streams_of(
    writer: &WriterHandle,
    agent: AgentId,
) -> Result<StreamsResponse, crate::ingest::Refusal> {
    let look = move |cursors: &watchpost_event::Cursors| StreamsResponse {
        streams: cursors.of_agent(&agent).map(StreamReport::of).collect(),
    };
    writer.look(look).await
}

pub(super) fn foreign(principal: &Principal, agent: &str) -> ApiFailure {
    ApiFailure::new(
        StatusCode::FORBIDDEN,
        "forbidden",
        format!("{principal}, not to agent {agent}"),
    )
}

/// How the asking agent fares
#[utoipa::path(post, path = "/api/v1/agent/health", tag = "agent", request_body = HealthReport,
    responses((status = 204), (status = "4XX", body = ErrorBody)))]
pub(super) async fn health(
    State(app): State<Arc<App>>,
    Extension(principal): Extension<Principal>,
    body: Body,
) -> Result<StatusCode, ApiFailure> {
    let report: HealthReport = body::read_json(&app, body).await?;
    // What the server says of itself nobody else may say.
    if !principal.allows_agent(report.agent_id.as_str()) || report.agent_id.as_str() == SERVER_AGENT {
        return Err(foreign(&principal, report.agent_id.as_str()));
    }
    if report.metrics.to_string().len() > METRICS_BYTES_MAX {
        let message = format!("`metrics` may have {METRICS_BYTES_MAX} bytes: send fewer of them");
        return Err(ApiFailure::bad_request(message));
    }
    app.agents.report(report, app.now());
    Ok(StatusCode::NO_CONTENT)
}
