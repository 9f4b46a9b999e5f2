//! Rules: those in use, what people make of them, and how they are tried.

pub(super) mod backtest;
pub(super) mod changes;
pub(super) mod exceptions;
pub(super) mod trying;

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use watchpost_catalog::{Managed, OwnRule, RuleException};
use watchpost_detect::{Rule, Rules};
use watchpost_event::Timestamp;
use watchpost_event::api::{RuleExceptionInfo, RuleInfo, RuleStateInfo, RuleVersionInfo, RuleView, RulesResponse};
use watchpost_event::protocol::ErrorBody;

use super::{ApiFailure, App};
use crate::detection::{RuleTallies, origin_of, outline, own_key};

/// A text of rules.
pub(super) const TEXT_BYTES_MAX: usize = 64 << 10;
/// A body with one, escaped, and samples.
const BODY_BYTES_MAX: usize = 512 << 10;

/// The rules in use, and those that are switched off
#[utoipa::path(get, path = "/api/v1/rules", tag = "rules", responses((status = 200, body = RulesResponse)))]
pub(super) async fn list(State(app): State<Arc<App>>) -> Json<RulesResponse> {
    let report = app.rules.report();
    let (rules, managed) = (app.rules.rules(), app.rules.managed());
    let mut list = rules.list();
    list.extend(rules.switched_off().iter().cloned());
    list.sort_by(|a, b| (&a.title, &a.key).cmp(&(&b.title, &b.key)));
    let known = Known {
        managed: &managed,
        tallies: &app.rules.tallies(),
        now: app.now(),
    };
    Json(RulesResponse {
        rules: list.iter().map(|rule| known.info(rule)).collect(),
        loaded: report.loaded,
        problems: report.problems.iter().map(ToString::to_string).collect(),
        refused: report.refused,
    })
}

/// A rule: its text, its state, exceptions and versions
#[utoipa::path(get, path = "/api/v1/rules/{key}", tag = "rules", params(("key" = String, Path, description = "Its id; its title when it has none")),
    responses((status = 200, body = RuleView), (status = "4XX", body = ErrorBody)))]
pub(super) async fn one(State(app): State<Arc<App>>, Path(key): Path<String>) -> Result<Json<RuleView>, ApiFailure> {
    Ok(Json(view(&app, &key).await?))
}

/// What rules are held against to say how they stand.
struct Known<'a> {
    managed: &'a Managed,
    tallies: &'a RuleTallies,
    now: Timestamp,
}

impl Known<'_> {
    fn info(&self, rule: &Rule) -> RuleInfo {
        let tally = self.tallies.get(&rule.key);
        let off = self.managed.disabled.iter().find(|state| state.rule == rule.key);
        let of_rule = |one: &&RuleException| one.rule == rule.key && one.is_in_force(self.now.0);
        let own = own_key(&rule.file).and_then(|key| self.managed.own.iter().find(|own| own.rule == key));
        RuleInfo {
            key: rule.key.clone(),
            id: rule.id.clone(),
            title: rule.title.clone(),
            level: rule.level_name().to_owned(),
            tags: rule.tags.clone(),
            file: rule.file.clone(),
            kind: rule.kind.name().to_owned(),
            origin: origin_of(&rule.file),
            enabled: off.is_none(),
            reason: off.map(|state| state.reason.clone()),
            version: own.map(|own| own.version),
            exceptions: self.managed.exceptions.iter().filter(of_rule).count() as u64,
            hits: tally.hits,
            excepted: tally.excepted,
            detections: tally.detections,
            together: tally.together,
            cost_ns: tally.cost_ns(),
        }
    }
}

/// A rule by its key, or by its name where no key is so; in use or switched off.
fn find(rules: &Rules, key: &str) -> Option<Arc<Rule>> {
    let off = || rules.switched_off().iter().find(|rule| rule.key == key);
    let named = |rule: &Arc<Rule>| rule.name.as_deref() == Some(key);
    let by_name = || {
        let all = rules.list().into_iter().chain(rules.switched_off().iter().cloned());
        all.into_iter().find(named)
    };
    rules.rule(key).or_else(off).cloned().or_else(by_name)
}

fn not_found(key: &str) -> ApiFailure {
    let message = format!("there is no rule {key:?}: GET /api/v1/rules names those there are by `key`");
    ApiFailure::new(StatusCode::NOT_FOUND, "not_found", message)
}

/// The rule must be there.
fn known(app: &App, key: &str) -> Result<Arc<Rule>, ApiFailure> {
    find(&app.rules.rules(), key).ok_or_else(|| not_found(key))
}

async fn view(app: &Arc<App>, key: &str) -> Result<RuleView, ApiFailure> {
    let rules = app.rules.rules();
    let catalog = app.catalog.rules();
    let Some(rule) = find(&rules, key) else {
        return fresh(app, key).await;
    };
    let key = rule.key.as_str();
    let stored_as = own_key(&rule.file).unwrap_or(key).to_owned();
    let versions = catalog.versions_of(&stored_as).await?;
    let exceptions = catalog.exceptions_of(key).await?;
    let state = catalog.state(key).await?;
    let (book, looked_up) = (app.rules.clone(), rule.clone());
    let text = tokio::task::spawn_blocking(move || book.text_of(&looked_up)).await;
    let now = app.now();
    let managed = app.rules.managed();
    let info = Known {
        managed: &managed,
        tallies: &app.rules.tallies(),
        now,
    }
    .info(&rule);
    Ok(RuleView {
        info,
        name: rule.name.clone(),
        description: rule.description.clone(),
        text: text.ok().flatten(),
        outline: outline(&rules, key),
        state: state.map(|state| RuleStateInfo {
            enabled: !state.disabled,
            reason: state.reason,
            by: state.changed_by,
            at: Timestamp(state.changed_ns),
        }),
        exception_list: exceptions.into_iter().map(|row| exception_info(row, now)).collect(),
        versions: versions.into_iter().map(version_info).collect(),
    })
}

/// One that people have just made: within a second it is among the others.
async fn fresh(app: &Arc<App>, key: &str) -> Result<RuleView, ApiFailure> {
    let versions = app.catalog.rules().versions_of(key).await?;
    let newest = versions.first().cloned().ok_or_else(|| not_found(key))?;
    if newest.deleted {
        return Err(not_found(key));
    }
    let text = newest.body.clone();
    let (book, tried) = (app.rules.clone(), newest.clone());
    let rule = trying::on_blocking(app, move || {
        let trial = crate::detection::Trial::open(&book, &tried.body, Some(&tried.rule));
        trial.own().into_iter().find(|rule| rule.key == tried.rule)
    })
    .await?;
    let mut rule = Rule::clone(&*rule.ok_or_else(|| not_found(key))?);
    rule.file = crate::detection::own_file(key);
    let managed = app.rules.managed();
    let info = Known {
        managed: &managed,
        tallies: &app.rules.tallies(),
        now: app.now(),
    }
    .info(&rule);
    Ok(RuleView {
        info: RuleInfo {
            version: Some(newest.version),
            ..info
        },
        name: rule.name,
        description: rule.description,
        text: Some(text),
        outline: None,
        state: None,
        exception_list: Vec::new(),
        versions: versions.into_iter().map(version_info).collect(),
    })
}

fn exception_info(row: RuleException, now: Timestamp) -> RuleExceptionInfo {
    RuleExceptionInfo {
        active: row.is_in_force(now.0),
        id: row.id,
        name: row.name,
        when: row.query,
        reason: row.reason,
        created_by: row.created_by,
        created: Timestamp(row.created_ns),
        until: row.until_ns.map(Timestamp),
        ended_by: row.ended_by,
        ended: row.ended_ns.map(Timestamp),
    }
}

fn version_info(row: OwnRule) -> RuleVersionInfo {
    RuleVersionInfo {
        version: row.version,
        deleted: row.deleted,
        text: row.body,
        note: row.note,
        made_by: row.made_by,
        made: Timestamp(row.made_ns),
    }
}
