//! What the values of fields are: facets, and names and values for completion. All of it is counted among the newest
//! matching events, so that an answer comes quickly however much is stored; the answer says how many those were.

use std::collections::{BTreeMap, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Query as Parameters, State};
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;
use watchpost_event::Timestamp;
use watchpost_event::api::{
    FacetInfo, FacetValue, FacetsResponse, FieldInfo, FieldKind, FieldsResponse, ValuesResponse,
};
use watchpost_event::protocol::ErrorBody;
use watchpost_store::{Facet, LogStore, SearchRequest, StoreError};

use super::{Range, complete, names, run};
use crate::api::{ApiFailure, App};

/// Events whose values are counted.
const COUNTED_EVENTS: usize = 100_000;
/// Events whose field names are collected.
const SAMPLED_EVENTS: usize = 2_000;
/// Different names of fields, at most.
const NAMES_MAX: usize = 5_000;
const FACETS_MAX: usize = 32;
const FACETS_DEFAULT: usize = 10;
/// Values of one facet.
const VALUES_DEFAULT: usize = 10;
const VALUES_MAX: usize = 1_000;
/// Beyond so many different values in the sample, a field that nobody asked for is no facet.
const FEW_VALUES: usize = 40;
/// Fields that matter where they occur, the most telling first.
const TELLING: [&str; 20] = [
    "log.level",
    "host.name",
    "service.name",
    "event.action",
    "event.category",
    "event.outcome",
    "rule.name",
    "user.name",
    "process.name",
    "source.ip",
    "http.response.status_code",
    "http.request.method",
    "url.path",
    "event.code",
    "winlog.channel",
    "event.provider",
    "log.syslog.facility.name",
    "log.file.path",
    "container.name",
    "error.type",
];

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct FacetsQuery {
    /// The query; everything when left out. Pipes are passed over.
    #[param(required = false)]
    q: String,
    /// Earliest time: RFC 3339, `now`, or a time ago such as `-1h`.
    from: Option<String>,
    /// Latest time, excluded.
    to: Option<String>,
    /// Fields, comma separated; the server's choice when left out.
    fields: Option<String>,
    /// Values of each field; 10, at most 1,000.
    limit: Option<usize>,
}

/// The most frequent values of fields
#[utoipa::path(get, path = "/api/v1/search/facets", tag = "search", params(FacetsQuery),
    responses((status = 200, body = FacetsResponse), (status = "4XX", body = ErrorBody)))]
pub(in crate::api) async fn facets(
    State(app): State<Arc<App>>,
    Parameters(query): Parameters<FacetsQuery>,
) -> Result<Json<FacetsResponse>, ApiFailure> {
    let range = Range::new(&query.q, query.from.as_deref(), query.to.as_deref());
    let request = range.events(COUNTED_EVENTS, app.now())?;
    let asked = names("fields", query.fields.as_deref().unwrap_or_default(), FACETS_MAX)?;
    let limit = query.limit.unwrap_or(VALUES_DEFAULT).min(VALUES_MAX);
    let cancel = request.cancel.clone();
    let work = move |store: &dyn LogStore| {
        let fields = if asked.is_empty() {
            sample(store, &request)?.telling()
        } else {
            asked
        };
        store.facets(&request, &fields)
    };
    let counted = run(&app, cancel, work).await?;
    complete(counted.summary.cancelled)?;
    Ok(Json(FacetsResponse {
        facets: counted.facets.into_iter().map(|one| info(one, limit)).collect(),
        total: counted.total,
        complete: counted.complete,
        damage: counted.summary.damage,
    }))
}

fn info(facet: Facet, limit: usize) -> FacetInfo {
    let left_out: u64 = facet.values.iter().skip(limit).map(|(_, count)| count).sum();
    let values = facet.values.into_iter().take(limit);
    FacetInfo {
        field: facet.field,
        values: values.map(|(value, count)| FacetValue { value, count }).collect(),
        missing: facet.missing,
        other: facet.other + left_out,
    }
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct FieldsQuery {
    /// The query; everything when left out. Pipes are passed over.
    #[param(required = false)]
    q: String,
    /// Earliest time: RFC 3339, `now`, or a time ago such as `-1h`.
    from: Option<String>,
    /// Latest time, excluded.
    to: Option<String>,
}

/// Which fields occur
#[utoipa::path(get, path = "/api/v1/search/fields", tag = "search", params(FieldsQuery),
    responses((status = 200, body = FieldsResponse), (status = "4XX", body = ErrorBody)))]
pub(in crate::api) async fn fields(
    State(app): State<Arc<App>>,
    Parameters(query): Parameters<FieldsQuery>,
) -> Result<Json<FieldsResponse>, ApiFailure> {
    let range = Range::new(&query.q, query.from.as_deref(), query.to.as_deref());
    let request = range.events(SAMPLED_EVENTS, app.now())?;
    let cancel = request.cancel.clone();
    let sample = run(&app, cancel, move |store| sample(store, &request)).await?;
    complete(sample.cancelled)?;
    let one = |(name, seen): (String, Seen)| FieldInfo {
        name,
        kind: seen.kind,
        events: seen.events,
    };
    Ok(Json(FieldsResponse {
        fields: sample.names.into_iter().map(one).collect(),
        examined: sample.events,
    }))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct ValuesQuery {
    /// The field.
    field: String,
    /// How the value begins, whatever its case.
    #[serde(default)]
    #[param(required = false)]
    prefix: String,
    /// The query; everything when left out. Pipes are passed over.
    #[serde(default)]
    #[param(required = false)]
    q: String,
    /// Earliest time: RFC 3339, `now`, or a time ago such as `-1h`.
    from: Option<String>,
    /// Latest time, excluded.
    to: Option<String>,
    /// Values of the answer; 10, at most 1,000.
    limit: Option<usize>,
}

/// The most frequent values of one field that begin so
#[utoipa::path(get, path = "/api/v1/search/values", tag = "search", params(ValuesQuery),
    responses((status = 200, body = ValuesResponse), (status = "4XX", body = ErrorBody)))]
pub(in crate::api) async fn values(
    State(app): State<Arc<App>>,
    Parameters(query): Parameters<ValuesQuery>,
) -> Result<Json<ValuesResponse>, ApiFailure> {
    let range = Range::new(&query.q, query.from.as_deref(), query.to.as_deref());
    let request = range.events(COUNTED_EVENTS, app.now())?;
    let cancel = request.cancel.clone();
    let field = vec![query.field.clone()];
    let counted = run(&app, cancel, move |store| store.facets(&request, &field)).await?;
    complete(counted.summary.cancelled)?;
    let prefix = query.prefix.to_lowercase();
    let begins_so = |value: &Value| match value {
        Value::String(text) => text.to_lowercase().starts_with(&prefix),
        other => other.to_string().starts_with(&prefix),
    };
    let values = counted.facets.into_iter().flat_map(|facet| facet.values);
    let fitting = values.filter(|(value, _)| begins_so(value));
    Ok(Json(ValuesResponse {
        field: query.field,
        values: fitting
            .take(query.limit.unwrap_or(VALUES_DEFAULT).min(VALUES_MAX))
            .map(|(value, count)| FacetValue { value, count })
            .collect(),
        complete: counted.complete,
    }))
}

/// What the newest events say about fields.
#[derive(Default)]
struct Sample {
    events: u64,
    names: BTreeMap<String, Seen>,
    cancelled: bool,
}

struct Seen {
    kind: FieldKind,
    events: u64,
    /// Different values, as far as they are few.
    values: HashSet<String>,
}

fn sample(store: &dyn LogStore, request: &SearchRequest) -> Result<Sample, StoreError> {
    let mut request = request.clone();
    request.limit = SAMPLED_EVENTS;
    let mut sample = Sample::default();
    let summary = store.search(&request, &mut |row| {
        sample.events += 1;
        for (name, value) in row.view().fields() {
            sample.note(name, value);
        }
        ControlFlow::Continue(())
    })?;
    sample.cancelled = summary.cancelled;
    Ok(sample)
}

impl Sample {
    fn note(&mut self, name: &str, value: &Value) {
        if !self.names.contains_key(name) {
            if self.names.len() >= NAMES_MAX {
                return;
            }
            let seen = Seen {
                kind: kind(value),
                events: 0,
                values: HashSet::new(),
            };
            self.names.insert(name.to_owned(), seen);
        }
        if let Some(seen) = self.names.get_mut(name) {
            seen.events += 1;
            if seen.values.len() <= FEW_VALUES {
                seen.values.insert(value.to_string());
            }
        }
    }

    /// Fields worth a facet: those known to be telling, then those that many events have and that take few values.
    fn telling(&self) -> Vec<String> {
        let known = TELLING.into_iter().filter(|name| self.names.contains_key(*name));
        let mut others: Vec<(&String, &Seen)> = self
            .names
            .iter()
            .filter(|(name, seen)| self.tells(name, seen))
            .collect();
        others.sort_by_key(|(name, seen)| (std::cmp::Reverse(seen.events), *name));
        let others = others.into_iter().map(|(name, _)| name.as_str());
        known.chain(others).take(FACETS_DEFAULT).map(str::to_owned).collect()
    }

    fn tells(&self, name: &str, seen: &Seen) -> bool {
        !TELLING.contains(&name)
            && !name.starts_with("watchpost.")
            && seen.values.len() > 1
            && seen.values.len() <= FEW_VALUES
            && seen.events * 20 >= self.events
    }
}

fn kind(value: &Value) -> FieldKind {
    match value {
        Value::Array(_) => FieldKind::List,
        Value::Bool(_) => FieldKind::Boolean,
        Value::Number(_) => FieldKind::Number,
        Value::String(text) if text.len() >= 20 && text.parse::<Timestamp>().is_ok() => FieldKind::Time,
        _ => FieldKind::Text,
    }
}
