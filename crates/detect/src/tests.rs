#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::path::Path;

use proptest::prelude::*;
use watchpost_event::{AgentId, Epoch, Event, Fields, LogSource, Origin, Severity, StreamId, Timestamp, View};

use crate::{Correlator, Detection, Input, RuleText, Rules, Samples, builtin};

const SECOND: i64 = 1_000_000_000;

const FAILED_LOGIN: &str = "
title: Failed password
id: 7a9f3a52-0000-4000-8000-000000000001
name: failed
logsource: { product: linux, service: sshd }
detection:
  keywords: ['Failed password']
  condition: keywords
level: low
tags: [attack.t1110]
";

fn correlation(body: &str) -> String {
    format!(
        "{FAILED_LOGIN}---
title: Counted
id: 7a9f3a52-0000-4000-8000-000000000002
correlation:
  rules: [failed]
  group-by: [source.ip]
  timespan: 60s
  {body}
level: high
"
    )
}

fn compile(text: &str) -> Rules {
    let (rules, problems) = Rules::compile(&[RuleText::new("a.yml", text)]);
    assert!(problems.is_empty(), "{problems:?}");
    rules
}

fn origin(service: &str) -> Origin {
    let mut fields = Fields::new();
    LogSource {
        product: Some("linux".into()),
        category: None,
        service: Some(service.into()),
    }
    .put(&mut fields);
    Origin {
        agent: AgentId::new("a").unwrap(),
        stream: StreamId::new("file:/var/log/auth.log").unwrap(),
        epoch: Epoch(1),
        fields,
    }
}

fn failed(second: i64, ip: &str) -> Event {
    let event = Event::new(Timestamp(second * SECOND), 1, "Failed password for root");
    event
        .with("source.ip", ip)
        .with("user.name", format!("u{}", second % 3))
}

fn detect(rules: &Rules, events: &[Event], correlator: &mut Correlator) -> Vec<Detection> {
    let origin = origin("sshd");
    let one = |event| rules.detect(&View { event, origin: &origin }, Timestamp(0), correlator);
    events.iter().flat_map(one).collect()
}

#[test]
fn a_rule_looks_only_at_its_log_source() {
    let rules = compile(FAILED_LOGIN);
    let event = failed(0, "192.0.2.7");
    let (sshd, cron) = (origin("sshd"), origin("cron"));
    let hits = rules.matches(
        &View {
            event: &event,
            origin: &sshd,
        },
        Timestamp(0),
    );
    assert_eq!(hits.len(), 1);
    assert!(
        rules
            .matches(
                &View {
                    event: &event,
                    origin: &cron
                },
                Timestamp(0)
            )
            .is_empty()
    );
    let other = Event::new(Timestamp(0), 1, "Accepted password for root");
    assert!(
        rules
            .matches(
                &View {
                    event: &other,
                    origin: &sshd
                },
                Timestamp(0)
            )
            .is_empty()
    );
    let found = detect(&rules, &[event], &mut Correlator::default());
    assert_eq!(
        (found[0].rule.level, found[0].rule.level_name()),
        (Severity::Warning, "low")
    );
    assert_eq!(found[0].rule.tags, ["attack.t1110"]);
}

#[test]
fn what_cannot_be_used_is_named_and_the_rest_works() {
    let no_condition = "title: Half a rule\nlogsource: { product: linux }\ndetection:\n  a: { b: c }\n";
    let everything = "title: All\nlogsource: {}\ndetection:\n  a: { b: c }\n  condition: a\n";
    let chained = correlation("type: event_count\n  condition: { lt: 5 }");
    let dangling = chained
        .replace("rules: [failed]", "rules: [nobody]")
        .replace("lt: 5", "gte: 5");
    let texts = [
        ("good.yml", FAILED_LOGIN),
        ("half.yml", no_condition),
        ("yaml.yml", "title: [unclosed"),
        ("all.yml", everything),
        ("lt.yml", chained.split_once("---").unwrap().1),
        ("dangling.yml", dangling.split_once("---").unwrap().1),
        ("twice.yml", FAILED_LOGIN),
    ];
    let texts = texts.map(|(name, text)| RuleText::new(name, text));
    let (rules, problems) = Rules::compile(&texts);
    assert_eq!(rules.len(), 1);
    let named: BTreeSet<_> = problems.iter().map(|problem| problem.file.as_str()).collect();
    assert_eq!(
        named.into_iter().collect::<Vec<_>>(),
        ["all.yml", "dangling.yml", "half.yml", "lt.yml", "twice.yml", "yaml.yml"]
    );
    let unsupported: Vec<_> = problems.iter().filter(|problem| problem.unsupported).collect();
    assert_eq!(unsupported.len(), 1, "{problems:?}");
}

#[test]
fn six_failed_logins_are_one_detection_and_a_later_series_another() {
    let rules = compile(&correlation("type: event_count\n  condition: { gte: 5 }"));
    let mut correlator = Correlator::default();
    let six: Vec<_> = (0..6).map(|second| failed(second, "192.0.2.7")).collect();
    let found = detect(&rules, &six, &mut correlator);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].count, found[0].first.0, found[0].last.0), (5, 0, 4 * SECOND));
    assert_eq!(found[0].group, [("source.ip".to_owned(), "192.0.2.7".to_owned())]);
    let later: Vec<_> = (200..206).map(|second| failed(second, "192.0.2.7")).collect();
    assert_eq!(detect(&rules, &later, &mut correlator).len(), 1);
    // One of yesterday does not complete the four of today.
    let mixed: Vec<_> = [90_000, 90_001, 90_002, 90_003, 10]
        .map(|second| failed(second, "192.0.2.8"))
        .into();
    assert!(detect(&rules, &mixed, &mut correlator).is_empty());
    // A series that arrives behind a newer event is found.
    let late: Vec<_> = [90_100, 10, 11, 12, 13, 14]
        .map(|second| failed(second, "192.0.2.9"))
        .into();
    assert_eq!(detect(&rules, &late, &mut correlator).len(), 1);
}

#[test]
fn values_and_rules_are_counted_too() {
    let values = compile(&correlation(
        "type: value_count\n  condition: { gte: 3, field: user.name }",
    ));
    let three: Vec<_> = [0, 3, 6, 1, 2].map(|second| failed(second, "192.0.2.7")).into();
    assert_eq!(detect(&values, &three, &mut Correlator::default()).len(), 1);
    assert!(detect(&values, &three[..4], &mut Correlator::default()).is_empty());
    let second = "---
title: Accepted
name: accepted
logsource: { product: linux, service: sshd }
detection: { k: ['Accepted password'], condition: k }
";
    for (kind, backwards) in [("temporal", 1), ("temporal_ordered", 0)] {
        let text = correlation(&format!("type: {kind}")).replace("[failed]", "[failed, accepted]") + second;
        let rules = compile(&text);
        let mut accepted = failed(9, "192.0.2.7");
        accepted.message = "Accepted password for root".to_owned();
        let forwards = [failed(8, "192.0.2.7"), accepted.clone()];
        assert_eq!(detect(&rules, &forwards, &mut Correlator::default()).len(), 1, "{kind}");
        let reversed = [failed(10, "192.0.2.7"), accepted];
        assert_eq!(
            detect(&rules, &reversed, &mut Correlator::default()).len(),
            backwards,
            "{kind}"
        );
    }
}

#[test]
fn a_detection_is_an_event_with_the_cause_in_it() {
    let rules = compile(&correlation("type: event_count\n  condition: { gte: 2 }"));
    let events = [failed(0, "192.0.2.7"), failed(1, "192.0.2.7")];
    let found = detect(&rules, &events, &mut Correlator::default());
    let origin = origin("sshd");
    let event = found[0].event(
        &View {
            event: &events[1],
            origin: &origin,
        },
        77,
        0,
    );
    assert_eq!(
        event.message,
        "Counted: 2 within 1m, source.ip 192.0.2.7: Failed password for root"
    );
    assert_eq!(event.fields.text("event.kind"), Some("alert"));
    assert_eq!(event.fields.text("watchpost.alert.severity"), Some("high"));
    assert_eq!(event.fields.text("source.ip"), Some("192.0.2.7"));
    assert_eq!(
        event.fields.text("watchpost.cause"),
        Some("a/0000000000000001/file:/var/log/auth.log@1.0")
    );
    assert_eq!(event.fields.text("watchpost.alert.fingerprint").unwrap().len(), 32);
}

#[test]
fn the_rules_that_come_with_the_program_are_all_of_the_folder_and_compile_together() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content/rules");
    let mut found = BTreeSet::new();
    for group in std::fs::read_dir(&folder).unwrap() {
        let group = group.unwrap().path();
        for file in std::fs::read_dir(&group).unwrap() {
            let file = file.unwrap().path();
            if file.extension().is_some_and(|extension| extension == "yml") {
                found.insert(file.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    let listed: BTreeSet<_> = builtin().iter().map(|rule| rule.name.to_owned()).collect();
    assert_eq!(listed, found);
    let texts: Vec<_> = builtin().iter().map(crate::BuiltinRule::rule_text).collect();
    let (_, problems) = Rules::compile(&texts);
    assert!(problems.is_empty(), "{problems:?}");
    for rule in builtin() {
        let samples = Samples::read(rule.samples).unwrap().samples;
        assert!(samples.iter().any(|sample| sample.expected), "{}", rule.name);
        assert!(samples.iter().any(|sample| !sample.expected), "{}", rule.name);
    }
}

#[test]
fn the_rules_that_come_with_the_program_find_what_their_events_say() {
    let texts: Vec<_> = builtin().iter().map(crate::BuiltinRule::rule_text).collect();
    let (rules, _) = Rules::compile(&texts);
    let mut looked_at = 0;
    for (rule, text) in builtin().iter().zip(&texts) {
        for (at, sample) in Samples::read(rule.samples).unwrap().samples.iter().enumerate() {
            // Lines are for the pipeline to read first.
            let event = |input: &Input| match input {
                Input::Event(event) => Some((**event).clone()),
                Input::Line(_) => None,
            };
            let Some(events) = sample.inputs.iter().map(event).collect::<Option<Vec<_>>>() else {
                continue;
            };
            let found = rules.try_out(&text.name, &events);
            assert_eq!(
                found.len(),
                usize::from(sample.expected),
                "sample {at} of {}: {found:?}",
                rule.name
            );
            looked_at += 1;
        }
    }
    assert!(looked_at > 500, "{looked_at}");
}

proptest! {
    #[test]
    fn a_series_in_any_order_is_one_detection(count in 5usize..40, order in any::<u64>()) {
        let rules = compile(&correlation("type: event_count\n  condition: { gte: 5 }"));
        let mut events: Vec<_> = (0..count as i64).map(|at| failed(at * 2, "192.0.2.7")).collect();
        let mut state = order;
        for at in (1..events.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            events.swap(at, (state >> 33) as usize % (at + 1));
        }
        prop_assert_eq!(detect(&rules, &events, &mut Correlator::default()).len(), 1);
    }

    #[test]
    fn a_snapshot_anywhere_changes_nothing(seconds in prop::collection::vec(0i64..600, 1..60), cut in 0usize..60) {
        let rules = compile(&correlation("type: event_count\n  condition: { gte: 4 }"));
        let events: Vec<_> = seconds.iter().map(|second| failed(*second, &format!("192.0.2.{}", second % 2))).collect();
        let mut straight = Correlator::default();
        let expected = detect(&rules, &events, &mut straight);
        let (before, after) = events.split_at(cut.min(events.len()));
        let mut first = Correlator::default();
        let mut found = detect(&rules, before, &mut first);
        let stored = serde_json::to_string(&first).unwrap();
        let mut second: Correlator = serde_json::from_str(&stored).unwrap();
        found.extend(detect(&rules, after, &mut second));
        prop_assert_eq!(found, expected);
        prop_assert_eq!(second, straight);
    }

    #[test]
    fn nothing_is_found_where_no_time_span_holds_enough(gaps in prop::collection::vec(21i64..500, 1..40)) {
        // Four within sixty seconds cannot be when neighbours are more than twenty apart.
        let rules = compile(&correlation("type: event_count\n  condition: { gte: 4 }"));
        let mut at = 0;
        let events: Vec<_> = gaps.iter().map(|gap| { at += gap; failed(at, "192.0.2.7") }).collect();
        prop_assert_eq!(detect(&rules, &events, &mut Correlator::default()).len(), 0);
    }
}
