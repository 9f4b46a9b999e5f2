//! `lookup`: what services and lists say of files, addresses and domains.

use std::io::Write;

use reqwest::Method;
use watchpost_event::api::{LookupInfo, LookupRequest, LookupServicesResponse, LookupsResponse, VerdictInfo};

use crate::{Client, ConsoleError, Exit, Renderer, harmless, table};

const PATH: &str = "/api/v1/lookups";
/// Indicators of one request.
const PIECE: usize = 100;
/// Names that are shown.
const NAMES_MAX: usize = 3;

/// What is asked.
#[derive(Clone, Debug)]
pub struct LookupWanted {
    /// Hashes, addresses and domains.
    pub indicators: Vec<String>,
    /// Seconds to wait for services.
    pub wait: u64,
    /// One JSON object per line.
    pub json: bool,
}

/// Asks, and writes a row for each answer. When nothing bad and nothing else is known, the exit code is 3.
pub async fn look_up(client: &Client, wanted: &LookupWanted, out: &mut dyn Write) -> Result<Exit, ConsoleError> {
    let mut lookups = Vec::new();
    for piece in wanted.indicators.chunks(PIECE) {
        let request = LookupRequest {
            indicators: piece.to_vec(),
            wait: wanted.wait,
        };
        let response: LookupsResponse = client.change(Method::POST, PATH, &request).await?;
        lookups.extend(response.lookups);
    }
    if wanted.json {
        for one in &lookups {
            write_json(one, out)?;
        }
    } else {
        let mut rows = vec![
            ["indicator", "verdict", "by", "engines", "names", "link"]
                .map(str::to_owned)
                .to_vec(),
        ];
        for one in &lookups {
            add_rows(one, &mut rows);
        }
        out.write_all(table::render(&rows, 0).as_bytes())?;
    }
    out.flush()?;
    let is_known = |one: &LookupInfo| one.verdict != "unknown";
    Ok(if lookups.iter().any(is_known) {
        Exit::Done
    } else {
        Exit::NothingFound
    })
}

fn add_rows(one: &LookupInfo, rows: &mut Vec<Vec<String>>) {
    let indicator = harmless(&one.indicator);
    for verdict in &one.verdicts {
        rows.push(row(&indicator, verdict));
    }
    let plain = |verdict: &str, by: &str, why: &str| {
        vec![
            indicator.clone(),
            verdict.to_owned(),
            harmless(by),
            "-".to_owned(),
            harmless(why),
        ]
    };
    for service in &one.waiting {
        rows.push(plain("waiting", service, ""));
    }
    let waits = |service: &String| one.waiting.contains(service);
    for failure in one.failed.iter().filter(|failure| !waits(&failure.service)) {
        rows.push(plain("failed", &failure.service, &failure.error));
    }
    if one.verdicts.is_empty() && one.waiting.is_empty() && one.failed.is_empty() {
        rows.push(plain(
            "unknown",
            "-",
            "nobody knows it, and no service is asked about such",
        ));
    }
}

fn row(indicator: &str, verdict: &VerdictInfo) -> Vec<String> {
    let engines = match (verdict.positives, verdict.total) {
        (Some(positives), Some(total)) => format!("{positives}/{total}"),
        _ => "-".to_owned(),
    };
    let names: Vec<String> = verdict
        .names
        .iter()
        .take(NAMES_MAX)
        .map(|name| harmless(name))
        .collect();
    vec![
        indicator.to_owned(),
        harmless(&verdict.verdict),
        harmless(&verdict.service),
        engines,
        if names.is_empty() {
            "-".to_owned()
        } else {
            names.join(", ")
        },
        harmless(verdict.link.as_deref().unwrap_or("-")),
    ]
}

/// How the services stand, and the files.
pub async fn lookup_services(
    client: &Client,
    renderer: &Renderer,
    json: bool,
    out: &mut dyn Write,
) -> Result<Exit, ConsoleError> {
    let response: LookupServicesResponse = client.get("/api/v1/lookups/services", &[]).await?;
    if json {
        write_json(&response, out)?;
        out.flush()?;
        return Ok(Exit::Done);
    }
    if response.services.is_empty() && response.files.is_empty() {
        writeln!(out, "no look-ups are configured: docs/lookups.md says how")?;
        out.flush()?;
        return Ok(Exit::NothingFound);
    }
    let mut rows = vec![
        ["name", "state", "today", "waiting", "upload"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for service in &response.services {
        let until = service.until.map(|time| renderer.time(time, "%Y-%m-%d %H:%M"));
        let why = service.reason.as_deref().map(harmless);
        let state = match (until, why) {
            (Some(until), _) => format!("{} until {until}", service.state),
            (None, Some(why)) => format!("{}: {why}", service.state),
            (None, None) => service.state.clone(),
        };
        rows.push(vec![
            harmless(&service.name),
            state,
            match service.per_day {
                0 => service.used_today.to_string(),
                most => format!("{}/{most}", service.used_today),
            },
            service.waiting.to_string(),
            if service.upload { "allowed" } else { "-" }.to_owned(),
        ]);
    }
    for file in &response.files {
        let state = match &file.error {
            Some(error) => format!("cannot be read: {}", harmless(error)),
            None if file.entries == 0 && file.name.starts_with("geoip") => "ok".to_owned(),
            None => format!("ok: {} entries, {} lines skipped", file.entries, file.skipped),
        };
        rows.push(vec![harmless(&file.name), state]);
    }
    out.write_all(table::render(&rows, 0).as_bytes())?;
    out.flush()?;
    Ok(Exit::Done)
}

fn write_json(value: &impl serde::Serialize, out: &mut dyn Write) -> Result<(), ConsoleError> {
    let text = serde_json::to_string(value).map_err(|source| ConsoleError::NotUnderstood {
        request: PATH.to_owned(),
        source,
    })?;
    Ok(writeln!(out, "{text}")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_is_a_row_and_texts_are_harmless() {
        let one = LookupInfo {
            indicator: "evil.test".to_owned(),
            verdict: "malicious".to_owned(),
            verdicts: vec![VerdictInfo {
                service: "virustotal".to_owned(),
                verdict: "malicious".to_owned(),
                positives: Some(5),
                total: Some(90),
                names: vec!["a\u{1b}[2J".to_owned()],
                ..VerdictInfo::default()
            }],
            waiting: vec!["metadefender".to_owned()],
            ..LookupInfo::default()
        };
        let mut rows = Vec::new();
        add_rows(&one, &mut rows);
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0][1..5], ["malicious", "virustotal", "5/90", "a\\x1b[2J"]);
        assert_eq!(rows[1][1..3], ["waiting", "metadefender"]);
        let mut rows = Vec::new();
        add_rows(&LookupInfo::default(), &mut rows);
        assert_eq!(rows[0][1], "unknown");
    }
}
