#![expect(clippy::unwrap_used, reason = "tests")]

use watchpost_event::{Event, Timestamp};

use super::tests::{compile, detect};
use crate::{Correlator, Detection, RuleText, Rules};

const MINUTE: i64 = 60 * 1_000_000_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn rule(settings: &str) -> String {
    format!(
        "title: Watched\nid: 0a9f3a52-0000-4000-8000-00000000000a\nwatchpost: {{ query: 'service.name:shop', per: [host.name], {settings} }}\nlevel: medium\n"
    )
}

fn at(time: i64) -> Event {
    Event::new(Timestamp(time), 1, "took 5 ms")
        .with("service.name", "shop")
        .with("host.name", "web")
        .with("took", 5)
}

/// Anything, so that time goes on.
fn other(time: i64) -> Event {
    Event::new(Timestamp(time), 1, "something else")
}

fn notes(found: &[Detection]) -> Vec<&str> {
    found.iter().filter_map(|detection| detection.note.as_deref()).collect()
}

/// Wherever it is stopped and gone on from a snapshot, the same is found.
fn found(rules: &Rules, events: &[Event]) -> Vec<Detection> {
    let mut straight = Correlator::default();
    let expected = detect(rules, events, &mut straight);
    let step = (events.len() / 7).max(1);
    for cut in (0..events.len()).step_by(step) {
        let mut first = Correlator::default();
        let mut found = detect(rules, &events[..cut], &mut first);
        let mut second: Correlator = serde_json::from_str(&serde_json::to_string(&first).unwrap()).unwrap();
        found.extend(detect(rules, &events[cut..], &mut second));
        assert_eq!(found, expected, "stopped at {cut}");
        assert!(second == straight, "stopped at {cut}");
    }
    expected
}

/// So many at ten o'clock of each day.
fn days(counts: &[i64]) -> Vec<Event> {
    let mut events = Vec::new();
    for (day, count) in counts.iter().enumerate() {
        let ten = (100 + day as i64) * DAY + 10 * HOUR;
        events.extend((0..*count).map(|n| at(ten + n * 10 * 1_000_000_000)));
        events.push(other(ten + HOUR + 5 * MINUTE));
        events.push(other(ten + HOUR + 11 * MINUTE));
    }
    events
}

#[test]
fn an_hour_unlike_that_of_past_days_is_told_once_when_it_is_over() {
    let rules = compile(&rule("type: volume"));
    let usual = [30, 28, 33, 31, 29, 30, 32];
    assert!(found(&rules, &days(&usual)).is_empty());
    let more = [&usual[..], &[200]].concat();
    let told = found(&rules, &days(&more));
    assert_eq!(
        notes(&told),
        ["200 events in the hour from 1970-04-18T10:00:00.000Z, usual are 30 on 6 days (host.name web)"]
    );
    assert_eq!((told[0].count, told[0].last), (200, Timestamp(107 * DAY + 11 * HOUR)));
    assert!(told[0].alone);
    let few = [300, 280, 330, 310, 290, 300, 320, 0, 310];
    assert_eq!(found(&rules, &days(&few)).len(), 1, "less");
    let only_more = compile(&rule("type: volume, direction: more"));
    assert!(found(&only_more, &days(&few)).is_empty());
    assert!(
        found(&rules, &days(&[30, 28, 33, 31, 29, 200])).is_empty(),
        "four days are not enough"
    );
    let demanding = compile(&rule("type: volume, least: 500"));
    assert!(found(&demanding, &days(&more)).is_empty());
    // One day of trouble does not make the next one usual.
    assert_eq!(found(&rules, &days(&[&more[..], &[200]].concat())).len(), 2);
}

#[test]
fn what_does_not_come_any_more_is_told_once_until_it_comes_again() {
    let set = compile(&rule("type: silent, after: 1h"));
    let mut events = vec![at(DAY), at(DAY + 50 * MINUTE), other(DAY + 100 * MINUTE)];
    assert!(found(&set, &events).is_empty());
    events.extend([other(DAY + 111 * MINUTE), other(DAY + 200 * MINUTE)]);
    let told = found(&set, &events);
    assert_eq!(
        notes(&told),
        ["nothing since 1970-01-02T00:50:00.000Z, at least every 1h is expected (host.name web)"]
    );
    events.extend([at(DAY + 201 * MINUTE), other(DAY + 300 * MINUTE)]);
    assert_eq!(found(&set, &events).len(), 2);
    let learned = compile(&rule("type: silent"));
    let rhythm: Vec<_> = (0..300).map(|n| at(n * 10 * MINUTE)).collect();
    assert!(found(&learned, &rhythm).is_empty());
    let then = |minutes: i64| [&rhythm[..], &[other(2_990 * MINUTE + minutes * MINUTE)]].concat();
    assert!(found(&learned, &then(29)).is_empty());
    assert_eq!(found(&learned, &then(31)).len(), 1);
    let young = [&rhythm[..40], &[other(30 * HOUR)]].concat();
    assert!(found(&learned, &young).is_empty(), "not known for long enough");
}

#[test]
fn a_number_out_of_bounds_is_told_when_it_begins_to_be() {
    let rules = compile(&rule(
        "type: threshold, every: 5m, within: 15m, condition: { gte: 100 }",
    ));
    let ends = [DAY + 17 * MINUTE, DAY + 22 * MINUTE, DAY + 60 * MINUTE].map(other);
    let burst = |count: i64| -> Vec<Event> {
        let events = (0..count).map(|n| at(DAY + 3 * MINUTE + n * 1_000_000_000));
        std::iter::once(other(DAY)).chain(events).chain(ends.clone()).collect()
    };
    assert!(found(&rules, &burst(99)).is_empty());
    let told = found(&rules, &burst(100));
    assert_eq!(
        notes(&told),
        ["count is 100 (≥ 100) from 1970-01-01T23:50:00.000Z to 1970-01-02T00:05:00.000Z (host.name web)"]
    );
    assert_eq!(told[0].count, 100);
    let again = [
        burst(100),
        vec![at(2 * DAY)],
        burst(100)
            .into_iter()
            .map(|mut event| {
                event.time = event.time.plus(DAY);
                event
            })
            .collect(),
    ]
    .concat();
    assert_eq!(found(&rules, &again).len(), 2);
    // Late, but in time.
    let mut late = burst(99);
    late.insert(100, at(DAY + 4 * MINUTE));
    assert_eq!(found(&rules, &late).len(), 1);
    let sum = compile(&rule(
        "type: threshold, value: sum(took), every: 1m, within: 5m, condition: { gt: 499 }",
    ));
    assert_eq!(notes(&found(&sum, &burst(100))).len(), 1);
    assert!(found(&sum, &burst(99)).is_empty());
}

#[test]
fn too_few_is_told_too_and_not_before_a_window_is_known() {
    let rules = compile(&rule("type: threshold, every: 5m, within: 10m, condition: { lt: 3 }"));
    let steady = |minutes: i64| -> Vec<Event> { (0..minutes).map(|n| at(DAY + n * MINUTE)).collect() };
    assert!(found(&rules, &steady(120)).is_empty());
    let silent = [steady(120), vec![other(DAY + 131 * MINUTE), other(DAY + 200 * MINUTE)]].concat();
    let told = found(&rules, &silent);
    assert_eq!(
        notes(&told),
        ["count is 0 (< 3) from 1970-01-02T02:00:00.000Z to 1970-01-02T02:10:00.000Z (host.name web)"]
    );
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let cases = [
        (
            "type: threshold, every: 5m, within: 12m, condition: { gte: 1 }",
            "use a multiple of `every` (5m)",
        ),
        (
            "type: threshold, every: 1s, within: 12m, condition: { gte: 1 }",
            "`every` is 1s",
        ),
        (
            "type: threshold, every: 5m, within: 15m, condition: {}",
            "its condition has no number",
        ),
        (
            "type: threshold, value: p95(took), every: 5m, within: 15m, condition: { gte: 1 }",
            "value \"p95(took)\"",
        ),
        (
            "type: threshold, every: 5m, condition: { gte: 1 }",
            "missing field `within`",
        ),
        (
            "type: threshold, every: 10s, within: 10s, lag: 1h, condition: { gte: 1 }",
            "`lag` is 1h",
        ),
        ("type: silent, after: 1s", "`after` is 1s"),
        ("type: volume, factor: 0.5", "`factor` is 0.5"),
        ("type: volume, late: 2d", "`late` is 2d"),
        ("type: volume, direction: up", "unknown variant `up`"),
    ];
    for (settings, expected) in cases {
        let (_, problems) = Rules::compile(&[RuleText::new("a.yml", rule(settings))]);
        assert!(problems[0].to_string().contains(expected), "{problems:?}");
    }
}
