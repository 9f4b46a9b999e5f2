use std::net::IpAddr;

/// The other end of a connection, as a program wrote it. What is not known is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Peer<'a> {
    pub(super) ip: &'a str,
    pub(super) domain: &'a str,
    pub(super) port: Option<u16>,
}

impl<'a> Peer<'a> {
    /// An address, or the name that stands in its place; `UNKNOWN` is what OpenSSH writes when the peer is gone.
    pub(super) fn host(host: &'a str) -> Option<Self> {
        if host.is_empty() || host.contains(char::is_whitespace) {
            return None;
        }
        let ip = without_zone(host);
        if ip.parse::<IpAddr>().is_ok() {
            return Some(Self { ip, ..Self::default() });
        }
        let domain = if host == "UNKNOWN" { "" } else { host };
        Some(Self {
            domain,
            ..Self::default()
        })
    }

    /// `ADDRESS port N`, and nothing else.
    pub(super) fn with_port(text: &'a str) -> Option<Self> {
        let (host, port) = text.split_once(" port ")?;
        let peer = Self::host(host)?;
        let port = digits(port)?.parse().ok()?;
        Some(Self {
            // What stands in for a peer that is gone has no port.
            port: (host != "UNKNOWN").then_some(port),
            ..peer
        })
    }

    /// `ADDRESS port N`, or the address alone as older versions write; no names, for lines where words could stand there.
    pub(super) fn address(text: &'a str) -> Option<Self> {
        Self::with_port(text)
            .or_else(|| Self::host(text))
            .filter(|peer| !peer.ip.is_empty())
    }

    /// The peer at the end of `NAME ADDRESS port N`, and the name.
    pub(super) fn behind_name(text: &'a str) -> Option<(&'a str, Self)> {
        let port = text.rfind(" port ")?;
        let at = text.get(..port)?.rfind(' ')?;
        let peer = Self::with_port(text.get(at + 1..)?)?;
        Some((text.get(..at)?, peer))
    }
}

/// `fe80::1%eth0` without its zone, which says nothing to other hosts and is no part of an ECS `ip`.
fn without_zone(host: &str) -> &str {
    host.split_once('%').map_or(host, |(ip, _)| ip)
}

/// The text, when it is a number without a sign.
pub(super) fn digits(text: &str) -> Option<&str> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}

/// A name with its id as PAM writes them: `root(uid=0)`, or the name alone as older versions do.
pub(super) fn name_and_id(text: &str) -> (&str, &str) {
    let with_id = || {
        let (name, id) = text.strip_suffix(')')?.rsplit_once("(uid=")?;
        Some((name, digits(id)?))
    };
    with_id().unwrap_or((text, ""))
}
