use super::decoded::{Decoded, Kind};
use super::pam;

const SU: Kind = Kind {
    category: &["iam", "process"],
    types: &[],
    action: "su",
};
const TERMINAL: Kind = Kind {
    action: "su-terminal",
    ..SU
};

/// The forms of util-linux (`(to root) alice on pts/0`) and of shadow (`Successful su for root by alice`).
///
/// Shadow writes a second line about the same attempt, `+ /dev/pts/0 alice:root`. It has an action of its own, so
/// that nobody counts an attempt twice.
pub(super) fn decode(message: &str) -> Option<Decoded<'_>> {
    let (first, rest) = message.split_once(' ')?;
    match first {
        "(to" => on_terminal(message, true),
        "FAILED" => match rest.strip_prefix("SU ") {
            Some(rest) => on_terminal(rest, false),
            None => by(rest, false),
        },
        "Successful" => by(rest, true),
        "+" => terminal(rest, true),
        "-" => terminal(rest, false),
        _ => pam::decode(message),
    }
}

/// `(to TARGET) USER on TERMINAL`
fn on_terminal(text: &str, success: bool) -> Option<Decoded<'_>> {
    let (target, rest) = text.strip_prefix("(to ")?.rsplit_once(") ")?;
    let (user, tty) = rest.rsplit_once(" on ")?;
    Some(attempt(SU, user, target, success).text("process.tty.name", tty))
}

/// `su for TARGET by USER`
fn by(text: &str, success: bool) -> Option<Decoded<'_>> {
    let (target, user) = text.strip_prefix("su for ")?.rsplit_once(" by ")?;
    Some(attempt(SU, user, target, success))
}

/// `TERMINAL USER:TARGET`
fn terminal(text: &str, success: bool) -> Option<Decoded<'_>> {
    let (tty, names) = text.split_once(' ')?;
    let (user, target) = names.split_once(':')?;
    let tty = tty.strip_prefix("/dev/").unwrap_or(tty);
    Some(attempt(TERMINAL, user, target, success).text("process.tty.name", tty))
}

fn attempt<'a>(kind: Kind, user: &'a str, target: &'a str, success: bool) -> Decoded<'a> {
    Decoded::new(kind)
        .succeeded(success)
        .text("user.name", user)
        .text("user.effective.name", target)
}
