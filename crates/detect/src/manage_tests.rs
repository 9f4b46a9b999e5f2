//! What people do with rules: switch off, except, compile a part, look at what one asks for.
#![expect(clippy::unwrap_used, reason = "tests")]

use watchpost_event::{AgentId, Epoch, Event, Fields, LogSource, Origin, StreamId, Timestamp, View};

use crate::{Correlator, Disabled, RuleText, Rules, place_of};

const RULES: &str = "title: Failed
id: 11111111-1111-4111-8111-111111111111
name: failed
logsource: { product: linux, service: sshd }
detection:
  selection:
    event.outcome: failure
    user.name|startswith: [ro, ad]
  words: ['refused']
  condition: selection or words
level: low
---
title: Many
id: 22222222-2222-4222-8222-222222222222
correlation:
  type: event_count
  rules: [failed]
  group-by: [source.ip]
  timespan: 1m
  condition: { gte: 3 }
level: high
---
title: Other
id: 33333333-3333-4333-8333-333333333333
logsource: { product: linux }
detection:
  selection: { user.name: anna }
  condition: selection
";
const FAILED: &str = "11111111-1111-4111-8111-111111111111";
const MANY: &str = "22222222-2222-4222-8222-222222222222";

fn texts() -> [RuleText; 1] {
    [RuleText::new("a.yml", RULES)]
}

fn found(rules: &Rules, excepted: &str) -> Vec<String> {
    let mut fields = Fields::new();
    let source = LogSource {
        product: Some("linux".to_owned()),
        service: Some("sshd".to_owned()),
        ..LogSource::default()
    };
    source.put(&mut fields);
    let origin = Origin {
        agent: AgentId::new("a").unwrap(),
        stream: StreamId::new("s").unwrap(),
        epoch: Epoch(1),
        fields,
    };
    let mut correlator = Correlator::default();
    let mut titles = Vec::new();
    for position in 0..4 {
        let event = Event::new(Timestamp(position), position as u64 + 1, "no")
            .with("event.outcome", "failure")
            .with("user.name", "root")
            .with("source.ip", if position == 0 { "10.0.0.1" } else { "10.0.0.2" });
        let view = View {
            event: &event,
            origin: &origin,
        };
        // The first event only.
        let mut except = |key: &str| position == 1 && key == excepted;
        let now = rules.detect_unless(&view, Timestamp(position), &mut correlator, &mut except);
        titles.extend(now.into_iter().map(|detection| detection.rule.title.clone()));
    }
    titles
}

#[test]
fn an_excepted_event_has_not_happened_for_the_rule_and_is_not_counted() {
    let (rules, problems) = Rules::compile(&texts());
    assert_eq!(problems, []);
    assert_eq!(found(&rules, "nothing"), ["Many"], "three of 10.0.0.2");
    assert_eq!(found(&rules, FAILED), Vec::<String>::new());
    assert_eq!(found(&rules, MANY), Vec::<String>::new());
    assert_eq!(found(&rules, "33333333-3333-4333-8333-333333333333"), ["Many"]);
}

#[test]
fn what_is_switched_off_still_says_what_it_is() {
    let (rules, problems) = Rules::compile_without(&texts(), &Disabled::new([MANY]));
    assert_eq!((rules.len(), problems.len()), (2, 0));
    let off = rules.switched_off();
    assert_eq!(
        (off.len(), off[0].title.as_str(), off[0].level_name()),
        (1, "Many", "high")
    );
    assert_eq!(found(&rules, "nothing"), ["Failed"; 4], "nothing counts them any more");
    let (rules, problems) = Rules::compile_without(&texts(), &Disabled::new([FAILED]));
    assert_eq!(rules.len(), 1);
    assert!(
        problems[0].unsupported && problems[0].message.contains("switched off"),
        "{problems:?}"
    );
}

#[test]
fn a_part_is_the_wanted_rule_and_what_it_counts() {
    let (rules, problems) = Rules::compile_part(&texts(), |rule| rule.key == MANY);
    assert_eq!((rules.len(), problems.len()), (2, 0));
    assert_eq!(found(&rules, "nothing"), ["Many"]);
    let (rules, _) = Rules::compile_part(&texts(), |rule| rule.key == FAILED);
    assert_eq!((rules.len(), found(&rules, "nothing").len()), (1, 4));
}

#[test]
fn an_outline_says_what_is_asked_for() {
    let (rules, _) = Rules::compile(&texts());
    let one = rules.outline(FAILED).unwrap();
    assert_eq!(one.fields, ["event.outcome", "user.name"]);
    assert!(one.words && one.counts.is_empty());
    assert_eq!(one.sources[0].service.as_deref(), Some("sshd"));
    let many = rules.outline(MANY).unwrap();
    assert_eq!(
        (many.fields, many.sources, many.counts),
        (one.fields, one.sources, vec![FAILED.to_owned()])
    );
    assert_eq!(rules.outline("nobody"), None);
}

#[test]
fn problems_have_a_line() {
    let line = |text: &str| {
        let (_, problems) = Rules::compile(&[RuleText::new("a.yml", text)]);
        place_of(&problems[0], text).map(|(line, _)| line)
    };
    let open = "title: A\nlogsource: { product: linux\ndetection:\n  x: [\n";
    assert!(
        line(open).is_some_and(|line| (2..=4).contains(&line)),
        "{:?}",
        line(open)
    );
    let broken = RULES.replace("condition: selection or words", "condition: selection or wordz");
    assert_eq!(line(&broken), Some(10));
    let broken = RULES.replace("rules: [failed]", "rules: [failedd]");
    assert_eq!(line(&broken), Some(17));
    let broken = RULES.replace("logsource: { product: linux }", "logsource: {}");
    assert_eq!(line(&broken), Some(25));
}
