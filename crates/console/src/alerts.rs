//! `alerts`: what was recognised, and what people do about it.

use std::io::Write;

use reqwest::Method;
use watchpost_event::api::{
    AcknowledgeRequest, AlertInfo, AlertsResponse, AssignRequest, CloseRequest, CommentRequest,
};

use crate::{Client, ConsoleError, Exit, Renderer, harmless, table};

/// What to list.
#[derive(Clone, Debug, Default)]
pub struct AlertsWanted {
    /// `open`, `acknowledged`, `closed` or `all`.
    pub state: String,
    /// Only this level and above.
    pub level: Option<String>,
    /// At most so many.
    pub limit: u64,
}

/// Lists alerts, newest first. Nothing found is exit code 3.
pub async fn list_alerts(
    client: &Client,
    wanted: &AlertsWanted,
    renderer: &Renderer,
    json: bool,
    out: &mut dyn Write,
) -> Result<Exit, ConsoleError> {
    let limit = wanted.limit.to_string();
    let mut query = vec![("state", wanted.state.as_str()), ("limit", limit.as_str())];
    if let Some(level) = &wanted.level {
        query.push(("level", level));
    }
    let response: AlertsResponse = client.get("/api/v1/alerts", &query).await?;
    if json {
        for alert in &response.alerts {
            write_json(alert, out)?;
        }
    } else {
        for_people(&response, renderer, out)?;
    }
    out.flush()?;
    Ok(if response.alerts.is_empty() {
        Exit::NothingFound
    } else {
        Exit::Done
    })
}

/// What to do about alerts.
#[derive(Clone, Debug)]
pub enum AlertChange {
    /// Somebody sees to them.
    Acknowledge {
        /// What is to be remembered of it.
        note: Option<String>,
    },
    /// They are done with.
    Close {
        /// `resolved`, `false-positive`, `expected`, `duplicate` or `other`.
        reason: String,
        /// What is to be remembered of it.
        note: Option<String>,
    },
    /// They are not done with after all.
    Reopen {
        /// What is to be remembered of it.
        note: Option<String>,
    },
    /// Who is to see to them; empty: nobody in particular.
    Assign {
        /// The name.
        to: String,
    },
    /// Something to remember.
    Comment {
        /// What.
        text: String,
    },
}

/// Changes alerts by number. None changed is exit code 3.
pub async fn change_alerts(
    client: &Client,
    ids: Vec<i64>,
    change: AlertChange,
    out: &mut dyn Write,
) -> Result<Exit, ConsoleError> {
    let asked = ids.clone();
    let response: AlertsResponse = match change {
        AlertChange::Acknowledge { note } => {
            let request = AcknowledgeRequest { ids, note };
            client
                .change(Method::POST, "/api/v1/alerts/acknowledge", &request)
                .await?
        }
        AlertChange::Reopen { note } => {
            let request = AcknowledgeRequest { ids, note };
            client.change(Method::POST, "/api/v1/alerts/reopen", &request).await?
        }
        AlertChange::Close { reason, note } => {
            let request = CloseRequest { ids, reason, note };
            client.change(Method::POST, "/api/v1/alerts/close", &request).await?
        }
        AlertChange::Assign { to } => {
            let request = AssignRequest { ids, to };
            client.change(Method::POST, "/api/v1/alerts/assign", &request).await?
        }
        AlertChange::Comment { text } => {
            let request = CommentRequest { ids, text };
            client.change(Method::POST, "/api/v1/alerts/comment", &request).await?
        }
    };
    for alert in &response.alerts {
        let whose = alert.assignee.as_deref().map(|name| format!(", {}", harmless(name)));
        let whose = whose.unwrap_or_default();
        writeln!(out, "{} {}{whose}: {}", alert.id, alert.state, harmless(&alert.message))?;
    }
    let done = |id: &&i64| response.alerts.iter().any(|alert| alert.id == **id);
    for id in asked.iter().filter(|id| !done(id)) {
        writeln!(out, "{id} is not there, or needs no such change")?;
    }
    out.flush()?;
    Ok(if response.alerts.is_empty() {
        Exit::NothingFound
    } else {
        Exit::Done
    })
}

pub(crate) fn write_json<T: serde::Serialize>(alert: &T, out: &mut dyn Write) -> Result<(), ConsoleError> {
    let text = serde_json::to_string(alert).map_err(|source| ConsoleError::NotUnderstood {
        request: "/api/v1/alerts".to_owned(),
        source,
    })?;
    Ok(writeln!(out, "{text}")?)
}

fn for_people(response: &AlertsResponse, renderer: &Renderer, out: &mut dyn Write) -> std::io::Result<()> {
    if response.alerts.is_empty() {
        writeln!(out, "no alerts")?;
    } else {
        let names = ["id", "count", "level", "state", "last", "host", "what"];
        let mut rows = vec![names.map(str::to_owned).to_vec()];
        rows.extend(response.alerts.iter().map(|alert| row(alert, renderer)));
        out.write_all(table::render(&rows, 2).as_bytes())?;
    }
    for (channel, waiting) in &response.waiting {
        writeln!(out, "channel {}: {waiting} messages wait to be sent", harmless(channel))?;
    }
    Ok(())
}

fn row(alert: &AlertInfo, renderer: &Renderer) -> Vec<String> {
    vec![
        alert.id.to_string(),
        alert.count.to_string(),
        alert.level.clone(),
        alert.state.clone(),
        renderer.time(alert.last, "%Y-%m-%d %H:%M:%S"),
        harmless(alert.host.as_deref().unwrap_or("-")),
        harmless(&alert.message),
    ]
}
