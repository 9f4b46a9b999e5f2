#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use watchpost_event::{AgentId, Epoch, Event, Fields, LogSource, Origin, StreamId, Timestamp, View};

use super::Limits;
use crate::{Correlator, Detection, RuleText, Rules};

const SECOND: i64 = 1_000_000_000;

const CHAIN: &str = "
title: Failed
name: failed
logsource: { product: linux }
detection: { a: { event.outcome: failure }, condition: a }
---
title: Accepted
name: accepted
logsource: { product: linux }
detection: { a: { event.outcome: success }, condition: a }
---
title: Then in
id: 7a9f3a52-0000-4000-8000-000000000004
correlation:
  type: temporal_ordered
  rules: [guessing, accepted]
  group-by: [source.ip]
  timespan: 10m
level: critical
---
title: Guessing
name: guessing
id: 7a9f3a52-0000-4000-8000-000000000003
correlation:
  type: event_count
  rules: [failed]
  group-by: [host.name, source.ip]
  timespan: 1m
  condition: { gte: 5 }
level: high
";

fn compile(text: &str) -> Rules {
    let (rules, problems) = Rules::compile(&[RuleText::new("a.yml", text)]);
    assert!(problems.is_empty(), "{problems:?}");
    rules
}

fn event(second: i64, outcome: &str, ip: &str) -> Event {
    let event = Event::new(Timestamp(second * SECOND), 1, "login");
    event
        .with("event.outcome", outcome)
        .with("host.name", "web")
        .with("source.ip", ip)
        .with("user.name", format!("u{second}"))
}

fn detect(rules: &Rules, events: &[Event], correlator: &mut Correlator) -> Vec<Detection> {
    let mut fields = Fields::new();
    let source = LogSource {
        product: Some("linux".into()),
        ..LogSource::default()
    };
    source.put(&mut fields);
    let origin = Origin {
        agent: AgentId::new("a").unwrap(),
        stream: StreamId::new("s").unwrap(),
        epoch: Epoch(1),
        fields,
    };
    let one = |event| rules.detect(&View { event, origin: &origin }, Timestamp(0), correlator);
    events.iter().flat_map(one).collect()
}

fn titles(found: &[Detection]) -> Vec<&str> {
    found.iter().map(|detection| detection.rule.title.as_str()).collect()
}

fn failures(seconds: impl IntoIterator<Item = i64>, ip: &str) -> Vec<Event> {
    seconds.into_iter().map(|second| event(second, "failure", ip)).collect()
}

#[test]
fn a_correlation_counts_another_one() {
    let rules = compile(CHAIN);
    let find = |events: &[Event]| titles(&detect(&rules, events, &mut Correlator::default())).join(", ");
    let success = || vec![event(60, "success", "192.0.2.7")];
    let five = || failures(0..5, "192.0.2.7");
    assert_eq!(find(&[five(), success()].concat()), "Then in");
    assert_eq!(find(&[failures(0..4, "192.0.2.7"), success()].concat()), "");
    assert_eq!(
        find(&[failures(0..5, "192.0.2.8"), success()].concat()),
        "",
        "another address"
    );
    assert_eq!(
        find(&[failures(70..75, "192.0.2.7"), success()].concat()),
        "",
        "in the other order"
    );
    assert_eq!(
        find(&[success(), five()].concat()),
        "Then in",
        "whatever order they come in"
    );
    let both = compile(&CHAIN.replace(
        "rules: [guessing, accepted]",
        "generate: true\n  rules: [guessing, accepted]",
    ));
    let found = detect(&both, &[five(), success()].concat(), &mut Correlator::default());
    assert_eq!(titles(&found), ["Guessing", "Accepted", "Then in"]);
}

#[test]
fn a_series_that_goes_on_for_hours_is_still_before_what_follows_it() {
    let rules = compile(CHAIN);
    let mut events = failures((0..720).map(|n| n * 10), "192.0.2.7");
    events.push(event(7_205, "success", "192.0.2.7"));
    let mut correlator = Correlator::default();
    let found = detect(&rules, &events, &mut correlator);
    assert_eq!(titles(&found), ["Then in"]);
    assert_eq!(correlator.forgotten(), 0);
    // One that succeeds in the middle, told late.
    let mut late = events[..720].to_vec();
    late.push(event(3_601, "success", "192.0.2.7"));
    assert_eq!(titles(&detect(&rules, &late, &mut Correlator::default())), ["Then in"]);
}

#[test]
fn chains_that_bite_their_tail_or_lack_a_value_are_refused() {
    let message = |text: &str| {
        let (_, problems) = Rules::compile(&[RuleText::new("a.yml", text)]);
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let circle = CHAIN.replace("rules: [failed]", "rules: [Then in]");
    assert_eq!(
        message(&circle).matches("counts a correlation that counts it").count(),
        2
    );
    let lacking = CHAIN.replace("  group-by: [source.ip]", "  group-by: [user.name]");
    assert!(
        message(&lacking).contains("it needs user.name, but the correlation \"Guessing\""),
        "{}",
        message(&lacking)
    );
    let aliased = CHAIN.replace(
        "  group-by: [source.ip]",
        "  group-by: [address]\n  aliases: { address: { guessing: source.ip, accepted: source.ip } }",
    );
    let events = [failures(0..5, "192.0.2.7"), vec![event(60, "success", "192.0.2.7")]].concat();
    let found = detect(&compile(&aliased), &events, &mut Correlator::default());
    assert_eq!(titles(&found), ["Then in"]);
    let level = |n: usize| {
        let below = if n == 0 {
            "Then in".to_owned()
        } else {
            format!("L{}", n - 1)
        };
        format!(
            "---\ntitle: L{n}\ncorrelation: {{ type: event_count, rules: ['{below}'], group-by: [source.ip], timespan: 1m, condition: {{ gte: 1 }} }}\n"
        )
    };
    let tower: String = std::iter::once(CHAIN.to_owned()).chain((0..8).map(level)).collect();
    assert!(
        message(&tower).contains("a chain of 9 correlations"),
        "{}",
        message(&tower)
    );
}

#[test]
fn the_fullest_correlation_gives_first_and_what_it_gave_is_counted() {
    let text = format!(
        "{CHAIN}---\ntitle: Names\nid: 7a9f3a52-0000-4000-8000-000000000005\ncorrelation: {{ type: event_count, rules: [failed], group-by: [user.name], timespan: 1m, condition: {{ gte: 2 }} }}\n"
    );
    let rules = compile(&text);
    let limits = Limits {
        groups: 100,
        bytes: 1 << 20,
    };
    let mut correlator = Correlator::with_limits(limits);
    detect(&rules, &failures(0..4, "192.0.2.7"), &mut correlator);
    // A thousand other names: the group of the address stays.
    detect(
        &rules,
        &failures((2_000..3_000).map(|n| n * 100), "192.0.2.8"),
        &mut correlator,
    );
    assert_eq!(correlator.groups(), 100);
    assert_eq!(correlator.forgotten(), 4 + 1_000 + 2 - 100);
    let found = detect(&rules, &failures(4..5, "192.0.2.7"), &mut correlator);
    assert!(titles(&found).is_empty(), "{found:?}");
    let found = detect(&rules, &[event(9, "success", "192.0.2.7")], &mut correlator);
    assert_eq!(titles(&found), ["Then in"]);
    let bytes = Limits {
        groups: 1_000,
        bytes: 20_000,
    };
    let mut correlator = Correlator::with_limits(bytes);
    detect(
        &rules,
        &failures((0..1_000).map(|n| n * 100), "192.0.2.8"),
        &mut correlator,
    );
    assert!(
        correlator.bytes() <= 20_000 && correlator.groups() > 10,
        "{}",
        correlator.groups()
    );
    assert!(correlator.forgotten() > 0);
}

#[test]
fn a_snapshot_of_version_1_is_gone_on_from() {
    let rules = compile(CHAIN);
    let old = r#"{"v":1,"forgotten":3,"looked":"1970-01-01T00:00:00.000Z","groups":[
        [["7a9f3a52-0000-4000-8000-000000000003",["web","192.0.2.7"]],
         {"entries":[{"t":"1970-01-01T00:00:00.000Z","p":0},{"t":"1970-01-01T00:00:01.000Z","p":0},
                     {"t":"1970-01-01T00:00:02.000Z","p":0},{"t":"1970-01-01T00:00:03.000Z","p":0}],
          "bursts":[],"touched":"1970-01-01T00:00:00.000Z"}],
        [["gone",["x"]],{"entries":[{"t":"1970-01-01T00:00:00.000Z","p":0,"v":"y"}],
          "bursts":[{"first":"1970-01-01T00:00:00.000Z","last":"1970-01-01T00:00:00.000Z","count":5}],
          "touched":"1970-01-01T00:00:00.000Z"}]]}"#;
    let mut correlator: Correlator = serde_json::from_str(old).unwrap();
    assert_eq!((correlator.groups(), correlator.forgotten()), (2, 3));
    let events = [failures(4..5, "192.0.2.7"), vec![event(6, "success", "192.0.2.7")]].concat();
    assert_eq!(titles(&detect(&rules, &events, &mut correlator)), ["Then in"]);
}

proptest! {
    #[test]
    fn a_chain_survives_a_snapshot_anywhere(
        hits in prop::collection::vec((0i64..900, 0u8..6, 1u8..4), 1..80),
        cut in any::<prop::sample::Index>(),
        groups in 1usize..6,
    ) {
        let rules = compile(CHAIN);
        let one = |(second, kind, ip): (i64, u8, u8)| {
            event(second, if kind == 0 { "success" } else { "failure" }, &format!("192.0.2.{ip}"))
        };
        let events: Vec<_> = hits.into_iter().map(one).collect();
        let limits = Limits { groups, bytes: 1 << 20 };
        let mut straight = Correlator::with_limits(limits);
        let expected = detect(&rules, &events, &mut straight);
        let (before, after) = events.split_at(cut.index(events.len()));
        let mut first = Correlator::with_limits(limits);
        let mut found = detect(&rules, before, &mut first);
        let mut second: Correlator = serde_json::from_str(&serde_json::to_string(&first).unwrap()).unwrap();
        second.limits = limits;
        found.extend(detect(&rules, after, &mut second));
        prop_assert_eq!(found, expected);
        prop_assert!(second == straight);
    }
}
