//! What PAM modules write in the name of the program that asked them: `pam_unix(sshd:session): …`.

use super::decoded::{Decoded, Kind};
use super::peer::{Peer, name_and_id};

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
const LOGOUT: Kind = Kind {
    category: &["authentication"],
    types: &["end"],
    action: "logout",
};
const FAILURE: Kind = Kind {
    category: &["authentication"],
    types: &["info"],
    action: "pam-authentication-failure",
};
pub(super) const PASSWORD_CHANGED: Kind = Kind {
    category: &["iam"],
    types: &["user", "change"],
    action: "password-changed",
};
/// Marks what the system does for itself.
const SYSTEM: &str = "watchpost.system";

/// Reads a line of PAM.
pub(super) fn decode(message: &str) -> Option<Decoded<'_>> {
    let (head, text) = message.strip_prefix("pam_")?.split_once("): ")?;
    let (_, asked) = head.split_once('(')?;
    let (service, _) = asked.split_once(':')?;
    let system = matches!(service, "cron" | "crond" | "atd" | "systemd-user");
    let (verb, rest) = text.split_once(" for ").unwrap_or((text, ""));
    match verb {
        "session opened" => opened(rest.strip_prefix("user ")?).map(|decoded| decoded.flag(SYSTEM, system)),
        "session closed" => {
            let (name, id) = name_and_id(rest.strip_prefix("user ")?);
            let kind = if is_login(service) { LOGOUT } else { CLOSED };
            Some(
                Decoded::new(kind)
                    .text("user.name", name)
                    .text("user.id", id)
                    .flag(SYSTEM, system),
            )
        }
        "password changed" => Some(
            Decoded::new(PASSWORD_CHANGED)
                .succeeded(true)
                .text("user.target.name", rest),
        ),
        _ => failure(text.strip_prefix("authentication failure; ")?),
    }
}

/// Whether the end of a session of this PAM service is a person leaving. (Leaving `su` goes back to the session before.)
fn is_login(service: &str) -> bool {
    matches!(
        service,
        "sshd" | "login" | "remote" | "gdm-password" | "lightdm" | "sddm"
    )
}

/// `NAME[(uid=N)] by [NAME](uid=N)`
fn opened(text: &str) -> Option<Decoded<'_>> {
    let (user, by) = text.rsplit_once(" by ")?;
    let (name, id) = name_and_id(user);
    Some(
        Decoded::new(OPENED)
            .text("user.name", name)
            .text("user.id", id)
            .text("watchpost.session.by", name_and_id(by).0),
    )
}

/// `logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.1  user=root`: always in this order, and the name last.
fn failure(text: &str) -> Option<Decoded<'_>> {
    let (_, rest) = text.split_once(" ruser=")?;
    let (asking, rest) = rest.split_once(" rhost=")?;
    let (host, user) = rest.split_once(' ').unwrap_or((rest, ""));
    let user = user.trim_ascii_start().strip_prefix("user=").unwrap_or_default();
    let decoded = Decoded::new(FAILURE)
        .succeeded(false)
        .peer(Peer::host(host).unwrap_or_default());
    Some(if asking.is_empty() {
        decoded.text("user.name", user)
    } else {
        decoded.text("user.name", asking).text("user.effective.name", user)
    })
}
