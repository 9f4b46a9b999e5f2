use crate::{View, names};

/// The seven W's of an event; derived, never stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Seven {
    /// `user.name`, else `process.name`.
    pub who: Option<String>,
    /// Of an alert `rule.name`; else `event.action`, a failed one marked `(failure)`; else the message.
    pub what: Option<String>,
    /// `file.path`, `process.name`, `user.target.name` or a destination. Of a change of accounts the account or group,
    /// not the tool; of a command run as somebody else the command, else whom it ran as.
    pub on_what: Option<String>,
    /// `@timestamp`, RFC 3339.
    pub when: String,
    /// `host.name`.
    pub r#where: Option<String>,
    /// `source.ip`.
    pub from_where: Option<String>,
    /// `destination.ip`.
    pub to_where: Option<String>,
}

impl Seven {
    /// Reads them off an event.
    pub fn of(view: &View<'_>) -> Self {
        let first = |names: &[&str]| {
            names
                .iter()
                .find_map(|name| view.text(name))
                .map(std::borrow::Cow::into_owned)
        };
        Self {
            who: first(&["user.name", "process.name"]),
            what: what(view).or_else(|| first(&["message"]).filter(|message| !message.is_empty())),
            on_what: first(objects(view)),
            when: view.event.time.to_string(),
            r#where: first(&[names::HOST_NAME]),
            from_where: first(&["source.ip"]),
            to_where: first(&["destination.ip"]),
        }
    }
}

fn what(view: &View<'_>) -> Option<String> {
    if view.has(names::EVENT_KIND, "alert")
        && let Some(rule) = view.text("rule.name")
    {
        return Some(rule.into_owned());
    }
    let action = view.text(names::EVENT_ACTION)?;
    Some(if view.has(names::EVENT_OUTCOME, "failure") {
        format!("{action} (failure)")
    } else {
        action.into_owned()
    })
}

/// The fields that can say on what something was done, the most telling first.
fn objects(view: &View<'_>) -> &'static [&'static str] {
    let privilege = view.has(names::EVENT_CATEGORY, "process");
    match (view.has(names::EVENT_CATEGORY, "iam"), privilege) {
        (true, true) => &["process.command_line", "user.effective.name", "process.name"],
        (true, false) => &["user.target.name", "group.name", "process.name"],
        (false, _) => &[
            "file.path",
            "process.name",
            "user.target.name",
            "destination.domain",
            "destination.ip",
        ],
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{AgentId, Epoch, Event, Fields, Origin, StreamId, Timestamp};

    fn on_what(fields: Value) -> (Option<String>, Option<String>) {
        let Value::Object(fields) = fields else { unreachable!() };
        let origin = Origin {
            agent: AgentId::new("a-1").unwrap(),
            stream: StreamId::new("file:/var/log/auth.log").unwrap(),
            epoch: Epoch(1),
            fields: Fields::new(),
        };
        let mut event = Event::new(Timestamp(0), 0, "");
        event.fields = Fields::from_object(fields);
        let seven = Seven::of(&View {
            event: &event,
            origin: &origin,
        });
        (seven.who, seven.on_what)
    }

    fn is(who: &str, what: &str) -> (Option<String>, Option<String>) {
        (Some(who.to_owned()), Some(what.to_owned()))
    }

    #[test]
    fn privilege_is_about_the_command_and_account_changes_about_the_account() {
        let tool = |name: &str| json!({"name": name, "command_line": format!("{name} --x")});
        assert_eq!(
            on_what(json!({
                "event.category": ["iam", "process"], "user.name": "alice", "user.effective.name": "root",
                "process": {"name": "sudo", "command_line": "/usr/bin/apt update"},
            })),
            is("alice", "/usr/bin/apt update")
        );
        assert_eq!(
            on_what(json!({
                "event.category": ["iam", "process"], "user.name": "alice", "user.effective.name": "root",
                "process.name": "su",
            })),
            is("alice", "root")
        );
        assert_eq!(
            on_what(json!({"event.category": ["iam"], "user.target.name": "mallory", "process": tool("useradd")})),
            is("useradd", "mallory")
        );
        assert_eq!(
            on_what(json!({"event.category": ["iam"], "group.name": "ops", "process": tool("groupadd")})),
            is("groupadd", "ops")
        );
        assert_eq!(
            on_what(json!({"event.category": ["authentication"], "user.name": "bob", "process": tool("sshd")})),
            is("bob", "sshd")
        );
        assert_eq!(
            on_what(json!({"event.category": "process", "user.name": "anna", "process": tool("nmap")})),
            is("anna", "nmap")
        );
    }
}
