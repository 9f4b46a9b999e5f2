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

use watchpost_event::{Event, names};

/// Adds ECS fields (`event.*`, `user.*`, `source.*`, `ssh.*`, `group.*`, `session.*`…) to an event that one of the
/// programs of login, privilege and account change wrote; leaves all others as they are.
///
/// The program is `watchpost.logsource.service`, or `process.name` where no service is set. Failures get `log.level`
/// warning unless they have a level. Account changes and logins other than OpenSSH's are Sigma's service `auth`.
pub fn enrich_auth(event: &mut Event) {
    let service = event.fields.text(names::LOGSOURCE_SERVICE);
    let Some(program) = service.or_else(|| event.fields.text("process.name")) else {
        return;
    };
    // Bytes are told apart letter by letter, texts name by name: this stands in the way of every line of syslog.
    let (family, decoded) = match program.as_bytes() {
        b"sshd" | b"sshd-session" | b"sshd-auth" => ("sshd", sshd::decode(&event.message)),
        b"sudo" => ("sudo", sudo::decode(&event.message)),
        b"su" | b"su-l" => ("su", su::decode(&event.message)),
        b"useradd" | b"usermod" | b"userdel" | b"groupadd" | b"groupmod" | b"groupdel" | b"gpasswd" | b"passwd"
        | b"chpasswd" | b"newusers" | b"chage" | b"chsh" | b"chfn" => ("auth", account::decode(&event.message)),
        b"login" | b"systemd-logind" | b"gdm-password" | b"gdm-password]" | b"lightdm" | b"sddm" => {
            ("auth", session::decode(&event.message))
        }
        b"cron" | b"CRON" | b"crond" | b"atd" => ("cron", pam::decode(&event.message)),
        b"systemd" | b"(systemd)" => ("auth", pam::decode(&event.message)),
        _ => return,
    };
    let Some(decoded) = decoded else { return };
    if service.is_none() {
        event.fields.set(names::LOGSOURCE_PRODUCT, "linux");
    }
    event.fields.set(names::LOGSOURCE_SERVICE, family);
    decoded.put(&mut event.fields);
}
