//! Auth events: what OpenSSH, sudo, su, login, systemd-logind, PAM and the account tools wrote, as ECS fields.
//!
//! The names in these lines are chosen by strangers, so every reading is anchored to what the program itself wrote:
//! an address is looked for behind the name, from the right. Where a line can be read in two ways, what the readings
//! disagree about is left out. The message always stays as it was, and a line that is not known stays as it came.

mod account;
mod decoded;
mod pam;
mod peer;
mod session;
mod sshd;
mod su;
mod sudo;

#[cfg(test)]
mod tests;

use decoded::Decoded;
use watchpost_event::{Event, names};

use crate::draft::Draft;

/// Adds fields to an event that one of the programs of login, privilege and account change wrote; says whether it did.
pub(crate) fn enrich(event: &mut Event) -> bool {
    let service = event.fields.text(names::LOGSOURCE_SERVICE);
    let Some(program) = service.or_else(|| event.fields.text("process.name")) else {
        return false;
    };
    let Some((family, decoded)) = read(program, &event.message) else {
        return false;
    };
    if service.is_none() {
        event.fields.set(names::LOGSOURCE_PRODUCT, "linux");
    }
    event.fields.set(names::LOGSOURCE_SERVICE, family);
    decoded.put(&mut event.fields);
    true
}

/// The same for an event that still stands in its record, whose message is `message`.
pub(crate) fn enrich_draft<'a>(draft: &mut Draft<'a>, message: &'a str) -> bool {
    let service = draft.text(names::LOGSOURCE_SERVICE);
    let Some(program) = service.or_else(|| draft.text("process.name")) else {
        return false;
    };
    let has_service = service.is_some();
    let Some((family, decoded)) = read(program, message) else {
        return false;
    };
    if !has_service {
        draft.set(names::LOGSOURCE_PRODUCT, "linux".into());
    }
    draft.set(names::LOGSOURCE_SERVICE, family.into());
    decoded.put_into(draft);
    true
}

/// What a program's message says, and Sigma's service for it.
fn read<'a>(program: &str, message: &'a str) -> Option<(&'static str, Decoded<'a>)> {
    // Bytes are told apart letter by letter, texts name by name: this stands in the way of every line of syslog.
    let (family, decoded) = match program.as_bytes() {
        b"sshd" | b"sshd-session" | b"sshd-auth" => ("sshd", sshd::decode(message)),
        b"sudo" => ("sudo", sudo::decode(message)),
        b"su" | b"su-l" => ("su", su::decode(message)),
        b"useradd" | b"usermod" | b"userdel" | b"groupadd" | b"groupmod" | b"groupdel" | b"gpasswd" | b"passwd"
        | b"chpasswd" | b"newusers" | b"chage" | b"chsh" | b"chfn" => ("auth", account::decode(message)),
        b"login" | b"systemd-logind" | b"gdm-password" | b"gdm-password]" | b"lightdm" | b"sddm" => {
            ("auth", session::decode(message))
        }
        b"cron" | b"CRON" | b"crond" | b"atd" => ("cron", pam::decode(message)),
        b"systemd" | b"(systemd)" => ("auth", pam::decode(message)),
        _ => return None,
    };
    Some((family, decoded?))
}
