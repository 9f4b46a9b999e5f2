//! Who acts, and how it is written down: a change through [`App::noting`], in its own transaction; what is no change of
//! the catalog before it is done; what is refused afterwards, so often at most.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Extensions, Method, StatusCode, Uri};
use serde_json::{Map, Value, json};
use watchpost_catalog::{AuditActor, AuditObject, AuditOutcome, Catalog, NewAudit};
use watchpost_kit::chain;

use super::{ApiFailure, App};
use crate::auth::{Peer, Principal};

/// Refusals of one kind that are written down in a minute: nobody fills the log.
const REFUSALS_MAX: u32 = 60;
const MINUTE: Duration = Duration::from_mins(1);
/// Longest path that is written down of what was refused.
const PATH_BYTES_MAX: usize = 512;

/// Who asks, and from where.
#[derive(Clone, Debug)]
pub(crate) struct Actor {
    principal: Principal,
    address: Option<IpAddr>,
}

impl Actor {
    pub(super) fn new(principal: Principal, peer: Peer) -> Self {
        Self {
            principal,
            address: peer.known(),
        }
    }

    fn of(extensions: &Extensions) -> Option<Self> {
        let principal = extensions.get::<Principal>()?.clone();
        Some(Self::new(principal, Peer::among(extensions)))
    }

    /// As it stands beside what they change.
    pub(crate) fn name(&self) -> String {
        self.principal.name()
    }

    /// Who it is.
    pub(super) fn principal(&self) -> &Principal {
        &self.principal
    }

    fn written(&self) -> AuditActor {
        let (kind, label) = match &self.principal {
            Principal::Key(key) => ("key", key.name.as_str()),
            Principal::User(_) => ("user", ""),
            Principal::Local => ("local", ""),
            Principal::Process(_) => ("agent", ""),
        };
        AuditActor {
            name: self.name(),
            kind: kind.to_owned(),
            label: label.to_owned(),
            address: written(self.address),
        }
    }
}

fn written(address: Option<IpAddr>) -> String {
    address.map(|address| address.to_string()).unwrap_or_default()
}

impl FromRequestParts<Arc<App>> for Actor {
    type Rejection = ApiFailure;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, ApiFailure> {
        Self::of(&parts.extensions).ok_or_else(|| ApiFailure::unauthorized("nobody is known to ask"))
    }
}

/// What something is done to; without an id the catalog says which, where it makes it.
pub(crate) fn object(kind: &str, id: &(impl ToString + ?Sized), name: &str) -> AuditObject {
    AuditObject {
        kind: kind.to_owned(),
        id: id.to_string(),
        name: name.to_owned(),
    }
}

/// The members that say something.
fn members(details: Value) -> Map<String, Value> {
    let Value::Object(mut members) = details else {
        return Map::new();
    };
    members.retain(|_, value| !value.is_null() && value != "");
    members
}

impl App {
    /// What an actor does, now. `details` never hold a secret.
    fn deed(&self, actor: &Actor, action: &str, object: AuditObject, details: Value) -> NewAudit {
        NewAudit {
            time_ns: self.clock.now(),
            actor: actor.written(),
            action: action.to_owned(),
            object,
            details: members(details),
            ..NewAudit::default()
        }
    }

    /// The catalog for one change, which writes the change down.
    pub(super) fn noting(&self, actor: &Actor, action: &str, object: AuditObject, details: Value) -> Catalog {
        self.catalog.noting(self.deed(actor, action, object, details))
    }

    /// Writes down what is done next and is no change of the catalog: what cannot be written down is not done.
    pub(super) async fn note(
        &self,
        actor: &Actor,
        action: &str,
        object: AuditObject,
        details: Value,
    ) -> Result<(), ApiFailure> {
        let deed = self.deed(actor, action, object, details);
        Ok(self.catalog.audit().add(deed).await?)
    }

    /// The catalog for a log-in under a name, which writes it down.
    pub(super) fn noting_login(&self, name: &str, address: IpAddr) -> Catalog {
        self.catalog.noting(NewAudit {
            time_ns: self.clock.now(),
            actor: AuditActor {
                name: name.to_owned(),
                kind: "user".to_owned(),
                label: String::new(),
                address: written(Some(address)),
            },
            action: "login".to_owned(),
            object: object("user", "", name),
            ..NewAudit::default()
        })
    }

    /// Writes down that somebody known may not do what they asked for.
    pub(super) async fn note_forbidden(&self, actor: &Actor, method: &Method, uri: &Uri) {
        let path = uri.path();
        let path = &path[..path.floor_char_boundary(PATH_BYTES_MAX)];
        let asked = object("request", &format!("{method} {path}"), "");
        let entry = self.deed(
            actor,
            "denied",
            asked,
            json!({"status": StatusCode::FORBIDDEN.as_u16()}),
        );
        self.note_refused(&self.refused.requests, entry).await;
    }

    /// Writes down that somebody logged in did not know their password.
    pub(super) async fn note_wrong_password(&self, actor: &Actor, user: AuditObject) {
        let entry = self.deed(actor, "password.change", user, json!({}));
        self.note_refused(&self.refused.logins, entry).await;
    }

    /// Writes down a log-in that was refused. What was typed as a name is kept only if somebody has it: it could be a
    /// password.
    pub(super) async fn note_bad_login(&self, name: &str, address: IpAddr) {
        let user = self.catalog.users().named(name).await.ok().flatten();
        let user = user.map(|user| object("user", &user.id, &user.name));
        let entry = NewAudit {
            time_ns: self.clock.now(),
            actor: AuditActor {
                kind: "nobody".to_owned(),
                address: written(Some(address)),
                ..AuditActor::default()
            },
            action: "login".to_owned(),
            details: members(json!({ "known": user.is_some() })),
            object: user.unwrap_or_else(|| object("user", "", "")),
            outcome: AuditOutcome::Refused,
        };
        self.note_refused(&self.refused.logins, entry).await;
    }

    async fn note_refused(&self, counted: &Refusals, mut entry: NewAudit) {
        let Some(left_out) = counted.count(self.clock.monotonic()) else {
            return;
        };
        entry.outcome = AuditOutcome::Refused;
        if left_out > 0 {
            entry.details.insert("left_out_before".to_owned(), left_out.into());
        }
        if let Err(error) = self.catalog.audit().add(entry).await {
            tracing::error!(error = chain(&error), "Cannot write down what was refused");
        }
    }
}

/// What was refused, of each kind.
#[derive(Debug, Default)]
pub(crate) struct Refused {
    logins: Refusals,
    requests: Refusals,
}

/// How many refusals were written down in this minute, and how many were not.
#[derive(Debug, Default)]
struct Refusals(Mutex<Minute>);

#[derive(Debug, Default)]
struct Minute {
    began: Option<Duration>,
    written: u32,
    left_out: u64,
}

impl Refusals {
    /// Whether one more is written down: then how many were left out before it.
    fn count(&self, now: Duration) -> Option<u64> {
        let mut minute = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if minute.began.is_none_or(|began| now.saturating_sub(began) >= MINUTE) {
            minute.began = Some(now);
            minute.written = 0;
        }
        if minute.written >= REFUSALS_MAX {
            minute.left_out += 1;
            return None;
        }
        minute.written += 1;
        Some(std::mem::take(&mut minute.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_written_down_so_often_and_what_was_left_out_is_told() {
        let refusals = Refusals::default();
        let at = |seconds| refusals.count(Duration::from_secs(seconds));
        for _ in 0..REFUSALS_MAX {
            assert_eq!(at(7), Some(0));
        }
        assert_eq!(at(7), None);
        assert_eq!(at(66), None);
        assert_eq!(at(67), Some(2));
        assert_eq!(at(67), Some(0));
    }

    #[test]
    fn members_without_anything_are_left_out() {
        let found = members(json!({"reason": "", "until": null, "off": false, "n": 0}));
        assert_eq!(Value::Object(found), json!({"off": false, "n": 0}));
    }
}
