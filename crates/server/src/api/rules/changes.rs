//! What people change about rules: on and off, and rules of their own.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use watchpost_catalog::{Catalog, NewVersion, Saved};
use watchpost_detect::Problem;
use watchpost_event::api::{NewRuleRequest, RuleReason, RuleView, SaveRuleRequest};
use watchpost_event::protocol::ErrorBody;

use super::trying::on_blocking;
use super::{BODY_BYTES_MAX, TEXT_BYTES_MAX, find, known, view};
use crate::api::acting::{Actor, object};
use crate::api::{ApiFailure, App, body};
use crate::detection::{Trial, told};

const REASON_BYTES_MAX: usize = 1_000;

/// Look no longer for a rule
#[utoipa::path(post, path = "/api/v1/rules/{key}/disable", tag = "rules", request_body = RuleReason,
    params(("key" = String, Path, description = "Its id; its title when it has none")),
    responses((status = 200, body = RuleView), (status = "4XX", body = ErrorBody)))]
pub(in crate::api) async fn disable(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(key): Path<String>,
    body: Body,
) -> Result<Json<RuleView>, ApiFailure> {
    let request: RuleReason = body::read_json(&app, body).await?;
    let reason = reason(&request.reason)?;
    switch(&app, &actor, &key, (true, &reason)).await
}

/// Look for a rule again
#[utoipa::path(post, path = "/api/v1/rules/{key}/enable", tag = "rules", request_body = RuleReason,
    params(("key" = String, Path, description = "Its id; its title when it has none")),
    responses((status = 200, body = RuleView), (status = "4XX", body = ErrorBody)))]
pub(in crate::api) async fn enable(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(key): Path<String>,
    body: Body,
) -> Result<Json<RuleView>, ApiFailure> {
    let request: RuleReason = body::read_json(&app, body).await?;
    let reason = request.reason.trim();
    if reason.len() > REASON_BYTES_MAX {
        return Err(too_long());
    }
    switch(&app, &actor, &key, (false, reason)).await
}

async fn switch(
    app: &Arc<App>,
    actor: &Actor,
    key: &str,
    (off, reason): (bool, &str),
) -> Result<Json<RuleView>, ApiFailure> {
    let rule = known(app, key)?;
    let (who, now) = (actor.name(), app.now());
    let action = if off { "rule.disable" } else { "rule.enable" };
    let about = object("rule", &rule.key, &rule.title);
    let noting = app.noting(actor, action, about, json!({ "reason": reason }));
    let rules = noting.rules();
    rules.set_disabled(&rule.key, off, reason, (&who, now.0)).await?;
    app.rules.refresh(now).await?;
    tracing::info!(rule = rule.title, off, by = who, "Rule switched");
    Ok(Json(view(app, key).await?))
}

/// A rule of one's own
#[utoipa::path(post, path = "/api/v1/rules", tag = "rules", request_body = NewRuleRequest,
    responses((status = 200, body = RuleView), (status = "4XX", body = ErrorBody)))]
pub(in crate::api) async fn create(
    State(app): State<Arc<App>>,
    actor: Actor,
    body: Body,
) -> Result<Json<RuleView>, ApiFailure> {
    let request: NewRuleRequest = body::read_json_of(&app, body, BODY_BYTES_MAX).await?;
    check_length(&request.text)?;
    let (book, text) = (app.rules.clone(), request.text.clone());
    let named = on_blocking(&app, move || {
        let trial = Trial::open(&book, &text, None);
        let title = trial.own().first().map(|rule| rule.title.clone());
        Some((trial.key()?, title.unwrap_or_default()))
    });
    let Some((key, title)) = named.await? else {
        return Err(without_key(&app, &request.text).await?);
    };
    let new = NewVersion {
        rule: key,
        after: 0,
        body: Some(request.text),
        note: note(&request.note)?,
    };
    keep(&app, &actor, new, &title).await
}

/// The next version of a rule of one's own
#[utoipa::path(put, path = "/api/v1/rules/{key}", tag = "rules", request_body = SaveRuleRequest,
    params(("key" = String, Path, description = "The id that its versions are kept by")),
    responses((status = 200, body = RuleView), (status = "4XX", body = ErrorBody)))]
pub(in crate::api) async fn save(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(key): Path<String>,
    body: Body,
) -> Result<Json<RuleView>, ApiFailure> {
    let request: SaveRuleRequest = body::read_json_of(&app, body, BODY_BYTES_MAX).await?;
    check_length(&request.text)?;
    if request.version < 1 {
        let message = "`version` is that of the rule it was made from: POST /api/v1/rules makes a new one";
        return Err(ApiFailure::bad_request(message));
    }
    let (book, text, replaces) = (app.rules.clone(), request.text.clone(), key.clone());
    let keys = on_blocking(&app, move || {
        let trial = Trial::open(&book, &text, Some(&replaces));
        trial.own().iter().map(|rule| rule.key.clone()).collect::<Vec<_>>()
    })
    .await?;
    if !keys.contains(&key) {
        let failed = without_key(&app, &request.text).await?;
        return Err(if keys.is_empty() {
            failed
        } else {
            let message =
                format!("the id {key} is gone: its versions are kept by it. With another id it is another rule");
            ApiFailure::bad_request(message)
        });
    }
    let new = NewVersion {
        rule: key,
        after: request.version,
        body: Some(request.text),
        note: note(&request.note)?,
    };
    keep(&app, &actor, new, "").await
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct RemoveQuery {
    /// The version that is seen: when there is a later one, nothing is removed.
    version: i64,
    /// Why.
    #[serde(default)]
    note: String,
}

/// Remove a rule of one's own; its versions stay
#[utoipa::path(delete, path = "/api/v1/rules/{key}", tag = "rules",
    params(("key" = String, Path, description = "The id that its versions are kept by"), RemoveQuery),
    responses((status = 204, description = "It is gone"), (status = "4XX", body = ErrorBody)))]
pub(in crate::api) async fn remove(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(key): Path<String>,
    Query(query): Query<RemoveQuery>,
) -> Result<StatusCode, ApiFailure> {
    let new = NewVersion {
        rule: key,
        after: query.version,
        body: None,
        note: note(&query.note)?,
    };
    store(&app, &actor, new, "").await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn keep(app: &Arc<App>, actor: &Actor, new: NewVersion, title: &str) -> Result<Json<RuleView>, ApiFailure> {
    let key = new.rule.clone();
    store(app, actor, new, title).await?;
    Ok(Json(view(app, &key).await?))
}

/// Keeps a version that all rules together can be used with.
async fn store(app: &Arc<App>, actor: &Actor, new: NewVersion, title: &str) -> Result<(), ApiFailure> {
    let (book, key, text) = (app.rules.clone(), new.rule.clone(), new.body.clone());
    let problems = on_blocking(app, move || book.try_with(&key, text.as_deref())).await?;
    if !problems.is_empty() {
        return Err(refused(&problems, new.body.as_deref().unwrap_or_default()));
    }
    let (who, now) = (actor.name(), app.now());
    match noting(app, actor, &new, title).rules().save(&new, &who, now.0).await? {
        Saved::Kept(kept) => {
            tracing::info!(
                rule = kept.rule,
                version = kept.version,
                deleted = kept.deleted,
                by = who,
                "Rule changed"
            );
        }
        Saved::Conflict(None) => return Err(super::not_found(&new.rule)),
        Saved::Conflict(Some(there)) => {
            let message = format!(
                "version {} of the rule is there, made by {}: nothing was saved. Look at what has changed, and save again from there",
                there.version, there.made_by
            );
            let failure = ApiFailure::new(StatusCode::CONFLICT, "conflict", message);
            return Err(failure.with_details(json!({ "version": there.version, "by": there.made_by })));
        }
        Saved::Full { limit } => {
            let message = format!("there are {limit} rules made here: remove one, or put rules into files");
            return Err(ApiFailure::bad_request(message));
        }
    }
    app.rules.refresh(now).await?;
    Ok(())
}

/// The catalog that writes the change down; a rule that is in use by the title it has there.
fn noting(app: &App, actor: &Actor, new: &NewVersion, title: &str) -> Catalog {
    let action = match (&new.body, new.after) {
        (None, _) => "rule.remove",
        (Some(_), 0) => "rule.create",
        (Some(_), _) => "rule.change",
    };
    let known = find(&app.rules.rules(), &new.rule);
    let about = object("rule", &new.rule, known.as_ref().map_or(title, |rule| &rule.title));
    app.noting(actor, action, about, json!({ "note": new.note }))
}

/// Why a text has no rule to keep versions of.
async fn without_key(app: &Arc<App>, text: &str) -> Result<ApiFailure, ApiFailure> {
    let (book, tried) = (app.rules.clone(), text.to_owned());
    let problems = on_blocking(app, move || Trial::open(&book, &tried, None).problems()).await?;
    Ok(match problems.first() {
        Some(problem) => bad_rule(&problem.message).with_details(json!({ "problems": problems })),
        None => bad_rule("no rule in the text has an id: give it one of its own, any UUID"),
    })
}

fn refused(problems: &[Problem], text: &str) -> ApiFailure {
    let details: Vec<_> = problems.iter().map(|problem| told(problem, text)).collect();
    let first = problems.first().map(|problem| match &problem.rule {
        Some(rule) => format!("rule {rule:?}: {}", problem.message),
        None => problem.message.clone(),
    });
    bad_rule(&first.unwrap_or_default()).with_details(json!({ "problems": details }))
}

fn bad_rule(message: &str) -> ApiFailure {
    ApiFailure::new(StatusCode::BAD_REQUEST, "bad_rule", message)
}

/// Why something is done: it has to be said, and stands beside it.
pub(super) fn reason(text: &str) -> Result<String, ApiFailure> {
    let reason = text.trim();
    if reason.is_empty() {
        let message = "say why in `reason`: it stands beside the rule";
        return Err(ApiFailure::bad_request(message));
    }
    if reason.len() > REASON_BYTES_MAX {
        return Err(too_long());
    }
    Ok(reason.to_owned())
}

fn note(text: &str) -> Result<String, ApiFailure> {
    let note = text.trim();
    if note.len() > REASON_BYTES_MAX {
        return Err(too_long());
    }
    Ok(note.to_owned())
}

fn too_long() -> ApiFailure {
    ApiFailure::bad_request(format!("a reason or note is at most {REASON_BYTES_MAX} bytes"))
}

/// A text that can be kept.
pub(super) fn check_length(text: &str) -> Result<(), ApiFailure> {
    if text.len() <= TEXT_BYTES_MAX {
        return Ok(());
    }
    let message = format!(
        "the text is longer than {} KiB: put such rules into files",
        TEXT_BYTES_MAX >> 10
    );
    Err(ApiFailure::bad_request(message))
}
