use watchpost_event::{AgentId, Epoch, Event, Fields, LogSource, Origin, Severity, StreamId, Timestamp, View};

use crate::{DetectError, Rules};

const FAILED_LOGIN: &str = "
title: Failed password
id: 7a9f3a52-0000-4000-8000-000000000001
logsource: { product: linux, service: sshd }
detection:
  keywords: ['Failed password']
  condition: keywords
level: low
tags: [attack.t1110]
";

fn origin(service: &str) -> Origin {
    let mut fields = Fields::new();
    LogSource {
        product: Some("linux".into()),
        category: None,
        service: Some(service.into()),
    }
    .put(&mut fields);
    let stream = StreamId::new("file:/var/log/auth.log").expect("name");
    Origin {
        agent: AgentId::new("a").expect("name"),
        stream,
        epoch: Epoch(1),
        fields,
    }
}

#[test]
fn a_rule_looks_only_at_its_log_source() {
    let rules = Rules::load([FAILED_LOGIN]).expect("compiles");
    let event = Event::new(Timestamp(0), 1, "Failed password for root from 192.0.2.7");
    let hits = rules.matches(&View {
        event: &event,
        origin: &origin("sshd"),
    });
    assert_eq!(hits.len(), 1);
    assert_eq!(hits[0].level, Some(Severity::Warning));
    assert_eq!(hits[0].tags, ["attack.t1110"]);
    assert!(
        rules
            .matches(&View {
                event: &event,
                origin: &origin("cron")
            })
            .is_empty()
    );
    let other = Event::new(Timestamp(0), 1, "Accepted password for root");
    assert!(
        rules
            .matches(&View {
                event: &other,
                origin: &origin("sshd")
            })
            .is_empty()
    );
}

#[test]
fn broken_rules_are_named() {
    let no_condition = "title: Half a rule\nlogsource: { product: linux }\ndetection:\n  a: { b: c }\n";
    assert!(matches!(
        Rules::load([FAILED_LOGIN, no_condition]),
        Err(DetectError::Parse { number: 2, .. })
    ));
    assert!(matches!(
        Rules::load(["title: [unclosed"]),
        Err(DetectError::Parse { number: 1, .. })
    ));
}
