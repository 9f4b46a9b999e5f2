//! API keys: list, make, revoke.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::json;
use watchpost_catalog::{ApiKey, KeyScope, NewKey};
use watchpost_event::Timestamp;
use watchpost_event::api::{TokenCreated, TokenInfo, TokenRequest, TokensResponse};
use watchpost_event::protocol::ErrorBody;

use super::acting::{Actor, object};
use super::{ApiFailure, App, body};

/// API keys, without the keys
#[utoipa::path(get, path = "/api/v1/tokens", tag = "tokens",
    responses((status = 200, body = TokensResponse), (status = "4XX", body = ErrorBody)))]
pub(super) async fn list(State(app): State<Arc<App>>) -> Result<Json<TokensResponse>, ApiFailure> {
    let keys = app.catalog.keys().list().await?;
    Ok(Json(TokensResponse {
        tokens: keys.into_iter().rev().map(info).collect(),
    }))
}

/// Makes a key; it is shown here and never again
#[utoipa::path(post, path = "/api/v1/tokens", tag = "tokens", request_body = TokenRequest,
    responses((status = 201, body = TokenCreated), (status = "4XX", body = ErrorBody)))]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    actor: Actor,
    body: Body,
) -> Result<(StatusCode, Json<TokenCreated>), ApiFailure> {
    let request: TokenRequest = body::read_json(&app, body).await?;
    let details = json!({ "role": request.role, "agent": request.agent });
    let new = NewKey {
        scope: scope(&request.role, request.agent)?,
        name: request.name,
    };
    let noting = app.noting(&actor, "key.create", object("key", "", ""), details);
    let (key, text) = noting.keys().create(new, app.clock.now()).await?;
    let created = TokenCreated {
        key: text,
        info: info(key),
    };
    Ok((StatusCode::CREATED, Json(created)))
}

/// Revokes a key
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", tag = "tokens", params(("id" = String, Path, description = "The key's id")),
    responses((status = 200, body = TokenInfo), (status = "4XX", body = ErrorBody)))]
pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<TokenInfo>, ApiFailure> {
    let unknown = || {
        ApiFailure::new(
            StatusCode::NOT_FOUND,
            "not_found",
            format!("there is no API key {id:?}"),
        )
    };
    let number: i64 = id.parse().map_err(|_| unknown())?;
    let noting = app.noting(&actor, "key.revoke", object("key", &number, ""), json!({}));
    noting.keys().revoke(number, app.clock.now()).await?;
    let keys = app.catalog.keys().list().await?;
    let key = keys.into_iter().find(|key| key.id == number).ok_or_else(unknown)?;
    Ok(Json(info(key)))
}

fn scope(role: &str, agent: Option<String>) -> Result<KeyScope, ApiFailure> {
    match (role, agent) {
        ("agent", Some(agent)) => Ok(match agent.strip_suffix('*') {
            Some(prefix) => KeyScope::AgentPrefix(prefix.to_owned()),
            None => KeyScope::AgentId(agent),
        }),
        ("agent", None) => Err(ApiFailure::bad_request(
            "a key of role agent is bound to an agent id, or to a prefix that ends with *: say which in `agent`",
        )),
        ("admin", None) => Ok(KeyScope::User),
        ("admin", Some(_)) => Err(ApiFailure::bad_request(
            "a key of role admin is not bound to an agent: leave `agent` out",
        )),
        (other, _) => Err(ApiFailure::bad_request(format!(
            "role {other:?} is not known: use agent or admin"
        ))),
    }
}

pub(crate) fn info(key: ApiKey) -> TokenInfo {
    let (role, agent) = match key.scope {
        KeyScope::AgentId(id) => ("agent", Some(id)),
        KeyScope::AgentPrefix(prefix) => ("agent", Some(format!("{prefix}*"))),
        KeyScope::User => ("admin", None),
    };
    TokenInfo {
        id: key.id.to_string(),
        name: key.name,
        role: role.to_owned(),
        agent,
        created: Timestamp(key.created_at),
        used: key.last_used_at.map(Timestamp),
        revoked: key.revoked_at.map(Timestamp),
    }
}
