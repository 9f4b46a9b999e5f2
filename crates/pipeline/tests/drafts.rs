//! A batch has the same bytes whether its events were built first or went there straight from their records.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::Value;
use watchpost_event::{AgentId, BatchBuilder, Epoch, Fields, Origin, StreamId, Timestamp};
use watchpost_pipeline::{Codec, Decoder, Framer, Framing, Pipeline, TimeZone};
use watchpost_query::Query;

fn now() -> Timestamp {
    "2026-11-20T22:41:07Z".parse().unwrap()
}

/// The batch of some lines, and whether it is to be sent at once.
fn batch(pipeline: &Pipeline, text: &[u8]) -> (Vec<u8>, bool) {
    let (agent, stream) = (AgentId::new("a").unwrap(), StreamId::new("file:/x").unwrap());
    let fields: Fields = [("host.name", Value::from("web-1"))].into_iter().collect();
    let epoch = Epoch(1);
    let mut batch = BatchBuilder::new(agent.clone(), stream.clone(), epoch, 0);
    let mut processor = pipeline.processor(Origin {
        agent,
        stream,
        epoch,
        fields,
    });
    let mut framer = Framer::new(Arc::new(Framing::lines()), 0);
    let mut chunk = text;
    let mut at_once = false;
    while let Some(record) = framer.next_record(&mut chunk) {
        at_once |= processor.process(&record, record.end, now(), &mut batch);
    }
    (batch.finish(framer.position()).unwrap(), at_once)
}

/// The same lines with filters that look at fields only, and with filters that say the same and look at the message too.
fn assert_same(text: &str) {
    let query = |text: &str| -> Query { text.parse().unwrap() };
    for codec in [Codec::Auto, Codec::Json, Codec::Syslog, Codec::Access] {
        let pipeline = Pipeline::new(Decoder::new(codec, TimeZone::UTC));
        let straight = pipeline
            .clone()
            .with_drop([query("http.status:200")])
            .with_at_once(Some(query("log.level:>=error")));
        let built = pipeline
            .with_drop([query("http.status:200 AND NOT neverseenword")])
            .with_at_once(Some(query("log.level:>=error AND NOT neverseenword")));
        assert_eq!(
            batch(&straight, text.as_bytes()),
            batch(&built, text.as_bytes()),
            "{text}"
        );
    }
}

#[test]
fn objects_of_every_shape() {
    for line in [
        r#"{"a":1,"b":"x","c":[1, 2 ,"\u0041\/\b"],"d":{"e":{},"f":[]},"g":null,"h":true,"i":-0,"j":1.50,"k":1e3}"#,
        r#"{"peers":[{"id":1,"r":{"2xx":5}},{"id":2,"r":{"2xx":[6,7]},"s":[]}],"peers.id":3}"#,
        r#"{"peers":[{"id":1},{"id":"\b\u00e9"}]}"#,
        r#"{"a":[{"b":1,"b":2}],"a":[{"b":{"c":1,"c":2}}]}"#,
        r#"{"a":[{"b.c":1,"b":{"c":2}}],"x":[{}],"y":[1,{"z":2}],"w":[[1],[{"q":2}]]}"#,
        r#"{"a":[{}],"b":[{"c":{}}],"d":[{"e":[]},{"e":1}],"f":{"":1},"":2}"#,
        r#"{"time":"soon","ts":1763678467.5,"msg":"a\tb\u0001\"\\","level":50,"t":1,"~p":2,"agent":{"id":3}}"#,
        r#"{"@timestamp":["2026-01-01T00:00:00Z"],"message":[{"x":1}],"log":{"level":"err"},"watchpost.stream":1}"#,
        r#"{"log":{"level":"err"},"log.level":"info","level":"loud"}"#,
        r#"{"log":[{"a":1}],"log":"x"}"#,
        r#"{"time":[{"a":1}],"time":"2026-01-01T00:00:00Z","level":[{"a":1},{"a":2}],"level":"error"}"#,
        r#"{"a":12345678901234567890123,"b":-9223372036854775808,"c":18446744073709551615,"d":0.1e-7}"#,
        r#"{"a":01}"#,
        r#"{"a":1,}"#,
        r#"{"a":"\ud800"}"#,
        r#"{"a":"\x"}"#,
        r#"{"a\u0062":1,"a":2}"#,
        r#"{"http":{"status":200}}"#,
        r#"{"a":tru}"#,
        r#"{"a" : nan}"#,
        " {\"a\" :\t1 } ",
        "{}",
        "{\"a\":1}\u{c}",
    ] {
        assert_same(&format!("{line}\n{{\"n\":1}}\n"));
    }
    let deep = format!("{}1{}\n", "{\"d\":".repeat(40), "}".repeat(40));
    assert_same(&deep);
    let wide: Vec<String> = (0..2000).map(|n| format!("\"k{n}\":[{{\"n\":{n}}}]")).collect();
    assert_same(&format!("{{{}}}\n", wide.join(",")));
    assert_same(&format!("{{{}}}\n", wide[..900].join(",")));
}

#[test]
fn lines_of_syslog_and_others() {
    for line in [
        "Mar 27 13:06:56 db-7 sshd[1291]: Failed password for root from 192.0.2.7 port 22 ssh2",
        "Mar 27 13:06:56 web-1.example.org sshd-session[01]: Accepted publickey for a from ::1 port 22 ssh2",
        "<3>Mar 27 13:06:56 WEB-1 /usr/sbin/CRON[7]: pam_unix(cron:session): session opened for user root by (uid=0)",
        "Mar 27 13:06:56 h sudo: a : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/true",
        "Mar 27 13:06:56 h sshd[1]: message repeated 3 times: [ Failed password for x from 192.0.2.7 port 22 ssh2]",
        "<165>1 2003-10-11T22:14:15.003Z m e - ID47 [x@1 i=\"3\" i=\"4\" s=\"\\\"\"][x@1 i=\"5\"] An event",
        "<11>1 - - - - - -",
        "2026-09-22 04:51:30,250 INFO x",
        "192.0.2.1 - - [19/May/2015:07:05:50 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"x\"",
        "192.0.2.1 - x [19/May/2015:07:05:50 +0000] \"GET /%2e%2e/?\\x22 HTTP/1.1\" 503 5 \"-\" \"\\\"x\\xff\"",
        "2026/11/20 22:41:07 [error] 1234#1235: *56 open() failed",
        "[Fri Nov 20 22:41:07.123456 2026] [core:error] [pid 1:tid 2] [client 203.0.113.9:43210] AH1: x",
        "2026-11-20 22:41:07.123 UTC [1234] a@b FATAL:  password authentication failed for user \"a\"",
        "2026-11-20T22:41:07Z 12 [Note] [MY-1] [Server] Access denied for user 'a'@'203.0.113.9' (using password: YES)",
        "Nov 20 22:41:07 h mysqld[5]: [Note] Access denied for user 'a'@'203.0.113.9' (using password: YES)",
        "<13>Nov 20 22:41:07 h postgres[5]: [1-1] a@b ERROR:  x",
        "node=web-1 type=EXECVE msg=audit(1796000000.123:456): argc=2 a0=\"ls\" a1=C3A9 a1=\"x\" key=610162",
        "Nov 20 22:41:07 h kernel: audit: type=1300 audit(1796000000.123:456): uid=0 pid=7 comm=\"ls\" success=no",
        "",
        "täglich\u{1}",
    ] {
        assert_same(&format!("{line}\n"));
    }
}

#[test]
fn a_field_only_filter_drops_and_hurries() {
    let pipeline = Pipeline::new(Decoder::new(Codec::Auto, TimeZone::UTC))
        .with_drop(["http.status:200".parse().unwrap()])
        .with_at_once(Some("log.level:>=error".parse().unwrap()));
    let (dropped, at_once) = batch(&pipeline, b"{\"http\":{\"status\":200},\"level\":\"error\"}\n");
    assert!(!at_once);
    let (read, _) = watchpost_event::Batch::read(&dropped).unwrap();
    assert_eq!((read.header.events, read.header.dropped.get("filter")), (0, Some(&1)));
    let (_, at_once) = batch(&pipeline, b"{\"http\":{\"status\":500},\"level\":\"error\"}\n");
    assert!(at_once);
}

fn any_json() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        "[a-c]{1,2}",
        Just("level".to_owned()),
        Just("time".to_owned()),
        Just("message".to_owned()),
        Just("log.level".to_owned()),
        Just("a.b".to_owned()),
        Just("watchpost".to_owned()),
        Just("\\u0061".to_owned()),
    ];
    let scalar = prop_oneof![
        "\"[a-z ]{0,12}(\\\\[\"\\\\/bfnrt])?(\\\\u00[0-9a-f]{2})?[^\"\\\\\n\r]{0,3}\"",
        "-?[0-9]{1,20}",
        "-?[0-9]{1,3}\\.[0-9]{0,3}([eE][+-]?[0-9]{1,3})?",
        Just("true".to_owned()),
        Just("null".to_owned()),
        Just("\"error\"".to_owned()),
        Just("\"2026-01-02T03:04:05Z\"".to_owned()),
        Just("tru".to_owned()),
    ];
    let value = scalar.prop_recursive(4, 40, 5, move |inner| {
        let members = proptest::collection::vec((name.clone(), "[ ]?", inner.clone()), 0..5);
        let object = members.prop_map(|members| {
            let members: Vec<String> = members.iter().map(|(n, s, v)| format!("\"{n}\":{s}{v}{s}")).collect();
            format!("{{{}}}", members.join(","))
        });
        let array = proptest::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(",")));
        prop_oneof![3 => object, 1 => array]
    });
    let special = "level|time|ts|message|msg|log";
    let objects = proptest::collection::vec(("[a-c]", value.clone()), 1..3).prop_map(|members| {
        let objects: Vec<String> = members.iter().map(|(n, v)| format!("{{\"{n}\":{v}}}")).collect();
        format!("[{}]", objects.join(","))
    });
    let told = prop_oneof![
        Just("\"warn\"".to_owned()),
        Just("\"2026-01-02T03:04:05Z\"".to_owned()),
        Just("4".to_owned())
    ];
    let written = |(name, value): (String, String)| format!("\"{name}\":{value}");
    let member = prop_oneof![
        4 => ("[a-c]|level|time|ts|msg|log", value).prop_map(written),
        1 => (special, told.clone()).prop_map(written),
        1 => (special, objects, told).prop_map(|(name, objects, told)| {
            format!("\"{name}\":{objects},\"{name}\":{told}")
        }),
    ];
    proptest::collection::vec(member, 0..6).prop_map(|members| format!("{{{}}}", members.join(",")))
}

proptest! {
    #[test]
    fn any_object(text in any_json()) {
        assert_same(&format!("{text}\n"));
    }

    #[test]
    fn any_text(text: String) {
        assert_same(&text);
        assert_same(&format!("{{{text}}}\n"));
    }
}
