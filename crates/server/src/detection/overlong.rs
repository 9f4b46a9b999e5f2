//! Records that are too long, many in a row: a stream that is cut is no longer what its writer wrote.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use watchpost_event::{Event, Severity, View, names};
use watchpost_kit::ByteSize;

use crate::delivery::alarm::{Alarm, event};

/// Streams counted at once.
const RUNS_MAX: usize = 10_000;

/// One stream's records in a row that were too long.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Run {
    records: u32,
    /// Where the last of them ends.
    position: u64,
    /// Bytes left out of them.
    omitted: u64,
    /// Parts of them that arrived.
    first: bool,
    last: bool,
    alarmed: bool,
}

/// What is counted, by agent, stream and epoch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct OverlongRuns(BTreeMap<String, Run>);

impl OverlongRuns {
    /// Looks at the next event of its stream; the alarm when it completes `limit` records in a row. One alarm a row.
    pub(super) fn look(&mut self, view: &View<'_>, limit: u32) -> Option<Event> {
        let part = view.text(names::PART);
        if part.is_none() && self.0.is_empty() {
            return None;
        }
        let origin = view.origin;
        let key = format!("{}/{}/{}", origin.agent, origin.epoch, origin.stream);
        let Some(part) = part else {
            self.0.remove(&key);
            return None;
        };
        if self.0.len() >= RUNS_MAX && !self.0.contains_key(&key) {
            return None;
        }
        let run = self.0.entry(key.clone()).or_default();
        let position = view.event.position;
        if run.records == 0 || run.position != position {
            run.records = run.records.saturating_add(1);
            run.position = position;
            run.omitted += omitted(view);
        }
        run.first |= part == "first";
        run.last |= part == "last";
        // Both parts of the last record count, where both came.
        let whole = part == "last" || run.records > limit;
        if run.alarmed || run.records < limit || !whole {
            return None;
        }
        run.alarmed = true;
        Some(alarm(view, run, &key))
    }
}

fn omitted(view: &View<'_>) -> u64 {
    let value = view.event.fields.get(names::DROPPED_BYTES);
    value.and_then(serde_json::Value::as_u64).unwrap_or(0)
}

fn alarm(view: &View<'_>, run: &Run, key: &str) -> Event {
    let stream = &view.origin.stream;
    let host = view.text(names::HOST_NAME);
    let named = host.as_deref().unwrap_or(view.origin.agent.as_str());
    let parts = match (run.first, run.last) {
        (true, false) => "the first parts",
        (false, true) => "the last parts",
        _ => "first and last parts",
    };
    let (records, left_out) = (run.records, ByteSize(run.omitted));
    let alarm = Alarm {
        action: "records-over-long",
        title: "Records over the limit",
        level: Severity::Error,
        about: key,
        message: format!(
            "{records} records in a row of {stream} of {named} are longer than the limit: {parts} arrived, {left_out} of them are left out"
        ),
    };
    let mut event = event(alarm, view.event.time)
        .with(names::HOST_NAME, named)
        .with("watchpost.delivery.agent", view.origin.agent.as_str())
        .with("watchpost.delivery.stream", stream.as_str())
        .with("watchpost.delivery.records", records)
        .with("watchpost.delivery.omitted_bytes", run.omitted);
    let parts: Vec<&str> = [(run.first, "first"), (run.last, "last")]
        .into_iter()
        .filter_map(|(came, name)| came.then_some(name))
        .collect();
    event.fields.set("watchpost.delivery.parts", parts);
    if let Some(path) = view.text(names::LOG_FILE_PATH) {
        event.fields.set(names::LOG_FILE_PATH, path.as_ref());
    }
    event
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use watchpost_event::{AgentId, Epoch, Event, Fields, Origin, StreamId, Timestamp, View, names};

    use super::OverlongRuns;

    fn look(runs: &mut OverlongRuns, position: u64, part: Option<&str>) -> Option<Event> {
        let origin = Origin {
            agent: AgentId::new("web-1").unwrap(),
            stream: StreamId::new("file:/var/log/app.log").unwrap(),
            epoch: Epoch(1),
            fields: Fields::new(),
        };
        let mut event = Event::new(Timestamp(5), position, "x");
        if let Some(part) = part {
            event = event.with(names::PART, part).with(names::DROPPED_BYTES, 1_000);
        }
        let view = View {
            event: &event,
            origin: &origin,
        };
        runs.look(&view, 3)
    }

    #[test]
    fn so_many_in_a_row_alarm_once_and_a_short_one_begins_anew() {
        let mut runs = OverlongRuns::default();
        for round in 0..2 {
            let mut alarms = Vec::new();
            for position in 1..=5 {
                alarms.extend(look(&mut runs, 100 * round + position, Some("first")).map(|_| (position, "first")));
                if let Some(alarm) = look(&mut runs, 100 * round + position, Some("last")) {
                    assert_eq!(alarm.fields.get("watchpost.delivery.omitted_bytes").unwrap(), 3_000);
                    assert!(
                        alarm.message.contains("3 records in a row of file:/var/log/app.log"),
                        "{}",
                        alarm.message
                    );
                    assert!(alarm.message.contains("first and last parts"), "{}", alarm.message);
                    alarms.push((position, "last"));
                }
            }
            assert_eq!(alarms, [(3, "last")]);
            assert_eq!(look(&mut runs, 100 * round + 6, None), None);
        }
        look(&mut runs, 301, Some("first"));
        look(&mut runs, 302, Some("first"));
        look(&mut runs, 303, None);
        assert_eq!(look(&mut runs, 304, Some("last")), None, "not in a row");
    }

    #[test]
    fn the_parts_that_arrived_are_named() {
        let mut runs = OverlongRuns::default();
        let alarm = (1..=4)
            .find_map(|position| look(&mut runs, position, Some("first")))
            .unwrap();
        assert!(alarm.message.contains("the first parts arrived"), "{}", alarm.message);
        let mut runs = OverlongRuns::default();
        let alarm = (1..=3)
            .find_map(|position| look(&mut runs, position, Some("last")))
            .unwrap();
        assert!(alarm.message.contains("the last parts arrived"), "{}", alarm.message);
    }
}
