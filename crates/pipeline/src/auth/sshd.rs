//! OpenSSH's server (auth.c `auth_log`, packet.c `sshpkt_fmt_connection_id`).
//!
//! `ssh-login` is one attempt, so that six failed attempts are six `ssh-login` failures: what PAM says about the same
//! attempt, `Invalid user` and `maximum authentication attempts exceeded` have actions of their own.
//! The end of a connection is `ssh-disconnected`: of a user who was logged in it ends an authentication, otherwise
//! (nobody was logged in, or the line does not say) it ends a network connection. The end of the session is `logout`.

use super::decoded::{Decoded, Kind};
use super::pam;
use super::peer::Peer;

/// OpenSSH cuts its messages at 1 KiB before it escapes them (log.c `MSGBUFSIZ`), four characters for one at most.
const MESSAGE_LIMIT: usize = 4200;
const LOGIN: Kind = Kind {
    category: &["authentication"],
    types: &["start"],
    action: "ssh-login",
};
const INVALID_USER: Kind = Kind {
    category: &["authentication"],
    types: &["info"],
    action: "ssh-invalid-user",
};
const ATTEMPTS_EXCEEDED: Kind = Kind {
    action: "ssh-attempts-exceeded",
    ..INVALID_USER
};
const DISCONNECTED: Kind = Kind {
    category: &["network"],
    types: &["connection", "end"],
    action: "ssh-disconnected",
};
const USER_DISCONNECTED: Kind = Kind {
    category: &["authentication"],
    types: &["end"],
    ..DISCONNECTED
};
const IS_INVALID: &str = "watchpost.ssh.invalid_user";

pub(super) fn decode(message: &str) -> Option<Decoded<'_>> {
    if message.len() > MESSAGE_LIMIT {
        return None;
    }
    // What the process without privileges says comes through the one with them, marked.
    let text = message.strip_suffix(" [preauth]").unwrap_or(message);
    let (first, rest) = text.split_once(' ')?;
    match first {
        "Accepted" => login(rest, true),
        "Failed" => login(rest, false),
        "Invalid" => invalid_user(rest.strip_prefix("user ")?),
        "error:" => attempts_exceeded(rest.strip_prefix("maximum authentication attempts exceeded for ")?),
        "Connection" => {
            let by = rest
                .strip_prefix("closed by ")
                .or_else(|| rest.strip_prefix("reset by "))?;
            disconnected(by)
        }
        "Disconnected" => disconnected(rest.strip_prefix("from ")?),
        "Received" => disconnect_received(rest.strip_prefix("disconnect from ")?),
        _ => pam::decode(text),
    }
}

/// `METHOD for [invalid user ]USER from ADDRESS port N ssh2[: DETAILS]`
fn login(text: &str, success: bool) -> Option<Decoded<'_>> {
    let (method, rest) = text.split_once(" for ")?;
    if method.contains(' ') {
        return None;
    }
    let (invalid, rest) = split_invalid(rest);
    let attempt = match rest.strip_suffix(" ssh2") {
        Some(rest) => from_right(rest, "")?,
        None if invalid => agreed(rest)?,
        // A user who exists is named by the administrator, while the details quote names from the client's certificate.
        None => readings(rest).next()?,
    };
    Some(
        Decoded::new(LOGIN)
            .succeeded(success)
            .text("ssh.method", method)
            .text("ssh.key", attempt.key)
            .text("user.name", attempt.user)
            .flag(IS_INVALID, invalid)
            .peer(attempt.peer),
    )
}

fn split_invalid(text: &str) -> (bool, &str) {
    match text.strip_prefix("invalid user ") {
        Some(rest) => (true, rest),
        None => (false, text),
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Attempt<'a> {
    user: &'a str,
    peer: Peer<'a>,
    key: &'a str,
}

/// `USER from ADDRESS port N`: the name can contain anything, the address cannot.
fn from_right<'a>(text: &'a str, key: &'a str) -> Option<Attempt<'a>> {
    let (user, peer) = match text.strip_prefix("from ") {
        // No name, and one of the two spaces lost to a shipper that squeezes them.
        Some(peer) if Peer::with_port(peer).is_some() => ("", peer),
        _ => text.rsplit_once(" from ")?,
    };
    let peer = Peer::with_port(peer)?;
    Some(Attempt { user, peer, key })
}

/// All ways to read an attempt with details behind it, from the left.
fn readings(text: &str) -> impl Iterator<Item = Attempt<'_>> {
    const END: &str = " ssh2: ";
    text.match_indices(END).filter_map(|(at, _)| {
        let details = text.get(at + END.len()..)?;
        from_right(text.get(..at)?, fingerprint(details))
    })
}

/// A name that does not exist can be written to look like an address with a key, and a certificate too: what
/// two readings do not agree about is not believed.
fn agreed(text: &str) -> Option<Attempt<'_>> {
    let mut readings = readings(text).filter(|attempt| !attempt.key.is_empty());
    let Some(first) = readings.next() else {
        return text.contains(" ssh2").then(Attempt::default);
    };
    let agreed = readings.all(|other| other == first);
    Some(if agreed { first } else { Attempt::default() })
}

/// The fingerprint of `TYPE FINGERPRINT` or `TYPE-CERT FINGERPRINT ID … (serial N) CA TYPE FINGERPRINT`.
fn fingerprint(details: &str) -> &str {
    let mut words = details.split(' ');
    let (kind, key) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let whole = match words.next() {
        None => true,
        Some("ID") => kind.ends_with("-CERT") && details.contains(" (serial "),
        // How a host vouches for a user: `, client user "…", client host "…"`.
        Some(word) => word == "client" && key.ends_with(','),
    };
    let key = key.strip_suffix(',').unwrap_or(key);
    if whole && key.contains(':') { key } else { "" }
}

/// `USER from ADDRESS[ port N]`
fn invalid_user(text: &str) -> Option<Decoded<'_>> {
    let (user, peer) = text
        .rsplit_once(" from ")
        .or_else(|| Some(("", text.strip_prefix("from ")?)))?;
    Some(
        Decoded::new(INVALID_USER)
            .succeeded(false)
            .text("user.name", user)
            .flag(IS_INVALID, true)
            .peer(Peer::with_port(peer).or_else(|| Peer::host(peer))?),
    )
}

/// `[invalid user ]USER from ADDRESS port N ssh2`
fn attempts_exceeded(text: &str) -> Option<Decoded<'_>> {
    let (invalid, rest) = split_invalid(text);
    let attempt = from_right(rest.strip_suffix(" ssh2")?, "")?;
    Some(
        Decoded::new(ATTEMPTS_EXCEEDED)
            .succeeded(false)
            .text("user.name", attempt.user)
            .flag(IS_INVALID, invalid)
            .peer(attempt.peer),
    )
}

/// `[[authenticating |invalid ]user USER ]ADDRESS port N`
fn disconnected(text: &str) -> Option<Decoded<'_>> {
    if let Some(peer) = Peer::address(text) {
        return Some(Decoded::new(DISCONNECTED).peer(peer));
    }
    let (kind, invalid, rest) = if let Some(rest) = text.strip_prefix("user ") {
        (USER_DISCONNECTED, false, rest)
    } else if let Some(rest) = text.strip_prefix("authenticating user ") {
        (DISCONNECTED, false, rest)
    } else {
        (DISCONNECTED, true, text.strip_prefix("invalid user ")?)
    };
    let (user, peer) = Peer::behind_name(rest)?;
    Some(
        Decoded::new(kind)
            .text("user.name", user)
            .flag(IS_INVALID, invalid)
            .peer(peer),
    )
}

/// `ADDRESS port N:CODE: WORDS`, before version 7 `ADDRESS: CODE: WORDS`; the words are the client's, so from the left.
fn disconnect_received(text: &str) -> Option<Decoded<'_>> {
    let (host, rest) = text.split_once(' ')?;
    let address = match host.strip_suffix(':') {
        Some(host) => host,
        None => text.get(..host.len() + 1 + rest.find(':')?)?,
    };
    let peer = Peer::address(address)?;
    Some(Decoded::new(DISCONNECTED).peer(peer))
}
