//! How people are told: channels with their queues, routes, what was given up; try one, send again.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use watchpost_alert::{Alerting, Group, RouteSection};
use watchpost_catalog::{ChannelQueue, MessageState};
use watchpost_event::Timestamp;
use watchpost_event::api::{
    ChannelInfo, ChannelPreview, ChannelTestResponse, ChannelTried, ChannelsResponse, MessageInfo, MessagesResponse,
    ResendRequest, ResendResponse, RouteInfo,
};
use watchpost_event::protocol::ErrorBody;
use watchpost_kit::chain;

use super::acting::{Actor, object};
use super::{ApiFailure, App, alert, body, made};

const MESSAGES_MAX: u64 = 200;
const IDS_MAX: usize = 500;
/// What is shown of a message.
const TEXT_CHARS_MAX: usize = 500;

/// Channels with their queues, and routes
#[utoipa::path(get, path = "/api/v1/channels", tag = "alerts",
    responses((status = 200, body = ChannelsResponse), (status = "4XX", body = ErrorBody)))]
pub(super) async fn list(State(app): State<Arc<App>>) -> Result<Json<ChannelsResponse>, ApiFailure> {
    let queues = app.catalog.messages().queues().await?;
    let in_use = app.channels.current();
    let down: BTreeMap<String, bool> = in_use
        .courier
        .counts()
        .into_iter()
        .map(|counts| (counts.channel, counts.down))
        .collect();
    let mut channels = Vec::new();
    for (name, kind) in in_use.alerting.channels() {
        let is_down = down.get(name).copied().unwrap_or_default();
        channels.push(channel(&app, name, Some(kind.to_owned()), is_down, &queues).await?);
    }
    let mut gone: Vec<&str> = queues.iter().map(|queue| queue.channel.as_str()).collect();
    gone.dedup();
    for name in gone {
        if !channels.iter().any(|known| known.name == name) {
            channels.push(channel(&app, name, None, false, &queues).await?);
        }
    }
    for (name, made) in &in_use.made {
        let info = Some(made::made_info(made));
        match channels.iter_mut().find(|known| known.name == *name) {
            // Of the same name as one of the configuration, which is used: it is told there.
            Some(known) if app.channels.is_configured(name) => known.error.clone_from(&made.problem),
            Some(known) => known.made = info,
            None => {
                let mut unused = channel(&app, name, None, false, &queues).await?;
                unused.made = info;
                channels.push(unused);
            }
        }
    }
    Ok(Json(ChannelsResponse {
        channels,
        routes: in_use.alerting.routes().iter().map(route).collect(),
        made_routes: made::routes_info(&in_use.routes.routes),
        routes_version: in_use.routes.version,
        default_routes: in_use.default_routes,
        usual_template: watchpost_alert::USUAL_TEMPLATE.to_owned(),
    }))
}

async fn channel(
    app: &App,
    name: &str,
    kind: Option<String>,
    down: bool,
    queues: &[ChannelQueue],
) -> Result<ChannelInfo, ApiFailure> {
    let own = || queues.iter().filter(|queue| queue.channel == name);
    let waiting = own().find(|queue| queue.state == MessageState::Waiting);
    let error = match waiting {
        Some(_) => {
            let first = app.catalog.messages().first(Some(name), 1).await?;
            first.into_iter().next().and_then(|message| message.error)
        }
        None => None,
    };
    Ok(ChannelInfo {
        name: name.to_owned(),
        kind,
        down,
        error,
        messages: own()
            .map(|queue| (queue.state.name().to_owned(), queue.count))
            .collect(),
        waiting_since: waiting.map(|queue| Timestamp(queue.oldest_ns)),
        made: None,
    })
}

fn route(section: &RouteSection) -> RouteInfo {
    let escalate = section.escalate.as_ref();
    RouteInfo {
        when: section.when.clone(),
        hours: section.hours.clone(),
        channels: section.channels.clone(),
        group: match section.group {
            Group::Story => "story",
            Group::None => "none",
        }
        .to_owned(),
        after: section.after.unwrap_or(1),
        within: section.within.map(|within| within.to_string()).unwrap_or_default(),
        digest: section.digest.clone(),
        rate: section.rate.clone(),
        escalate_after: escalate.map(|one| one.after.to_string()).unwrap_or_default(),
        escalate_channels: escalate.map(|one| one.channels.clone()).unwrap_or_default(),
    }
}

/// Send a test message to a channel, and say what became of it
#[utoipa::path(post, path = "/api/v1/channels/{name}/test", tag = "alerts", params(("name" = String, Path, description = "The channel's name")),
    responses((status = 200, body = ChannelTestResponse), (status = "4XX", body = ErrorBody)))]
pub(super) async fn test(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(name): Path<String>,
) -> Result<Json<ChannelTestResponse>, ApiFailure> {
    let alerting = known(&app, &name)?;
    app.note(&actor, "channel.test", object("channel", &name, &name), json!({}))
        .await?;
    tried(&app, &alerting, &name).await
}

/// Sends a test message, and says what became of it.
pub(super) async fn tried(app: &App, alerting: &Alerting, name: &str) -> Result<Json<ChannelTestResponse>, ApiFailure> {
    let host = crate::host::host_name().unwrap_or_else(|| "server".to_owned());
    let tried = alerting
        .try_out(&[name.to_owned()], &host, app.now())
        .await
        .map_err(|error| ApiFailure::bad_request(chain(&error)))?;
    let tried = tried.into_iter().map(|one| ChannelTried {
        error: one.outcome.err().map(|error| error.to_string()),
        channel: one.channel,
    });
    Ok(Json(ChannelTestResponse { tried: tried.collect() }))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PreviewQuery {
    /// The alert's number.
    alert: i64,
}

/// What a channel would say of an alert
#[utoipa::path(get, path = "/api/v1/channels/{name}/preview", tag = "alerts",
    params(("name" = String, Path, description = "The channel's name"), PreviewQuery),
    responses((status = 200, body = ChannelPreview), (status = "4XX", body = ErrorBody)))]
pub(super) async fn preview(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    Query(query): Query<PreviewQuery>,
) -> Result<Json<ChannelPreview>, ApiFailure> {
    let alerting = known(&app, &name)?;
    let missing = || {
        let message = format!("there is no alert {}", query.alert);
        ApiFailure::new(StatusCode::NOT_FOUND, "not_found", message)
    };
    let one = app.catalog.alerts().get(query.alert).await?.ok_or_else(missing)?;
    let text = alert::with_view(&one, |view| alerting.preview(&name, view, one.id)).flatten();
    Ok(Json(ChannelPreview {
        text: text.unwrap_or_default(),
    }))
}

fn known(app: &App, name: &str) -> Result<Arc<Alerting>, ApiFailure> {
    let alerting = app.channels.alerting();
    if alerting.channel_names().any(|known| known == name) {
        return Ok(alerting);
    }
    let message = format!("no channel is named {name:?}");
    Err(ApiFailure::new(StatusCode::NOT_FOUND, "not_found", message))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct MessagesQuery {
    /// `waiting`, `sent`, `dead` (default), `held`, `told`, `later`, `dropped` or `silenced`.
    #[serde(default)]
    state: Option<String>,
    /// Only of this channel.
    #[serde(default)]
    channel: Option<String>,
}

/// Messages of the queue, the newest first: those that were given up, unless asked otherwise
#[utoipa::path(get, path = "/api/v1/messages", tag = "alerts", params(MessagesQuery),
    responses((status = 200, body = MessagesResponse), (status = "4XX", body = ErrorBody)))]
pub(super) async fn messages(
    State(app): State<Arc<App>>,
    Query(query): Query<MessagesQuery>,
) -> Result<Json<MessagesResponse>, ApiFailure> {
    let name = query.state.as_deref().unwrap_or("dead");
    let unknown = || {
        let known = MessageState::ALL.map(MessageState::name).join(", ");
        ApiFailure::bad_request(format!("state {name:?} is not known: use one of {known}"))
    };
    let state = MessageState::read(name).ok_or_else(unknown)?;
    let queue = app.catalog.messages();
    let found = queue.newest(state, query.channel.as_deref(), MESSAGES_MAX).await?;
    let messages = found.into_iter().map(|(message, finished)| MessageInfo {
        id: message.id,
        alert: message.alert_id,
        attempts: message.attempts,
        created: Timestamp(message.created_ns),
        finished: finished.map(Timestamp),
        error: message.error,
        text: watchpost_alert::text_of(&message.body, message.alert_id)
            .chars()
            .take(TEXT_CHARS_MAX)
            .collect(),
        channel: message.channel,
    });
    Ok(Json(MessagesResponse {
        messages: messages.collect(),
    }))
}

/// Send messages again that were given up
#[utoipa::path(post, path = "/api/v1/messages/resend", tag = "alerts", request_body = ResendRequest,
    responses((status = 200, body = ResendResponse), (status = "4XX", body = ErrorBody)))]
pub(super) async fn resend(
    State(app): State<Arc<App>>,
    actor: Actor,
    body: Body,
) -> Result<Json<ResendResponse>, ApiFailure> {
    let request: ResendRequest = body::read_json(&app, body).await?;
    if request.ids.is_empty() || request.ids.len() > IDS_MAX {
        return Err(ApiFailure::bad_request(format!(
            "name 1 to {IDS_MAX} messages in `ids`"
        )));
    }
    let noting = app.noting(
        &actor,
        "message.resend",
        object("message", "", ""),
        json!({ "ids": request.ids }),
    );
    let waiting = noting.messages().resend(&request.ids, app.clock.now()).await?;
    app.messages.notify_one();
    Ok(Json(ResendResponse { waiting }))
}
