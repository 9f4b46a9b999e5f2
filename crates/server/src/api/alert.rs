//! One alert in full: its story, the detections it consists of, the rule behind it, and whom it was told.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::Value;
use watchpost_catalog::{Alert, AlertEvent, AlertNote, MessageFate};
use watchpost_event::api::{AlertDetail, AlertEventInfo, AlertMessageInfo, AlertNoteInfo, RuleDetail};
use watchpost_event::protocol::ErrorBody;
use watchpost_event::{AgentId, Epoch, Event, Fields, Origin, Seven, StreamId, Timestamp, View};
use watchpost_store::{LogStore, SearchRequest, StoreError};

use super::{ApiFailure, App, alerts, search};
use crate::quote::quoted;

/// Detections of an answer.
const EVENTS_MAX: usize = 200;
/// Detections of other alerts of the same kind that may lie between them.
const LOOKED_AT_MAX: usize = 2_000;

/// One alert in full
#[utoipa::path(get, path = "/api/v1/alerts/{id}", tag = "alerts", params(("id" = i64, Path, description = "The alert's number")),
    responses((status = 200, body = AlertDetail), (status = "4XX", body = ErrorBody)))]
pub(super) async fn one(State(app): State<Arc<App>>, Path(id): Path<i64>) -> Result<Json<AlertDetail>, ApiFailure> {
    let catalog = &app.catalog;
    let alert = catalog
        .alerts()
        .get(id)
        .await?
        .ok_or_else(|| ApiFailure::new(StatusCode::NOT_FOUND, "not_found", format!("there is no alert {id}")))?;
    let events = catalog.alerts().events(id, EVENTS_MAX as u64).await?;
    let messages = catalog.messages().of_alert(id).await?;
    let stored = stored(&app, &alert, &events).await?;
    let rule = rule(&app, &alert.rule_id).await;
    let history = catalog.alerts().history(id).await?;
    Ok(Json(AlertDetail {
        seven: with_view(&alert, Seven::of).unwrap_or_default(),
        history: history.into_iter().map(note_info).collect(),
        rule,
        events: events.into_iter().map(|event| event_info(event, &stored)).collect(),
        messages: messages.into_iter().map(message_info).collect(),
        alert: alerts::info(alert),
    }))
}

/// Looks at an alert's first detection as it was kept with it.
pub(crate) fn with_view<T>(alert: &Alert, look: impl FnOnce(&View<'_>) -> T) -> Option<T> {
    let mut detection = Event::new(Timestamp(alert.first_ns), 0, "");
    if let Ok(Value::Object(mut fields)) = serde_json::from_str(&alert.event) {
        if let Some(Value::String(message)) = fields.remove(watchpost_event::names::MESSAGE) {
            detection.message = message;
        }
        fields.remove(watchpost_event::names::TIMESTAMP);
        detection.fields = Fields::from_object(fields);
    }
    let origin = Origin {
        agent: AgentId::new("-").ok()?,
        stream: StreamId::new("-").ok()?,
        epoch: Epoch(0),
        fields: Fields::new(),
    };
    Some(look(&View {
        event: &detection,
        origin: &origin,
    }))
}

/// The detections as they are stored, by their ids.
async fn stored(app: &Arc<App>, alert: &Alert, events: &[AlertEvent]) -> Result<HashMap<String, Value>, ApiFailure> {
    let times = || events.iter().map(|event| event.timestamp_ns);
    let (Some(first), Some(last)) = (times().min(), times().max()) else {
        return Ok(HashMap::new());
    };
    let text = format!(
        "event.kind:alert watchpost.alert.fingerprint:{}",
        quoted(&alert.fingerprint)
    );
    let Ok(query) = watchpost_query::parse(&text) else {
        return Ok(HashMap::new());
    };
    let request = SearchRequest::new(query, LOOKED_AT_MAX)
        .between(Some(Timestamp(first)), Some(Timestamp(last.saturating_add(1))));
    let cancel = request.cancel.clone();
    let wanted: Vec<String> = events.iter().map(|event| event.event_id.clone()).collect();
    let work = move |store: &dyn LogStore| find(store, &request, &wanted);
    let (found, cancelled) = search::run(app, cancel, work).await?;
    // What was not looked at is not gone.
    search::complete(cancelled)?;
    Ok(found)
}

/// The wanted ones, and whether the search was stopped before its end.
fn find(
    store: &dyn LogStore,
    request: &SearchRequest,
    wanted: &[String],
) -> Result<(HashMap<String, Value>, bool), StoreError> {
    let mut found = HashMap::new();
    let summary = store.search(request, &mut |row| {
        let view = row.view();
        let id = view.id().to_string();
        if wanted.contains(&id) {
            found.insert(id, view.to_json());
        }
        if found.len() == wanted.len() {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    Ok((found, summary.cancelled))
}

async fn rule(app: &Arc<App>, id: &str) -> Option<RuleDetail> {
    let rule = app.rules.rules().list().into_iter().find(|rule| rule.key == id)?;
    let (book, looked_up) = (app.rules.clone(), rule.clone());
    let yaml = tokio::task::spawn_blocking(move || book.text_of(&looked_up)).await;
    Some(RuleDetail {
        id: rule.id.clone(),
        title: rule.title.clone(),
        level: rule.level_name().to_owned(),
        tags: rule.tags.clone(),
        file: rule.file.clone(),
        description: rule.description.clone(),
        yaml: yaml.ok().flatten(),
    })
}

fn event_info(event: AlertEvent, stored: &HashMap<String, Value>) -> AlertEventInfo {
    AlertEventInfo {
        event: stored.get(&event.event_id).cloned(),
        id: event.event_id,
        time: Timestamp(event.timestamp_ns),
    }
}

fn note_info(note: AlertNote) -> AlertNoteInfo {
    AlertNoteInfo {
        time: Timestamp(note.added_ns),
        author: note.author,
        action: note.action.name().to_owned(),
        note: note.note,
    }
}

fn message_info(message: MessageFate) -> AlertMessageInfo {
    AlertMessageInfo {
        channel: message.channel,
        state: message.state,
        attempts: message.attempts,
        created: Timestamp(message.created_ns),
        finished: message.finished_ns.map(Timestamp),
        error: message.error,
        count: message.count,
    }
}
