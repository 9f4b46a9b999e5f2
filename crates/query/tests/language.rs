//! Limits, hints, how errors look, and what stores read from the tree.
#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::json;
use watchpost_event::Timestamp;
use watchpost_query::{
    Expr, FieldTest, GlobPiece, Key, Necessary, Query, Range, TextTest, field_value_key, necessary, parse, time_bounds,
};

fn word(text: &str) -> Necessary {
    Necessary::Key(Key::Word(text.to_owned()))
}

fn value(name: &str, value: &str) -> Necessary {
    let (name, value) = (name.to_owned(), value.to_owned());
    Necessary::Key(Key::FieldValue { name, value })
}

fn keys(query: &str) -> Necessary {
    necessary(parse(query).unwrap().expr())
}

#[test]
fn limits_are_told() {
    let refused = |text: &str| parse(text).unwrap_err().message;
    let deep = |n: usize| format!("{}a{}", "(".repeat(n), ")".repeat(n));
    assert!(parse(&deep(64)).is_ok());
    assert!(refused(&deep(65)).contains("deeper than 64"));
    assert!(refused(&"NOT ".repeat(65)).contains("deeper than 64"));
    assert!(parse(&"a ".repeat(1000)).is_ok());
    assert!(refused(&"a ".repeat(1001)).contains("more than 1000 terms"));
    assert!(parse(&"a".repeat(16 * 1024)).is_ok());
    assert!(refused(&"a".repeat(16 * 1024 + 1)).contains("at most 16384"));
    assert!(parse(&format!("x:~/{}/", "a".repeat(1000))).is_ok());
    assert!(refused(&format!("x:~/{}/", "a".repeat(1001))).contains("at most 1000"));
}

#[test]
fn errors_show_the_place() {
    let error = parse("host.name:web-1 bytes:>abc").unwrap_err();
    assert_eq!(
        (error.at, error.len, error.query()),
        (23, 3, "host.name:web-1 bytes:>abc")
    );
    let expected = "\"abc\" has no order: compare with a number, a date (2026-11-20) or an IP address\n  \
                    host.name:web-1 bytes:>abc\n                         ^^^";
    assert_eq!(error.to_string(), expected);
    // At the end of the query one caret stands behind it; a long beginning is cut.
    let error = parse(&format!("{}\n (привет", "long ".repeat(50))).unwrap_err();
    let lines: Vec<String> = error.to_string().lines().map(str::to_owned).collect();
    assert!(
        lines[1].starts_with("  …") && lines[1].ends_with("(привет"),
        "{lines:?}"
    );
    let place = lines[2].chars().count() - 1;
    assert_eq!(lines[1].chars().nth(place), Some('('));
}

#[test]
fn hints_tell_what_may_be_meant_otherwise() {
    let hints = |text: &str| parse(text).unwrap().hints().to_vec();
    let found = hints("a and b or not c");
    assert_eq!(found.iter().map(|hint| hint.at).collect::<Vec<_>>(), [2, 8, 11]);
    assert!(found[0].message.contains("AND"));
    assert_eq!(hints(r"file.path:C:\Users\*")[0].at, 18);
    assert!(hints(r#"a AND "and" OR NOT user.name:or file.path:C:\\Users\\*"#).is_empty());
}

#[test]
fn the_tree_has_the_documented_shapes() {
    let expr = |text: &str| parse(text).unwrap().expr().clone();
    assert_eq!(expr("a b AND c"), expr("(a AND b c)"));
    assert!(matches!(expr("a b OR c"), Expr::Or(any) if matches!(&any[0], Expr::And(all) if all.len() == 2)));
    assert!(matches!(expr("message:User-Na*"),
        Expr::Text(TextTest::Prefix { before, prefix }) if before[0].as_str() == "user" && prefix.as_str() == "na"));
    assert!(matches!(expr("message:10.0.0.7"), Expr::Text(TextTest::Word(word)) if word.is_address()));
    assert!(matches!(
        expr("@timestamp:<1970"),
        Expr::Field {
            test: FieldTest::Range(Range::Time(None, Some(Timestamp(-1)))),
            ..
        }
    ));
    let Expr::Field {
        test: FieldTest::Wildcard(glob),
        ..
    } = expr("p:/A/**/*.log")
    else {
        panic!("a pattern")
    };
    let text = |text: &str| GlobPiece::Text(text.to_owned());
    assert_eq!(
        glob.pieces(),
        [
            text("/a/"),
            GlobPiece::StarStar,
            text("/"),
            GlobPiece::Star,
            text(".log")
        ]
    );
}

#[test]
fn necessary_keys_are_as_many_as_can_be_known() {
    assert_eq!(keys("Error"), word("error"));
    assert_eq!(keys("a b"), Necessary::All(vec![word("a"), word("b")]));
    assert_eq!(
        keys("a OR user-name"),
        Necessary::Any(vec![word("a"), Necessary::All(vec![word("user"), word("name")])])
    );
    assert_eq!(keys("a NOT b message:~/c/"), word("a"));
    assert_eq!(keys("a OR NOT b"), Necessary::Anything);
    assert_eq!(keys("fail*"), Necessary::Key(Key::Prefix("fail".to_owned())));
    assert_eq!(keys("FE80:0::1"), word("fe80::1"));
    assert_eq!(keys("user.name:Root"), value("user.name", "root"));
    assert_eq!(keys("x:5"), value("x", "5"));
    assert_eq!(keys("x:5.0"), Necessary::Any(vec![value("x", "5.0"), value("x", "5")]));
    assert_eq!(keys("ip:10.0.0.7/32"), value("ip", "10.0.0.7"));
    assert_eq!(keys("log.level:warn"), value("log.level", "warning"));
    assert_eq!(
        keys("log.level:>=crit"),
        Necessary::Any(vec![value("log.level", "critical"), value("log.level", "emergency")])
    );
    for open in [
        "*",
        "x:*",
        "x:>5",
        "x:a*",
        "x:~/a/",
        "ip:10.0.0.0/8",
        "event.severity:error",
        "@timestamp:2026",
    ] {
        assert_eq!(keys(open), Necessary::Anything, "{open}");
    }
}

#[test]
fn field_keys_are_canonical() {
    let key = |name: &str, value: serde_json::Value| field_value_key(name, &value);
    for one in [json!(1), json!(1.0), json!("1")] {
        assert_eq!(key("x", one).as_deref(), Some("1"));
    }
    assert_eq!(key("x", json!("1.0")).as_deref(), Some("1.0"));
    assert_eq!(key("x", json!(-0.0)).as_deref(), Some("0"));
    assert_eq!(key("x", json!("ÄPFEL")).as_deref(), Some("äpfel"));
    assert_eq!(key("x", json!(true)).as_deref(), Some("true"));
    assert_eq!(key("x", json!("2001:DB8:0::1")).as_deref(), Some("2001:db8::1"));
    assert_eq!(key("x", json!("::ffff:10.0.0.7")).as_deref(), Some("10.0.0.7"));
    assert_eq!(
        key("x", json!("00-1A-2B-3C-4D-5E")).as_deref(),
        Some("00:1a:2b:3c:4d:5e")
    );
    assert_eq!(key("log.level", json!("ERR")).as_deref(), Some("error"));
    assert_eq!(key("user.name", json!("ERR")).as_deref(), Some("err"));
    assert_eq!(key("rule.level", json!("critical")).as_deref(), Some("emergency"));
    for nothing in [json!(null), json!([1]), json!({"a": 1})] {
        assert_eq!(key("x", nothing), None);
    }
}

#[test]
fn time_bounds_come_from_every_and() {
    let at = |text: &str| Some(text.parse::<Timestamp>().unwrap());
    let bounds = |text: &str| time_bounds(parse(text).unwrap().expr());
    assert_eq!(bounds("error"), (None, None));
    assert_eq!(
        bounds("error @timestamp:>=2026-11-20"),
        (at("2026-11-20T00:00:00Z"), None)
    );
    let day = (at("2026-11-20T00:00:00Z"), at("2026-11-20T23:59:59.999999999Z"));
    assert_eq!(bounds("@timestamp:2026-11-20"), day);
    assert_eq!(bounds("@timestamp:>=2026-11 (@timestamp:2026-11-20 a)"), day);
    assert_eq!(
        bounds("@timestamp:2026-11-20T10 OR @timestamp:<2026-11-20T10"),
        (None, at("2026-11-20T10:59:59.999999999Z"))
    );
    assert_eq!(bounds("@timestamp:2026-11-20 OR a"), (None, None));
    assert_eq!(bounds("NOT @timestamp:2026-11-20"), (None, None));
}

#[test]
fn times_are_read_to_their_last_digit() {
    let bounds = |text: &str| time_bounds(parse(&format!("@timestamp:\"{text}\"")).unwrap().expr());
    for (text, first, last) in [
        ("2024-02", "2024-02-01T00:00:00Z", "2024-02-29T23:59:59.999999999Z"),
        ("2026-12", "2026-12-01T00:00:00Z", "2026-12-31T23:59:59.999999999Z"),
        (
            "2026-11-20T22:41+0300",
            "2026-11-20T19:41:00Z",
            "2026-11-20T19:41:59.999999999Z",
        ),
        (
            "2026-11-20 22:41:07-03",
            "2026-11-21T01:41:07Z",
            "2026-11-21T01:41:07.999999999Z",
        ),
        (
            "2026-11-20t22:41:07.12z",
            "2026-11-20T22:41:07.120Z",
            "2026-11-20T22:41:07.129999999Z",
        ),
        (
            "1969-12-31T23:59:59.999999999",
            "1969-12-31T23:59:59.999999999Z",
            "1969-12-31T23:59:59.999999999Z",
        ),
    ] {
        assert_eq!(bounds(text), (first.parse().ok(), last.parse().ok()), "{text}");
    }
    for text in [
        "2026-02-29",
        "2026-11-20T24:00",
        "1500",
        "9999",
        "2026-11-20T10:00+25:00",
    ] {
        assert!(
            parse(&format!("@timestamp:\"{text}\""))
                .unwrap_err()
                .message
                .contains("no time"),
            "{text}"
        );
    }
    for text in [
        "26-11-20",
        "2026-1-2",
        "2026-11-20T",
        "2026-11-20T10:00:00.",
        "2026-11-20x",
        "2026-11-20T10:00:00.1234567890",
    ] {
        assert!(
            parse(&format!("@timestamp:\"{text}\""))
                .unwrap_err()
                .message
                .contains("not a time"),
            "{text}"
        );
    }
}

#[test]
fn queries_travel_as_their_text() {
    let query: Query = serde_json::from_value(json!("error -debug")).unwrap();
    assert_eq!(serde_json::to_value(&query).unwrap(), json!("error -debug"));
    assert_eq!(query, "(error) NOT debug".parse().unwrap());
    assert_eq!(Query::default(), parse("  ").unwrap());
    assert!(
        serde_json::from_value::<Query>(json!("error AND"))
            .unwrap_err()
            .to_string()
            .contains("missing after AND")
    );
}
