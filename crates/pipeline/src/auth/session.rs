//! Sessions and logins besides OpenSSH's: systemd-logind, login, display managers.

use super::decoded::{Decoded, Kind};
use super::pam;
use super::peer::Peer;

const OPENED: Kind = Kind {
    category: &["session"],
    types: &["start"],
    action: "session-opened",
};
const CLOSED: Kind = Kind {
    category: &["session"],
    types: &["end"],
    action: "session-closed",
};
const LOGIN: Kind = Kind {
    category: &["authentication"],
    types: &["start"],
    action: "logon",
};

pub(super) fn decode(message: &str) -> Option<Decoded<'_>> {
    let (first, rest) = message.split_once(' ')?;
    match first {
        "New" => new_session(rest.strip_prefix("session ")?),
        "Removed" => {
            let id = rest.strip_prefix("session ")?.strip_suffix('.')?;
            Some(Decoded::new(CLOSED).text("session.id", one_word(id)?))
        }
        "LOGIN" => login(rest),
        "ROOT" => root_login(rest.strip_prefix("LOGIN ")?.trim_ascii_start()),
        "FAILED" => failed(rest.strip_prefix("LOGIN ")?),
        _ => pam::decode(message),
    }
}

fn one_word(text: &str) -> Option<&str> {
    (!text.is_empty() && !text.contains(' ')).then_some(text)
}

/// `ID of user NAME[ with class '…' and type '…'].`
fn new_session(text: &str) -> Option<Decoded<'_>> {
    let (id, user) = text.strip_suffix('.')?.split_once(" of user ")?;
    let user = user.split_once(" with class ").map_or(user, |(user, _)| user);
    Some(
        Decoded::new(OPENED)
            .text("session.id", one_word(id)?)
            .text("user.name", user),
    )
}

/// `ON TERMINAL[ BY NAME][ FROM HOST]` (util-linux, login(1)).
fn login(text: &str) -> Option<Decoded<'_>> {
    let text = text.strip_prefix("ON ")?;
    let (rest, host) = text.rsplit_once(" FROM ").unwrap_or((text, ""));
    let (tty, user) = rest.split_once(" BY ").unwrap_or((rest, ""));
    Some(
        Decoded::new(LOGIN)
            .succeeded(true)
            .text("process.tty.name", one_word(tty)?)
            .text("user.name", user)
            .peer(Peer::host(host).unwrap_or_default()),
    )
}

/// util-linux `ON TERMINAL[ FROM HOST]`, shadow `on 'TERMINAL'[ from 'HOST']`
fn root_login(text: &str) -> Option<Decoded<'_>> {
    let decoded = match text.strip_prefix("on ") {
        Some(place) => at_quoted(Decoded::new(LOGIN).succeeded(true), place)?,
        None => login(text)?,
    };
    Some(decoded.text("user.name", "root"))
}

/// Shadow: `(N) on 'TERMINAL'[ from 'HOST'] FOR 'NAME', REASON`; util-linux: `N FROM TERMINAL-OR-HOST FOR NAME, REASON`.
/// The name was typed by whoever stands before the terminal; what comes before it was not.
fn failed(text: &str) -> Option<Decoded<'_>> {
    let (place, rest) = text.split_once(" FOR ")?;
    let (name, _reason) = rest.rsplit_once(", ")?;
    let name = name
        .strip_prefix('\'')
        .and_then(|name| name.strip_suffix('\''))
        .unwrap_or(name);
    // What was typed may have been a password, so login does not repeat a name that it does not know.
    let name = if name == "UNKNOWN" { "" } else { name };
    let decoded = Decoded::new(LOGIN).succeeded(false).text("user.name", name);
    let (_count, place) = place.split_once(' ')?;
    match place.strip_prefix("FROM ") {
        Some(from) if is_terminal(from) => Some(decoded.text("process.tty.name", from)),
        Some("(null)") => Some(decoded),
        Some(from) => Some(decoded.peer(Peer::host(from).unwrap_or_default())),
        None => at_quoted(decoded, place.strip_prefix("on ")?),
    }
}

fn is_terminal(text: &str) -> bool {
    text.starts_with("tty") || text.starts_with("pts/") || text == "console"
}

/// `'TERMINAL'[ from 'HOST']`
fn at_quoted<'a>(decoded: Decoded<'a>, place: &'a str) -> Option<Decoded<'a>> {
    let mut quoted = place.split('\'').skip(1).step_by(2);
    let tty = quoted.next()?;
    let tty = tty.strip_prefix("/dev/").unwrap_or(tty);
    let host = quoted.next().and_then(Peer::host).unwrap_or_default();
    Some(decoded.text("process.tty.name", tty).peer(host))
}
