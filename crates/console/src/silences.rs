//! `silences`: what nobody is told for a time.

use std::io::Write;

use reqwest::Method;
use watchpost_event::api::{NewSilenceRequest, SilenceInfo, SilencePreview, SilencePreviewRequest, SilencesResponse};

use crate::{Client, ConsoleError, Exit, Renderer, harmless, table};

/// Lists silences that are or will be in force, or those that are over. None is exit code 3.
pub async fn list_silences(
    client: &Client,
    past: bool,
    renderer: &Renderer,
    json: bool,
    out: &mut dyn Write,
) -> Result<Exit, ConsoleError> {
    let query: &[(&str, &str)] = if past { &[("past", "true")] } else { &[] };
    let response: SilencesResponse = client.get("/api/v1/silences", query).await?;
    if json {
        for silence in &response.silences {
            let text = serde_json::to_string(silence).map_err(|source| ConsoleError::NotUnderstood {
                request: "/api/v1/silences".to_owned(),
                source,
            })?;
            writeln!(out, "{text}")?;
        }
    } else if response.silences.is_empty() {
        writeln!(out, "no silences")?;
    } else {
        let names = ["id", "now", "until", "hours", "by", "which", "reason"];
        let mut rows = vec![names.map(str::to_owned).to_vec()];
        rows.extend(response.silences.iter().map(|silence| row(silence, renderer)));
        out.write_all(table::render(&rows, 0).as_bytes())?;
    }
    out.flush()?;
    Ok(if response.silences.is_empty() {
        Exit::NothingFound
    } else {
        Exit::Done
    })
}

fn row(silence: &SilenceInfo, renderer: &Renderer) -> Vec<String> {
    let until = silence.ended.or(silence.until);
    vec![
        silence.id.map_or_else(|| "config".to_owned(), |id| id.to_string()),
        if silence.active { "silent" } else { "-" }.to_owned(),
        until.map_or_else(|| "-".to_owned(), |time| renderer.time(time, "%Y-%m-%d %H:%M")),
        harmless(&silence.hours),
        harmless(silence.created_by.as_deref().unwrap_or("-")),
        harmless(&silence.when),
        harmless(&silence.reason),
    ]
}

/// Makes a silence, and says how many open alerts it concerns.
pub async fn add_silence(
    client: &Client,
    request: NewSilenceRequest,
    renderer: &Renderer,
    out: &mut dyn Write,
) -> Result<Exit, ConsoleError> {
    let asked = SilencePreviewRequest {
        when: request.when.clone(),
    };
    let made: SilenceInfo = client.change(Method::POST, "/api/v1/silences", &request).await?;
    let preview: SilencePreview = client.change(Method::POST, "/api/v1/silences/preview", &asked).await?;
    let id = made.id.map_or_else(|| "-".to_owned(), |id| id.to_string());
    writeln!(
        out,
        "silence {id} until {}; of the open alerts it matches {} (of {} looked at)",
        renderer.time(request.until, "%Y-%m-%d %H:%M"),
        preview.matching,
        preview.looked_at
    )?;
    out.flush()?;
    Ok(Exit::Done)
}

/// Ends a silence before its time.
pub async fn end_silence(client: &Client, id: i64, out: &mut dyn Write) -> Result<Exit, ConsoleError> {
    let path = format!("/api/v1/silences/{id}/end");
    let ended: SilenceInfo = client.change(Method::POST, &path, &serde_json::json!({})).await?;
    writeln!(out, "silence {id} is over: {}", harmless(&ended.when))?;
    out.flush()?;
    Ok(Exit::Done)
}
