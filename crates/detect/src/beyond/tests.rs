#![expect(clippy::unwrap_used, reason = "tests")]

use watchpost_event::{AgentId, Epoch, Event, Fields, Origin, StreamId, Timestamp, View};

use crate::{Correlator, Detection, Disabled, RuleKind, RuleText, Rules};

const HOUR: i64 = 3_600 * 1_000_000_000;
const DAY: i64 = 24 * HOUR;

const NEW_USER: &str = "
title: New user on a host
id: 0a9f3a52-0000-4000-8000-000000000001
watchpost:
  type: first_seen
  query: 'event.action:login AND event.outcome:success'
  fields: [user.name]
  per: [host.name]
  learn: 7d
  forget: 90d
level: low
tags: [attack.t1078]
";

pub(super) fn compile(text: &str) -> Rules {
    let (rules, problems) = Rules::compile(&[RuleText::new("a.yml", text)]);
    assert!(problems.is_empty(), "{problems:?}");
    rules
}

fn problem(text: &str) -> String {
    let (rules, problems) = Rules::compile(&[RuleText::new("a.yml", text)]);
    assert_eq!((rules.len(), problems.len()), (0, 1), "{problems:?}");
    problems[0].to_string()
}

pub(super) fn event(time: i64, host: &str, user: &str) -> Event {
    Event::new(Timestamp(time), 1, "Accepted password")
        .with("event.action", "login")
        .with("event.outcome", "success")
        .with("host.name", host)
        .with("user.name", user)
}

/// Received when they happened.
pub(super) fn detect(rules: &Rules, events: &[Event], correlator: &mut Correlator) -> Vec<Detection> {
    let origin = Origin {
        agent: AgentId::new("a").unwrap(),
        stream: StreamId::new("s").unwrap(),
        epoch: Epoch(1),
        fields: Fields::new(),
    };
    let one = |event: &Event| rules.detect(&View { event, origin: &origin }, event.time, correlator);
    events.iter().flat_map(one).collect()
}

#[test]
fn a_new_value_is_told_once_and_a_host_that_is_being_learned_tells_nothing() {
    let rules = compile(NEW_USER);
    let mut correlator = Correlator::default();
    let learned = [event(DAY, "web", "anna"), event(2 * DAY, "web", "boris")];
    assert!(detect(&rules, &learned, &mut correlator).is_empty());
    let later = [
        event(9 * DAY, "web", "anna"),
        event(9 * DAY, "web", "mallory"),
        event(9 * DAY + HOUR, "web", "mallory"),
        // A host of its own: it is learned first.
        event(9 * DAY, "db", "mallory"),
        // Not what is looked for, and nothing to remember.
        event(9 * DAY, "web", "nobody").with("event.outcome", "failure"),
    ];
    let found = detect(&rules, &later, &mut correlator);
    assert_eq!(found.len(), 1);
    let group =
        [("host.name", "web"), ("user.name", "mallory")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(found[0].group, group);
    assert_eq!(found[0].rule.kind, RuleKind::FirstSeen);
    let origin = Origin {
        agent: AgentId::new("a").unwrap(),
        stream: StreamId::new("s").unwrap(),
        epoch: Epoch(1),
        fields: Fields::new(),
    };
    let cause = View {
        event: &later[1],
        origin: &origin,
    };
    let told = found[0].event(&cause, 5, 0);
    assert_eq!(
        told.message,
        "New user on a host: user.name mallory for the first time (host.name web): Accepted password"
    );
    assert!(told.fields.text("watchpost.cause").is_some());
    assert_eq!(told.fields.text("threat.technique.id"), None, "a list");
}

#[test]
fn what_was_not_seen_for_long_is_new_again_and_so_is_a_host() {
    let rules = compile(NEW_USER);
    let mut correlator = Correlator::default();
    let kept = |days: std::ops::Range<i64>| days.map(|day| event(day * DAY, "web", "anna")).collect::<Vec<_>>();
    detect(&rules, &[event(DAY, "web", "boris")], &mut correlator);
    assert!(detect(&rules, &kept(1..93), &mut correlator).is_empty());
    let found = detect(&rules, &[event(93 * DAY, "web", "boris")], &mut correlator);
    assert_eq!(found.len(), 1, "92 days");
    // The host was silent itself: it is learned again.
    assert!(detect(&rules, &[event(300 * DAY, "web", "carl")], &mut correlator).is_empty());
    assert_eq!(
        detect(&rules, &[event(308 * DAY, "web", "dora")], &mut correlator).len(),
        1
    );
}

#[test]
fn a_snapshot_at_any_place_changes_nothing() {
    let rules = compile(NEW_USER);
    let events: Vec<_> = (1..60)
        .map(|step| {
            event(
                step * 13 * HOUR,
                ["web", "db"][step as usize % 2],
                &format!("u{}", step * step % 17),
            )
        })
        .collect();
    let mut straight = Correlator::default();
    let expected = detect(&rules, &events, &mut straight);
    assert!(expected.len() > 3, "{}", expected.len());
    for cut in 0..events.len() {
        let mut first = Correlator::default();
        let mut found = detect(&rules, &events[..cut], &mut first);
        let stored = serde_json::to_string(&first).unwrap();
        assert!(!stored.contains("web"), "only digests are kept");
        let mut second: Correlator = serde_json::from_str(&stored).unwrap();
        found.extend(detect(&rules, &events[cut..], &mut second));
        assert_eq!(found, expected);
        assert!(second == straight);
    }
}

#[test]
fn of_the_rule_that_remembers_most_the_oldest_goes() {
    let other = NEW_USER
        .replace("New user on a host", "New host")
        .replace("0001", "0002")
        .replace("[user.name]", "[host.name]")
        .replace("per: [host.name]", "per: []");
    let rules = compile(&format!("{NEW_USER}---{other}"));
    let mut correlator = Correlator::default();
    correlator.beyond.seen.limit(10, 100);
    detect(&rules, &[event(DAY, "web", "anna")], &mut correlator);
    for n in 0..50 {
        detect(
            &rules,
            &[event(8 * DAY + n, "web", &format!("flood{n}"))],
            &mut correlator,
        );
    }
    assert_eq!(correlator.forgotten(), 51 + 1 - 10);
    let found = detect(&rules, &[event(9 * DAY, "web", "anna")], &mut correlator);
    assert_eq!(found.len(), 1, "anna was forgotten, the host was not: {found:?}");
    assert_eq!(found[0].rule.title, "New user on a host");
}

#[test]
fn documents_of_both_kinds_stand_in_one_file_and_mistakes_are_named_with_their_place() {
    let sigma = "title: Plain\nlogsource: { product: linux }\ndetection:\n  a: { b: c }\n  condition: a\n";
    let both = format!("# A comment\n---{NEW_USER}---\n{sigma}");
    assert_eq!(compile(&both).len(), 2);
    assert_eq!(compile(&format!("{sigma}---{NEW_USER}")).len(), 2);
    let off = Disabled::new(["0a9f3a52-0000-4000-8000-000000000001"]);
    let (rules, problems) = Rules::compile_without(&[RuleText::new("a.yml", both)], &off);
    assert_eq!((rules.len(), problems.len()), (1, 0));
    let (rules, problems) = Rules::compile(&[RuleText::new("a.yml", format!("{NEW_USER}---{NEW_USER}"))]);
    assert_eq!(rules.len(), 1);
    assert!(problems[0].message.contains("is taken by another rule"), "{problems:?}");

    let cases = [
        (NEW_USER.replace("query: '", "query: '("), "its query, at character 1:"),
        (
            NEW_USER.replace("first_seen", "first_sean"),
            "watchpost type \"first_sean\" is not known",
        ),
        (NEW_USER.replace("fields:", "felds:"), "unknown field `felds`"),
        (NEW_USER.replace("[user.name]", "[]"), "`fields` is empty"),
        (
            NEW_USER.replace("forget: 90d", "forget: 1d"),
            "`forget` (1d) has to be longer than `learn` (7d)",
        ),
        (NEW_USER.replace("learn: 7d", "learn: soon"), "`soon` is not a duration"),
        (
            NEW_USER.replace("level: low", "level: lowest"),
            "level \"lowest\" is not known",
        ),
        (NEW_USER.replace("tags:", "tagz:"), "line 12"),
        (
            NEW_USER.replace("  query: 'event.action:login AND event.outcome:success'\n", ""),
            "it would look at every event",
        ),
    ];
    for (text, expected) in cases {
        let problem = problem(&text);
        assert!(problem.contains(expected), "{problem}");
    }
}

#[test]
fn it_is_explained_by_its_query_and_its_fields() {
    let rules = compile(NEW_USER);
    let origin = Origin {
        agent: AgentId::new("a").unwrap(),
        stream: StreamId::new("s").unwrap(),
        epoch: Epoch(1),
        fields: Fields::new(),
    };
    let mut known = event(0, "web", "anna");
    let explain = |event: &Event| {
        let view = View { event, origin: &origin };
        rules.explain("0a9f3a52-0000-4000-8000-000000000001", &view).unwrap()
    };
    assert!(explain(&known).matched);
    known.fields.remove("user.name");
    let explained = explain(&known);
    assert!(!explained.matched && !explained.selections[0].matched && explained.selections[1].matched);
    assert_eq!(explained.selections[0].tests[0].field.as_deref(), Some("user.name"));
}
