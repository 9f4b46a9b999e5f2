//! Events as sentences, built from their fields. Nothing here is escaped: that is for whoever writes it to a terminal.

use std::borrow::Cow;

use watchpost_event::{View, names};

use super::kind::is_alert;

/// What happened, in a person's words; nothing where the fields that a sentence needs are missing.
pub(super) fn sentence(view: &View<'_>) -> Option<String> {
    if is_alert(view) {
        return alert(view);
    }
    let action = view.text(names::EVENT_ACTION)?;
    let facts = Facts { view };
    match action.as_ref() {
        "ssh-login" | "logon" => facts.login(),
        "ssh-invalid-user" => Some(format!("{} tried to log in{}", facts.account()?, facts.from())),
        "ssh-attempts-exceeded" => Some(format!(
            "too many attempts to log in as {}{}",
            facts.account()?,
            facts.from()
        )),
        "pam-authentication-failure" => Some(format!("authentication of {}{} failed", facts.account()?, facts.from())),
        "ssh-disconnected" => facts.disconnected(),
        "logout" => Some(format!("{} logged out", facts.name("user.name")?)),
        "session-opened" => facts.session("opened"),
        "session-closed" => facts.session("closed"),
        "sudo" => facts.sudo(),
        "su" | "su-terminal" => facts.su(),
        action => facts.account_change(action),
    }
}

/// `high: Title — message`; a message that says the title itself stands alone.
fn alert(view: &View<'_>) -> Option<String> {
    let title = view.text("rule.name").or_else(|| view.text("rule.title"))?;
    let message = view.event.message.as_str();
    let mut text = String::new();
    if let Some(level) = view.text("rule.level") {
        text.push_str(&level);
        text.push_str(": ");
    } else if let Some(severity) = view.severity() {
        text.push_str(severity.name());
        text.push_str(": ");
    }
    if message.contains(title.as_ref()) {
        text.push_str(message);
        return Some(text);
    }
    text.push_str(&title);
    if !message.is_empty() {
        text.push_str(" — ");
        text.push_str(message);
    }
    Some(text)
}

struct Facts<'a> {
    view: &'a View<'a>,
}

impl<'a> Facts<'a> {
    fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        self.view.text(name).filter(|text| !text.is_empty())
    }

    /// A name that could be taken for more words of the sentence stands in quotes.
    fn name(&self, field: &str) -> Option<String> {
        self.text(field).map(|name| quoted_if_odd(&name))
    }

    fn failed(&self) -> Option<bool> {
        match self.text(names::EVENT_OUTCOME)?.as_ref() {
            "failure" => Some(true),
            "success" => Some(false),
            _ => None,
        }
    }

    /// The user, and whether there is none of this name.
    fn account(&self) -> Option<String> {
        let name = self.name("user.name")?;
        Some(if self.view.get("watchpost.ssh.invalid_user").is_some() {
            format!("unknown user {name}")
        } else {
            name
        })
    }

    /// ` from ADDRESS`, or nothing.
    fn from(&self) -> String {
        let peer = self.name("source.ip").or_else(|| self.name("source.domain"));
        peer.map(|peer| format!(" from {peer}")).unwrap_or_default()
    }

    fn login(&self) -> Option<String> {
        let (who, from) = (self.account(), self.from());
        let method = self.name("ssh.method");
        if self.failed()? {
            let of = match who {
                Some(who) => format!(" of {who}"),
                None if from.is_empty() => return None,
                None => String::new(),
            };
            let method = method.map(|method| format!(" ({method})")).unwrap_or_default();
            return Some(format!("login{of}{from}{} failed{method}", self.terminal()));
        }
        let method = method.map(|method| format!(" by {method}")).unwrap_or_default();
        Some(format!("{} logged in{from}{}{method}", who?, self.terminal()))
    }

    /// ` on TERMINAL`, or nothing.
    fn terminal(&self) -> String {
        self.name("process.tty.name")
            .map(|tty| format!(" on {tty}"))
            .unwrap_or_default()
    }

    fn disconnected(&self) -> Option<String> {
        let from = self.from();
        match self.account() {
            Some(who) => Some(format!("connection of {who}{from} ended")),
            None if from.is_empty() => None,
            None => Some(format!("connection{from} ended")),
        }
    }

    fn session(&self, what: &str) -> Option<String> {
        let id = self.name("session.id");
        let who = self.name("user.name");
        if id.is_none() && who.is_none() {
            return None;
        }
        let id = id.map(|id| format!(" {id}")).unwrap_or_default();
        let who = who.map(|who| format!(" of {who}")).unwrap_or_default();
        let by = self.name("watchpost.session.by");
        let by = by.map(|by| format!(" by {by}")).unwrap_or_default();
        Some(format!("session{id}{who} {what}{by}"))
    }

    fn sudo(&self) -> Option<String> {
        let who = self.name("user.name")?;
        let command = self.text("process.command_line")?;
        let whom = self.name("user.effective.name");
        let whom = whom.map(|whom| format!(" as {whom}")).unwrap_or_default();
        if !self.failed()? {
            return Some(format!("{who} ran {command}{whom}"));
        }
        let reason = self.text("watchpost.sudo.reason");
        let reason = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
        Some(format!("{who} was not allowed to run {command}{whom}{reason}"))
    }

    fn su(&self) -> Option<String> {
        let (who, whom) = (self.name("user.name")?, self.name("user.effective.name")?);
        Some(if self.failed()? {
            format!("{who} failed to become {whom}")
        } else {
            format!("{who} became {whom}")
        })
    }

    fn account_change(&self, action: &str) -> Option<String> {
        let user = || self.name("user.target.name");
        let group = || self.name("group.name");
        let (what, done, behind) = match action {
            "user-added" => (format!("user {}", user()?), "added", String::new()),
            "user-changed" => (format!("user {}", user()?), "changed", String::new()),
            "user-deleted" => (format!("user {}", user()?), "deleted", String::new()),
            "password-changed" => (format!("password of {}", user()?), "changed", String::new()),
            "group-added" => (format!("group {}", group()?), "added", String::new()),
            "group-deleted" => (format!("group {}", group()?), "deleted", String::new()),
            "group-member-added" => (format!("user {}", user()?), "added", format!(" to group {}", group()?)),
            "group-member-removed" => (
                format!("user {}", user()?),
                "removed",
                format!(" from group {}", group()?),
            ),
            _ => return None,
        };
        let verb = if self.failed()? { "could not be" } else { "was" };
        let by = self.name("user.name");
        let by = by.map(|by| format!(" by {by}")).unwrap_or_default();
        Some(format!("{what} {verb} {done}{behind}{by}"))
    }
}

fn quoted_if_odd(name: &str) -> String {
    let odd = |c: char| c.is_whitespace() || matches!(c, '"' | '(' | ')');
    if name.contains(odd) {
        format!("\"{}\"", name.replace('"', "\\\""))
    } else {
        name.to_owned()
    }
}
