//! Who asks: by API key, by the session of a browser, by the user id behind the local socket, or the agent in this
//! process.

mod attempts;
pub(crate) mod cookie;
mod origin;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::extract::Request;
use axum::http::{Extensions, StatusCode, header};
use watchpost_catalog::{ApiKey, Catalog, KeyScope, Role, Session, SessionId, VerifyError};
use watchpost_event::AgentId;

use crate::api::ApiFailure;
pub(crate) use attempts::Attempts;

/// How a connection came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// Over the network.
    Network {
        /// The other side: a proxy when there is one, for what a request says about itself is not believed.
        address: IpAddr,
        /// From this host, and not through TLS.
        loopback: bool,
    },
    /// Over the socket in the data folder; the user id was checked.
    Local,
}

impl Peer {
    /// Of a request; one that nobody knows has come from far away.
    pub(crate) fn of(request: &Request) -> Self {
        Self::among(request.extensions())
    }

    /// The same of what is known of a request.
    pub(crate) fn among(extensions: &Extensions) -> Self {
        extensions.get().copied().unwrap_or(Self::Network {
            address: Ipv4Addr::UNSPECIFIED.into(),
            loopback: false,
        })
    }

    /// The address, where it came over the network.
    pub(crate) fn known(self) -> Option<IpAddr> {
        match self {
            Self::Network { .. } => Some(self.address()),
            Self::Local => None,
        }
    }

    /// The address, for limits and the log.
    pub(crate) fn address(self) -> IpAddr {
        match self {
            Self::Network { address, .. } => address.to_canonical(),
            Self::Local => Ipv4Addr::LOCALHOST.into(),
        }
    }
}

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) enum Principal {
    /// Whoever holds this key.
    Key(Arc<ApiKey>),
    /// Who has logged in from a browser.
    User(Arc<Session>),
    /// The server's own user, or root, on this host.
    Local,
    /// The agent in this process.
    Process(AgentId),
}

impl Principal {
    /// For the envelope of what it sends, and for what it acknowledges.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::User(session) => session.user.clone(),
            Self::Key(key) => format!("key:{}", key.id),
            Self::Local => "local".to_owned(),
            Self::Process(_) => "process".to_owned(),
        }
    }

    /// Whether it may deliver as this agent.
    pub(crate) fn allows_agent(&self, agent: &str) -> bool {
        match self {
            Self::Key(key) => key.scope.allows_agent(agent),
            Self::User(_) => false,
            Self::Local => true,
            Self::Process(own) => own.as_str() == agent,
        }
    }

    /// The one agent it speaks for, when that is certain.
    pub(crate) fn agent(&self) -> Option<&str> {
        match self {
            Self::Key(key) => match &key.scope {
                KeyScope::AgentId(id) => Some(id),
                KeyScope::AgentPrefix(_) | KeyScope::User => None,
            },
            Self::User(_) | Self::Local => None,
            Self::Process(own) => Some(own.as_str()),
        }
    }

    /// Whether it may search and administrate.
    pub(crate) fn is_user(&self) -> bool {
        match self {
            Self::Key(key) => key.scope == KeyScope::User,
            Self::User(session) => match session.role {
                Role::Admin => true,
            },
            Self::Local => true,
            Self::Process(_) => false,
        }
    }

    /// Whether it may see and end what others ask.
    pub(crate) fn is_admin(&self) -> bool {
        self.is_user()
    }

    /// Whether it still may what it could when it came: asked now and then where a connection lasts. What cannot be
    /// looked up now is not the principal's fault. To watch is to use a session: it does not become idle.
    pub(crate) async fn is_still_known(&self, catalog: &Catalog, now: i64) -> bool {
        match self {
            Self::Key(key) => catalog.keys().is_active(key.id).await.unwrap_or(true),
            Self::User(session) => match catalog.sessions().look_up(session.id, now).await {
                Ok(session) => session.is_some_and(|session| !session.must_change_password),
                Err(_) => true,
            },
            Self::Local | Self::Process(_) => true,
        }
    }

    /// Refuses whoever has to choose a password first.
    pub(crate) fn check_password_chosen(&self) -> Result<(), ApiFailure> {
        match self {
            Self::User(session) if session.must_change_password => {
                let message = "choose a password of your own first: POST /api/v1/session/password";
                Err(ApiFailure::new(StatusCode::FORBIDDEN, "must_change_password", message))
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => {
                write!(f, "API key {} ({}) ", key.id, key.name)?;
                match &key.scope {
                    KeyScope::AgentId(id) => write!(f, "is bound to agent {id}"),
                    KeyScope::AgentPrefix(prefix) => write!(f, "is bound to agents whose id begins with {prefix}"),
                    KeyScope::User => f.write_str("is a user's and not an agent's"),
                }
            }
            Self::User(session) => write!(f, "user {} is bound to no agent", session.user),
            Self::Local => f.write_str("the local user may deliver for every agent"),
            Self::Process(own) => write!(f, "this process is agent {own}"),
        }
    }
}

/// What a request shows to be known.
pub(crate) enum Credentials {
    /// It came over the local socket.
    Local,
    /// An API key, as it stands there.
    Key(String),
    /// A browser's cookie, from our own pages.
    Cookie(String),
    /// Nothing.
    None,
}

impl Credentials {
    /// Of a request. A key counts more than a cookie; a cookie that another site's page makes a browser send is refused.
    pub(crate) fn of(request: &Request) -> Result<Self, ApiFailure> {
        if Peer::of(request) == Peer::Local {
            return Ok(Self::Local);
        }
        if let Some(value) = request.headers().get(header::AUTHORIZATION) {
            let key = value
                .to_str()
                .ok()
                .and_then(|text| text.split_once(' '))
                .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
                .map(|(_, key)| key.trim().to_owned());
            return key.map(Self::Key).ok_or_else(|| {
                ApiFailure::unauthorized("the authorization header is not `Authorization: Bearer KEY`")
            });
        }
        let Some(token) = cookie::read(request.headers()) else {
            return Ok(Self::None);
        };
        let token = token.to_owned();
        check_same_site(request)?;
        Ok(Self::Cookie(token))
    }
}

/// Refuses what another site's page makes a browser send.
pub(crate) fn check_same_site(request: &Request) -> Result<(), ApiFailure> {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    // HTTP/2 has it in the request line.
    let authority = request
        .uri()
        .authority()
        .map(axum::http::uri::Authority::as_str)
        .or(host);
    origin::check(request.method(), request.headers(), authority)
}

/// Finds out who asks.
pub(crate) async fn authenticate(
    catalog: &Catalog,
    credentials: Credentials,
    now: i64,
) -> Result<Principal, ApiFailure> {
    match credentials {
        Credentials::Local => Ok(Principal::Local),
        Credentials::Key(key) => match catalog.keys().verify(&key, now).await {
            Ok(key) => Ok(Principal::Key(key)),
            Err(VerifyError::Catalog(error)) => {
                tracing::error!(error = watchpost_kit::chain(&error), "Cannot verify an API key");
                Err(ApiFailure::unavailable("keys cannot be verified now, try again"))
            }
            Err(error) => Err(ApiFailure::unauthorized(error.to_string())),
        },
        Credentials::Cookie(token) => {
            let ended = || ApiFailure::unauthorized("the session has ended: log in again");
            let id = SessionId::of(&token).ok_or_else(ended)?;
            match catalog.sessions().look_up(id, now).await {
                Ok(session) => session.map(Principal::User).ok_or_else(ended),
                Err(error) => {
                    tracing::error!(error = watchpost_kit::chain(&error), "Cannot look up a session");
                    Err(ApiFailure::unavailable("sessions cannot be looked up now, try again"))
                }
            }
        }
        Credentials::None => Err(ApiFailure::unauthorized(
            "no API key was given: send `Authorization: Bearer KEY`; make a key with `watchpost token create`, or log in with a browser",
        )),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_person_acts_by_name_administers_and_is_no_agent() {
        let session = |must_change_password| {
            Principal::User(Arc::new(Session {
                id: SessionId::of(&"0".repeat(64)).unwrap(),
                user_id: 1,
                user: "anna".to_owned(),
                role: Role::Admin,
                must_change_password,
                expires_ns: 0,
            }))
        };
        let anna = session(false);
        assert_eq!(anna.name(), "anna", "what alerts are acknowledged by");
        assert!(anna.is_user() && !anna.allows_agent("anna") && anna.agent().is_none());
        assert!(anna.check_password_chosen().is_ok());
        assert!(session(true).check_password_chosen().is_err());
    }
}
