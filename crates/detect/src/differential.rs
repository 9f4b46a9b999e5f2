//! What routes and indexes find is what a plain look at every rule finds.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use proptest::prelude::*;
use rsigma_eval::evaluate_rule;
use watchpost_event::{AgentId, Epoch, Event, Fields, LogSource, Origin, StreamId, Timestamp, View};

use crate::adapter::Adapter;
use crate::sources::{concerns, sources};
use crate::{RuleText, Rules};

/// One detection of every kind of matcher, each as a rule of every log source below.
const DETECTIONS: [&str; 26] = [
    "a: { Image|endswith: '\\cmd.exe' }\n  condition: a",
    "a: { CommandLine|contains|all: [' -enc', 'hidden'] }\n  condition: a",
    "a: { CommandLine|contains: [whoami, 'net user'] }\n  b: { User: root }\n  condition: a and not b",
    "a: { process.name: [nmap, masscan] }\n  condition: a",
    "a: { process.command_line|re: '-[eE]n?c\\s' }\n  condition: a",
    "a: { process.command_line|cased|contains: 'Hidden' }\n  condition: a",
    "a: { source.ip|cidr: 10.0.0.0/8 }\n  condition: a",
    "a: { process.pid|gt: 500 }\n  condition: a",
    "a: { process.pid|lte: 4 }\n  b: { user.name|exists: false }\n  condition: a or b",
    "a: { ParentImage|startswith: 'C:\\Temp' }\n  filter: { User|contains: admin }\n  condition: a and not filter",
    "keywords: [whoami, 'session opened']\n  condition: keywords",
    "keywords: { '|all': [net, user] }\n  condition: keywords",
    "sel_a: { User: root }\n  sel_b: { process.pid: 1 }\n  condition: 1 of sel_*",
    "sel_a: { User: root }\n  sel_b: { process.name: nmap }\n  condition: all of sel_*",
    "a: { CommandLine|windash|contains: ' -enc' }\n  condition: a",
    "a: { Image: '*\\c?d.exe' }\n  condition: a",
    "a: { CommandLine: null }\n  condition: a",
    "a: [{ User: root }, { Hashes|contains: 'MD5=0' }]\n  condition: a",
    "a: { tags: [dropped, net] }\n  condition: a",
    "a: { User: root }\n  condition: not a",
    "a: { message|contains: started }\n  condition: a",
    "a: { agent.id: a }\n  condition: a",
    "a: { watchpost.stream|endswith: auth.log }\n  condition: a",
    "a: { log.offset|gte: 7 }\n  condition: a",
    "a: { watchpost.position: 7 }\n  condition: a",
    "a: { '@timestamp|exists': true, process.pid|exists: false }\n  condition: a",
];

const SOURCES: [&str; 8] = [
    "{ product: windows, category: process_creation }",
    "{ product: linux, category: process_creation }",
    "{ category: process_creation }",
    "{ product: linux, service: sshd }",
    "{ product: windows, category: registry_set }",
    "{ product: windows, category: registry_event }",
    "{ product: windows, service: sysmon }",
    "{ service: security }",
];

static RULES: LazyLock<Rules> = LazyLock::new(rules);

fn rules() -> Rules {
    let mut texts = Vec::new();
    for (source_at, source) in SOURCES.iter().enumerate() {
        for (at, detection) in DETECTIONS.iter().enumerate() {
            let text = format!(
                "title: rule {source_at} {at}\nid: 7a9f3a52-0000-4000-8000-{source_at:06}{at:06}\nlogsource: {source}\n\
                 detection:\n  {detection}\nlevel: low\n"
            );
            texts.push(RuleText::new(format!("{source_at}-{at}.yml"), text));
        }
    }
    let (rules, problems) = Rules::compile(&texts);
    assert_eq!(problems, Vec::new());
    rules
}

/// Every rule that may look at the event, looked at by itself.
pub(crate) fn plainly(rules: &Rules, view: &View<'_>) -> BTreeSet<String> {
    let sources = sources(view);
    let adapter = Adapter::new(*view);
    let of_event = |route: &LogSource| sources.iter().any(|source| concerns(route, source));
    let concerned = rules.routes.iter().filter(|(route, _)| of_event(route));
    concerned
        .flat_map(|(_, range)| &rules.compiled[range.clone()])
        .filter_map(|rule| evaluate_rule(rule, &adapter))
        .filter_map(|found| found.header.rule_id)
        .collect()
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    let text = prop::sample::select(vec![
        "root",
        "admin",
        "nmap",
        "cmd.exe",
        "C:\\Windows\\System32\\cmd.exe",
        "c:\\temp\\x.exe",
        "whoami /all",
        "net user add",
        "powershell -enc AAAA -w hidden",
        "x /enc Hidden",
        "-En C",
        "10.2.3.4",
        "192.0.2.1",
        "MD5=0a",
        "dropped",
        "",
        "Сессия session opened",
        "ＷＨＯＡＭＩ",
        "1",
        "501",
    ]);
    prop_oneof![
        6 => text.prop_map(serde_json::Value::from),
        1 => (0_u64..1_000).prop_map(serde_json::Value::from),
        1 => Just(serde_json::Value::Null),
        1 => prop::collection::vec(prop::sample::select(vec!["net", "root", "nmap"]), 0..3).prop_map(serde_json::Value::from),
    ]
}

fn fields() -> impl Strategy<Value = Vec<(&'static str, serde_json::Value)>> {
    let name = prop::sample::select(vec![
        "process.name",
        "process.command_line",
        "process.executable",
        "process.pid",
        "process.parent.executable",
        "user.name",
        "source.ip",
        "CommandLine",
        "Image",
        "User",
        "ParentImage",
        "Hashes",
        "tags",
        "log.offset",
        "NewProcessName",
        "winlog.event_data.CommandLine",
        "process.hash.sha256",
        "user.domain",
    ]);
    prop::collection::vec((name, value()), 0..8)
}

/// Windows events say by channel and number what they are about.
fn channel() -> impl Strategy<Value = (Option<&'static str>, u64)> {
    let names = vec![
        None,
        None,
        Some("Security"),
        Some("Microsoft-Windows-Sysmon/Operational"),
        Some("microsoft-windows-sysmon/operational"),
        Some("Somebody's"),
    ];
    let numbers = vec![1, 12, 13, 14, 4688, 4624];
    (prop::sample::select(names), prop::sample::select(numbers))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn what_routes_and_indexes_find_is_what_a_look_at_every_rule_finds(
        own in prop::collection::vec((fields(), channel()), 1..6),
        constants in fields(),
        source in prop::sample::select(vec![(Some("linux"), Some("process_creation"), None), (Some("Windows"), Some("process_creation"), None), (Some("linux"), None, Some("sshd")), (None, Some("process_creation"), Some("sshd")), (None, None, None)]),
        message in prop::sample::select(vec!["", "anna started whoami", "SESSION OPENED for root", "net user"]),
    ) {
        let mut shared = Fields::new();
        for (name, value) in constants {
            shared.set(name, value);
        }
        let (product, category, service) = source;
        LogSource {
            product: product.map(str::to_owned),
            category: category.map(str::to_owned),
            service: service.map(str::to_owned),
        }
        .put(&mut shared);
        let origin = Origin {
            agent: AgentId::new("a").expect("an id"),
            stream: StreamId::new("file:/var/log/auth.log").expect("an id"),
            epoch: Epoch(1),
            fields: shared,
        };
        for (fields, (channel, number)) in own {
            let mut event = Event::new(Timestamp(5), 7, message);
            if let Some(channel) = channel {
                event.fields.set("Channel", channel);
                event.fields.set("EventID", number);
            }
            for (name, value) in fields {
                event.fields.set(name, value);
            }
            let view = View { event: &event, origin: &origin };
            let found: BTreeSet<String> = RULES.matches(&view, Timestamp(9)).into_iter().map(|hit| hit.rule).collect();
            prop_assert_eq!(found, plainly(&RULES, &view));
        }
    }
}
