//! What the index lets through is what a plain look at every rule finds, whatever the rules and events.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::{Index as At, select};
use serde_json::{Value, json};
use watchpost_event::{AgentId, Epoch, Event, Fields, LogSource, Origin, StreamId, Timestamp, View};

use super::common::Common;
use super::need::{Key, Need, count, needs};
use crate::differential::plainly;
use crate::{RuleText, Rules};

/// Texts, of which rules ask for parts in either case and events have the whole or some of it.
const TEXTS: [&str; 14] = [
    "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe",
    "powershell.exe -EncodedCommand SQBFAFgA -WindowStyle hidden",
    "sekurlsa::logonpasswords",
    "kernel32.dll",
    "whoami",
    "cmd",
    "7",
    "4688",
    "true",
    "10.2.3.4",
    "Straße nach ΜΑΪΟΣ",
    "\u{212a}ernel32.dll ſystem",
    "net\u{130}user",
    "",
];
/// An own field, one with aliases, one whose name has brackets, an element, what is made up, and what has no value here.
const FIELDS: [&str; 8] = [
    "own",
    "Image",
    "process.executable",
    "args",
    "args[0]",
    "message",
    "log.offset",
    "never",
];
const MODIFIERS: [&str; 15] = [
    "",
    "|contains",
    "|startswith",
    "|endswith",
    "|contains|all",
    "|cased",
    "|contains|cased",
    "|endswith|cased",
    "|windash|contains",
    "|base64offset|contains",
    "|neq",
    "|re",
    "|re|i",
    "|fieldref",
    "|exists",
];
const CONDITIONS: [&str; 9] = [
    "a",
    "a and b",
    "a or b",
    "a and not b",
    "not a",
    "1 of them",
    "2 of them",
    "all of them",
    "words or (a and b)",
];

/// What stands around a text in a pattern.
const PATTERNS: [(&str, &str); 5] = [
    ("", ".*"),
    ("^", "$"),
    ("^(never|", ")$"),
    ("(never|^", "|\\d)"),
    ("^(\\S*", ")?\\w*$"),
];

/// A part of a text, of whole letters; in lower or upper case as chance has it.
fn part(text: &str, from: At, len: usize, case: u8) -> String {
    let letters: Vec<char> = text.chars().collect();
    let from = if letters.is_empty() {
        0
    } else {
        from.index(letters.len())
    };
    let part: String = letters.into_iter().skip(from).take(len).collect();
    match case {
        0 => part.to_lowercase(),
        1 => part.to_uppercase(),
        _ => part,
    }
}

fn text() -> impl Strategy<Value = String> {
    let whole = select(&TEXTS[..]).prop_map(str::to_owned);
    let cut = (select(&TEXTS[..]), any::<At>(), 0_usize..16, 0_u8..4);
    prop_oneof![
        1 => whole,
        3 => cut.prop_map(|(text, from, len, case)| part(text, from, len, case)),
    ]
}

/// What a rule asks for or an event has; without what only one of them may be.
fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        8 => text().prop_map(Value::from),
        1 => select(vec![json!(7), json!(4688), json!(7.0), json!(7.5), json!(-7), json!(0)]),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ]
}

/// A detection of one or two fields.
fn detection() -> impl Strategy<Value = Value> {
    let values = prop::collection::vec(value(), 1..10);
    let test = (select(&FIELDS[..]), select(&MODIFIERS[..]), values);
    prop::collection::vec(test, 1..3).prop_map(|tests| {
        let tests = tests.into_iter().map(|(field, modifiers, values)| {
            let texts = || values.iter().map(|value| value.as_str().unwrap_or("7").to_owned());
            let values = match modifiers {
                "|re" | "|re|i" => texts()
                    .zip(PATTERNS.iter().cycle())
                    .map(|(text, (before, behind))| format!("{before}{}{behind}", regex_syntax::escape(&text)))
                    .collect(),
                "|fieldref" => json!(FIELDS[0]),
                "|exists" => json!(values.len() > 4),
                "" | "|neq" => values.into(),
                _ => texts().collect(),
            };
            (format!("{field}{modifiers}"), values)
        });
        Value::Object(tests.collect())
    })
}

fn rule() -> impl Strategy<Value = Value> {
    let words = prop::collection::vec(text().prop_filter("a word", |text| !text.is_empty()), 1..4);
    let service = select(vec!["one", "two"]);
    (detection(), detection(), words, select(&CONDITIONS[..]), service).prop_map(|(a, b, words, condition, service)| {
        json!({
            "title": "a rule",
            "logsource": { "product": "linux", "service": service },
            "detection": { "a": a, "b": b, "words": words, "condition": condition },
        })
    })
}

fn event() -> impl Strategy<Value = (String, Vec<(&'static str, Value)>)> {
    let several = prop::collection::vec(value(), 0..3).prop_map(Value::from);
    let value = prop_oneof![4 => value(), 1 => several];
    (text(), prop::collection::vec((select(&FIELDS[..5]), value), 0..5))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn no_rule_that_matches_is_passed_over(
        rules in prop::collection::vec(rule(), 1..12),
        events in prop::collection::vec(event(), 1..12),
    ) {
        let text = |(at, mut rule): (usize, Value)| {
            rule["id"] = format!("7a9f3a52-0000-4000-8000-{at:012}").into();
            RuleText::new(format!("{at}.yml"), rule.to_string())
        };
        let texts: Vec<_> = rules.into_iter().enumerate().map(text).collect();
        // What cannot be used (`all` of one value, a reference to a number) is left out of both.
        let (rules, _) = Rules::compile(&texts);
        let mut fields = Fields::new();
        LogSource { product: Some("linux".into()), category: None, service: Some("one".into()) }.put(&mut fields);
        let origin = Origin {
            agent: AgentId::new("a").expect("an id"),
            stream: StreamId::new("file:/var/log/x").expect("an id"),
            epoch: Epoch(1),
            fields,
        };
        for (message, fields) in events {
            let mut event = Event::new(Timestamp(5), 7, message);
            for (name, value) in fields {
                event.fields.set(name, value);
            }
            let view = View { event: &event, origin: &origin };
            let found: BTreeSet<String> = rules.matches(&view, Timestamp(9)).into_iter().map(|hit| hit.rule).collect();
            prop_assert_eq!(found, plainly(&rules, &view));
        }
    }
}

/// What a rule of one detection needs, for people; nothing where it is asked about every event.
fn needed(detection: &str) -> Option<Vec<String>> {
    let text = format!("title: t\nlogsource: {{ product: linux }}\ndetection:\n  {detection}\n");
    let (rules, problems) = Rules::compile(&[RuleText::new("t.yml", text)]);
    assert_eq!(problems, Vec::new());
    let none = Common::new();
    let needs = needs(&rules.compiled[0], &none)?;
    let shown = needs.into_iter().map(|need| {
        let field = need.field.unwrap_or("*").to_owned();
        match need.key {
            Key::There => format!("{field}: there"),
            Key::Number(number) => format!("{field}: {number}"),
            Key::Is(text) => format!("{field}: {text:?}"),
            Key::Has(needle) => {
                let [first, last] =
                    [(needle.first, ""), (needle.last, "")].map(|(is, mark)| if is { mark } else { "…" });
                format!("{field}: {first}{}{last}", needle.text)
            }
        }
    });
    Some(shown.collect())
}

#[test]
fn a_rule_needs_what_follows_from_it() {
    for (detection, expected) in [
        ("a: { x: Word }\n  condition: a", vec!["x: \"word\""]),
        ("a: { x: 4688 }\n  condition: a", vec!["x: 4688"]),
        ("a: { x|startswith: Word }\n  condition: a", vec!["x: word…"]),
        (
            "a: { x|endswith: [Word, Other] }\n  condition: a",
            vec!["x: …word", "x: …other"],
        ),
        (
            "a: { x|re: '(left|right)ha.*' }\n  condition: a",
            vec!["x: …leftha…", "x: …rightha…"],
        ),
        (
            "a: { x|re|i: 'Wor[a-z]d{2}Kernel' }\n  condition: a",
            vec!["x: …kernel…"],
        ),
        ("a: { x|gt: 5 }\n  condition: a", vec!["x: there"]),
        (
            "a: { x: 4688, y|contains: rarely }\n  condition: a",
            vec!["y: …rarely…"],
        ),
        ("a: { x|endswith: [/rm, '/'] }\n  condition: a", vec!["x: there"]),
        ("a: { x|endswith: /RM }\n  condition: a", vec!["x: …/rm"]),
        ("a: { x|contains: ж }\n  condition: a", vec!["x: …ж…"]),
        (
            "a: { x: Word }\n  b: { y: null }\n  condition: a and not b",
            vec!["x: \"word\""],
        ),
        (
            "w: [sekurlsa, mimikatz]\n  condition: w",
            vec!["*: …sekurlsa…", "*: …mimikatz…"],
        ),
    ] {
        let expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
        assert_eq!(needed(detection), Some(expected), "{detection}");
    }
}

/// Of parts that must all be there the one is looked for that has something of its own, not what is in every path.
#[test]
fn what_other_rules_ask_for_too_is_not_looked_for() {
    let rule = |at: usize, detection: &str| {
        let text = format!(
            "title: t\nid: 7a9f3a52-0000-4000-8000-{at:012}\nlogsource: {{ product: windows }}\n\
             detection:\n  a: {{ {detection} }}\n  condition: a\n"
        );
        RuleText::new(format!("{at}.yml"), text)
    };
    let mut texts: Vec<_> = (1..20)
        .map(|at| rule(at, &format!("Image: 'C:\\Windows\\System32\\tool-{at}.exe'")))
        .collect();
    texts.push(rule(
        0,
        "Image|contains: '\\Windows\\', CommandLine|contains: '\\..\\Windows\\'",
    ));
    let (rules, problems) = Rules::compile(&texts);
    assert_eq!(problems, Vec::new());
    let (none, mut common) = (Common::new(), Common::new());
    for rule in &rules.compiled {
        count(rule, &none, &mut common);
    }
    let of = |needs: Vec<Need<'_>>| {
        needs
            .into_iter()
            .filter_map(|need| need.field.map(str::to_owned))
            .collect()
    };
    let both = rules
        .compiled
        .iter()
        .find(|rule| rule.id.as_deref().is_some_and(|id| id.ends_with("000")));
    let fields: Vec<String> = needs(both.expect("the rule"), &common).map(of).expect("a need");
    assert_eq!(fields, ["CommandLine"]);
}

#[test]
fn what_may_hold_of_nothing_is_asked_of_every_event() {
    for detection in [
        "a: { x: null }\n  condition: a",
        "a: { x|exists: false }\n  condition: a",
        "a: { x: word }\n  condition: not a",
        "a: { x: word }\n  b: { y: null }\n  condition: a or b",
        "a: { x: [word, null] }\n  condition: a",
        "a: { x: word }\n  b: { y: word }\n  condition: a or not b",
    ] {
        assert_eq!(needed(detection), None, "{detection}");
    }
}
