//! `delivery`: what was read, shipped and stored, and what was not.

use std::io::Write;

use watchpost_event::protocol::{DeliveryReport, DeliveryStream};

use crate::{Client, ConsoleError, Exit, Renderer, harmless, table};

/// Writes the delivery report. It fails (exit code 1) when something was lost or damaged, so that a script can ask.
pub async fn delivery(
    client: &Client,
    renderer: &Renderer,
    json: bool,
    out: &mut dyn Write,
) -> Result<Exit, ConsoleError> {
    let report: DeliveryReport = client.get("/api/v1/delivery", &[]).await?;
    if json {
        let text = serde_json::to_string(&report).map_err(|source| ConsoleError::NotUnderstood {
            request: "/api/v1/delivery".to_owned(),
            source,
        })?;
        writeln!(out, "{text}")?;
    } else {
        for_people(&report, renderer, out)?;
    }
    out.flush()?;
    let whole = report.damage.is_empty() && report.streams.iter().all(|stream| stream.gaps == 0);
    Ok(if whole { Exit::Done } else { Exit::Failed })
}

fn for_people(report: &DeliveryReport, renderer: &Renderer, out: &mut dyn Write) -> std::io::Result<()> {
    let names = ["read", "arrived", "stored", "left out", "gaps", "agent", "stream", ""];
    let mut rows = vec![names.map(str::to_owned).to_vec()];
    rows.extend(report.streams.iter().map(row));
    out.write_all(table::render(&rows, 5).as_bytes())?;
    let sum = |of: fn(&DeliveryStream) -> u64| report.streams.iter().map(of).sum::<u64>();
    let (read, arrived, stored) = (
        sum(|stream| stream.read),
        sum(|stream| stream.events),
        sum(|stream| stream.stored_events),
    );
    let gaps = match sum(|stream| stream.gaps) {
        0 => "no gap".to_owned(),
        1 => "1 gap".to_owned(),
        gaps => format!("{gaps} gaps"),
    };
    let streams = report.streams.len();
    writeln!(
        out,
        "\n{streams} streams: {read} records read, {arrived} events arrived, {stored} stored; {gaps}"
    )?;
    for stream in &report.streams {
        write_losses(stream, out)?;
    }
    for reader in &report.readers {
        if let Some(error) = &reader.error {
            writeln!(out, "reader {} stands still: {}", reader.reader, harmless(error))?;
        } else if reader.behind_bytes > 0 {
            writeln!(
                out,
                "reader {} has {} bytes before it",
                reader.reader, reader.behind_bytes
            )?;
        }
    }
    for damage in &report.damage {
        writeln!(out, "damage: {}", harmless(damage))?;
    }
    writeln!(out, "as of {}", renderer.time(report.at, "%Y-%m-%d %H:%M:%S"))
}

fn row(stream: &DeliveryStream) -> Vec<String> {
    let left_out = stream.dropped.values().sum::<u64>() + stream.rejected;
    let mut state = Vec::new();
    if stream.stored < stream.cursor {
        state.push("storing");
    }
    if stream.ended {
        state.push("ended");
    }
    let numbers = [stream.read, stream.events, stream.stored_events, left_out, stream.gaps];
    let mut row: Vec<String> = numbers.iter().map(u64::to_string).collect();
    row.extend([
        harmless(stream.agent.as_str()),
        harmless(stream.stream.as_str()),
        state.join(", "),
    ]);
    row
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
                  "stored_events": 8, "skips": [{ "from": 3, "to": 5, "reason": "spool-full", "records": 2 }], "gaps": 1,
                  "updated": "2026-11-20T22:41:07Z", "ended": false },
            ],
            "readers": [{ "reader": "store", "behind_bytes": 77 }],
        })).unwrap();
        let renderer = Renderer::new(Format::Human, false).with_zone(TimeZone::UTC);
        let mut out = Vec::new();
        for_people(&report, &renderer, &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "\
read  arrived  stored  left out  gaps  agent  stream
  30       28      28         2     0  web-1  file:/var/log/a.log  ended
  12       10       8         0     1  web-1  syslog               storing

2 streams: 42 records read, 38 events arrived, 36 stored; 1 gap
left out: file:/var/log/a.log 2 records: filter
gap: syslog (epoch 00000000000000fe) from 3 to 5: spool-full, 2 records
reader store has 77 bytes before it
as of 2026-11-20 22:41:07
"
        );
    }
}
