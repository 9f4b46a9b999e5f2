//! Sessions of browsers: log in, who am I, another password, log out.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use watchpost_catalog::{Login, Session, SessionId, UserError, Users};
use watchpost_event::Timestamp;
use watchpost_event::api::{LoginRequest, PasswordRequest, SessionInfo};
use watchpost_event::protocol::ErrorBody;
use watchpost_kit::Secret;

use super::acting::{Actor, object};
use super::{ApiFailure, App, body};
use crate::auth::{Credentials, Peer, Principal, authenticate, check_same_site, cookie};

/// Characters of a name in the log: it may be anything, a password typed into the wrong field too.
const NAME_SHOWN: usize = 64;

/// Log in: sets the session's cookie
///
/// Only from pages of this server. Counted by address and by name: too many give 429.
#[utoipa::path(post, path = "/api/v1/session", tag = "session", request_body = LoginRequest, security(()),
    responses((status = 200, body = SessionInfo), (status = "4XX", body = ErrorBody)))]
pub(super) async fn log_in(State(app): State<Arc<App>>, request: Request) -> Result<Response, ApiFailure> {
    check_same_site(&request)?;
    let address = Peer::of(&request).address();
    let before = match Credentials::of(&request) {
        Ok(Credentials::Cookie(token)) => SessionId::of(&token),
        _ => None,
    };
    let from = Login {
        address: address.to_string(),
        user_agent: user_agent(request.headers()),
    };
    let wanted: LoginRequest = body::read_json(&app, request.into_body()).await?;
    let (name, password) = (wanted.username, Secret::new(wanted.password.0));
    count_attempt(&app, address, &name)?;
    let now = app.clock.now();
    let users = app.noting_login(&name, address).users().clone();
    let (session, token) = match users.log_in(&name, &password, from, now).await {
        Ok(begun) => begun,
        Err(error) => {
            if matches!(error, UserError::BadLogin) {
                tracing::warn!(user = shown(&name), %address, "A log-in was refused");
                app.note_bad_login(&name, address).await;
            }
            return Err(error.into());
        }
    };
    if let Some(before) = before {
        // A one-time password is used up by now: what cannot be ended here ends by itself.
        if let Err(error) = app.catalog.sessions().end(before).await {
            tracing::warn!(error = watchpost_kit::chain(&error), "Cannot end the session before");
        }
    }
    tracing::info!(user = session.user, %address, "Logged in");
    Ok(with_cookie(Json(info(&session, now)), cookie::set(&token)))
}

/// Who am I
///
/// 204 when nobody is logged in: that is an answer to the question, and no failure.
#[utoipa::path(get, path = "/api/v1/session", tag = "session", security(()),
    responses((status = 200, body = SessionInfo), (status = 204), (status = "4XX", body = ErrorBody)))]
pub(super) async fn who(State(app): State<Arc<App>>, request: Request) -> Result<Response, ApiFailure> {
    let Credentials::Cookie(token) = Credentials::of(&request)? else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    let now = app.clock.now();
    let session = match SessionId::of(&token) {
        Some(id) => app.catalog.sessions().look_up(id, now).await?,
        None => None,
    };
    Ok(match session {
        Some(session) => Json(info(&session, now)).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

/// Log out
///
/// Takes the cookie away in any case.
#[utoipa::path(delete, path = "/api/v1/session", tag = "session",
    responses((status = 204), (status = "4XX", body = ErrorBody)))]
pub(super) async fn log_out(State(app): State<Arc<App>>, request: Request) -> Result<Response, ApiFailure> {
    check_same_site(&request)?;
    let (peer, address) = (Peer::of(&request), Peer::of(&request).address());
    if let Credentials::Cookie(token) = Credentials::of(&request)?
        && let Some(id) = SessionId::of(&token)
    {
        let session = app.catalog.sessions().look_up(id, app.clock.now()).await?;
        if let Some(session) = session {
            let about = object("user", &session.user_id, &session.user);
            let actor = Actor::new(Principal::User(session.clone()), peer);
            app.noting(&actor, "logout", about, json!({}))
                .sessions()
                .end(id)
                .await?;
            tracing::info!(user = session.user, %address, "Logged out");
        } else {
            app.catalog.sessions().end(id).await?;
        }
    }
    Ok(with_cookie(StatusCode::NO_CONTENT, cookie::clear()))
}

/// Choose another password
///
/// Other sessions of the user end.
#[utoipa::path(post, path = "/api/v1/session/password", tag = "session", request_body = PasswordRequest,
    responses((status = 200, body = SessionInfo), (status = "4XX", body = ErrorBody)))]
pub(super) async fn change_password(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Json<SessionInfo>, ApiFailure> {
    let (peer, address) = (Peer::of(&request), Peer::of(&request).address());
    let before = session(&app, Credentials::of(&request)?).await?;
    let wanted: PasswordRequest = body::read_json(&app, request.into_body()).await?;
    let (current, password) = (Secret::new(wanted.current.0), Secret::new(wanted.password.0));
    // Thinking of a good one is no attempt to guess.
    Users::check_password(&current, &password)?;
    count_attempt(&app, address, &before.user)?;
    let now = app.clock.now();
    let about = object("user", &before.user_id, &before.user);
    let actor = Actor::new(Principal::User(before.clone()), peer);
    let users = app
        .noting(&actor, "password.change", about.clone(), json!({}))
        .users()
        .clone();
    if let Err(error) = users.change_password(&before, &current, &password, now).await {
        if matches!(error, UserError::WrongPassword) {
            tracing::warn!(user = before.user, %address, "A change of password was refused: the current one was wrong");
            app.note_wrong_password(&actor, about).await;
        }
        return Err(error.into());
    }
    tracing::info!(user = before.user, %address, "A password was changed; other sessions of this user have ended");
    let after = Session {
        must_change_password: false,
        ..Session::clone(&before)
    };
    Ok(Json(info(&after, now)))
}

async fn session(app: &App, credentials: Credentials) -> Result<Arc<Session>, ApiFailure> {
    match authenticate(&app.catalog, credentials, app.clock.now()).await? {
        Principal::User(session) => Ok(session),
        _ => Err(ApiFailure::unauthorized("this is no session: log in with a browser")),
    }
}

fn count_attempt(app: &App, address: std::net::IpAddr, name: &str) -> Result<(), ApiFailure> {
    app.attempts.count(address, name).map_err(|seconds| {
        tracing::debug!(user = shown(name), %address, seconds, "Too many log-ins");
        let message = format!("too many log-ins were tried: try again in {seconds} s");
        ApiFailure::too_often("too_many_attempts", message, seconds)
    })
}

fn info(session: &Session, now: i64) -> SessionInfo {
    SessionInfo {
        user: session.user.clone(),
        role: session.role.name().to_owned(),
        must_change_password: session.must_change_password,
        expires: Timestamp(session.ends_ns(now)),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

fn with_cookie(answer: impl IntoResponse, cookie: Option<HeaderValue>) -> Response {
    let mut response = answer.into_response();
    if let Some(cookie) = cookie {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

fn user_agent(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::USER_AGENT)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// A name that somebody typed, cut and without anything that could be taken for more than a name.
fn shown(name: &str) -> String {
    name.chars().take(NAME_SHOWN).flat_map(char::escape_debug).collect()
}
