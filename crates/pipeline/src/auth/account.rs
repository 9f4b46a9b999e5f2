//! Users and groups: useradd, usermod, userdel, groupadd, groupmod, groupdel, gpasswd, chage, chsh, chfn (shadow),
//! passwd and chpasswd (shadow, PAM).
//!
//! These programs write a line for each file they change. One of them is the event; the lines about
//! `/etc/group`, `/etc/gshadow` and `shadow group` stay messages, so that nothing is counted twice.

use super::decoded::{Decoded, Kind};
use super::pam::{self, PASSWORD_CHANGED};
use super::peer::digits;

const fn user(types: &'static [&'static str], action: &'static str) -> Kind {
    Kind {
        category: &["iam"],
        types,
        action,
    }
}

const USER_ADDED: Kind = user(&["user", "creation"], "user-added");
const USER_CHANGED: Kind = user(&["user", "change"], "user-changed");
const USER_DELETED: Kind = user(&["user", "deletion"], "user-deleted");
const GROUP_ADDED: Kind = user(&["group", "creation"], "group-added");
const GROUP_DELETED: Kind = user(&["group", "deletion"], "group-deleted");
const MEMBER_ADDED: Kind = user(&["group", "change"], "group-member-added");
const MEMBER_REMOVED: Kind = user(&["group", "change"], "group-member-removed");

pub(super) fn decode(message: &str) -> Option<Decoded<'_>> {
    let (first, rest) = message.split_once(' ')?;
    match first {
        "new" => new_user(rest).or_else(|| new_group(rest)),
        "failed" => {
            let (name, _) = rest.strip_prefix("adding user '")?.rsplit_once("', ")?;
            Some(target(USER_ADDED, name).succeeded(false))
        }
        "delete" => deleted(rest),
        "removed" => {
            let (group, _) = rest.strip_prefix("group '")?.rsplit_once("' owned by '")?;
            Some(of_group(GROUP_DELETED, group))
        }
        "remove" => Some(of_group(GROUP_DELETED, quoted(rest.strip_prefix("group ")?)?)),
        "group" => Some(of_group(GROUP_DELETED, quoted(rest.strip_suffix(" removed")?)?)),
        "add" => member(MEMBER_ADDED, rest, "' to group '"),
        "change" | "changed" => changed(rest),
        "lock" | "unlock" => {
            let (name, _) = rest.strip_prefix("user '")?.split_once('\'')?;
            Some(target(USER_CHANGED, name))
        }
        "user" => member_by(rest),
        "password" => password(rest.strip_prefix("for ")?),
        "pam_unix(chpasswd:chauthtok):" | "pam_unix(passwd:chauthtok):" => {
            pam::decode(message).or_else(|| unknown_user(rest.strip_prefix("user ")?))
        }
        _ => pam::decode(message),
    }
}

fn target(kind: Kind, name: &str) -> Decoded<'_> {
    Decoded::new(kind).succeeded(true).text("user.target.name", name)
}

fn of_group(kind: Kind, name: &str) -> Decoded<'_> {
    Decoded::new(kind).succeeded(true).text("group.name", name)
}

/// The name in `'name'`, and nothing around it.
fn quoted(text: &str) -> Option<&str> {
    text.strip_prefix('\'')?.strip_suffix('\'')
}

/// `user: name=NAME, UID=N, GID=N, home=…, shell=…[, from=…]`
fn new_user(text: &str) -> Option<Decoded<'_>> {
    let (name, rest) = text.strip_prefix("user: name=")?.split_once(", UID=")?;
    let (user_id, rest) = rest.split_once(", GID=")?;
    let group_id = rest.split(',').next().unwrap_or_default();
    Some(
        target(USER_ADDED, name)
            .text("user.target.id", digits(user_id)?)
            .text("group.id", digits(group_id)?),
    )
}

/// `group: name=NAME[, GID=N]`
fn new_group(text: &str) -> Option<Decoded<'_>> {
    let text = text.strip_prefix("group: name=")?;
    let (name, id) = match text.rsplit_once(", GID=") {
        Some((name, id)) => (name, digits(id)?),
        None => (text, ""),
    };
    Some(of_group(GROUP_ADDED, name).text("group.id", id))
}

/// `user 'NAME'`, or `'NAME' from group 'GROUP'`
fn deleted(text: &str) -> Option<Decoded<'_>> {
    match text.strip_prefix("user ") {
        Some(name) => Some(target(USER_DELETED, quoted(name)?)),
        None => member(MEMBER_REMOVED, text, "' from group '"),
    }
}

/// `'NAME' to group 'GROUP'`
fn member<'a>(kind: Kind, text: &'a str, between: &str) -> Option<Decoded<'a>> {
    let (name, group) = text.strip_prefix('\'')?.split_once(between)?;
    Some(target(kind, name).text("group.name", group.strip_suffix('\'')?))
}

/// `NAME added by ADMIN to group GROUP`, `NAME removed by ADMIN from group GROUP` (gpasswd)
fn member_by(text: &str) -> Option<Decoded<'_>> {
    let (kind, (name, rest), between) = match text.split_once(" added by ") {
        Some(parts) => (MEMBER_ADDED, parts, " to group "),
        None => (MEMBER_REMOVED, text.split_once(" removed by ")?, " from group "),
    };
    let (admin, group) = rest.split_once(between)?;
    Some(target(kind, name).text("user.name", admin).text("group.name", group))
}

/// `user 'NAME' …`, `user name 'NAME' to 'NEW'`, `password expiry for NAME`
fn changed(text: &str) -> Option<Decoded<'_>> {
    if let Some(name) = text.strip_prefix("password expiry for ") {
        return Some(target(USER_CHANGED, name));
    }
    let text = text.strip_prefix("user ")?;
    let (name, what) = text
        .strip_prefix("name ")
        .unwrap_or(text)
        .strip_prefix('\'')?
        .split_once('\'')?;
    let kind = if what == " password" {
        PASSWORD_CHANGED
    } else {
        USER_CHANGED
    };
    Some(target(kind, name))
}

/// `'NAME' changed by 'ADMIN'` (passwd without PAM; older versions open with a backtick)
fn password(text: &str) -> Option<Decoded<'_>> {
    let (name, admin) = text.strip_suffix('\'')?.split_once("' changed by ")?;
    let open = ['\'', '`'];
    Some(target(PASSWORD_CHANGED, name.strip_prefix(open)?).text("user.name", admin.strip_prefix(open)?))
}

/// `"NAME" does not exist in /etc/passwd`: a password for nobody.
fn unknown_user(text: &str) -> Option<Decoded<'_>> {
    let (name, _) = text.strip_prefix('"')?.rsplit_once("\" does not exist")?;
    Some(target(PASSWORD_CHANGED, name).succeeded(false))
}
