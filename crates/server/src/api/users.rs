//! Users: list, make, reset, remove.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::json;
use watchpost_catalog::{Role, User, UserError};
use watchpost_event::Timestamp;
use watchpost_event::api::{Password, UserCreated, UserInfo, UserRequest, UsersResponse};
use watchpost_event::protocol::ErrorBody;
use watchpost_kit::Secret;

use super::acting::{Actor, object};
use super::{ApiFailure, App, body};

/// People who may log in
#[utoipa::path(get, path = "/api/v1/users", tag = "users",
    responses((status = 200, body = UsersResponse), (status = "4XX", body = ErrorBody)))]
pub(super) async fn list(State(app): State<Arc<App>>) -> Result<Json<UsersResponse>, ApiFailure> {
    let users = app.catalog.users().list().await?;
    Ok(Json(UsersResponse {
        users: users.into_iter().map(info).collect(),
    }))
}

/// Makes a user; the password works for one log-in and is shown here only
#[utoipa::path(post, path = "/api/v1/users", tag = "users", request_body = UserRequest,
    responses((status = 201, body = UserCreated), (status = "4XX", body = ErrorBody)))]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    actor: Actor,
    body: Body,
) -> Result<(StatusCode, Json<UserCreated>), ApiFailure> {
    let request: UserRequest = body::read_json(&app, body).await?;
    let role = match request.role.as_deref() {
        None => Role::Admin,
        Some(name) => {
            Role::read(name).ok_or_else(|| ApiFailure::bad_request(format!("role {name:?} is not known: use admin")))?
        }
    };
    let noting = app.noting(
        &actor,
        "user.create",
        object("user", "", &request.name),
        json!({ "role": role.name() }),
    );
    let made = noting.users().create(&request.name, role, app.clock.now()).await?;
    tracing::info!(user = made.0.name, by = actor.name(), "A user was made");
    Ok((StatusCode::CREATED, Json(created(made))))
}

/// Gives a user another password for one log-in, and ends their sessions
#[utoipa::path(post, path = "/api/v1/users/{name}/reset", tag = "users", params(("name" = String, Path, description = "Who")),
    responses((status = 200, body = UserCreated), (status = "4XX", body = ErrorBody)))]
pub(super) async fn reset(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(name): Path<String>,
) -> Result<Json<UserCreated>, ApiFailure> {
    let noting = app.noting(&actor, "user.reset", object("user", "", &name), json!({}));
    let made = noting.users().reset(&name, app.clock.now()).await?;
    tracing::info!(user = made.0.name, by = actor.name(), "A user's password was reset");
    Ok(Json(created(made)))
}

/// Removes a user and their sessions
#[utoipa::path(delete, path = "/api/v1/users/{name}", tag = "users", params(("name" = String, Path, description = "Who")),
    responses((status = 200, body = UserInfo), (status = "4XX", body = ErrorBody)))]
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(name): Path<String>,
) -> Result<Json<UserInfo>, ApiFailure> {
    let noting = app.noting(&actor, "user.remove", object("user", "", &name), json!({}));
    let user = noting.users().remove(&name).await?;
    tracing::info!(user = user.name, by = actor.name(), "A user was removed");
    Ok(Json(info(user)))
}

fn created((user, password): (User, Secret)) -> UserCreated {
    UserCreated {
        password: Password(password.expose().to_owned()),
        info: info(user),
    }
}

fn info(user: User) -> UserInfo {
    UserInfo {
        name: user.name,
        role: user.role.map_or("unknown", Role::name).to_owned(),
        must_change_password: user.one_time,
        created: Timestamp(user.created_ns),
        password_changed: Timestamp(user.password_ns),
        last_login: user.last_login_ns.map(Timestamp),
    }
}

impl From<UserError> for ApiFailure {
    fn from(error: UserError) -> Self {
        let (status, code) = match &error {
            UserError::BadName(_) => (StatusCode::BAD_REQUEST, "bad_request"),
            UserError::Exists { .. } => (StatusCode::CONFLICT, "exists"),
            UserError::Unknown { .. } => (StatusCode::NOT_FOUND, "not_found"),
            UserError::LastAdmin { .. } => (StatusCode::CONFLICT, "last_admin"),
            UserError::BadLogin => (StatusCode::UNAUTHORIZED, "bad_login"),
            UserError::WrongPassword => (StatusCode::BAD_REQUEST, "wrong_password"),
            UserError::WeakPassword(_) => (StatusCode::BAD_REQUEST, "weak_password"),
            UserError::Busy => return Self::unavailable(error.to_string()),
            UserError::Random(_) | UserError::Hash(_) | UserError::Catalog(_) => {
                return Self::internal("the users could not be seen to", &error);
            }
        };
        Self::new(status, code, error.to_string())
    }
}
