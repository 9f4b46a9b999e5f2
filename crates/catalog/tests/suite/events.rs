//! Security events, positions, limits, expiry.

use std::fmt::Write as _;

use std::pin::pin;
use std::task::Poll;

use watchpost_catalog::{AlertFilter, AppliedReport, NewEvents};

use crate::place::TestPlace;
use crate::samples::{NOW, READER, SECOND, by, detection, event, of_detections, of_events, telling};

pub(crate) async fn events_become_rows_of_the_public_table(place: TestPlace) {
    let catalog = place.open().await;
    let report = catalog
        .events()
        .apply(&of_events(7, vec![event(1), event(2)]))
        .await
        .unwrap();
    assert_eq!(
        report,
        AppliedReport {
            events: 2,
            ..AppliedReport::default()
        }
    );
    let raw = place.raw().await;
    let row = raw
        .texts(
            "SELECT event_id || '|' || timestamp || '|' || agent_id || '|' || host_name || '|' || kind || '|' || category \
             || '|' || action || '|' || outcome || '|' || username || '|' || process_name || '|' || \
             process_command_line || '|' || coalesce(source_ip, 'null') || '|' || message || '|' || fields \
             FROM security_events WHERE timestamp >= '2026-09-21T14:13:20.000000002Z'",
        )
        .await;
    assert_eq!(
        row,
        [
            "web-1/00000000000000aa/process@2.0|2026-09-21T14:13:20.000000002Z|web-1|web-1.example|event|process|\
             process-started|success|anna|nmap|nmap -sS 10.0.0.0/24|null|anna started nmap (2)|\
             {\"message\":\"anna started nmap (2)\",\"process\":{\"pid\":2}}"
        ]
    );
    let numbers = "SELECT timestamp_ns - received_ns FROM security_events WHERE severity = 20 ORDER BY id LIMIT 1";
    assert_eq!(raw.number(numbers).await, 1);
    assert_eq!(catalog.events().count().await.unwrap(), 2);
}

pub(crate) async fn a_batch_that_comes_again_has_no_effect(place: TestPlace) {
    let catalog = place.open().await;
    let batch = NewEvents {
        events: (0..100).map(event).collect(),
        ..of_detections(
            9,
            vec![
                telling(detection(1, "a", 0), "mail", true),
                telling(detection(2, "a", 1), "mail", true),
                // Twice in one batch.
                telling(detection(2, "a", 1), "mail", true),
            ],
        )
    };
    let first = catalog.events().apply(&batch).await.unwrap();
    assert_eq!((first.events, first.alerts_made.len(), first.messages), (100, 1, 2));
    assert!(first.alerts_extended.is_empty(), "it was made by this batch");
    let seen = catalog.alerts().list(&AlertFilter::default()).await.unwrap();
    assert_eq!(catalog.events().apply(&batch).await.unwrap(), AppliedReport::default());

    let mut more = batch.clone();
    more.events.push(event(100));
    more.detections.push(detection(3, "a", 2));
    let again = catalog.events().apply(&more).await.unwrap();
    assert_eq!((again.events, again.alerts_extended), (1, vec![seen[0].id]));
    assert_eq!(catalog.events().count().await.unwrap(), 101);
    let alerts = catalog.alerts().list(&AlertFilter::default()).await.unwrap();
    assert_eq!((seen[0].count, alerts[0].count, alerts.len()), (2, 3, 1));
    assert_eq!(catalog.messages().first(None, 100).await.unwrap().len(), 2);
}

/// The future of a batch is dropped after its first, second, third… step, until one gets through.
pub(crate) async fn a_batch_cut_anywhere_leaves_all_or_nothing(place: TestPlace) {
    let catalog = place.open().await;
    let raw = place.raw().await;
    let mut finished = false;
    for steps in 0..400_u64 {
        let batch = NewEvents {
            reader: format!("reader-{steps}"),
            events: (steps * 100..steps * 100 + 70).map(event).collect(),
            ..of_detections(
                1,
                vec![telling(detection(steps, &format!("f-{steps}"), 0), "mail", true)],
            )
        };
        let before = rows(&raw).await;
        let done = {
            // Dropped at the end of this block, with whatever it had begun.
            let mut work = pin!(catalog.events().apply(&batch));
            let mut left = steps;
            std::future::poll_fn(|context| match work.as_mut().poll(context) {
                Poll::Ready(done) => Poll::Ready(Some(done)),
                Poll::Pending if left == 0 => Poll::Ready(None),
                Poll::Pending => {
                    left -= 1;
                    Poll::Pending
                }
            })
            .await
        };
        finished = done.is_some();
        if let Some(done) = done {
            assert_eq!(done.unwrap().events, 70);
        }
        // Nothing of it, or all of it, and it can come again.
        let after = rows(&raw).await;
        assert!(
            after == before || after == before.map(|(table, rows)| (table, rows + grown(table))),
            "{before:?} {after:?}"
        );
        catalog.events().apply(&batch).await.unwrap();
        assert_eq!(
            rows(&raw).await,
            before.map(|(table, rows)| (table, rows + grown(table)))
        );
        if finished {
            break;
        }
    }
    assert!(finished, "no batch got through");
}

const TABLES: [&str; 5] = ["security_events", "alerts", "alert_events", "messages", "reader"];

fn grown(table: &str) -> i64 {
    if table == "security_events" { 70 } else { 1 }
}

/// In one statement: what was cut off may be committed at this very moment.
async fn rows(raw: &crate::place::Raw) -> [(&'static str, i64); 5] {
    let counts = TABLES.map(|table| format!("(SELECT count(*) FROM {table})"));
    let counts = raw.texts(&format!("SELECT {}", counts.join(" || ' ' || "))).await;
    let mut counts = counts[0].split(' ').map(|count| count.parse().unwrap());
    TABLES.map(|table| (table, counts.next().unwrap()))
}

pub(crate) async fn positions_only_rise(place: TestPlace) {
    let catalog = place.open().await;
    assert_eq!(catalog.events().position(READER).await.unwrap(), None);
    for (position, expected) in [(5, 5), (3, 5), (5, 5), (9, 9)] {
        catalog.events().apply(&of_events(position, Vec::new())).await.unwrap();
        assert_eq!(catalog.events().position(READER).await.unwrap(), Some(expected));
    }
    assert_eq!(catalog.events().position("other").await.unwrap(), None);
    assert_eq!(place.open().await.events().position(READER).await.unwrap(), Some(9));
}

pub(crate) async fn any_text_can_be_kept(place: TestPlace) {
    let catalog = place.open().await;
    let mut odd = event(1);
    odd.username = Some("O'Brien\\ \"анна\" 大 🦀 ' OR 1=1 --".to_owned());
    odd.process_name = Some("a\0b".to_owned());
    odd.message = "\0\u{1}\t\r\n\u{feff}\u{200f}é\0".into();
    odd.fields = "{\"m\":\"\\u0000é\\\\u0000\"}".into();
    odd.event_id = "we\0b/ü".into();
    let mut found = telling(detection(1, "a\0b", 0), "ch\0", false);
    found.message = "\0".into();
    found.event_json = "{\"m\":\"\0\"}".into();
    found.rule_title = "\0é".into();
    found.messages[0].body = "x\0y".into();
    let batch = NewEvents {
        reader: "re\0ader".to_owned(),
        events: vec![odd.clone()],
        ..of_detections(1, vec![found])
    };
    let report = catalog.events().apply(&batch).await.unwrap();
    assert_eq!((report.events, report.alerts_made.len(), report.messages), (1, 1, 1));
    assert_eq!(catalog.events().apply(&batch).await.unwrap(), AppliedReport::default());
    assert_eq!(catalog.events().position("re\0ader").await.unwrap(), Some(1));

    let raw = place.raw().await;
    let columns = ["username", "process_name", "message", "fields", "event_id"];
    let mut kept = Vec::new();
    for column in columns {
        kept.extend(raw.texts(&format!("SELECT {column} FROM security_events")).await);
    }
    assert_eq!(kept[0], odd.username.unwrap());
    assert_eq!(kept[1], "a\u{fffd}b");
    assert_eq!(kept[2], "\u{fffd}\u{1}\t\r\n\u{feff}\u{200f}é\u{fffd}");
    assert_eq!(kept[3], "{\"m\":\"\\ufffdé\\\\u0000\"}");
    assert_eq!(kept[4], "we\u{fffd}b/ü");
    if raw.is_postgres() {
        let read = raw.texts("SELECT fields::jsonb ->> 'm' FROM security_events").await;
        assert_eq!(read, ["\u{fffd}é\\u0000"]);
    }
    let alert = catalog.alerts().get(report.alerts_made[0]).await.unwrap().unwrap();
    assert_eq!(
        (alert.message.as_str(), alert.rule_title.as_str()),
        ("\u{fffd}", "\u{fffd}é")
    );
    let who = "wh\0o";
    let done = catalog
        .alerts()
        .acknowledge(&[alert.id], by(who, NOW), "no\0te")
        .await
        .unwrap();
    assert_eq!(done[0].note.as_deref(), Some("no\u{fffd}te"));
    let due = catalog.messages().first(Some("ch\0"), 10).await.unwrap();
    assert_eq!(due[0].body, "x\u{fffd}y");
    assert!(catalog.messages().retry(due[0].id, NOW, "4\u{0}4").await.unwrap());
}

pub(crate) async fn values_beyond_their_limit_are_cut(place: TestPlace) {
    let catalog = place.open().await;
    let mut long = event(1);
    let value = "é".repeat(300 * 1024);
    for name in [
        &mut long.host_name,
        &mut long.kind,
        &mut long.category,
        &mut long.action,
        &mut long.outcome,
    ] {
        *name = Some(value.clone());
    }
    for name in [
        &mut long.username,
        &mut long.process_name,
        &mut long.process_command_line,
        &mut long.source_ip,
    ] {
        *name = Some(value.clone());
    }
    long.agent_id = value.clone();
    long.message = format!("x{value}");
    long.fields = format!("{{\"blob\":\"{value}\",\"user\":{{\"name\":\"анна\"}}}}");
    let mut found = telling(detection(1, "a", 0), "mail", true);
    (found.message, found.rule_id, found.rule_title) = (value.clone(), value.clone(), value.clone());
    (found.host_name, found.username) = (Some(value.clone()), Some(value.clone()));
    found.event_json.clone_from(&long.fields);
    found.messages[0].body = value.repeat(2);
    let batch = NewEvents {
        events: vec![long],
        ..of_detections(1, vec![found])
    };
    catalog.events().apply(&batch).await.unwrap();

    let raw = place.raw().await;
    let message = &raw.texts("SELECT message FROM security_events").await[0];
    assert_eq!((message.len(), &message[..3]), (64 * 1024 - 1, "xé"));
    assert_eq!(
        raw.texts("SELECT process_command_line FROM security_events").await[0].len(),
        64 * 1024
    );
    assert_eq!(raw.texts("SELECT username FROM security_events").await[0].len(), 512);
    let expected = format!(
        "{{\"truncated\":true,\"bytes\":{},\"user\":{{\"name\":\"анна\"}}}}",
        batch.events[0].fields.len()
    );
    assert_eq!(
        raw.texts("SELECT fields FROM security_events").await,
        std::slice::from_ref(&expected)
    );
    let alert = &catalog.alerts().list(&AlertFilter::default()).await.unwrap()[0];
    assert_eq!((&alert.event, alert.message.len()), (&expected, 64 * 1024));
    assert_eq!(
        catalog.messages().first(None, 1).await.unwrap()[0].body.len(),
        1024 * 1024
    );
}

/// Text without repetition, which PostgreSQL cannot compress to fit its indexes.
fn noise(bytes: usize) -> String {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut text = String::new();
    while text.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        write!(text, "{state:016x}").unwrap();
    }
    text
}

pub(crate) async fn identities_beyond_their_limit_stay_different(place: TestPlace) {
    let catalog = place.open().await;
    let long = |end: &str| format!("web-1/00/file:/{}{end}", noise(5000));
    let mut events = vec![event(1), event(2), event(1)];
    let mut found = Vec::new();
    for (n, end) in ["a", "b", "a"].into_iter().enumerate() {
        events[n].event_id = long(end);
        events[n].username = Some(noise(5000));
        events[n].agent_id = noise(5000);
        let mut detection = telling(detection(0, &long(end), 0), &long("channel"), true);
        detection.event_id = long(end);
        found.push(detection);
    }
    let batch = NewEvents {
        events,
        reader: long("reader"),
        ..of_detections(4, found)
    };
    let report = catalog.events().apply(&batch).await.unwrap();
    assert_eq!((report.events, report.alerts_made.len(), report.messages), (2, 2, 2));
    assert_eq!(catalog.events().apply(&batch).await.unwrap(), AppliedReport::default());
    assert_eq!(catalog.events().position(&long("reader")).await.unwrap(), Some(4));
    let due = catalog.messages().first(Some(&long("channel")), 10).await.unwrap();
    assert_eq!(due.len(), 2);
}

pub(crate) async fn what_is_old_goes_and_what_waits_stays(place: TestPlace) {
    let catalog = place.open().await;
    let mut events: Vec<_> = (0..10).map(event).collect();
    for (n, event) in (0..).zip(&mut events) {
        event.received_ns = NOW + n * SECOND;
        // An event's own time says nothing about its age here.
        event.timestamp_ns = i64::MAX;
    }
    let batch = NewEvents {
        events,
        ..of_detections(
            1,
            vec![
                telling(detection(1, "sent", 0), "mail", true),
                telling(detection(2, "waits", 0), "mail", true),
                detection(3, "grows", 0),
            ],
        )
    };
    let made = catalog.events().apply(&batch).await.unwrap().alerts_made;
    let due = catalog.messages().first(None, 10).await.unwrap();
    catalog.messages().sent(due[0].id, NOW + SECOND).await.unwrap();
    let later = NewEvents {
        now: NOW + 8 * SECOND,
        ..of_detections(2, vec![detection(4, "grows", 1)])
    };
    catalog.events().apply(&later).await.unwrap();

    let before = NOW + 5 * SECOND;
    // Five events; the message that was sent; three detections; the alert "sent".
    assert_eq!(catalog.events().expire(before, 1000).await.unwrap(), 10);
    assert_eq!(catalog.events().expire(before, 1000).await.unwrap(), 0);
    assert_eq!(catalog.events().count().await.unwrap(), 5);
    let left = catalog.alerts().list(&AlertFilter::default()).await.unwrap();
    assert_eq!(
        left.iter().map(|alert| alert.id).collect::<Vec<_>>(),
        [made[2], made[1]]
    );
    assert_eq!(left[0].count, 2, "the older detection is still counted");
    assert_eq!(catalog.alerts().events(made[2], 10).await.unwrap().len(), 1);
    let due = catalog.messages().first(None, 10).await.unwrap();
    assert_eq!((due.len(), due[0].alert_id), (1, made[1]));

    catalog
        .messages()
        .dead(due[0].id, NOW, "the channel is gone")
        .await
        .unwrap();
    assert_eq!(
        catalog.events().expire(before, 1000).await.unwrap(),
        2,
        "the message and its alert"
    );
    assert_eq!(catalog.events().expire(NOW + 100 * SECOND, 1000).await.unwrap(), 7);
    let raw = place.raw().await;
    for table in ["security_events", "alerts", "alert_events", "messages"] {
        assert_eq!(raw.count(table).await, 0, "{table}");
    }
    assert_eq!(catalog.events().position(READER).await.unwrap(), Some(2));
}

pub(crate) async fn expiry_is_bounded(place: TestPlace) {
    let catalog = place.open().await;
    let batch = NewEvents {
        events: (0..25).map(event).collect(),
        ..of_detections(1, (0..12).map(|n| detection(n, "a", 0)).collect())
    };
    catalog.events().apply(&batch).await.unwrap();
    let mut removed = Vec::new();
    while removed.last() != Some(&0) {
        removed.push(catalog.events().expire(NOW + 1, 10).await.unwrap());
    }
    assert_eq!(removed, [20, 13, 5, 0]);
    assert_eq!(catalog.events().expire(i64::MAX, u64::MAX).await.unwrap(), 0);
}

pub(crate) async fn a_large_batch_is_kept_whole(place: TestPlace) {
    let catalog = place.open().await;
    let batch = NewEvents {
        events: (0..5003).map(event).collect(),
        ..of_detections(
            1,
            (0..501).map(|n| telling(detection(n, "a", 0), "mail", true)).collect(),
        )
    };
    let report = catalog.events().apply(&batch).await.unwrap();
    assert_eq!(
        (report.events, report.alerts_made.len(), report.messages),
        (5003, 1, 501)
    );
    assert_eq!(catalog.events().count().await.unwrap(), 5003);
    let alert = report.alerts_made[0];
    assert_eq!(catalog.alerts().get(alert).await.unwrap().unwrap().count, 501);
    assert_eq!(catalog.alerts().events(alert, 1000).await.unwrap().len(), 501);
    assert_eq!(catalog.events().apply(&batch).await.unwrap(), AppliedReport::default());
}
