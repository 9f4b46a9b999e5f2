//! `delivery`: what was read, shipped and stored, and what was not.

use std::io::Write;

use watchpost_event::Timestamp;
use watchpost_event::protocol::{
    DeliveryHost, DeliveryReport, DeliveryStream, Finding, HostDelivery, Lag, SourceHealth, Tone,
};
use watchpost_kit::{ByteSize, DurationText};

use crate::{Client, ConsoleError, Exit, Renderer, harmless, table};

const TIME: &str = "%Y-%m-%d %H:%M:%S";

/// What is shown of the delivery report.
#[derive(Clone, Debug, Default)]
pub struct DeliveryView {
    /// As one JSON object.
    pub json: bool,
    /// Of one host only, by its name or its agent's id; with positions and sources.
    pub host: Option<String>,
}

/// Writes the delivery report. It fails (exit code 1) when there is a gap, damage or silence, so that a script can ask;
/// nothing is found (3) when nothing is known of the host.
pub async fn delivery(
    client: &Client,
    renderer: &Renderer,
    view: &DeliveryView,
    out: &mut dyn Write,
) -> Result<Exit, ConsoleError> {
    let query: Vec<(&str, &str)> = view.host.iter().map(|host| ("host", host.as_str())).collect();
    let report: DeliveryReport = client.get("/api/v1/delivery", &query).await?;
    let unknown = view.host.is_some() && report.hosts.is_empty();
    if view.json {
        let text = serde_json::to_string(&report).map_err(|source| ConsoleError::NotUnderstood {
            request: "/api/v1/delivery".to_owned(),
            source,
        })?;
        writeln!(out, "{text}")?;
    } else if let Some(host) = view.host.as_ref().filter(|_| unknown) {
        writeln!(out, "nothing is known of the host {}", harmless(host))?;
    } else {
        for_people(&report, view.host.is_some(), renderer, out)?;
    }
    out.flush()?;
    Ok(match (report.is_alarming(), unknown) {
        (true, _) => Exit::Failed,
        (false, true) => Exit::NothingFound,
        (false, false) => Exit::Done,
    })
}

fn for_people(report: &DeliveryReport, in_full: bool, renderer: &Renderer, out: &mut dyn Write) -> std::io::Result<()> {
    let names = [
        "read", "arrived", "stored", "waiting", "left out", "gaps", "agent", "stream", "",
    ];
    let mut rows = vec![names.map(str::to_owned).to_vec()];
    rows.extend(report.streams.iter().map(row));
    out.write_all(table::render(&rows, 6).as_bytes())?;
    writeln!(out, "\n{}", summary(report))?;
    for host in &report.hosts {
        write_host(host, in_full, renderer, out)?;
    }
    for stream in &report.streams {
        if in_full {
            write_positions(stream, renderer, out)?;
        }
        write_losses(stream, out)?;
    }
    for finding in &report.findings {
        write_finding(finding, out)?;
    }
    if report.findings_left_out > 0 {
        writeln!(
            out,
            "… and {} more: --host shows those of one host",
            report.findings_left_out
        )?;
    }
    writeln!(out, "as of {}", renderer.time(report.at, TIME))
}

fn summary(report: &DeliveryReport) -> String {
    let sum = |of: fn(&DeliveryStream) -> u64| report.streams.iter().map(of).sum::<u64>();
    let read = sum(|stream| stream.read);
    let arrived = sum(|stream| stream.events);
    let stored = sum(|stream| stream.stored_events);
    let gaps = match sum(|stream| stream.gaps) {
        0 => "no gap".to_owned(),
        1 => "1 gap".to_owned(),
        gaps => format!("{gaps} gaps"),
    };
    let twice = match sum(|stream| stream.duplicates + stream.duplicates_at_readers) {
        0 => String::new(),
        twice => format!("; {twice} came twice and were removed"),
    };
    let streams = match report.streams.len() {
        1 => "1 stream".to_owned(),
        streams => format!("{streams} streams"),
    };
    format!("{streams}: {read} records read, {arrived} events arrived, {stored} stored; {gaps}{twice}")
}

/// `12 (1m30s)`: records and the age of the oldest.
fn waiting(lag: Lag) -> String {
    if lag.is_none() {
        return "0".to_owned();
    }
    format!("{} ({})", lag.records, DurationText::from_secs(lag.seconds))
}

fn row(stream: &DeliveryStream) -> Vec<String> {
    let left_out = stream.dropped.values().sum::<u64>() + stream.rejected;
    let mut state = Vec::new();
    if stream.stored < stream.cursor {
        state.push("storing");
    }
    if stream.silent_since.is_some() {
        state.push("silent");
    }
    if stream.ended {
        state.push("ended");
    }
    vec![
        stream.read.to_string(),
        stream.events.to_string(),
        stream.stored_events.to_string(),
        waiting(stream.lag),
        left_out.to_string(),
        stream.gaps.to_string(),
        harmless(stream.agent.as_str()),
        harmless(stream.stream.as_str()),
        state.join(", "),
    ]
}

/// Whether a host reports, and what waits there.
fn write_host(host: &DeliveryHost, in_full: bool, renderer: &Renderer, out: &mut dyn Write) -> std::io::Result<()> {
    let state = match host.state {
        HostDelivery::Reporting => "reports",
        HostDelivery::Silent => "is silent",
        HostDelivery::Stopped => "was stopped",
        HostDelivery::Unknown => return Ok(()),
    };
    let name = harmless(host.host.as_deref().unwrap_or(host.agent.as_str()));
    let heard = host
        .heard
        .map_or_else(String::new, |at| format!(", last {}", renderer.time(at, TIME)));
    let spool = host.spool.as_ref().map_or_else(String::new, |spool| {
        let (bytes, most) = (ByteSize(spool.bytes), ByteSize(spool.max_bytes));
        format!("; spool {bytes} of {most}")
    });
    writeln!(out, "host: {name} {state}{heard}; {} waiting{spool}", waiting(host.lag))?;
    if in_full {
        for source in &host.sources {
            write_source(source, renderer, out)?;
        }
        if host.streams_left_out > 0 {
            let left_out = host.streams_left_out;
            writeln!(
                out,
                "{left_out} of its streams are not in its last report: what waits of them is not known"
            )?;
        }
    }
    Ok(())
}

fn write_source(source: &SourceHealth, renderer: &Renderer, out: &mut dyn Write) -> std::io::Result<()> {
    let at = |time: Option<Timestamp>| time.map_or_else(|| "never".to_owned(), |time| renderer.time(time, TIME));
    let waits = if source.waits { "; waits for room" } else { "" };
    writeln!(
        out,
        "source: {} looked at {}, last new {}{waits}",
        harmless(&source.name),
        at(source.scanned),
        at(source.read)
    )
}

fn write_positions(stream: &DeliveryStream, renderer: &Renderer, out: &mut dyn Write) -> std::io::Result<()> {
    let told = |position: Option<u64>| position.map_or_else(|| "not known".to_owned(), |position| position.to_string());
    let last = stream.last_read.unwrap_or(stream.updated);
    writeln!(
        out,
        "position: {} (epoch {}) read {}, spooled {}, acknowledged {}, stored {}; last new {}",
        harmless(stream.stream.as_str()),
        stream.epoch,
        told(stream.read_to),
        told(stream.spooled),
        stream.cursor,
        stream.stored,
        renderer.time(last, TIME)
    )
}

/// What was left out, and every gap by name: where, why and how many records, where that is known.
fn write_losses(stream: &DeliveryStream, out: &mut dyn Write) -> std::io::Result<()> {
    let name = harmless(stream.stream.as_str());
    for (reason, records) in &stream.dropped {
        writeln!(out, "left out: {name} {records} records: {}", harmless(reason))?;
    }
    for skip in stream.skips.iter().filter(|skip| skip.is_gap()) {
        let records = match skip.records {
            0 => String::new(),
            records => format!(", {records} records"),
        };
        let (epoch, from, to, reason) = (stream.epoch, skip.from, skip.to, harmless(&skip.reason));
        writeln!(
            out,
            "gap: {name} (epoch {epoch}) from {from} to {to}: {reason}{records}"
        )?;
    }
    Ok(())
}

/// What happened, and what to do.
fn write_finding(finding: &Finding, out: &mut dyn Write) -> std::io::Result<()> {
    let tone = match finding.tone {
        Tone::Bad => "bad",
        Tone::Warn => "warning",
        Tone::Note => "note",
    };
    writeln!(out, "{tone}: {}", harmless(&finding.what))?;
    writeln!(out, "  {}", harmless(&finding.remedy))?;
    match &finding.command {
        Some(command) => writeln!(out, "  {}", harmless(command)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use jiff::tz::TimeZone;
    use serde_json::json;

    use super::*;
    use crate::Format;

    #[test]
    fn losses_are_named() {
        let report: DeliveryReport = serde_json::from_value(json!({
            "at": "2026-11-20T22:41:07Z",
            "streams": [
                { "agent": "web-1", "stream": "file:/var/log/a.log", "epoch": "00000000000000ff", "cursor": 900, "stored": 900, "read": 30,
                  "events": 28, "stored_events": 28, "dropped": { "filter": 2 }, "gaps": 0, "updated": "2026-11-20T22:41:07Z", "ended": true },
                { "agent": "web-1", "stream": "syslog", "epoch": "00000000000000fe", "cursor": 12, "stored": 10, "read": 12, "events": 10,
                  "stored_events": 8, "lag": { "records": 2, "seconds": 3 }, "silent_since": "2026-11-20T22:41:07Z", "duplicates": 4, "skips": [{ "from": 3, "to": 5, "reason": "spool-full", "records": 2 }], "gaps": 1,
                  "updated": "2026-11-20T22:41:07Z", "ended": false },
            ],
            "readers": [{ "reader": "store", "behind_bytes": 77 }],
            "hosts": [{ "agent": "web-1", "host": "web", "state": "reporting", "heard": "2026-11-20T22:41:05Z",
                "lag": { "records": 2, "seconds": 3 }, "spool": { "bytes": 4000, "max_bytes": 1_000_000, "records": 2, "batches": 1 },
                "sources": [{ "name": "file app", "scanned": "2026-11-20T22:41:04Z" }] }],
            "findings": [{ "kind": "gap", "tone": "bad", "what": "1 gap in syslog.", "remedy": "Raise it.", "command": "watchpost version" }],
        })).unwrap();
        let renderer = Renderer::new(Format::Human, false).with_zone(TimeZone::UTC);
        let mut out = Vec::new();
        for_people(&report, false, &renderer, &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "\
read  arrived  stored  waiting  left out  gaps  agent  stream
  30       28      28        0         2     0  web-1  file:/var/log/a.log  ended
  12       10       8   2 (3s)         0     1  web-1  syslog               storing, silent

2 streams: 42 records read, 38 events arrived, 36 stored; 1 gap; 4 came twice and were removed
host: web reports, last 2026-11-20 22:41:05; 2 (3s) waiting; spool 4kB of 1MB
left out: file:/var/log/a.log 2 records: filter
gap: syslog (epoch 00000000000000fe) from 3 to 5: spool-full, 2 records
bad: 1 gap in syslog.
  Raise it.
  watchpost version
as of 2026-11-20 22:41:07
"
        );
        assert!(report.is_alarming());
        let mut out = Vec::new();
        for_people(&report, true, &renderer, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        for line in [
            "source: file app looked at 2026-11-20 22:41:04, last new never",
            "position: syslog (epoch 00000000000000fe) read not known, spooled not known, acknowledged 12, stored 10; last new 2026-11-20 22:41:07",
        ] {
            assert!(text.lines().any(|found| found == line), "{text}");
        }
    }
}
