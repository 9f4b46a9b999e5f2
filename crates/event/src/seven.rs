use crate::{View, names};

/// The seven W's of an event; derived, never stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Seven {
    /// `user.name`, else `process.name`.
    pub who: Option<String>,
    /// `event.action`.
    pub what: Option<String>,
    /// `file.path`, `process.name`, `user.target.name` or a destination.
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
            what: first(&[names::EVENT_ACTION]),
            on_what: first(&[
                "file.path",
                "process.name",
                "user.target.name",
                "destination.domain",
                "destination.ip",
            ]),
            when: view.event.time.to_string(),
            r#where: first(&[names::HOST_NAME]),
            from_where: first(&["source.ip"]),
            to_where: first(&["destination.ip"]),
        }
    }
}
