//! Who asks: by API key, by the user id behind the local socket, or the agent in this process.

use std::fmt;
use std::sync::Arc;

use axum::http::{HeaderMap, header};
use watchpost_catalog::{ApiKey, Catalog, KeyScope, VerifyError};
use watchpost_event::AgentId;

use crate::api::ApiFailure;

/// How a connection came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// Over the network.
    Network {
        /// From this host, and not through TLS.
        loopback: bool,
    },
    /// Over the socket in the data folder; the user id was checked.
    Local,
}

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) enum Principal {
    /// Whoever holds this key.
    Key(Arc<ApiKey>),
    /// The server's own user, or root, on this host.
    Local,
    /// The agent in this process.
    Process(AgentId),
}

impl Principal {
    /// For the envelope of what it sends.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Key(key) => format!("key:{}", key.id),
            Self::Local => "local".to_owned(),
            Self::Process(_) => "process".to_owned(),
        }
    }

    /// Whether it may deliver as this agent.
    pub(crate) fn allows_agent(&self, agent: &str) -> bool {
        match self {
            Self::Key(key) => key.scope.allows_agent(agent),
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
            Self::Local => None,
            Self::Process(own) => Some(own.as_str()),
        }
    }

    /// Whether it may search and administrate.
    pub(crate) fn is_user(&self) -> bool {
        match self {
            Self::Key(key) => key.scope == KeyScope::User,
            Self::Local => true,
            Self::Process(_) => false,
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
            Self::Local => f.write_str("the local user may deliver for every agent"),
            Self::Process(own) => write!(f, "this process is agent {own}"),
        }
    }
}

/// Finds out who asks.
pub(crate) async fn authenticate(
    catalog: &Catalog,
    peer: Peer,
    headers: &HeaderMap,
    now: i64,
) -> Result<Principal, ApiFailure> {
    if peer == Peer::Local {
        return Ok(Principal::Local);
    }
    let value = headers.get(header::AUTHORIZATION).ok_or_else(|| {
        ApiFailure::unauthorized(
            "no API key was given: send `Authorization: Bearer KEY`; make a key with `watchpost token create`",
        )
    })?;
    let key = value
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, key)| key.trim())
        .ok_or_else(|| ApiFailure::unauthorized("the authorization header is not `Authorization: Bearer KEY`"))?;
    match catalog.keys().verify(key, now).await {
        Ok(key) => Ok(Principal::Key(key)),
        Err(VerifyError::Catalog(error)) => {
            tracing::error!(error = watchpost_kit::chain(&error), "Cannot verify an API key");
            Err(ApiFailure::unavailable("keys cannot be verified now, try again"))
        }
        Err(error) => Err(ApiFailure::unauthorized(error.to_string())),
    }
}
