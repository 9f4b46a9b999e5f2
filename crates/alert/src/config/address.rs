//! Where messages may be sent. Nothing here repeats an address in an error: a webhook's is often itself a secret.

use std::net::IpAddr;

use reqwest::Url;

use super::ChannelSection;
use crate::AlertError;

/// Whether plain `http://` to another machine is acceptable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plain {
    /// Only within this machine, and this is how to go on.
    Loopback {
        /// What else would do.
        remedy: &'static str,
    },
    /// The operator wants it.
    Anywhere,
}

impl Plain {
    /// What a channel's own `insecure` says.
    pub(super) const fn of(section: &ChannelSection) -> Self {
        if section.insecure {
            Self::Anywhere
        } else {
            let remedy = "use https://, or set `insecure = true` if the network between is your own";
            Self::Loopback { remedy }
        }
    }
}

/// An `https://` address; `http://` as far as `plain` allows.
pub(super) fn read(key: &str, text: &str, plain: Plain) -> Result<Url, AlertError> {
    let bad = |reason: &str| AlertError::config(key, reason);
    let url = Url::parse(text)
        .map_err(|error| AlertError::config(key, format!("is not an address such as https://example.org: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(bad("begins with neither https:// nor http://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad("holds a user name or a password: set `token` or `headers` instead"));
    }
    match plain {
        Plain::Loopback { remedy } if url.scheme() == "http" && !is_loopback(&url) => Err(AlertError::config(
            key,
            format!("http:// would send secrets and alerts unencrypted to another machine: {remedy}"),
        )),
        _ => Ok(url),
    }
}

/// A proxy; a user name and a password may stand in it.
pub(super) fn read_proxy(key: &str, text: &str) -> Result<Url, AlertError> {
    let url = Url::parse(text).ok();
    url.filter(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some())
        .ok_or_else(|| AlertError::config(key, "is not a proxy such as http://proxy.example.org:3128"))
}

/// Whether an address is on this very machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
