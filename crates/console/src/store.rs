//! `store verify` and `store stats`.

use std::io::Write;

use reqwest::Method;
use watchpost_event::api::{StoreStatsResponse, VerifyResponse};

use crate::{Client, ConsoleError, Exit, Progress, Renderer, harmless};

/// Reads everything that is stored and compares all checksums; damage is a failure.
pub async fn verify(client: &Client, json: bool, out: &mut dyn Write) -> Result<Exit, ConsoleError> {
    let progress = Progress::start("reading everything that is stored");
    let report: VerifyResponse = client
        .change(Method::POST, "/api/v1/store/verify", &serde_json::json!({}))
        .await?;
    drop(progress);
    show_verified(&report, json, out)
}

/// Writes the result of a verification; damage is a failure.
pub fn show_verified(report: &VerifyResponse, json: bool, out: &mut dyn Write) -> Result<Exit, ConsoleError> {
    if json {
        let damage = &report.damage;
        let (files, events, bytes) = (report.files, report.events, report.bytes);
        writeln!(
            out,
            "{}",
            serde_json::json!({ "files": files, "events": events, "bytes": bytes, "damage": damage })
        )?;
    } else {
        for sentence in &report.damage {
            writeln!(out, "damage: {}", harmless(sentence))?;
        }
        let found = if report.damage.is_empty() {
            "all whole".to_owned()
        } else {
            format!("{} damaged", report.damage.len())
        };
        writeln!(
            out,
            "{} files, {} events, {} bytes read: {found}",
            report.files, report.events, report.bytes
        )?;
    }
    out.flush()?;
    Ok(if report.damage.is_empty() {
        Exit::Done
    } else {
        Exit::Failed
    })
}

/// What is stored.
pub async fn stats(
    client: &Client,
    renderer: &Renderer,
    json: bool,
    out: &mut dyn Write,
) -> Result<Exit, ConsoleError> {
    let stats: StoreStatsResponse = client.get("/api/v1/store/stats", &[]).await?;
    show_stats(&stats, renderer, json, out)
}

/// Writes what is stored.
pub fn show_stats(
    stats: &StoreStatsResponse,
    renderer: &Renderer,
    json: bool,
    out: &mut dyn Write,
) -> Result<Exit, ConsoleError> {
    if json {
        let text = serde_json::to_string(stats).map_err(|source| ConsoleError::NotUnderstood {
            request: "/api/v1/store/stats".to_owned(),
            source,
        })?;
        writeln!(out, "{text}")?;
    } else {
        let time = |moment: Option<_>| {
            moment.map_or_else(|| "-".to_owned(), |moment| renderer.time(moment, "%Y-%m-%d %H:%M:%S"))
        };
        writeln!(out, "files          {}", stats.files)?;
        writeln!(
            out,
            "events         {} in files, {} in memory and the ledger",
            stats.events, stats.head_events
        )?;
        writeln!(out, "bytes on disk  {}", stats.bytes)?;
        writeln!(out, "bytes of text  {}", stats.raw_bytes)?;
        writeln!(out, "times          {} to {}", time(stats.first), time(stats.last))?;
    }
    out.flush()?;
    Ok(Exit::Done)
}
