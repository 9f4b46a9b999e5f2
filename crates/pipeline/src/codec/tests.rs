#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};
use watchpost_event::Severity;

fn now() -> Timestamp {
    "2026-11-20T22:41:07Z".parse().unwrap()
}

fn decode_at(codec: Codec, text: &str, now: Timestamp) -> Vec<Event> {
    let constants: Fields = [("host.name", Value::from("web-1"))].into_iter().collect();
    let mut events = Vec::new();
    let context = CodecContext {
        now,
        constants: &constants,
    };
    Decoder::new(codec, TimeZone::UTC).decode(text, context, &mut events);
    assert!(!events.is_empty());
    events
}

fn decode(codec: Codec, text: &str) -> Event {
    decode_at(codec, text, now()).remove(0)
}

fn time_of(text: &str, now: &str) -> String {
    decode_at(Codec::Syslog, text, now.parse().unwrap())
        .remove(0)
        .time
        .to_string()
}

#[test]
fn classic_syslog_lines() {
    let line = "Mar 27 13:06:56 ip-10-77-20-248 sshd[1291]: Server listening on 0.0.0.0 port 22.";
    for codec in [Codec::Syslog, Codec::Auto] {
        let event = decode(codec, line);
        assert_eq!(event.message, "Server listening on 0.0.0.0 port 22.");
        assert_eq!(event.time.to_string(), "2026-03-27T13:06:56.000Z");
        assert_eq!(
            Value::Object(event.fields.to_nested()),
            json!({"host": {"name": "ip-10-77-20-248"}, "process": {"name": "sshd", "pid": 1291},
                "watchpost": {"logsource": {"product": "linux", "service": "sshd"}}})
        );
    }
}

#[test]
fn the_many_forms_of_headers() {
    let service = |text: &str| {
        let event = decode(Codec::Syslog, text);
        let service = event.fields.text("watchpost.logsource.service").map(str::to_owned);
        (service, event.message)
    };
    let is = |name: &str, message: &str| (Some(name.to_owned()), message.to_owned());
    let iso = "2026-11-20T22:00:00.123456+01:00 web-1";
    assert_eq!(service(&format!("{iso} sshd-session[7]: x")), is("sshd", "x"));
    assert_eq!(
        service("Nov  1 00:00:00 web-1 CRON[12]: (root) CMD"),
        is("cron", "(root) CMD")
    );
    assert_eq!(
        service("Nov 20 00:00:00 web-1 postfix/smtpd[9]: lost"),
        is("postfix", "lost")
    );
    assert_eq!(
        service("Nov 20 00:00:00 web-1 kernel: [ 12.3] usb"),
        is("kernel", "[ 12.3] usb")
    );
    assert_eq!(service("Nov 20 00:00:00 kernel: no host"), is("kernel", "no host"));
    assert_eq!(
        service("<34>Nov 20 00:00:00 web-1 su: 'su root' failed"),
        is("su", "'su root' failed")
    );
    assert_eq!(
        service("Nov 20 00:00:00 web-1 -- MARK --"),
        (None, "-- MARK --".to_owned())
    );
    assert_eq!(service("Nov 20 00:00:00 web-1 empty:"), is("empty", ""));
    let event = decode(Codec::Syslog, &format!("{iso} /usr/sbin/cron[x1]: go"));
    assert_eq!(event.time.to_string(), "2026-11-20T21:00:00.123456Z");
    assert_eq!(event.fields.text("process.name"), Some("cron"));
    assert_eq!(event.fields.text("log.syslog.appname"), Some("/usr/sbin/cron"));
    assert_eq!(event.fields.text("log.syslog.procid"), Some("x1"));
    assert_eq!(
        event.fields.get("host.name"),
        None,
        "the agent's own name is not repeated"
    );
}

#[test]
fn rfc_5424_with_structured_data() {
    let event = decode(
        Codec::Auto,
        "<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 \
         [exampleSDID@32473 iut=\"3\" eventSource=\"App \\\"x\\\"] y\"][b k=\"v\"] \u{feff}An application event",
    );
    assert_eq!(event.message, "An application event");
    assert_eq!(event.time.to_string(), "2003-10-11T22:14:15.003Z");
    let text = |name: &str| event.fields.text(name).unwrap_or_default().to_owned();
    assert_eq!(
        text("log.syslog.structured_data.exampleSDID@32473.eventSource"),
        "App \"x\"] y"
    );
    assert_eq!(text("log.syslog.structured_data.b.k"), "v");
    assert_eq!(text("log.syslog.msgid"), "ID47");
    assert_eq!(text("log.syslog.facility.name"), "local4");
    assert_eq!(text("log.level"), Severity::Info.name());
    let event = decode(Codec::Syslog, "<0>1 - - - - - -");
    assert_eq!((event.message.as_str(), event.time), ("", now()));
}

#[test]
fn a_missing_year_is_the_newest_that_is_not_in_the_future() {
    assert_eq!(
        time_of("Dec 31 23:59:59 h a: x", "2027-01-01T00:30:00Z"),
        "2026-12-31T23:59:59.000Z"
    );
    assert_eq!(
        time_of("Jan  1 00:00:00 h a: x", "2027-01-01T00:00:00Z"),
        "2027-01-01T00:00:00.000Z"
    );
    assert_eq!(
        time_of("Mar  1 00:00:00 h a: x", "2026-02-27T00:00:00Z"),
        "2025-03-01T00:00:00.000Z"
    );
    assert_eq!(
        time_of("Feb 29 12:00:00 h a: x", "2027-06-01T00:00:00Z"),
        "2024-02-29T12:00:00.000Z"
    );
    // A clock that runs a second ahead does not throw an event a year back, not even on New Year's Eve.
    assert_eq!(
        time_of("Jan  1 00:00:01 h a: x", "2026-12-31T23:59:59Z"),
        "2027-01-01T00:00:01.000Z"
    );
}

#[test]
fn times_without_a_zone_are_in_the_given_one() {
    let berlin = TimeZone::get("Europe/Berlin").unwrap();
    let decoder = Decoder::new(Codec::Syslog, berlin);
    let own = |text: &str| decoder.own_time(text, now()).map(|time| time.to_string());
    assert_eq!(
        own("Jul  1 12:00:00 h a: x").as_deref(),
        Some("2026-07-01T10:00:00.000Z")
    );
    assert_eq!(
        own("Jan  1 12:00:00 h a: x").as_deref(),
        Some("2026-01-01T11:00:00.000Z")
    );
    assert_eq!(
        own("2026-01-01T12:00:00.5 h a: x").as_deref(),
        Some("2026-01-01T11:00:00.500Z")
    );
    assert_eq!(own("no header"), None);
}

#[test]
fn auto_takes_the_time_at_the_beginning_of_a_line_and_leaves_the_line_whole() {
    let berlin = TimeZone::get("Europe/Berlin").unwrap();
    let decoder = Decoder::new(Codec::Auto, berlin);
    let own = |text: &str| decoder.own_time(text, now()).map(|time| time.to_string());
    let dpkg = "2026-09-22 04:51:30 status installed";
    assert_eq!(own(dpkg).as_deref(), Some("2026-09-22T02:51:30.000Z"));
    let comma = "2026-09-22 04:51:30,250 INFO x";
    assert_eq!(own(comma).as_deref(), Some("2026-09-22T02:51:30.250Z"));
    let postgres = "2026-09-22 04:51:30.250 UTC [7] LOG:  ready";
    assert_eq!(own(postgres).as_deref(), Some("2026-09-22T04:51:30.250Z"));
    for text in [
        "2026-09-22 is a day",
        "2026-13-22 04:51:30 x",
        "2026-09-22 4:5 x",
        "2026-09-22",
        "täglich 04 12",
    ] {
        assert_eq!(own(text), None, "{text}");
    }
    let events = decode_at(Codec::Auto, dpkg, now());
    assert_eq!(events[0].message, dpkg);
    assert_eq!(events[0].time.to_string(), "2026-09-22T04:51:30.000Z");
}

#[test]
fn repeated_messages_are_expanded() {
    let line = "Nov 20 10:00:00 h sshd[1]: message repeated 3 times: [ Failed password for root]";
    let events = decode_at(Codec::Syslog, line, now());
    assert_eq!(events.len(), 3);
    assert!(events.iter().all(|event| event.message == "Failed password for root"));
    let line = "Nov 20 10:00:00 h sshd[1]: message repeated 4000000000 times: [ Failed password for root]";
    assert_eq!(decode_at(Codec::Syslog, line, now()).len(), 1);
}

#[test]
fn repeated_messages_are_bounded_by_all_they_weigh() {
    let long = "x".repeat(200_000);
    let parameters: Vec<String> = (0..60).map(|n| format!("k{n}=\"{}\"", "v".repeat(3_000))).collect();
    for line in [
        format!("<13>1 2026-11-20T10:00:00Z h app - - [a@1 x=\"{long}\"] message repeated 1000 times: [ m]"),
        format!(
            "<13>1 2026-11-20T10:00:00Z h app - - [a@1 {}] message repeated 1000 times: [ m]",
            parameters.join(" ")
        ),
        format!("Nov 20 10:00:00 {long} sshd[1]: message repeated 1000 times: [ Failed password for root]"),
        format!("Nov 20 10:00:00 h sshd[1]: message repeated 1000 times: [ {long}]"),
    ] {
        let events = decode_at(Codec::Syslog, &line, now());
        assert_eq!(events.len(), 1);
        assert!(events[0].message.starts_with("message repeated 1000 times: ["));
    }
    let line = "Nov 20 10:00:00 h sshd[1]: message repeated 1000 times: [ Failed password for root from 192.0.2.7 port 2 ssh2]";
    assert_eq!(decode_at(Codec::Syslog, line, now()).len(), 1000);
}

#[test]
fn structured_data_that_is_too_much_stays_a_line() {
    let many: Vec<String> = (0..65).map(|n| format!("k{n}=\"{n}\"")).collect();
    let lines = [
        format!("<13>1 2026-11-20T10:00:00Z h app - - [a@1 {}] m", many.join(" ")),
        format!(
            "<13>1 2026-11-20T10:00:00Z h app - - [{} k=\"1\" l=\"2\"] m",
            "x".repeat(129)
        ),
        format!("<13>1 2026-11-20T10:00:00Z h app - - [a@1 {}=\"1\"] m", "x".repeat(129)),
    ];
    for line in lines {
        assert_eq!(decode(Codec::Syslog, &line).message, line);
    }
    let line = format!("<13>1 2026-11-20T10:00:00Z h app - - [a@1 {}] m", many[..64].join(" "));
    let event = decode(Codec::Syslog, &line);
    assert_eq!(event.message, "m");
    assert_eq!(event.fields.text("log.syslog.structured_data.a@1.k63"), Some("63"));
}

/// What the agent makes of an object, the server reads as the same.
#[test]
fn what_is_kept_as_fields_is_within_what_a_server_reads() {
    let deep = |inner: Value| (0..60).fold(inner, |inner, _| json!({ "deeper": inner }));
    let inner: serde_json::Map<String, Value> = (0..4_000).map(|n| (format!("k{n}"), n.into())).collect();
    let wide: serde_json::Map<String, Value> = (0..1_000).map(|n| (format!("k{n}"), n.into())).collect();
    for object in [
        deep(json!(inner)),
        deep(json!([inner])),
        json!({ "x".repeat(400): wide }),
    ] {
        let event = decode(Codec::Json, &object.to_string());
        let mut line = Vec::new();
        watchpost_event::json::write_line(&mut line, &event);
        let read = watchpost_event::json::read_event(std::str::from_utf8(&line).unwrap(), now()).unwrap();
        assert_eq!(read, event);
    }
}

#[test]
fn an_object_of_too_many_fields_or_names_stays_a_line() {
    let peers: Vec<Value> = (0..3_000).map(|n| json!({"id": n, "up": true})).collect();
    let line = json!({ "peers": peers }).to_string();
    assert_eq!(decode(Codec::Json, &line).fields.len(), 2);
    let wide: Vec<Value> = (0..1_100).map(|n| json!({ format!("k{n}"): n })).collect();
    let inner: serde_json::Map<String, Value> = (0..900).map(|n| (format!("k{n}"), n.into())).collect();
    for object in [
        json!({ "a": wide }),
        json!({ "x".repeat(600): inner }),
        json!({ "x".repeat(600): [inner] }),
    ] {
        let line = object.to_string();
        let event = decode(Codec::Json, &line);
        assert_eq!((event.message.as_str(), event.fields.len()), (line.as_str(), 1));
        assert!(event.fields.text("error.message").is_some());
    }
}

#[test]
fn json_objects() {
    let event = decode(
        Codec::Auto,
        r#"{"ts":1763678467.5,"lvl":"WARN","msg":"slow","http":{"status":503},"watchpost":{"stream":"faked"}}"#,
    );
    assert_eq!(event.message, "slow");
    assert_eq!(event.time.to_string(), "2025-11-20T22:41:07.500Z");
    assert_eq!(
        Value::Object(event.fields.to_nested()),
        json!({"log": {"level": "warning"}, "http": {"status": 503}, "original": {"watchpost": {"stream": "faked"}}})
    );
    let line = r#"{"@timestamp":"2026-01-02T03:04:05Z","log":{"level":"err"},"a":1}"#;
    let event = decode(Codec::Json, line);
    assert_eq!(
        (event.message.as_str(), event.fields.text("log.level")),
        (line, Some("error"))
    );
    assert_eq!(event.time.to_string(), "2026-01-02T03:04:05.000Z");
    let event = decode(
        Codec::Json,
        r#"{"level":50,"time":1446249499322,"timestamp":"soon","log":"docker"}"#,
    );
    assert_eq!(event.fields.text("log.level"), Some("error"));
    assert_eq!(event.fields.text("timestamp"), Some("soon"));
    assert_eq!(
        (event.message.as_str(), event.time.0),
        ("docker", 1_446_249_499_322_000_000)
    );
}

#[test]
fn what_is_not_as_asked_is_kept_as_plain_text() {
    for text in ["{\"a\":", "[1]", "nonsense", ""] {
        let event = decode(Codec::Json, text);
        assert_eq!((event.message.as_str(), event.time), (text, now()));
        assert!(event.fields.text("error.message").is_some());
        for codec in [Codec::Syslog, Codec::Auto, Codec::Plain] {
            assert_eq!(decode(codec, text), Event::new(now(), 0, text));
        }
    }
    let long = "x".repeat(1 << 17);
    let within: Vec<String> = (0..100).map(|n| format!("{{\"k{n}\":1}}")).collect();
    let text = format!("{{\"{long}\":[{}]}}", within.join(","));
    let event = decode(Codec::Json, &text);
    assert_eq!((event.message == text, event.fields.len()), (true, 1));
    assert!(
        event
            .fields
            .text("error.message")
            .is_some_and(|reason| reason.contains("names of more than"))
    );
    let many: Vec<String> = (0..2000).map(|n| format!("\"k{n}\":1")).collect();
    let text = format!("{{{}}}", many.join(","));
    assert_eq!(decode(Codec::Json, &text).message, text);
}

proptest! {
    #[test]
    fn codecs_never_panic_and_keep_the_line(text: String, codec in 0..5usize, time: i64) {
        let codec = [Codec::Auto, Codec::Plain, Codec::Syslog, Codec::Json, Codec::Access][codec];
        decode_at(codec, &text, Timestamp(time));
    }

    #[test]
    fn nearly_syslog_never_panics(text in "(<[0-9]{0,4}>)?(1 )?(Feb 29 |2026-1[0-3]-[0-3][0-9]T)[0-2][0-9]:[0-9]{2}:[0-9]{2}([.,][0-9]{0,12})?[Z+]? [a-z\\[\\]:= \"\\\\-]{0,40}", time: i64) {
        decode_at(Codec::Auto, &text, Timestamp(time));
        Decoder::new(Codec::Auto, TimeZone::UTC).own_time(&text, Timestamp(time));
    }
}
