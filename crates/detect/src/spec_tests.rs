//! Every modifier and every form of a detection and a condition of the Sigma specification: what it finds, and what not.

#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};
use watchpost_event::{AgentId, Epoch, Event, Fields, LogSource, Origin, StreamId, Timestamp, View};

use crate::{Correlator, Disabled, Problem, RuleText, Rules};

const SECOND: i64 = 1_000_000_000;

fn origin() -> Origin {
    let mut fields = Fields::new();
    let source = LogSource {
        product: Some("p".into()),
        ..LogSource::default()
    };
    source.put(&mut fields);
    Origin {
        agent: AgentId::new("a").unwrap(),
        stream: StreamId::new("s").unwrap(),
        epoch: Epoch(1),
        fields,
    }
}

fn event(fields: &Value) -> Event {
    let mut event = Event::new(Timestamp(0), 1, "");
    event.fields = Fields::from_object(fields.as_object().unwrap().clone());
    if let Some(message) = event.fields.remove("message") {
        message.as_str().unwrap().clone_into(&mut event.message);
    }
    event
}

fn rule(detection: &str) -> String {
    format!(
        "title: T\nid: 7a9f3a52-1111-4000-8000-000000000001\nname: t\nlogsource: {{ product: p }}\ndetection:\n{detection}\nlevel: low\n"
    )
}

fn compile(text: &str) -> (Rules, Vec<Problem>) {
    Rules::compile(&[RuleText::new("a.yml", text)])
}

fn matches(rules: &Rules, fields: &Value) -> bool {
    let (event, origin) = (event(fields), origin());
    !rules
        .matches(
            &View {
                event: &event,
                origin: &origin,
            },
            Timestamp(0),
        )
        .is_empty()
}

/// One selection, flow YAML or lines of it.
fn check(selection: &str, found: &[Value], passed: &[Value]) {
    check_all(&format!("  a: {selection}\n  condition: a"), found, passed);
}

fn check_all(detection: &str, found: &[Value], passed: &[Value]) {
    let (rules, problems) = compile(&rule(detection));
    assert!(problems.is_empty(), "{detection}\n{problems:?}");
    for event in found {
        assert!(matches(&rules, event), "{detection}\nmisses {event}");
    }
    for event in passed {
        assert!(!matches(&rules, event), "{detection}\nfinds {event}");
    }
}

/// It is named, as something that is not built, and no part of the set.
fn refused(detection: &str, why: &str) {
    let (rules, problems) = compile(&rule(detection));
    assert!(rules.is_empty(), "{detection}");
    assert!(
        problems.len() == 1 && problems[0].unsupported,
        "{detection}\n{problems:?}"
    );
    assert!(problems[0].message.contains(why), "{problems:?}");
}

fn f(value: impl Into<Value>) -> Value {
    json!({ "f": value.into() })
}

#[test]
fn text_is_compared_whole_without_regard_to_case() {
    check(
        "{ f: Value }",
        &[f("value"), f("VALUE")],
        &[f("value "), f("a value"), f(""), json!({}), f(1)],
    );
    check("{ f: ЖУК }", &[f("жук")], &[f("жуки")]);
    check("{ f|contains: b }", &[f("abc"), f("B")], &[f("ac"), json!({})]);
    check("{ f|startswith: ab }", &[f("abc"), f("AB")], &[f("cab")]);
    check(
        "{ f|endswith: '\\cmd.exe' }",
        &[f("C:\\CMD.EXE")],
        &[f("C:\\xcmd.exe"), f("cmd.exe")],
    );
    check(
        "{ f|contains|all: [a, b, c] }",
        &[f("cba"), f("x A b C")],
        &[f("ab"), f("")],
    );
    check("{ f|cased: Value }", &[f("Value")], &[f("value")]);
    check("{ f|contains|cased: B }", &[f("aBc")], &[f("abc")]);
    check("{ f|startswith|cased: Ab }", &[f("Abc")], &[f("abc")]);
    check("{ f|endswith|cased: Bc }", &[f("aBc")], &[f("abc")]);
    check("{ f|neq: a }", &[f("b"), f(1)], &[f("a"), f("A")]);
    check("{ f|neq: [a, 'b*'] }", &[f("c")], &[f("a"), f("bcd")]);
}

#[test]
fn wildcards_stand_for_any_characters() {
    check("{ f: 'a*c' }", &[f("ac"), f("abc"), f("A\n\nC")], &[f("acd"), f("bac")]);
    check("{ f: 'a?c' }", &[f("abc"), f("a\nc"), f("aжc")], &[f("ac"), f("abbc")]);
    check(
        "{ f: '*\\c?d.exe' }",
        &[f("C:\\cmd.exe")],
        &[f("C:\\cmmd.exe"), f("cmd.exe")],
    );
    check("{ f: '*b*' }", &[f("abc"), f("x\nb\ny")], &[f("ac")]);
    check("{ f: 'b*' }", &[f("bc"), f("b")], &[f("ab")]);
    check("{ f: '*b' }", &[f("ab"), f("b")], &[f("bc")]);
    check("{ f: '*' }", &[f("a"), f("a\nb")], &[json!({}), f(Value::Null)]);
    check("{ f|contains: 'a*c' }", &[f("xxaxxcxx")], &[f("xxcxxa")]);
    check("{ f|startswith: 'a?c' }", &[f("abcd")], &[f("xabc")]);
    check("{ f|endswith: 'a*c' }", &[f("xabc")], &[f("abcx")]);
    check("{ f|startswith: '*b' }", &[f("ab")], &[f("ac")]);
    check("{ f|cased: 'A*C' }", &[f("AbC")], &[f("abc")]);
    // Escaped, they are themselves; a backslash before anything else is one.
    check("{ f: 'a\\*c' }", &[f("a*c")], &[f("abc")]);
    check("{ f: 'a\\?c' }", &[f("a?c")], &[f("abc")]);
    check("{ f: 'a\\\\*' }", &[f("a\\"), f("a\\b")], &[f("a*")]);
    check("{ f: 'C:\\Windows' }", &[f("c:\\windows")], &[f("C:Windows")]);
    check(
        "{ f|contains: '(a.b)[c]{d}+^$|' }",
        &[f("x(a.b)[c]{d}+^$|x")],
        &[f("(axb)[c]{d}+^$|")],
    );
    check("{ f|contains: 'a.b*c[d' }", &[f("a.bxc[d")], &[f("aab c[d")]);
    check(
        "{ f|contains|all: ['a*b', c] }",
        &[f("c axb")],
        &[f("axb"), f("c ab-".replace('b', "x"))],
    );
}

#[test]
fn patterns_are_regular_expressions() {
    check("{ f|re: 'a.c' }", &[f("xabcx")], &[f("ABC"), f("a\nc")]);
    check("{ f|re|i: 'a.c' }", &[f("ABC")], &[f("ac")]);
    check("{ f|re|m: '^b$' }", &[f("a\nb\nc")], &[f("ab")]);
    check("{ f|re|s: 'a.c' }", &[f("a\nc")], &[f("A\nc")]);
    check("{ f|re|i|m|s: '^A.*C$' }", &[f("x\na\nc\nx")], &[f("x a c")]);
    check(
        "{ f|re: '^C:\\\\[a-z]+\\.exe$' }",
        &[f("C:\\cmd.exe")],
        &[f("C:cmd.exe"), f("C:\\cmdexe")],
    );
    check("{ f|re: ['^a', 'b$'] }", &[f("ax"), f("xb")], &[f("xax")]);
    check("{ f|re|all: ['^a', 'b$'] }", &[f("axb")], &[f("ax"), f("xb")]);
    check("{ f|re: '\\d{3}' }", &[f(1234)], &[f(12)]);
}

#[test]
fn networks_and_numbers() {
    check(
        "{ f|cidr: 10.0.0.0/8 }",
        &[f("10.1.2.3")],
        &[f("11.1.2.3"), f("x"), f("::1")],
    );
    check(
        "{ f|cidr: [192.168.0.0/16, '2001:db8::/32'] }",
        &[f("2001:db8::1"), f("192.168.9.9")],
        &[f("2001:db9::1")],
    );
    check("{ f|cidr: '::1/128' }", &[f("::1")], &[f("::2")]);
    check(
        "{ f|lt: 5 }",
        &[f(4), f("4"), f(4.5), f(-1)],
        &[f(5), f("x"), json!({})],
    );
    check("{ f|lte: 5 }", &[f(5)], &[f(6)]);
    check("{ f|gt: 5 }", &[f(6), f("6")], &[f(5)]);
    check("{ f|gte: 5.5 }", &[f(5.5)], &[f(5.4)]);
    check("{ f: 5 }", &[f(5), f("5"), f(5.0)], &[f(55), f("5x")]);
    check("{ f: '5' }", &[f(5), f("5")], &[f(55)]);
    check("{ f: [1, '2'] }", &[f(1), f("1"), f(2), f("2")], &[f(12)]);
    check("{ f|contains: 5 }", &[f(151), f("a5")], &[f(1)]);
    check("{ f: true }", &[f(true), f("true")], &[f(false), f("x")]);
    check("{ f: 'true' }", &[f(true), f("True")], &[f(false)]);
}

#[test]
fn something_nothing_and_the_empty() {
    check("{ f|exists: true }", &[f("a"), f("")], &[json!({}), f(Value::Null)]);
    check("{ f|exists: false }", &[json!({}), f(Value::Null)], &[f("")]);
    check("{ f: null }", &[json!({}), f(Value::Null)], &[f(""), f("null")]);
    check("{ f: '' }", &[f("")], &[json!({}), f("a")]);
    check("{ f: [null, ''] }", &[json!({}), f("")], &[f("a")]);
    check(
        "{ f: ['', null, a] , g: 1 }",
        &[json!({"g": 1}), json!({"f": "a", "g": 1})],
        &[json!({}), json!({"f": "b", "g": 1})],
    );
    check_all(
        "  a: { g: 1 }\n  filter: { f: [null, '-'] }\n  condition: a and not filter",
        &[json!({"g": 1, "f": "x"})],
        &[json!({"g": 1}), json!({"g": 1, "f": "-"})],
    );
}

#[test]
fn encodings() {
    // "foobar" in base64, alone and in the middle of something.
    check("{ f|base64: foobar }", &[f("Zm9vYmFy")], &[f("foobar"), f("xZm9vYmFy")]);
    check("{ f|base64|contains: foobar }", &[f("x Zm9vYmFy x")], &[f("foobar")]);
    let inside = [
        "eCBmb29iYXIu",
        "eHggZm9vYmFyLg==",
        "eHh4IGZvb2Jhci4=",
        "Zm9vYmFy",
        "eGZvb2Jhcg==",
    ];
    check(
        "{ f|base64offset|contains: foobar }",
        &inside.map(f),
        &[f("foobar"), f("Zm9vYmF6")],
    );
    // Of a text that is no multiple of three bytes long, what follows changes the last character.
    let followed = [
        "L2Jpbi9iYXNo",
        "IC9iaW4vYmFzaCAtaQ==",
        "eHgvYmluL2Jhc2ggLWk=",
        "eC9iaW4vYmFzaC1p",
    ];
    check(
        "{ f|base64offset|contains: /bin/bash }",
        &followed.map(f),
        &[f("L2Jpbi9iYXN4")],
    );
    check(
        "{ f|base64offset|contains: /bin/sh }",
        &[f("L2Jpbi9zaAo="), f("eC9iaW4vc2ggLWk=")],
        &[f("L2Jpbi9zeA==")],
    );
    check(
        "{ f|base64offset|contains: [foobar, /bin/sh] }",
        &[f("Zm9vYmFy"), f("L2Jpbi9zaAo=")],
        &[f("eA==")],
    );
    // "ls" in UTF-16, little-endian, with its mark, and big-endian.
    check("{ f|wide|base64: ls }", &[f("bABzAA==")], &[f("bHM="), f("AGwAcw==")]);
    check("{ f|utf16le|base64: ls }", &[f("bABzAA==")], &[f("bHM=")]);
    check("{ f|utf16be|base64: ls }", &[f("AGwAcw==")], &[f("bABzAA==")]);
    check("{ f|utf16|base64: ls }", &[f("//5sAHMA")], &[f("bABzAA==")]);
    check(
        "{ f|wide|base64offset|contains: IEX }",
        &[f("SQBFAFgAIAAoAE4AZQB3"), f("ACAASQBFAFgAIAA=")],
        &[f("SUVYIChOZXc=")],
    );
    refused("  a: { f|wide: x }\n  condition: a", "UTF-16");
    refused("  a: { f|utf16be|contains: x }\n  condition: a", "UTF-16");
    refused("  a: { f|base64: 'x*' }\n  condition: a", "no wildcards");
    refused("  a: { f|base64offset|contains: 'x?' }\n  condition: a", "no wildcards");
}

#[test]
fn any_dash_begins_an_option() {
    let forms = [
        "a -enc b",
        "a /enc b",
        "a \u{2013}enc b",
        "a \u{2014}ENC b",
        "a \u{2015}enc b",
    ];
    check(
        "{ f|windash|contains: ' -enc ' }",
        &forms.map(f),
        &[f("a enc b"), f("a +enc b")],
    );
    check("{ f|windash|contains: ' /enc ' }", &forms.map(f), &[f("a enc b")]);
    check("{ f|contains|windash: ' -enc ' }", &forms.map(f), &[f("a enc b")]);
    check("{ f|windash|contains: ['-x', '-y'] }", &[f("/x"), f("a -y")], &[f("x")]);
    check(
        "{ f|windash|contains|all: ['-x', '-y'] }",
        &[f("/x -y"), f("-x /y")],
        &[f("/x"), f("-y y")],
    );
    check(
        "{ f|windash: '*-x*y' }",
        &[f("a /x b y"), f("-xy")],
        &[f("xy"), f("-x")],
    );
    // Not within a word.
    check("{ f|windash|contains: '-a-b' }", &[f("/a-b")], &[f("-a/b")]);
    check(
        "{ f|windash|contains: '-a -b -c -d -e' }",
        &[f("-a -b -c -d -e"), f("/a /b /c /d /e")],
        &[f("a b c d e")],
    );
}

#[test]
fn fields_are_compared_with_fields() {
    let g = |f: &str, g: &str| json!({ "f": f, "g": g });
    check(
        "{ f|fieldref: g }",
        &[g("a", "a"), g("a", "A"), json!({"f": 1, "g": "1"})],
        &[g("a", "b"), f("a"), json!({})],
    );
    check("{ f|cased|fieldref: g }", &[g("a", "a")], &[g("a", "A")]);
    check("{ f|fieldref|startswith: g }", &[g("abc", "ab")], &[g("ab", "abc")]);
    check("{ f|fieldref|endswith: g }", &[g("abc", "bc")], &[g("abc", "ab")]);
    check("{ f|fieldref|contains: g }", &[g("abc", "b")], &[g("b", "abc")]);
}

#[test]
fn parts_of_a_moment() {
    let at = f("2026-11-22T03:45:10Z");
    for (part, number) in [
        ("minute", 45),
        ("hour", 3),
        ("day", 22),
        ("week", 47),
        ("month", 11),
        ("year", 2026),
    ] {
        check(
            &format!("{{ f|{part}: {number} }}"),
            std::slice::from_ref(&at),
            &[f("2020-01-01T01:01:01Z"), f("x"), json!({})],
        );
    }
    check("{ '@timestamp|hour': [0, 3] }", &[json!({})], &[]);
    check("{ '@timestamp|hour': 5 }", &[], &[json!({})]);
}

#[test]
fn placeholders_are_refused() {
    refused("  a: { f|expand: '%admins%' }\n  condition: a", "placeholders");
    refused(
        "  a: [{ g: 1 }, { f|expand|contains: '%x%' }]\n  condition: a",
        "placeholders",
    );
}

#[test]
fn elements_of_lists_are_looked_at_one_by_one() {
    check(
        "{ f: b }",
        &[f(json!(["a", "b"]))],
        &[f(json!(["a", "bb"])), f(json!([]))],
    );
    check(
        "{ f|contains|all: [a, b] }",
        &[f(json!(["xa", "bx"])), f("ab")],
        &[f(json!(["a", "c"]))],
    );
    check("{ f|gt: 5 }", &[f(json!([1, 9]))], &[f(json!([1, 2]))]);
    let third = |selection: &str| rule(&format!("  a: {selection}\n  condition: a")) + "sigma-version: 3\n";
    let (rules, problems) = compile(&third("{ 'f[any]|startswith': b }"));
    assert!(problems.is_empty(), "{problems:?}");
    assert!(matches(&rules, &f(json!(["a", "bc"]))) && !matches(&rules, &f(json!(["a", "cb"]))));
    let (rules, problems) = compile(&third("{ 'f[any]': { ip: 1, port: 2 } }"));
    assert!(rules.is_empty() && problems[0].unsupported, "{problems:?}");
}

#[test]
fn selections_are_maps_lists_and_words() {
    let ab = |a: u8, b: u8| json!({ "a": a, "b": b });
    check("{ a: 1, b: 2 }", &[ab(1, 2)], &[ab(1, 1), ab(2, 2)]);
    check("{ a: [1, 2], b: 2 }", &[ab(1, 2), ab(2, 2)], &[ab(3, 2)]);
    check("[{ a: 1 }, { b: 2 }]", &[ab(1, 1), ab(2, 2)], &[ab(2, 1)]);
    check("[{ a: 1, b: 1 }, { a: 2, b: 2 }]", &[ab(1, 1), ab(2, 2)], &[ab(1, 2)]);
    let said = |text: &str| json!({ "message": text });
    check(
        "[one, two]",
        &[
            said("there is ONE"),
            said("twos"),
            json!({"x": "one"}),
            json!({"x": ["two"]}),
        ],
        &[said("three")],
    );
    check(
        "['a*c', 4625]",
        &[said("xabcx"), said("xa\ncx"), said("id 4625")],
        &[said("ca 462")],
    );
    check("word", &[said("a word")], &[said("x")]);
    check(
        "{ '|all': [one, two] }",
        &[said("two and one"), json!({"x": "one", "y": "two"})],
        &[said("one"), said("two")],
    );
    check("{ '|re': 'o[nm]e' }", &[said("an ome")], &[said("ONE"), said("owe")]);
    check("['a', { b: 2 }]", &[said("xax"), json!({"b": 2})], &[said("x")]);
}

#[test]
fn conditions() {
    let on = |names: &[&str]| Value::Object(names.iter().map(|name| ((*name).to_owned(), json!(1))).collect());
    let base = "  sel_a: { a: 1 }\n  sel_b: { b: 1 }\n  filter: { c: 1 }\n  _hidden: { d: 1 }\n  condition: ";
    let check = |condition: &str, found: &[&[&str]], passed: &[&[&str]]| {
        let values = |sets: &[&[&str]]| sets.iter().map(|set| on(set)).collect::<Vec<_>>();
        check_all(&format!("{base}{condition}"), &values(found), &values(passed));
    };
    check("sel_a and sel_b", &[&["a", "b"]], &[&["a"], &["b"], &[]]);
    check("sel_a or sel_b", &[&["a"], &["b"]], &[&["c"]]);
    check("not sel_a", &[&["b"], &[]], &[&["a"]]);
    check("sel_a and not filter", &[&["a"]], &[&["a", "c"]]);
    // not before and before or
    check("sel_a or sel_b and filter", &[&["a"], &["b", "c"]], &[&["b"], &["c"]]);
    check("not sel_a and sel_b", &[&["b"]], &[&["a", "b"], &[]]);
    check("(sel_a or sel_b) and filter", &[&["a", "c"]], &[&["a"], &["a", "b"]]);
    check(
        "sel_a and not (sel_b or filter)",
        &[&["a"]],
        &[&["a", "b"], &["a", "c"]],
    );
    check(
        "SEL_A AND NOT FILTER".to_lowercase().as_str(),
        &[&["a"]],
        &[&["a", "c"]],
    );
    check("1 of sel_*", &[&["a"], &["b"]], &[&["c"]]);
    check("any of sel_*", &[&["a"], &["b"]], &[&["c"]]);
    check("all of sel_*", &[&["a", "b"]], &[&["a"]]);
    check("1 of them", &[&["a"], &["c"]], &[&["d"], &[]]);
    check("all of them", &[&["a", "b", "c"]], &[&["a", "b"], &["a", "b", "d"]]);
    check("sel_a and not 1 of filter*", &[&["a"]], &[&["a", "c"]]);
    check("sel_a and not 1 of other*", &[&["a"]], &[&["b"]]);
    check("[sel_a, sel_b and filter]", &[&["a"], &["b", "c"]], &[&["b"]]);
    check("_hidden", &[&["d"]], &[&["a"]]);
    refused(&format!("{base}all of other*"), "all of something");
    refused("  a: { b: 1 }\n  timeframe: 5m\n  condition: a", "correlation");
    for wrong in ["sel_c", "sel_a and", "sel_a | count() > 5", "2"] {
        let (rules, problems) = compile(&rule(&format!("{base}{wrong}")));
        assert!(rules.is_empty() && !problems.is_empty(), "{wrong}");
    }
    let (rules, problems) = compile(&rule("  a: { f|like: x }\n  condition: a"));
    assert!(rules.is_empty() && !problems.is_empty());
}

const FILTER: &str = "
title: Not ours
logsource: { product: p }
filter:
  rules: [RULES]
  selection: { user: admin }
  service: { user: backup }
  condition: CONDITION
";

fn with_filter(rules: &str, condition: &str) -> (Rules, Vec<Problem>) {
    let filter = FILTER.replace("RULES", rules).replace("CONDITION", condition);
    let own = rule("  selection: { f: 1 }\n  condition: 1 of *");
    Rules::compile(&[RuleText::new("filter.yml", filter), RuleText::new("a.yml", own)])
}

#[test]
fn a_filter_is_added_to_the_rules_it_names() {
    let by = |user: &str| json!({ "f": 1, "user": user });
    for named in ["t", "T", "7a9f3a52-1111-4000-8000-000000000001"] {
        let (rules, problems) = with_filter(named, "not selection");
        assert!(problems.is_empty(), "{problems:?}");
        assert!(
            matches(&rules, &by("anna")) && !matches(&rules, &by("admin")),
            "{named}"
        );
        assert!(matches(&rules, &by("backup")) && !matches(&rules, &json!({ "user": "anna" })));
    }
    for condition in ["not 1 of them", "not (selection or service)", "not 1 of s*"] {
        let (rules, problems) = with_filter("t", condition);
        assert!(problems.is_empty(), "{problems:?}");
        assert!(matches(&rules, &by("anna")), "{condition}");
        assert!(
            !matches(&rules, &by("admin")) && !matches(&rules, &by("backup")),
            "{condition}"
        );
    }
    let any = FILTER.replace("[RULES]", "any").replace("CONDITION", "not selection");
    let other = rule("  selection: { f: 1 }\n  condition: selection").replace("product: p", "category: c");
    let texts = [
        any,
        rule("  selection: { f: 1 }\n  condition: selection"),
        other.replace("-000000000001", "-000000000002"),
    ];
    let (rules, problems) = Rules::compile(&texts.map(|text| RuleText::new("a.yml", text)));
    assert!(problems.is_empty(), "{problems:?}");
    assert!(!matches(&rules, &by("admin")) && matches(&rules, &by("anna")));
}

#[test]
fn a_filter_for_a_rule_that_is_not_there_is_named() {
    let (rules, problems) = with_filter("nobody, t", "not selection");
    assert_eq!(rules.len(), 1);
    assert!(!matches(&rules, &json!({ "f": 1, "user": "admin" })));
    assert_eq!(problems.len(), 1);
    assert_eq!(
        problems[0].to_string(),
        "filter.yml: rule \"Not ours\": it is for rule \"nobody\", which is not there"
    );
    let elsewhere = FILTER
        .replace("RULES", "t")
        .replace("CONDITION", "not selection")
        .replace("product: p", "product: q");
    let own = rule("  selection: { f: 1 }\n  condition: selection");
    let (_, problems) = Rules::compile(&[RuleText::new("filter.yml", elsewhere), RuleText::new("a.yml", own)]);
    assert!(problems[0].message.contains("logsource"), "{problems:?}");
}

#[test]
fn rules_that_are_switched_off_find_nothing() {
    let own = rule("  selection: { f: 1 }\n  condition: selection");
    let counted = "title: Counted\nid: 7a9f3a52-1111-4000-8000-000000000003\ncorrelation:\n  type: event_count\n  rules: [t]\n  \
        group-by: [user]\n  timespan: 1m\n  condition: { gte: 2 }\nlevel: high\n";
    let texts = [RuleText::new("a.yml", own), RuleText::new("b.yml", counted)];
    let off = |key: &str| Rules::compile_without(&texts, &Disabled::new([key]));
    let (rules, problems) = off("somebody else");
    assert!(rules.len() == 2 && problems.is_empty());
    let (rules, problems) = off("7a9f3a52-1111-4000-8000-000000000003");
    assert!(rules.len() == 1 && problems.is_empty() && matches(&rules, &f(1)));
    let (rules, problems) = off("7a9f3a52-1111-4000-8000-000000000001");
    assert!(rules.is_empty() && !matches(&rules, &f(1)));
    assert!(
        problems.len() == 1 && problems[0].unsupported && problems[0].message.contains("switched off"),
        "{problems:?}"
    );
}

#[test]
fn a_correlation_groups_by_what_each_rule_calls_it() {
    let text = "
title: Failed
name: failed
logsource: { product: p }
detection: { a: { outcome: failure }, condition: a }
---
title: Succeeded
name: succeeded
logsource: { product: p }
detection: { a: { outcome: success }, condition: a }
---
title: Guessed
correlation:
  type: temporal
  rules: [failed, succeeded]
  aliases:
    address: { failed: source.ip, succeeded: client.address }
  group-by: [address]
  timespan: 5m
level: high
";
    let (rules, problems) = compile(text);
    assert!(problems.is_empty(), "{problems:?}");
    let origin = origin();
    let found = |second: &str| {
        let mut correlator = Correlator::default();
        let events = [
            json!({"outcome": "failure", "source.ip": "192.0.2.1"}),
            json!({"outcome": "success", "client.address": second}),
        ];
        let mut detected = Vec::new();
        for (at, fields) in events.iter().enumerate() {
            let mut event = event(fields);
            event.time = Timestamp(at as i64 * SECOND);
            detected.extend(rules.detect(
                &View {
                    event: &event,
                    origin: &origin,
                },
                Timestamp(0),
                &mut correlator,
            ));
        }
        detected.into_iter().map(|found| found.group).collect::<Vec<_>>()
    };
    assert_eq!(found("192.0.2.1"), [[("address".to_owned(), "192.0.2.1".to_owned())]]);
    assert_eq!(found("192.0.2.2"), Vec::<Vec<(String, String)>>::new());
}
