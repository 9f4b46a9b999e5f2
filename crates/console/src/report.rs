//! `report`: what happened in a time, to read and to pass on.

use std::io::Write;

use reqwest::Method;
use watchpost_event::api::{NewReportRequest, ReportInfo, ReportsResponse};

use crate::{Client, ConsoleError, Exit, Renderer, harmless, table};

/// Makes a report, and writes it in a format: `html`, `pdf` or `json`.
pub async fn make_report(
    client: &Client,
    request: &NewReportRequest,
    format: &str,
    out: &mut dyn Write,
) -> Result<ReportInfo, ConsoleError> {
    let made: ReportInfo = client.change(Method::POST, "/api/v1/reports", request).await?;
    write_report(client, made.id, format, out).await?;
    Ok(made)
}

/// Writes a report that was made before.
pub async fn write_report(client: &Client, id: i64, format: &str, out: &mut dyn Write) -> Result<(), ConsoleError> {
    let path = format!("/api/v1/reports/{id}");
    let bytes = client.get_bytes(&path, &[("format", format)]).await?;
    out.write_all(&bytes)?;
    Ok(out.flush()?)
}

/// Lists reports, the newest first. None is exit code 3.
pub async fn list_reports(client: &Client, renderer: &Renderer, out: &mut dyn Write) -> Result<Exit, ConsoleError> {
    let response: ReportsResponse = client.get("/api/v1/reports", &[]).await?;
    if response.reports.is_empty() {
        writeln!(out, "no reports")?;
    } else {
        let mut rows = vec![["id", "about", "from", "to", "made", "by"].map(str::to_owned).to_vec()];
        rows.extend(response.reports.iter().map(|report| {
            let time = |time| renderer.time(time, "%Y-%m-%d %H:%M");
            vec![
                report.id.to_string(),
                report.host.as_deref().map_or_else(|| report.kind.clone(), harmless),
                time(report.from),
                time(report.to),
                time(report.made),
                harmless(&report.made_by),
            ]
        }));
        out.write_all(table::render(&rows, 0).as_bytes())?;
    }
    out.flush()?;
    Ok(if response.reports.is_empty() {
        Exit::NothingFound
    } else {
        Exit::Done
    })
}
