//! Another log server, by syslog.

use reqwest::Url;

use super::address::is_loopback;
use super::{ChannelSection, address};
use crate::AlertError;

/// Ports of RFC 3164, RFC 5425 and rsyslog's usual one.
const PORT: u16 = 514;
const TLS_PORT: u16 = 6514;
/// Names of RFC 5424's table 1, as rsyslog and syslog-ng write them; what only kernels and old programs use is left out.
const FACILITIES: [(&str, u8); 13] = [
    ("user", 1),
    ("daemon", 3),
    ("auth", 4),
    ("syslog", 5),
    ("authpriv", 10),
    ("local0", 16),
    ("local1", 17),
    ("local2", 18),
    ("local3", 19),
    ("local4", 20),
    ("local5", 21),
    ("local6", 22),
    ("local7", 23),
];
const FACILITY: &str = "local0";

/// How messages travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    /// RFC 5426: nobody says whether one arrived.
    Udp,
    /// RFC 6587.
    Tcp,
    /// RFC 5425.
    Tls,
}

#[derive(Debug)]
pub(crate) struct SyslogSettings {
    pub(crate) transport: Transport,
    /// A name, or an address without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) facility: u8,
    /// PEM; empty: the system's.
    pub(crate) ca: String,
}

/// Checks what only such a channel has.
pub(super) fn read(key: &str, section: &ChannelSection) -> Result<SyslogSettings, AlertError> {
    let (transport, url) = server(&format!("{key}.url"), section)?;
    let bare = url.host_str().unwrap_or_default();
    let usual = if transport == Transport::Tls { TLS_PORT } else { PORT };
    Ok(SyslogSettings {
        transport,
        host: bare.trim_start_matches('[').trim_end_matches(']').to_owned(),
        port: url.port().unwrap_or(usual),
        facility: facility(key, &section.facility)?,
        ca: section.ca.as_str().to_owned(),
    })
}

fn server(key: &str, section: &ChannelSection) -> Result<(Transport, Url), AlertError> {
    let bad = |reason: &str| AlertError::config(key, reason);
    let wanted = "the log server, such as \"tls://logs.example.org:6514\", \"tcp://…\" or \"udp://…\"";
    if section.url.is_empty() {
        return Err(bad(&format!("is missing: {wanted}")));
    }
    let url = Url::parse(section.url.expose()).map_err(|_| bad(&format!("is not an address: {wanted}")))?;
    let transport = match url.scheme() {
        "udp" => Transport::Udp,
        "tcp" => Transport::Tcp,
        "tls" => Transport::Tls,
        _ => {
            return Err(bad(&format!(
                "begins with neither tls:// nor tcp:// nor udp://: {wanted}"
            )));
        }
    };
    if url.host_str().is_none_or(str::is_empty) {
        return Err(bad(&format!("names no host: {wanted}")));
    }
    let rest = [url.path(), url.query().unwrap_or_default(), url.username()];
    if rest.iter().any(|part| !matches!(*part, "" | "/")) || url.password().is_some() {
        return Err(bad(&format!("has more than a host and a port: {wanted}")));
    }
    let plain = address::Plain::of(section);
    if transport != Transport::Tls && !is_loopback(&url) && plain != address::Plain::Anywhere {
        let reason = "would send alerts unencrypted to another machine: use tls://, or set `insecure = true` if the \
                      network between is your own";
        return Err(bad(reason));
    }
    Ok((transport, url))
}

fn facility(key: &str, name: &str) -> Result<u8, AlertError> {
    let name = if name.is_empty() { FACILITY } else { name };
    let known = FACILITIES.iter().find(|(known, _)| *known == name);
    known.map(|(_, number)| *number).ok_or_else(|| {
        let names: Vec<&str> = FACILITIES.iter().map(|(name, _)| *name).collect();
        AlertError::config(format!("{key}.facility"), format!("is none of {}", names.join(", ")))
    })
}
