use super::decoded::{Decoded, Kind};
use super::pam;

const SUDO: Kind = Kind {
    category: &["iam", "process"],
    types: &[],
    action: "sudo",
};
const COMMAND: &str = "COMMAND=";
const AND_COMMAND: &str = " ; COMMAND=";
/// What stands before the command, in sudo's order, and the fields of it.
const KEYS: [(&str, Option<&str>); 8] = [
    ("HOST", None),
    ("TTY", Some("process.tty.name")),
    ("CHROOT", None),
    ("PWD", Some("process.working_directory")),
    ("USER", Some("user.effective.name")),
    ("GROUP", Some("group.name")),
    ("TSID", None),
    ("ENV", None),
];

/// `USER : [REASON ; ]TTY=… ; PWD=… ; USER=…[ ; GROUP=…][ ; ENV=…] ; COMMAND=…` (sudoers(5), "LOG FORMAT").
///
/// With a reason nothing was run. The command is last and can contain anything, and so can the folder's name and the
/// variables: everything from the first `COMMAND=` on is the command, and when there is another one, or something
/// stands where sudo does not write it, then only the user and the command are believed.
pub(super) fn decode(message: &str) -> Option<Decoded<'_>> {
    let text = message.trim_ascii_start();
    if text.starts_with("pam_") {
        return pam::decode(text);
    }
    let (user, rest) = text.split_once(" : ")?;
    let (facts, command) = match rest.strip_prefix(COMMAND) {
        Some(command) => ("", command),
        None => rest.split_once(AND_COMMAND)?,
    };
    let (reason, facts) = split_reason(facts);
    if reason.starts_with("(command continued)") {
        // The rest of a long command, whose beginning was an event already.
        return None;
    }
    let mut decoded = Decoded::new(SUDO)
        .succeeded(reason.is_empty())
        .text("watchpost.sudo.reason", reason)
        .text("user.name", user)
        .text("process.command_line", command);
    let facts = Some(facts).filter(|_| !command.contains(AND_COMMAND));
    for (name, value) in facts.and_then(known).unwrap_or_default() {
        decoded = decoded.text(name, value);
    }
    Some(decoded)
}

/// The reason is what stands first without a key.
fn split_reason(facts: &str) -> (&str, &str) {
    let (first, rest) = facts.split_once(" ; ").unwrap_or((facts, ""));
    match rank(first) {
        Some(_) => ("", facts),
        None => (first, rest),
    }
}

/// Which of [`KEYS`] a part begins with.
fn rank(part: &str) -> Option<usize> {
    let (key, _) = part.split_once('=')?;
    KEYS.iter().position(|(name, _)| *name == key)
}

/// The fields of the facts, when they are what sudo writes, each once and in its order.
fn known(facts: &str) -> Option<Vec<(&'static str, &str)>> {
    let mut fields = Vec::new();
    let mut last = None;
    for part in facts.split(" ; ").filter(|_| !facts.is_empty()) {
        let rank = rank(part)?;
        if last >= Some(rank) {
            return None;
        }
        last = Some(rank);
        if let (_, Some(name)) = KEYS[rank] {
            fields.push((name, part.split_once('=')?.1));
        }
    }
    Some(fields)
}
