//! Rules that are tried before they are used: checked while they are typed, and shown samples.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use watchpost_event::api::{CheckRuleRequest, CheckRuleResponse, TestRuleRequest, TestRuleResponse};
use watchpost_event::protocol::ErrorBody;

use super::BODY_BYTES_MAX;
use super::changes::check_length;
use crate::api::{ApiFailure, App, body};
use crate::detection::Trial;

const SAMPLES_MAX: usize = 100;

/// What is wrong with a text of rules, and what it would look at
#[utoipa::path(post, path = "/api/v1/rules/check", tag = "rules", request_body = CheckRuleRequest,
    responses((status = 200, body = CheckRuleResponse), (status = "4XX", body = ErrorBody)))]
pub(in crate::api) async fn check(
    State(app): State<Arc<App>>,
    body: Body,
) -> Result<Json<CheckRuleResponse>, ApiFailure> {
    let request: CheckRuleRequest = body::read_json_of(&app, body, BODY_BYTES_MAX).await?;
    check_length(&request.text)?;
    let book = app.rules.clone();
    let answer = on_blocking(&app, move || {
        let trial = Trial::at_once(&book, &request.text, request.key.as_deref());
        CheckRuleResponse {
            problems: trial.problems(),
            rules: trial.checked(),
        }
    })
    .await?;
    Ok(Json(answer))
}

/// What a text of rules finds in samples, and why
#[utoipa::path(post, path = "/api/v1/rules/test", tag = "rules", request_body = TestRuleRequest,
    responses((status = 200, body = TestRuleResponse), (status = "4XX", body = ErrorBody)))]
pub(in crate::api) async fn test(
    State(app): State<Arc<App>>,
    body: Body,
) -> Result<Json<TestRuleResponse>, ApiFailure> {
    let request: TestRuleRequest = body::read_json_of(&app, body, BODY_BYTES_MAX).await?;
    check_length(&request.text)?;
    if request.samples.len() > SAMPLES_MAX {
        let message = format!("at most {SAMPLES_MAX} samples at once");
        return Err(ApiFailure::bad_request(message));
    }
    let (book, now) = (app.rules.clone(), app.now());
    let answer = on_blocking(&app, move || {
        let trial = Trial::open(&book, &request.text, None);
        TestRuleResponse {
            problems: trial.problems(),
            results: request
                .samples
                .iter()
                .map(|sample| trial.try_sample(sample, now))
                .collect(),
        }
    })
    .await?;
    Ok(Json(answer))
}

/// Compiles on a blocking thread, a few at once.
pub(super) async fn on_blocking<T: Send + 'static>(
    app: &Arc<App>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ApiFailure> {
    let place = tokio::time::timeout(app.timeouts.search, app.trials.clone().acquire_owned()).await;
    let Ok(Ok(place)) = place else {
        return Err(ApiFailure::unavailable("too many rules are being tried, try again"));
    };
    let done = tokio::task::spawn_blocking(move || {
        let _place = place;
        work()
    });
    done.await
        .map_err(|error| ApiFailure::internal("trying the rules broke off", &error))
}
