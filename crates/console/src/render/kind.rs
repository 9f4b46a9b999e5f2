//! What sort of event it is, in one word.

use watchpost_event::{View, names};

use super::style::{BLUE, BOLD_RED, CYAN, GREEN, MAGENTA, RED, YELLOW};

/// A word and its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) word: &'static str,
    pub(super) color: &'static str,
}

/// Whether a rule found this.
pub(super) fn is_alert(view: &View<'_>) -> bool {
    view.has(names::EVENT_KIND, "alert")
}

/// The kind of an event that is more than a line of a log. What failed is red, whatever it is.
pub(super) fn kind(view: &View<'_>) -> Option<Kind> {
    if is_alert(view) {
        return Some(Kind {
            word: "ALERT",
            color: BOLD_RED,
        });
    }
    let action = view.text(names::EVENT_ACTION);
    let kind = by_action(action.as_deref().unwrap_or_default()).or_else(|| by_category(view))?;
    Some(match view.text(names::EVENT_OUTCOME).as_deref() {
        Some("failure") => Kind { color: RED, ..kind },
        Some("success") if kind.word == "login" => Kind { color: GREEN, ..kind },
        _ => kind,
    })
}

fn by_action(action: &str) -> Option<Kind> {
    let (word, color) = match action {
        "logout" => ("logout", CYAN),
        "sudo" => ("sudo", MAGENTA),
        "su" | "su-terminal" => ("su", MAGENTA),
        "ssh-login" | "logon" => ("login", CYAN),
        _ => return None,
    };
    Some(Kind { word, color })
}

fn by_category(view: &View<'_>) -> Option<Kind> {
    // An event can be of several categories; the first of these tells a person the most.
    const KINDS: [(&str, &str, &str); 9] = [
        ("iam", "account", YELLOW),
        ("authentication", "login", CYAN),
        ("session", "session", CYAN),
        ("process", "process", BLUE),
        ("file", "file", YELLOW),
        ("network", "network", BLUE),
        ("package", "package", MAGENTA),
        ("configuration", "config", MAGENTA),
        ("host", "host", CYAN),
    ];
    let (_, word, color) = KINDS
        .into_iter()
        .find(|(category, ..)| view.has(names::EVENT_CATEGORY, category))?;
    Some(Kind { word, color })
}
