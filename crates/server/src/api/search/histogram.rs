//! Events over time.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query as Parameters, State};
use serde::Deserialize;
use utoipa::IntoParams;
use watchpost_event::Timestamp;
use watchpost_event::api::{HistogramBucket, HistogramResponse};
use watchpost_event::protocol::ErrorBody;
use watchpost_kit::DurationText;
use watchpost_store::SearchRequest;

use super::{Range, complete, run};
use crate::api::{ApiFailure, App};

/// Bars of a histogram whose width nobody named.
const BARS: i64 = 60;
const MINUTE_NS: i64 = 60_000_000_000;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct HistogramQuery {
    /// The query. Pipes are passed over.
    #[serde(default)]
    #[param(required = false)]
    q: String,
    /// Earliest time: RFC 3339, `now`, or a time ago such as `-1h`.
    from: Option<String>,
    /// Latest time, excluded.
    to: Option<String>,
    /// Width of a bar, such as `1m`; whole minutes that make about 60 bars when left out.
    interval: Option<String>,
}

/// Events over time, by severity
#[utoipa::path(get, path = "/api/v1/search/histogram", tag = "search", params(HistogramQuery),
    responses((status = 200, body = HistogramResponse), (status = "4XX", body = ErrorBody)))]
pub(in crate::api) async fn histogram(
    State(app): State<Arc<App>>,
    Parameters(query): Parameters<HistogramQuery>,
) -> Result<Json<HistogramResponse>, ApiFailure> {
    let range = Range::new(&query.q, query.from.as_deref(), query.to.as_deref());
    let request = range.events(usize::MAX, app.now())?;
    let interval = interval(query.interval.as_deref(), &request, app.now())?;
    let histogram = run(&app, request.cancel.clone(), move |store| {
        store.histogram(&request, interval)
    })
    .await?;
    complete(histogram.summary.cancelled)?;
    let bucket = |bucket: &watchpost_store::Bucket| HistogramBucket {
        start: bucket.start,
        total: bucket.total(),
        counts: bucket.counts,
    };
    Ok(Json(HistogramResponse {
        interval: histogram.interval,
        buckets: histogram.buckets.iter().map(bucket).collect(),
        damage: histogram.summary.damage,
    }))
}

/// As asked, or whole minutes that make about [`BARS`] bars.
fn interval(text: Option<&str>, request: &SearchRequest, now: Timestamp) -> Result<i64, ApiFailure> {
    if let Some(text) = text {
        let wanted: Option<DurationText> = text.parse().ok();
        let nanos = wanted.map(DurationText::as_nanos_i64).filter(|nanos| *nanos > 0);
        return nanos.ok_or_else(|| ApiFailure::bad_request(format!("interval={text:?} is no duration such as 1m")));
    }
    let Some(from) = request.from else {
        return Ok(60 * MINUTE_NS);
    };
    let range = request.to.unwrap_or(now).0.saturating_sub(from.0).max(1);
    Ok((range / BARS / MINUTE_NS).max(1) * MINUTE_NS)
}
